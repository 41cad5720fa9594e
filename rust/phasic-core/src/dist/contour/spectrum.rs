//! Where the spectrum of a chain lies: its decay rate, and a sector that holds it.

use std::f64::consts::{FRAC_PI_2, PI};

use crate::Trace;
use crate::solve::Factor;

/// All z for which `zR − S` is singular lie in the sector of `half_angle` about the negative real
/// axis, with its tip at −`decay`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spectrum {
    /// A lower bound of the rate at which the law decays.
    pub decay: f64,
    /// 0 where all of the spectrum is real.
    pub half_angle: f64,
}

/// The spectrum at one θ. `weights`: per row; `rewards`: per position, ≥ 0.
///
/// Each strongly connected component stands for itself. A component in detailed balance is similar
/// to a symmetric matrix: real (Kolmogorov's criterion, checked along a spanning tree). Any other
/// of n states keeps to an angle of π/2 − π/n: shifted by its decay rate it is similar to a
/// generator, and so says Karpelevič (1951) of stochastic matrices. Zero rewards and unequal ones
/// keep detailed balance; other components with unequal rewards have no bound but π/2.
pub(crate) fn spectrum(trace: &Trace, weights: &[f64], rewards: &[f64]) -> Spectrum {
    let mut half_angle = 0.0_f64;
    let uniform = rewards.iter().all(|&reward| reward == 1.0);
    let mut potentials = vec![f64::NAN; trace.n_transient()];
    for block in trace.schedule().blocks.windows(2) {
        let (first, end) = (block[0] as usize, block[1] as usize);
        if end - first > 2 && !balanced(trace, weights, first..end, &mut potentials) {
            let angle = if uniform { FRAC_PI_2 - PI / (end - first) as f64 } else { FRAC_PI_2 };
            half_angle = half_angle.max(angle);
        }
    }
    Spectrum { decay: decay(trace, weights, rewards), half_angle }
}

/// Whether `π(i) w(i→j) = π(j) w(j→i)` for some π > 0, up to rounding.
fn balanced(
    trace: &Trace,
    weights: &[f64],
    block: std::ops::Range<usize>,
    potentials: &mut [f64],
) -> bool {
    const ROUNDING: f64 = 1e-12;
    let inner = &trace.layout().inner;
    let back = |from: usize, to: usize| -> f64 {
        let reverse = inner.weighted(to).filter(|&(_, target)| target as usize == from);
        reverse.map(|(row, _)| weights[row]).sum()
    };
    potentials[block.clone()].fill(f64::NAN);
    for root in block {
        // A component may fall apart where weights are zero: each part has a tree of its own.
        if !potentials[root].is_nan() {
            continue;
        }
        potentials[root] = 0.0;
        let mut stack = vec![root];
        while let Some(from) = stack.pop() {
            for (row, target) in inner.weighted(from) {
                let to = target as usize;
                let (forth, back) = (weights[row], back(from, to));
                if forth == 0.0 && back == 0.0 {
                    continue;
                }
                if forth == 0.0 || back == 0.0 {
                    return false;
                }
                let potential = potentials[from] + (forth / back).ln();
                if potentials[to].is_nan() {
                    potentials[to] = potential;
                    stack.push(to);
                } else if (potentials[to] - potential).abs() > ROUNDING * (1.0 + potential.abs()) {
                    return false;
                }
            }
        }
    }
    true
}

/// A lower bound of the smallest λ for which `M − λR` is singular, tight to ten digits where the
/// iteration converges.
///
/// With x > 0 in a component, λ is at least the least of `(M x)ᵢ / (rᵢ xᵢ)` (Collatz 1942, Wielandt
/// 1950). Solving with M − λR at that bound sharpens it, quadratically in the end (Noda 1971); all
/// components do so side by side, each at its own bound.
fn decay(trace: &Trace, weights: &[f64], rewards: &[f64]) -> f64 {
    const MOST: usize = 40;
    const CLOSE: f64 = 1e-10;
    let blocks = &trace.schedule().blocks;
    let n_blocks = trace.n_components();
    let range = |block: usize| blocks[block] as usize..blocks[block + 1] as usize;
    let mut bounds = vec![0.0; n_blocks];
    let mut done: Vec<bool> =
        (0..n_blocks).map(|b| rewards[range(b)].iter().all(|&r| r == 0.0)).collect();
    for (block, &without) in done.iter().enumerate() {
        if without {
            bounds[block] = f64::INFINITY;
        }
    }
    let mut x = vec![1.0; trace.n_transient()];
    for round in 0..MOST {
        let mut killing: Vec<f64> = rewards.to_vec();
        for (block, &bound) in bounds.iter().enumerate() {
            let shift = if bound.is_finite() { bound } else { 0.0 };
            killing[range(block)].iter_mut().for_each(|reward| *reward *= -shift);
        }
        let factor = Factor::new(trace, weights.to_vec(), &killing);
        for block in (0..n_blocks).filter(|&block| round == 0 || range(block).len() > 1) {
            if done[block] {
                continue;
            }
            let b: Vec<f64> = range(block).map(|i| rewards[i] * x[i]).collect();
            let next = within(&factor, range(block), b);
            let positive = range(block).all(|i| factor.pivots[i] > 0.0)
                && next.iter().all(|&value| value > 0.0 && value.is_finite());
            if !positive {
                // Rounding has reached the singular matrix: the bound is as good as it gets.
                done[block] = true;
                continue;
            }
            let ratios = range(block).zip(&next).filter(|&(i, _)| rewards[i] > 0.0);
            let ratios = ratios.map(|(i, value)| x[i] / value);
            let (low, high) = ratios.fold((f64::INFINITY, 0.0_f64), |(low, high), ratio| {
                (low.min(ratio), high.max(ratio))
            });
            let close = high - low <= CLOSE * (bounds[block] + low);
            bounds[block] += low * (1.0 - 1e-12);
            done[block] = close;
            let largest = next.iter().copied().fold(0.0, f64::max);
            for (i, value) in range(block).zip(next) {
                x[i] = value / largest;
            }
        }
        if done.iter().all(|&done| done) {
            break;
        }
    }
    let least = bounds.iter().copied().fold(f64::INFINITY, f64::min);
    if least.is_finite() { least * (1.0 - 1e-12) } else { 0.0 }
}

/// Solves with the diagonal block alone.
fn within(factor: &Factor<f64>, block: std::ops::Range<usize>, mut b: Vec<f64>) -> Vec<f64> {
    let first = block.start;
    for row in block.clone() {
        let sum: f64 = factor.earlier(row).map(|(l, pivot)| l * b[pivot - first]).sum();
        b[row - first] += sum;
    }
    for row in block.rev() {
        let sum: f64 = factor.later(row).map(|(rate, column)| rate * b[column - first]).sum();
        b[row - first] = (b[row - first] + sum) / factor.pivots[row];
    }
    b
}
