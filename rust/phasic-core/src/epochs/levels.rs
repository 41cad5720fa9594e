//! Row vectors with a common power of two, so that nothing underflows.

use crate::dist::{Scaled, power_of_two};

/// Exponent of a sum without terms.
const NOTHING: i64 = i64::MIN / 2;
/// A term this many powers of two above the sum's exponent moves the exponent.
const ROOM: i64 = 300;

/// Row vectors `a[0], a[1], …` of n entries each, one after the other, times 2^exponent.
///
/// `a[j]` holds E[Yʲ/j!; the chain is in i] for the reward Y collected so far; `a[0]` are the
/// probabilities.
#[derive(Clone, Debug)]
pub(crate) struct Levels {
    /// Entries of a level.
    pub n: usize,
    /// Levels.
    pub count: usize,
    pub values: Vec<f64>,
    pub exponent: i64,
}

impl Levels {
    /// `first` as level 0 of `count` levels, the others 0.
    pub fn new(first: &[f64], count: usize) -> Self {
        let mut values = first.to_vec();
        values.resize(first.len() * count, 0.0);
        Self { n: first.len(), count, values, exponent: 0 }
    }

    /// A sum without terms, in the shape of another.
    pub fn empty(like: &Self) -> Self {
        let values = vec![0.0; like.values.len()];
        Self { n: like.n, count: like.count, values, exponent: NOTHING }
    }

    /// The numbers of a level after the other.
    pub fn of_scaled(n: usize, numbers: &[Scaled]) -> Self {
        let sizes = numbers.iter().take(n).filter(|number| number.mantissa != 0.0);
        let exponent = sizes.map(|number| size(number.mantissa) + number.exponent).max();
        let exponent = exponent.unwrap_or(0);
        let values = numbers.iter().map(|at| shifted(at.mantissa, at.exponent - exponent));
        let count = numbers.len().checked_div(n).unwrap_or(1);
        let mut levels = Self { n, count, values: values.collect(), exponent };
        levels.settle();
        levels
    }

    pub fn level(&self, level: usize) -> &[f64] {
        &self.values[level * self.n..][..self.n]
    }

    /// Adds `weight · 2^exponent · v`.
    pub fn add(&mut self, weight: Scaled, exponent: i64, v: &[f64]) {
        if weight.mantissa == 0.0 {
            return;
        }
        let size = size(weight.mantissa) + weight.exponent + exponent;
        if self.exponent == NOTHING {
            self.exponent = size;
        } else if size > self.exponent + ROOM {
            let factor = power_of_two(self.exponent - size);
            self.values.iter_mut().for_each(|value| *value *= factor);
            self.exponent = size;
        }
        let shift = weight.exponent + exponent - self.exponent;
        let factor = Scaled { mantissa: weight.mantissa, exponent: shift }.value();
        if factor == 0.0 {
            return;
        }
        for (sum, value) in self.values.iter_mut().zip(v) {
            *sum += factor * value;
        }
    }

    /// Ends a sum: brings the mass of level 0 between 1/2 and 1.
    pub fn settle(&mut self) {
        let mass: f64 = self.level(0).iter().sum();
        if mass == 0.0 {
            self.exponent = if self.exponent == NOTHING { 0 } else { self.exponent };
            return;
        }
        let shift = size(mass) + 1;
        let factor = power_of_two(-shift);
        self.values.iter_mut().for_each(|value| *value *= factor);
        self.exponent += shift;
    }

    /// Σ of a level times a vector of either sign.
    pub fn dot(&self, level: usize, vector: &[f64]) -> f64 {
        shifted(crate::solve::dot(self.level(level), vector), self.exponent)
    }

    /// A level without its power of two.
    pub fn plain(&self, level: usize) -> Vec<f64> {
        self.level(level).iter().map(|&value| shifted(value, self.exponent)).collect()
    }
}

/// `value · 2^exponent`, of either sign.
pub(super) fn shifted(value: f64, exponent: i64) -> f64 {
    Scaled { mantissa: value, exponent }.value()
}

/// The largest power of two that is not above a positive number.
fn size(value: f64) -> i64 {
    let field = ((value.to_bits() >> 52) & 0x7ff) as i64;
    if field == 0 { size(value * power_of_two(64)) - 64 } else { field - 1023 }
}
