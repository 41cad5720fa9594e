//! The operand that names the trace of each row of a batch.

use std::sync::Arc;

use phasic_core::{Trace, TraceKey};

use crate::batch::Broadcast;
use crate::call::Call;
use crate::failure::Failure;
use crate::registry;

/// A key is 32 bytes.
const WORDS: usize = 8;

/// Keys as rows that broadcast over a batch.
pub struct Keys<'a> {
    words: &'a [u32],
    pub broadcast: Broadcast,
}

impl<'a> Keys<'a> {
    /// Operand 0: (…, 8) uint32, little-endian words.
    pub fn read(call: &Call<'a>, batch: &[i64]) -> Result<Self, Failure> {
        let key = call.operand(0, "key")?;
        if key.rows()?.1 != WORDS {
            let dims = key.dims();
            let message = format!("`key`: expected {WORDS} words, got shape {dims:?}");
            return Err(Failure::invalid(message));
        }
        Ok(Self { words: key.words()?, broadcast: Broadcast::new(&key, batch)? })
    }

    /// The trace of each operand row, for a batch of so many rows; see [`Self::trace`].
    pub fn traces(
        &self,
        batch_rows: usize,
        theta: Option<usize>,
        rewards: usize,
    ) -> Result<Vec<Arc<Trace>>, Failure> {
        let rows = if batch_rows == 0 { 0 } else { self.words.len() / WORDS };
        (0..rows).map(|row| self.trace(row, theta, rewards)).collect()
    }

    /// The trace of an operand row, which must fit θ, if given, and rewards of these widths.
    pub fn trace(
        &self,
        row: usize,
        theta: Option<usize>,
        rewards: usize,
    ) -> Result<Arc<Trace>, Failure> {
        let mut key = TraceKey([0; 4 * WORDS]);
        for (bytes, word) in key.0.chunks_exact_mut(4).zip(&self.words[WORDS * row..]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let trace = registry::get_or_load(&key).ok_or_else(|| {
            Failure::not_found(format!(
                "trace {key} is neither in this process nor in its cache: build the model here once \
                 (graph.model()), read it with phasic.Model.load(path), or set PHASIC_CACHE_DIR to a cache \
                 that holds it"
            ))
        })?;
        let expected = trace.n_parameters();
        if let Some(theta) = theta.filter(|&theta| theta != expected) {
            return Err(Failure::invalid(format!(
                "`theta`: expected {expected} parameters, as in trace {key}, got {theta}"
            )));
        }
        let expected = trace.n_vertices();
        if !rewards.is_multiple_of(expected) {
            return Err(Failure::invalid(format!(
                "`rewards`: expected {expected} entries, one per vertex of trace {key}, or none, \
                 got {rewards}"
            )));
        }
        Ok(trace)
    }
}

/// An integer attribute that is 0 or 1.
pub fn flag(call: &Call<'_>, name: &'static str) -> Result<bool, Failure> {
    match call.integer(name)? {
        0 => Ok(false),
        1 => Ok(true),
        value => Err(Failure::invalid(format!("attribute `{name}`: expected 0 or 1, got {value}"))),
    }
}
