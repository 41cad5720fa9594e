//! The method that answers: uniformization, or a contour where that is cheaper.

use super::Absorption;
use super::chain::Chain;
use super::contour::{Output, Shifted, Spectrum, spectrum};
use super::scaled::Scaled;
use super::sequence::{Quantity, Sequence};
use super::stiff::{FEW_JUMPS, is_worth_a_contour};
use crate::Error;

/// How a number was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A sum over the jumps of the uniformized chain: all terms positive (Jensen 1953).
    Uniformization,
    /// An inverse Laplace transform over a hyperbola through the saddle point.
    Contour,
    /// The limit at infinity.
    Limit,
}

/// A number, its relative error and how it was computed.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub(crate) value: Scaled,
    /// Bound of the truncation and size of the rounding (uniformization), or estimate (contour), of
    /// the relative error.
    pub error: f64,
    /// How it was computed.
    pub way: Way,
}

impl Answer {
    /// The number; 0 where it underflows.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value.value()
    }

    /// Its natural logarithm, right where the number underflows; −∞ for 0.
    #[must_use]
    pub fn ln(&self) -> f64 {
        self.value.ln()
    }
}

/// Answers questions about one chain, by whatever way is cheaper.
pub(super) struct Engine<'e, 'a> {
    law: &'e Absorption<'a>,
    chain: &'e Chain<'e>,
    sequence: Sequence<'e, 'e>,
    tolerance: f64,
    rewards: Vec<f64>,
    spectrum: Option<Spectrum>,
}

impl<'e, 'a> Engine<'e, 'a> {
    pub fn new(law: &'e Absorption<'a>, chain: &'e Chain<'e>, tolerance: f64) -> Self {
        let sequence = Sequence::new(chain, false, law.interrupt.clone());
        let rewards = vec![1.0; chain.n()];
        Self { law, chain, sequence, tolerance, rewards, spectrum: None }
    }

    /// The quantity at each time, finite and at least 0, in any order.
    pub fn answers(&mut self, quantity: Quantity, times: &[f64]) -> Result<Vec<Answer>, Error> {
        let mut answers: Vec<Option<Answer>> = vec![None; times.len()];
        let mut stiff: Vec<usize> =
            (0..times.len()).filter(|&i| self.chain.rate * times[i] > FEW_JUMPS).collect();
        stiff.sort_unstable_by(|&a, &b| times[a].total_cmp(&times[b]));
        let sorted: Vec<f64> = stiff.iter().map(|&i| times[i]).collect();
        if let Some(spectrum) = self.worth_a_contour(&sorted) {
            let output = match quantity {
                Quantity::Density => Output::Density,
                Quantity::Survival => Output::Survival,
                Quantity::Absorbed => Output::Absorbed,
            };
            let (trace, weights) = (self.law.trace, &self.law.weights.rows);
            let shifted = Shifted { trace, weights, rewards: &self.rewards, output, threads: true };
            let interrupt = &self.law.interrupt;
            let inversion = shifted.invert(&spectrum, &sorted, self.tolerance, interrupt)?;
            for (&i, estimate) in stiff.iter().zip(inversion.estimates) {
                answers[i] = estimate.map(|estimate| Answer {
                    value: Scaled::from_ln(estimate.log),
                    // The value is the exponential of a rounded logarithm.
                    error: estimate.error + f64::EPSILON * estimate.log.abs(),
                    way: Way::Contour,
                });
            }
        }
        let each = answers.into_iter().zip(times);
        each.map(|(answer, &time)| answer.map_or_else(|| self.uniformized(quantity, time), Ok))
            .collect()
    }

    fn uniformized(&mut self, quantity: Quantity, time: f64) -> Result<Answer, Error> {
        let mean = self.chain.rate * time;
        let value = self.sequence.mixture(quantity, mean, self.tolerance)?.sum;
        // Rounding errors of the jumps are as often up as down.
        let rounding = f64::EPSILON * (mean + 10.0).sqrt();
        Ok(Answer { value, error: self.tolerance + rounding, way: Way::Uniformization })
    }

    /// The spectrum, if a contour for `times`, sorted, is worth its cost and may be used.
    fn worth_a_contour(&mut self, times: &[f64]) -> Option<Spectrum> {
        let (trace, weights) = (self.law.trace, &self.law.weights.rows);
        if !is_worth_a_contour(trace, self.chain, times) {
            return None;
        }
        let rewards = &self.rewards;
        let spectrum = *self.spectrum.get_or_insert_with(|| spectrum(trace, weights, rewards));
        spectrum.leaves_room().then_some(spectrum)
    }
}
