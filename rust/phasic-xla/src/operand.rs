//! One buffer of a custom call: shape, element type and elements.

use std::mem::MaybeUninit;
use std::{ptr, slice};

use crate::abi::{self, dtype};
use crate::failure::Failure;

/// An operand or result: shape and elements, not yet of a chosen type.
pub struct Operand<'a> {
    name: &'static str,
    buffer: &'a abi::Buffer,
    dims: &'a [i64],
    len: usize,
}

/// Elements of a floating-point operand.
#[derive(Clone, Copy, Debug)]
pub enum Floats<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
}

impl<'a> Operand<'a> {
    /// Checks the shape of a buffer; errors call it `name`.
    pub fn new(buffer: &'a abi::Buffer, name: &'static str) -> Result<Self, Failure> {
        // SAFETY: XLA passes `rank` dimensions.
        let dims: &[i64] = unsafe { array(buffer.dims, buffer.rank) };
        let product = |len: usize, &dim: &i64| len.checked_mul(usize::try_from(dim).ok()?);
        let len = dims.iter().try_fold(1, product);
        let len = len.ok_or_else(|| {
            Failure::invalid(format!("`{name}`: shape {dims:?} does not fit the address space"))
        })?;
        Ok(Self { name, buffer, dims, len })
    }

    /// What errors call this operand.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The element type, a [`dtype`] constant.
    #[must_use]
    pub fn dtype(&self) -> u32 {
        self.buffer.dtype
    }

    /// The shape: none of the dimensions is negative.
    #[must_use]
    pub fn dims(&self) -> &'a [i64] {
        self.dims
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Leading dimensions and row length.
    pub fn rows(&self) -> Result<(&'a [i64], usize), Failure> {
        let Some((&width, lead)) = self.dims.split_last() else {
            let name = self.name;
            let message = format!("`{name}`: expected at least one dimension, got a scalar");
            return Err(Failure::invalid(message));
        };
        Ok((lead, width as usize))
    }

    /// The elements of a float32 or float64 operand.
    pub fn floats(&self) -> Result<Floats<'a>, Failure> {
        match self.buffer.dtype {
            // SAFETY: the element type is the one asked for.
            dtype::F32 => Ok(Floats::F32(unsafe { self.elements()? })),
            // SAFETY: the element type is the one asked for.
            dtype::F64 => Ok(Floats::F64(unsafe { self.elements()? })),
            _ => Err(self.wrong_type("float32 or float64")),
        }
    }

    /// The elements of a uint32 operand.
    pub fn words(&self) -> Result<&'a [u32], Failure> {
        match self.buffer.dtype {
            // SAFETY: the element type is the one asked for.
            dtype::U32 => unsafe { self.elements() },
            _ => Err(self.wrong_type("uint32")),
        }
    }

    /// The error that this operand's element type is not what was expected.
    pub fn wrong_type(&self, expected: &str) -> Failure {
        let found = type_name(self.buffer.dtype);
        Failure::invalid(format!("`{}`: expected {expected}, got {found}", self.name))
    }

    /// # Safety
    /// `T` is the element type, and the buffer is an operand, which nobody writes to.
    unsafe fn elements<T>(&self) -> Result<&'a [T], Failure> {
        let data = self.data::<T>()?;
        // SAFETY: aligned, not null, and XLA passes as many elements as the shape says.
        Ok(unsafe { slice::from_raw_parts(data, self.len) })
    }

    /// The elements of a result, to be written.
    ///
    /// # Safety
    /// `T` is the element type, and there is no other slice of this result.
    pub unsafe fn elements_mut<T>(&self) -> Result<&'a mut [MaybeUninit<T>], Failure> {
        let data = self.data::<MaybeUninit<T>>()?;
        // SAFETY: aligned, not null, and XLA passes as many elements as the shape says.
        Ok(unsafe { slice::from_raw_parts_mut(data, self.len) })
    }

    fn data<T>(&self) -> Result<*mut T, Failure> {
        let data = self.buffer.data.cast::<T>();
        if self.len == 0 {
            Ok(ptr::dangling_mut())
        } else if data.is_null() || !data.is_aligned() {
            let name = self.name;
            Err(Failure::internal(format!("`{name}`: XLA passed a null or unaligned buffer")))
        } else {
            Ok(data)
        }
    }
}

/// A C array of `len` entries; null, or a negative length, stands for an empty one.
///
/// # Safety
/// Unless null, `data` points to `len` initialised, aligned entries that live for `'a` and are not
/// written to.
pub unsafe fn array<'a, T>(data: *const T, len: i64) -> &'a [T] {
    match usize::try_from(len) {
        // SAFETY: passed on to the caller.
        Ok(len) if !data.is_null() => unsafe { slice::from_raw_parts(data, len) },
        _ => &[],
    }
}

/// Writes `values` into `slots`, one each.
pub fn fill<T>(slots: &mut [MaybeUninit<T>], values: impl Iterator<Item = T>) {
    for (slot, value) in slots.iter_mut().zip(values) {
        slot.write(value);
    }
}

/// What users call an element type.
pub fn type_name(code: u32) -> &'static str {
    match code {
        dtype::PRED => "bool",
        dtype::S64 => "int64",
        dtype::U32 => "uint32",
        dtype::F32 => "float32",
        dtype::F64 => "float64",
        _ => "another type",
    }
}
