//! Several complex numbers side by side: nodes of a contour that share one elimination.

use std::array;
use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};

use super::{Complex, Scalar};

/// Complex numbers that one elimination carries side by side.
pub(crate) const NODES: usize = 4;

/// Real and imaginary parts, each a vector.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub(crate) struct ComplexLanes {
    re: [f64; NODES],
    im: [f64; NODES],
}

impl ComplexLanes {
    pub fn of(lane: impl Fn(usize) -> Complex) -> Self {
        Self { re: array::from_fn(|k| lane(k).re), im: array::from_fn(|k| lane(k).im) }
    }

    pub fn lane(&self, k: usize) -> Complex {
        Complex { re: self.re[k], im: self.im[k] }
    }

    /// Sum of the imaginary parts.
    pub fn imaginary(&self) -> f64 {
        self.im.iter().sum()
    }
}

impl Scalar for ComplexLanes {
    const ZERO: Self = Self { re: [0.0; NODES], im: [0.0; NODES] };
    const WIDE: bool = true;

    fn constant(value: f64) -> Self {
        Self { re: [value; NODES], im: [0.0; NODES] }
    }

    #[inline]
    fn add_product(&mut self, a: Self, b: Self) {
        for k in 0..NODES {
            self.re[k] += a.re[k] * b.re[k] - a.im[k] * b.im[k];
            self.im[k] += a.re[k] * b.im[k] + a.im[k] * b.re[k];
        }
    }

    /// The divisor is scaled by its larger part first, so that no square over- or underflows.
    #[inline]
    fn ratio(self, divisor: Self) -> Self {
        let mut result = Self::ZERO;
        for k in 0..NODES {
            let scale = 1.0 / divisor.re[k].abs().max(divisor.im[k].abs());
            let (c, d) = (divisor.re[k] * scale, divisor.im[k] * scale);
            let factor = scale / (c * c + d * d);
            let zero = scale.is_infinite();
            let re = (self.re[k] * c + self.im[k] * d) * factor;
            let im = (self.im[k] * c - self.re[k] * d) * factor;
            (result.re[k], result.im[k]) = if zero { (0.0, 0.0) } else { (re, im) };
        }
        result
    }

    fn any_zero(self) -> bool {
        (0..NODES).any(|k| self.re[k] == 0.0 && self.im[k] == 0.0)
    }
}

impl Add for ComplexLanes {
    type Output = Self;
    #[inline]
    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sub for ComplexLanes {
    type Output = Self;
    #[inline]
    fn sub(mut self, other: Self) -> Self {
        self -= other;
        self
    }
}

impl Mul for ComplexLanes {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        let mut product = Self::ZERO;
        product.add_product(self, other);
        product
    }
}

impl AddAssign for ComplexLanes {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        for k in 0..NODES {
            self.re[k] += other.re[k];
            self.im[k] += other.im[k];
        }
    }
}

impl SubAssign for ComplexLanes {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        for k in 0..NODES {
            self.re[k] -= other.re[k];
            self.im[k] -= other.im[k];
        }
    }
}
