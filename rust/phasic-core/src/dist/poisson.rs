//! Poisson probabilities to full relative precision (Loader 2000).

use std::f64::consts::PI;

/// P(N = k) for N Poisson with the given mean; relative error about 1 + |ln p| ulp.
///
/// Loader's saddle-point form: `exp(−δ(k) − D(k, mean)) / √(2πk)` with Stirling's error δ and the
/// deviance D; neither loses digits where `exp(−mean) meanᵏ / k!` would.
pub(crate) fn probability(k: u64, mean: f64) -> f64 {
    if k == 0 {
        return (-mean).exp();
    }
    if mean == 0.0 {
        return 0.0;
    }
    let x = k as f64;
    (-stirling_error(k) - deviance(x, mean)).exp() / (2.0 * PI * x).sqrt()
}

/// ln k! − (½ ln 2πk + k ln k − k).
pub(super) fn stirling_error(k: u64) -> f64 {
    const SMALL: usize = 16;
    let x = k as f64;
    if (k as usize) < SMALL {
        let factorial: f64 = (1..=k).map(|i| i as f64).product();
        return factorial.ln() - (0.5 * (2.0 * PI * x).ln() + x * x.ln() - x);
    }
    let over = 1.0 / (x * x);
    let series =
        [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];
    series.iter().rev().fold(0.0, |sum, term| sum * over + term) / x
}

/// x ln(x / mean) + mean − x, by its series where the two nearly cancel.
pub(super) fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    let ratio = difference / (x + mean);
    let square = ratio * ratio;
    let mut sum = difference * ratio;
    let mut term = 2.0 * x * ratio;
    for odd in (3..).step_by(2) {
        term *= square;
        let next = sum + term / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::probability;

    fn relative(a: f64, b: f64) -> f64 {
        (a / b - 1.0).abs()
    }

    #[test]
    fn agrees_with_the_definition_for_small_numbers() {
        let mut expected = (-3.5_f64).exp();
        for k in 0..40 {
            // The exponential turns an absolute error of its argument into a relative one.
            let tolerance = 1e-15 * (4.0 - expected.ln());
            assert!(relative(probability(k, 3.5), expected) < tolerance, "k = {k}");
            expected *= 3.5 / (k + 1) as f64;
        }
    }

    #[test]
    fn agrees_with_fifty_digit_values() {
        // mpmath at 50 digits.
        let known = [
            (1000, 1000.0, 1.261_461_134_872_149_9e-2),
            (900, 1000.0, 7.516_954_352_125_952e-5),
            (100_000, 101_000.0, 8.786_300_751_648_11e-6),
            (10, 1e-3, 2.752_977_567_882_978_4e-37),
        ];
        for (k, mean, value) in known {
            assert!(relative(probability(k, mean), value) < 1e-13, "{k}, {mean}");
        }
    }

    #[test]
    fn sums_to_one_at_a_large_mean() {
        let mean = 20_000.5;
        let sum: f64 = (18_000..22_500).map(|k| probability(k, mean)).sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }
}
