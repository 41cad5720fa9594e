//! Densities, distribution functions and log-likelihoods, with a stated error.

mod absorption;
mod chain;
mod continuous;
mod counts;
mod discrete;
mod likelihood;
mod marked;
mod poisson;
mod scaled;
mod sequence;

pub use absorption::Absorption;
pub use discrete::Discrete;
pub use likelihood::{Law, LogLikelihood};
pub use marked::{Marked, MarkedGradient};
