//! `phasic_log_likelihood_v3`: weighted log-likelihood of observations, with its gradient and Hessian
//! in the parameters.
//!
//! | operand | shape | type |
//! | --- | --- | --- |
//! | `key` | (…, 8) | uint32: the trace's key as little-endian words |
//! | `theta` | (…, p) | float32 or float64 |
//! | `lower`, `upper`, `weights` | (…, m) | float32 or float64 |
//! | `rewards` | (…, r), r = number of vertices or 0 | float32 or float64 |
//!
//! Equal bounds are an exact observation, others the event lower < T ≤ upper; a condition on what could
//! be seen is an event of negative weight (see [`LogLikelihood::of_events`]).
//!
//! Results, in theta's type: log-likelihood (…), from `order = 1` on the gradient (…, p), for `order =
//! 2` the Hessian (…, p, p). Leading dimensions broadcast to those of the first result. Attributes:
//! `order` (int64, 0 to 2), `discrete` (int64, 0 or 1), `tolerance` (float64).
//!
//! Arithmetic is double precision throughout. Rows of the batch that share trace and data share one
//! prepared likelihood, and of equal neighbours only the first is evaluated: who fills up a batch with
//! copies of a row pays for one.

use std::collections::HashMap;
use std::sync::Arc;

use phasic_core::{Law, LogLikelihood, Trace};

use super::key::{Keys, flag};
use crate::abi;
use crate::batch::Rows;
use crate::call::Call;
use crate::failure::Failure;
use crate::pool::Pool;
use crate::trampoline;

/// The name under which the handler is registered. It changes whenever operands, attributes or
/// their meaning do, because JAX's persistent cache knows handlers by name only.
pub const NAME: &str = "phasic_log_likelihood_v3";

/// The custom call.
///
/// # Safety
/// To be called by XLA only.
pub unsafe extern "C" fn handler(frame: *mut abi::CallFrame) -> *mut abi::Error {
    // SAFETY: XLA passes its call frame.
    unsafe { trampoline::enter(frame, run) }
}

fn run(call: &mut Call<'_>) -> Result<(), Failure> {
    let order = match call.integer("order")? {
        order @ 0..=2 => order as usize,
        other => {
            let message = format!("attribute `order`: expected 0 to 2, got {other}");
            return Err(Failure::invalid(message));
        }
    };
    let batch = call.result_dims(0, "log-likelihood")?;
    let request = Request::read(call, batch)?;
    let p = request.theta.width;
    let results: [(&'static str, &[usize]); 3] =
        [("log-likelihood", &[]), ("gradient", &[p]), ("hessian", &[p, p])];
    for (index, (name, shape)) in results.iter().enumerate().take(order + 1).skip(1) {
        call.check_result(index, name, batch, shape)?;
    }
    let width = (0..=order as u32).map(|power| p.pow(power)).sum();
    let (table, place_of) = request.evaluate(&call.pool(), order, width)?;
    let mut first = 0;
    for (index, (name, shape)) in results.iter().enumerate().take(order + 1) {
        let own: usize = shape.iter().product();
        let entry = |i: usize| table[place_of[i / own] * width + first + i % own];
        let len = request.rows * own;
        call.write(index, name, request.theta.dtype, (0..len).map(entry))?;
        first += own;
    }
    Ok(())
}

/// Operand rows of key, bounds, weights and rewards: what one prepared likelihood depends on.
type Source = [usize; 5];

/// The operands and attributes of one call.
struct Request<'a> {
    /// Rows of the batch.
    rows: usize,
    keys: Keys<'a>,
    theta: Rows<'a>,
    lower: Rows<'a>,
    upper: Rows<'a>,
    weights: Rows<'a>,
    rewards: Rows<'a>,
    law: Law,
    tolerance: f64,
}

impl<'a> Request<'a> {
    fn read(call: &Call<'a>, batch: &[i64]) -> Result<Self, Failure> {
        let rows = |index, name| Rows::new(&call.operand(index, name)?, batch);
        let (lower, upper, weights) = (rows(2, "lower")?, rows(3, "upper")?, rows(4, "weights")?);
        for (name, given) in [("upper", upper.width), ("weights", weights.width)] {
            let expected = lower.width;
            if given != expected {
                let message = format!(
                    "`{name}`: expected one per lower bound or value ({expected}), got {given}"
                );
                return Err(Failure::invalid(message));
            }
        }
        Ok(Self {
            rows: batch.iter().map(|&dim| dim as usize).product(),
            keys: Keys::read(call, batch)?,
            theta: rows(1, "theta")?,
            lower,
            upper,
            weights,
            rewards: rows(5, "rewards")?,
            law: if flag(call, "discrete")? { Law::Discrete } else { Law::Continuous },
            tolerance: call.double("tolerance")?,
        })
    }

    /// Log-likelihood, gradient and Hessian, as far as they are wanted, of every row of the batch: a
    /// table, and for each row its place in it.
    fn evaluate(
        &self,
        pool: &Pool<'_>,
        order: usize,
        width: usize,
    ) -> Result<(Vec<f64>, Vec<usize>), Failure> {
        let (sources, source_of) = self.sources();
        let traces: Vec<Arc<Trace>> =
            sources.iter().map(|source| self.trace(source)).collect::<Result<_, _>>()?;
        let cost = |trace: &Arc<Trace>| nanoseconds(trace, self.lower.width);
        let cost = traces.iter().map(cost).max().unwrap_or(0);
        let prepared = match sources.as_slice() {
            [source] => vec![self.prepare(&traces[0], source)?],
            _ => self.prepare_all(pool, &traces, &sources, cost)?,
        };
        let (distinct, place_of) = self.distinct(&source_of);
        let mut table = vec![0.0; distinct.len() * width];
        let sweeps = [1, 3, 3 + self.theta.width as u64][order];
        pool.for_each_row(&mut table, width, sweeps * cost, |place, out| {
            let row = distinct[place];
            let theta = self.theta.get(self.theta.broadcast.row(row));
            let likelihood = &prepared[source_of.get(row).map_or(0, |&source| source)];
            let (value, derivatives) = out.split_at_mut(1);
            let (gradient, hessian) = derivatives.split_at_mut(theta.len().min(derivatives.len()));
            value[0] = match order {
                0 => likelihood.value(&theta),
                1 => likelihood.value_and_gradient(&theta, gradient),
                _ => likelihood.value_and_hessian(&theta, gradient, hessian),
            };
        });
        Ok((table, place_of))
    }

    /// Rows that differ from the row before them in source or in a bit of theta, and for each row of the
    /// batch the place of its equal among them.
    fn distinct(&self, source_of: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let theta = |row| self.theta.get(self.theta.broadcast.row(row));
        let equal = |row: usize| {
            let (one, other) = (theta(row - 1), theta(row));
            source_of.get(row - 1) == source_of.get(row)
                && one.iter().zip(other.iter()).all(|(a, b)| a.to_bits() == b.to_bits())
        };
        let mut distinct = Vec::with_capacity(self.rows);
        let place = |row: usize| {
            if row == 0 || !equal(row) {
                distinct.push(row);
            }
            distinct.len() - 1
        };
        let place_of = (0..self.rows).map(place).collect();
        (distinct, place_of)
    }

    /// The distinct sources in order of first use, and for each row of the batch the index of its
    /// own, or nothing if all rows have one source.
    fn sources(&self) -> (Vec<Source>, Vec<usize>) {
        let data = [&self.lower, &self.upper, &self.weights, &self.rewards];
        let [lower, upper, weights, rewards] = data.map(|rows| &rows.broadcast);
        let operands = [&self.keys.broadcast, lower, upper, weights, rewards];
        if self.rows > 0 && operands.iter().all(|operand| operand.is_single()) {
            return (vec![Source::default()], Vec::new());
        }
        let mut sources: Vec<Source> = Vec::new();
        let mut known: HashMap<Source, usize> = HashMap::new();
        let mut index_of = |row: usize| {
            let source = operands.map(|operand| operand.row(row));
            if sources.last() == Some(&source) {
                return sources.len() - 1;
            }
            *known.entry(source).or_insert_with(|| {
                sources.push(source);
                sources.len() - 1
            })
        };
        let source_of = (0..self.rows).map(&mut index_of).collect();
        (sources, source_of)
    }

    /// The trace of a source, which must fit theta and rewards.
    fn trace(&self, source: &Source) -> Result<Arc<Trace>, Failure> {
        let given = self.rewards.width;
        let trace = self.keys.trace(source[0], Some(self.theta.width), given)?;
        let expected = trace.n_vertices();
        if given > expected {
            return Err(Failure::invalid(format!(
                "`rewards`: expected {expected} entries, one per vertex, or none, got {given}"
            )));
        }
        Ok(trace)
    }

    fn prepare_all<'t>(
        &self,
        pool: &Pool<'_>,
        traces: &'t [Arc<Trace>],
        sources: &[Source],
        cost: u64,
    ) -> Result<Vec<LogLikelihood<'t>>, Failure> {
        let mut prepared: Vec<Option<Result<LogLikelihood<'t>, Failure>>> = Vec::new();
        prepared.resize_with(sources.len(), || None);
        pool.for_each_row(&mut prepared, 1, cost, |index, slot| {
            slot[0] = Some(self.prepare(&traces[index], &sources[index]));
        });
        prepared.into_iter().flatten().collect()
    }

    fn prepare<'t>(&self, trace: &'t Trace, source: &Source) -> Result<LogLikelihood<'t>, Failure> {
        let (lower, upper) = (self.lower.get(source[1]), self.upper.get(source[2]));
        let (weights, rewards) = (self.weights.get(source[3]), self.rewards.get(source[4]));
        let (law, tolerance) = (self.law, self.tolerance);
        LogLikelihood::of_events(trace, law, &lower, &upper, &weights, &rewards, tolerance)
            .map_err(|error| Failure::invalid(error.to_string()))
    }
}

/// A lower bound of the time of one log-likelihood. Stiff models take a thousand times as long,
/// which only shows while they are evaluated.
fn nanoseconds(trace: &Trace, observations: usize) -> u64 {
    100 * (3 + trace.graph().n_edges() + observations) as u64
}

#[cfg(test)]
mod tests;
