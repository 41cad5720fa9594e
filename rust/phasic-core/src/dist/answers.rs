//! The method that answers: uniformization, or a contour where that is cheaper.

use super::Absorption;
use super::chain::Chain;
use super::contour::{Output, Shifted, Spectrum, spectrum};
use super::scaled::Scaled;
use super::sequence::{Quantity, Sequence};
use crate::Error;

/// How a number was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A sum over the jumps of the uniformized chain: all terms positive (Jensen 1953).
    Uniformization,
    /// An inverse Laplace transform over a hyperbola through the saddle point.
    Contour,
}

/// A number, its relative error and how it was computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub value: Scaled,
    /// Bound (uniformization) or estimate (contour) of the relative error.
    pub error: f64,
    pub method: Method,
}

/// Jumps on average below which a time is never worth a contour.
const FEW_JUMPS: f64 = 200.0;
/// The least angle that the spectrum must leave to a contour.
const ROOM: f64 = 0.15;

impl Absorption<'_> {
    /// The quantity at each time, finite and at least 0, in any order.
    pub(crate) fn answers(
        &self,
        quantity: Quantity,
        times: &[f64],
        tolerance: f64,
    ) -> Result<Vec<Answer>, Error> {
        let chain = Chain::new(self.trace, &self.pattern, &self.weights.rows);
        let mut answers: Vec<Option<Answer>> = vec![None; times.len()];
        let mut stiff: Vec<usize> =
            (0..times.len()).filter(|&i| chain.rate * times[i] > FEW_JUMPS).collect();
        stiff.sort_unstable_by(|&a, &b| times[a].total_cmp(&times[b]));
        if let Some(spectrum) = self.worth_a_contour(&chain, &stiff, times) {
            let rewards = vec![1.0; chain.n()];
            let output = match quantity {
                Quantity::Density => Output::Density,
                Quantity::Survival => Output::Survival,
                Quantity::Absorbed => Output::Absorbed,
            };
            let (trace, weights) = (self.trace, &self.weights.rows);
            let law = Shifted { trace, weights, rewards: &rewards, output };
            let sorted: Vec<f64> = stiff.iter().map(|&i| times[i]).collect();
            let inversion = law.invert(&spectrum, &sorted, tolerance, &self.interrupt)?;
            for (&i, estimate) in stiff.iter().zip(inversion.estimates) {
                answers[i] = estimate.map(|estimate| Answer {
                    value: Scaled::from_ln(estimate.log),
                    error: estimate.error,
                    method: Method::Contour,
                });
            }
        }
        let mut sequence = Sequence::new(&chain, false, self.interrupt.clone());
        let mut uniformized = |&time: &f64| {
            let mean = chain.rate * time;
            let value = sequence.mixture(quantity, mean, tolerance)?.sum;
            let error = tolerance + f64::EPSILON * (mean + 9.0 * mean.sqrt() + 10.0).sqrt();
            Ok(Answer { value, error, method: Method::Uniformization })
        };
        answers
            .into_iter()
            .zip(times)
            .map(|(answer, time)| answer.map_or_else(|| uniformized(time), Ok))
            .collect()
    }

    /// The spectrum, if a contour for the `stiff` times is predicted to cost less than the jumps up
    /// to the last of them, and may be used.
    fn worth_a_contour(&self, chain: &Chain, stiff: &[usize], times: &[f64]) -> Option<Spectrum> {
        let (&first, &last) = (stiff.first()?, stiff.last()?);
        let jumps = chain.rate * times[last] * (chain.n() + chain.jumps.len()) as f64;
        let windows = 1.0 + 1.5 * (times[last] / times[first]).log10();
        if jumps < windows * self.node_cost() * 40.0 {
            return None;
        }
        let spectrum = spectrum(self.trace, &self.weights.rows, &vec![1.0; chain.n()]);
        (spectrum.half_angle <= std::f64::consts::FRAC_PI_2 - ROOM).then_some(spectrum)
    }

    /// Cost of one node in units of an edge passed in one jump, about a nanosecond.
    fn node_cost(&self) -> f64 {
        let trace = self.trace;
        let parts = [
            (0.7, trace.multiply_adds() as f64),
            (8.0, trace.n_entries() as f64),
            (4.0, trace.graph().n_edges() as f64),
            (10.0, trace.n_transient() as f64),
            (1.0, 500.0),
        ];
        parts.iter().map(|(unit, count)| unit * count).sum()
    }
}
