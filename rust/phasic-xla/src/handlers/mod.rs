//! The custom calls, one module each.

pub mod jet;
mod key;
pub mod log_likelihood;
