//! Laws of accumulated rewards `Y = ∫ r(X_u) du`, straight from the recorded trace.
//!
//! The transform of the density is `α (zR − S)⁻¹ s` whatever the rewards, zeros included (Bladt & Nielsen 2017,
//! section 8.1): the contours of [`super::contour`] invert it at every θ, and no other chain is built. Where no
//! contour is known to avoid the spectrum, or none meets the tolerance, the chain in reward time answers:
//! vertices without reward are eliminated, and the rest is a law of absorption.

mod given;
mod node;
mod slopes;

use rayon::prelude::*;

use super::absorption::check_times;
use super::contour::{Inversion, Output, Shifted, spectrum};
use super::scaled::Scaled;
use super::sequence::Quantity;
use super::{Absorption, Answer, Way};
use crate::solve::{not_negative, rewards_at_positions};
use crate::{Error, Interrupt, Moments, Trace, Weights, reward_transform};

pub use given::Given;

/// Laws of a trace's accumulated rewards at one θ.
pub struct Rewarded<'a> {
    trace: &'a Trace,
    interrupt: Interrupt<'a>,
    weights: Weights,
    /// Whether one reward has all of Rayon's threads.
    threads: bool,
}

/// One reward of a trace.
struct Column<'c> {
    trace: &'c Trace,
    weights: &'c Weights,
    /// Per vertex, as given.
    rewards: &'c [f64],
    /// Per position.
    at: Vec<f64>,
    /// Whether one column has all threads.
    threads: bool,
}

impl<'a> Rewarded<'a> {
    /// Errors: those of [`crate::Graph::weights`]; the chain may never be absorbed.
    pub fn until(trace: &'a Trace, theta: &[f64], interrupt: Interrupt<'a>) -> Result<Self, Error> {
        // Errors if a class of states can be entered and never left.
        Moments::new(trace, theta)?;
        let weights = trace.graph().weights(theta)?;
        Ok(Self { trace, interrupt, weights, threads: true })
    }

    /// As [`Self::until`], on the thread that asks, for one reward at a time.
    pub fn alone(trace: &'a Trace, theta: &[f64]) -> Result<Self, Error> {
        Ok(Self { threads: false, ..Self::until(trace, theta, Interrupt::never())? })
    }

    /// A curve of each reward, `(n_vertices,)` ≥ 0, at each point ≥ 0 in any order: each value with its relative
    /// error and how it was computed. The atom at zero counts as absorbed.
    ///
    /// Rewards are spread over the threads of Rayon's pool. At infinity a curve has its limit.
    pub fn answers(
        &self,
        quantity: Quantity,
        rewards: &[&[f64]],
        points: &[f64],
        tolerance: f64,
    ) -> Result<Vec<Vec<Answer>>, Error> {
        check_times(points)?;
        let columns = self.columns(rewards)?;
        if let [column] = columns.as_slice() {
            return Ok(vec![column.answers(quantity, points, tolerance, &self.interrupt)?]);
        }
        let mut answers = Vec::with_capacity(columns.len());
        for some in columns.chunks(rayon::current_num_threads()) {
            let found: Result<Vec<_>, Error> = some
                .par_iter()
                .map(|column| column.answers(quantity, points, tolerance, &Interrupt::never()))
                .collect();
            answers.extend(found?);
            self.interrupt.after(some.len() * points.len() * self.trace.n_entries().max(1000))?;
        }
        Ok(answers)
    }

    /// The logarithm of a curve of each reward at each point, right where the curve underflows; that of a
    /// probability above one half has the digits of its complement. Arguments as for [`Self::answers`].
    pub fn logs(
        &self,
        quantity: Quantity,
        rewards: &[&[f64]],
        points: &[f64],
        tolerance: f64,
    ) -> Result<Vec<Vec<f64>>, Error> {
        let answers = self.answers(quantity, rewards, points, tolerance)?;
        let mut logs: Vec<Vec<f64>> =
            answers.iter().map(|row| row.iter().map(Answer::ln).collect()).collect();
        let other = match quantity {
            Quantity::Density => return Ok(logs),
            Quantity::Survival => Quantity::Absorbed,
            Quantity::Absorbed => Quantity::Survival,
        };
        for (row, &each) in logs.iter_mut().zip(rewards) {
            let large: Vec<usize> = (0..points.len()).filter(|&i| row[i] > -0.7).collect();
            let left: Vec<f64> = large.iter().map(|&i| points[i]).collect();
            if left.is_empty() {
                continue;
            }
            let found = self.answers(other, &[each], &left, tolerance)?;
            for (i, answer) in large.into_iter().zip(&found[0]) {
                row[i] = (-answer.value().min(1.0)).ln_1p();
            }
        }
        Ok(logs)
    }

    fn columns<'c>(&'c self, rewards: &[&'c [f64]]) -> Result<Vec<Column<'c>>, Error> {
        rewards.iter().map(|each| self.column(each, self.threads && rewards.len() == 1)).collect()
    }

    fn column<'c>(&'c self, rewards: &'c [f64], threads: bool) -> Result<Column<'c>, Error> {
        not_negative(rewards)?;
        let at = rewards_at_positions(self.trace, Some(rewards))?;
        let (trace, weights) = (self.trace, &self.weights);
        Ok(Column { trace, weights, rewards, at, threads })
    }
}

impl Column<'_> {
    fn answers(
        &self,
        quantity: Quantity,
        points: &[f64],
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Vec<Answer>, Error> {
        // The rest of the atom at zero is in the transform.
        let defect = if quantity == Quantity::Absorbed { self.weights.defect } else { 0.0 };
        if self.surely_zero() {
            let value = if quantity == Quantity::Absorbed { 1.0 } else { 0.0 };
            let limit = Answer { value: Scaled::new(value), error: 0.0, way: Way::Limit };
            return Ok(vec![limit; points.len()]);
        }
        let order = inside(points);
        let sorted: Vec<f64> = order.iter().map(|&i| points[i]).collect();
        let mut answers: Vec<Option<Answer>> = vec![None; points.len()];
        if let Some(inversion) = self.invert(quantity, &sorted, tolerance, interrupt)? {
            for (&i, estimate) in order.iter().zip(inversion.estimates) {
                answers[i] = estimate.map(|estimate| {
                    let mut value = Scaled::from_ln(estimate.log);
                    value.add(defect, 0);
                    Answer { value, error: estimate.error, way: Way::Contour }
                });
            }
        }
        let missing: Vec<usize> = (0..points.len()).filter(|&i| answers[i].is_none()).collect();
        if !missing.is_empty() {
            let builder = reward_transform(self.trace, &self.weights.theta, self.rewards)?;
            let trace = Trace::record(&builder.freeze()?)?;
            let left: Vec<f64> = missing.iter().map(|&i| points[i]).collect();
            let law = Absorption::until(&trace, &[], interrupt.clone())?;
            for (i, answer) in missing.into_iter().zip(law.answers(quantity, &left, tolerance)?) {
                answers[i] = Some(answer);
            }
        }
        Ok(answers.into_iter().map(|answer| answer.expect("one way or the other")).collect())
    }

    /// The contours for points, sorted, positive and finite; None where the spectrum leaves no room.
    fn invert(
        &self,
        quantity: Quantity,
        points: &[f64],
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Option<Inversion>, Error> {
        let weights = &self.weights.rows;
        let spectrum = spectrum(self.trace, weights, &self.at);
        if points.is_empty() || !spectrum.leaves_room() {
            return Ok(None);
        }
        let output = match quantity {
            Quantity::Density => Output::Density,
            Quantity::Survival => Output::Survival,
            Quantity::Absorbed => Output::Absorbed,
        };
        let (trace, rewards, threads) = (self.trace, self.at.as_slice(), self.threads);
        let shifted = Shifted { trace, weights, rewards, output, threads };
        shifted.invert(&spectrum, points, tolerance, interrupt).map(Some)
    }

    /// Whether no state that can be entered has a reward.
    fn surely_zero(&self) -> bool {
        self.at.iter().all(|&reward| reward == 0.0)
    }
}

/// Indices of the points that are positive and finite, in ascending order of the points.
fn inside(points: &[f64]) -> Vec<usize> {
    let positive = |&i: &usize| points[i] > 0.0 && points[i].is_finite();
    let mut order: Vec<usize> = (0..points.len()).filter(positive).collect();
    order.sort_unstable_by(|&a, &b| points[a].total_cmp(&points[b]));
    order
}
