//! Log-likelihoods: data prepared once, evaluated and differentiated at many θ.

use super::continuous::Times;
use super::counts::{Counts, Total};
use super::discrete::{probability, whole_counts, whole_rewards};
use super::scaled::power_of_two;
use crate::eliminate::ABSORBED;
use crate::{Error, Interrupt, Trace, Weights};

/// Which law the observations follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Absorption times, with their density.
    Continuous,
    /// Whole rewards collected by the discrete chain, with their probabilities.
    Discrete,
}

/// The log-likelihood of observations under a trace, as a function of θ.
#[derive(Debug)]
pub struct LogLikelihood<'a> {
    trace: &'a Trace,
    data: Data,
    tolerance: f64,
}

#[derive(Debug)]
enum Data {
    Times(Times),
    Counts { counts: Vec<usize>, weights: Vec<f64>, rewards: Vec<usize> },
}

impl<'a> LogLikelihood<'a> {
    /// Checks and prepares observations.
    ///
    /// `values`, `weights`: `(m,)`, weights ≥ 0 (an observation of weight 0 is not looked at, so it
    /// can serve as padding). `rewards`: `(n_vertices,)` whole numbers in canonical order for
    /// [`Law::Discrete`], or empty. `tolerance`: relative truncation error of a density.
    pub fn new(
        trace: &'a Trace,
        law: Law,
        values: &[f64],
        weights: &[f64],
        rewards: &[f64],
        tolerance: f64,
    ) -> Result<Self, Error> {
        check_weights(values.len(), weights)?;
        if !(tolerance > 0.0 && tolerance < 1.0) {
            let (name, must) = ("tolerance", "between 0 and 1");
            return Err(Error::BadValue { name, index: 0, value: tolerance, must });
        }
        let data = match law {
            Law::Continuous if rewards.is_empty() => {
                Data::Times(Times::new(trace, values, weights)?)
            }
            Law::Continuous => {
                let given = rewards.len();
                return Err(Error::Length {
                    name: "rewards of a continuous law",
                    expected: 0,
                    given,
                });
            }
            Law::Discrete => {
                let padded = |(&value, &weight)| if weight > 0.0 { value } else { 0.0 };
                let values: Vec<f64> = values.iter().zip(weights).map(padded).collect();
                let mut counts = whole_counts(&values)?;
                let mut used = weights.iter().map(|&weight| weight > 0.0);
                counts.retain(|_| used.next().expect("a weight for each value"));
                let weights = weights.iter().copied().filter(|&weight| weight > 0.0).collect();
                Data::Counts { counts, weights, rewards: whole_rewards(trace, rewards)? }
            }
        };
        Ok(Self { trace, data, tolerance })
    }

    /// Length of θ.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        self.trace.n_parameters()
    }

    /// Σ weight · ln(density or probability). Errors: those of [`crate::Graph::weights`], and a
    /// chain too stiff for its times.
    pub fn try_value(&self, theta: &[f64]) -> Result<f64, Error> {
        let interrupt = Interrupt::never();
        let weights = self.trace.graph().weights(theta)?;
        match &self.data {
            Data::Times(times) => {
                times.value(self.trace, &weights.rows, self.tolerance, &interrupt)
            }
            Data::Counts { counts, weights: multiplicities, rewards } => {
                let table = self.table(&weights, counts, rewards, &interrupt)?;
                Ok(self.log_probability(&table, &weights, counts, multiplicities))
            }
        }
    }

    /// The value, and its derivative in θ written to `gradient`, `(n_parameters,)`: exact, by the
    /// adjoint, at a small multiple of the cost of the value.
    pub fn try_value_and_gradient(
        &self,
        theta: &[f64],
        gradient: &mut [f64],
    ) -> Result<f64, Error> {
        self.value_and_gradient_until(theta, gradient, &Interrupt::never())
    }

    /// As [`Self::try_value_and_gradient`], but stops with [`Error::Interrupted`] when asked to.
    pub fn value_and_gradient_until(
        &self,
        theta: &[f64],
        gradient: &mut [f64],
        interrupt: &Interrupt,
    ) -> Result<f64, Error> {
        let weights = self.trace.graph().weights(theta)?;
        let (value, edges) = match &self.data {
            Data::Times(times) => {
                times.value_and_derivatives(self.trace, &weights.rows, self.tolerance, interrupt)?
            }
            Data::Counts { counts, weights: multiplicities, rewards } => {
                let table = self.table(&weights, counts, rewards, interrupt)?;
                self.count_derivatives(&table, &weights, counts, multiplicities)
            }
        };
        gradient.copy_from_slice(&self.trace.graph().pull_back(&edges));
        Ok(value)
    }

    /// As [`Self::try_value`] for callers that cannot take an error: −∞ where θ makes a rate
    /// negative or the initial probabilities exceed 1, NaN for any other error.
    #[must_use]
    pub fn value(&self, theta: &[f64]) -> f64 {
        self.try_value(theta).unwrap_or_else(|error| stand_in(&error))
    }

    /// As [`Self::value`]; the gradient is NaN where there is none.
    #[must_use]
    pub fn value_and_gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        self.try_value_and_gradient(theta, gradient).unwrap_or_else(|error| {
            gradient.fill(f64::NAN);
            stand_in(&error)
        })
    }

    fn table<'t>(
        &'t self,
        weights: &'t Weights,
        counts: &[usize],
        rewards: &'t [usize],
        interrupt: &Interrupt,
    ) -> Result<Counts<'t>, Error> {
        let largest = counts.iter().copied().max().unwrap_or(0);
        Counts::new(Total::Exactly, self.trace, weights, rewards, largest, interrupt)
    }

    fn log_probability(
        &self,
        table: &Counts,
        weights: &Weights,
        counts: &[usize],
        multiplicities: &[f64],
    ) -> f64 {
        let initial = self.trace.initial(&weights.rows);
        let term = |(&count, &multiplicity): (&usize, &f64)| {
            multiplicity * probability(table, &initial, weights.defect, count).ln()
        };
        // An empty sum of doubles is −0 in Rust.
        counts.iter().zip(multiplicities).map(term).fold(0.0, |sum, term| sum + term)
    }

    fn count_derivatives(
        &self,
        table: &Counts,
        weights: &Weights,
        counts: &[usize],
        multiplicities: &[f64],
    ) -> (f64, Vec<f64>) {
        let value = self.log_probability(table, weights, counts, multiplicities);
        if !value.is_finite() {
            return (value, vec![f64::NAN; self.trace.graph().n_edges()]);
        }
        let initial = self.trace.initial(&weights.rows);
        // dE/dp[k], times the power of two by which x[k] is stored scaled.
        let mut shares = vec![0.0; counts.iter().max().map_or(0, |&largest| largest + 1)];
        for (&count, &multiplicity) in counts.iter().zip(multiplicities) {
            let p = probability(table, &initial, weights.defect, count);
            shares[count] +=
                multiplicity / p.mantissa * power_of_two(table.exponents[count] - p.exponent);
        }
        let mut edges = table.derivatives(|k, share| {
            for (sum, probability) in share.iter_mut().zip(&initial) {
                *sum += shares[k] * probability;
            }
        });
        // The defect is 1 − Σ of the edges into transient states.
        let lost = shares.first().map_or(0.0, |share| share * power_of_two(-table.exponents[0]));
        for &(edge, target) in self.trace.layout().start.iter().filter(|&&(_, t)| t != ABSORBED) {
            let values = |(k, &share): (usize, &f64)| share * table.values(k)[target as usize];
            edges[edge as usize] = shares.iter().enumerate().map(values).sum::<f64>() - lost;
        }
        (value, edges)
    }
}

pub(super) fn check_weights(expected: usize, weights: &[f64]) -> Result<(), Error> {
    if expected != weights.len() {
        let given = weights.len();
        return Err(Error::Length { name: "weights", expected, given });
    }
    match weights.iter().position(|weight| !(0.0..f64::INFINITY).contains(weight)) {
        None => Ok(()),
        Some(index) => {
            let (name, must) = ("weights", "finite and not negative");
            Err(Error::BadValue { name, index, value: weights[index], must })
        }
    }
}

fn stand_in(error: &Error) -> f64 {
    match error {
        Error::BadWeight { value, .. } if !value.is_nan() => f64::NEG_INFINITY,
        Error::InitialProbability { .. } | Error::ExitProbability { .. } => f64::NEG_INFINITY,
        _ => f64::NAN,
    }
}
