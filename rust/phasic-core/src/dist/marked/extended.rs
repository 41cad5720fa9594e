//! Numbers with the digits of a double and an exponent without end.

use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};

use super::super::scaled::{Scaled, power_of_two};
use crate::solve::Scalar;

/// Binary digits of one unit of the exponent.
const STEP: i64 = 512;
const UP: f64 = 1.340_780_792_994_259_7e154; // 2^512
const DOWN: f64 = 7.458_340_731_200_207e-155; // 2^-512
const HIGH: f64 = 1.157_920_892_373_162e77; // 2^256
const LOW: f64 = 8.636_168_555_094_445e-78; // 2^-256

/// `mantissa · 2^(512 exponent)`, the mantissa 0 or between 2^-256 and 2^256 in size.
///
/// Products and quotients of two mantissas stay within the range of doubles, and most sums are of
/// numbers with equal exponents: a few times the cost of a double.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extended {
    mantissa: f64,
    exponent: i64,
}

impl Extended {
    fn normal(mut mantissa: f64, mut exponent: i64) -> Self {
        while mantissa.abs() > HIGH && mantissa.is_finite() {
            mantissa *= DOWN;
            exponent += 1;
        }
        while mantissa.abs() < LOW && mantissa != 0.0 {
            mantissa *= UP;
            exponent -= 1;
        }
        Self { mantissa, exponent }
    }

    /// The nearest double: zero or infinity beyond their range.
    pub fn value(self) -> f64 {
        Scaled { mantissa: self.mantissa, exponent: STEP * self.exponent.clamp(-9, 9) }.value()
    }

    /// Natural logarithm of a number of at least 0.
    pub fn ln(self) -> f64 {
        self.mantissa.ln() + self.exponent as f64 * (STEP as f64 * std::f64::consts::LN_2)
    }
}

impl Scalar for Extended {
    const ZERO: Self = Self { mantissa: 0.0, exponent: 0 };

    fn constant(value: f64) -> Self {
        Self::normal(value, 0)
    }

    fn ratio(self, divisor: Self) -> Self {
        if divisor.mantissa == 0.0 {
            return Self::ZERO;
        }
        Self::normal(self.mantissa / divisor.mantissa, self.exponent - divisor.exponent)
    }

    fn any_zero(self) -> bool {
        self.mantissa == 0.0
    }
}

impl Add for Extended {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        if self.mantissa == 0.0 {
            return other;
        }
        if other.mantissa == 0.0 {
            return self;
        }
        let (large, small) =
            if self.exponent < other.exponent { (other, self) } else { (self, other) };
        let shift = small.exponent.saturating_sub(large.exponent).max(-3);
        Self::normal(large.mantissa + small.mantissa * power_of_two(STEP * shift), large.exponent)
    }
}

impl Sub for Extended {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + Self { mantissa: -other.mantissa, ..other }
    }
}

impl Mul for Extended {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::normal(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }
}

impl AddAssign for Extended {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Extended {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Extended;
    use crate::solve::Scalar;

    #[test]
    fn powers_far_below_doubles_come_back() {
        let small = Extended::constant(1e-200);
        let mut product = Extended::constant(1.0);
        for _ in 0..50 {
            product = product * small;
        }
        assert_eq!(product.value(), 0.0);
        assert!((product.ln() / (-10_000.0 * 10.0_f64.ln()) - 1.0).abs() < 1e-14);
        for _ in 0..50 {
            product = product.ratio(small);
        }
        assert!((product.value() - 1.0).abs() < 1e-13);
    }

    #[test]
    fn a_smallest_double_is_exact() {
        assert_eq!(Extended::constant(5e-324).value(), 5e-324);
    }

    #[test]
    fn a_sum_keeps_what_a_neighbouring_exponent_holds() {
        let large = Extended::constant(2.0_f64.powi(-200)) * Extended::constant(2.0_f64.powi(-100));
        let small = Extended::constant(2.0_f64.powi(-350)) * Extended::constant(0.5);
        assert_eq!((large + small).value(), 2.0_f64.powi(-300) * (1.0 + 2.0_f64.powi(-51)));
    }

    fn number() -> impl Strategy<Value = f64> {
        (-1.0..1.0, -140..140_i32).prop_map(|(m, e): (f64, i32)| m * 10.0_f64.powi(e))
    }

    proptest! {
        #[test]
        fn arithmetic_is_that_of_doubles(a in number(), b in number()) {
            let (x, y) = (Extended::constant(a), Extended::constant(b));
            prop_assert_eq!((x + y).value(), a + b);
            prop_assert_eq!((x - y).value(), a - b);
            prop_assert_eq!((x * y).value(), a * b);
            prop_assert_eq!(x.ratio(y).value(), if b == 0.0 { 0.0 } else { a / b });
        }
    }
}
