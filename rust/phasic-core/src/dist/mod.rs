//! Densities, distribution functions and log-likelihoods, with a stated error.

mod absorption;
mod answers;
mod chain;
mod continuous;
mod contour;
mod counted;
mod counts;
mod discrete;
mod event;
mod forward;
mod gap;
mod likelihood;
mod logs;
mod marked;
pub(crate) mod poisson;
mod quantile;
mod rows;
mod scaled;
mod sequence;
mod slopes;
mod stiff;
mod stiff_slopes;
mod sweep;

pub use absorption::Absorption;
pub use answers::{Answer, Way};
pub(crate) use chain::{Chain, ChainPattern};
pub use discrete::Discrete;
pub use likelihood::{Law, LogLikelihood};
pub use marked::{Marked, MarkedGradient};
pub use quantile::Tail;
pub(crate) use scaled::{Scaled, power_of_two};
pub use sequence::Quantity as Curve;
pub(crate) use sequence::{Quantity, Sequence};
pub use slopes::Slopes;
