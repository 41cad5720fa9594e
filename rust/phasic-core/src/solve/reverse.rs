//! One evaluation of a trace with any scalar, and the reverse sweeps that all derivatives share.

use super::occupancy::Occupancy;
use super::{Adjoint, Factor, Scalar, Solution};
use crate::Trace;
use crate::eliminate::ABSORBED;

/// A trace factored at weights of type T.
#[derive(Debug)]
pub(crate) struct Evaluation<'a, T> {
    pub factor: Factor<'a, T>,
    /// Probability of starting in each position.
    pub initial: Vec<T>,
}

/// Derivatives of a number: in every edge weight, and in the killing of every position.
pub(crate) struct Derivatives<T> {
    pub edges: Vec<T>,
    pub killing: Vec<T>,
}

impl<'a, T: Scalar> Evaluation<'a, T> {
    pub fn new(trace: &'a Trace, weights: Vec<T>, killing: &[T]) -> Self {
        let initial = trace.initial(&weights);
        Self { factor: Factor::new(trace, weights, killing), initial }
    }

    /// As [`Self::new`] without killing, the elimination spread over the threads of Rayon's pool.
    pub fn over_threads(trace: &'a Trace, weights: Vec<T>) -> Self {
        let initial = trace.initial(&weights);
        Self { factor: Factor::over_threads(trace, weights, &[]), initial }
    }

    pub fn trace(&self) -> &'a Trace {
        self.factor.trace
    }

    /// α · x.
    pub fn start(&self, values: &[T]) -> T {
        let mut sum = T::ZERO;
        for (&probability, &value) in self.initial.iter().zip(values) {
            sum += probability * value;
        }
        sum
    }

    /// `U (r ∘ h)` for h = 1, then for each result in turn: the solutions behind the raw moments,
    /// which are `k! · α` times them.
    pub fn powers(&self, order: usize, rewards: &[T]) -> Vec<Solution<T>> {
        let mut solutions: Vec<Solution<T>> = Vec::with_capacity(order);
        for k in 0..order {
            let b = match k {
                0 => rewards.to_vec(),
                _ => product(rewards, &solutions[k - 1].values),
            };
            solutions.push(self.factor.solve(b));
        }
        solutions
    }

    /// Back through [`Self::powers`]: `seeds[k]` is the derivative of the result in
    /// `α · solutions[k]`. Returns its derivatives in the edges out of transient vertices and in the
    /// rewards; by expected times where nothing is `negative` and rounding allows.
    pub fn powers_back(
        &self,
        solutions: &[Solution<T>],
        seeds: &[T],
        rewards: &[T],
        negative: bool,
    ) -> (Vec<T>, Vec<T>) {
        let n = self.trace().graph().n_edges();
        if !negative
            && let Some(quick) = self.occupancy(solutions, seeds, rewards, n, |edge, _| edge)
            && quick.rounding.all_below(quick.limit)
        {
            return (quick.sums, quick.rewards);
        }
        let mut in_rewards = vec![T::ZERO; rewards.len()];
        let adjoint = self.sweep(solutions, seeds, rewards, Some(&mut in_rewards));
        (adjoint.finish().0, in_rewards)
    }

    /// As [`Self::powers_back`] for `seeds` and `rewards` of at least 0, in θ alone: by expected
    /// times where rounding allows, and the derivatives of edges with equal rows of weights summed
    /// as they come.
    pub fn powers_to_theta(&self, solutions: &[Solution<T>], seeds: &[T], rewards: &[T]) -> Vec<T> {
        let (graph, layout) = (self.trace().graph(), self.trace().layout());
        let swept = || self.sweep(solutions, seeds, rewards, None).finish_rows().0;
        let mut rows =
            match self.occupancy(solutions, seeds, rewards, graph.row_bases.len(), |_, row| row) {
                None => swept(),
                Some(quick) if quick.rounding.all_below(quick.limit) => quick.sums,
                Some(Occupancy { sums, rounding, limit, .. }) => {
                    let pick = |(quick, swept): (T, T)| quick.where_below(rounding, limit, swept);
                    sums.into_iter().zip(swept()).map(pick).collect()
                }
            };
        for &(edge, target) in layout.start.iter().filter(|&&(_, t)| t != ABSORBED) {
            let share = started(solutions, seeds, target as usize);
            rows[graph.rows[edge as usize] as usize] += share;
        }
        graph.rows_to_theta(&rows)
    }

    /// The sweep back, up to the elimination.
    pub(super) fn sweep<'s>(
        &'s self,
        solutions: &'s [Solution<T>],
        seeds: &[T],
        rewards: &[T],
        mut reward_derivatives: Option<&mut [T]>,
    ) -> Adjoint<'s, 'a, T> {
        let mut adjoint = Adjoint::new(&self.factor);
        let mut share = vec![T::ZERO; rewards.len()];
        for k in (0..solutions.len()).rev() {
            for (sum, &probability) in share.iter_mut().zip(&self.initial) {
                *sum += seeds[k] * probability;
            }
            let b = adjoint.solve(&solutions[k], std::mem::take(&mut share));
            if let Some(sums) = &mut reward_derivatives {
                for (position, sum) in sums.iter_mut().enumerate() {
                    let following = match k {
                        0 => T::constant(1.0),
                        _ => solutions[k - 1].values[position],
                    };
                    *sum += b[position] * following;
                }
            }
            if k > 0 {
                share = product(b, rewards);
            }
        }
        adjoint
    }

    /// Ends a sweep back; `start` is the derivative in the probability of starting in a position.
    pub fn finish(
        &self,
        adjoint: Adjoint<'_, 'a, T>,
        start: impl Fn(usize) -> T,
    ) -> Derivatives<T> {
        let (mut edges, killing) = adjoint.finish();
        let layout = self.trace().layout();
        for &(edge, target) in layout.start.iter().filter(|&&(_, t)| t != ABSORBED) {
            edges[edge as usize] += start(target as usize);
        }
        Derivatives { edges, killing }
    }
}

/// Derivative of `Σ seeds[k] α · solutions[k]` in the probability of starting in a position.
fn started<T: Scalar>(solutions: &[Solution<T>], seeds: &[T], position: usize) -> T {
    let mut sum = T::ZERO;
    for (solution, &seed) in solutions.iter().zip(seeds) {
        sum += seed * solution.values[position];
    }
    sum
}

/// Entry by entry.
pub(crate) fn product<T: Scalar>(a: &[T], b: &[T]) -> Vec<T> {
    a.iter().zip(b).map(|(&x, &y)| x * y).collect()
}

/// Constants.
pub(crate) fn constants<T: Scalar>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::constant(value)).collect()
}
