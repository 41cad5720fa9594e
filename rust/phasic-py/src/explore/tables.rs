//! The arrays that a batched callback returns: read, checked, converted.

use std::ops::Deref;

use numpy::{Element, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn};
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::arrays::not_whole;
use crate::graph::value_error;

/// An array of one or two dimensions, row after row.
pub(super) struct Table<'py, T: Element> {
    pub rows: usize,
    pub width: usize,
    pub dimensions: usize,
    /// The shape as Python writes it.
    pub shape: String,
    pub values: Values<'py, T>,
}

/// The values of an array, row after row: as they lie, if they are of the type that is wanted.
pub(super) enum Values<'py, T: Element> {
    Seen(PyReadonlyArrayDyn<'py, T>),
    Made(Vec<T>),
}

impl<T: Element> Deref for Values<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Seen(array) => array.as_slice().expect("require() gave it in row order"),
            Self::Made(values) => values,
        }
    }
}

impl<T: Element> Table<'_, T> {
    /// Checks that there is one row for each of `targets`.
    pub fn must_go_with(&self, name: &str, targets: &Table<'_, i32>) -> PyResult<()> {
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
pub(super) fn whole_numbers<'py>(
    name: &str,
    given: &Bound<'py, PyAny>,
) -> PyResult<Table<'py, i32>> {
    let array = Checked::new(name, given, "biuf", &[2])?;
    let width = array.width.max(1);
    let place = |index: usize| format!(" in row {} of {name}", index / width);
    let values = if let Some(values) = array.values::<i32>() {
        values
    } else if let Some(values) = array.values::<i64>() {
        let back = |entry: i32| i64::from(entry);
        converted(
            &values,
            |entry| entry as i32,
            back,
            |index| not_whole(&values[index], &place(index)),
        )?
    } else {
        let values = array.cast::<f64>("float64")?;
        let back = |entry: i32| f64::from(entry);
        converted(
            &values,
            |entry| entry as i32,
            back,
            |index| not_whole(&values[index], &place(index)),
        )?
    };
    Ok(array.table(values))
}

/// Numbers as others of a narrower type, all of which must come `back` as they were.
fn converted<'py, T: Copy + PartialEq, U: Element + Copy>(
    values: &[T],
    narrow: impl Fn(T) -> U,
    back: impl Fn(U) -> T,
    error: impl Fn(usize) -> PyErr,
) -> PyResult<Values<'py, U>> {
    let narrowed: Vec<U> = values.iter().map(|&value| narrow(value)).collect();
    // Without a way out of the loop, which several numbers at a time can take.
    let lost = |(&value, &other): (&T, &U)| u32::from(back(other) != value);
    if values.iter().zip(&narrowed).map(lost).max() == Some(1) {
        let index = values.iter().zip(&narrowed).position(|pair| lost(pair) == 1);
        return Err(error(index.expect("one is lost")));
    }
    Ok(Values::Made(narrowed))
}

/// Numbers of one of these dimensions.
pub(super) fn doubles<'py>(
    name: &str,
    given: &Bound<'py, PyAny>,
    dimensions: &[usize],
) -> PyResult<Table<'py, f64>> {
    let array = Checked::new(name, given, "biuf", dimensions)?;
    let values = array.cast("float64")?;
    Ok(array.table(values))
}

/// Indices `(m,)` below `n`, one for each row of `targets`.
pub(super) fn indices(
    name: &str,
    given: &Bound<'_, PyAny>,
    n: usize,
    targets: &Table<'_, i32>,
) -> PyResult<Vec<u32>> {
    // An empty list is an array of floats.
    let kinds = if targets.rows == 0 { "iuf" } else { "iu" };
    let array = Checked::new(name, given, kinds, &[1])?;
    let table = array.table(array.cast::<i64>("int64")?);
    table.must_go_with(name, targets)?;
    let valid = |&index: &i64| u64::try_from(index).is_ok_and(|index| index < n as u64);
    if let Some(row) = table.values.iter().position(|index| !valid(index)) {
        let index = table.values[row];
        return Err(value_error(format!(
            "{name}[{row}] is {index}, but the callback was asked about states of shape ({n}, {}): \
             it must be 0 to {}",
            targets.width,
            n - 1,
        )));
    }
    Ok(table.values.iter().map(|&index| index as u32).collect())
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

    /// The values, if they have this type.
    fn values<T: Element>(&self) -> Option<Values<'py, T>> {
        let array = self.array.cast::<PyArrayDyn<T>>().ok()?;
        Some(Values::Seen(array.readonly()))
    }

    /// The values, converted to this type.
    fn cast<T: Element>(&self, dtype: &str) -> PyResult<Values<'py, T>> {
        if let Some(values) = self.values() {
            return Ok(values);
        }
        let array = require(&self.array, Some(dtype))?.cast_into::<PyArrayDyn<T>>()?;
        Ok(Values::Seen(array.readonly()))
    }

    fn table<T: Element>(&self, values: Values<'py, T>) -> Table<'py, T> {
        let (rows, width, dimensions) = (self.rows, self.width, self.array.ndim());
        Table { rows, width, dimensions, shape: shape_text(self.array.shape()), values }
    }
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
