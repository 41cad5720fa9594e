//! The probability that a reward stays zero, and moments of another one then, with their derivatives.

use super::parts::{Parts, per_vertex};
use super::reverse::product;
use super::{Adjoint, Factor, Gradient, Moments, Solution};
use crate::Error;
use crate::eliminate::ABSORBED;

/// What is computed given that a reward stays zero: `x[0]` is the probability of that from each
/// position, and `x[k]` the mean of the k-th power of another reward where it does, else 0.
struct GivenZero<'a> {
    factor: Factor<'a, f64>,
    rewards: Vec<f64>,
    solutions: Vec<Solution<f64>>,
    probability: f64,
}

impl Moments<'_> {
    /// The probability that a reward stays zero, and its derivatives.
    pub fn atom_gradient(&self, rewards: &[f64]) -> Result<Gradient, Error> {
        let given = self.given_zero(0, None, rewards)?;
        let parts = self.given_zero_back(&given, given.probability, &[1.0]);
        Ok(Parts { rewards: Vec::new(), ..parts }.gradient(self.trace()))
    }

    /// E of the powers 1 to `power` of a reward, given that another one, ≥ 0, stays zero.
    ///
    /// Errors: the other reward is surely positive. Cost: one elimination and `power + 1` solves.
    pub fn moments_given_zero(
        &self,
        power: usize,
        rewards: Option<&[f64]>,
        zero: &[f64],
    ) -> Result<Vec<f64>, Error> {
        let given = self.given_zero(power, rewards, zero)?;
        self.conditional(&given)
    }

    /// `Σ seeds[k − 1]` times the k-th of [`Self::moments_given_zero`], and its derivatives: those of
    /// a quotient, right to some roundings of its two parts.
    pub fn moments_given_zero_gradient(
        &self,
        seeds: &[f64],
        rewards: Option<&[f64]>,
        zero: &[f64],
    ) -> Result<Gradient, Error> {
        let given = self.given_zero(seeds.len(), rewards, zero)?;
        let value = super::dot(&self.conditional(&given)?, seeds);
        let shares: Vec<f64> =
            std::iter::once(&-value).chain(seeds).map(|seed| seed / given.probability).collect();
        Ok(self.given_zero_back(&given, value, &shares).gradient(self.trace()))
    }

    fn conditional(&self, given: &GivenZero<'_>) -> Result<Vec<f64>, Error> {
        if given.probability == 0.0 {
            return Err(Error::SurelyPositive);
        }
        let moment = |solution: &Solution<f64>| self.at.start(&solution.values) / given.probability;
        Ok(given.solutions[1..].iter().map(moment).collect())
    }

    fn given_zero(
        &self,
        power: usize,
        rewards: Option<&[f64]>,
        zero: &[f64],
    ) -> Result<GivenZero<'_>, Error> {
        let rewards = self.rewards(rewards)?;
        let factor = self.holding(self.positive(zero)?);
        let mut solutions = vec![self.nothing(&factor)];
        let probability = self.weights.defect + self.at.start(&solutions[0].values);
        for order in 1..=power {
            let mut source = product(&rewards, &solutions[order - 1].values);
            scale(&mut source, &factor, order);
            solutions.push(factor.solve(source));
        }
        Ok(GivenZero { factor, rewards, solutions, probability })
    }

    /// Back from `seeds[0]` times the probability and `seeds[k]` times `α · x[k]`.
    fn given_zero_back(&self, given: &GivenZero<'_>, value: f64, seeds: &[f64]) -> Parts<f64> {
        let GivenZero { factor, rewards, solutions, .. } = given;
        let n = rewards.len();
        let mut adjoint = Adjoint::new(factor);
        let (mut in_rewards, mut initial) = (vec![0.0; n], vec![-seeds[0]; n]);
        let mut share = vec![0.0; n];
        let mut absorbed = Vec::new();
        for (k, (solution, seed)) in solutions.iter().zip(seeds).enumerate().rev() {
            for position in 0..n {
                share[position] += seed * self.at.initial[position];
                initial[position] += seed * solution.values[position];
            }
            let mut source = adjoint.solve(solution, share).to_vec();
            if k == 0 {
                absorbed = source;
                break;
            }
            scale(&mut source, factor, k);
            for (position, sum) in in_rewards.iter_mut().enumerate() {
                *sum += source[position] * solutions[k - 1].values[position];
            }
            share = product(&source, rewards);
        }
        let (mut edges, _) = adjoint.finish();
        let outer = &self.trace().layout().outer;
        for (position, share) in absorbed.iter().enumerate().filter(|(p, _)| !factor.holds(*p)) {
            for (edge, _) in outer.of(position).filter(|&(_, target)| target == ABSORBED) {
                edges[edge] += share;
            }
        }
        Parts {
            value,
            edges,
            initial: per_vertex(self.trace(), &initial),
            rewards: vec![in_rewards],
        }
    }
}

/// Times an order, and 0 in held positions.
fn scale(source: &mut [f64], factor: &Factor<'_, f64>, order: usize) {
    for (position, entry) in source.iter_mut().enumerate() {
        *entry = if factor.holds(position) { 0.0 } else { *entry * order as f64 };
    }
}
