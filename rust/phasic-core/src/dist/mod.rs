//! Densities, distribution functions and log-likelihoods, with a stated error.

mod absorption;
mod answers;
mod chain;
mod continuous;
mod contour;
mod counts;
mod discrete;
mod likelihood;
mod poisson;
mod scaled;
mod sequence;

pub use absorption::Absorption;
pub use answers::Method;
pub use discrete::Discrete;
pub use likelihood::{Law, LogLikelihood};
