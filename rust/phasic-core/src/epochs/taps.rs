//! What a number takes from an epoch: vectors, with the jumps at which they count.

use super::arrivals::Arrivals;
use super::levels::shifted;
use super::stage::Stage;
use crate::dist::Scaled;

/// The column vector that a tap multiplies.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// Any numbers, level by level.
    Given(Vec<f64>),
    /// The rates of absorption on one level, which depend on θ.
    Absorption { level: usize },
}

impl Source {
    /// As one vector over all levels.
    pub fn vector(&self, absorption: &[f64], levels: usize) -> Vec<f64> {
        match self {
            Self::Given(vector) => vector.clone(),
            &Self::Absorption { level } => {
                let mut vector = vec![0.0; levels * absorption.len()];
                vector[level * absorption.len()..][..absorption.len()].copy_from_slice(absorption);
                vector
            }
        }
    }
}

/// When a tap counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// At the moment: `x(τ) · source`.
    Moment,
    /// Up to the moment: `∫₀^τ x(u) · source du`.
    UpTo,
}

/// A weight of either sign, `value · 2^exponent`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed {
    pub value: f64,
    pub exponent: i64,
}

impl Seed {
    pub fn new(value: f64) -> Self {
        Self { value, exponent: 0 }
    }
}

/// Σ over times τ since the start of the epoch of `seed · (what the span says)`.
#[derive(Clone, Debug)]
pub(super) struct Tap {
    pub source: Source,
    pub span: Span,
    /// Time, seed, and the last jump that is needed; an infinite time in a last epoch.
    pub times: Vec<(f64, Seed, usize)>,
}

impl Tap {
    /// The coefficient of `x[k] · source` for each k, `x[k]` stored scaled by 2^`exponents[k]`.
    pub fn coefficients(&self, stage: &Stage, exponents: &[i64]) -> Vec<f64> {
        let mut coefficients = vec![0.0; exponents.len()];
        for &(time, seed, last) in &self.times {
            let mut arrivals = Arrivals::new(stage.rate * time);
            for (coefficient, exponent) in coefficients.iter_mut().zip(exponents).take(last + 1) {
                let Scaled { mantissa, exponent: own } = match self.span {
                    Span::Moment => arrivals.probability(),
                    Span::UpTo => arrivals.beyond().times(stage.rate.recip()),
                };
                *coefficient += shifted(seed.value * mantissa, own + exponent + seed.exponent);
                arrivals.advance();
            }
        }
        coefficients
    }

    /// The source as one vector over all levels.
    pub fn vector(&self, absorption: &[f64], levels: usize) -> Vec<f64> {
        self.source.vector(absorption, levels)
    }

    /// The sum of the seeds of the times from `from` on, times 2^`exponent`.
    pub fn seeds_from(&self, from: f64, exponent: i64) -> f64 {
        let later = self.times.iter().filter(|&&(time, _, _)| time >= from);
        later.map(|(_, seed, _)| shifted(seed.value, seed.exponent + exponent)).sum()
    }
}
