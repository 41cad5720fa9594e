//! Vertex separators, improved by moves (Fiduccia & Mattheyses 1982; Ashcraft & Liu 1998).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::pattern::Mesh;

/// The two sides of a separator, and the separator itself.
pub(super) const LEFT: u8 = 0;
pub(super) const RIGHT: u8 = 1;
pub(super) const CUT: u8 = 2;

/// Moves that make nothing better before a pass gives up.
const PATIENCE: usize = 300;
const PASSES: usize = 8;

/// A division of a mesh: no edge joins a left and a right vertex.
#[derive(Clone, Debug)]
pub(super) struct Division {
    pub sides: Vec<u8>,
    /// Weight left, right and in the cut.
    pub weights: [u64; 3],
}

impl Division {
    pub fn new(mesh: &Mesh, sides: Vec<u8>) -> Self {
        let mut weights = [0; 3];
        for (&side, &weight) in sides.iter().zip(&mesh.weights) {
            weights[side as usize] += u64::from(weight);
        }
        Self { sides, weights }
    }

    /// Smaller is better: too uneven, then the weight of the cut, up to a fifth more if uneven.
    pub fn badness(&self) -> (u64, u128, u64) {
        let [left, right, cut] = self.weights;
        let total = left + right + cut;
        let excess = left.max(right).saturating_sub(most(total));
        let uneven = left.abs_diff(right);
        (excess, u128::from(cut) * u128::from(5 * total + uneven), uneven)
    }

    /// Moves vertices out of the cut, to either side, as long as that makes the division better.
    ///
    /// A vertex that moves left draws its right neighbours into the cut. Each pass moves a vertex
    /// once at most, goes through worse divisions and returns to the best.
    pub fn refine(&mut self, mesh: &Mesh) {
        let mut search = Search::new(mesh);
        for _ in 0..PASSES {
            if !search.pass(self) {
                break;
            }
        }
    }
}

/// The weight that one side may have.
fn most(total: u64) -> u64 {
    13 * total / 20
}

struct Search<'a> {
    mesh: &'a Mesh,
    /// Weight of the neighbours left and right, of vertices in the cut.
    pulls: Vec<[u64; 2]>,
    locked: Vec<bool>,
    heaps: [BinaryHeap<(i64, Reverse<u32>)>; 2],
    log: Vec<(u32, u8)>,
}

impl<'a> Search<'a> {
    fn new(mesh: &'a Mesh) -> Self {
        let n = mesh.len();
        Self {
            mesh,
            pulls: vec![[0; 2]; n],
            locked: vec![false; n],
            heaps: Default::default(),
            log: vec![],
        }
    }

    /// One pass; whether it made the division better.
    fn pass(&mut self, division: &mut Division) -> bool {
        self.locked.fill(false);
        self.heaps.iter_mut().for_each(BinaryHeap::clear);
        self.log.clear();
        for vertex in 0..self.mesh.len() {
            if division.sides[vertex] == CUT {
                self.enter(vertex as u32, division);
            }
        }
        let before = division.badness();
        let (mut best, mut best_length, mut since) = (before, 0, 0);
        while since < PATIENCE {
            let Some((vertex, to)) = self.choose(division) else { break };
            self.shift(vertex, to, division);
            since += 1;
            let now = division.badness();
            if now < best {
                (best, best_length, since) = (now, self.log.len(), 0);
            }
        }
        for &(vertex, side) in self.log[best_length..].iter().rev() {
            let weight = u64::from(self.mesh.weights[vertex as usize]);
            division.weights[division.sides[vertex as usize] as usize] -= weight;
            division.weights[side as usize] += weight;
            division.sides[vertex as usize] = side;
        }
        best < before
    }

    fn gain(&self, vertex: u32, to: u8) -> i64 {
        let drawn = self.pulls[vertex as usize][usize::from(1 - to)];
        i64::from(self.mesh.weights[vertex as usize]) - drawn as i64
    }

    fn offer(&mut self, vertex: u32) {
        if !self.locked[vertex as usize] {
            for to in [LEFT, RIGHT] {
                let gain = self.gain(vertex, to);
                self.heaps[to as usize].push((gain, Reverse(vertex)));
            }
        }
    }

    /// A vertex is now in the cut.
    fn enter(&mut self, vertex: u32, division: &Division) {
        let mut pulls = [0; 2];
        for &neighbour in self.mesh.neighbours(vertex as usize) {
            let side = division.sides[neighbour as usize];
            if side != CUT {
                pulls[side as usize] += u64::from(self.mesh.weights[neighbour as usize]);
            }
        }
        self.pulls[vertex as usize] = pulls;
        self.offer(vertex);
    }

    /// The move that gains most; into the lighter side if both gain the same, or if the other is
    /// too heavy already.
    fn choose(&mut self, division: &Division) -> Option<(u32, u8)> {
        let [left, right, cut] = division.weights;
        let lighter = if left <= right { LEFT } else { RIGHT };
        let most = most(left + right + cut);
        let mut best: Option<(i64, u32, u8)> = None;
        for to in [lighter, 1 - lighter] {
            if to != lighter && division.weights[to as usize] >= most {
                continue;
            }
            let offer = self.top(to, division).map(|(gain, vertex)| (gain, vertex, to));
            best = match (best, offer) {
                (Some(best), Some(offer)) if offer.0 <= best.0 => Some(best),
                (best, offer) => offer.or(best),
            };
        }
        let (_, vertex, to) = best?;
        self.heaps[to as usize].pop();
        Some((vertex, to))
    }

    /// The best offer that still holds.
    fn top(&mut self, to: u8, division: &Division) -> Option<(i64, u32)> {
        while let Some(&(gain, Reverse(vertex))) = self.heaps[to as usize].peek() {
            let free = division.sides[vertex as usize] == CUT && !self.locked[vertex as usize];
            if free && gain == self.gain(vertex, to) {
                return Some((gain, vertex));
            }
            self.heaps[to as usize].pop();
        }
        None
    }

    fn shift(&mut self, vertex: u32, to: u8, division: &mut Division) {
        let mesh = self.mesh;
        self.locked[vertex as usize] = true;
        self.set(vertex, to, division);
        for &neighbour in mesh.neighbours(vertex as usize) {
            let side = division.sides[neighbour as usize];
            if side == CUT {
                self.pulls[neighbour as usize][to as usize] +=
                    u64::from(mesh.weights[vertex as usize]);
                self.offer(neighbour);
            } else if side != to {
                self.set(neighbour, CUT, division);
                for &next in mesh.neighbours(neighbour as usize) {
                    if division.sides[next as usize] == CUT {
                        let weight = u64::from(mesh.weights[neighbour as usize]);
                        self.pulls[next as usize][side as usize] -= weight;
                        self.offer(next);
                    }
                }
                self.enter(neighbour, division);
            }
        }
    }

    fn set(&mut self, vertex: u32, side: u8, division: &mut Division) {
        let old = division.sides[vertex as usize];
        let weight = u64::from(self.mesh.weights[vertex as usize]);
        self.log.push((vertex, old));
        division.weights[old as usize] -= weight;
        division.weights[side as usize] += weight;
        division.sides[vertex as usize] = side;
    }
}
