//! The law of an integer reward collected step by step: one solve per value.

use super::scaled::power_of_two;
use crate::eliminate::ABSORBED;
use crate::solve::{Adjoint, Factor, Solution, Steps};
use crate::{Error, Interrupt, Trace, Weights};

const LOW: f64 = 6.223_015_277_861_142e-61; // 2^-200
const LIFT: i32 = 200;
/// Doubles that the vectors of all values may take: 4 GiB.
const MOST_DOUBLES: f64 = 5e8;
/// Doubles that the two vectors of a value take beside their entries.
const OVERHEAD: usize = 12;
/// Powers of two beyond which nothing is left of a number beside another.
const BEYOND: i32 = 900;

/// Which probability is tabulated for each k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Total {
    /// That the total is k.
    Exactly,
    /// That the total is more than k.
    Above,
}

/// `x[k][i]`: probability that the chain, entering state i, collects exactly k, or more than k, until
/// absorption.
///
/// A state of reward r > 0 waits for what followed at k − r; states without reward take no part in
/// the count and are solved for together: `x[k] = M⁻¹ b[k]`, where M keeps only their rows. All
/// terms are non-negative. The vectors are scaled by powers of two.
#[derive(Debug)]
pub(super) struct Counts<'a> {
    total: Total,
    trace: &'a Trace,
    weights: &'a Weights,
    /// Per position, whole rewards.
    rewards: &'a [usize],
    scales: Vec<f64>,
    stay: Vec<f64>,
    factor: Factor<'a, f64>,
    solutions: Vec<Solution<f64>>,
    /// `x[k]` is the stored vector times 2^exponent.
    pub exponents: Vec<i32>,
}

impl<'a> Counts<'a> {
    /// All values from 0 to `largest`. `rewards`: per position.
    pub fn new(
        total: Total,
        trace: &'a Trace,
        weights: &'a Weights,
        rewards: &'a [usize],
        largest: usize,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let doubles = (OVERHEAD + 2 * trace.n_transient()) as f64;
        if (largest + 1) as f64 * doubles > MOST_DOUBLES {
            let limit = (MOST_DOUBLES / doubles).floor();
            return Err(Error::CountTooLarge { count: largest as f64, limit });
        }
        let steps = Steps::new(trace, weights)?;
        // The system couples only states without reward: the others keep `scale · x = b`.
        let held: Vec<bool> = rewards.iter().map(|&reward| reward > 0).collect();
        let scaled = |(&held, &scale): (&bool, &f64)| if held { scale } else { 0.0 };
        let killing: Vec<f64> = held.iter().zip(&steps.scales).map(scaled).collect();
        let mut counts = Self {
            total,
            trace,
            weights,
            rewards,
            scales: steps.scales,
            stay: steps.stay,
            factor: Factor::holding(trace, weights.rows.clone(), &killing, held),
            solutions: Vec::with_capacity(largest + 1),
            exponents: Vec::with_capacity(largest + 1),
        };
        let work = 20 + 2 * (trace.n_transient() + trace.n_entries() + trace.graph().n_edges());
        for k in 0..=largest {
            interrupt.after(work)?;
            counts.push(k);
        }
        Ok(counts)
    }

    /// Which probability this is a table of.
    pub fn total(&self) -> Total {
        self.total
    }

    /// Stored vector for value k.
    pub fn values(&self, k: usize) -> &[f64] {
        &self.solutions[k].values
    }

    fn push(&mut self, k: usize) {
        let n = self.trace.n_transient();
        let sources: Vec<(f64, i32)> = (0..n).map(|position| self.source(position, k)).collect();
        // Rewards reach back to vectors of different scales: the largest sets that of their sum.
        let present = sources.iter().filter(|(sum, _)| *sum > 0.0);
        let largest = present.map(|&(_, exponent)| exponent).max();
        let exponent = largest.unwrap_or_else(|| self.exponents.last().copied().unwrap_or(0));
        let scaled = |&(sum, own): &(f64, i32)| match sum {
            0.0 => 0.0,
            _ => sum * power_of_two(own - exponent),
        };
        let mut b: Vec<f64> = sources.iter().map(scaled).collect();
        if k == 0 && self.total == Total::Exactly {
            let absorbed = self.trace.absorption(&self.weights.rows);
            for position in (0..n).filter(|&position| !self.factor.holds(position)) {
                b[position] += absorbed[position];
            }
        }
        let mut solution = self.factor.solve(b);
        let largest = solution.values.iter().copied().fold(0.0, f64::max);
        let lift = if largest > 0.0 && largest < LOW { LIFT } else { 0 };
        if lift > 0 {
            let factor = power_of_two(lift);
            solution.values.iter_mut().for_each(|value| *value *= factor);
            solution.forward.iter_mut().for_each(|value| *value *= factor);
        }
        self.solutions.push(solution);
        self.exponents.push(exponent - lift);
    }

    /// What a state with reward r > 0 takes over from k − r, and the exponent of its units.
    fn source(&self, position: usize, k: usize) -> (f64, i32) {
        let reward = self.rewards[position];
        if reward == 0 || k < reward {
            let certain = self.is_certain(reward, k);
            return (if certain { self.scales[position] } else { 0.0 }, 0);
        }
        let before = k - reward;
        let values = &self.solutions[before].values;
        let absorbed = self.absorbed(before);
        let mut sum = self.stay[position] * values[position];
        for (edge, target) in self.moves(position) {
            let value = if target == ABSORBED { absorbed } else { values[target as usize] };
            sum += self.weight(edge) * value;
        }
        (sum, self.exponents[before])
    }

    /// Whether this reward alone is more than k, in a table of what is above.
    fn is_certain(&self, reward: usize, k: usize) -> bool {
        reward > k && self.total == Total::Above
    }

    /// What absorption adds for a remainder, in the units of its vector.
    fn absorbed(&self, remainder: usize) -> f64 {
        match (self.total, remainder) {
            (Total::Exactly, 0) => power_of_two(-self.exponents[0]),
            _ => 0.0,
        }
    }

    fn weight(&self, edge: usize) -> f64 {
        self.weights.rows[self.trace.graph().rows[edge] as usize]
    }

    /// All edges out of a position, self-loops included, with target positions.
    fn moves(&self, position: usize) -> impl Iterator<Item = (usize, u32)> {
        let (graph, layout) = (self.trace.graph(), self.trace.layout());
        let vertex = self.trace.schedule().pivots[position] as usize;
        let to_itself = graph.edges(vertex).filter(move |&edge| graph.target(edge) == vertex);
        let others = layout.inner.of(position).chain(layout.outer.of(position));
        others.chain(to_itself.map(move |edge| (edge, position as u32)))
    }

    /// Derivatives in the edge weights, given `dE/dx[k]` for the stored vectors: `seed(k)` adds to
    /// the derivatives at value k.
    pub fn derivatives(&self, seed: impl Fn(usize, &mut [f64])) -> Vec<f64> {
        let (n, length) = (self.trace.n_transient(), self.solutions.len());
        let mut adjoint = Adjoint::new(&self.factor);
        let mut edges = vec![0.0; self.trace.graph().n_edges()];
        let mut shares = vec![vec![0.0; n]; length];
        for k in (0..length).rev() {
            let mut share = std::mem::take(&mut shares[k]);
            seed(k, &mut share);
            let b = adjoint.solve(&self.solutions[k], share);
            for position in 0..n {
                self.source_derivatives(position, k, b[position], &mut edges, &mut shares);
            }
            if k == 0 && self.total == Total::Exactly {
                self.absorption_derivatives(b, &mut edges);
            }
        }
        let (weights, killing) = adjoint.finish();
        for position in 0..n {
            if self.rewards[position] == 0 {
                let layout = self.trace.layout();
                for (edge, _) in layout.inner.of(position).chain(layout.outer.of(position)) {
                    edges[edge] += weights[edge];
                }
            } else if self.trace.graph().normalized() {
                for (edge, _) in self.moves(position) {
                    edges[edge] += killing[position];
                }
            }
        }
        edges
    }

    fn source_derivatives(
        &self,
        position: usize,
        k: usize,
        share: f64,
        edges: &mut [f64],
        shares: &mut [Vec<f64>],
    ) {
        let reward = self.rewards[position];
        if self.is_certain(reward, k) && self.trace.graph().normalized() {
            let share = share * power_of_two(-self.exponents[k]);
            for (edge, _) in self.moves(position) {
                edges[edge] += share;
            }
        }
        if reward == 0 || k < reward || share == 0.0 {
            return;
        }
        let before = k - reward;
        let shift = self.exponents[before] - self.exponents[k];
        if shift > BEYOND {
            return;
        }
        let share = share * power_of_two(shift);
        let values = &self.solutions[before].values;
        let absorbed = self.absorbed(before);
        let lost = if self.trace.graph().normalized() { 0.0 } else { values[position] };
        shares[before][position] += share * self.stay[position];
        for (edge, target) in self.moves(position) {
            let value = if target == ABSORBED { absorbed } else { values[target as usize] };
            edges[edge] += share * (value - lost);
            if target != ABSORBED {
                shares[before][target as usize] += share * self.weight(edge);
            }
        }
    }

    fn absorption_derivatives(&self, b: &[f64], edges: &mut [f64]) {
        let factor = power_of_two(-self.exponents[0]);
        let outer = &self.trace.layout().outer;
        for position in (0..b.len()).filter(|&position| self.rewards[position] == 0) {
            for (edge, _) in outer.of(position).filter(|&(_, target)| target == ABSORBED) {
                edges[edge] += b[position] * factor;
            }
        }
    }
}
