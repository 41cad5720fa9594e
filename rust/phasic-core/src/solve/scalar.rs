//! The numbers that an elimination can run on: one code for values, batches, transforms and
//! second derivatives.

use std::array;
use std::fmt::Debug;
use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};

/// A number that a recorded elimination can be evaluated with.
///
/// `f64` gives values; [`Lanes`] gives the values of several θ at once; complex numbers give
/// Laplace transforms off the real axis; dual numbers give directional derivatives, and through a
/// reverse sweep Hessian-vector products.
pub trait Scalar:
    Copy
    + Debug
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + AddAssign
    + SubAssign
{
    /// Zero.
    const ZERO: Self;

    /// A constant.
    fn constant(value: f64) -> Self;

    /// Whether one such number fills the registers of a core: rows are then not taken side by side.
    const WIDE: bool = false;

    /// Whether the numbers have an order.
    const ORDERED: bool = false;

    /// Adds `a · b`.
    #[inline]
    fn add_product(&mut self, a: Self, b: Self) {
        *self += a * b;
    }

    /// Whether the number is below another (for lanes: in every one of them); never for numbers
    /// without an order.
    fn all_below(self, _other: Self) -> bool {
        false
    }

    /// `self` where `a` is below `b`, else `other` (for lanes: in each of them).
    #[must_use]
    fn where_below(self, _a: Self, _b: Self, other: Self) -> Self {
        other
    }

    /// `self / divisor`, and 0 where the divisor is 0: nothing flows through a state that is never
    /// left or entered.
    #[must_use]
    fn ratio(self, divisor: Self) -> Self;

    /// Whether the number is 0 (for lanes: in any of them).
    fn any_zero(self) -> bool;
}

impl Scalar for f64 {
    const ZERO: Self = 0.0;
    const ORDERED: bool = true;

    fn constant(value: f64) -> Self {
        value
    }

    fn all_below(self, other: Self) -> bool {
        self < other
    }

    fn where_below(self, a: Self, b: Self, other: Self) -> Self {
        if a < b { self } else { other }
    }

    fn ratio(self, divisor: Self) -> Self {
        if divisor == 0.0 { 0.0 } else { self / divisor }
    }

    fn any_zero(self) -> bool {
        self == 0.0
    }
}

/// Several numbers side by side, one for each θ of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub struct Lanes<const N: usize>(pub [f64; N]);

impl<const N: usize> Lanes<N> {
    #[inline]
    fn each(self, other: Self, apply: impl Fn(f64, f64) -> f64) -> Self {
        let mut result = self;
        for (a, b) in result.0.iter_mut().zip(other.0) {
            *a = apply(*a, b);
        }
        result
    }
}

impl<const N: usize> Scalar for Lanes<N> {
    const ZERO: Self = Self([0.0; N]);
    const WIDE: bool = true;
    const ORDERED: bool = true;

    fn constant(value: f64) -> Self {
        Self([value; N])
    }

    #[inline]
    fn add_product(&mut self, a: Self, b: Self) {
        for lane in 0..N {
            self.0[lane] += a.0[lane] * b.0[lane];
        }
    }

    fn all_below(self, other: Self) -> bool {
        self.0.iter().zip(other.0).all(|(&a, b)| a < b)
    }

    fn where_below(self, a: Self, b: Self, other: Self) -> Self {
        Self(array::from_fn(
            |lane| if a.0[lane] < b.0[lane] { self.0[lane] } else { other.0[lane] },
        ))
    }

    #[inline]
    fn ratio(self, divisor: Self) -> Self {
        self.each(divisor, |a, b| if b == 0.0 { 0.0 } else { a / b })
    }

    fn any_zero(self) -> bool {
        self.0.contains(&0.0)
    }
}

impl<const N: usize> Add for Lanes<N> {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        self.each(other, |a, b| a + b)
    }
}

impl<const N: usize> Sub for Lanes<N> {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        self.each(other, |a, b| a - b)
    }
}

impl<const N: usize> Mul for Lanes<N> {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        self.each(other, |a, b| a * b)
    }
}

impl<const N: usize> AddAssign for Lanes<N> {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<const N: usize> SubAssign for Lanes<N> {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}
