//! Many exact times as few.
//!
//! A log-likelihood is linear in the log density: where that is resolved by its values at Chebyshev points
//! of the logarithm of time, `Σ wᵢ ln f(tᵢ) = Σ cⱼ ln f(τⱼ)` with weights c that do not depend on θ
//! (interpolation: Trefethen 2019, "Approximation Theory and Approximation Practice", ch. 4 and 8). Whether it
//! is, the last coefficients tell at every θ.

use std::f64::consts::PI;

use super::rows::Row;

/// The ratio of the ends of a panel, and how many points stand for the times in it.
const LEVELS: [(f64, usize); 2] = [(4.0, 24), (2.0, 32)];
/// How many of the coefficients are looked at.
const LAST: usize = 3;
/// Rounding of a logarithm of size 1 that the points may have.
const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// Rows that stand for more.
#[derive(Debug)]
pub(super) struct Compact {
    /// Exact times in ascending order, then the other rows.
    pub rows: Vec<Row>,
    /// The first row of each panel.
    panels: Vec<usize>,
    points: usize,
}

impl Compact {
    /// From coarse to fine, where fewer rows are enough.
    pub fn levels(rows: &[Row]) -> Vec<Self> {
        let (mut exact, events): (Vec<Row>, Vec<Row>) = rows.iter().partition(|r| r.is_exact());
        exact.sort_unstable_by(|a, b| a.lower.total_cmp(&b.lower));
        let level = |&(ratio, points): &(f64, usize)| Self::new(&exact, &events, ratio, points);
        let levels: Vec<Self> = LEVELS.iter().map(level).collect();
        levels.into_iter().filter(|level| 3 * level.rows.len() < 2 * rows.len()).collect()
    }

    fn new(exact: &[Row], events: &[Row], ratio: f64, points: usize) -> Self {
        let mut compact = Self { rows: Vec::new(), panels: Vec::new(), points };
        let mut left = exact;
        while let Some(first) = left.first() {
            let inside = left.partition_point(|row| row.lower <= ratio * first.lower);
            let (panel, rest) = left.split_at(inside);
            if panel.len() > points && first.lower > 0.0 {
                compact.panels.push(compact.rows.len());
                compact.rows.extend(quadrature(panel, points));
            } else {
                compact.rows.extend(panel);
            }
            left = rest;
        }
        compact.rows.extend(events);
        compact
    }

    /// Whether the logarithms of the densities, in the order of the exact rows, are resolved to an absolute
    /// error of `tolerance`.
    pub fn is_resolved(&self, logs: &[f64], tolerance: f64) -> bool {
        self.panels.iter().all(|&first| {
            let logs = &logs[first..first + self.points];
            let size = logs.iter().fold(0.0, |largest: f64, log| largest.max(log.abs()));
            let within = |k: usize| {
                let terms =
                    logs.iter().enumerate().map(|(j, log)| log * chebyshev(k, j, self.points));
                let coefficient = 2.0 / self.points as f64 * terms.sum::<f64>();
                coefficient.abs() <= tolerance + ROUNDING * size
            };
            (self.points - LAST..self.points).all(within)
        })
    }
}

/// Chebyshev points of the first kind between the logarithms of the first and the last time, with the
/// weights that give what interpolation through them gives.
fn quadrature(panel: &[Row], points: usize) -> impl Iterator<Item = Row> {
    let (low, high) = (panel[0].lower.ln(), panel[panel.len() - 1].lower.ln());
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    // Σ weight · T_k(x).
    let mut moments = vec![0.0; points];
    for row in panel {
        let x = (row.lower.ln() - middle) / half;
        let (mut before, mut here) = (x, 1.0);
        for moment in &mut moments {
            *moment += row.weight * here;
            (before, here) = (here, 2.0 * x * here - before);
        }
    }
    (0..points).map(move |j| {
        let sum: f64 = (1..points).map(|k| moments[k] * chebyshev(k, j, points)).sum();
        let time = (middle + half * chebyshev(1, j, points)).exp();
        Row { lower: time, upper: time, weight: (moments[0] + 2.0 * sum) / points as f64 }
    })
}

/// The k-th Chebyshev polynomial at the j-th point, in ascending order.
fn chebyshev(k: usize, j: usize, points: usize) -> f64 {
    (k as f64 * PI * ((points - 1 - j) as f64 + 0.5) / points as f64).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: usize) -> Vec<Row> {
        let row = |i: usize| {
            let time = 0.03 * 1.003_f64.powi(i as i32);
            Row { lower: time, upper: time, weight: 1.0 + (i % 3) as f64 }
        };
        (0..n).map(row).collect()
    }

    #[test]
    fn smooth_functions_have_the_same_sums() {
        let rows = rows(2500);
        let levels = Compact::levels(&rows);
        assert_eq!(levels.len(), 2);
        for f in [|t: f64| -3.0 * t, |t: f64| 9.0 * t.ln() - t, |t: f64| (t / (1.0 + t)).ln()] {
            let sum = |rows: &[Row]| rows.iter().map(|row| row.weight * f(row.lower)).sum::<f64>();
            let sizes: f64 = rows.iter().map(|row| (row.weight * f(row.lower)).abs()).sum();
            for level in &levels {
                let logs: Vec<f64> = level.rows.iter().map(|row| f(row.lower)).collect();
                assert!(level.is_resolved(&logs, 1e-12));
                assert!((sum(&level.rows) - sum(&rows)).abs() < 1e-12 * sizes);
            }
        }
    }

    #[test]
    fn rough_functions_are_noticed() {
        for level in Compact::levels(&rows(2500)) {
            let logs: Vec<f64> = level.rows.iter().map(|row| (row.lower - 1.0).abs()).collect();
            assert!(!level.is_resolved(&logs, 1e-10));
            let gone = vec![f64::NEG_INFINITY; level.rows.len()];
            assert!(!level.is_resolved(&gone, 1e-10));
        }
    }

    #[test]
    fn few_times_and_events_are_kept() {
        assert!(Compact::levels(&rows(20)).is_empty());
        let zero = Row { lower: 0.0, upper: 0.0, weight: 1.0 };
        let event = Row { lower: 1.0, upper: 2.0, weight: 1.0 };
        let levels = Compact::levels(&[vec![zero, event], rows(1000)].concat());
        for level in levels {
            assert_eq!(level.rows[0], zero);
            assert_eq!(level.rows.last(), Some(&event));
        }
    }
}
