//! Densities, distribution functions and log-likelihoods, with a stated error.

mod absorption;
mod chain;
mod continuous;
mod counted;
mod counts;
mod discrete;
mod event;
mod forward;
mod gap;
mod likelihood;
mod logs;
mod poisson;
mod quantile;
mod rows;
mod scaled;
mod sequence;
mod slopes;
mod sweep;

pub use absorption::Absorption;
pub use discrete::Discrete;
pub use likelihood::{Law, LogLikelihood};
pub use quantile::Tail;
pub use slopes::{Curve, Slopes};
