//! Logarithms of one curve at many times, and their derivatives in the edge weights.

use super::inverse::{Inversion, Transform, error};
use super::laplace::{Output, Shifted};
use super::spectrum::Spectrum;
use crate::solve::Scalar;
use crate::{Complex, Error, Interrupt, Trace};

/// A density, survival or distribution function at many times, kept for a sweep back; or the integral
/// of a density over short intervals.
#[derive(Debug)]
pub(crate) struct Curve<'a> {
    pub(super) law: Shifted<'a>,
    pub(super) times: Vec<f64>,
    /// Per time, the length of the interval about it that is integrated over; 0 for the value there.
    widths: Vec<f64>,
    pub(super) inversion: Inversion,
    pub(super) logs: Vec<f64>,
}

impl<'a> Curve<'a> {
    /// Of a chain: its trace, the value of each row of weights, and rewards per position; `times`: sorted,
    /// positive and finite, with the width of each. None where a time misses the tolerance.
    ///
    /// An integral from a to b has the factor `(exp(z b) − exp(z a)) / z` at each node, as a hyperbolic sine:
    /// nothing cancels however close they are.
    pub fn new(
        (trace, weights, rewards): (&'a Trace, &'a [f64], &'a [f64]),
        output: Output,
        spectrum: &Spectrum,
        (times, widths): (Vec<f64>, Vec<f64>),
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Option<Self>, Error> {
        let law = Shifted { trace, weights, rewards, output, threads: false };
        let inversion = law.invert(spectrum, &times, tolerance, interrupt)?;
        let logs: Option<Vec<f64>> =
            inversion.estimates.iter().map(|each| each.map(|estimate| estimate.log)).collect();
        let Some(logs) = logs else { return Ok(None) };
        let mut curve = Self { law, times, widths, inversion, logs };
        Ok(curve.integrate(tolerance).then_some(curve))
    }

    /// As [`Self::new`], to be differentiated so many times: with more nodes, because the derivatives
    /// of a transform come nearer to its singularities. Of the tolerance itself where more is out of
    /// reach.
    pub fn smooth(
        law: (&'a Trace, &'a [f64], &'a [f64]),
        (output, derivatives): (Output, i32),
        spectrum: &Spectrum,
        points: &(Vec<f64>, Vec<f64>),
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Option<Self>, Error> {
        const FINER: f64 = 1e-2;
        const FINEST: f64 = 1e-13;
        let finer = (FINER.powi(derivatives) * tolerance).max(FINEST.min(tolerance));
        let fine = Self::new(law, output, spectrum, points.clone(), finer, interrupt)?;
        if fine.is_some() || finer == tolerance {
            return Ok(fine);
        }
        Self::new(law, output, spectrum, points.clone(), tolerance, interrupt)
    }

    /// Natural logarithm at each time; the atom at zero is left out.
    pub fn logs(&self) -> &[f64] {
        &self.logs
    }

    /// What a node at z adds to the value at a time, for a transform of 1, over that value.
    pub(super) fn kernel(&self, z: Complex, i: usize) -> Complex {
        let (t, width) = (self.times[i], self.widths[i]);
        if width == 0.0 {
            return exponential(z, t, self.logs[i]);
        }
        // (exp(z b) − exp(z a)) / z = 2 sinh(z width / 2) / z · exp(z t).
        let half = 0.5 * width;
        let (x, (sin, cos)) = (z.re * half, (z.im * half).sin_cos());
        let size = (z.re * t - self.logs[i] + x.abs()).exp();
        // The hyperbolic functions over exp|x|.
        let (less, more) = (-(-2.0 * x.abs()).exp_m1(), 1.0 + (-2.0 * x.abs()).exp());
        let sinh = Complex { re: x.signum() * less * cos, im: more * sin };
        let (sin, cos) = (z.im * t).sin_cos();
        sinh.ratio(z) * Complex { re: size * cos, im: size * sin }
    }

    /// Replaces densities by integrals where there is a width; false where one misses the tolerance.
    fn integrate(&mut self, tolerance: f64) -> bool {
        for window in &self.inversion.windows {
            if window.times.iter().all(|&i| self.widths[i] == 0.0) {
                continue;
            }
            let values = self.law.values(&window.points);
            for &i in window.times.iter().filter(|&&i| self.widths[i] > 0.0) {
                let (mut all, mut even, mut sizes, mut last) = (0.0, 0.0, 0.0, 0.0);
                for (k, (&z, &weight)) in window.points.iter().zip(&window.weights).enumerate() {
                    let term = weight * values[k] * self.kernel(z, i);
                    all += term.im;
                    if k.is_multiple_of(2) {
                        even += 2.0 * term.im;
                    }
                    last = term.re.hypot(term.im);
                    sizes += last;
                }
                if error(all, even, sizes, last, window.expected) > tolerance {
                    return false;
                }
                self.logs[i] += all.ln();
            }
        }
        true
    }

    /// Adds to `edges` the derivative of `Σ seeds[i] · logs[i]` in the weight of each edge.
    ///
    /// The contour is a choice of method, not of the model: its derivative is zero. So that of a
    /// value is the same sum over the nodes, with the derivative of the transform in each.
    pub fn add_derivatives(
        &self,
        seeds: &[f64],
        edges: &mut [f64],
        interrupt: &Interrupt,
    ) -> Result<(), Error> {
        for window in &self.inversion.windows {
            if window.times.iter().all(|&i| seeds[i] == 0.0) {
                continue;
            }
            interrupt.after(window.points.len() * self.law.work() * 3)?;
            let node = |(&z, &weight): (&Complex, &Complex)| {
                let mut sum = Complex { re: 0.0, im: 0.0 };
                for &i in window.times.iter().filter(|&&i| seeds[i] != 0.0) {
                    let kernel = self.kernel(z, i);
                    sum += Complex { re: seeds[i] * kernel.re, im: seeds[i] * kernel.im };
                }
                weight * sum
            };
            let weights: Vec<Complex> =
                window.points.iter().zip(&window.weights).map(node).collect();
            self.law.add_derivatives(&window.points, &weights, edges);
        }
        Ok(())
    }
}

/// `exp(z t − log)`.
pub(crate) fn exponential(z: Complex, t: f64, log: f64) -> Complex {
    let size = (z.re * t - log).exp();
    let (sin, cos) = (z.im * t).sin_cos();
    Complex { re: size * cos, im: size * sin }
}

#[cfg(test)]
mod tests {
    use super::super::spectrum;
    use super::*;
    use crate::{GraphBuilder, Law, LogLikelihood, VertexId, VertexKind};

    /// A birth–death chain on 1 to n, absorbed at 0; θ is the rates of birth and death.
    fn births_and_deaths(n: i32) -> Trace {
        let mut graph = GraphBuilder::new(1);
        let mut vertex =
            |state: i32| graph.find_or_create(VertexKind::Ordinary, &[state]).expect("one entry").0;
        let vertices: Vec<VertexId> = (0..=n).map(&mut vertex).collect();
        graph.add_edge(VertexId::START, vertices[2], 1.0, &[]).expect("a probability");
        for state in 1..=n as usize {
            let down = graph.add_edge(vertices[state], vertices[state - 1], 0.0, &[0.0, 1.0]);
            down.expect("a rate");
            if state < n as usize {
                let up = graph.add_edge(vertices[state], vertices[state + 1], 0.0, &[1.0, 0.0]);
                up.expect("a rate");
            }
        }
        Trace::record(&graph.freeze().expect("absorbed at 0")).expect("a small chain")
    }

    #[test]
    fn the_gradient_is_that_of_uniformization() {
        let trace = births_and_deaths(7);
        let theta = [3.0, 2.5];
        let times: Vec<f64> = (1..40).map(|i| 0.2 * f64::from(i * i)).collect();
        let ones = vec![1.0; times.len()];
        let data = LogLikelihood::new(&trace, Law::Continuous, &times, &ones, &[], 1e-12)
            .expect("positive times");
        let mut expected = [0.0; 2];
        let value = data.value_and_gradient(&theta, &mut expected);

        let weights = trace.graph().weights(&theta).expect("positive rates").rows;
        let rewards = vec![1.0; trace.n_transient()];
        let spectrum = spectrum(&trace, &weights, &rewards);
        assert_eq!(spectrum.half_angle, 0.0);
        let never = Interrupt::never();
        let curve = Curve::new(
            (&trace, &weights, &rewards),
            Output::Density,
            &spectrum,
            (times, vec![0.0; ones.len()]),
            1e-11,
            &never,
        );
        let curve = curve.expect("nobody interrupts it").expect("a real spectrum");
        let sum: f64 = curve.logs().iter().sum();
        assert!((sum / value - 1.0).abs() < 1e-11, "{sum} {value}");
        let mut edges = vec![0.0; trace.graph().n_edges()];
        curve.add_derivatives(&ones, &mut edges, &never).expect("nobody interrupts it");
        for (given, expected) in trace.graph().pull_back(&edges).iter().zip(expected) {
            assert!((given / expected - 1.0).abs() < 1e-9, "{given} {expected}");
        }
    }
}
