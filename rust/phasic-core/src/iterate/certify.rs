//! Bounds on errors: for an M-matrix M and v > 0 with M v > 0, the error of x is at most
//! maxⱼ (|b − M x|ⱼ / (M v)ⱼ) · v, entry by entry (Berman & Plemmons 1994, *Nonnegative Matrices in
//! the Mathematical Sciences*, chapter 6: M⁻¹ ≥ 0).

use super::double::Double;

/// An approximate solution x with |x − exact|ᵢ ≤ ratio · vᵢ.
pub(super) struct Certified {
    pub x: Vec<Double>,
    /// The comparison vector: v ≥ 0 with (M v)ⱼ > 0 wherever x is not known to be 0.
    pub v: Vec<f64>,
    pub ratio: f64,
}

impl Certified {
    pub fn none(n: usize) -> Self {
        Self { x: vec![Double::default(); n], v: vec![0.0; n], ratio: 0.0 }
    }

    /// Bound on the error of x at a position, rounded up.
    pub fn error(&self, position: usize) -> f64 {
        self.ratio * self.v[position] * (1.0 + 8.0 * f64::EPSILON)
    }

    /// The largest bound relative to the value, over the positions with a weight; or that of the
    /// weighted sum.
    pub fn relative(&self, goal: &Goal) -> f64 {
        let n = self.x.len();
        match goal {
            Goal::Entries => (0..n)
                .filter(|&position| self.v[position] > 0.0)
                .map(|position| self.error(position) / self.x[position].hi.abs())
                .fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a }),
            Goal::Sum(weights) => {
                let sum = |of: &dyn Fn(usize) -> f64| -> f64 {
                    (0..n).map(|position| weights[position] * of(position)).sum()
                };
                let error = sum(&|position| self.error(position));
                if error == 0.0 { 0.0 } else { error / sum(&|position| self.x[position].hi).abs() }
            }
        }
    }
}

/// v ≥ 0, and a lower bound of M v that is positive on the active positions.
pub(super) struct Comparison {
    pub v: Vec<f64>,
    pub image: Vec<f64>,
    /// Floor and progress of the solution for which it was made.
    pub built: (f64, f64),
}

impl Comparison {
    /// Whether one made for the present solution would do better.
    pub fn stale(&self, floor: f64, progress: f64, stalled: bool) -> bool {
        let (old_floor, old_progress) = self.built;
        floor < old_floor || (stalled && progress < 1e-3 * old_progress)
    }
}

/// What must be known to the tolerance.
pub(super) enum Goal<'a> {
    /// Every entry.
    Entries,
    /// A sum with non-negative weights.
    Sum(&'a [f64]),
}

impl Goal<'_> {
    pub fn is_sum(&self) -> bool {
        matches!(self, Self::Sum(_))
    }
}

/// x itself as the comparison vector, if every active position has a right-hand side.
pub(super) fn own_comparison(
    x: &[Double],
    b: &[f64],
    residual: &[f64],
    slack: &[f64],
    active: &[bool],
) -> Option<(Vec<f64>, f64)> {
    let images: Vec<f64> = (0..b.len())
        .map(|position| {
            if !active[position] {
                return f64::INFINITY;
            }
            let size = b[position] + residual[position].abs();
            b[position] - residual[position] - slack[position] - 4.0 * f64::EPSILON * size
        })
        .collect();
    if !images.iter().all(|&image| image > 0.0) || x.iter().any(|x| x.hi < 0.0) {
        return None;
    }
    let v = x.iter().map(|x| x.hi.abs() * (1.0 + 4.0 * f64::EPSILON)).collect();
    Some((v, ratio(residual, slack, &images)))
}

/// The largest of |residual| / (M v), rounded up.
pub(super) fn ratio(residual: &[f64], slack: &[f64], image: &[f64]) -> f64 {
    let ratios = (0..residual.len()).map(|position| {
        let size = residual[position].abs() + slack[position];
        if image[position] > 0.0 { size / image[position] } else { f64::INFINITY }
    });
    ratios.fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a })
        * (1.0 + 8.0 * f64::EPSILON)
}
