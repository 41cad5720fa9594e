//! Derivatives of everything that follows from one factorization, each by one sweep back.

use super::reverse::{Derivatives, Evaluation, constants, product};
use super::{Adjoint, Dual, Moments};
use crate::eliminate::ABSORBED;
use crate::{Error, Trace};

/// A number with its derivatives. The cost is that of two to four values, whatever the number of
/// parameters, edges and rewards.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// The number.
    pub value: f64,
    /// In θ, `(n_parameters,)`.
    pub theta: Vec<f64>,
    /// In the weight of each edge of the canonical graph, `(n_edges,)`; those out of the starting
    /// vertex are the initial probabilities.
    pub edges: Vec<f64>,
    /// In each vector of rewards, `(n_vertices,)` each.
    pub rewards: Vec<Vec<f64>>,
}

impl Gradient {
    fn new(trace: &Trace, value: f64, edges: Vec<f64>, rewards: &[Vec<f64>]) -> Self {
        let theta = trace.graph().pull_back(&edges);
        let rewards = rewards.iter().map(|each| trace.at_vertices(each)).collect();
        Self { value, theta, edges, rewards }
    }
}

impl Moments<'_> {
    /// The expectation of a reward.
    pub fn expectation_gradient(&self, rewards: Option<&[f64]>) -> Result<Gradient, Error> {
        self.moments_gradient(&[1.0], rewards)
    }

    /// `Σ seeds[k − 1] · E[Yᵏ]`: any combination of raw moments in one sweep.
    pub fn moments_gradient(
        &self,
        seeds: &[f64],
        rewards: Option<&[f64]>,
    ) -> Result<Gradient, Error> {
        let rewards = self.rewards(rewards)?;
        let solutions = self.at.powers(seeds.len(), &rewards);
        let mut factorial = 1.0;
        let mut scaled = seeds.to_vec();
        let mut value = 0.0;
        for (k, seed) in scaled.iter_mut().enumerate() {
            factorial *= (k + 1) as f64;
            *seed *= factorial;
            value += *seed * self.at.start(&solutions[k].values);
        }
        let mut in_rewards = vec![0.0; rewards.len()];
        let Derivatives { edges, .. } =
            self.at.powers_back(&solutions, &scaled, &rewards, &mut in_rewards);
        Ok(Gradient::new(self.trace(), value, edges, &[in_rewards]))
    }

    /// The covariance of two rewards.
    pub fn covariance_gradient(
        &self,
        a: Option<&[f64]>,
        b: Option<&[f64]>,
    ) -> Result<Gradient, Error> {
        let (a, b) = (self.rewards(a)?, self.rewards(b)?);
        let solve = |b: Vec<f64>| self.at.factor.solve(b);
        let (x, y) = (solve(a.clone()), solve(b.clone()));
        let (xy, yx) = (solve(product(&a, &y.values)), solve(product(&b, &x.values)));
        let (mean_a, mean_b) = (self.at.start(&x.values), self.at.start(&y.values));
        let value = self.at.start(&xy.values) + self.at.start(&yx.values) - mean_a * mean_b;
        let n = a.len();
        let mut adjoint = Adjoint::new(&self.at.factor);
        let initial = &self.at.initial;
        let back_xy = adjoint.solve(&xy, initial.clone()).to_vec();
        let back_yx = adjoint.solve(&yx, initial.clone()).to_vec();
        let share = |back: &[f64], reward: &[f64], mean: f64| -> Vec<f64> {
            (0..n).map(|i| back[i] * reward[i] - mean * initial[i]).collect()
        };
        let back_y = adjoint.solve(&y, share(&back_xy, &a, mean_a)).to_vec();
        let back_x = adjoint.solve(&x, share(&back_yx, &b, mean_b)).to_vec();
        let in_a: Vec<f64> = (0..n).map(|i| back_xy[i] * y.values[i] + back_x[i]).collect();
        let in_b: Vec<f64> = (0..n).map(|i| back_yx[i] * x.values[i] + back_y[i]).collect();
        let start =
            |i: usize| xy.values[i] + yx.values[i] - mean_a * y.values[i] - mean_b * x.values[i];
        let Derivatives { edges, .. } = self.at.finish(adjoint, start);
        Ok(Gradient::new(self.trace(), value, edges, &[in_a, in_b]))
    }

    /// E of exp(−s · reward), and its derivative in s.
    pub fn laplace_gradient(
        &self,
        s: f64,
        rewards: Option<&[f64]>,
    ) -> Result<(Gradient, f64), Error> {
        let killing = self.killing(s, rewards)?;
        let rewards = self.rewards(rewards)?;
        let shifted = Evaluation::new(self.trace(), self.weights.rows.clone(), &killing);
        let everything = |_: usize| true;
        let (transient, mut edges, killing) = self.absorbed_back(&shifted, everything);
        self.defect_back(&mut edges);
        let in_s = killing.iter().zip(&rewards).map(|(share, reward)| share * reward).sum();
        let in_rewards = killing.iter().map(|share| share * s).collect();
        let value = self.weights.defect + transient;
        Ok((Gradient::new(self.trace(), value, edges, &[in_rewards]), in_s))
    }

    /// The probability of being absorbed in a given vertex.
    pub fn absorption_gradient(&self, vertex: usize) -> Result<Gradient, Error> {
        let value = self.absorption(vertex)?[0];
        let graph = self.trace().graph();
        let (_, mut edges, _) = self.absorbed_back(&self.at, |target| target == vertex);
        for edge in graph.edges(0).filter(|&edge| graph.target(edge) == vertex) {
            edges[edge] += 1.0;
        }
        Ok(Gradient::new(self.trace(), value, edges, &[]))
    }

    /// The expectation, its gradient, and its Hessian in θ times a direction: `(n_parameters,)`
    /// each. Forward over reverse: the sweep back runs on dual numbers.
    pub fn hessian_product(
        &self,
        direction: &[f64],
        rewards: Option<&[f64]>,
    ) -> Result<(f64, Vec<f64>, Vec<f64>), Error> {
        let (trace, graph) = (self.trace(), self.trace().graph());
        if direction.len() != graph.n_parameters() {
            let (expected, given) = (graph.n_parameters(), direction.len());
            return Err(Error::Length { name: "direction", expected, given });
        }
        let slopes = graph.push_forward(direction);
        let dual = |(&value, slope): (&f64, f64)| Dual { value, slope };
        let rows = self.weights.rows.iter().zip(slopes).map(dual).collect();
        let at: Evaluation<Dual> = Evaluation::new(trace, rows, &[]);
        let rewards: Vec<Dual> = constants(&self.rewards(rewards)?);
        let solutions = at.powers(1, &rewards);
        let value = at.start(&solutions[0].values).value;
        let one = Dual { value: 1.0, slope: 0.0 };
        let theta = at.powers_to_theta(&solutions, &[one], &rewards);
        let gradient = theta.iter().map(|dual| dual.value).collect();
        Ok((value, gradient, theta.iter().map(|dual| dual.slope).collect()))
    }

    /// α · x for M x = (rates into the absorbing vertices that count), with its derivatives.
    fn absorbed_back(
        &self,
        at: &Evaluation<f64>,
        counts: impl Fn(usize) -> bool,
    ) -> (f64, Vec<f64>, Vec<f64>) {
        let (trace, graph) = (self.trace(), self.trace().graph());
        let solution = at.factor.solve(trace.absorption_into(&at.factor.weights, &counts));
        let mut adjoint = Adjoint::new(&at.factor);
        let b = adjoint.solve(&solution, at.initial.clone()).to_vec();
        let Derivatives { mut edges, killing } =
            at.finish(adjoint, |position| solution.values[position]);
        for (position, share) in b.iter().enumerate() {
            let absorbing = trace.layout().outer.of(position).filter(|&(_, t)| t == ABSORBED);
            for (edge, _) in absorbing.filter(|&(edge, _)| counts(graph.target(edge))) {
                edges[edge] += share;
            }
        }
        (at.start(&solution.values), edges, killing)
    }

    /// The defect is 1 minus the probabilities of starting in transient states.
    fn defect_back(&self, edges: &mut [f64]) {
        for &(edge, _) in self.trace().layout().start.iter().filter(|&&(_, t)| t != ABSORBED) {
            edges[edge as usize] -= 1.0;
        }
    }
}
