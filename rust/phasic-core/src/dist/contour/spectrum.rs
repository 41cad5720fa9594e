//! Where the spectrum of a chain lies: its decay rate, and a sector that holds it.

use std::f64::consts::{FRAC_PI_2, PI};

use super::sector::{Sector, sector};
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

/// The least angle that the spectrum must leave to a contour.
const ROOM: f64 = 0.15;

impl Spectrum {
    /// Whether there is room for a contour.
    pub fn leaves_room(&self) -> bool {
        self.half_angle <= FRAC_PI_2 - ROOM
    }

    /// What holds both.
    pub fn with(self, other: Self) -> Self {
        Self {
            decay: self.decay.min(other.decay),
            half_angle: self.half_angle.max(other.half_angle),
        }
    }
}

/// The spectrum at one θ. `weights`: per row; `rewards`: per position, ≥ 0.
pub(crate) fn spectrum(trace: &Trace, weights: &[f64], rewards: &[f64]) -> Spectrum {
    let nothing = Spectrum { decay: f64::INFINITY, half_angle: 0.0 };
    let whole = spectra(trace, weights, rewards).into_iter().fold(nothing, Spectrum::with);
    if whole.decay.is_finite() { whole } else { Spectrum { decay: 0.0, ..whole } }
}

/// The spectrum of each strongly connected component at one θ; a decay of ∞ where z shifts nothing.
///
/// Each component stands for itself. A component in detailed balance is similar to a symmetric
/// matrix: real (Kolmogorov's criterion, checked along a spanning tree), with zero and unequal
/// rewards too. Any other lies in the sector of its numerical range (see [`sector()`]), and with equal
/// rewards, of n states, within an angle of π/2 − π/n: shifted by its decay rate it is similar to a
/// generator, and so says Karpelevič (1951) of stochastic matrices.
pub(crate) fn spectra(trace: &Trace, weights: &[f64], rewards: &[f64]) -> Vec<Spectrum> {
    let mut potentials = vec![f64::NAN; trace.n_transient()];
    let mut unbalanced = Vec::new();
    for (index, block) in trace.schedule().blocks.windows(2).enumerate() {
        let (first, end) = (block[0] as usize, block[1] as usize);
        if end - first > 2 && !balanced(trace, weights, first..end, &mut potentials) {
            unbalanced.push((index, first..end));
        }
    }
    let Decay { bounds, x } = decays(trace, weights, rewards);
    let real = |&bound: &f64| Spectrum { decay: bound * (1.0 - 1e-12), half_angle: 0.0 };
    let mut spectra: Vec<Spectrum> = bounds.iter().map(real).collect();
    if unbalanced.is_empty() {
        return spectra;
    }
    let shifts: Vec<f64> = bounds.iter().map(|bound| bound * (1.0 - OFF)).collect();
    let factor = shifted(trace, weights, rewards, &shifts);
    for (index, block) in unbalanced {
        if shifts[index].is_infinite() {
            // Without rewards: what z does not shift has no part in the spectrum.
            continue;
        }
        let uniform = rewards[block.clone()].iter().all(|&r| r == rewards[block.start]);
        let widest = if uniform { FRAC_PI_2 - PI / block.len() as f64 } else { FRAC_PI_2 };
        let perron = (shifts[index], &x[block.clone()]);
        let own = &mut spectra[index];
        let found = sector(trace, &factor, rewards, block, perron);
        let found = found.unwrap_or(Sector { half_angle: FRAC_PI_2, tip: own.decay });
        if found.half_angle < widest {
            own.decay = own.decay.min(found.tip);
        }
        own.half_angle = found.half_angle.min(widest);
    }
    spectra
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

/// Off the singular matrix by more than its rounding.
const OFF: f64 = 1e-10;

/// Per component a lower bound of the smallest λ for which `M − λR` is singular, ∞ where there is none, and per
/// position about its Perron vector.
struct Decay {
    bounds: Vec<f64>,
    x: Vec<f64>,
}

/// The decay rates of all components, tight to ten digits where the iteration converges.
///
/// With x > 0 in a component, λ is at least the least of `(M x)ᵢ / (rᵢ xᵢ)` (Collatz 1942, Wielandt
/// 1950). Solving with M − λR at that bound sharpens it, quadratically in the end (Noda 1971); all
/// components do so side by side, each at its own bound.
fn decays(trace: &Trace, weights: &[f64], rewards: &[f64]) -> Decay {
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
        let factor = shifted(trace, weights, rewards, &bounds);
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
    Decay { bounds, x }
}

/// The factors of M − λR, with a λ for each component; those of ∞ are left alone.
fn shifted<'a>(
    trace: &'a Trace,
    weights: &[f64],
    rewards: &[f64],
    shifts: &[f64],
) -> Factor<'a, f64> {
    let mut killing: Vec<f64> = rewards.to_vec();
    for (block, &shift) in trace.schedule().blocks.windows(2).zip(shifts) {
        let shift = if shift.is_finite() { shift } else { 0.0 };
        let range = block[0] as usize..block[1] as usize;
        killing[range].iter_mut().for_each(|reward| *reward *= -shift);
    }
    Factor::new(trace, weights.to_vec(), &killing)
}

/// Solves with the transpose of the diagonal block alone.
pub(super) fn across(
    factor: &Factor<f64>,
    block: std::ops::Range<usize>,
    mut z: Vec<f64>,
) -> Vec<f64> {
    let first = block.start;
    for row in block.clone() {
        let flow = z[row - first] / factor.pivots[row];
        z[row - first] = flow;
        for (rate, column) in factor.later(row) {
            z[column - first] += flow * rate;
        }
    }
    for row in block.rev() {
        let time = z[row - first];
        for (multiplier, pivot) in factor.earlier(row) {
            z[pivot - first] += time * multiplier;
        }
    }
    z
}

/// Solves with the diagonal block alone.
pub(super) fn within(
    factor: &Factor<f64>,
    block: std::ops::Range<usize>,
    mut b: Vec<f64>,
) -> Vec<f64> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solve::{Complex, Scalar};
    use crate::{GraphBuilder, VertexId, VertexKind};
    use proptest::prelude::*;

    /// States 1 to n, absorbed at 0.
    fn trace(n: usize, edges: &[(usize, usize, f64)]) -> Trace {
        let mut graph = GraphBuilder::new(1);
        let mut vertex = |state: usize| {
            graph.find_or_create(VertexKind::Ordinary, &[state as i32]).expect("one entry").0
        };
        let vertices: Vec<VertexId> = (0..=n).map(&mut vertex).collect();
        graph.add_edge(VertexId::START, vertices[1], 1.0, &[]).expect("a probability");
        for &(from, to, rate) in edges {
            graph.add_edge(vertices[from], vertices[to], rate, &[]).expect("a rate");
        }
        Trace::record(&graph.freeze().expect("absorbed at 0")).expect("a small chain")
    }

    fn found(trace: &Trace, rewards: &[f64]) -> Spectrum {
        let weights = trace.graph().weights(&[]).expect("no parameters").rows;
        spectrum(trace, &weights, rewards)
    }

    /// `R⁻¹ M` by position.
    fn dense(trace: &Trace, rewards: &[f64]) -> Vec<Vec<f64>> {
        let weights = trace.graph().weights(&[]).expect("no parameters").rows;
        let n = trace.n_transient();
        let mut matrix = vec![vec![0.0; n]; n];
        let absorption = trace.absorption(&weights);
        for i in 0..n {
            let layout = trace.layout();
            let inner = layout.inner.weighted(i);
            for (row, target) in inner.map(|(row, target)| (row, target as usize)) {
                matrix[i][target] -= weights[row] / rewards[i];
                matrix[i][i] += weights[row] / rewards[i];
            }
            matrix[i][i] += absorption[i] / rewards[i];
        }
        matrix
    }

    /// Eigenvalues: the characteristic polynomial by Faddeev's method, its roots by Durand and
    /// Kerner.
    fn eigenvalues(a: &[Vec<f64>]) -> Vec<Complex> {
        let n = a.len();
        let (mut m, mut coefficients) = (vec![vec![0.0; n]; n], vec![1.0]);
        for k in 1..=n {
            let last = coefficients[k - 1];
            for (i, row) in m.iter_mut().enumerate() {
                row[i] += last;
            }
            let entry = |i: usize, j: usize| (0..n).map(|l| a[i][l] * m[l][j]).sum::<f64>();
            m = (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect();
            coefficients.push(-(0..n).map(|i| m[i][i]).sum::<f64>() / k as f64);
        }
        let one = Complex::constant(1.0);
        let at = |z: Complex| {
            coefficients
                .iter()
                .fold(Complex::constant(0.0), |sum, &c| sum * z + Complex::constant(c))
        };
        let mut roots: Vec<Complex> = Vec::new();
        let size = (0..n).map(|i| a[i][i]).sum::<f64>();
        for k in 0..n {
            let angle = 0.4 + 2.0 * PI * k as f64 / n as f64;
            roots.push(Complex {
                re: size * (1.0 + angle.cos()) / 2.0,
                im: size * angle.sin() / 2.0,
            });
        }
        for _ in 0..2000 {
            for i in 0..n {
                let others = (0..n).filter(|&j| j != i);
                let product = others.fold(one, |product, j| product * (roots[i] - roots[j]));
                let step = at(roots[i]).ratio(product);
                roots[i] -= step;
            }
        }
        roots
    }

    fn chains() -> impl Strategy<Value = (usize, Vec<(usize, usize, f64)>, Vec<f64>)> {
        let rate = prop_oneof![Just(0.0), 0.1..10.0_f64, 1.0..30.0_f64];
        (3_usize..7).prop_flat_map(move |n| {
            let rates = proptest::collection::vec(rate.clone(), n * n);
            let rewards = proptest::collection::vec(0.2..4.0_f64, n);
            (rates, rewards, 0.001..2.0_f64, any::<bool>()).prop_map(move |all| {
                let (rates, mut rewards, leak, equal) = all;
                let mut edges = vec![(1, 0, leak)];
                for i in 0..n {
                    // A cycle through all states, so that they are one component.
                    edges.push((i + 1, (i + 1) % n + 1, 1.0));
                    for j in (0..n).filter(|&j| j != i && j != (i + 1) % n) {
                        if rates[i * n + j] > 0.0 {
                            edges.push((i + 1, j + 1, rates[i * n + j]));
                        }
                    }
                }
                if equal {
                    rewards.fill(1.0);
                }
                (n, edges, rewards)
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn all_eigenvalues_lie_in_the_sector((n, edges, rewards) in chains()) {
            let trace = trace(n, &edges);
            let spectrum = found(&trace, &rewards);
            // Measured: every one of these small components has a sector.
            prop_assert!(spectrum.half_angle < 1.43);
            for z in eigenvalues(&dense(&trace, &rewards)) {
                let along = z.re - spectrum.decay;
                prop_assert!(z.im.abs() <= along.max(0.0) * spectrum.half_angle.tan() + 1e-5 * (1.0 + along.abs()),
                    "{z:?} {spectrum:?}");
            }
        }
    }

    /// A cycle of n states with rate 1 + `more` forward and `more` back.
    fn cycle(n: usize, more: f64) -> Spectrum {
        let mut edges = vec![(1, 0, 1e-4)];
        for i in 0..n {
            edges.push((i + 1, (i + 1) % n + 1, 1.0 + more));
            edges.push(((i + 1) % n + 1, i + 1, more));
        }
        found(&trace(n, &edges), &vec![1.0; n])
    }

    #[test]
    fn angles_of_cycles() {
        assert_eq!(cycle(4, 0.0).half_angle, FRAC_PI_2 - PI / 4.0);
        // 1 + tan² of the angle at the first eigenvalue beside 0 of a cycle of 30 with these rates.
        let (theta, more) = (2.0 * PI / 30.0, 20.0);
        let angle = (theta.sin() / ((1.0 + 2.0 * more) * (1.0 - theta.cos()))).atan();
        let given = cycle(30, more).half_angle;
        assert!(given >= angle && given < angle + 0.25, "{given} {angle}");
        // The longest cycles that leave room have twenty states.
        assert_eq!(cycle(100, 0.0).half_angle, FRAC_PI_2 - PI / 100.0);
    }

    #[test]
    fn large_components_of_short_cycles() {
        // Queues in tandem: arrivals to the first, then to the second, then feedback or departure.
        let (m, mut edges) = (12, vec![(1, 0, 1e-3)]);
        let state = |i: usize, j: usize| 1 + i * m + j;
        for i in 0..m {
            for j in 0..m {
                if i + 1 < m {
                    edges.push((state(i, j), state(i + 1, j), 1.0));
                }
                if i > 0 && j + 1 < m {
                    edges.push((state(i, j), state(i - 1, j + 1), 2.0));
                }
                if j > 0 {
                    edges.push((state(i, j), state(i, j - 1), 1.0));
                    if i + 1 < m {
                        edges.push((state(i, j), state(i + 1, j - 1), 0.7));
                    }
                }
            }
        }
        let trace = trace(m * m, &edges);
        for unequal in [0.0, 1.0] {
            let rewards: Vec<f64> = (0..m * m).map(|i| 1.0 + unequal * (i % 3) as f64).collect();
            let spectrum = found(&trace, &rewards);
            assert!(spectrum.half_angle <= 1.3, "{spectrum:?}");
        }
    }
}
