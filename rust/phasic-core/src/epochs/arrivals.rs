//! Poisson probabilities of 0, 1, 2, … jumps one after the other, and of more than that.

use crate::dist::{Scaled, poisson};

/// How often a probability is computed anew, so that rounding errors of the ratios do not add up.
const ANCHOR: usize = 64;
/// Below this a probability is reached by ratios alone.
const SMALLEST: f64 = 1e-290;

/// P(N = k) and P(N > k) for N Poisson, k from 0 on; both to relative precision, without underflow.
pub(super) struct Arrivals {
    mean: f64,
    k: usize,
    at: Scaled,
    /// P(N ≤ k), used while it is no more than about a half.
    up_to: f64,
    /// `P(N > k) / P(N = k + 1)` for k from `first` on.
    ratios: Vec<f64>,
    first: usize,
}

impl Arrivals {
    pub fn new(mean: f64) -> Self {
        let at = exponential(mean);
        let first = mean.floor() as usize;
        Self { mean, k: 0, at, up_to: at.value(), ratios: ratios(mean, first), first }
    }

    /// Jumps beyond which there is no mass to speak of, below 1e-31.
    pub fn enough(mean: f64) -> usize {
        (mean + 12.0 * mean.sqrt() + 60.0) as usize
    }

    /// P(N = k).
    pub fn probability(&self) -> Scaled {
        self.at
    }

    /// P(N > k).
    pub fn beyond(&self) -> Scaled {
        if self.k < self.first {
            return Scaled::new(1.0 - self.up_to);
        }
        let ratio = self.ratios.get(self.k - self.first);
        let ratio = ratio.copied().unwrap_or_else(|| series(self.mean, self.k));
        self.at.times(self.mean / (self.k + 1) as f64).times(ratio)
    }

    /// The index k.
    pub fn jumps(&self) -> usize {
        self.k
    }

    /// From k to k + 1.
    pub fn advance(&mut self) {
        self.k += 1;
        self.at = self.at.times(self.mean / self.k as f64);
        if self.k.is_multiple_of(ANCHOR) {
            let exact = poisson::probability(self.k as u64, self.mean);
            if exact > SMALLEST {
                self.at = Scaled::new(exact);
            }
        }
        self.up_to += self.at.value();
    }
}

/// e^{−x} for x ≥ 0.
fn exponential(x: f64) -> Scaled {
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let halvings = (x * std::f64::consts::LOG2_E).round();
    let rest = (-halvings).mul_add(LN_2_LOW, (-halvings).mul_add(LN_2_HIGH, x));
    Scaled { mantissa: (-rest).exp(), exponent: -(halvings as i64) }
}

/// `P(N > k) / P(N = k + 1) = 1 + mean/(k + 2) · (the same for k + 1)`, from `first` to where the
/// series is short, the last one first.
fn ratios(mean: f64, first: usize) -> Vec<f64> {
    let last = first + (8.0 * mean.sqrt()) as usize + 16;
    let mut ratio = series(mean, last);
    let mut ratios = vec![0.0; last - first + 1];
    for k in (first..=last).rev() {
        ratios[k - first] = ratio;
        ratio = 1.0 + mean / (k + 1) as f64 * ratio;
    }
    ratios
}

fn series(mean: f64, k: usize) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for i in k + 2.. {
        term *= mean / i as f64;
        sum += term;
        if term < 1e-18 * sum {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::Arrivals;

    fn at(mean: f64, k: usize) -> Arrivals {
        let mut arrivals = Arrivals::new(mean);
        (0..k).for_each(|_| arrivals.advance());
        arrivals
    }

    #[test]
    fn tails_agree_with_fifty_digit_values() {
        // mpmath: gammainc(k + 1, 0, mean, regularized=True).
        let known = [
            (1e-3, 0, 9.995_001_666_250_084e-4),
            (3.5, 2, 6.791_528_011_378_659e-1),
            (3.5, 9, 3.314_944_264_632_363e-3),
            (1000.0, 990, 6.162_377_333_706_306e-1),
            (1000.0, 1000, 4.915_906_328_314_94e-1),
            (1000.0, 1400, 3.635_506_613_604_797e-33),
        ];
        for (mean, k, value) in known {
            let found = at(mean, k).beyond().value();
            assert!((found / value - 1.0).abs() < 1e-13, "{mean}, {k}: {found}");
        }
    }

    #[test]
    fn probabilities_far_below_the_smallest_double_keep_their_digits() {
        let none = at(5000.25, 0).probability();
        assert!((none.ln() + 5000.25).abs() < 1e-12);
        let some = at(5000.25, 100).probability();
        // mpmath: −mean + 100 ln mean − ln 100!.
        assert!((some.ln() + 4_512.265_056_538_936).abs() < 1e-9);
    }
}
