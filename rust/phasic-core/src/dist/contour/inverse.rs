//! Inversion at many times: nodes shared by windows of times, each value with an error estimate.

use std::f64::consts::PI;

use super::hyperbola::Hyperbola;
use super::spectrum::Spectrum;
use crate::{Complex, Error, Interrupt};

/// `F` on the real axis: `slope = −(ln F)′`, the time whose saddle point this is, and (ln F)″.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saddle {
    pub slope: f64,
    pub curvature: f64,
}

/// A Laplace transform whose singularities a [`Spectrum`] bounds.
pub(crate) trait Transform {
    /// None where s is not to the right of every singularity, or F underflows.
    fn saddle(&self, s: f64) -> Option<Saddle>;
    fn values(&self, points: &[Complex]) -> Vec<Complex>;
}

/// The value of an inverse at one time: `exp(log)`, with an estimate of its relative error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Estimate {
    pub log: f64,
    pub error: f64,
}

/// Nodes and the times they serve: the value at time t is the sum of the imaginary parts of
/// `weights[k] · exp(points[k] t) · F(points[k])`.
#[derive(Debug)]
pub(crate) struct Window {
    pub points: Vec<Complex>,
    pub weights: Vec<Complex>,
    /// Indices of times.
    pub times: Vec<usize>,
    /// The error that the distance of the nodes was chosen for.
    pub expected: f64,
}

/// The inverse of a transform at many times; None where no contour meets the tolerance.
#[derive(Debug)]
pub(crate) struct Inversion {
    pub estimates: Vec<Option<Estimate>>,
    pub windows: Vec<Window>,
}

/// Times above its first that a window is centred on, unless that turns out too far.
const REACH: f64 = 3.0;
/// Nodes a contour may have.
const MOST_NODES: usize = 1000;
/// Of the tolerance: the error that nodes are placed for.
pub(super) const EXPECTED: f64 = 1e-2;
/// Relative error of a term, in units of the sum of all terms' sizes.
pub(super) const ROUNDING: f64 = 2e-15;

/// Inverts at `times`, sorted, positive and finite, to a relative error of `tolerance`.
///
/// Cost: some 20 to 40 evaluations per window, of which one serves a decade of times about the
/// mean and fewer in the tails. Nodes are halved in distance until every other one alone would give
/// half of the digits; the estimate adds what the rounding of the largest terms leaves.
pub(crate) fn invert(
    transform: &impl Transform,
    spectrum: &Spectrum,
    times: &[f64],
    tolerance: f64,
    work: usize,
    interrupt: &Interrupt,
) -> Result<Inversion, Error> {
    let mut inversion = Inversion { estimates: vec![None; times.len()], windows: Vec::new() };
    let mut remaining: Vec<usize> = (0..times.len()).collect();
    let (mut reach, mut guess) = (REACH, None);
    while let Some(&first) = remaining.first() {
        let last = times[remaining[remaining.len() - 1]];
        let center = (times[first] * reach).min(last).max(times[first]);
        let mut accepted: Vec<(usize, Estimate)> = Vec::new();
        interrupt.after(20 * work)?;
        if let Some((anchor, saddle)) = find_saddle(transform, spectrum, center, guess) {
            guess = Some(anchor);
            let hyperbola = Hyperbola::through(anchor, spectrum);
            let mut sum = Sum::new(hyperbola, saddle.curvature, EXPECTED * tolerance);
            sum.extend(transform, [times[first], center], tolerance);
            for _ in 0..3 {
                interrupt.after(sum.points.len() * work)?;
                if sum.estimate(center).error <= tolerance || !sum.halve(transform) {
                    break;
                }
            }
            let near = remaining.iter().take_while(|&&i| sum.resolves(times[i], saddle.slope));
            let estimates = near.map(|&i| (i, sum.estimate(times[i])));
            accepted = estimates.filter(|(_, e)| e.error <= tolerance).collect();
            if !accepted.is_empty() {
                let times = accepted.iter().map(|&(i, _)| i).collect();
                inversion.windows.push(sum.window(times));
            }
        }
        for &(i, estimate) in &accepted {
            inversion.estimates[i] = Some(estimate);
        }
        remaining.retain(|&i| inversion.estimates[i].is_none());
        if remaining.first() == Some(&first) {
            if reach < 1.05 {
                // Given up on: it keeps its None.
                remaining.remove(0);
                reach = REACH;
            } else {
                reach = if reach < 1.2 { 1.0 } else { reach.sqrt() };
            }
        } else {
            reach = (1.3 * reach).min(REACH);
        }
    }
    Ok(inversion)
}

/// The real s, about where `exp(s t) F(s)` is least, by Newton's method on the logarithms of time
/// and of the distance to the spectrum, between which the relation is nearly linear.
fn find_saddle(
    transform: &impl Transform,
    spectrum: &Spectrum,
    time: f64,
    guess: Option<f64>,
) -> Option<(f64, Saddle)> {
    const CLOSE: f64 = 0.02;
    let mut distance = guess.map_or(1.0 / time, |s| s + spectrum.decay);
    let mut best = None;
    for _ in 0..60 {
        let s = distance - spectrum.decay;
        let Some(saddle) = transform.saddle(s) else {
            if best.is_some() {
                break;
            }
            distance *= 4.0;
            continue;
        };
        best = Some((s, saddle));
        let miss = (saddle.slope / time).ln();
        if miss.abs() < CLOSE {
            break;
        }
        let steepness = (distance * saddle.curvature / saddle.slope).clamp(0.05, 20.0);
        distance *= (miss / steepness).clamp(-3.0, 3.0).exp();
    }
    best.filter(|(_, saddle)| (saddle.slope / time).ln().abs() < 1.0)
}

/// The trapezoidal sum over the nodes of one hyperbola.
struct Sum {
    hyperbola: Hyperbola,
    step: f64,
    /// The error that this step was chosen for.
    expected: f64,
    points: Vec<Complex>,
    values: Vec<Complex>,
    /// Weights times values.
    terms: Vec<Complex>,
}

impl Sum {
    fn new(hyperbola: Hyperbola, curvature: f64, expected: f64) -> Self {
        let step = hyperbola.step(curvature, expected.sqrt());
        let (points, values, terms) = (Vec::new(), Vec::new(), Vec::new());
        Self { hyperbola, step, expected, points, values, terms }
    }

    /// Adds nodes until those that follow are negligible at both times.
    fn extend(&mut self, transform: &impl Transform, times: [f64; 2], tolerance: f64) {
        const BATCH: usize = 8;
        let negligible = |sum: &Self, time: f64| {
            let sizes: Vec<f64> = (0..sum.points.len()).map(|k| size(sum.term(k, time))).collect();
            let largest = sizes.iter().copied().fold(0.0, f64::max);
            sizes.iter().rev().take(2).all(|&size| size <= 1e-3 * tolerance * largest)
        };
        let mut enough = false;
        while !enough && self.points.len() < MOST_NODES {
            let from = self.points.len();
            self.points
                .extend((from..from + BATCH).map(|k| self.hyperbola.point(k as f64 * self.step)));
            self.values.extend(transform.values(&self.points[from..]));
            self.weigh(from);
            enough = times.into_iter().all(|time| negligible(self, time));
        }
    }

    /// Halves the distance between nodes; false where that would be too many.
    fn halve(&mut self, transform: &impl Transform) -> bool {
        let n = self.points.len();
        if 2 * n > MOST_NODES {
            return false;
        }
        self.step /= 2.0;
        self.expected *= self.expected;
        let between: Vec<Complex> =
            (0..n).map(|k| self.hyperbola.point((2 * k + 1) as f64 * self.step)).collect();
        let values = transform.values(&between);
        self.points = interleave(&self.points, &between);
        self.values = interleave(&self.values, &values);
        self.weigh(0);
        true
    }

    /// Brings the terms from one node on up to date.
    fn weigh(&mut self, from: usize) {
        self.terms.truncate(from);
        for k in from..self.points.len() {
            self.terms.push(weight(&self.hyperbola, self.step, k) * self.values[k]);
        }
    }

    fn term(&self, k: usize, time: f64) -> Complex {
        let z = self.points[k];
        let size = ((z.re - self.hyperbola.anchor) * time).exp();
        let (sin, cos) = (z.im * time).sin_cos();
        self.terms[k] * Complex { re: size * cos, im: size * sin }
    }

    /// Whether the phase turns by less than a right angle from one node to the next: at the saddle
    /// point of `center` it stands still. Beyond that, nodes see a slower turn than there is.
    fn resolves(&self, time: f64, center: f64) -> bool {
        (time - center) * self.points[1].im < std::f64::consts::FRAC_PI_2
    }

    /// The logarithm of the inverse, and an estimate of its relative error.
    fn estimate(&self, time: f64) -> Estimate {
        let (mut all, mut even, mut sizes, mut last) = (0.0, 0.0, 0.0, 0.0);
        for k in 0..self.points.len() {
            let term = self.term(k, time);
            all += term.im;
            if k % 2 == 0 {
                even += 2.0 * term.im;
            }
            last = size(term);
            sizes += last;
        }
        let error = error(all, even, sizes, last, self.expected);
        Estimate { log: self.hyperbola.anchor * time + all.ln(), error }
    }

    fn window(self, times: Vec<usize>) -> Window {
        let weights =
            (0..self.points.len()).map(|k| weight(&self.hyperbola, self.step, k)).collect();
        Window { points: self.points, weights, times, expected: self.expected }
    }
}

/// An estimate of the relative error of a positive number: the sum over `all` nodes, from twice that over the
/// `even` ones, the `sizes` of all terms and that of the last. ∞ where the sum is not positive.
///
/// Half of the digits at twice the distance: unless what the two sides of the strip leave happens to cancel
/// there. So the step is not trusted beyond the error `expected` of it.
pub(super) fn error(all: f64, even: f64, sizes: f64, last: f64, expected: f64) -> f64 {
    if !(all > 0.0 && sizes.is_finite()) {
        return f64::INFINITY;
    }
    let coarse = ((all - even) / all).abs();
    let step = if coarse < 0.1 { 10.0 * (coarse * coarse).max(expected) } else { 1.0 };
    step + (10.0 * last + ROUNDING * sizes) / all
}

/// The weight of node k: `(h/π) z′(u)`, half of it at u = 0.
pub(super) fn weight(hyperbola: &Hyperbola, step: f64, k: usize) -> Complex {
    let slope = hyperbola.slope(k as f64 * step);
    let factor = if k == 0 { 0.5 } else { 1.0 } * step / PI;
    Complex { re: factor * slope.re, im: factor * slope.im }
}

/// a₀, b₀, a₁, b₁, …
fn interleave(a: &[Complex], b: &[Complex]) -> Vec<Complex> {
    a.iter().zip(b).flat_map(|(&x, &y)| [x, y]).collect()
}

fn size(z: Complex) -> f64 {
    z.re.hypot(z.im)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(rate/(rate + z))^order`: an Erlang law.
    struct Erlang {
        order: i32,
        rate: f64,
    }

    impl Transform for Erlang {
        fn saddle(&self, s: f64) -> Option<Saddle> {
            let distance = s + self.rate;
            let k = f64::from(self.order);
            (distance > 0.0)
                .then_some(Saddle { slope: k / distance, curvature: k / (distance * distance) })
        }

        fn values(&self, points: &[Complex]) -> Vec<Complex> {
            use crate::Scalar;
            let value = |z: &Complex| {
                let rate = Complex::constant(self.rate);
                let base = rate.ratio(rate + *z);
                (0..self.order).fold(Complex::constant(1.0), |product, _| product * base)
            };
            points.iter().map(value).collect()
        }
    }

    fn log_density(law: &Erlang, t: f64) -> f64 {
        let k = law.order;
        let factorial: f64 = (1..k).map(|i| f64::from(i).ln()).sum();
        f64::from(k) * law.rate.ln() + f64::from(k - 1) * t.ln() - law.rate * t - factorial
    }

    #[test]
    fn erlang_densities_in_both_tails() {
        for (order, rate) in [(1, 1.0), (2, 1e-4), (10, 3e5), (100, 7.0)] {
            let law = Erlang { order, rate };
            let mean = f64::from(order) / rate;
            let times: Vec<f64> =
                (0..60).map(|i| mean * 10_f64.powf(f64::from(i) / 12.0 - 2.5)).collect();
            let spectrum = Spectrum { decay: rate, half_angle: 0.0 };
            let inversion = invert(&law, &spectrum, &times, 1e-10, 1, &Interrupt::never())
                .expect("never stops");
            let nodes: usize = inversion.windows.iter().map(|window| window.points.len()).sum();
            assert!(nodes <= 1000, "{nodes}");
            for (&t, estimate) in times.iter().zip(&inversion.estimates) {
                let expected = log_density(&law, t);
                let estimate = estimate.expect("an Erlang law is easy");
                let error = (estimate.log - expected).abs();
                assert!(error <= 1e-10, "{order} {t:e} {error:e} {:e}", estimate.error);
            }
        }
    }
}
