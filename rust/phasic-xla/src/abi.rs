//! The part of XLA's FFI C API (`xla/ffi/api/c_api.h`) that the handlers use.
//!
//! Field names and order follow the header shipped with jaxlib. The layouts below are equal in API
//! minors 1, 2 and 3; the State and Type APIs, which are not, are left out. Trailing fields that
//! exist only in some minors (`CallFrame::future`, `Metadata::state_type_id`) are not part of the
//! structs, or are read only when the minor says that they exist.

use std::ffi::{c_char, c_void};

/// The major version of the API these layouts belong to.
pub const API_MAJOR: i32 = 0;
/// The newest minor version these layouts were checked against.
pub const API_MINOR: i32 = 3;

/// `XLA_FFI_Extension_Metadata`.
pub const EXTENSION_METADATA: u32 = 1;
/// `XLA_FFI_ExecutionStage_EXECUTE`.
pub const STAGE_EXECUTE: u32 = 3;
/// `XLA_FFI_ArgType_BUFFER` and `XLA_FFI_RetType_BUFFER`.
pub const KIND_BUFFER: u32 = 1;
/// `XLA_FFI_AttrType_SCALAR`.
pub const KIND_SCALAR: u32 = 3;

/// `XLA_FFI_DataType`: the element types the handlers know by name.
pub mod dtype {
    /// Boolean, one byte.
    pub const PRED: u32 = 1;
    /// Signed 64-bit integer.
    pub const S64: u32 = 5;
    /// Unsigned 32-bit integer.
    pub const U32: u32 = 8;
    /// IEEE single precision.
    pub const F32: u32 = 11;
    /// IEEE double precision.
    pub const F64: u32 = 12;
}

/// An error object owned by the XLA runtime.
#[repr(C)]
pub struct Error {
    _opaque: [u8; 0],
}

/// State of one invocation, owned by the XLA runtime.
#[repr(C)]
pub struct ExecutionContext {
    _opaque: [u8; 0],
}

/// `XLA_FFI_Extension_Base`: node of a linked list of extensions.
#[repr(C)]
pub struct ExtensionBase {
    pub struct_size: usize,
    pub kind: u32,
    pub next: *mut ExtensionBase,
}

/// `XLA_FFI_Api_Version`.
#[repr(C)]
pub struct ApiVersion {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub major_version: i32,
    pub minor_version: i32,
}

/// `XLA_FFI_Error_Create_Args`.
#[repr(C)]
pub struct ErrorCreateArgs {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub message: *const c_char,
    pub errc: u32,
}

/// `XLA_FFI_Error_Destroy_Args`.
#[repr(C)]
pub struct ErrorDestroyArgs {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub error: *mut Error,
}

/// `XLA_FFI_Buffer`: a dense row-major array.
#[repr(C)]
pub struct Buffer {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub dtype: u32,
    pub data: *mut c_void,
    pub rank: i64,
    pub dims: *mut i64,
}

/// `XLA_FFI_ByteSpan`.
#[repr(C)]
pub struct ByteSpan {
    pub ptr: *const c_char,
    pub len: usize,
}

/// `XLA_FFI_Scalar`: a scalar attribute.
#[repr(C)]
pub struct Scalar {
    pub dtype: u32,
    pub value: *mut c_void,
}

/// `XLA_FFI_Args` and `XLA_FFI_Rets`, which have one layout.
#[repr(C)]
pub struct Buffers {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub size: i64,
    pub types: *mut u32,
    pub entries: *mut *mut c_void,
}

/// `XLA_FFI_Attrs`.
#[repr(C)]
pub struct Attrs {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub size: i64,
    pub types: *mut u32,
    pub names: *mut *mut ByteSpan,
    pub values: *mut *mut c_void,
}

/// `XLA_FFI_CallFrame` up to `attrs`.
#[repr(C)]
pub struct CallFrame {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub api: *const Api,
    pub ctx: *mut ExecutionContext,
    pub stage: u32,
    pub args: Buffers,
    pub rets: Buffers,
    pub attrs: Attrs,
}

/// `XLA_FFI_Handler`: the type of every custom call.
pub type Handler = unsafe extern "C" fn(*mut CallFrame) -> *mut Error;

/// `XLA_FFI_Task`: work for the thread pool.
pub type Task = unsafe extern "C" fn(*mut c_void);

/// `XLA_FFI_ThreadPool_Schedule_Args`.
#[repr(C)]
pub struct ScheduleArgs {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub ctx: *mut ExecutionContext,
    pub task: Task,
    pub data: *mut c_void,
}

/// `XLA_FFI_ThreadPool_NumThreads_Args`.
#[repr(C)]
pub struct NumThreadsArgs {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub ctx: *mut ExecutionContext,
    pub num_threads: *mut i64,
}

/// `XLA_FFI_Metadata` up to `traits`; from minor 2 on a [`Metadata2`] lies in its place.
#[repr(C)]
pub struct Metadata {
    pub struct_size: usize,
    pub api_version: ApiVersion,
    pub traits: u32,
}

/// `XLA_FFI_Metadata` since API minor 2.
#[repr(C)]
pub struct Metadata2 {
    pub base: Metadata,
    pub state_type_id: i64,
}

/// `XLA_FFI_Metadata_Extension`.
#[repr(C)]
pub struct MetadataExtension {
    pub base: ExtensionBase,
    pub metadata: *mut Metadata,
}

/// A function of the table that the handlers never call.
pub type Unused = Option<unsafe extern "C" fn()>;

/// `XLA_FFI_Api` up to `ThreadPool_NumThreads`.
#[repr(C)]
#[expect(clippy::struct_field_names, reason = "the names of the C header")]
pub struct Api {
    pub struct_size: usize,
    pub extension_start: *mut ExtensionBase,
    pub api_version: ApiVersion,
    pub internal_api: *const c_void,
    pub error_create: Option<unsafe extern "C" fn(*mut ErrorCreateArgs) -> *mut Error>,
    pub error_get_message: Unused,
    pub error_destroy: Option<unsafe extern "C" fn(*mut ErrorDestroyArgs)>,
    pub handler_register: Unused,
    pub stream_get: Unused,
    pub type_register: Unused,
    pub execution_context_get: Unused,
    pub state_set: Unused,
    pub state_get: Unused,
    pub device_memory_allocate: Unused,
    pub device_memory_free: Unused,
    pub thread_pool_schedule: Option<unsafe extern "C" fn(*mut ScheduleArgs) -> *mut Error>,
    pub thread_pool_num_threads: Option<unsafe extern "C" fn(*mut NumThreadsArgs) -> *mut Error>,
}

/// Offsets and sizes as a C compiler computes them from the header, on the 64-bit platforms jaxlib
/// is built for.
#[cfg(target_pointer_width = "64")]
mod layout {
    use std::mem::{offset_of, size_of};

    macro_rules! layout {
        ($kind:ident, $size:literal, $($field:ident at $offset:literal),+) => {
            const _: () = assert!(size_of::<super::$kind>() == $size);
            $(const _: () = assert!(offset_of!(super::$kind, $field) == $offset);)+
        };
    }

    layout!(ExtensionBase, 24, struct_size at 0, kind at 8, next at 16);
    layout!(ApiVersion, 24, extension_start at 8, major_version at 16, minor_version at 20);
    layout!(ErrorCreateArgs, 32, extension_start at 8, message at 16, errc at 24);
    layout!(ErrorDestroyArgs, 24, error at 16);
    layout!(Buffer, 48, dtype at 16, data at 24, rank at 32, dims at 40);
    layout!(ByteSpan, 16, ptr at 0, len at 8);
    layout!(Scalar, 16, dtype at 0, value at 8);
    layout!(Buffers, 40, size at 16, types at 24, entries at 32);
    layout!(Attrs, 48, size at 16, types at 24, names at 32, values at 40);
    layout!(CallFrame, 168, api at 16, ctx at 24, stage at 32);
    layout!(CallFrame, 168, args at 40, rets at 80, attrs at 120);
    layout!(ScheduleArgs, 40, ctx at 16, task at 24, data at 32);
    layout!(NumThreadsArgs, 32, ctx at 16, num_threads at 24);
    layout!(Metadata, 40, api_version at 8, traits at 32);
    layout!(Metadata2, 48, state_type_id at 40);
    layout!(MetadataExtension, 32, metadata at 24);
    layout!(Api, 152, api_version at 16, internal_api at 40, error_create at 48);
    layout!(Api, 152, error_destroy at 64);
    layout!(Api, 152, thread_pool_schedule at 136, thread_pool_num_threads at 144);
}
