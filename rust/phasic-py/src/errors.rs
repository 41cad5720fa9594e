//! The one place where errors of the core become Python exceptions.

use phasic_core::Error;
use pyo3::exceptions::{PyIndexError, PyKeyboardInterrupt, PyValueError};
use pyo3::prelude::*;

pyo3::create_exception!(
    phasic,
    TraceFormatError,
    PyValueError,
    "Bytes that are not a valid trace: truncated, altered, or of another format version."
);

pub(crate) fn raise(error: Error) -> PyErr {
    match error {
        Error::TraceFormat { .. } => TraceFormatError::new_err(error.to_string()),
        Error::NoSuchVertex { .. } => PyIndexError::new_err(error.to_string()),
        Error::Interrupted => {
            Python::attach(PyErr::take).unwrap_or_else(|| PyKeyboardInterrupt::new_err(()))
        }
        _ => PyValueError::new_err(error.to_string()),
    }
}

/// Whether a signal handler of Python has raised. The exception is kept for [`raise`].
pub(crate) fn interrupted() -> bool {
    Python::attach(|py| match py.check_signals() {
        Ok(()) => false,
        Err(raised) => {
            raised.restore(py);
            true
        }
    })
}
