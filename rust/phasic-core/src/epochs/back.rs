//! The sweep back over the jumps of one epoch.

use super::stage::Stage;
use super::taps::{Source, Tap};
use super::trail::Trail;
use crate::dist::power_of_two;
use crate::eliminate::ABSORBED;
use crate::{Error, Interrupt};

/// Derivatives of a number in what an epoch is made of.
pub(super) struct Sweep {
    /// In the row vectors at the start of the epoch, level by level, times 2^(their exponent).
    pub start: Vec<f64>,
    /// Per pattern entry: in the rate of that jump.
    jumps: Vec<f64>,
    /// Per position: in the rate of absorption.
    absorption: Vec<f64>,
}

impl Sweep {
    /// With `y[k] = Σ coefficient[k] · source + (I + A/q) y[k + 1]`, the derivative in a jump from i
    /// to j is `Σ x[k][i] · (y[k + 1][j] − y[k + 1][i])` over jumps and levels. The rate q is a choice
    /// of method: its derivative is zero.
    pub fn back(
        stage: &Stage,
        trail: &Trail,
        levels: usize,
        taps: &[Tap],
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let (n, exponents) = (stage.n(), &trail.exponents);
        let mut sweep = Self {
            start: vec![0.0; n * levels],
            jumps: vec![0.0; stage.chain.jumps.len()],
            absorption: vec![0.0; n],
        };
        let feeds: Vec<Feed> =
            taps.iter().map(|tap| Feed::new(stage, tap, levels, exponents)).collect();
        for range in trail.segments() {
            let vectors = trail.segment(range.clone());
            for k in range.clone().rev() {
                if k + 1 < exponents.len() && exponents[k] != exponents[k + 1] {
                    let factor = power_of_two(exponents[k] - exponents[k + 1]);
                    sweep.start.iter_mut().for_each(|y| *y *= factor);
                }
                sweep.step(stage, &vectors[k - range.start]);
                feeds.iter().for_each(|feed| feed.add(&mut sweep, &vectors[k - range.start], k));
                interrupt.after(2 * stage.work(levels))?;
            }
        }
        sweep.jumps.iter_mut().for_each(|sum| *sum /= stage.rate);
        Ok(sweep)
    }

    /// From `y[k + 1]` to `y[k]` without its sources.
    fn step(&mut self, stage: &Stage, x: &[f64]) {
        let n = stage.n();
        for level in 0..x.len().checked_div(n).unwrap_or(0) {
            let first = level * n;
            let y = &self.start[first..first + n];
            let mut changes = vec![0.0; n];
            for position in 0..n {
                let mass = x[first + position];
                let own = y[position];
                let mut change = -stage.chain.leaks[position] * own;
                for entry in stage.chain.pattern.range(position) {
                    let gain = y[stage.chain.pattern.targets[entry] as usize] - own;
                    change += stage.chain.jumps[entry] * gain;
                    self.jumps[entry] += mass * gain;
                }
                self.absorption[position] -= mass * own / stage.rate;
                changes[position] = change;
            }
            for (position, change) in changes.into_iter().enumerate() {
                // The level above is not changed yet.
                let above = self.start.get(first + n + position).copied().unwrap_or(0.0);
                self.start[first + position] += change + stage.coupling(position) * above;
            }
        }
    }

    /// Derivatives in the weights of edges, those out of the starting vertex left out.
    pub fn edges(&self, stage: &Stage) -> Vec<f64> {
        let trace = stage.trace;
        let mut edges = vec![0.0; trace.graph().n_edges()];
        for position in 0..stage.n() {
            for entry in stage.chain.pattern.range(position) {
                edges[stage.chain.pattern.edges[entry] as usize] = self.jumps[entry];
            }
            for (edge, _) in trace.layout().outer.of(position).filter(|&(_, t)| t == ABSORBED) {
                edges[edge] = self.absorption[position];
            }
        }
        edges
    }
}

/// A tap with its coefficients.
struct Feed {
    coefficients: Vec<f64>,
    vector: Vec<f64>,
    /// The first entry of the level on which the rates of absorption count.
    absorbing: Option<usize>,
}

impl Feed {
    fn new(stage: &Stage, tap: &Tap, levels: usize, exponents: &[i64]) -> Self {
        Self {
            coefficients: tap.coefficients(stage, exponents),
            vector: tap.vector(&stage.chain.absorption, levels),
            absorbing: match tap.source {
                Source::Absorption { level } => Some(level * stage.n()),
                Source::Given(_) => None,
            },
        }
    }

    fn add(&self, sweep: &mut Sweep, x: &[f64], k: usize) {
        let coefficient = self.coefficients[k];
        if coefficient == 0.0 {
            return;
        }
        for (y, value) in sweep.start.iter_mut().zip(&self.vector) {
            *y += coefficient * value;
        }
        if let Some(first) = self.absorbing {
            for (sum, value) in sweep.absorption.iter_mut().zip(&x[first..]) {
                *sum += coefficient * value;
            }
        }
    }
}
