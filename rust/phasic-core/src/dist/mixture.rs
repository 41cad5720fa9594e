//! Mixtures of what the uniformized chain does jump by jump over Poisson probabilities.

use super::poisson;
use super::runs::{self, Ratios, Walk};
use super::scaled::{Scaled, power_of_two};
use super::sequence::{Quantity, Sequence};
use crate::Error;

/// Sums of plain doubles hold only above this, as a multiple of the largest term and by themselves:
/// what underflows is then far below any tolerance.
const PLAIN: f64 = 1e-200;
const LEAST: f64 = 1e-290;

/// A mixture `Σ Pois(k; mean) · c[k]` and the range of k that it needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mixture {
    pub sum: Scaled,
    pub first: usize,
    pub last: usize,
    /// Whether it was mixed in plain doubles, in whole runs from the mode on.
    pub plain: bool,
}

impl Mixture {
    /// Hands over the Poisson probabilities that were mixed in plain doubles, run by run.
    pub(super) fn runs(&self, mean: f64, ratios: &Ratios, mut take: impl FnMut(&Walk)) {
        let start = Walk::new(mean);
        let mut walk = start;
        take(&walk);
        while walk.last() < self.last {
            walk.up(ratios);
            take(&walk);
        }
        walk = start;
        while walk.k > self.first as isize {
            walk.down(ratios);
            take(&walk);
        }
    }

    /// Hands over the Poisson probabilities that were mixed.
    pub fn weights(&self, mean: f64, mut take: impl FnMut(usize, Scaled)) {
        let mode = (mean.floor() as usize).clamp(self.first, self.last);
        let peak = Scaled::new(poisson::probability(mode as u64, mean));
        take(mode, peak);
        let mut probability = peak;
        for k in mode + 1..=self.last {
            probability = probability.times(mean / k as f64);
            take(k, probability);
        }
        probability = peak;
        for k in (self.first..mode).rev() {
            probability = probability.times((k + 1) as f64 / mean);
            take(k, probability);
        }
    }
}

impl Mixture {
    /// Hands over Poisson probabilities and the factors that make them their first and second
    /// derivatives in time.
    pub fn slopes(&self, rate: f64, time: f64, mut take: impl FnMut(usize, Scaled, [f64; 2])) {
        let one = Scaled::new(1.0);
        if time == 0.0 {
            take(0, one, [-rate, rate * rate]);
            take(1, one, [rate, -2.0 * rate * rate]);
            take(2, one, [0.0, rate * rate]);
            return;
        }
        let mean = rate * time;
        self.weights(mean, |k, probability| {
            let (k_real, off) = (k as f64, k as f64 - mean);
            take(k, probability, [off / time, (off * off - k_real) / (time * time)]);
        });
    }
}

impl Sequence<'_, '_> {
    /// `Σ Pois(k; mean) c[k]` with relative truncation error at most `tolerance`.
    ///
    /// Starts at the mode, where the Poisson probability is computed, and goes both ways by ratios
    /// until a bound on what is left out (the tail of the distribution times a bound on the terms)
    /// is below half the tolerance. All terms are non-negative, so the result is right in the
    /// tails too. Plain doubles come first, and scaled ones where they do not hold the numbers.
    pub fn mixture(
        &mut self,
        quantity: Quantity,
        mean: f64,
        tolerance: f64,
    ) -> Result<Mixture, Error> {
        self.chain().check_steps(mean)?;
        if mean == 0.0 {
            let (mantissa, exponent) = self.term(quantity, 0);
            let sum = Scaled { mantissa, exponent };
            return Ok(Mixture { sum, first: 0, last: 0, plain: false });
        }
        match self.plain(quantity, mean, tolerance)? {
            Some(mixture) => Ok(mixture),
            None => self.scaled(quantity, mean, tolerance),
        }
    }

    /// [`Self::mixture`] in plain doubles, in runs; none where these do not hold its numbers.
    fn plain(
        &mut self,
        quantity: Quantity,
        mean: f64,
        tolerance: f64,
    ) -> Result<Option<Mixture>, Error> {
        let (half, most) = (0.5 * tolerance, self.most(quantity));
        let start = Walk::new(mean);
        let mut sums = [0.0; runs::LENGTH];
        let mut walk = start;
        loop {
            let last = walk.last();
            self.extend(last)?;
            walk.mix(self.numbers(quantity), &mut sums);
            // The tail from the next k on is at most its first term times (k + 2) / (k + 2 − mean).
            let (next, bound) = (last + 1, self.bound(quantity, last));
            let rest = walk.highest() * (mean / next as f64) * (next + 1) as f64 * bound;
            let sum = runs::total(&sums);
            if rest <= half * sum * ((next + 1) as f64 - mean) && sum > 0.0 {
                break;
            }
            if sum == 0.0 && last >= mean.floor() as usize + self.chain().n() {
                return Ok(None);
            }
            walk.up(self.ratios());
        }
        let last = walk.last();
        walk = start;
        while walk.k > 0 {
            let k = walk.k as f64;
            let rest = walk.run[0] * k * most;
            if rest <= half * runs::total(&sums) * (mean - (k - 1.0)).max(1.0) {
                break;
            }
            walk.down(self.ratios());
            walk.mix(self.numbers(quantity), &mut sums);
        }
        let first = walk.k.max(0) as usize;
        let ((_, low), (_, exponent)) = (self.term(quantity, first), self.term(quantity, last));
        let mantissa = runs::total(&sums);
        if low != exponent || mantissa < LEAST.max(PLAIN * most) {
            return Ok(None);
        }
        Ok(Some(Mixture { sum: Scaled { mantissa, exponent }.normal(), first, last, plain: true }))
    }

    /// [`Self::mixture`] in numbers of any size.
    fn scaled(&mut self, quantity: Quantity, mean: f64, tolerance: f64) -> Result<Mixture, Error> {
        let mode = mean.floor() as usize;
        let peak = Scaled::new(poisson::probability(mode as u64, mean));
        let mut sum = Scaled::default();
        let (mut k, mut weight) = (mode, peak);
        loop {
            self.extend(k)?;
            let (term, exponent) = self.term(quantity, k);
            sum.add(weight.mantissa * term, weight.exponent + exponent);
            let next = weight.times(mean / (k + 1) as f64);
            let rest = next.times(1.0 / (1.0 - mean / (k + 2) as f64));
            let bound = Scaled { mantissa: self.bound(quantity, k), exponent };
            if negligible(rest, bound, sum, tolerance)
                || (sum.mantissa == 0.0 && k >= mode + self.chain().n())
            {
                break;
            }
            (k, weight) = (k + 1, next);
        }
        let last = k;
        (k, weight) = (mode, peak);
        let everything = self.most(quantity);
        while k > 0 {
            weight = weight.times(k as f64 / mean);
            let rest = weight.times(1.0 / (1.0 - (k - 1) as f64 / mean).max(1.0 / mean));
            if negligible(rest, Scaled::new(everything), sum, tolerance) {
                break;
            }
            k -= 1;
            let (term, exponent) = self.term(quantity, k);
            sum.add(weight.mantissa * term, weight.exponent + exponent);
        }
        Ok(Mixture { sum: sum.normal(), first: k, last, plain: false })
    }
}

/// Whether `rest · bound ≤ tolerance/2 · sum`.
fn negligible(rest: Scaled, bound: Scaled, sum: Scaled, tolerance: f64) -> bool {
    if rest.mantissa < 0.0 || rest.mantissa.is_infinite() {
        return false;
    }
    let left_out = rest.mantissa * bound.mantissa;
    if left_out == 0.0 && bound.mantissa == 0.0 {
        return true;
    }
    let shift = rest.exponent + bound.exponent - sum.exponent;
    left_out * power_of_two(shift) <= 0.5 * tolerance * sum.mantissa && sum.mantissa > 0.0
}
