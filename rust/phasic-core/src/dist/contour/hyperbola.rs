//! The contour: one branch of a hyperbola that opens to the left.

use std::f64::consts::{FRAC_PI_2, PI};

use super::spectrum::Spectrum;
use crate::Complex;

/// `z(u) = anchor + μ (sin a (1 − cosh u) + i cos a sinh u)`, crossed at the anchor for u = 0.
///
/// Deformed by v in the angle, a to a + v, it stays off the spectrum up to `v = π/2 − φ − a`, φ the
/// half-angle of the spectrum's sector, where its tip touches the decay rate: μ is chosen so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hyperbola {
    pub anchor: f64,
    angle: f64,
    scale: f64,
    /// Width of the strip about the real u-axis on which the integrand is analytic.
    strip: f64,
}

/// Share of the free angle on the side of the spectrum that is left to the contour.
const SHARE: f64 = 0.6;

impl Hyperbola {
    /// `anchor`: real, to the right of the spectrum.
    pub fn through(anchor: f64, spectrum: &Spectrum) -> Self {
        let free = FRAC_PI_2 - spectrum.half_angle;
        let angle = SHARE * free;
        let scale = (anchor + spectrum.decay) / (spectrum.half_angle.cos() - angle.sin());
        Self { anchor, angle, scale, strip: free - angle }
    }

    pub fn point(&self, u: f64) -> Complex {
        let (sin, cos) = self.angle.sin_cos();
        // 1 − cosh u without cancellation.
        let drop = 2.0 * (u / 2.0).sinh().powi(2);
        Complex { re: self.anchor - self.scale * sin * drop, im: self.scale * cos * u.sinh() }
    }

    /// dz/du.
    pub fn slope(&self, u: f64) -> Complex {
        let (sin, cos) = self.angle.sin_cos();
        Complex { re: -self.scale * sin * u.sinh(), im: self.scale * cos * u.cosh() }
    }

    /// A distance between nodes such that every other one alone leaves an error of about `coarse`:
    /// e^(−2π strip / 2h), and e^(−2π² σ² / 4h²) at a saddle of width σ in u. `curvature`: (ln F)″
    /// at the anchor.
    pub fn step(&self, curvature: f64, coarse: f64) -> f64 {
        let digits = (1.0 / coarse).ln();
        let width = 1.0 / (curvature.sqrt() * self.scale * self.angle.cos());
        0.5 * (2.0 * PI * self.strip / digits).min(width * (2.0 * PI * PI / digits).sqrt())
    }
}
