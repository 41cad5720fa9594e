//! The custom calls, one module each.

pub mod log_likelihood;
