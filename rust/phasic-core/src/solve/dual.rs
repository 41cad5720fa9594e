//! Dual numbers: a value and its derivative along one direction.

use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};

use super::Scalar;

/// `value + ε·slope` with ε² = 0. A reverse sweep over duals gives the gradient and, as its slope,
/// the Hessian times the direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual {
    /// The value.
    pub value: f64,
    /// Its derivative along the direction.
    pub slope: f64,
}

impl Scalar for Dual {
    const ZERO: Self = Self { value: 0.0, slope: 0.0 };

    fn constant(value: f64) -> Self {
        Self { value, slope: 0.0 }
    }

    fn ratio(self, divisor: Self) -> Self {
        if divisor.value == 0.0 {
            return Self::ZERO;
        }
        let value = self.value / divisor.value;
        Self { value, slope: (self.slope - value * divisor.slope) / divisor.value }
    }

    fn any_zero(self) -> bool {
        self.value == 0.0
    }
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, slope: self.slope + other.slope }
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, slope: self.slope - other.slope }
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            slope: self.slope * other.value + self.value * other.slope,
        }
    }
}

impl AddAssign for Dual {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Dual {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}
