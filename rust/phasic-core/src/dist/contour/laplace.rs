//! Transforms of a chain at complex points, and their derivatives in the edge weights.

use rayon::prelude::*;

use super::inverse::{Inversion, Saddle, Transform, invert};
use super::spectrum::Spectrum;
use crate::eliminate::ABSORBED;
use crate::solve::{Adjoint, Complex, ComplexLanes, Evaluation, NODES, Scalar, product};
use crate::{Error, Interrupt, Trace};

/// Cost of one node in units of an edge passed in one jump of the chain, about a nanosecond.
pub(crate) fn node_cost(trace: &Trace) -> f64 {
    let parts = [
        (0.7, trace.multiply_adds() as f64),
        (8.0, trace.n_entries() as f64),
        (4.0, trace.graph().n_edges() as f64),
        (10.0, trace.n_transient() as f64),
        (1.0, 500.0),
    ];
    parts.iter().map(|(unit, count)| unit * count).sum()
}

/// Smaller chains are evaluated by one thread.
const WORTH_A_THREAD: usize = 500;

/// What is transformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// The density: `α (zR − S)⁻¹ s`.
    Density,
    /// The survival function: `α (zR − S)⁻¹ R 1`.
    Survival,
    /// The distribution function without its atom: the density's over z.
    Absorbed,
}

/// A chain at one θ, with the rewards that the transform weighs.
#[derive(Debug)]
pub(crate) struct Shifted<'a> {
    pub trace: &'a Trace,
    /// Per row of weights.
    pub weights: &'a [f64],
    /// Per position, ≥ 0.
    pub rewards: &'a [f64],
    pub output: Output,
    /// Whether nodes are spread over the threads of Rayon's pool.
    pub threads: bool,
}

/// A transform at a point, and its derivative in each parameter.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub value: Complex,
    pub theta: Vec<Complex>,
}

impl<'a> Shifted<'a> {
    /// The inverse at `times`, sorted, positive and finite, to a relative error of `tolerance`.
    pub fn invert(
        &self,
        spectrum: &Spectrum,
        times: &[f64],
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Inversion, Error> {
        // The distribution function has a pole at 0 besides.
        let decay = if self.output == Output::Absorbed { 0.0 } else { spectrum.decay };
        let spectrum = &Spectrum { decay, ..*spectrum };
        invert(self, spectrum, times, tolerance, self.work(), interrupt)
    }

    /// Cost of a node, in nanoseconds or so.
    pub fn work(&self) -> usize {
        node_cost(self.trace) as usize
    }

    fn at<T: Scalar>(&self, shift: impl Fn(f64) -> T) -> Evaluation<'a, T> {
        let weights = self.weights.iter().map(|&weight| T::constant(weight)).collect();
        let killing: Vec<T> = self.rewards.iter().map(|&reward| shift(reward)).collect();
        Evaluation::new(self.trace, weights, &killing)
    }

    fn source<T: Scalar>(&self, at: &Evaluation<T>) -> Vec<T> {
        match self.output {
            Output::Density | Output::Absorbed => self.trace.absorption(&at.factor.weights),
            Output::Survival => self.rewards.iter().map(|&r| T::constant(r)).collect(),
        }
    }

    fn lanes(&self, points: &[Complex]) -> (Evaluation<'a, ComplexLanes>, ComplexLanes) {
        let point = |k: usize| points[k.min(points.len() - 1)];
        let z = ComplexLanes::of(point);
        (self.at(|reward| z * ComplexLanes::constant(reward)), z)
    }

    /// Adds to `edges`, per edge, the imaginary part of `Σ weights[k] · ∂F(points[k])`.
    pub fn add_derivatives(&self, points: &[Complex], weights: &[Complex], edges: &mut [f64]) {
        for (points, weights) in points.chunks(NODES).zip(weights.chunks(NODES)) {
            let zero = Complex { re: 0.0, im: 0.0 };
            let seed = ComplexLanes::of(|k| weights.get(k).copied().unwrap_or(zero));
            let (_, derivatives) = self.sweep(points, seed);
            for (sum, share) in edges.iter_mut().zip(&derivatives) {
                *sum += share.imaginary();
            }
        }
    }

    /// The transform at each point, and its derivatives in the parameters.
    pub fn nodes(&self, points: &[Complex]) -> Vec<Node> {
        let graph = self.trace.graph();
        let few = |points: &[Complex]| {
            let (value, edges) = self.sweep(points, ComplexLanes::constant(1.0));
            let node = |k: usize| {
                // Linear, so that the parts may be pulled back apart.
                let part = |part: fn(Complex) -> f64| -> Vec<f64> {
                    let edges: Vec<f64> = edges.iter().map(|edge| part(edge.lane(k))).collect();
                    graph.pull_back(&edges)
                };
                let parts = part(|z| z.re).into_iter().zip(part(|z| z.im));
                let theta = parts.map(|(re, im)| Complex { re, im }).collect();
                Node { value: value.lane(k), theta }
            };
            (0..points.len()).map(node).collect::<Vec<_>>()
        };
        if self.threads && self.trace.n_transient() >= WORTH_A_THREAD {
            points.par_chunks(NODES).flat_map_iter(few).collect()
        } else {
            points.chunks(NODES).flat_map(few).collect()
        }
    }

    /// The transform at some points, and `seed` times its derivative in each edge weight.
    fn sweep(
        &self,
        points: &[Complex],
        mut seed: ComplexLanes,
    ) -> (ComplexLanes, Vec<ComplexLanes>) {
        let (at, z) = self.lanes(points);
        let solution = at.factor.solve(self.source(&at));
        let mut value = at.start(&solution.values);
        if self.output == Output::Absorbed {
            (seed, value) = (seed.ratio(z), value.ratio(z));
        }
        let mut adjoint = Adjoint::new(&at.factor);
        let share = at.initial.iter().map(|&probability| seed * probability).collect();
        let b = adjoint.solve(&solution, share).to_vec();
        let mut edges = at.finish(adjoint, |position| seed * solution.values[position]).edges;
        if self.output != Output::Survival {
            let outer = &self.trace.layout().outer;
            for (position, share) in b.iter().enumerate() {
                for (edge, _) in outer.of(position).filter(|&(_, target)| target == ABSORBED) {
                    edges[edge] += *share;
                }
            }
        }
        (value, edges)
    }
}

impl Transform for Shifted<'_> {
    fn saddle(&self, s: f64) -> Option<Saddle> {
        let at: Evaluation<f64> = self.at(|reward| s * reward);
        if at.factor.pivots.iter().any(|&pivot| pivot <= 0.0) {
            return None;
        }
        // F, −F′ and F″/2 are α x for x = V b, V R V b, V R V R V b with V = (sR − S)⁻¹.
        let mut values = at.factor.solve(self.source(&at)).values;
        let mut results = [at.start(&values), 0.0, 0.0];
        for result in &mut results[1..] {
            values = at.factor.solve(product(self.rewards, &values)).values;
            *result = at.start(&values);
        }
        let [f, first, second] = results;
        let (mut log, mut slope) = (f.ln(), first / f);
        let mut curvature = 2.0 * second / f - slope * slope;
        if self.output == Output::Absorbed {
            log -= s.ln();
            slope += 1.0 / s;
            curvature += 1.0 / (s * s);
        }
        let plain = log.is_finite() && slope > 0.0 && curvature.is_finite();
        plain.then_some(Saddle { slope, curvature: curvature.max(0.0) })
    }

    fn values(&self, points: &[Complex]) -> Vec<Complex> {
        let few = |points: &[Complex]| {
            let (at, z) = self.lanes(points);
            let solution = at.factor.solve(self.source(&at)).values;
            let mut value = at.start(&solution);
            if self.output == Output::Absorbed {
                value = value.ratio(z);
            }
            (0..points.len()).map(|k| value.lane(k)).collect::<Vec<_>>()
        };
        if self.threads && self.trace.n_transient() >= WORTH_A_THREAD {
            points.par_chunks(NODES).flat_map_iter(few).collect()
        } else {
            points.chunks(NODES).flat_map(few).collect()
        }
    }
}
