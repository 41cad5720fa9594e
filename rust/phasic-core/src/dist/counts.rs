//! The law of an integer reward collected step by step: one solve per value.

use super::scaled::power_of_two;
use crate::eliminate::ABSORBED;
use crate::solve::{Adjoint, Dual, Factor, Scalar, Solution, Steps};
use crate::{Error, Interrupt, Trace, Weights};

const LOW: f64 = 6.223_015_277_861_142e-61; // 2^-200
const LIFT: i64 = 200;
/// Doubles that the vectors of all values may take: 4 GiB.
const MOST_DOUBLES: f64 = 5e8;
/// Doubles that the two vectors of a value take beside their entries.
const OVERHEAD: usize = 12;
/// Powers of two beyond which nothing is left of a number beside another.
const BEYOND: i64 = 900;

/// A number that a table can hold: a probability, or one with its slope along a direction.
pub(super) trait Tabled: Scalar {
    /// The larger of its parts, which sets its scale.
    fn size(self) -> f64;
}

impl Tabled for f64 {
    fn size(self) -> f64 {
        self.abs()
    }
}

impl Tabled for Dual {
    fn size(self) -> f64 {
        self.value.abs().max(self.slope.abs())
    }
}

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
pub(super) struct Counts<'a, T = f64> {
    total: Total,
    trace: &'a Trace,
    /// Per position, whole rewards.
    rewards: &'a [usize],
    scales: Vec<T>,
    stay: Vec<T>,
    factor: Factor<'a, T>,
    solutions: Vec<Solution<T>>,
    /// `x[k]` is the stored vector times 2^exponent.
    pub exponents: Vec<i64>,
}

impl<'a, T: Tabled> Counts<'a, T> {
    /// All values from 0 to `largest`. `rows`: the values of `weights` in this kind of number;
    /// `rewards`: per position.
    pub fn new(
        total: Total,
        trace: &'a Trace,
        (weights, rows): (&Weights, &[T]),
        rewards: &'a [usize],
        largest: usize,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let per_number = size_of::<T>() / size_of::<f64>();
        let doubles = (OVERHEAD + 2 * per_number * trace.n_transient()) as f64;
        if (largest + 1) as f64 * doubles > MOST_DOUBLES {
            let limit = (MOST_DOUBLES / doubles).floor();
            return Err(Error::CountTooLarge { count: largest as f64, limit });
        }
        let Steps { scales, stay, .. } = Steps::over(trace, weights, rows)?;
        // The system couples only states without reward: the others keep `scale · x = b`.
        let held: Vec<bool> = rewards.iter().map(|&reward| reward > 0).collect();
        let scaled = |(&held, &scale): (&bool, &T)| if held { scale } else { T::ZERO };
        let killing: Vec<T> = held.iter().zip(&scales).map(scaled).collect();
        let mut counts = Self {
            total,
            trace,
            rewards,
            scales,
            stay,
            factor: Factor::holding(trace, rows.to_vec(), &killing, held),
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
    pub fn values(&self, k: usize) -> &[T] {
        &self.solutions[k].values
    }

    fn push(&mut self, k: usize) {
        let n = self.trace.n_transient();
        let sources: Vec<(T, i64)> = (0..n).map(|position| self.source(position, k)).collect();
        // Rewards reach back to vectors of different scales: the largest sets that of their sum.
        let present = sources.iter().filter(|(sum, _)| sum.size() > 0.0);
        let largest = present.map(|&(_, exponent)| exponent).max();
        let exponent = largest.unwrap_or_else(|| self.exponents.last().copied().unwrap_or(0));
        let scaled = |&(sum, own): &(T, i64)| {
            if sum.size() == 0.0 {
                return T::ZERO;
            }
            sum * T::constant(power_of_two(own - exponent))
        };
        let mut b: Vec<T> = sources.iter().map(scaled).collect();
        if k == 0 && self.total == Total::Exactly {
            let absorbed = self.trace.absorption(&self.factor.weights);
            for position in (0..n).filter(|&position| !self.factor.holds(position)) {
                b[position] += absorbed[position];
            }
        }
        let mut solution = self.factor.solve(b);
        let largest = solution.values.iter().map(|value| value.size()).fold(0.0, f64::max);
        let lift = if largest > 0.0 && largest < LOW { LIFT } else { 0 };
        if lift > 0 {
            let factor = T::constant(power_of_two(lift));
            let numbers = solution.values.iter_mut().chain(&mut solution.forward);
            numbers.for_each(|number| *number = *number * factor);
        }
        self.solutions.push(solution);
        self.exponents.push(exponent - lift);
    }

    /// What a state with reward r > 0 takes over from k − r, and the exponent of its units.
    fn source(&self, position: usize, k: usize) -> (T, i64) {
        let reward = self.rewards[position];
        if reward == 0 || k < reward {
            let certain = self.is_certain(reward, k);
            return (if certain { self.scales[position] } else { T::ZERO }, 0);
        }
        let before = k - reward;
        let values = &self.solutions[before].values;
        let absorbed = T::constant(self.absorbed(before));
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

    fn weight(&self, edge: usize) -> T {
        self.factor.weights[self.trace.graph().rows[edge] as usize]
    }

    /// All edges out of a position, self-loops included, with target positions.
    fn moves(&self, position: usize) -> impl Iterator<Item = (usize, u32)> {
        let (graph, layout) = (self.trace.graph(), self.trace.layout());
        let vertex = self.trace.schedule().pivots[position] as usize;
        let to_itself = graph.edges(vertex).filter(move |&edge| graph.target(edge) == vertex);
        let others = layout.inner.of(position).chain(layout.outer.of(position));
        others.chain(to_itself.map(move |edge| (edge, position as u32)))
    }
}

impl<T: Tabled> Counts<'_, T> {
    /// Derivatives of a number in the weight of every edge. `shares[k]`: its derivative in the
    /// probability of k, times the power of two by which the vector of k is stored scaled, for k
    /// from 0 as far as there are any; `initial`: the probability of starting in each position.
    pub fn derivatives(&self, shares: &[T], initial: &[T]) -> Vec<T> {
        let (n, length) = (self.trace.n_transient(), shares.len());
        let mut adjoint = Adjoint::new(&self.factor);
        let mut edges = vec![T::ZERO; self.trace.graph().n_edges()];
        let mut passed = vec![vec![T::ZERO; n]; length];
        for k in (0..length).rev() {
            let mut share = std::mem::take(&mut passed[k]);
            for (sum, &probability) in share.iter_mut().zip(initial) {
                *sum += shares[k] * probability;
            }
            let b = adjoint.solve(&self.solutions[k], share);
            for position in 0..n {
                self.source_derivatives(position, k, b[position], &mut edges, &mut passed);
            }
            if k == 0 && self.total == Total::Exactly {
                self.absorption_derivatives(b, &mut edges);
            }
        }
        self.finish(adjoint, &mut edges);
        // The defect, which counts as zero, is 1 − Σ of the edges into transient states.
        let lost = match self.total {
            Total::Exactly => shares[0] * T::constant(power_of_two(-self.exponents[0])),
            Total::Above => T::ZERO,
        };
        for &(edge, target) in self.trace.layout().start.iter().filter(|&&(_, t)| t != ABSORBED) {
            let mut sum = T::ZERO;
            for (k, &share) in shares.iter().enumerate() {
                sum += share * self.values(k)[target as usize];
            }
            edges[edge as usize] += sum - lost;
        }
        edges
    }

    /// Adds what the solves leave of derivatives in the weights.
    fn finish(&self, adjoint: Adjoint<'_, '_, T>, edges: &mut [T]) {
        let (weights, killing) = adjoint.finish();
        for position in 0..self.trace.n_transient() {
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
    }

    fn source_derivatives(
        &self,
        position: usize,
        k: usize,
        share: T,
        edges: &mut [T],
        shares: &mut [Vec<T>],
    ) {
        let reward = self.rewards[position];
        if self.is_certain(reward, k) && self.trace.graph().normalized() {
            let share = share * T::constant(power_of_two(-self.exponents[k]));
            for (edge, _) in self.moves(position) {
                edges[edge] += share;
            }
        }
        if reward == 0 || k < reward || share.size() == 0.0 {
            return;
        }
        let before = k - reward;
        let shift = self.exponents[before] - self.exponents[k];
        if shift > BEYOND {
            return;
        }
        let share = share * T::constant(power_of_two(shift));
        let values = &self.solutions[before].values;
        let absorbed = T::constant(self.absorbed(before));
        let lost = if self.trace.graph().normalized() { T::ZERO } else { values[position] };
        shares[before][position] += share * self.stay[position];
        for (edge, target) in self.moves(position) {
            let value = if target == ABSORBED { absorbed } else { values[target as usize] };
            edges[edge] += share * (value - lost);
            if target != ABSORBED {
                shares[before][target as usize] += share * self.weight(edge);
            }
        }
    }

    fn absorption_derivatives(&self, b: &[T], edges: &mut [T]) {
        let factor = T::constant(power_of_two(-self.exponents[0]));
        let outer = &self.trace.layout().outer;
        for position in (0..b.len()).filter(|&position| self.rewards[position] == 0) {
            for (edge, _) in outer.of(position).filter(|&(_, target)| target == ABSORBED) {
                edges[edge] += b[position] * factor;
            }
        }
    }
}

impl Counts<'_, Dual> {
    /// The slope of the probability of a value k, and the exponent of its units. `initial`: per position.
    pub fn slope(&self, k: usize, initial: &[Dual]) -> (f64, i64) {
        let terms = initial.iter().zip(self.values(k));
        let mut slope: f64 = terms.map(|(&p, &x)| (p * x).slope).sum();
        if k == 0 && self.total == Total::Exactly {
            // The defect counts as zero.
            let started: f64 = initial.iter().map(|probability| probability.slope).sum();
            slope -= started * power_of_two(-self.exponents[0]);
        }
        (slope, self.exponents[k])
    }
}
