//! Numbers of a law as functions of θ: values with first and second derivatives, as arrays.
//!
//! What a program over arrays asks for: a few numbers at one θ with all their derivatives, on the
//! thread that asks. Everything else has methods of its own.

mod moments;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use moments::Law;

use crate::{
    Absorption, Answer, Clock, CountCurve, Curve, Discrete, Epochs, Error, Rewarded, Trace,
};

/// Values and derivatives, row by row.
///
/// The variables are θ and then, for functions of a point such as a time, the point that belongs to
/// the value: p + 1 of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Jet {
    /// `(k,)`.
    pub values: Vec<f64>,
    /// First derivatives, `(k, v)`; empty below order 1.
    pub first: Vec<f64>,
    /// Second derivatives, `(k, v, v)`; empty below order 2.
    pub second: Vec<f64>,
    /// In the rewards, as they are given, `(k, r)`; empty unless asked for.
    pub rewards: Vec<f64>,
}

/// How many derivatives are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Values alone.
    Values,
    /// With first derivatives in the variables.
    First,
    /// With first derivatives in the variables and in the rewards.
    FirstAndRewards,
    /// With first and second derivatives in the variables.
    Second,
}

/// Numbers of a law. Rewards are `(n_vertices,)` in canonical order, or empty for ones.
#[derive(Clone, Copy, Debug)]
pub enum Numbers<'n> {
    /// `E[Y]` to `E[Yᵏ]` of an accumulated reward Y.
    Moments {
        /// Per unit of time or per step.
        clock: Clock,
        /// k.
        power: usize,
        /// Of each vertex.
        rewards: &'n [f64],
    },
    /// E of several accumulated rewards.
    Expectations {
        /// `(k, n_vertices)`, row by row.
        rewards: &'n [f64],
    },
    /// The covariance of two accumulated rewards.
    Covariance {
        /// Per unit of time or per step.
        clock: Clock,
        /// `(2, n_vertices)`, row by row.
        rewards: &'n [f64],
    },
    /// A function of time, or its logarithm, at several times, which are points.
    Curve {
        /// Which function.
        curve: Curve,
        /// Whether its logarithm is meant.
        logarithm: bool,
        /// `(k,)`.
        points: &'n [f64],
        /// Relative error of the values.
        tolerance: f64,
    },
    /// A function of an accumulated reward, or its logarithm, at several values, which are points; without
    /// second derivatives.
    RewardCurve {
        /// Which function.
        curve: Curve,
        /// Whether its logarithm is meant.
        logarithm: bool,
        /// `(k,)`.
        points: &'n [f64],
        /// Of each vertex, at least 0.
        rewards: &'n [f64],
        /// Relative error of the values.
        tolerance: f64,
    },
    /// The probability of each vertex at one time, which is the point of every value; without second
    /// derivatives.
    Located {
        /// `(n_vertices,)`, all the same time.
        points: &'n [f64],
        /// Relative to the whole.
        tolerance: f64,
    },
    /// A function of time, or its logarithm, at several times, which are points, of a chain with its own θ in
    /// each epoch. The variables are every θ and the starts; without second derivatives.
    EpochCurve {
        /// Which function.
        curve: Curve,
        /// Whether its logarithm is meant.
        logarithm: bool,
        /// `(k,)`.
        points: &'n [f64],
        /// Relative error of the values.
        tolerance: f64,
    },
    /// The sum of weighted log densities at several times of such a chain.
    EpochLogLikelihood {
        /// The times, then their weights.
        points: &'n [f64],
        /// Relative error of the densities.
        tolerance: f64,
    },
    /// `E[Y]` to `E[Yᵏ]` of such a chain.
    EpochMoments {
        /// k.
        power: usize,
        /// Of each vertex, in all epochs or in one after the other.
        rewards: &'n [f64],
        /// Relative error.
        tolerance: f64,
    },
    /// A probability of each of several counts, which are no variables; without second derivatives.
    Counts {
        /// Which probability.
        curve: CountCurve,
        /// `(k,)`.
        points: &'n [f64],
        /// Whole rewards of each vertex.
        rewards: &'n [f64],
    },
    /// E of exp(−s · Y) at several s ≥ 0, which are points.
    Laplace {
        /// `(k,)`.
        points: &'n [f64],
        /// Of each vertex.
        rewards: &'n [f64],
    },
}

impl Numbers<'_> {
    /// The numbers at θ; NaN, with their derivatives, at points that are out of range.
    ///
    /// Errors: those of [`crate::Moments`], rewards of the wrong length, second derivatives together
    /// with rewards.
    pub fn jet(&self, trace: &Arc<Trace>, theta: &[f64], wanted: Wanted) -> Result<Jet, Error> {
        let law = || Law::new(trace, theta, wanted);
        match *self {
            Numbers::Moments { clock, power, rewards } => law()?.moments(clock, power, rewards),
            Numbers::Expectations { rewards } => law()?.expectations(rewards),
            Numbers::Covariance { clock, rewards } => law()?.covariance(clock, rewards),
            Numbers::Laplace { points, rewards } => {
                let law = law()?;
                each_valid(points, at_least_zero, |points| law.laplace(points, rewards))
            }
            Numbers::Counts { curve, points, rewards } => {
                let law = Discrete::new(trace, theta, rewards)?;
                let whole = |x: f64| at_least_zero(x) && x.fract() == 0.0;
                each_valid(points, whole, |points| {
                    let (values, first) = law.slopes(curve, points)?;
                    let first = if wanted == Wanted::Values { Vec::new() } else { first };
                    Ok(Jet { values, first, ..Jet::default() })
                })
            }
            Numbers::RewardCurve { curve, logarithm, points, rewards, tolerance } => {
                let law = Rewarded::alone(trace, theta)?;
                each_valid(points, at_least_zero, |points| {
                    if wanted != Wanted::Values {
                        return law.slopes(curve, logarithm, rewards, points, tolerance);
                    }
                    let values = if logarithm {
                        law.logs(curve, &[rewards], points, tolerance)?.remove(0)
                    } else {
                        let answers = law.answers(curve, &[rewards], points, tolerance)?;
                        answers[0].iter().map(Answer::value).collect()
                    };
                    Ok(Jet { values, ..Jet::default() })
                })
            }
            Numbers::Located { points, tolerance } => match *points {
                [] => Ok(Jet::default()),
                [time, ..] => Absorption::new(trace, theta)?.located(time, tolerance, wanted),
            },
            Numbers::Curve { curve, logarithm, points, tolerance } => {
                let law = Absorption::new(trace, theta)?;
                each_valid(points, at_least_zero, |points| {
                    law.jet(curve, logarithm, points, tolerance, wanted)
                })
            }
            Numbers::EpochCurve { curve, logarithm, points, tolerance } => {
                let epochs = Epochs::of_one_trace(trace, theta, tolerance, wanted)?;
                each_valid(points, at_least_zero, |points| {
                    epochs.curve_jet(curve, logarithm, points, wanted)
                })
            }
            Numbers::EpochLogLikelihood { points, tolerance } => {
                let (times, weights) = points.split_at(points.len() / 2);
                let epochs = Epochs::of_one_trace(trace, theta, tolerance, wanted)?;
                epochs.log_likelihood_jet(times, weights, wanted)
            }
            Numbers::EpochMoments { power, rewards, tolerance } => {
                let epochs = Epochs::of_one_trace(trace, theta, tolerance, wanted)?;
                epochs.moments_jet(power, rewards, wanted)
            }
        }
    }
}

fn at_least_zero(point: f64) -> bool {
    point >= 0.0
}

/// Numbers of points, NaN for those that are not valid.
fn each_valid(
    points: &[f64],
    valid: impl Fn(f64) -> bool,
    jet: impl FnOnce(&[f64]) -> Result<Jet, Error>,
) -> Result<Jet, Error> {
    if points.iter().all(|&point| valid(point)) {
        return jet(points);
    }
    let filled: Vec<f64> =
        points.iter().map(|&point| if valid(point) { point } else { 0.0 }).collect();
    let mut jet = jet(&filled)?;
    for numbers in [&mut jet.values, &mut jet.first, &mut jet.second, &mut jet.rewards] {
        let width = numbers.len() / points.len();
        for (index, _) in points.iter().enumerate().filter(|&(_, &point)| !valid(point)) {
            numbers[index * width..(index + 1) * width].fill(f64::NAN);
        }
    }
    Ok(jet)
}

impl Jet {
    /// An empty one with room for `k` values of `v` variables.
    fn with_capacity(k: usize, v: usize, wanted: Wanted) -> Self {
        let first = if wanted == Wanted::Values { 0 } else { k * v };
        let second = if wanted == Wanted::Second { k * v * v } else { 0 };
        Self {
            values: Vec::with_capacity(k),
            first: Vec::with_capacity(first),
            second: Vec::with_capacity(second),
            rewards: Vec::new(),
        }
    }
}
