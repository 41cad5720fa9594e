//! Numbers far below the smallest double: a mantissa and a power of two.

/// `mantissa · 2^exponent`, mantissa ≥ 0 save in sums by [`Scaled::add`]. Zero is mantissa 0.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scaled {
    pub mantissa: f64,
    pub exponent: i64,
}

const STEP: i64 = 512;
const LOW: f64 = 7.458_340_731_200_207e-155; // 2^-512
const HIGH: f64 = 1.340_780_792_994_259_7e154; // 2^512
const SMALL: f64 = 8.636_168_555_094_445e-78; // 2^-256

impl Scaled {
    pub fn new(mantissa: f64) -> Self {
        Self { mantissa, exponent: 0 }.normal()
    }

    /// `exp(log)`.
    pub fn from_ln(log: f64) -> Self {
        let exponent = (log / std::f64::consts::LN_2).clamp(-1e18, 1e18).floor();
        let mantissa = (log - exponent * std::f64::consts::LN_2).exp();
        Self { mantissa, exponent: exponent as i64 }
    }

    /// The same number with its mantissa brought back into range.
    pub fn normal(mut self) -> Self {
        while self.mantissa != 0.0 && self.mantissa < LOW {
            self.mantissa *= HIGH;
            self.exponent -= STEP;
        }
        while self.mantissa > HIGH {
            self.mantissa *= LOW;
            self.exponent += STEP;
        }
        self
    }

    pub fn times(mut self, mut factor: f64) -> Self {
        // A product of two small mantissas would lose digits before it is scaled.
        while factor < SMALL && factor > 0.0 {
            factor *= HIGH;
            self.exponent -= STEP;
        }
        Self { mantissa: self.mantissa * factor, exponent: self.exponent }.normal()
    }

    /// The difference of two numbers, the first of which is not the smaller.
    pub fn minus(self, other: Self) -> Self {
        let mantissa =
            self.mantissa - other.mantissa * power_of_two(other.exponent - self.exponent);
        Self { mantissa: mantissa.max(0.0), exponent: self.exponent }.normal()
    }

    /// The quotient as a double.
    pub fn over(self, other: Self) -> f64 {
        let mantissa = self.mantissa / other.mantissa;
        Self { mantissa, exponent: self.exponent - other.exponent }.value()
    }

    /// Adds `mantissa · 2^exponent`.
    pub fn add(&mut self, mantissa: f64, exponent: i64) {
        if mantissa == 0.0 {
            return;
        }
        if self.mantissa == 0.0 {
            *self = Self { mantissa, exponent };
        } else if exponent > self.exponent {
            self.mantissa = self.mantissa * power_of_two(self.exponent - exponent) + mantissa;
            self.exponent = exponent;
        } else {
            self.mantissa += mantissa * power_of_two(exponent - self.exponent);
        }
    }

    pub fn value(self) -> f64 {
        // Two steps: 2^exponent alone may overflow or underflow where the product does not.
        let half = self.exponent / 2;
        self.mantissa * power_of_two(half) * power_of_two(self.exponent - half)
    }

    /// Natural logarithm; −∞ for zero.
    pub fn ln(self) -> f64 {
        self.mantissa.ln() + self.exponent as f64 * std::f64::consts::LN_2
    }
}

/// 2^n, 0 below the range of doubles and ∞ above it.
pub(crate) fn power_of_two(n: i64) -> f64 {
    match n {
        -1022..=1023 => f64::from_bits(((n + 1023) as u64) << 52),
        ..-1074 => 0.0,
        -1074..-1022 => f64::from(2).powi(n as i32),
        _ => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::Scaled;

    #[test]
    fn sums_across_four_hundred_decades() {
        let mut sum = Scaled::new(1e-200).times(1e-200);
        sum.add(sum.mantissa, sum.exponent);
        assert!((sum.ln() - (2.0_f64.ln() - 400.0 * 10.0_f64.ln())).abs() < 1e-12 * 921.0);
    }

    #[test]
    fn products_of_small_numbers_keep_their_digits() {
        let mut product = Scaled::new(1.0);
        for _ in 0..5 {
            product = product.times(1e-300);
        }
        assert!((product.ln() + 1500.0 * 10.0_f64.ln()).abs() < 1e-12 * 3454.0);
    }

    #[test]
    fn quotients_and_differences_of_numbers_below_all_doubles() {
        let small = Scaled::new(1e-200).times(1e-200);
        let third = small.times(1.0 / 3.0);
        assert!((small.over(third) - 3.0).abs() < 1e-14);
        assert!((small.minus(third).over(third) - 2.0).abs() < 1e-14);
        assert_eq!(Scaled::default().over(small), 0.0);
    }

    #[test]
    fn logarithms_of_any_size_are_kept() {
        for log in [-1e12, -7e8, -1.0, 0.0, 700.0, 1e12] {
            assert!((Scaled::from_ln(log).ln() - log).abs() <= 1e-15 * f64::max(1.0, log.abs()));
        }
    }

    #[test]
    fn value_survives_large_exponents() {
        let tiny = Scaled { mantissa: 1e300, exponent: -1990 };
        assert!(
            (tiny.value() / (1e300 * 2.0_f64.powi(-995) * 2.0_f64.powi(-995)) - 1.0).abs() < 1e-15
        );
    }
}
