//! Densities, distribution functions and log-likelihoods, with a stated error.

mod absorption;
mod answers;
mod bands;
mod binomial;
mod chain;
mod compact;
mod continuous;
mod contour;
mod count_slopes;
mod counted;
mod counts;
mod curvature;
mod discrete;
mod event;
mod forward;
mod gap;
mod jets;
mod joint;
mod likelihood;
mod located;
mod logs;
mod marked;
mod mixture;
mod parts;
pub(crate) mod poisson;
mod quantile;
mod rewarded;
mod rows;
mod runs;
mod scaled;
mod sequence;
mod stiff;
mod sweep;

pub use absorption::Absorption;
pub use answers::{Answer, Way};
pub(crate) use chain::{Chain, ChainPattern};
pub(crate) use contour::{
    FINEST, Flow, Inversion, Saddle, Spectrum, Transform, Window, exponential, invert,
};
pub use count_slopes::CountCurve;
pub use discrete::Discrete;
pub(crate) use jets::slope_in_time;
pub use joint::{Joint, JointValues};
pub(crate) use likelihood::check_weights;
pub use likelihood::{Law, LogLikelihood};
pub use marked::{Marked, MarkedGradient};
pub use quantile::Tail;
pub use rewarded::{Given, Rewarded};
pub(crate) use scaled::{Scaled, power_of_two};
pub use sequence::Quantity as Curve;
pub(crate) use sequence::Sequence;
pub(crate) use stiff::{FEW_JUMPS, is_worth_a_contour};
