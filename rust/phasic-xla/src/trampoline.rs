//! The way from XLA into a handler and back: metadata, stage, floating point, panics, errors.

use std::any::Any;
use std::cell::Cell;
use std::ffi::CString;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::Once;

use crate::abi;
use crate::call::Call;
use crate::failure::Failure;
use crate::float_env::IeeeGuard;

/// What a custom call does, in safe code.
pub type Body = fn(&mut Call<'_>) -> Result<(), Failure>;

/// Answers XLA's call of a handler: describes the handler if XLA asks for metadata, else runs
/// `body`.
///
/// Returns null for success, or an error object that XLA frees.
///
/// # Safety
/// `frame` is a call frame as XLA passes it to a handler.
pub unsafe fn enter(frame: *mut abi::CallFrame, body: Body) -> *mut abi::Error {
    // SAFETY: the caller passes XLA's frame.
    if unsafe { describe(frame) } {
        return ptr::null_mut();
    }
    // SAFETY: XLA keeps the frame alive and unchanged during the call.
    let frame = unsafe { &*frame };
    match guarded(|| run(frame, body)) {
        Ok(Ok(())) => ptr::null_mut(),
        Ok(Err(failure)) => raise(frame.api, &failure),
        Err(payload) => {
            let failure = Failure::internal(format!(
                "phasic panicked in a custom call: {}",
                text_of(&*payload)
            ));
            // Dropping an arbitrary payload could panic again.
            mem::forget(payload);
            raise(frame.api, &failure)
        }
    }
}

/// Runs `work` with IEEE arithmetic and silent panics, and catches those.
pub fn guarded<R>(work: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    let _ieee = IeeeGuard::enter();
    let _quiet = QuietPanics::enter();
    panic::catch_unwind(AssertUnwindSafe(work))
}

/// Not inlined, so that no arithmetic of the handler moves out of the guards.
#[inline(never)]
fn run(frame: &abi::CallFrame, body: Body) -> Result<(), Failure> {
    if frame.stage != abi::STAGE_EXECUTE {
        return Err(Failure::invalid(format!(
            "phasic handlers run in the execute stage ({}) only, not in stage {}",
            abi::STAGE_EXECUTE,
            frame.stage
        )));
    }
    // SAFETY: XLA guarantees a valid frame in the execute stage, and this is its only view.
    let mut call = unsafe { Call::new(frame) };
    body(&mut call)
}

/// Fills in the metadata extension, if the frame carries one: API version, traits, no state.
///
/// # Safety
/// `frame` is a call frame as XLA passes it to a handler; of a metadata query only the header and
/// `api` are valid.
unsafe fn describe(frame: *mut abi::CallFrame) -> bool {
    // SAFETY: every frame has this field.
    let mut extension = unsafe { (*frame).extension_start };
    // SAFETY: null, or a node of XLA's list, of which each begins with the base.
    while let Some(base) = unsafe { extension.as_ref() } {
        if base.kind == abi::EXTENSION_METADATA {
            // SAFETY: the kind says that the node is a metadata extension.
            let metadata = unsafe { (*extension.cast::<abi::MetadataExtension>()).metadata };
            // SAFETY: every frame has this field, null in API minor 1.
            let api = unsafe { (*frame).api.as_ref() };
            let minor = api.map_or(1, |api| api.api_version.minor_version).min(abi::API_MINOR);
            // SAFETY: XLA passes its metadata struct to be written; the API version is part of it
            // in every minor.
            let version = unsafe { &mut (*metadata).api_version };
            version.major_version = abi::API_MAJOR;
            version.minor_version = minor;
            // SAFETY: as above; the traits too are part of it in every minor.
            unsafe { (*metadata).traits = 0 };
            if minor >= 2 {
                // SAFETY: from API minor 2 on, the struct ends with the type id of the state; 0
                // means no state.
                unsafe { (*metadata.cast::<abi::Metadata2>()).state_type_id = 0 };
            }
            return true;
        }
        extension = base.next;
    }
    false
}

/// Makes an error object of the runtime.
///
/// # Aborts
/// If XLA passed no way to make one: returning null would declare unwritten results valid.
fn raise(api: *const abi::Api, failure: &Failure) -> *mut abi::Error {
    // SAFETY: null, or XLA's table of functions, which outlives the call.
    let create = unsafe { api.as_ref() }.and_then(|api| api.error_create);
    let Some(create) = create else { std::process::abort() };
    let text: Vec<u8> = failure.message.bytes().filter(|&byte| byte != 0).collect();
    let message = CString::new(text).unwrap_or_default();
    let mut args = abi::ErrorCreateArgs {
        struct_size: mem::offset_of!(abi::ErrorCreateArgs, errc) + size_of::<u32>(),
        extension_start: ptr::null_mut(),
        message: message.as_ptr(),
        errc: failure.code as u32,
    };
    // SAFETY: a function of XLA's table with the arguments it asks for; it copies the message.
    unsafe { create(&raw mut args) }
}

/// The message of a panic.
pub fn text_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics of this thread off stderr: they become errors of the custom call.
struct QuietPanics {
    before: bool,
}

impl QuietPanics {
    fn enter() -> Self {
        Self { before: QUIET.replace(true) }
    }
}

impl Drop for QuietPanics {
    fn drop(&mut self) {
        QUIET.set(self.before);
    }
}

/// Puts a panic hook before the present one that skips panics inside handlers. Calls after the
/// first do nothing.
pub fn silence_handler_panics() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                report(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests;
