//! Chains too large to factor: what elimination would cost, and answers without it.
//!
//! [`predict()`] counts the entries and multiply-adds of an elimination from the frozen graph, before
//! any memory is taken. [`Iterative`] solves M x = b and z M = c over the block order: small
//! components by elimination, large ones by a preconditioned Krylov method, all corrected with
//! residuals of twice the working precision until a bound on the error is certified. M is an
//! M-matrix, so for v > 0 with M v > 0 the error of x is at most maxⱼ (|b − M x|ⱼ / (M v)ⱼ) · v.

mod answers;
mod blocks;
mod certify;
mod chain;
mod counts;
mod double;
mod gmres;
mod gradient;
mod incomplete;
mod predict;
mod solver;

pub(crate) use chain::trapped;

pub use answers::{Bounded, Iterative, Method, Options};
pub use gradient::BoundedGradient;
pub use predict::{Cost, Limits, predict};
