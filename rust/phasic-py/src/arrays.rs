//! NumPy in and out.

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{
    PyByteArray, PyBytes, PyDict, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple,
};

/// Characters of an object that a message shows.
const SHOWN: usize = 200;

/// A one-dimensional float64 array, read without a copy where it is contiguous.
pub(crate) type Doubles<'py> = PyReadonlyArray1<'py, f64>;

/// The values of an array as a vector: NumPy's buffer may change while the GIL is released.
pub(crate) fn vector(array: &Doubles<'_>) -> Vec<f64> {
    array.as_array().to_vec()
}

pub(crate) fn optional(array: Option<&Doubles<'_>>) -> Option<Vec<f64>> {
    array.map(vector)
}

/// An `(n, width)` array from its flat values.
pub(crate) fn matrix(
    py: Python<'_>,
    flat: Vec<i32>,
    n: usize,
    width: usize,
) -> PyResult<Bound<'_, PyArray2<i32>>> {
    PyArray1::from_vec(py, flat).reshape([n, width])
}

/// A state from anything that NumPy or Python takes for a sequence of whole numbers.
pub(crate) fn state(given: &Bound<'_, PyAny>) -> PyResult<Vec<i32>> {
    let mut entries = Vec::new();
    if read_state(given, &mut entries)? {
        return Ok(entries);
    }
    let message = format!("a state must be a sequence of whole numbers, not {}", shown(given));
    Err(PyValueError::new_err(message))
}

/// Appends the entries of a state, as [`state`] reads them; false if it is no sequence of numbers.
pub(crate) fn read_state(given: &Bound<'_, PyAny>, entries: &mut Vec<i32>) -> PyResult<bool> {
    if let Ok(tuple) = given.cast::<PyTuple>() {
        for entry in tuple.iter_borrowed() {
            let Some(entry) = whole(&entry)? else { return Ok(false) };
            entries.push(entry);
        }
    } else if let Ok(list) = given.cast::<PyList>() {
        for entry in list.iter() {
            let Some(entry) = whole(&entry)? else { return Ok(false) };
            entries.push(entry);
        }
    } else if let Ok(array) = given.extract::<PyReadonlyArray1<'_, i32>>() {
        entries.extend(array.as_array());
    } else if let Ok(array) = given.extract::<PyReadonlyArray1<'_, i64>>() {
        for &entry in array.as_array() {
            entries.push(i32::try_from(entry).map_err(|_| not_whole(&entry, ""))?);
        }
    } else {
        if unordered(given) {
            return Ok(false);
        }
        let Some(iterator) = unless_type_error(given.py(), given.try_iter())? else {
            return Ok(false);
        };
        for entry in iterator {
            let Some(entry) = whole(&entry?)? else { return Ok(false) };
            entries.push(entry);
        }
    }
    Ok(true)
}

/// An entry of a state; None if it is no number.
fn whole(entry: &Bound<'_, PyAny>) -> PyResult<Option<i32>> {
    if entry.is_instance_of::<PyInt>() {
        return entry.extract::<i32>().map(Some).map_err(|_| not_whole(entry, ""));
    }
    let Some(entry) = double(entry)? else { return Ok(None) };
    whole_double(entry).map(Some).ok_or_else(|| not_whole(&entry, ""))
}

/// A number as a float; None if it is no number.
pub(crate) fn double(given: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
    unless_type_error(given.py(), given.extract())
}

/// The value, or None in place of a `TypeError`; other exceptions are the user's own.
pub(crate) fn unless_type_error<T>(py: Python<'_>, tried: PyResult<T>) -> PyResult<Option<T>> {
    match tried {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_instance_of::<PyTypeError>(py) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether this is text, a dict or a set: Python iterates over them, but they are no sequences of
/// numbers or transitions.
pub(crate) fn unordered(given: &Bound<'_, PyAny>) -> bool {
    given.is_instance_of::<PyString>()
        || given.is_instance_of::<PyBytes>()
        || given.is_instance_of::<PyByteArray>()
        || given.is_instance_of::<PyDict>()
        || given.is_instance_of::<PySet>()
        || given.is_instance_of::<PyFrozenSet>()
}

/// An object as a message shows it: its repr, cut short where it is long.
pub(crate) fn shown(given: &Bound<'_, PyAny>) -> String {
    let Ok(repr) = given.repr() else { return "something without a repr".into() };
    let repr = repr.to_string();
    match repr.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &repr[..end]),
        None => repr,
    }
}

/// A float as an integer of 32 bits, if it is one.
pub(crate) fn whole_double(entry: f64) -> Option<i32> {
    let range = f64::from(i32::MIN)..=f64::from(i32::MAX);
    (entry.fract() == 0.0 && range.contains(&entry)).then_some(entry as i32)
}

/// The error for an entry of a state; `place` says where it was found.
pub(crate) fn not_whole(entry: &impl std::fmt::Display, place: &str) -> PyErr {
    PyValueError::new_err(format!(
        "a state has the entry {entry}{place}: entries must be whole numbers of at most 32 bits"
    ))
}
