//! Call frames made by hand.

use std::ffi::c_void;
use std::ptr;

use super::{FakeError, Runtime};
use crate::abi::{self, dtype};

/// Elements of an operand or result.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    F32(Vec<f32>),
    F64(Vec<f64>),
    U32(Vec<u32>),
}

/// A scalar attribute.
#[derive(Clone, Copy)]
pub enum Scalar {
    S64(i64),
    F64(f64),
}

/// A call frame in the making.
#[derive(Clone)]
pub struct Frame {
    pub stage: u32,
    pub operands: Vec<(Vec<i64>, Data)>,
    pub results: Vec<(Vec<i64>, Data)>,
    pub attributes: Vec<(String, Scalar)>,
}

impl Frame {
    pub fn new() -> Self {
        let (operands, results, attributes) = (Vec::new(), Vec::new(), Vec::new());
        Self { stage: abi::STAGE_EXECUTE, operands, results, attributes }
    }

    /// Calls `handler` with this frame, as the runtime does.
    pub fn call(&mut self, handler: abi::Handler, runtime: &Runtime) -> Result<(), FakeError> {
        let mut operands: Vec<abi::Buffer> = self.operands.iter_mut().map(buffer).collect();
        let mut results: Vec<abi::Buffer> = self.results.iter_mut().map(buffer).collect();
        let mut operands: Vec<*mut c_void> = operands.iter_mut().map(pointer).collect();
        let mut results: Vec<*mut c_void> = results.iter_mut().map(pointer).collect();
        let mut names: Vec<abi::ByteSpan> =
            self.attributes.iter().map(|(name, _)| span(name)).collect();
        let mut names: Vec<*mut abi::ByteSpan> = names.iter_mut().map(ptr::from_mut).collect();
        let mut scalars: Vec<abi::Scalar> =
            self.attributes.iter_mut().map(|(_, value)| scalar(value)).collect();
        let mut scalars: Vec<*mut c_void> = scalars.iter_mut().map(pointer).collect();
        let mut kinds = vec![abi::KIND_BUFFER; operands.len().max(results.len())];
        let mut scalar_kinds = vec![abi::KIND_SCALAR; scalars.len()];
        let mut frame = abi::CallFrame {
            struct_size: size_of::<abi::CallFrame>(),
            extension_start: ptr::null_mut(),
            api: runtime.api(),
            ctx: runtime.ctx(),
            stage: self.stage,
            args: buffers(&mut operands, kinds.as_mut_ptr()),
            rets: buffers(&mut results, kinds.as_mut_ptr()),
            attrs: abi::Attrs {
                struct_size: size_of::<abi::Attrs>(),
                extension_start: ptr::null_mut(),
                size: count(scalars.len()),
                types: scalar_kinds.as_mut_ptr(),
                names: names.as_mut_ptr(),
                values: scalars.as_mut_ptr(),
            },
        };
        // SAFETY: everything the frame points to lives until the end of this function.
        let error = unsafe { handler(&raw mut frame) };
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: the error was made by `error_create`.
        Err(*unsafe { Box::from_raw(error.cast::<FakeError>()) })
    }
}

fn count(len: usize) -> i64 {
    i64::try_from(len).expect("lengths fit")
}

fn pointer<T>(value: &mut T) -> *mut c_void {
    ptr::from_mut(value).cast()
}

fn span(name: &str) -> abi::ByteSpan {
    abi::ByteSpan { ptr: name.as_ptr().cast(), len: name.len() }
}

fn scalar(value: &mut Scalar) -> abi::Scalar {
    match value {
        Scalar::S64(value) => abi::Scalar { dtype: dtype::S64, value: pointer(value) },
        Scalar::F64(value) => abi::Scalar { dtype: dtype::F64, value: pointer(value) },
    }
}

fn buffer((dims, data): &mut (Vec<i64>, Data)) -> abi::Buffer {
    let (dtype, data) = match data {
        Data::F32(data) => (dtype::F32, data.as_mut_ptr().cast()),
        Data::F64(data) => (dtype::F64, data.as_mut_ptr().cast()),
        Data::U32(data) => (dtype::U32, data.as_mut_ptr().cast()),
    };
    abi::Buffer {
        struct_size: size_of::<abi::Buffer>(),
        extension_start: ptr::null_mut(),
        dtype,
        data,
        rank: count(dims.len()),
        dims: dims.as_mut_ptr(),
    }
}

fn buffers(list: &mut [*mut c_void], kinds: *mut u32) -> abi::Buffers {
    abi::Buffers {
        struct_size: size_of::<abi::Buffers>(),
        extension_start: ptr::null_mut(),
        size: count(list.len()),
        types: kinds,
        entries: list.as_mut_ptr(),
    }
}
