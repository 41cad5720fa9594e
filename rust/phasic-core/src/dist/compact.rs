//! Many exact times as few.
//!
//! A log-likelihood is linear in the log density: where that is resolved by its values at Chebyshev points
//! of the logarithm of time, `Σ wᵢ ln f(tᵢ) = Σ cⱼ ln f(τⱼ)` with weights c that do not depend on θ
//! (interpolation: Trefethen 2019, "Approximation Theory and Approximation Practice", ch. 4 and 8). Whether it
//! is, the last coefficients tell at every θ, if nothing can hide between the points.

use std::f64::consts::{FRAC_PI_4, PI};
use std::sync::OnceLock;

use super::rows::Row;

/// The ratio of the ends of a panel, and how many points stand for the times in it.
const LEVELS: [(f64, usize); 2] = [(4.0, 24), (2.0, 32)];
/// How many of the coefficients are looked at.
const LAST: usize = 3;
/// Rounding of a logarithm of size 1 that the points may have.
const ROUNDING: f64 = 16.0 * f64::EPSILON;
/// Half the largest distance of points, in widths of the narrowest peak, beyond which a peak could hide.
const HIDDEN: f64 = 2.0;

/// Rows from coarse to fine, each level made when it is first asked for.
#[derive(Debug)]
pub(super) struct Levels(Vec<OnceLock<Compact>>);

impl Default for Levels {
    fn default() -> Self {
        Self(LEVELS.iter().map(|_| OnceLock::new()).collect())
    }
}

impl Levels {
    /// Those that have fewer rows.
    pub fn of<'l>(&'l self, rows: &'l [Row]) -> impl Iterator<Item = &'l Compact> {
        // Only more rows than points make a panel.
        let each = self.0.iter().zip(LEVELS).filter(|(_, (_, points))| rows.len() > *points);
        let made = each.map(|(level, (ratio, points))| {
            level.get_or_init(|| Compact::new(rows, ratio, points))
        });
        made.filter(|level| 3 * level.rows.len() < 2 * rows.len())
    }
}

/// Rows that stand for more.
#[derive(Debug)]
pub(super) struct Compact {
    /// Exact times in ascending order, then the other rows.
    pub rows: Vec<Row>,
    /// The first row of each panel.
    panels: Vec<usize>,
    /// Half the largest distance of the points of a panel, in the logarithm of time.
    gap: f64,
    points: Points,
}

impl Compact {
    fn new(rows: &[Row], ratio: f64, points: usize) -> Self {
        let (mut exact, events): (Vec<Row>, Vec<Row>) = rows.iter().partition(|r| r.is_exact());
        exact.sort_unstable_by(|a, b| a.lower.total_cmp(&b.lower));
        let gap = FRAC_PI_4 * ratio.ln() / points as f64;
        let points = Points::new(points);
        let mut compact = Self { rows: Vec::new(), panels: Vec::new(), gap, points };
        let mut left = exact.as_slice();
        while let Some(first) = left.first() {
            let inside = left.partition_point(|row| row.lower <= ratio * first.lower);
            let (panel, rest) = left.split_at(inside);
            // Below the normal doubles there are no points between the times.
            if panel.len() > compact.points.n && first.lower >= f64::MIN_POSITIVE {
                compact.panels.push(compact.rows.len());
                compact.rows.extend(compact.points.quadrature(panel));
            } else {
                compact.rows.extend(panel);
            }
            left = rest;
        }
        compact.rows.extend(events);
        compact
    }

    /// Whether no density of a chain of so many states, uniformized at such a rate, has a peak that could
    /// lie between the points unseen.
    ///
    /// A peak is at most as narrow as that of as many stages as there are states, whose relative width is
    /// the inverse square root of their number ("The least variable phase type distribution is
    /// Erlang": Aldous & Shepp 1987), or as that of the number of jumps, which is mixed over.
    pub fn is_fine(&self, states: usize, rate: f64) -> bool {
        let last = self.rows.iter().filter(|row| row.is_exact()).map(|row| row.lower);
        let stages = (rate * last.fold(0.0, f64::max)).min(states as f64);
        self.gap * stages.sqrt() <= HIDDEN
    }

    /// Whether the logarithms of the densities, in the order of the exact rows, are resolved to an absolute
    /// error of `tolerance`.
    pub fn is_resolved(&self, logs: &[f64], tolerance: f64) -> bool {
        let n = self.points.n;
        self.panels.iter().all(|&first| {
            let logs = &logs[first..first + n];
            let size = logs.iter().fold(0.0, |largest: f64, log| largest.max(log.abs()));
            let within = |k: usize| {
                let terms =
                    logs.iter().enumerate().map(|(j, log)| log * self.points.polynomial(k, j));
                let coefficient = 2.0 / n as f64 * terms.sum::<f64>();
                coefficient.abs() <= tolerance + ROUNDING * size
            };
            (n - LAST..n).all(within)
        })
    }
}

/// Chebyshev points of the first kind, in ascending order.
#[derive(Debug)]
struct Points {
    n: usize,
    /// `cos(π m / 2n)` for m below 4n.
    cosines: Vec<f64>,
}

impl Points {
    fn new(n: usize) -> Self {
        Self { n, cosines: (0..4 * n).map(|m| (m as f64 * PI / (2 * n) as f64).cos()).collect() }
    }

    /// The k-th Chebyshev polynomial at the j-th point.
    fn polynomial(&self, k: usize, j: usize) -> f64 {
        self.cosines[k * (2 * (self.n - 1 - j) + 1) % (4 * self.n)]
    }

    /// Points between the logarithms of the first and the last time, with the weights that give what
    /// interpolation through them gives.
    fn quadrature(&self, panel: &[Row]) -> Vec<Row> {
        let n = self.n;
        let first = panel[0].lower;
        // From the first time on, so that times that are nearly equal lie where they should.
        let logarithm = |row: &Row| ((row.lower - first) / first).ln_1p();
        let half = 0.5 * logarithm(&panel[panel.len() - 1]);
        // Σ weight · T_k(x).
        let mut moments = vec![0.0; n];
        for row in panel {
            let x = logarithm(row) / half - 1.0;
            let (mut before, mut here) = (x, 1.0);
            for moment in &mut moments {
                *moment += row.weight * here;
                (before, here) = (here, 2.0 * x * here - before);
            }
        }
        let row = |j: usize| {
            let sum: f64 = (1..n).map(|k| moments[k] * self.polynomial(k, j)).sum();
            let time = first + first * (half * (1.0 + self.polynomial(1, j))).exp_m1();
            Row { lower: time, upper: time, weight: (moments[0] + 2.0 * sum) / n as f64 }
        };
        (0..n).map(row).collect()
    }
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
        let levels = Levels::default();
        assert_eq!(levels.of(&rows).count(), 2);
        for f in [|t: f64| -3.0 * t, |t: f64| 9.0 * t.ln() - t, |t: f64| (t / (1.0 + t)).ln()] {
            let sum = |rows: &[Row]| rows.iter().map(|row| row.weight * f(row.lower)).sum::<f64>();
            let sizes: f64 = rows.iter().map(|row| (row.weight * f(row.lower)).abs()).sum();
            for level in levels.of(&rows) {
                let logs: Vec<f64> = level.rows.iter().map(|row| f(row.lower)).collect();
                assert!(level.is_resolved(&logs, 1e-12));
                assert!((sum(&level.rows) - sum(&rows)).abs() < 1e-12 * sizes);
            }
        }
    }

    #[test]
    fn rough_functions_are_noticed() {
        let rows = rows(2500);
        for level in Levels::default().of(&rows) {
            let logs: Vec<f64> = level.rows.iter().map(|row| (row.lower - 1.0).abs()).collect();
            assert!(!level.is_resolved(&logs, 1e-10));
            let gone = vec![f64::NEG_INFINITY; level.rows.len()];
            assert!(!level.is_resolved(&gone, 1e-10));
        }
    }

    #[test]
    fn few_times_and_events_are_kept() {
        assert_eq!(Levels::default().of(&rows(20)).count(), 0);
        let zero = Row { lower: 0.0, upper: 0.0, weight: 1.0 };
        let event = Row { lower: 1.0, upper: 2.0, weight: 1.0 };
        let rows = [vec![zero, event], rows(1000)].concat();
        for level in Levels::default().of(&rows) {
            assert_eq!(level.rows[0], zero);
            assert_eq!(level.rows.last(), Some(&event));
        }
    }

    #[test]
    fn times_a_few_roundings_apart_are_summed() {
        // The logarithms of all of them differ by less than a few of its own roundings.
        for first in [1e-9_f64, 1.0, 3e7] {
            let time = |i: u64| f64::from_bits(first.to_bits() + i);
            let row = |i: u64| Row { lower: time(i), upper: time(i), weight: 1.0 };
            let rows: Vec<Row> = (0..100).map(row).collect();
            let sum = |rows: &[Row]| rows.iter().map(|row| row.weight * row.lower).sum::<f64>();
            for level in Levels::default().of(&rows) {
                assert!((sum(&level.rows) / sum(&rows) - 1.0).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn times_below_the_normal_doubles_are_kept() {
        let time = |i: u64| f64::from_bits(40 + i);
        let row = |i: u64| Row { lower: time(i), upper: time(i), weight: 1.0 };
        let rows: Vec<Row> = (0..100).map(row).collect();
        assert_eq!(Levels::default().of(&rows).count(), 0);
    }

    #[test]
    fn weights_of_all_sizes_are_carried() {
        let mut rows = rows(2500);
        rows.iter_mut().step_by(7).for_each(|row| row.weight *= 1e9);
        let sum = |rows: &[Row]| rows.iter().map(|row| row.weight * row.lower.ln()).sum::<f64>();
        let size: f64 = rows.iter().map(|row| (row.weight * row.lower.ln()).abs()).sum();
        for level in Levels::default().of(&rows) {
            assert!((sum(&level.rows) - sum(&rows)).abs() < 1e-12 * size);
        }
    }

    #[test]
    fn peaks_between_points_are_not_trusted() {
        let rows = rows(2500);
        let of = |states, rate| {
            let levels = Levels::default();
            levels.of(&rows).map(|level| level.is_fine(states, rate)).collect::<Vec<bool>>()
        };
        assert_eq!(of(1000, 1e9), [true, true]);
        assert_eq!(of(1_000_000, 0.1), [true, true]);
        assert_eq!(of(10_000, 1e4), [false, true]);
        assert_eq!(of(100_000, 1e6), [false, false]);
    }
}
