//! The discrete chain of a trace: what a step does, how weights become probabilities, and the way
//! back from derivatives in both to derivatives in the weights.

use super::Scalar;
use crate::eliminate::ABSORBED;
use crate::graph::PROBABILITY_SLACK;
use crate::{Error, Trace, Weights};

/// Steps of the discrete chain at one θ.
pub(crate) struct Steps<'a, T> {
    trace: &'a Trace,
    /// Value of each distinct row of weights.
    rows: &'a [T],
    /// Per position: sum of the weights (self-loops included) if the graph is normalized, else 1.
    pub scales: Vec<T>,
    /// Per position: probability of staying put beyond any self-loop.
    pub stay: Vec<T>,
}

impl<'a> Steps<'a, f64> {
    /// Errors: weights that sum to more than 1 at a vertex of a graph that is not normalized.
    pub fn new(trace: &'a Trace, weights: &'a Weights) -> Result<Self, Error> {
        Self::over(trace, weights, &weights.rows)
    }
}

impl<'a, T: Scalar> Steps<'a, T> {
    /// As [`Steps::new`], where `rows` has the values of `weights` in another kind of number.
    pub fn over(trace: &'a Trace, weights: &Weights, rows: &'a [T]) -> Result<Self, Error> {
        let graph = trace.graph();
        let (mut scales, mut stay) = (Vec::new(), Vec::new());
        for &vertex in &trace.schedule().pivots {
            let of_edges = &graph.rows[graph.edges(vertex as usize)];
            let value: f64 = of_edges.iter().map(|&row| weights.rows[row as usize]).sum();
            let sum = of_edges.iter().fold(T::ZERO, |sum, &row| sum + rows[row as usize]);
            if graph.normalized() {
                scales.push(sum);
                stay.push(T::ZERO);
            } else if value > 1.0 + PROBABILITY_SLACK {
                let state = graph.name(vertex as usize);
                return Err(Error::ExitProbability { state, sum: value });
            } else {
                scales.push(T::constant(1.0));
                stay.push(T::constant(value.max(1.0)) - sum);
            }
        }
        Ok(Self { trace, rows, scales, stay })
    }

    /// P v: the mean of v over where a step leads; v is 0 at absorbing vertices.
    pub fn follow(&self, values: &[T]) -> Vec<T> {
        let positions = self.positions();
        let mean = |(position, &vertex): (usize, &u32)| {
            let mut moved = T::ZERO;
            for (edge, target) in self.edges(vertex, &positions) {
                if target != ABSORBED {
                    moved += self.weight(edge) * values[target as usize];
                }
            }
            moved.ratio(self.scales[position]) + self.stay[position] * values[position]
        };
        self.trace.schedule().pivots.iter().enumerate().map(mean).collect()
    }

    /// Edges out of a vertex, self-loops included, with the positions of their targets.
    fn edges(&self, vertex: u32, positions: &[u32]) -> impl Iterator<Item = (usize, u32)> {
        let graph = self.trace.graph();
        graph.edges(vertex as usize).map(|edge| (edge, positions[graph.target(edge)]))
    }

    fn weight(&self, edge: usize) -> T {
        self.rows[self.trace.graph().rows[edge] as usize]
    }

    fn positions(&self) -> Vec<u32> {
        self.trace.schedule().positions(self.trace.n_vertices())
    }
}

/// Derivatives of a number in what its steps are made of, summed over a sweep back.
pub(crate) struct StepsAdjoint<'s, 'a, T> {
    steps: &'s Steps<'a, T>,
    positions: Vec<u32>,
    edges: Vec<T>,
    scales: Vec<T>,
}

impl<'s, 'a, T: Scalar> StepsAdjoint<'s, 'a, T> {
    pub fn new(steps: &'s Steps<'a, T>) -> Self {
        let edges = vec![T::ZERO; steps.trace.graph().n_edges()];
        let scales = vec![T::ZERO; steps.scales.len()];
        Self { steps, positions: steps.positions(), edges, scales }
    }

    /// Back through `following = P values`: takes the derivative in `following`, returns that in
    /// `values`.
    ///
    /// A weight moves probability to its target from where a step leads on the whole (normalized),
    /// or from staying put: its derivative is one difference of values.
    pub fn follow(&mut self, values: &[T], following: &[T], shares: &[T]) -> Vec<T> {
        let steps = self.steps;
        let normalized = steps.trace.graph().normalized();
        let mut back = vec![T::ZERO; values.len()];
        for (position, &vertex) in steps.trace.schedule().pivots.iter().enumerate() {
            let share = shares[position].ratio(steps.scales[position]);
            let instead = if normalized { following[position] } else { values[position] };
            back[position] += shares[position] * steps.stay[position];
            for (edge, target) in steps.edges(vertex, &self.positions) {
                let mut gained = T::ZERO;
                if target != ABSORBED {
                    gained = values[target as usize];
                    back[target as usize] += share * steps.weight(edge);
                }
                self.edges[edge] += share * (gained - instead);
            }
        }
        back
    }

    /// Back through `b = source · scales`: takes the derivative in `b`, returns that in `source`.
    pub fn scale(&mut self, source: &[T], shares: &[T]) -> Vec<T> {
        let scaled = |(position, &share): (usize, &T)| {
            self.scales[position] += share * source[position];
            share * self.steps.scales[position]
        };
        shares.iter().enumerate().map(scaled).collect()
    }

    /// Adds the derivatives in the weights, `(n_edges,)`.
    pub fn finish(self, edges: &mut [T]) {
        for (sum, &share) in edges.iter_mut().zip(&self.edges) {
            *sum += share;
        }
        let graph = self.steps.trace.graph();
        if !graph.normalized() {
            return;
        }
        for (&vertex, &share) in self.steps.trace.schedule().pivots.iter().zip(&self.scales) {
            graph.edges(vertex as usize).for_each(|edge| edges[edge] += share);
        }
    }
}
