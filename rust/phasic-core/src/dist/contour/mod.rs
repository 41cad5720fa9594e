//! Laws of stiff chains by inverse Laplace transforms.
//!
//! A density is `(1/2πi) ∫ exp(z t) F(z) dz` with `F(z) = α (zR − S)⁻¹ s`: one complex elimination of
//! the recorded trace per node of the contour, whatever the rates. The contour is a hyperbola
//! (López-Fernández & Palencia 2004; Weideman & Trefethen 2007) through the saddle point of
//! `exp(z t) F(z)` on the real axis, where the integrand is as large as the result: the error is
//! relative to the density itself, in both tails. Its nodes serve all times of a window.
//!
//! Row vectors of probabilities and times go the same way, all entries from one solve per node, each
//! with an estimate of its own: [`mod@rows`].
//!
//! The spectrum must lie to the left of the contour: [`mod@spectrum`] bounds it, component by component, by
//! detailed balance, by the numerical range or by the number of states.

mod bends;
mod curve;
mod hyperbola;
mod inverse;
mod laplace;
mod rows;
mod sector;
mod spectrum;

pub(super) use curve::Curve;
pub(crate) use curve::exponential;
pub(crate) use inverse::{Inversion, Saddle, Transform, Window, invert};
pub(super) use laplace::{Output, Shifted, node_cost};
pub(crate) use rows::{FINEST, Flow, Moved};
pub(crate) use spectrum::{Spectrum, spectrum};
