//! Derivatives of a curve in the parameters and in time, at many times: all times share the nodes.

use super::inverse::{ROUNDING, Window, interleave};
use super::laplace::{Node, Shifted};
use super::spectrum::Spectrum;
use crate::{Complex, Error, Interrupt};

/// The logarithm of a curve at one time, and its derivatives.
#[derive(Clone, Debug)]
pub(crate) struct Ray {
    pub log: f64,
    /// In each parameter, `(n_parameters,)`.
    pub theta: Vec<f64>,
    /// In time.
    pub time: f64,
}

/// The curve at `times`, sorted, positive and finite, with its derivatives; None where a value misses the
/// tolerance, or a derivative.
///
/// A derivative is the same sum over the nodes as the value, with that of the transform in each (z times the
/// transform for the one in time): one sweep back per node, however many times there are. Its error is
/// estimated as the value's is, by the sum over every other node (with twice the nodes where that misses the
/// tolerance: the transform's derivative has poles of twice the order), and is relative to the
/// derivative or to the value over `|θᵢ|` (over t for the one in time), whichever is larger.
pub(crate) fn rays(
    law: &Shifted,
    theta: &[f64],
    spectrum: &Spectrum,
    times: &[f64],
    tolerance: f64,
    interrupt: &Interrupt,
) -> Result<Vec<Option<Ray>>, Error> {
    let inversion = law.invert(spectrum, times, tolerance, interrupt)?;
    let mut rays = vec![None; times.len()];
    for mut window in inversion.windows {
        interrupt.after(window.points.len() * law.work() * 4)?;
        let mut nodes = law.nodes(&window.points);
        for twice in [false, true] {
            if twice {
                interrupt.after(window.points.len() * law.work() * 4)?;
                nodes = interleave(&nodes, &law.nodes(&window.between()));
                window = window.halved();
            }
            for &i in &window.times {
                if rays[i].is_none() {
                    let log = inversion.estimates[i].map_or(f64::NAN, |estimate| estimate.log);
                    rays[i] = ray(&window, &nodes, theta, times[i], log, tolerance);
                }
            }
            if window.times.iter().all(|&i| rays[i].is_some()) {
                break;
            }
        }
    }
    Ok(rays)
}

fn ray(
    window: &Window,
    nodes: &[Node],
    theta: &[f64],
    time: f64,
    log: f64,
    tolerance: f64,
) -> Option<Ray> {
    let (mut slopes, mut in_time) = (vec![Total::default(); theta.len()], Total::default());
    for (k, node) in nodes.iter().enumerate() {
        let z = window.points[k];
        let size = (z.re * time - log).exp();
        let (sin, cos) = (z.im * time).sin_cos();
        let factor = window.weights[k] * Complex { re: size * cos, im: size * sin };
        for (total, &slope) in slopes.iter_mut().zip(&node.theta) {
            total.add(k, factor * slope);
        }
        in_time.add(k, factor * (z * node.value));
    }
    let scales = theta.iter().map(|parameter| 1.0 / parameter.abs());
    let fine = slopes.iter().zip(scales).all(|(total, scale)| total.error(scale) <= tolerance);
    (fine && in_time.error(1.0 / time) <= tolerance).then(|| Ray {
        log,
        theta: slopes.iter().map(|total| total.all).collect(),
        time: in_time.all,
    })
}

/// A sum over all nodes, and twice that over every other one.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    all: f64,
    even: f64,
    sizes: f64,
    last: f64,
}

impl Total {
    fn add(&mut self, k: usize, term: Complex) {
        self.all += term.im;
        if k.is_multiple_of(2) {
            self.even += 2.0 * term.im;
        }
        self.last = term.re.hypot(term.im);
        self.sizes += self.last;
    }

    /// Relative to the sum or to `scale`, whichever is larger.
    fn error(&self, scale: f64) -> f64 {
        let size = self.all.abs().max(scale);
        let coarse = (self.all - self.even).abs() / size;
        let step = if coarse < 0.1 { 10.0 * coarse * coarse } else { 1.0 };
        step + (10.0 * self.last + ROUNDING * self.sizes) / size
    }
}
