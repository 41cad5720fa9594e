//! The traces of this process, by content hash.
//!
//! A compiled program names a trace by its 32-byte key; handlers find it here, and what is not here
//! they ask the [`set_loader`] for. The registry keeps traces alive: it drops one only when [`remove`]
//! is called.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock};

use phasic_core::{Trace, TraceKey};

/// Traces by key.
type Traces = HashMap<TraceKey, Arc<Trace>, BuildHasherDefault<Prefix>>;

static TRACES: LazyLock<RwLock<Traces>> = LazyLock::new(RwLock::default);

/// Takes the first eight bytes of a key for its hash: a key is a content hash already.
#[derive(Default)]
struct Prefix(u64);

impl Hasher for Prefix {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(&prefix) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(prefix);
        }
    }

    /// The length of the key: every key has the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Finds the trace of a key outside of this process, such as in a cache.
pub type Loader = fn(&TraceKey) -> Option<Arc<Trace>>;

static LOADER: OnceLock<Loader> = OnceLock::new();

/// Sets where traces come from that are not registered. Only the first call has an effect.
pub fn set_loader(loader: Loader) {
    let _ = LOADER.set(loader);
}

/// The trace of this key: registered, or else loaded and registered.
#[must_use]
pub fn get_or_load(key: &TraceKey) -> Option<Arc<Trace>> {
    let found = get(key);
    if found.is_some() {
        return found;
    }
    let trace = LOADER.get().and_then(|load| load(key)).filter(|trace| trace.key() == *key)?;
    insert(Arc::clone(&trace));
    Some(trace)
}

/// Registers a trace under its own key and returns the key.
///
/// The key is a content hash, so a trace that is already registered under it is equal and is kept.
pub fn insert(trace: Arc<Trace>) -> TraceKey {
    let key = trace.key();
    let mut traces = TRACES.write().unwrap_or_else(PoisonError::into_inner);
    traces.entry(key).or_insert(trace);
    key
}

/// The trace of this key, if it is registered.
#[must_use]
pub fn get(key: &TraceKey) -> Option<Arc<Trace>> {
    TRACES.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
}

/// Whether a trace of this key is registered.
#[must_use]
pub fn contains(key: &TraceKey) -> bool {
    TRACES.read().unwrap_or_else(PoisonError::into_inner).contains_key(key)
}

/// Takes the trace of this key out of the registry. Calls that are running keep it alive until they
/// end.
pub fn remove(key: &TraceKey) -> Option<Arc<Trace>> {
    TRACES.write().unwrap_or_else(PoisonError::into_inner).remove(key)
}
