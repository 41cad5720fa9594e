//! Densities, distribution functions and log-likelihoods, with a stated error.

mod absorption;
mod answers;
mod chain;
mod continuous;
mod contour;
mod counts;
mod discrete;
mod likelihood;
mod logs;
mod poisson;
mod quantile;
mod scaled;
mod sequence;

pub use absorption::Absorption;
pub use answers::{Answer, Way};
pub use discrete::Discrete;
pub use likelihood::{Law, LogLikelihood};
pub use quantile::Tail;
pub use sequence::Quantity as Curve;
