//! Poisson weights of all numbers of jumps up to some n.

use crate::dist::poisson::probability;

/// Probabilities that lie beyond one below this are written as 0.
const NOTHING: f64 = 1e-300;

/// Writes P(N = n) for n < `length`, N Poisson with the given mean.
pub(super) fn exactly(mean: f64, length: usize, found: &mut Vec<f64>) {
    found.clear();
    found.resize(length, 0.0);
    if mean.is_infinite() || length == 0 {
        return;
    }
    let mode = (mean as usize).min(length - 1);
    found[mode] = probability(mode as u64, mean);
    for n in mode + 1..length {
        found[n] = found[n - 1] * (mean / n as f64);
        if found[n] < NOTHING {
            break;
        }
    }
    for n in (0..mode).rev() {
        found[n] = found[n + 1] * ((n + 1) as f64 / mean);
        if found[n] < NOTHING {
            break;
        }
    }
}

/// Writes P(N > n) for n < `length`, summed from the small terms on.
pub(super) fn more(mean: f64, length: usize, found: &mut Vec<f64>) {
    let far = || mean.is_infinite() || probability(length as u64, mean) == 0.0;
    if mean > length as f64 && far() {
        found.clear();
        found.resize(length, 1.0);
        return;
    }
    let size = mean.max(length as f64);
    exactly(mean, (size + 12.0 * size.sqrt()) as usize + 40, found);
    let mut sum = 0.0;
    for term in found.iter_mut().rev() {
        let here = *term;
        *term = sum;
        sum += here;
    }
    found.truncate(length);
}

/// Writes P(N ≤ n) for n < `length`.
pub(super) fn at_most(mean: f64, length: usize, found: &mut Vec<f64>) {
    exactly(mean, length, found);
    let mut sum = 0.0;
    for term in found {
        sum += *term;
        *term = sum;
    }
}

/// A bound on P(N ≥ n).
pub(super) fn beyond(mean: f64, n: usize) -> f64 {
    let next = n as f64 + 1.0;
    if mean >= next {
        return 1.0;
    }
    (probability(n as u64, mean) / (1.0 - mean / next)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_sum_to_one() {
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for mean in [0.0, 1e-3, 2.5, 40.0, 900.0, 1e5, f64::INFINITY] {
            more(mean, 60, &mut above);
            at_most(mean, 60, &mut below);
            for n in 0..60 {
                assert!((above[n] + below[n] - 1.0).abs() < 1e-12, "{mean} {n}");
            }
        }
    }

    #[test]
    fn far_tails_keep_their_digits() {
        let mut found = Vec::new();
        more(1e-3, 4, &mut found);
        // mpmath at 40 digits.
        let expected = 4.163_334_721_825_484e-14;
        assert!((found[3] / expected - 1.0).abs() < 1e-12, "{:e}", found[3]);
    }

    #[test]
    fn the_bound_holds() {
        let mut found = Vec::new();
        for mean in [0.5, 7.0, 70.0] {
            more(mean, 100, &mut found);
            for n in 1..100 {
                assert!(found[n - 1] <= beyond(mean, n) * (1.0 + 1e-12), "{mean} {n}");
            }
        }
    }
}
