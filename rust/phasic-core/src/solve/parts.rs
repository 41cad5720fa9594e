//! Derivatives as the sweeps back leave them, and the gradient made of them.

use super::reverse::{Derivatives, Evaluation, constants};
use super::{Adjoint, Gradient, Moments, Scalar};
use crate::{Error, Trace};

/// A number with its derivatives, on the way to a [`Gradient`].
pub(super) struct Parts<T> {
    pub value: T,
    /// In the weight of each edge; those out of the starting vertex are not used.
    pub edges: Vec<T>,
    /// In the probability of starting in each vertex.
    pub initial: Vec<T>,
    /// Per position, in each vector of rewards.
    pub rewards: Vec<Vec<T>>,
}

impl<T: Scalar> Parts<T> {
    pub fn gradient(mut self, trace: &Trace) -> Gradient<T> {
        let graph = trace.graph();
        for edge in graph.edges(0) {
            self.edges[edge] = self.initial[graph.target(edge)];
        }
        let theta = graph.pull_back(&self.edges);
        let rewards = self.rewards.iter().map(|each| per_vertex(trace, each)).collect();
        let Self { value, edges, initial, .. } = self;
        Gradient { value, theta, edges, initial, rewards }
    }
}

/// A combination of the solution of M x = b: `Σ seeds · x + start · α · x`.
pub(super) struct Linear<T> {
    pub value: T,
    pub edges: Vec<T>,
    pub initial: Vec<T>,
    /// Per position.
    pub killing: Vec<T>,
    /// Per position: the derivative in b.
    pub source: Vec<T>,
}

impl<T: Scalar> Linear<T> {
    /// `seeds`, b: per position.
    pub fn new(at: &Evaluation<'_, T>, seeds: &[f64], start: f64, b: Vec<T>) -> Self {
        let solution = at.factor.solve(b);
        let start = T::constant(start);
        let mut value = start * at.start(&solution.values);
        let mut shares: Vec<T> =
            at.initial.iter().map(|&probability| start * probability).collect();
        for ((&seed, &x), share) in seeds.iter().zip(&solution.values).zip(&mut shares) {
            value += T::constant(seed) * x;
            *share += T::constant(seed);
        }
        let initial: Vec<T> = solution.values.iter().map(|&x| start * x).collect();
        let mut adjoint = Adjoint::new(&at.factor);
        let source = adjoint.solve(&solution, shares).to_vec();
        let Derivatives { edges, killing } = at.finish(adjoint, |_| T::ZERO);
        Self { value, edges, initial: per_vertex(at.trace(), &initial), killing, source }
    }

    pub fn parts(self, rewards: Vec<Vec<T>>) -> Parts<T> {
        Parts { value: self.value, edges: self.edges, initial: self.initial, rewards }
    }
}

impl Moments<'_> {
    /// The k-th moment is k! times what k solves, one after the other, give.
    pub(super) fn moments_back<T: Scalar>(
        &self,
        at: &Evaluation<'_, T>,
        seeds: &[f64],
        rewards: Option<&[f64]>,
    ) -> Result<Parts<T>, Error> {
        let rewards = self.rewards(rewards)?;
        let negative = seeds.iter().chain(&rewards).any(|&number| number < 0.0);
        let rewards: Vec<T> = constants(&rewards);
        let solutions = at.powers(seeds.len(), &rewards);
        let mut factorial = 1.0;
        let scaled = |(k, seed): (usize, &f64)| {
            factorial *= (k + 1) as f64;
            T::constant(seed * factorial)
        };
        let seeds: Vec<T> = seeds.iter().enumerate().map(scaled).collect();
        let mut value = T::ZERO;
        let mut initial = vec![T::ZERO; rewards.len()];
        for (solution, &seed) in solutions.iter().zip(&seeds) {
            value += seed * at.start(&solution.values);
            for (sum, &x) in initial.iter_mut().zip(&solution.values) {
                *sum += seed * x;
            }
        }
        let (edges, in_rewards) = at.powers_back(&solutions, &seeds, &rewards, negative);
        let initial = per_vertex(self.trace(), &initial);
        Ok(Parts { value, edges, initial, rewards: vec![in_rewards] })
    }
}

/// Values per position as values per vertex, zero at the starting and absorbing vertices.
pub(super) fn per_vertex<T: Scalar>(trace: &Trace, per_position: &[T]) -> Vec<T> {
    let mut values = vec![T::ZERO; trace.n_vertices()];
    for (&vertex, &value) in trace.schedule().pivots.iter().zip(per_position) {
        values[vertex as usize] = value;
    }
    values
}
