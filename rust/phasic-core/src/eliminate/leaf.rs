//! Minimum degree on a few vertices, inside their surroundings.

use super::components::OUTSIDE;
use super::pattern::Mesh;

/// Orders `members` by exact minimum degree on the mesh of them and their neighbours, which are
/// eliminated later and so only count (the constraint that plain AMD cannot take).
///
/// `local` is `OUTSIDE` everywhere, and is so again afterwards.
pub(super) fn order(mesh: &Mesh, members: &[u32], local: &mut [u32]) -> Vec<u32> {
    let mut around = members.to_vec();
    for (index, &vertex) in members.iter().enumerate() {
        local[vertex as usize] = index as u32;
    }
    for &vertex in members {
        for &neighbour in mesh.neighbours(vertex as usize) {
            if local[neighbour as usize] == OUTSIDE {
                local[neighbour as usize] = around.len() as u32;
                around.push(neighbour);
            }
        }
    }
    let words = around.len().div_ceil(64);
    let mut rows = vec![0_u64; around.len() * words];
    for (own, &vertex) in members.iter().enumerate() {
        for &neighbour in mesh.neighbours(vertex as usize) {
            let other = local[neighbour as usize] as usize;
            set(&mut rows, words, own, other);
            set(&mut rows, words, other, own);
        }
    }
    for &vertex in &around {
        local[vertex as usize] = OUTSIDE;
    }
    eliminate(&mut rows, words, members.len()).iter().map(|&own| members[own]).collect()
}

fn set(rows: &mut [u64], words: usize, row: usize, column: usize) {
    rows[row * words + column / 64] |= 1 << (column % 64);
}

/// Among vertices of the same degree first those that wait for the fewest others: a path goes in
/// every other vertex at once.
fn eliminate(rows: &mut [u64], words: usize, n: usize) -> Vec<usize> {
    let count = |row: &[u64]| row.iter().map(|word| word.count_ones()).sum::<u32>();
    let mut degrees: Vec<u32> = rows.chunks_exact(words).take(n).map(count).collect();
    let mut levels = vec![0_u32; n];
    let mut left: Vec<usize> = (0..n).collect();
    let mut order = Vec::with_capacity(n);
    let mut clique = vec![0; words];
    let rank = |&vertex: &usize, degrees: &[u32], levels: &[u32]| {
        (degrees[vertex], levels[vertex], vertex)
    };
    while let Some(least) = (0..left.len()).min_by_key(|&i| rank(&left[i], &degrees, &levels)) {
        let pivot = left.swap_remove(least);
        order.push(pivot);
        clique.copy_from_slice(&rows[pivot * words..(pivot + 1) * words]);
        for &row in &left {
            if clique[row / 64] >> (row % 64) & 1 == 0 {
                continue;
            }
            let own = &mut rows[row * words..(row + 1) * words];
            own.iter_mut().zip(&clique).for_each(|(word, other)| *word |= other);
            own[row / 64] &= !(1 << (row % 64));
            own[pivot / 64] &= !(1 << (pivot % 64));
            degrees[row] = count(own);
            levels[row] = levels[row].max(levels[pivot] + 1);
        }
    }
    order
}
