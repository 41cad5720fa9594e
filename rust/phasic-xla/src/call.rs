//! A checked view of one custom call: operands, attributes and results by position or name.
//!
//! Every size, type and pointer that XLA hands over is checked here or in [`crate::operand`] before
//! it is used, so handlers are safe code.

use std::ffi::c_void;

use crate::abi::{self, dtype};
use crate::failure::Failure;
use crate::operand::{Operand, array, fill, type_name};
use crate::pool::Pool;

/// One invocation of a handler.
pub struct Call<'a> {
    frame: &'a abi::CallFrame,
}

impl<'a> Call<'a> {
    /// # Safety
    /// The frame and all it points to are valid for `'a`, as XLA guarantees for the execute stage,
    /// and no other `Call` of this frame exists.
    pub unsafe fn new(frame: &'a abi::CallFrame) -> Self {
        Self { frame }
    }

    /// The thread pool of this call.
    #[must_use]
    pub fn pool(&self) -> Pool<'a> {
        // SAFETY: XLA's table of functions outlives the call.
        let api = unsafe { self.frame.api.as_ref() };
        Pool::new(api, self.frame.ctx)
    }

    /// The operand at `index`; errors call it `name`.
    pub fn operand(&self, index: usize, name: &'static str) -> Result<Operand<'a>, Failure> {
        Operand::new(buffer(&self.frame.args, index, name)?, name)
    }

    /// The shape of the result at `index`.
    pub fn result_dims(&self, index: usize, name: &'static str) -> Result<&'a [i64], Failure> {
        Ok(self.result(index, name)?.dims())
    }

    /// Checks that the shape of the result at `index` is that of the batch followed by `shape`.
    pub fn check_result(
        &self,
        index: usize,
        name: &'static str,
        batch: &[i64],
        shape: &[usize],
    ) -> Result<(), Failure> {
        let given = self.result_dims(index, name)?;
        let expected = || batch.iter().copied().chain(shape.iter().map(|&dim| dim as i64));
        if given.iter().copied().eq(expected()) {
            return Ok(());
        }
        let expected: Vec<i64> = expected().collect();
        let message = format!("result `{name}`: expected shape {expected:?}, got {given:?}");
        Err(Failure::invalid(message))
    }

    /// An integer attribute.
    pub fn integer(&self, name: &'static str) -> Result<i64, Failure> {
        let value = self.scalar(name, dtype::S64)?.cast::<i64>();
        // SAFETY: `scalar` returns a non-null pointer to a scalar of the type asked for.
        Ok(unsafe { value.read_unaligned() })
    }

    /// A double-precision attribute.
    pub fn double(&self, name: &'static str) -> Result<f64, Failure> {
        let value = self.scalar(name, dtype::F64)?.cast::<f64>();
        // SAFETY: `scalar` returns a non-null pointer to a scalar of the type asked for.
        Ok(unsafe { value.read_unaligned() })
    }

    /// Writes the result at `index`, rounding to its element type.
    ///
    /// `values` has as many elements as the result; its type must be `expected` (a [`dtype`]
    /// constant).
    pub fn write(
        &mut self,
        index: usize,
        name: &'static str,
        expected: u32,
        values: impl ExactSizeIterator<Item = f64>,
    ) -> Result<(), Failure> {
        let result = self.result(index, name)?;
        if result.dtype() != expected {
            return Err(result.wrong_type(type_name(expected)));
        }
        if result.len() != values.len() {
            let (len, dims) = (values.len(), result.dims());
            let message = format!("result `{name}`: expected {len} elements, got shape {dims:?}");
            return Err(Failure::invalid(message));
        }
        match expected {
            dtype::F32 => {
                // SAFETY: the element type is as asked; `self` is borrowed mutably and no slice is
                // kept, so this is the only one; results do not overlap operands.
                let slots = unsafe { result.elements_mut::<f32>()? };
                fill(slots, values.map(|value| value as f32));
            }
            dtype::F64 => {
                // SAFETY: as above.
                let slots = unsafe { result.elements_mut::<f64>()? };
                fill(slots, values);
            }
            _ => return Err(result.wrong_type("float32 or float64")),
        }
        Ok(())
    }

    fn result(&self, index: usize, name: &'static str) -> Result<Operand<'a>, Failure> {
        Operand::new(buffer(&self.frame.rets, index, name)?, name)
    }

    /// The value of a scalar attribute of type `expected`.
    fn scalar(&self, name: &'static str, expected: u32) -> Result<*const c_void, Failure> {
        let attrs = &self.frame.attrs;
        // SAFETY: XLA passes `size` names.
        let names = unsafe { array(attrs.names, attrs.size) };
        // SAFETY: XLA passes `size` kinds.
        let kinds = unsafe { array(attrs.types, attrs.size) };
        // SAFETY: XLA passes `size` values.
        let values = unsafe { array(attrs.values, attrs.size) };
        let missing = || Failure::invalid(format!("attribute `{name}` is missing"));
        let wrong = |found: &str| {
            let expected = type_name(expected);
            let message =
                format!("attribute `{name}`: expected a scalar of type {expected}, got {found}");
            Failure::invalid(message)
        };
        let index = names.iter().position(|&span| is_name(span, name)).ok_or_else(missing)?;
        let (Some(&abi::KIND_SCALAR), Some(value)) = (kinds.get(index), values.get(index)) else {
            return Err(wrong("no scalar"));
        };
        // SAFETY: null, or as the kind says a scalar.
        match unsafe { value.cast::<abi::Scalar>().as_ref() } {
            Some(scalar) if scalar.dtype == expected && !scalar.value.is_null() => Ok(scalar.value),
            Some(scalar) => Err(wrong(type_name(scalar.dtype))),
            None => Err(wrong("no scalar")),
        }
    }
}

/// The buffer at `index` of operands or results.
fn buffer<'a>(
    list: &'a abi::Buffers,
    index: usize,
    name: &str,
) -> Result<&'a abi::Buffer, Failure> {
    // SAFETY: XLA passes `size` kinds.
    let kinds = unsafe { array(list.types, list.size) };
    // SAFETY: XLA passes `size` entries.
    let entries = unsafe { array(list.entries, list.size) };
    let entry = match (kinds.get(index), entries.get(index)) {
        (Some(&abi::KIND_BUFFER), Some(entry)) => entry.cast::<abi::Buffer>(),
        _ => std::ptr::null_mut(),
    };
    // SAFETY: null, or as the kind says a buffer.
    unsafe { entry.as_ref() }.ok_or_else(|| {
        let size = list.size;
        Failure::invalid(format!("`{name}`: expected a buffer at position {index} of {size}"))
    })
}

fn is_name(span: *mut abi::ByteSpan, name: &str) -> bool {
    // SAFETY: null, or a span that XLA keeps alive during the call.
    let Some(span) = (unsafe { span.as_ref() }) else {
        return false;
    };
    if span.len != name.len() || span.ptr.is_null() {
        return false;
    }
    // SAFETY: not null, and XLA passes `len` bytes.
    let bytes = unsafe { std::slice::from_raw_parts(span.ptr.cast::<u8>(), span.len) };
    bytes == name.as_bytes()
}
