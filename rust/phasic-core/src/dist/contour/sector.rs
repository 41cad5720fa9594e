//! The sector that holds the numerical range of a component scaled by its Perron vectors.

use std::ops::Range;

use super::spectrum::{across, within};
use crate::Trace;
use crate::solve::{Complex, Factor};

/// Half-angles that are tried.
const ANGLES: [f64; 10] = [0.1, 0.3, 0.55, 0.8, 0.96, 1.1, 1.2, 1.3, 1.37, 1.42];

/// A half-angle, and a tip.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sector {
    pub half_angle: f64,
    pub tip: f64,
}

/// A sector that holds all z for which the component's block of `zR − S` is singular, mirrored; None
/// where none of the angles is wide enough.
///
/// `factor`: of M − λR, with λ the `shift` up to which the component's decay rate is known; `x`: about
/// its Perron vector. With u the other one, `A = diag(u) (M − λR) diag(x)` has row and column sums of about
/// zero. Its flows `uᵢ wᵢⱼ xⱼ` are a circulation, a sum of cycles; that of length k has its numerical
/// range within π/2 − π/k (Kalpazidou 2006; Komorowski, Landim & Olla 2012, section 3.3, call it
/// a sector condition). The whole is often narrower, and can be measured: it lies within the angle φ
/// if and only if `H ± iK / tan φ` is positive semidefinite, with H and K the symmetric and skew parts
/// of A. `z − λ` is a quotient of `y* A y` and a positive number: it lies there too.
pub(super) fn sector(
    trace: &Trace,
    factor: &Factor<f64>,
    rewards: &[f64],
    block: Range<usize>,
    (shift, x): (f64, &[f64]),
) -> Option<Sector> {
    let first = block.start;
    let weigh = |v: &[f64]| -> Vec<f64> {
        block.clone().zip(v).map(|(i, value)| rewards[i] * value).collect()
    };
    let (mut u, mut surplus) = (vec![1.0; block.len()], f64::INFINITY);
    for _ in 0..3 {
        let next = across(factor, block.clone(), weigh(&u));
        surplus = largest_ratio(&u, &next)?;
        u = normal(next);
    }
    let next = within(factor, block.clone(), weigh(x));
    surplus += largest_ratio(x, &next)?;
    let x = normal(next);
    // What the sums are above zero is at most `surplus · R`, and moves z − λ by that much.
    let tip = shift - surplus / ANGLES[0].sin();
    if tip.is_nan() || tip < 0.99 * shift {
        return None;
    }
    let mut flows: Vec<Vec<(u32, f64, f64)>> = vec![Vec::new(); block.len()];
    for from in 0..block.len() {
        for (row, target) in trace.layout().inner.weighted(first + from) {
            let to = target as usize - first;
            let flow = u[from] * factor.weights[row] * x[to];
            if flow == 0.0 && factor.weights[row] > 0.0 {
                return None;
            }
            // Each pair at its earlier vertex: the flow to the later one, and the flow back.
            let (early, late) = (from.min(to), from.max(to));
            let (forth, back) = if from < to { (flow, 0.0) } else { (0.0, flow) };
            flows[early].push((late as u32, forth, back));
        }
    }
    let fits = |angle: &f64| is_positive(&flows, 1.0 / angle.tan());
    // Wider angles fit too: by bisection, the widest first.
    if !fits(&ANGLES[ANGLES.len() - 1]) {
        return None;
    }
    let (mut low, mut high) = (0, ANGLES.len() - 1);
    while low < high {
        let middle = low.midpoint(high);
        if fits(&ANGLES[middle]) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(Sector { half_angle: ANGLES[high], tip })
}

/// The largest of `before / after`; None unless all of `after` is positive and finite.
fn largest_ratio(before: &[f64], after: &[f64]) -> Option<f64> {
    let positive = after.iter().all(|&value| value > 0.0 && value.is_finite());
    let ratios = before.iter().zip(after).map(|(before, after)| before / after);
    positive.then(|| ratios.fold(0.0, f64::max))
}

fn normal(mut v: Vec<f64>) -> Vec<f64> {
    let largest = v.iter().copied().fold(0.0, f64::max);
    v.iter_mut().for_each(|value| *value /= largest);
    v
}

/// Whether `H + i·share·K` is positive semidefinite, by its Cholesky factors.
///
/// Its rows sum to zero and stay so: a pivot is minus the sum of what lies beside it, as Grassmann,
/// Taksar & Heyman (1985) have it, so that slow flows beside fast ones keep their digits. The
/// last pivot is zero.
fn is_positive(flows: &[Vec<(u32, f64, f64)>], share: f64) -> bool {
    let n = flows.len();
    let zero = Complex { re: 0.0, im: 0.0 };
    // Columns of the factor; those whose next row is k wait at k, with how far they have come.
    let mut columns: Vec<Vec<(u32, Complex)>> = Vec::with_capacity(n);
    let mut pivots: Vec<f64> = Vec::with_capacity(n);
    let mut waiting: Vec<Vec<(u32, u32)>> = vec![Vec::new(); n];
    let (mut work, mut marks) = (vec![zero; n], vec![usize::MAX; n]);
    for k in 0..n {
        let mut rows: Vec<u32> = Vec::new();
        for &(row, forth, back) in &flows[k] {
            let i = row as usize;
            if marks[i] != k {
                (marks[i], work[i]) = (k, zero);
                rows.push(row);
            }
            work[i] += Complex { re: -0.5 * (forth + back), im: -0.5 * share * (back - forth) };
        }
        for (column, place) in std::mem::take(&mut waiting[k]) {
            let (at, rest) = columns[column as usize][place as usize..]
                .split_first()
                .expect("a column waits at its next row");
            let pivot = pivots[column as usize];
            let factor = Complex { re: -pivot * at.1.re, im: pivot * at.1.im };
            for &(row, value) in rest {
                let i = row as usize;
                if marks[i] != k {
                    (marks[i], work[i]) = (k, zero);
                    rows.push(row);
                }
                work[i] += value * factor;
            }
            if let Some(&(next, _)) = rest.first() {
                waiting[next as usize].push((column, place + 1));
            }
        }
        if k + 1 == n {
            break;
        }
        let pivot: f64 = rows.iter().map(|&row| -work[row as usize].re).sum();
        if pivot.is_nan() || pivot <= 0.0 {
            return false;
        }
        rows.sort_unstable();
        let scaled = |&row: &u32| {
            let value = work[row as usize];
            (row, Complex { re: value.re / pivot, im: value.im / pivot })
        };
        let column: Vec<(u32, Complex)> = rows.iter().map(scaled).collect();
        waiting[column[0].0 as usize].push((k as u32, 0));
        columns.push(column);
        pivots.push(pivot);
    }
    true
}
