//! `phasic_log_likelihood_v2`: weighted log-likelihood of observations, and its gradient in the
//! parameters.
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
//! Results: log-likelihood (…), and for `order = 1` the gradient (…, p), in theta's type. Leading
//! dimensions broadcast to those of the first result. Attributes: `order` (int64, 0 or 1),
//! `discrete` (int64, 0 or 1), `tolerance` (float64).
//!
//! Arithmetic is double precision throughout. Rows of the batch that share trace and data share one
//! prepared likelihood.

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
pub const NAME: &str = "phasic_log_likelihood_v2";

/// The custom call.
///
/// # Safety
/// To be called by XLA only.
pub unsafe extern "C" fn handler(frame: *mut abi::CallFrame) -> *mut abi::Error {
    // SAFETY: XLA passes its call frame.
    unsafe { trampoline::enter(frame, run) }
}

fn run(call: &mut Call<'_>) -> Result<(), Failure> {
    let with_gradient = flag(call, "order")?;
    let batch = call.result_dims(0, "log-likelihood")?;
    let request = Request::read(call, &batch)?;
    let parameters = request.theta.width;
    if with_gradient {
        let mut expected = batch;
        expected.push(parameters);
        let given = call.result_dims(1, "gradient")?;
        if given != expected {
            let message = format!("result `gradient`: expected shape {expected:?}, got {given:?}");
            return Err(Failure::invalid(message));
        }
    }
    let width = if with_gradient { 1 + parameters } else { 1 };
    let table = request.evaluate(&call.pool(), width)?;
    let result_type = request.theta.dtype;
    let values = table.chunks_exact(width).map(|row| row[0]);
    call.write(0, "log-likelihood", result_type, values)?;
    if with_gradient {
        let entry = |i: usize| table[i / parameters * width + 1 + i % parameters];
        let gradient = (0..request.rows * parameters).map(entry);
        call.write(1, "gradient", result_type, gradient)?;
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
    fn read(call: &Call<'a>, batch: &[usize]) -> Result<Self, Failure> {
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
            rows: batch.iter().product(),
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

    /// Log-likelihood, and gradient if `width` leaves room for it, of every row of the batch.
    fn evaluate(&self, pool: &Pool<'_>, width: usize) -> Result<Vec<f64>, Failure> {
        let (sources, source_of) = self.sources();
        let traces: Vec<Arc<Trace>> =
            sources.iter().map(|source| self.trace(source)).collect::<Result<_, _>>()?;
        let cost = |trace: &Arc<Trace>| nanoseconds(trace, self.lower.width);
        let cost = traces.iter().map(cost).max().unwrap_or(0);
        let mut prepared: Vec<Option<Result<LogLikelihood<'_>, Failure>>> = Vec::new();
        prepared.resize_with(sources.len(), || None);
        pool.for_each_row(&mut prepared, 1, cost, |index, slot| {
            slot[0] = Some(self.prepare(&traces[index], &sources[index]));
        });
        let prepared: Vec<LogLikelihood<'_>> =
            prepared.into_iter().flatten().collect::<Result<_, _>>()?;
        let mut table = vec![0.0; self.rows * width];
        let sweeps = if width > 1 { 3 } else { 1 };
        pool.for_each_row(&mut table, width, sweeps * cost, |row, out| {
            let theta = self.theta.get(self.theta.broadcast.row(row));
            let likelihood = &prepared[source_of[row]];
            out[0] = match &mut out[1..] {
                [] => likelihood.value(&theta),
                gradient => likelihood.value_and_gradient(&theta, gradient),
            };
        });
        Ok(table)
    }

    /// The distinct sources in order of first use, and for each row of the batch the index of its
    /// own.
    fn sources(&self) -> (Vec<Source>, Vec<usize>) {
        let data = [&self.lower, &self.upper, &self.weights, &self.rewards];
        let [lower, upper, weights, rewards] = data.map(|rows| &rows.broadcast);
        let operands = [&self.keys.broadcast, lower, upper, weights, rewards];
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
        let trace = self.keys.trace(source[0], self.theta.width, given)?;
        let expected = trace.n_vertices();
        if given > expected {
            return Err(Failure::invalid(format!(
                "`rewards`: expected {expected} entries, one per vertex, or none, got {given}"
            )));
        }
        Ok(trace)
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
