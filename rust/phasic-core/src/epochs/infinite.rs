//! The last epoch, which has no end: solved by elimination.

use super::columns::Columns;
use super::levels::{Levels, shifted};
use super::schedule::Epochs;
use super::taps::Tap;
use crate::eliminate::ABSORBED;
use crate::solve::Factor;
use crate::{Error, Trace};

/// An epoch without end, factored.
pub(super) struct Rest<'e> {
    factor: Factor<'e, f64>,
}

impl<'e> Rest<'e> {
    /// Errors: a class of states that can be entered from `start` but never left.
    pub fn new(epochs: &'e Epochs, epoch: usize, start: &Levels) -> Result<Self, Error> {
        let (trace, weights) = (epochs.trace(epoch), &epochs.weights[epoch]);
        let factor = Factor::over_threads(trace, weights.rows.clone(), &[]);
        match trapped(trace, &factor, start) {
            None => Ok(Self { factor }),
            Some(position) => {
                let vertex = trace.schedule().pivots[position] as usize;
                let (state, theta) = (trace.graph().name(vertex), weights.theta.clone());
                Err(Error::NeverAbsorbed { state, theta })
            }
        }
    }

    /// `∫ x du` until absorption: `x[0] U`, then `(x[j] + (the level below) R) U`.
    pub fn spend(&self, start: &Levels, rewards: &[f64]) -> Levels {
        let mut values: Vec<f64> = Vec::with_capacity(start.values.len());
        for level in 0..start.count {
            let mut row = start.level(level).to_vec();
            if level > 0 {
                let below = &values[(level - 1) * start.n..];
                for ((sum, value), reward) in row.iter_mut().zip(below).zip(rewards) {
                    *sum += value * reward;
                }
            }
            values.extend(self.factor.solve_rows(row));
        }
        Levels { n: start.n, count: start.count, values, exponent: start.exponent }
    }

    /// The derivative in the vectors at the start, times 2^(their exponent), and in the edges'
    /// weights. Taps count all of the epoch.
    ///
    /// With w the sources, the value is `Σ x[j] g[j]` for `g[j] = U (w[j] + R g[j + 1])`; the sweep
    /// back goes through these solves.
    pub fn back(&self, start: &Levels, rewards: &[f64], taps: &[Tap]) -> (Vec<f64>, Vec<f64>) {
        let levels = start.count;
        let absorption = self.factor.trace.absorption(&self.factor.weights);
        let mut sources = vec![0.0; start.values.len()];
        for tap in taps {
            let seed = tap.seeds_from(0.0, 0);
            for (sum, value) in sources.iter_mut().zip(tap.vector(&absorption, levels)) {
                *sum += seed * value;
            }
        }
        let columns = Columns::new(&self.factor, rewards, &sources);
        let x: Vec<f64> = (0..levels).flat_map(|level| start.plain(level)).collect();
        let (mut edges, in_sources) = columns.back(&x);
        for tap in taps {
            columns.add_absorption(tap, &in_sources, tap.seeds_from(0.0, 0), &mut edges);
        }
        let values = columns.values().map(|value| shifted(value, start.exponent));
        (values.collect(), edges)
    }
}

/// A position that can be reached from `start` and from which the chain is never absorbed.
fn trapped(trace: &Trace, factor: &Factor<f64>, start: &Levels) -> Option<usize> {
    let dead: Vec<usize> = factor.dead().collect();
    if dead.is_empty() {
        return None;
    }
    let mut seen: Vec<bool> = start.level(0).iter().map(|&mass| mass > 0.0).collect();
    let mut stack: Vec<usize> = (0..start.n).filter(|&position| seen[position]).collect();
    while let Some(position) = stack.pop() {
        for edges in [&trace.layout().inner, &trace.layout().outer] {
            for (row, target) in edges.weighted(position) {
                if target != ABSORBED && factor.weights[row] > 0.0 {
                    let target = target as usize;
                    if !std::mem::replace(&mut seen[target], true) {
                        stack.push(target);
                    }
                }
            }
        }
    }
    dead.into_iter().find(|&position| seen[position])
}
