//! The one place where errors of the core become Python exceptions.

use phasic_core::Error;
use pyo3::exceptions::{PyIndexError, PyKeyboardInterrupt, PyValueError};
use pyo3::prelude::*;

pyo3::create_exception!(
    phasic,
    TraceFormatError,
    PyValueError,
    "Bytes that are not a valid trace: truncated, altered, or of another format version.\n\n\
     Example:\n\
     \x20 >>> try:\n\
     \x20 ...     phasic.Trace.from_bytes(b'not a trace')\n\
     \x20 ... except phasic.TraceFormatError as error:\n\
     \x20 ...     print(type(error).__mro__[1].__name__)\n\
     \x20 ValueError\n"
);

pyo3::create_exception!(
    phasic,
    TooLargeToFactor,
    PyValueError,
    "The elimination of a graph is predicted to cost more than 1e11 multiply-adds or 8 GiB. It is a ValueError.\n\n\
     `Graph.trace` records all the same. `Graph.expectation`, `expected_waiting_time` and\n\
     `expected_residence_time` need no elimination; see the concepts page on large chains.\n\n\
     Attributes:\n\
     \x20   multiply_adds: Predicted multiply-adds of one elimination.\n\
     \x20   bytes: Predicted bytes of trace and factors.\n\n\
     Example:\n\
     \x20   >>> issubclass(phasic.TooLargeToFactor, ValueError)\n\
     \x20   True"
);

pub(crate) fn raise(error: Error) -> PyErr {
    match error {
        Error::TraceFormat { .. } => TraceFormatError::new_err(error.to_string()),
        Error::TooLargeToFactor { multiply_adds, bytes, .. } => {
            too_large(&error, multiply_adds, bytes)
        }
        Error::NoSuchVertex { .. } => PyIndexError::new_err(error.to_string()),
        Error::Interrupted => {
            Python::attach(PyErr::take).unwrap_or_else(|| PyKeyboardInterrupt::new_err(()))
        }
        _ => PyValueError::new_err(error.to_string()),
    }
}

fn too_large(error: &Error, multiply_adds: f64, bytes: f64) -> PyErr {
    let raised = TooLargeToFactor::new_err(error.to_string());
    let told = Python::attach(|py| {
        let value = raised.value(py);
        value.setattr("multiply_adds", multiply_adds)?;
        value.setattr("bytes", bytes)
    });
    told.err().unwrap_or(raised)
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
