//! A small, even vertex separator of a mesh: coarsen, divide, refine on the way back.

use super::coarsen::{coarsen, scatter};
use super::pattern::Mesh;
use super::refine::{CUT, Division, LEFT, RIGHT};
use crate::{Error, Interrupt};

/// Vertices of a mesh that is not made coarser.
pub(super) const COARSEST: usize = 120;
/// Divisions tried on the coarsest mesh.
const STARTS: u64 = 5;
/// Divides a mesh (multilevel as in Karypis & Kumar 1998). Same mesh, same division.
pub(super) fn separate(mesh: &Mesh, interrupt: &Interrupt) -> Result<Division, Error> {
    // The first cuts of a large mesh cost most: they are worth more tries.
    let tries = match mesh.len() {
        0..=250 => 1,
        251..=1_000 => 2,
        _ => 4,
    };
    let mut best = multilevel(mesh, 0, interrupt)?;
    for seed in 1..tries {
        let other = multilevel(mesh, seed, interrupt)?;
        if other.badness() < best.badness() {
            best = other;
        }
    }
    Ok(best)
}

fn multilevel(mesh: &Mesh, seed: u64, interrupt: &Interrupt) -> Result<Division, Error> {
    let mut levels: Vec<(Mesh, Vec<u32>)> = Vec::new();
    loop {
        let finest = levels.last().map_or(mesh, |(coarse, _)| coarse);
        interrupt.after(100 * finest.neighbours.len())?;
        if finest.len() <= COARSEST {
            break;
        }
        let Some(level) = coarsen(finest, seed) else { break };
        levels.push(level);
    }
    let coarsest = levels.last().map_or(mesh, |(coarse, _)| coarse);
    let mut division = (0..STARTS)
        .map(|start| {
            let root = scatter(start as u32, seed) % coarsest.len() as u64;
            let mut division = grow(coarsest, root as usize);
            division.refine(coarsest);
            division
        })
        .min_by_key(Division::badness)
        .expect("there is at least one start");
    while let Some((_, map)) = levels.pop() {
        let finer = levels.last().map_or(mesh, |(coarse, _)| coarse);
        let sides = map.iter().map(|&coarse| division.sides[coarse as usize]).collect();
        division = Division::new(finer, sides);
        division.refine(finer);
        interrupt.after(100 * finer.neighbours.len())?;
    }
    Ok(division)
}

/// Grows the left side breadth first from a vertex to half of the weight; its rim is the cut.
fn grow(mesh: &Mesh, root: usize) -> Division {
    let n = mesh.len();
    let half = mesh.weight() / 2;
    let mut sides = vec![RIGHT; n];
    let mut queue: Vec<u32> = Vec::with_capacity(n);
    let mut seen = vec![false; n];
    let (mut next, mut weight, mut roots) = (0, 0, (root..n).chain(0..root));
    while weight < half {
        if next == queue.len() {
            let root = roots.find(|&root| !seen[root]).expect("half of the weight is not yet seen");
            seen[root] = true;
            queue.push(root as u32);
        }
        let vertex = queue[next] as usize;
        next += 1;
        sides[vertex] = LEFT;
        weight += u64::from(mesh.weights[vertex]);
        for &neighbour in mesh.neighbours(vertex) {
            if !seen[neighbour as usize] {
                seen[neighbour as usize] = true;
                queue.push(neighbour);
            }
        }
    }
    for &vertex in &queue[next..] {
        sides[vertex as usize] = CUT;
    }
    Division::new(mesh, sides)
}
