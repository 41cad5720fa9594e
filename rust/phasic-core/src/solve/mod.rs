//! Numeric elimination and everything that follows from one factorization.

mod adjoint;
mod factor;
mod moments;
mod transform;

pub(crate) use adjoint::Adjoint;
pub(crate) use factor::{Factor, Solution};
pub use moments::Moments;
pub(crate) use moments::{Steps, dot};
pub use transform::reward_transform;
