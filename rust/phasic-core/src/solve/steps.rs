//! The discrete chain of a trace: what a step does, and how weights become probabilities.

use crate::graph::PROBABILITY_SLACK;
use crate::{Error, Trace, Weights};

/// Steps of the discrete chain at one θ.
pub(crate) struct Steps<'a> {
    trace: &'a Trace,
    weights: &'a Weights,
    /// Per position: sum of the weights (self-loops included) if the graph is normalized, else 1.
    pub scales: Vec<f64>,
    /// Per position: probability of staying put beyond any self-loop.
    pub stay: Vec<f64>,
}

impl<'a> Steps<'a> {
    /// Errors: weights that sum to more than 1 at a vertex of a graph that is not normalized.
    pub fn new(trace: &'a Trace, weights: &'a Weights) -> Result<Self, Error> {
        let graph = trace.graph();
        let (mut scales, mut stay) = (Vec::new(), Vec::new());
        for &vertex in &trace.schedule().pivots {
            let edges = graph.edges(vertex as usize);
            let sum: f64 = graph.rows[edges].iter().map(|&row| weights.rows[row as usize]).sum();
            if graph.normalized() {
                scales.push(sum);
                stay.push(0.0);
            } else if sum > 1.0 + PROBABILITY_SLACK {
                return Err(Error::ExitProbability { state: graph.name(vertex as usize), sum });
            } else {
                scales.push(1.0);
                stay.push((1.0 - sum).max(0.0));
            }
        }
        Ok(Self { trace, weights, scales, stay })
    }

    /// P v: the mean of v over where a step leads; v is 0 at absorbing vertices.
    pub fn follow(&self, values: &[f64]) -> Vec<f64> {
        let at_vertices = self.trace.at_vertices(values);
        let graph = self.trace.graph();
        let mean = |(position, &vertex): (usize, &u32)| {
            let moved: f64 = graph
                .edges(vertex as usize)
                .map(|e| self.weights.rows[graph.rows[e] as usize] * at_vertices[graph.target(e)])
                .sum();
            moved / self.scales[position] + self.stay[position] * values[position]
        };
        self.trace.schedule().pivots.iter().enumerate().map(mean).collect()
    }
}
