//! The arrays that a batched callback returns: read, checked, copied.

use numpy::{Element, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyUntypedArray};
use numpy::{PyUntypedArrayMethods, ndarray::ArrayView};
use pyo3::prelude::*;

use crate::arrays::{not_whole, whole_double};
use crate::graph::value_error;

/// An array of one or two dimensions, row after row.
pub(super) struct Table<T> {
    pub rows: usize,
    pub width: usize,
    pub dimensions: usize,
    /// The shape as Python writes it.
    pub shape: String,
    pub values: Vec<T>,
}

impl<T> Table<T> {
    /// Checks that there is one row for each of `targets`.
    pub fn must_go_with(&self, name: &str, targets: &Table<i32>) -> PyResult<()> {
        if self.rows == targets.rows {
            return Ok(());
        }
        Err(value_error(format!(
            "{name} has shape {}, but target_states has shape {}: both must have one row for each \
             transition",
            self.shape, targets.shape,
        )))
    }
}

/// The states `(m, d)` of 32-bit whole numbers, from integers or floats.
pub(super) fn whole_numbers(name: &str, given: &Bound<'_, PyAny>) -> PyResult<Table<i32>> {
    let array = Checked::new(name, given, "biuf", &[2])?;
    let width = array.width;
    let place = |index: usize| format!(" in row {} of {name}", index / width.max(1));
    let values = if let Some(values) = array.values::<i32>() {
        values
    } else if let Some(values) = array.values::<i64>() {
        let convert = |(index, &entry): (usize, &i64)| {
            i32::try_from(entry).map_err(|_| not_whole(&entry, &place(index)))
        };
        values.iter().enumerate().map(convert).collect::<PyResult<_>>()?
    } else {
        let convert = |(index, &entry): (usize, &f64)| {
            whole_double(entry).ok_or_else(|| not_whole(&entry, &place(index)))
        };
        array.cast::<f64>("float64")?.iter().enumerate().map(convert).collect::<PyResult<_>>()?
    };
    Ok(array.table(values))
}

/// Numbers of one of these dimensions.
pub(super) fn doubles(
    name: &str,
    given: &Bound<'_, PyAny>,
    dimensions: &[usize],
) -> PyResult<Table<f64>> {
    let array = Checked::new(name, given, "biuf", dimensions)?;
    let values = array.cast("float64")?;
    Ok(array.table(values))
}

/// Indices `(m,)` below `n`, one for each row of `targets`.
pub(super) fn indices(
    name: &str,
    given: &Bound<'_, PyAny>,
    n: usize,
    targets: &Table<i32>,
) -> PyResult<Vec<u32>> {
    // An empty list is an array of floats.
    let kinds = if targets.rows == 0 { "iuf" } else { "iu" };
    let array = Checked::new(name, given, kinds, &[1])?;
    let table = array.table(array.cast::<i64>("int64")?);
    table.must_go_with(name, targets)?;
    let convert = |(row, &index): (usize, &i64)| match usize::try_from(index) {
        Ok(valid) if valid < n => Ok(index as u32),
        _ => Err(value_error(format!(
            "{name}[{row}] is {index}, but the callback was asked about states of shape ({n}, {}): \
             it must be 0 to {}",
            targets.width,
            n - 1,
        ))),
    };
    table.values.iter().enumerate().map(convert).collect()
}

/// An aligned array in row order, of an allowed type and number of dimensions.
struct Checked<'py> {
    array: Bound<'py, PyUntypedArray>,
    rows: usize,
    width: usize,
}

impl<'py> Checked<'py> {
    fn new(
        name: &str,
        given: &Bound<'py, PyAny>,
        kinds: &str,
        dimensions: &[usize],
    ) -> PyResult<Self> {
        let array = require(given, None)?;
        let (dtype, shape) = (array.dtype(), array.shape());
        if !kinds.contains(char::from(dtype.kind())) {
            let must = if kinds.contains('f') { "numbers" } else { "integers" };
            return Err(value_error(format!("{name} has dtype {dtype}: it must hold {must}")));
        }
        let rows = shape.first().copied().unwrap_or(1);
        if rows > 0 && !dimensions.contains(&shape.len()) {
            let forms: Vec<_> = dimensions.iter().map(|&d| ["(m,)", "(m, d)"][d - 1]).collect();
            let (shape, forms) = (shape_text(shape), forms.join(" or "));
            return Err(value_error(format!(
                "{name} has shape {shape}: it must have shape {forms}"
            )));
        }
        let width = shape.get(1).copied().unwrap_or(1);
        Ok(Self { array, rows, width })
    }

    /// A copy of the values, if they have this type.
    fn values<T: Element + Copy>(&self) -> Option<Vec<T>> {
        let array = self.array.cast::<PyArrayDyn<T>>().ok()?;
        Some(flat(array.readonly().as_array()))
    }

    /// A copy of the values, converted to this type.
    fn cast<T: Element + Copy>(&self, dtype: &str) -> PyResult<Vec<T>> {
        if let Some(values) = self.values() {
            return Ok(values);
        }
        let array = require(&self.array, Some(dtype))?.cast_into::<PyArrayDyn<T>>()?;
        Ok(flat(array.readonly().as_array()))
    }

    fn table<T>(&self, values: Vec<T>) -> Table<T> {
        let (rows, width, dimensions) = (self.rows, self.width, self.array.ndim());
        Table { rows, width, dimensions, shape: shape_text(self.array.shape()), values }
    }
}

fn flat<T: Copy>(view: ArrayView<'_, T, numpy::IxDyn>) -> Vec<T> {
    view.as_slice().map_or_else(|| view.iter().copied().collect(), <[T]>::to_vec)
}

/// NumPy's `require`: aligned, in row order, and of this type if one is named.
fn require<'py>(
    given: &Bound<'py, PyAny>,
    dtype: Option<&str>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let numpy = given.py().import("numpy")?;
    Ok(numpy.call_method1("require", (given, dtype, "CA"))?.cast_into()?)
}

fn shape_text(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        several => {
            let sizes: Vec<String> = several.iter().map(usize::to_string).collect();
            format!("({})", sizes.join(", "))
        }
    }
}
