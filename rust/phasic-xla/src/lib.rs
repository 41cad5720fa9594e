//! XLA custom calls for phasic traces.
//!
//! JAX programs call the handlers of this crate directly from compiled code: no host callback, no
//! C++. A program names its trace by content hash; the trace itself lives in the process-wide
//! [`registry`].
//!
//! [`targets`] lists the handlers, to be registered with `jax.ffi.register_ffi_target`.

#![deny(unsafe_op_in_unsafe_fn)]

mod abi;
mod batch;
mod call;
mod failure;
mod float_env;
mod handlers;
mod operand;
mod pool;
pub mod registry;
mod trampoline;

#[cfg(test)]
mod fake;

/// Name and address of every handler, for the CPU platform.
///
/// The addresses are functions of the C type `XLA_FFI_Handler`, valid as long as this library is
/// loaded.
#[must_use]
pub fn targets() -> Vec<(&'static str, usize)> {
    trampoline::silence_handler_panics();
    let log_likelihood: abi::Handler = handlers::log_likelihood::handler;
    let mut targets = vec![(handlers::log_likelihood::NAME, log_likelihood as usize)];
    targets.extend(handlers::jet::targets().map(|(name, handler)| (name, handler as usize)));
    targets
}
