//! The Python extension module `phasic._core`: thin classes over `phasic-core`.

#![expect(
    rustdoc::broken_intra_doc_links,
    reason = "documentation of classes is Python's, with examples in Python"
)]

mod arrays;
mod bytes;
mod derivatives;
mod distribution;
mod epochs;
mod errors;
mod explore;
mod gradients;
mod graph;
mod iterate;
mod joint;
mod limits;
mod marked;
mod rewarded;
mod sample;
mod trace;

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Name and address of every XLA handler, for `jax.ffi.register_ffi_target`. From now on handlers find
/// traces that are not registered in the cache.
#[pyfunction]
fn xla_targets() -> HashMap<&'static str, usize> {
    phasic_xla::registry::set_loader(trace::from_cache);
    phasic_xla::targets().into_iter().collect()
}

/// BLAKE3-256 of a contiguous buffer, over threads where it is large, without the GIL.
#[pyfunction]
fn blake3(py: Python<'_>, data: bytes::Bytes) -> Bound<'_, PyBytes> {
    PyBytes::new(py, &py.detach(|| phasic_core::digest(data.as_ref())))
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<graph::GraphBuilder>()?;
    module.add_class::<graph::FrozenGraph>()?;
    module.add_class::<trace::Trace>()?;
    module.add_class::<iterate::Iterative>()?;
    module.add_class::<limits::Limits>()?;
    module.add_class::<sample::Sampler>()?;
    module.add_class::<epochs::Epochs>()?;
    module.add_function(wrap_pyfunction!(xla_targets, module)?)?;
    module.add_function(wrap_pyfunction!(blake3, module)?)?;
    module.add_function(wrap_pyfunction!(iterate::defect, module)?)?;
    module.add("TooLargeToFactor", module.py().get_type::<errors::TooLargeToFactor>())?;
    module.add("TraceFormatError", module.py().get_type::<errors::TraceFormatError>())?;
    Ok(())
}
