//! Bytes of any Python object that shows them: `bytes`, `memoryview`, a mapped file, an array.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;

/// Contiguous bytes that Python code cannot write to: those of a read-only buffer, kept alive and not copied,
/// or a copy of those of any other.
pub(crate) enum Bytes {
    Shared(PyBuffer<u8>),
    Copied(Vec<u8>),
}

impl FromPyObject<'_, '_> for Bytes {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let buffer = PyBuffer::<u8>::get(&object)?;
        if !buffer.is_c_contiguous() {
            return Err(PyBufferError::new_err("the bytes must lie in one piece"));
        }
        if buffer.readonly() {
            return Ok(Self::Shared(buffer));
        }
        buffer.to_vec(object.py()).map(Self::Copied)
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Copied(bytes) => bytes,
            Self::Shared(buffer) if buffer.len_bytes() == 0 => &[],
            // SAFETY: the exporter keeps `len_bytes` contiguous bytes at `buf_ptr` in place until the buffer
            // is released, which is when it is dropped, and the result does not outlive it. The
            // exporter calls them read-only; that no other view of the memory is written to is what the
            // callers in the `phasic` package promise: they pass `bytes`, and maps of private files that are
            // only ever replaced or unlinked.
            Self::Shared(buffer) => unsafe {
                std::slice::from_raw_parts(buffer.buf_ptr().cast(), buffer.len_bytes())
            },
        }
    }
}
