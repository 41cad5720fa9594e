//! NumPy in and out.

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList, PyTuple};

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
    read_state(given, &mut entries)?;
    Ok(entries)
}

/// Appends the entries of a state, as [`state`] reads them.
pub(crate) fn read_state(given: &Bound<'_, PyAny>, entries: &mut Vec<i32>) -> PyResult<()> {
    if let Ok(tuple) = given.cast::<PyTuple>() {
        for entry in tuple.iter_borrowed() {
            entries.push(whole(&entry)?);
        }
    } else if let Ok(list) = given.cast::<PyList>() {
        for entry in list.iter() {
            entries.push(whole(&entry)?);
        }
    } else if let Ok(array) = given.extract::<PyReadonlyArray1<'_, i32>>() {
        entries.extend(array.as_array());
    } else if let Ok(array) = given.extract::<PyReadonlyArray1<'_, i64>>() {
        for &entry in array.as_array() {
            entries.push(i32::try_from(entry).map_err(|_| not_whole(&entry, ""))?);
        }
    } else {
        for entry in given.try_iter()? {
            entries.push(whole(&entry?)?);
        }
    }
    Ok(())
}

fn whole(entry: &Bound<'_, PyAny>) -> PyResult<i32> {
    if entry.is_instance_of::<PyInt>() {
        return entry.extract::<i32>().map_err(|_| not_whole(entry, ""));
    }
    let entry = entry.extract()?;
    whole_double(entry).ok_or_else(|| not_whole(&entry, ""))
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
