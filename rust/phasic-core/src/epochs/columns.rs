//! What is still to come from every state of an epoch, level by level, and the sweep back through it.

use super::levels::Levels;
use super::taps::{Source, Tap};
use crate::eliminate::ABSORBED;
use crate::solve::{Adjoint, Factor, Scalar, Solution};

/// `g[j] = V (w[j] + R g[j + 1])` with V the inverse of `M + z`, or of M.
pub(super) struct Columns<'f, 'a, T> {
    factor: &'f Factor<'a, T>,
    rewards: &'f [f64],
    solutions: Vec<Solution<T>>,
}

impl<'f, 'a, T: Scalar> Columns<'f, 'a, T> {
    /// `sources`: w level by level; `rewards`: R per position, empty where there is one level.
    pub fn new(factor: &'f Factor<'a, T>, rewards: &'f [f64], sources: &[T]) -> Self {
        let n = factor.pivots.len();
        let mut solutions: Vec<Solution<T>> = Vec::with_capacity(sources.len() / n.max(1));
        for level in sources.chunks(n.max(1)).rev() {
            let mut b = level.to_vec();
            if let Some(above) = solutions.last() {
                add_products(&mut b, &above.values, rewards);
            }
            solutions.push(factor.solve(b));
        }
        solutions.reverse();
        Self { factor, rewards, solutions }
    }

    /// Level by level: g, the derivative of `Σ x[j] g[j]` in x.
    pub fn values(&self) -> impl Iterator<Item = T> {
        self.solutions.iter().flat_map(|solution| solution.values.iter().copied())
    }

    /// `Σ x[j] g[j]`, for x without its power of two.
    pub fn total(&self, x: &Levels) -> T {
        let mut sum = T::ZERO;
        for (&mass, value) in x.values.iter().zip(self.values()) {
            sum.add_product(T::constant(mass), value);
        }
        sum
    }

    /// The derivatives of `Σ x[j] g[j]` in the weights of edges, and level by level in w; x level by
    /// level.
    pub fn back(&self, x: &[f64]) -> (Vec<T>, Vec<Vec<T>>) {
        let n = self.factor.pivots.len();
        let mut adjoint = Adjoint::new(self.factor);
        let mut in_sources: Vec<Vec<T>> = Vec::with_capacity(self.solutions.len());
        for (solution, x) in self.solutions.iter().zip(x.chunks(n.max(1))) {
            let mut share: Vec<T> = x.iter().map(|&mass| T::constant(mass)).collect();
            if let Some(below) = in_sources.last() {
                add_products(&mut share, below, self.rewards);
            }
            in_sources.push(adjoint.solve(solution, share).to_vec());
        }
        (adjoint.finish().0, in_sources)
    }

    /// Adds `weight` times the derivatives in the rates of absorption, for a tap that they are the source of.
    pub fn add_absorption(&self, tap: &Tap, in_sources: &[Vec<T>], weight: T, edges: &mut [T]) {
        let Source::Absorption { level } = tap.source else { return };
        let outer = &self.factor.trace.layout().outer;
        for (position, &share) in in_sources[level].iter().enumerate() {
            for (edge, _) in outer.of(position).filter(|&(_, target)| target == ABSORBED) {
                edges[edge].add_product(weight, share);
            }
        }
    }
}

fn add_products<T: Scalar>(sums: &mut [T], values: &[T], rewards: &[f64]) {
    for ((sum, &value), &reward) in sums.iter_mut().zip(values).zip(rewards) {
        sum.add_product(value, T::constant(reward));
    }
}
