//! Gradients from expected times: a row solve in place of a sweep back through the elimination.
//!
//! The derivative of `α · x` with M x = b in the weight of an edge i → j is `z[i] · (x[j] − x[i])`
//! with z M = α: the gain of the move, times how long there is a chance of it. It costs about as
//! much as the value, a sweep two to three times that. Where x hardly varies the difference cancels:
//! the error is some ulp of `w · z[i] · (x[i] + x[j])`, which is summed beside.

use super::reverse::{Evaluation, product};
use super::{Scalar, Solution};
use crate::eliminate::ABSORBED;

/// Largest bound on the rounding of all derivatives together, each times its weight, relative to
/// the number they are derivatives of.
const TOLERANCE: f64 = 1e-12;

/// Derivatives as sums over slots; as good as a sweep's where `rounding` is below `limit`.
pub(super) struct Occupancy<T> {
    pub sums: Vec<T>,
    /// In the rewards, per position.
    pub rewards: Vec<T>,
    pub rounding: T,
    pub limit: T,
}

impl<T: Scalar> Evaluation<'_, T> {
    /// The derivatives of `Σ seeds[k] α · solutions[k]` in the edges out of transient vertices, those
    /// of one `slot(edge, row of weights)` below `n` summed. `seeds` and `rewards` are not negative.
    /// None where it is plain beforehand that rounding is too large.
    pub(super) fn occupancy(
        &self,
        solutions: &[Solution<T>],
        seeds: &[T],
        rewards: &[T],
        n: usize,
        slot: impl Fn(usize, usize) -> usize,
    ) -> Option<Occupancy<T>> {
        if !T::ORDERED || self.surely_rough(&solutions[0].values, rewards) {
            return None;
        }
        let (layout, weights) = (self.trace().layout(), &self.factor.weights);
        let (mut sums, mut in_rewards) = (vec![T::ZERO; n], vec![T::ZERO; rewards.len()]);
        let (mut rounding, mut result) = (T::ZERO, T::ZERO);
        let mut share = vec![T::ZERO; rewards.len()];
        for k in (0..solutions.len()).rev() {
            let values = &solutions[k].values;
            for (sum, &probability) in share.iter_mut().zip(&self.initial) {
                sum.add_product(seeds[k], probability);
            }
            result.add_product(seeds[k], self.start(values));
            let times = self.factor.solve_rows(std::mem::take(&mut share));
            for (position, &time) in times.iter().enumerate() {
                let here = values[position];
                let mut rate = T::ZERO;
                for edges in [&layout.inner, &layout.outer] {
                    for (edge, row, target) in edges.all(position) {
                        let there = match target {
                            ABSORBED => T::ZERO,
                            target => values[target as usize],
                        };
                        sums[slot(edge, row)].add_product(time, there - here);
                        rate += weights[row];
                    }
                }
                rounding.add_product(time * rate, here);
                let following = match k {
                    0 => T::constant(1.0),
                    _ => solutions[k - 1].values[position],
                };
                in_rewards[position].add_product(time, following);
            }
            if k > 0 {
                share = product(&times, rewards);
            }
        }
        // Σ w (x[i] + x[j]) over the edges out of i is at most twice the exit rate times x[i].
        let rounding = rounding * T::constant(2.0 * f64::EPSILON);
        let limit = result * T::constant(TOLERANCE);
        Some(Occupancy { sums, rewards: in_rewards, rounding, limit })
    }

    /// Whether the first solution alone tells that rounding exceeds the limit: `Σ z d x` of it, with
    /// pivots d that are no larger than exit rates, is some multiple of `Σ z r`.
    fn surely_rough(&self, values: &[T], rewards: &[T]) -> bool {
        let most = T::constant(TOLERANCE / (2.0 * f64::EPSILON));
        let pivots = &self.factor.pivots;
        (0..values.len()).all(|i| (rewards[i] * most).all_below(pivots[i] * values[i]))
    }
}
