//! The probability of absorption between two times that are close, without subtraction.

use super::poisson;
use super::scaled::Scaled;

/// Weights below this share of another change nothing beside it.
const NOTHING: f64 = 1e-19;

/// `P(N(a) ≤ k) − P(N(b) ≤ k)` for k from `first` to `last`, N a Poisson process: the probability that
/// its jump k + 1 falls between the times a < b.
///
/// Below the crossing of the two Poisson probabilities this is the sum over j ≤ k of their difference,
/// above it the sum over j > k of the difference the other way round; either has terms ≥ 0, each a
/// probability times `1 − exp` of a difference of logarithms. `first` must not be above the mode at
/// a, nor `last` below the mode at b. Cost: a few standard deviations and the range.
pub(super) fn gaps(rate: f64, a: f64, b: f64, first: usize, last: usize) -> Vec<Scaled> {
    let width = rate * (b - a);
    let growth = ((b - a) / a).ln_1p();
    let crossing = (width / growth).floor() as usize;
    // ln P(N(b) = j) − ln P(N(a) = j)
    let rise = |j: usize| j as f64 * growth - width;
    let mut gaps = vec![Scaled::default(); last + 1 - first];
    let mut sum = Scaled::default();
    for (j, weight) in below(rate * a, first, crossing.min(last)) {
        let term = weight.times((-rise(j).exp_m1()).max(0.0));
        sum.add(term.mantissa, term.exponent);
        if j >= first {
            gaps[j - first] = sum;
        }
    }
    sum = Scaled::default();
    for (j, weight) in above(rate * b, crossing + 1, last + 1) {
        let term = weight.times((-(-rise(j)).exp_m1()).max(0.0));
        sum.add(term.mantissa, term.exponent);
        if j > first && j - 1 <= last && j - 1 > crossing {
            gaps[j - 1 - first] = sum;
        }
    }
    gaps
}

/// Poisson probabilities in ascending order, from where they are nothing beside that of `first`.
fn below(mean: f64, first: usize, last: usize) -> Vec<(usize, Scaled)> {
    let mode = mean.floor() as usize;
    let peak = Scaled::new(poisson::probability(mode as u64, mean));
    let mut weights = Vec::new();
    let (mut j, mut weight, mut at_first) = (mode, peak, None);
    loop {
        if j <= last {
            weights.push((j, weight));
        }
        if j == first {
            at_first = Some(weight);
        }
        if j == 0 || at_first.is_some_and(|it: Scaled| weight.over(it) < NOTHING) {
            break;
        }
        weight = weight.times(j as f64 / mean);
        j -= 1;
    }
    weights.reverse();
    weight = peak;
    for j in mode + 1..=last {
        weight = weight.times(mean / j as f64);
        weights.push((j, weight));
    }
    weights
}

/// Poisson probabilities in descending order, from where they are nothing beside that of `last`.
fn above(mean: f64, first: usize, last: usize) -> Vec<(usize, Scaled)> {
    let mode = mean.floor() as usize;
    let peak = Scaled::new(poisson::probability(mode as u64, mean));
    let mut weights = Vec::new();
    let (mut j, mut weight) = (mode, peak);
    while j > first {
        weight = weight.times(j as f64 / mean);
        j -= 1;
        weights.push((j, weight));
    }
    weights.reverse();
    let (mut j, mut weight, mut at_last) = (mode, peak, None);
    loop {
        if j >= first {
            weights.push((j, weight));
        }
        if j >= last {
            let it: Scaled = *at_last.get_or_insert(weight);
            if weight.over(it) < NOTHING {
                break;
            }
        }
        j += 1;
        weight = weight.times(mean / j as f64);
    }
    weights.reverse();
    weights
}

#[cfg(test)]
mod tests {
    use super::{Scaled, gaps};

    /// The same by a sum of doubles, good where a and b are not close.
    fn plain(a: f64, b: f64, k: usize) -> f64 {
        let below = |mean: f64| -> f64 {
            let mut term = (-mean).exp();
            (1..=k).fold(term, |sum, j| {
                term *= mean / j as f64;
                sum + term
            })
        };
        below(a) - below(b)
    }

    #[test]
    fn agrees_with_the_difference_of_distribution_functions() {
        for (k, gap) in gaps(2.0, 3.0, 5.0, 2, 40).into_iter().enumerate() {
            let expected = plain(6.0, 10.0, k + 2);
            let error = (gap.value() - expected).abs();
            assert!(error < 1e-13 * expected + 1e-15, "k = {}: {error}", k + 2);
        }
    }

    #[test]
    fn small_gaps_are_the_density_of_the_jump() {
        // The density of jump k + 1 at time 7, times the width; mpmath at 50 digits.
        let width = 1e-9;
        let all = gaps(1.0, 7.0, 7.0 + width, 0, 60);
        let densities = [
            (3, 5.212_925_236_419_984_5e-2),
            (7, 1.490_027_796_743_379e-1),
            (30, 7.748_537_731_555_845e-11),
        ];
        for (k, density) in densities {
            let relative = all[k].value() / (((7.0 + width) - 7.0) * density) - 1.0;
            // The density changes by k / 7 − 1 of itself per unit of time.
            assert!(relative.abs() < 1e-8, "k = {k}: {relative}");
        }
    }

    #[test]
    fn gaps_of_all_jumps_sum_to_the_mean_number_of_jumps() {
        let sum: f64 = gaps(1e3, 5.0, 5.001, 3000, 7000).into_iter().map(Scaled::value).sum();
        assert!((sum / (1e3 * (5.001 - 5.0)) - 1.0).abs() < 1e-12, "{sum}");
    }
}
