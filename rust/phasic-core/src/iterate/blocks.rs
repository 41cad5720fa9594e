//! The block order: exact factors of small blocks, incomplete ones and GMRES for large ones.

use super::chain::{Chain, Way};
use super::gmres::{System, gmres};
use super::incomplete::BlockFactor;
use crate::{Error, Interrupt, Limits};

/// Fill below this part of a row's rate is left out at first, …
const FIRST_DROP: f64 = 1e-2;
/// … and this many times less after every time the iteration is slow.
const STRONGER: f64 = 10.0;
/// Below this there is no point in leaving out anything.
const LAST_DROP: f64 = 1e-7;
/// Iterations of one Krylov solve.
const INNER_MOST: usize = 80;
/// Bytes of a factor entry.
const ENTRY_BYTES: usize = 12;

/// The preconditioner of a chain, and the work done with it.
pub(super) struct Solver<'a> {
    pub chain: Chain,
    pub(super) factors: Vec<BlockFactor>,
    drops: Vec<f64>,
    /// Blocks on which the last Krylov solve was slow.
    slow: Vec<bool>,
    interrupt: Interrupt<'a>,
    most_entries: usize,
    /// Krylov iterations so far, summed over the blocks.
    pub iterations: usize,
}

impl<'a> Solver<'a> {
    pub fn new(chain: Chain, limits: &Limits, interrupt: &Interrupt<'a>) -> Result<Self, Error> {
        let drops: Vec<f64> =
            chain.exact.iter().map(|&exact| if exact { 0.0 } else { FIRST_DROP }).collect();
        let most_entries = limits.bytes / ENTRY_BYTES;
        let mut factors = Vec::with_capacity(drops.len());
        for (block, &drop) in drops.iter().enumerate() {
            let factor = BlockFactor::new(&chain, block, drop, usize::MAX, interrupt)?;
            factors.push(factor.expect("there is no limit on its size"));
        }
        let slow = vec![false; drops.len()];
        let interrupt = interrupt.clone();
        Ok(Self { chain, factors, drops, slow, interrupt, most_entries, iterations: 0 })
    }

    /// Blocks in the order in which they are solved.
    pub(super) fn blocks(&self, way: Way) -> Vec<usize> {
        let n = self.factors.len();
        match way {
            Way::Values => (0..n).rev().collect(),
            Way::Times => (0..n).collect(),
        }
    }

    pub(super) fn right_hand_side(
        &self,
        way: Way,
        b: &[f64],
        values: &[f64],
        range: std::ops::Range<usize>,
    ) -> Vec<f64> {
        let inflow = |position: usize| -> f64 {
            self.chain.outer(way, position).map(|(other, rate)| rate * values[other]).sum()
        };
        range.map(|position| b[position] + inflow(position)).collect()
    }

    /// About the solution of M δ = residual, block after block.
    pub(super) fn correction(
        &mut self,
        way: Way,
        residual: &[f64],
        scale: &[f64],
        goal: f64,
    ) -> Result<Vec<f64>, Error> {
        let mut step = vec![0.0; residual.len()];
        self.slow.fill(false);
        for block in self.blocks(way) {
            let range = self.chain.blocks[block] as usize..self.chain.blocks[block + 1] as usize;
            let mut part = self.right_hand_side(way, residual, &step, range.clone());
            self.interrupt.after(2 * self.factors[block].len() + 10 * part.len())?;
            if self.drops[block] == 0.0 {
                self.factors[block].solve(way, &mut part);
            } else {
                let inverse = |position: usize| {
                    if scale[position] > 0.0 {
                        1.0 / (self.chain.total(position) * scale[position])
                    } else {
                        0.0
                    }
                };
                let factors: Vec<f64> = range.clone().map(inverse).collect();
                part.iter_mut().zip(&factors).for_each(|(b, factor)| *b *= factor);
                let system = Block {
                    chain: &self.chain,
                    factor: &self.factors[block],
                    way,
                    first: range.start,
                    factors: &factors,
                    interrupt: &self.interrupt,
                };
                let found = gmres(&system, &part, goal, INNER_MOST)?;
                self.iterations += found.iterations;
                self.slow[block] = found.reduction > goal;
                part = found.solution;
            }
            step[range].copy_from_slice(&part);
        }
        Ok(step)
    }

    /// Keeps more fill in the blocks that were slow, or in all if none was. False if there is no
    /// more to keep, or no room.
    pub(super) fn strengthen(&mut self) -> Result<bool, Error> {
        let all = !self.slow.contains(&true);
        let mut changed = false;
        for block in 0..self.factors.len() {
            if self.drops[block] <= LAST_DROP || !(all || self.slow[block]) {
                continue;
            }
            let used: usize = self.factors.iter().map(BlockFactor::len).sum();
            let room = (self.most_entries + self.factors[block].len()).saturating_sub(used);
            let drop = self.drops[block] / STRONGER;
            let stronger = BlockFactor::new(&self.chain, block, drop, room, &self.interrupt)?;
            if let Some(factor) = stronger {
                self.factors[block] = factor;
                self.drops[block] = drop;
                changed = true;
            }
        }
        Ok(changed)
    }
}

/// One diagonal block of M, its rows scaled.
struct Block<'a> {
    chain: &'a Chain,
    factor: &'a BlockFactor,
    way: Way,
    first: usize,
    factors: &'a [f64],
    interrupt: &'a Interrupt<'a>,
}

impl System for Block<'_> {
    fn apply(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        self.interrupt.after(2 * self.factor.len() + 40 * x.len())?;
        let image = |row: usize| {
            let position = self.first + row;
            let inner = self.chain.inner(self.way, position);
            let inflow: f64 = inner.map(|(other, rate)| rate * x[other - self.first]).sum();
            self.factors[row] * (self.chain.total(position) * x[row] - inflow)
        };
        Ok((0..x.len()).map(image).collect())
    }

    fn precondition(&self, q: &mut [f64]) {
        for (value, factor) in q.iter_mut().zip(self.factors) {
            *value = if *factor > 0.0 { *value / factor } else { 0.0 };
        }
        self.factor.solve(self.way, q);
    }
}
