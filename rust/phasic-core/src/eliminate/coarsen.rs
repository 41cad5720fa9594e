//! Coarser meshes by heavy-edge matching (Karypis & Kumar 1998, *SIAM J. Sci. Comput.* 20:359).

use super::pattern::Mesh;

const UNMATCHED: u32 = u32::MAX;

/// The mesh with matched vertices merged, and the coarse vertex of each fine one; None if few
/// vertices match. `seed` names the order in which vertices choose.
pub(super) fn coarsen(mesh: &Mesh, seed: u64) -> Option<(Mesh, Vec<u32>)> {
    let (map, pairs) = matching(mesh, seed);
    if pairs.len() * 20 > mesh.len() * 19 {
        return None;
    }
    Some((merge(mesh, &map, &pairs), map))
}

/// Matches each vertex with the free neighbour to which it holds strongest, the lightest of these.
fn matching(mesh: &Mesh, seed: u64) -> (Vec<u32>, Vec<(u32, u32)>) {
    let n = mesh.len();
    let heaviest = 1 + 3 * mesh.weight() / (2 * super::separator::COARSEST as u64);
    let mut order: Vec<u32> = (0..n as u32).collect();
    order
        .sort_unstable_by_key(|&vertex| (mesh.edges(vertex as usize).len(), scatter(vertex, seed)));
    let mut map = vec![UNMATCHED; n];
    let mut pairs = Vec::with_capacity(n);
    for vertex in order {
        if map[vertex as usize] != UNMATCHED {
            continue;
        }
        let weight = mesh.weights[vertex as usize];
        let partner = mesh
            .edges(vertex as usize)
            .filter(|&edge| {
                let other = mesh.neighbours[edge] as usize;
                let together = u64::from(weight) + u64::from(mesh.weights[other]);
                map[other] == UNMATCHED && together <= heaviest
            })
            .max_by_key(|&edge| {
                let other = mesh.neighbours[edge];
                let light = u32::MAX - mesh.weights[other as usize];
                (mesh.strengths[edge], light, scatter(other, seed))
            })
            .map_or(vertex, |edge| mesh.neighbours[edge]);
        map[vertex as usize] = pairs.len() as u32;
        map[partner as usize] = pairs.len() as u32;
        pairs.push((vertex, partner));
    }
    (map, pairs)
}

fn merge(mesh: &Mesh, map: &[u32], pairs: &[(u32, u32)]) -> Mesh {
    let mut coarse =
        Mesh { starts: vec![0], neighbours: vec![], strengths: vec![], weights: vec![] };
    let mut slot = vec![u32::MAX; pairs.len()];
    for (own, &(one, other)) in pairs.iter().enumerate() {
        let first = coarse.neighbours.len();
        let mut weight = 0;
        for fine in [Some(one), (other != one).then_some(other)].into_iter().flatten() {
            weight += mesh.weights[fine as usize];
            for edge in mesh.edges(fine as usize) {
                let target = map[mesh.neighbours[edge] as usize];
                let at = slot[target as usize] as usize;
                if target as usize == own {
                    continue;
                }
                if at >= first && at < coarse.neighbours.len() && coarse.neighbours[at] == target {
                    coarse.strengths[at] += mesh.strengths[edge];
                } else {
                    slot[target as usize] = coarse.neighbours.len() as u32;
                    coarse.neighbours.push(target);
                    coarse.strengths.push(mesh.strengths[edge]);
                }
            }
        }
        coarse.starts.push(coarse.neighbours.len() as u32);
        coarse.weights.push(weight);
    }
    coarse
}

/// A fixed permutation-like mixing of vertex numbers, so that choices follow no lattice direction.
pub(super) fn scatter(vertex: u32, seed: u64) -> u64 {
    let mut z = (u64::from(vertex) + 1 + (seed << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
