//! Errors of custom calls, as the XLA runtime receives them.

/// The `absl::StatusCode`s that handlers report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Code {
    /// An operand, attribute or result does not fit the others.
    InvalidArgument = 3,
    /// A trace is not registered in this process.
    NotFound = 5,
    /// A handler panicked.
    Internal = 13,
}

/// Why a custom call failed: a status code and one sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: Code,
    pub message: String,
}

impl Failure {
    /// The caller passed something that does not fit.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { code: Code::InvalidArgument, message: message.into() }
    }

    /// Something the call names does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { code: Code::NotFound, message: message.into() }
    }

    /// A defect of this library.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { code: Code::Internal, message: message.into() }
    }
}
