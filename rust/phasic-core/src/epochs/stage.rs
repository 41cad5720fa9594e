//! One epoch's chain, uniformized, with the rewards that its states collect.

use super::gather::Gather;
use super::levels::Levels;
use crate::Trace;
use crate::dist::{Chain, ChainPattern, Flow, power_of_two};
use crate::solve::{Factor, Scalar};

/// Mass below which a vector is scaled up, by a power of two that keeps every digit.
const LOW_MASS: f64 = 6.223_015_277_861_142e-61; // 2^-200
const LIFT: i64 = 200;

/// The matrix A that moves [`Levels`]: S on every level, rewards from one level to the next. The
/// jumps of the uniformized chain are `I + A/q`.
pub(crate) struct Stage<'a> {
    pub trace: &'a Trace,
    /// Per row of weights.
    weights: &'a [f64],
    /// Per position and unit of time; empty where there is one level.
    pub rewards: Vec<f64>,
    pub chain: Chain<'a>,
    /// The rate q of the jumps.
    pub rate: f64,
    /// Reward per position and jump, `r/q`; empty where there is one level.
    coupling: Vec<f64>,
    gather: Gather,
}

impl<'a> Stage<'a> {
    /// `rewards`: per position, at least 0; empty for vectors of one level. `duration`: of the
    /// epoch, infinite for the last one.
    pub fn new(
        trace: &'a Trace,
        pattern: &'a ChainPattern,
        weights: &'a [f64],
        rewards: &[f64],
        duration: f64,
    ) -> Self {
        let chain = Chain::new(trace, pattern, weights);
        // Without any rate one jump does what any number of them would.
        let idle = if duration > 0.0 && duration.is_finite() { duration.recip() } else { 1.0 };
        let rate = if chain.rate > 0.0 { chain.rate } else { idle };
        let coupling = rewards.iter().map(|reward| reward / rate).collect();
        let gather = Gather::new(&chain);
        Self { trace, weights, rewards: rewards.to_vec(), chain, rate, coupling, gather }
    }

    pub fn n(&self) -> usize {
        self.chain.n()
    }

    /// Multiply-adds of a jump, about.
    pub fn work(&self, levels: usize) -> usize {
        levels * (3 * self.n() + self.chain.jumps.len())
    }

    /// Some vectors and what moves them.
    pub fn flow_of<'s>(&'s self, x: &'s Levels) -> Flow<'s> {
        Flow { trace: self.trace, weights: self.weights, rewards: &self.rewards, start: &x.values }
    }

    /// The factors of `z − S`.
    pub fn factor<T: Scalar>(&self, z: T) -> Factor<'a, T> {
        let weights = self.weights.iter().map(|&weight| T::constant(weight)).collect();
        Factor::new(self.trace, weights, &vec![z; self.n()])
    }

    /// Whether contours are predicted to be cheaper than the jumps of a duration.
    pub fn is_stiff(&self, x: &Levels, duration: f64) -> bool {
        self.flow_of(x).is_worth_a_contour(self.rate * duration, self.work(x.count))
    }

    /// The most by which a jump can multiply the sum of all entries.
    pub fn growth(&self) -> f64 {
        1.0 + self.coupling.iter().copied().fold(0.0, f64::max)
    }

    /// `next = x (I + A/q)`, scaled up if little mass is left. Returns the power of two.
    pub fn advance(&self, x: &[f64], next: &mut [f64]) -> i64 {
        let n = self.n();
        if n == 0 {
            return 0;
        }
        let mut mass = 0.0;
        for level in 0..x.len() / n {
            let range = level * n..(level + 1) * n;
            let arrived = self.gather.jump(&x[range.clone()], &mut next[range.clone()]);
            if level == 0 {
                mass = arrived;
                continue;
            }
            let below = &x[range.start - n..range.start];
            for ((sum, value), coupling) in next[range].iter_mut().zip(below).zip(&self.coupling) {
                *sum += value * coupling;
            }
        }
        if mass >= LOW_MASS || mass == 0.0 {
            return 0;
        }
        let factor = power_of_two(LIFT);
        next.iter_mut().for_each(|value| *value *= factor);
        LIFT
    }

    /// A y, by differences: what the process gains per unit of time. Absorption counts 0.
    pub fn drift(&self, y: &[f64]) -> Vec<f64> {
        let n = self.n();
        let mut drift = vec![0.0; y.len()];
        for (index, change) in drift.iter_mut().enumerate() {
            let (position, first) = (index % n, index - index % n);
            *change = self.rate * self.change(&y[first..first + n], position);
            if index + n < y.len() {
                *change += self.rate * self.coupling(position) * y[index + n];
            }
        }
        drift
    }

    /// `(S y / q)` at a position.
    pub fn change(&self, y: &[f64], position: usize) -> f64 {
        let own = y[position];
        let mut change = -self.chain.leaks[position] * own;
        for entry in self.chain.pattern.range(position) {
            let target = self.chain.pattern.targets[entry] as usize;
            change += self.chain.jumps[entry] * (y[target] - own);
        }
        change
    }

    pub fn coupling(&self, position: usize) -> f64 {
        self.coupling.get(position).copied().unwrap_or(0.0)
    }

    /// Σ over all levels of x · (A y).
    pub fn flow(&self, x: &Levels, y: &[f64]) -> f64 {
        let drift = self.drift(y);
        (0..x.count)
            .map(|level| crate::solve::dot(x.level(level), &drift[level * x.n..][..x.n]))
            .sum()
    }
}
