//! NumPy in and out.

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

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
    if let Ok(array) = given.extract::<PyReadonlyArray1<'_, i32>>() {
        return Ok(array.as_array().to_vec());
    }
    if let Ok(array) = given.extract::<PyReadonlyArray1<'_, i64>>() {
        return array.as_array().iter().map(|&entry| whole(entry as f64)).collect();
    }
    given.try_iter()?.map(|entry| whole(entry?.extract::<f64>()?)).collect()
}

fn whole(entry: f64) -> PyResult<i32> {
    if entry.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&entry) {
        return Ok(entry as i32);
    }
    let message =
        format!("a state has the entry {entry}: entries must be whole numbers of at most 32 bits");
    Err(PyValueError::new_err(message))
}
