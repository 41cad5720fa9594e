//! Numeric elimination and everything that follows from one factorization.

mod adjoint;
mod batch;
mod complex;
mod complex_lanes;
mod cross;
mod dual;
mod factor;
mod given_zero;
mod gradient;
mod joint;
mod joint_atoms;
mod linear;
mod moments;
mod occupancy;
mod panel;
mod parts;
mod quantity;
mod reverse;
mod reverse_panel;
mod reward_time;
mod scalar;
mod steps;
#[cfg(test)]
mod tests;
mod transform;
mod transform_chain;

pub(crate) use adjoint::Adjoint;
pub use batch::Batch;
pub use complex::Complex;
pub(crate) use complex_lanes::{ComplexLanes, NODES};
pub use dual::Dual;
pub(crate) use factor::{Factor, Solution};
pub use gradient::Gradient;
pub use moments::Moments;
pub(crate) use moments::{check_absorbed, not_negative, rewards_at_positions};
pub use quantity::{Clock, Quantity};
pub(crate) use reverse::{Evaluation, product};
pub(crate) use reward_time::RewardTime;
pub use scalar::{Lanes, Scalar};
pub(crate) use steps::Steps;
pub use transform::{
    reward_transform, reward_transform_discrete, reward_transform_discrete_for_any_theta,
    reward_transform_for_any_theta,
};

/// Σ a·b.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    // An empty sum of doubles is −0 in Rust.
    a.iter().zip(b).fold(0.0, |sum, (x, y)| sum + x * y)
}
