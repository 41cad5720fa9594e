//! Binomial probabilities to full relative precision (Loader 2000).

use std::f64::consts::PI;

use super::poisson::{deviance, stirling_error};

/// Probabilities that lie beyond one below this are written as 0.
const NOTHING: f64 = 1e-300;

/// Writes P(K = k) for k = 0, …, n, K binomial with success probability `p` and failure probability `q`, which sum
/// to 1, each right to its last digits.
///
/// One probability at the mode, the others by ratios.
pub(super) fn probabilities(n: usize, p: f64, q: f64, found: &mut Vec<f64>) {
    found.clear();
    found.resize(n + 1, 0.0);
    if p == 0.0 || q == 0.0 {
        found[if p == 0.0 { 0 } else { n }] = 1.0;
        return;
    }
    let mode = (((n + 1) as f64 * p) as usize).min(n);
    found[mode] = probability(n, mode, p, q);
    let odds = p / q;
    for k in mode..n {
        found[k + 1] = found[k] * (odds * (n - k) as f64 / (k + 1) as f64);
        if found[k + 1] < NOTHING {
            break;
        }
    }
    for k in (0..mode).rev() {
        found[k] = found[k + 1] * ((k + 1) as f64 / ((n - k) as f64 * odds));
        if found[k] < NOTHING {
            break;
        }
    }
}

/// Loader's saddle-point form; p and q are positive.
fn probability(n: usize, k: usize, p: f64, q: f64) -> f64 {
    let power = |base: f64, other: f64| {
        let log = if base < 0.5 { base.ln() } else { (-other).ln_1p() };
        (n as f64 * log).exp()
    };
    if k == 0 {
        return power(q, p);
    }
    if k == n {
        return power(p, q);
    }
    let rest = n - k;
    let errors = stirling_error(n as u64) - stirling_error(k as u64) - stirling_error(rest as u64);
    let (n, k, rest) = (n as f64, k as f64, rest as f64);
    let log = errors - deviance(k, n * p) - deviance(rest, n * q);
    (n / (2.0 * PI * k * rest)).sqrt() * log.exp()
}

#[cfg(test)]
mod tests {
    use super::probabilities;

    #[test]
    fn are_the_terms_of_a_power() {
        let mut found = Vec::new();
        for (n, p) in [(0, 0.3), (1, 0.9), (7, 0.5), (40, 0.01)] {
            probabilities(n, p, 1.0 - p, &mut found);
            let mut term = (1.0 - p).powi(n as i32);
            for (k, value) in found.iter().enumerate() {
                // Two dozen products and quotients on either side.
                assert!((value / term - 1.0).abs() < 1e-13, "{n} {p} {k}: {value} {term}");
                term *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
            }
        }
    }

    #[test]
    fn are_right_where_one_side_is_tiny() {
        let mut found = Vec::new();
        probabilities(1000, 1e-20, 1.0, &mut found);
        assert!((found[0] - 1.0).abs() < 1e-15 && (found[1] / 1e-17 - 1.0).abs() < 1e-13);
        probabilities(3, 1.0, 0.0, &mut found);
        assert_eq!(found, [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn sum_to_one_for_large_n() {
        let mut found = Vec::new();
        probabilities(100_000, 0.37, 0.63, &mut found);
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
