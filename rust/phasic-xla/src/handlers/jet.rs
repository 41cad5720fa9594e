//! Functions of θ with their derivatives, one custom call each.
//!
//! | operand | shape | type |
//! | --- | --- | --- |
//! | `key` | (…, 8) | uint32: the trace's key as little-endian words |
//! | `theta` | (…, p), or of e epochs (…, e p + e): every θ, then the starts | float32 or float64 |
//! | `points` | (…, m): times, counts or arguments; (…, 0) where there are none | float32 or float64 |
//! | `rewards` | (…, c · `n_vertices`), row by row, or (…, 0) | float32 or float64 |
//!
//! Results, in theta's type: values (…, k); with `wanted` 1 or more the first derivatives (…, k, v) in
//! the v variables, θ and for functions of points the point of each value; with `wanted` 2 those in the
//! rewards (…, k, r), with `wanted` 3 the second derivatives (…, k, v, v). Leading dimensions
//! broadcast. Attributes: `wanted`, `power` (int64), `tolerance` (float64).
//!
//! Arithmetic is double precision throughout. A row whose θ makes a rate negative, or whose numbers do not
//! exist, is NaN.

use std::sync::{Arc, Mutex, PoisonError};

use phasic_core::{Clock, CountCurve, Curve, Error, Jet, Numbers, Trace, Wanted};

use super::key::Keys;
use crate::abi;
use crate::batch::Rows;
use crate::call::Call;
use crate::failure::Failure;
use crate::pool::Pool;
use crate::trampoline;

/// What is asked for: attributes and one row of the operands give the numbers.
struct Question<'q> {
    power: usize,
    tolerance: f64,
    points: &'q [f64],
    rewards: &'q [f64],
}

type Ask = for<'q> fn(&Question<'q>) -> Numbers<'q>;

/// Name, handler and meaning of each function.
struct Function {
    name: &'static str,
    handler: abi::Handler,
    ask: Ask,
    /// Whether each value has a point of its own, which is a variable.
    of_points: bool,
    /// Whether `theta` is that of each epoch, followed by their starts.
    epochs: bool,
}

/// The handlers with their names, which change whenever operands, attributes or their meaning do:
/// JAX's persistent cache knows handlers by name only.
pub fn targets() -> impl Iterator<Item = (&'static str, abi::Handler)> {
    FUNCTIONS.iter().map(|function| (function.name, function.handler))
}

macro_rules! curve {
    ($index:literal, $name:literal, $curve:expr, $logarithm:literal) => {
        Function {
            name: $name,
            handler: handler::<$index>,
            ask: |q| Numbers::Curve {
                curve: $curve,
                logarithm: $logarithm,
                points: q.points,
                tolerance: q.tolerance,
            },
            of_points: true,
            epochs: false,
        }
    };
}

macro_rules! counts {
    ($index:literal, $name:literal, $curve:expr) => {
        Function {
            name: $name,
            handler: handler::<$index>,
            ask: |q| Numbers::Counts { curve: $curve, points: q.points, rewards: q.rewards },
            of_points: false,
            epochs: false,
        }
    };
}

macro_rules! epochs {
    ($index:literal, $name:literal, $curve:expr, $logarithm:literal) => {
        Function {
            name: $name,
            handler: handler::<$index>,
            ask: |q| Numbers::EpochCurve {
                curve: $curve,
                logarithm: $logarithm,
                points: q.points,
                tolerance: q.tolerance,
            },
            of_points: true,
            epochs: true,
        }
    };
}

macro_rules! reward {
    ($index:literal, $name:literal, $curve:expr, $logarithm:literal) => {
        Function {
            name: $name,
            handler: handler::<$index>,
            ask: |q| Numbers::RewardCurve {
                curve: $curve,
                logarithm: $logarithm,
                points: q.points,
                rewards: q.rewards,
                tolerance: q.tolerance,
            },
            of_points: true,
            epochs: false,
        }
    };
}

const FUNCTIONS: [Function; 30] = [
    Function {
        name: "phasic_moments_v1",
        handler: handler::<0>,
        ask: |q| Numbers::Moments { clock: Clock::Time, power: q.power, rewards: q.rewards },
        of_points: false,
        epochs: false,
    },
    Function {
        name: "phasic_moments_discrete_v1",
        handler: handler::<1>,
        ask: |q| Numbers::Moments { clock: Clock::Steps, power: q.power, rewards: q.rewards },
        of_points: false,
        epochs: false,
    },
    Function {
        name: "phasic_expectations_v1",
        handler: handler::<2>,
        ask: |q| Numbers::Expectations { rewards: q.rewards },
        of_points: false,
        epochs: false,
    },
    Function {
        name: "phasic_covariance_v1",
        handler: handler::<3>,
        ask: |q| Numbers::Covariance { clock: Clock::Time, rewards: q.rewards },
        of_points: false,
        epochs: false,
    },
    Function {
        name: "phasic_covariance_discrete_v1",
        handler: handler::<4>,
        ask: |q| Numbers::Covariance { clock: Clock::Steps, rewards: q.rewards },
        of_points: false,
        epochs: false,
    },
    Function {
        name: "phasic_laplace_v1",
        handler: handler::<5>,
        ask: |q| Numbers::Laplace { points: q.points, rewards: q.rewards },
        of_points: true,
        epochs: false,
    },
    curve!(6, "phasic_pdf_v1", Curve::Density, false),
    curve!(7, "phasic_logpdf_v1", Curve::Density, true),
    curve!(8, "phasic_cdf_v1", Curve::Absorbed, false),
    curve!(9, "phasic_logcdf_v1", Curve::Absorbed, true),
    curve!(10, "phasic_sf_v1", Curve::Survival, false),
    curve!(11, "phasic_logsf_v1", Curve::Survival, true),
    counts!(12, "phasic_pmf_v1", CountCurve::Mass),
    counts!(13, "phasic_logpmf_v1", CountCurve::LogMass),
    counts!(14, "phasic_cdf_discrete_v1", CountCurve::Below),
    counts!(15, "phasic_sf_discrete_v1", CountCurve::Above),
    Function {
        name: "phasic_occupancy_v1",
        handler: handler::<16>,
        ask: |q| Numbers::Located { points: q.points, tolerance: q.tolerance },
        of_points: true,
        epochs: false,
    },
    epochs!(17, "phasic_epochs_pdf_v1", Curve::Density, false),
    epochs!(18, "phasic_epochs_logpdf_v1", Curve::Density, true),
    epochs!(19, "phasic_epochs_cdf_v1", Curve::Absorbed, false),
    epochs!(20, "phasic_epochs_sf_v1", Curve::Survival, false),
    epochs!(21, "phasic_epochs_logsf_v1", Curve::Survival, true),
    Function {
        name: "phasic_epochs_log_likelihood_v1",
        handler: handler::<22>,
        ask: |q| Numbers::EpochLogLikelihood { points: q.points, tolerance: q.tolerance },
        of_points: false,
        epochs: true,
    },
    Function {
        name: "phasic_epochs_moments_v1",
        handler: handler::<23>,
        ask: |q| Numbers::EpochMoments {
            power: q.power,
            rewards: q.rewards,
            tolerance: q.tolerance,
        },
        of_points: false,
        epochs: true,
    },
    reward!(24, "phasic_pdf_reward_v1", Curve::Density, false),
    reward!(25, "phasic_logpdf_reward_v1", Curve::Density, true),
    reward!(26, "phasic_cdf_reward_v1", Curve::Absorbed, false),
    reward!(27, "phasic_logcdf_reward_v1", Curve::Absorbed, true),
    reward!(28, "phasic_sf_reward_v1", Curve::Survival, false),
    reward!(29, "phasic_logsf_reward_v1", Curve::Survival, true),
];

/// The custom call of a function.
///
/// # Safety
/// To be called by XLA only.
unsafe extern "C" fn handler<const INDEX: usize>(frame: *mut abi::CallFrame) -> *mut abi::Error {
    // SAFETY: XLA passes its call frame.
    unsafe { trampoline::enter(frame, |call| run(call, &FUNCTIONS[INDEX])) }
}

fn run(call: &mut Call<'_>, function: &Function) -> Result<(), Failure> {
    let values = call.result_dims(0, "values")?;
    let Some((&k, batch)) = values.split_last() else {
        return Err(Failure::invalid("result `values`: expected (…, k), got a scalar"));
    };
    let k = k as usize;
    let request = Request::read(call, function, batch)?;
    let shapes = request.shapes(k);
    let names = ["values", "derivatives", "further derivatives"];
    let used: Vec<(usize, &[usize])> = shapes
        .iter()
        .map(Vec::as_slice)
        .enumerate()
        .filter(|(_, shape)| !shape.is_empty())
        .collect();
    for &(index, shape) in &used {
        call.check_result(index, names[index], batch, shape)?;
    }
    let widths: Vec<usize> = used.iter().map(|(_, shape)| shape.iter().product()).collect();
    let table = request.evaluate(&call.pool(), &widths)?;
    let (width, result_type) = (widths.iter().sum::<usize>(), request.theta.dtype);
    let mut first = 0;
    for (&(index, _), &own) in used.iter().zip(&widths) {
        let entry = |i: usize| table[i / own * width + first + i % own];
        call.write(index, names[index], result_type, (0..request.rows * own).map(entry))?;
        first += own;
    }
    Ok(())
}

/// The operands and attributes of one call.
struct Request<'a> {
    function: &'a Function,
    rows: usize,
    keys: Keys<'a>,
    theta: Rows<'a>,
    points: Rows<'a>,
    rewards: Rows<'a>,
    power: usize,
    tolerance: f64,
    wanted: Wanted,
}

impl<'a> Request<'a> {
    fn read(call: &Call<'a>, function: &'a Function, batch: &[i64]) -> Result<Self, Failure> {
        let rows = |index, name| Rows::new(&call.operand(index, name)?, batch);
        let wanted = match call.integer("wanted")? {
            0 => Wanted::Values,
            1 => Wanted::First,
            2 => Wanted::FirstAndRewards,
            3 => Wanted::Second,
            other => {
                let message = format!("attribute `wanted`: expected 0 to 3, got {other}");
                return Err(Failure::invalid(message));
            }
        };
        let power = usize::try_from(call.integer("power")?)
            .map_err(|_| Failure::invalid("attribute `power`: expected at least 0"))?;
        Ok(Self {
            function,
            rows: batch.iter().map(|&dim| dim as usize).product(),
            keys: Keys::read(call, batch)?,
            theta: rows(1, "theta")?,
            points: rows(2, "points")?,
            rewards: rows(3, "rewards")?,
            power,
            tolerance: call.double("tolerance")?,
            wanted,
        })
    }

    /// Of one row's results; empty for those that are not wanted.
    fn shapes(&self, k: usize) -> [Vec<usize>; 3] {
        let v = self.theta.width + usize::from(self.function.of_points);
        let r = self.rewards.width;
        let (first, further) = match self.wanted {
            Wanted::Values => (vec![], vec![]),
            Wanted::First => (vec![k, v], vec![]),
            Wanted::FirstAndRewards => (vec![k, v], vec![k, r]),
            Wanted::Second => (vec![k, v], vec![k, v, v]),
        };
        [vec![k], first, further]
    }

    /// All results of every row of the batch, side by side.
    fn evaluate(&self, pool: &Pool<'_>, widths: &[usize]) -> Result<Vec<f64>, Failure> {
        let theta = (!self.function.epochs).then_some(self.theta.width);
        let traces = self.keys.traces(self.rows, theta, self.rewards.width)?;
        let sweeps = match self.wanted {
            Wanted::Values => 1,
            Wanted::First | Wanted::FirstAndRewards => 3,
            Wanted::Second => 6 * self.theta.width,
        } as u64;
        let cost =
            |trace: &Arc<Trace>| 100 * (3 + trace.graph().n_edges() + self.points.width) as u64;
        let cost = sweeps * traces.iter().map(cost).max().unwrap_or(0);
        let width = widths.iter().sum();
        let mut table = vec![0.0; self.rows * width];
        let failures = Mutex::new(None);
        pool.for_each_row(&mut table, width, cost, |row, out| {
            let trace = &traces[self.keys.broadcast.row(row)];
            match self.jet(trace, row) {
                Ok(jet) => {
                    let parts = [jet.values, jet.first, jet.second, jet.rewards];
                    let given: usize = parts.iter().map(Vec::len).sum();
                    let expected = out.len();
                    if given == expected {
                        let slots = out.iter_mut().zip(parts.iter().flatten());
                        slots.for_each(|(slot, &part)| *slot = part);
                    } else {
                        let message =
                            format!("results of {expected} numbers expected, got {given}");
                        fail(&failures, Failure::invalid(message));
                    }
                }
                Err(error) if is_of_the_numbers(&error) => out.fill(f64::NAN),
                Err(error) => fail(&failures, Failure::invalid(error.to_string())),
            }
        });
        match failures.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure),
            None => Ok(table),
        }
    }

    fn jet(&self, trace: &Arc<Trace>, row: usize) -> Result<Jet, Error> {
        let theta = self.theta.get(self.theta.broadcast.row(row));
        let points = self.points.get(self.points.broadcast.row(row));
        let rewards = self.rewards.get(self.rewards.broadcast.row(row));
        let question = Question {
            power: self.power,
            tolerance: self.tolerance,
            points: &points,
            rewards: &rewards,
        };
        (self.function.ask)(&question).jet(trace, &theta, self.wanted)
    }
}

fn fail(failures: &Mutex<Option<Failure>>, failure: Failure) {
    let mut first = failures.lock().unwrap_or_else(PoisonError::into_inner);
    first.get_or_insert(failure);
}

/// Whether an error is of the numbers given, rather than of their shapes or of what can be computed: a compiled
/// program goes on.
fn is_of_the_numbers(error: &Error) -> bool {
    !matches!(
        error,
        Error::Length { .. }
            | Error::ThetaLength { .. }
            | Error::RewardLength { .. }
            | Error::NoContour { .. }
    )
}

#[cfg(test)]
mod tests;
