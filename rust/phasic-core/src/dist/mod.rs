//! Densities, distribution functions and log-likelihoods, with a stated error.

mod absorption;
mod chain;
mod continuous;
mod counts;
mod discrete;
mod likelihood;
pub(crate) mod poisson;
mod scaled;
mod sequence;

pub use absorption::Absorption;
pub(crate) use chain::{Chain, ChainPattern};
pub use discrete::Discrete;
pub use likelihood::{Law, LogLikelihood};
pub(crate) use scaled::{Scaled, power_of_two};
pub(crate) use sequence::{Quantity, Sequence};
