//! Laws of stiff chains by inverse Laplace transforms.
//!
//! A density is `(1/2πi) ∫ exp(z t) F(z) dz` with `F(z) = α (zR − S)⁻¹ s`: one complex elimination of
//! the recorded trace per node of the contour, whatever the rates. The contour is a hyperbola
//! (López-Fernández & Palencia 2004; Weideman & Trefethen 2007) through the saddle point of
//! `exp(z t) F(z)` on the real axis, where the integrand is as large as the result: the error is
//! relative to the density itself, in both tails. Its nodes serve all times of a window.
//!
//! The spectrum must lie to the left of the contour: [`mod@spectrum`] bounds it, component by component, by
//! detailed balance, by the numerical range or by the number of states.

mod bends;
mod curve;
mod hyperbola;
mod inverse;
mod laplace;
mod sector;
mod spectrum;

pub(super) use curve::Curve;
pub(super) use inverse::{Inversion, Saddle, Transform, Window, invert};
pub(super) use laplace::{Output, Shifted, node_cost};
pub(super) use spectrum::{Spectrum, spectrum};
