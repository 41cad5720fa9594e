//! Chains too large to factor.
//!
//! [`Iterative`] solves M x = b and z M = c over the block order: small
//! components by elimination, large ones by a preconditioned Krylov method, all corrected with
//! residuals of twice the working precision until a bound on the error is certified. M is an
//! M-matrix, so for v > 0 with M v > 0 the error of x is at most maxⱼ (|b − M x|ⱼ / (M v)ⱼ) · v.

mod answers;
mod blocks;
mod certify;
mod chain;
mod double;
mod gmres;
mod gradient;
mod incomplete;
mod solver;

pub(crate) use chain::trapped;

pub use answers::{Bounded, Iterative, Method, Options};
pub use gradient::BoundedGradient;
