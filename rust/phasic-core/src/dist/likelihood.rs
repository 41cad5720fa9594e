//! Log-likelihoods: data prepared once, evaluated and differentiated at many θ.

use super::continuous::Times;
use super::counted::{Counted, check_whole};
use super::rows::rows;
use crate::{Error, Interrupt, Trace};

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
    Counts(Counted),
}

impl<'a> LogLikelihood<'a> {
    /// Checks and prepares observations of exact values.
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
        Self::of_events(trace, law, values, values, weights, rewards, tolerance)
    }

    /// Checks and prepares observations of which some are censored.
    ///
    /// `lower`, `upper`, `weights`: `(m,)`. Equal bounds are an exact value; others say that `lower
    /// < T ≤ upper`: right-censored where `upper` is ∞, left-censored, with the atom at zero, where
    /// `lower` is −∞. A condition, such as that only T ≤ b could be seen, is a row of its own with the
    /// weight −1 for each observation that it holds for. The rest as for [`Self::new`].
    pub fn of_events(
        trace: &'a Trace,
        law: Law,
        lower: &[f64],
        upper: &[f64],
        weights: &[f64],
        rewards: &[f64],
        tolerance: f64,
    ) -> Result<Self, Error> {
        if !(tolerance > 0.0 && tolerance < 1.0) {
            let (name, must) = ("tolerance", "between 0 and 1");
            return Err(Error::BadValue { name, index: 0, value: tolerance, must });
        }
        let rows = rows(lower, upper, weights)?;
        let data = match law {
            Law::Continuous if rewards.is_empty() => Data::Times(Times::new(trace, rows)),
            Law::Continuous => {
                let (name, given) = ("rewards of a continuous law", rewards.len());
                return Err(Error::Length { name, expected: 0, given });
            }
            Law::Discrete => {
                check_whole(lower, weights)?;
                check_whole(upper, weights)?;
                Data::Counts(Counted::new(trace, &rows, rewards)?)
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
            Data::Times(times) => times.value(self.trace, &weights, self.tolerance, &interrupt),
            Data::Counts(counts) => counts.value(self.trace, &weights, &interrupt),
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
                times.value_and_derivatives(self.trace, &weights, self.tolerance, interrupt)?
            }
            Data::Counts(counts) => {
                counts.value_and_derivatives(self.trace, &weights, interrupt)?
            }
        };
        gradient.copy_from_slice(&self.trace.graph().pull_back(&edges));
        Ok(value)
    }

    /// The value with its first and second derivatives in θ: `(gradient, hessian)` of `(n_parameters,)`
    /// and `(n_parameters, n_parameters)`. Cost: about that of a value for each pair of parameters,
    /// or on stiff chains, and of counts, for each parameter.
    ///
    /// Errors: as for [`Self::try_value`].
    pub fn try_value_and_hessian(
        &self,
        theta: &[f64],
        gradient: &mut [f64],
        hessian: &mut [f64],
    ) -> Result<f64, Error> {
        let interrupt = Interrupt::never();
        let weights = self.trace.graph().weights(theta)?;
        let found = match &self.data {
            Data::Times(times) => {
                times.curvature(self.trace, &weights, self.tolerance, &interrupt)?
            }
            Data::Counts(counts) => counts.curvature(self.trace, &weights, &interrupt)?,
        };
        gradient.copy_from_slice(&found.gradient);
        hessian.copy_from_slice(&found.hessian);
        Ok(found.value)
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

    /// As [`Self::value`]; derivatives are NaN where there are none.
    #[must_use]
    pub fn value_and_hessian(
        &self,
        theta: &[f64],
        gradient: &mut [f64],
        hessian: &mut [f64],
    ) -> f64 {
        self.try_value_and_hessian(theta, gradient, hessian).unwrap_or_else(|error| {
            gradient.fill(f64::NAN);
            hessian.fill(f64::NAN);
            stand_in(&error)
        })
    }
}

/// Errors: other than `expected` weights, or one that is negative or not finite.
pub(crate) fn check_weights(expected: usize, weights: &[f64]) -> Result<(), Error> {
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
