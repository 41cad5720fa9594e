//! Gauss–Legendre quadrature on the unit interval.

use std::f64::consts::PI;

/// A node in (0, 1), as its distances from 0 and from 1, and its weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub at: f64,
    pub rest: f64,
    pub weight: f64,
}

/// The rule with `n` nodes: exact for polynomials of degree 2n − 1.
///
/// Roots of the Legendre polynomial by Newton's method, from Tricomi's (1950) first term.
pub(super) fn rule(n: usize) -> Vec<Node> {
    let node = |i: usize| {
        let mut angle = PI * (i as f64 + 0.75) / (n as f64 + 0.5);
        let mut slope = 1.0;
        for _ in 0..10 {
            let (value, derivative) = legendre(n, angle.cos());
            // In the angle, in which roots are evenly spread.
            slope = derivative * angle.sin();
            let step = value / slope;
            angle += step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        let half = 0.5 * angle;
        Node { at: half.sin().powi(2), rest: half.cos().powi(2), weight: 1.0 / slope.powi(2) }
    };
    (0..n).map(node).collect()
}

/// The Legendre polynomial of degree n and its derivative inside (−1, 1).
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (0.0, 1.0);
    for k in 0..n {
        let k = k as f64;
        (before, value) = (value, ((2.0 * k + 1.0) * x * value - k * before) / (k + 1.0));
    }
    (value, n as f64 * (before - x * value) / (1.0 - x * x))
}

#[cfg(test)]
mod tests {
    use super::rule;

    #[test]
    fn powers_are_integrated_exactly() {
        for n in [1, 2, 7, 40, 200] {
            let nodes = rule(n);
            for power in [0, 1, 2 * n as i32 - 1] {
                let sum: f64 = nodes.iter().map(|node| node.weight * node.at.powi(power)).sum();
                // Sums of n positive terms, each right to some last digits times the power.
                let error = (sum * f64::from(power + 1) - 1.0).abs();
                assert!(error < 1e-14 * (n as f64 + 10.0), "{n} {power} {error:e}");
            }
            assert!(nodes.iter().all(|node| (node.at + node.rest - 1.0).abs() < 1e-15));
        }
    }
}
