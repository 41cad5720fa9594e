//! Expectations with certified errors, from the frozen graph.

use super::blocks::Solver;
use super::certify::{Certified, Goal};
use super::chain::{Chain, Way};
use super::double::{Double, ROUNDOFF};
use crate::{Error, Graph, Interrupt, Limits, Plan};

/// What an iterative solution may use and must reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The certified relative error asked for, in (0, 1).
    pub tolerance: f64,
    /// `bytes` limits the preconditioner; `multiply_adds` is not used.
    pub limits: Limits,
}

impl Default for Options {
    /// A relative error of 1e-10 within the default limits.
    fn default() -> Self {
        Self { tolerance: 1e-10, limits: Limits::default() }
    }
}

/// How the components were solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Every component by elimination.
    Elimination,
    /// Large components by GMRES, preconditioned by an incomplete elimination.
    Gmres,
}

/// A value, and a bound on the absolute difference from the exact answer at the given rates.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounded<T> {
    /// The value.
    pub value: T,
    /// The bound on its error, of the same shape.
    pub error: T,
    /// Krylov iterations, summed over the components.
    pub iterations: usize,
    /// How.
    pub method: Method,
}

/// A graph at one θ, solved without factoring its large components.
///
/// Rewards are per vertex, `(n_vertices,)` in canonical order, and may be negative; those of the
/// starting vertex and of absorbing ones are not used. `None` stands for a reward of 1. Values are
/// infinite at vertices from which absorption is not certain. Memory: about 100 bytes per edge and
/// the preconditioner, which [`Options::limits`] limits.
pub struct Iterative<'a> {
    pub(super) graph: Graph,
    pub(super) solver: Solver<'a>,
    pub(super) tolerance: f64,
}

impl<'a> Iterative<'a> {
    /// Evaluates the rates at θ and factors the small components.
    ///
    /// Errors: those of [`Graph::weights`]; a trap that can be entered; a tolerance outside (0, 1);
    /// [`Error::Interrupted`], here and in every method.
    pub fn new(
        plan: &Plan,
        theta: &[f64],
        options: &Options,
        interrupt: &Interrupt<'a>,
    ) -> Result<Self, Error> {
        let tolerance = options.tolerance;
        if !(tolerance > 0.0 && tolerance < 1.0) {
            let must = "between 0 and 1";
            return Err(Error::BadValue { name: "tolerance", index: 0, value: tolerance, must });
        }
        let chain = Chain::new(plan, theta, interrupt)?;
        let solver = Solver::new(chain, &options.limits, interrupt)?;
        Ok(Self { graph: plan.graph().clone(), solver, tolerance })
    }

    /// E of the accumulated reward. The error is at most `tolerance` times E of |reward|.
    ///
    /// Errors: [`Error::NotCertified`], here and in every method.
    pub fn expectation(&mut self, rewards: Option<&[f64]>) -> Result<Bounded<f64>, Error> {
        let started = self.solver.iterations;
        let initial = self.solver.chain.initial.clone();
        let parts = self.values(rewards, &Goal::Sum(&initial))?;
        let mut sum = Double::default();
        let mut error = 0.0;
        for (sign, part) in &parts {
            for (position, &probability) in initial.iter().enumerate() {
                sum.add_multiple(sign * probability, part.x[position]);
                error += probability * part.error(position);
            }
        }
        let value = sum.value();
        Ok(self.bounded(value, self.rounded_up(error, value), started))
    }

    /// Expected reward until absorption from each vertex, `(n_vertices,)`.
    pub fn waiting(&mut self, rewards: Option<&[f64]>) -> Result<Bounded<Vec<f64>>, Error> {
        let started = self.solver.iterations;
        let parts = self.values(rewards, &Goal::Entries)?;
        let n = self.graph.n_vertices();
        let (mut value, mut error) = (vec![0.0; n], vec![0.0; n]);
        let chain = &self.solver.chain;
        let (mut first, mut first_error) = (Double::default(), 0.0);
        for (position, &vertex) in chain.vertices.iter().enumerate() {
            let mut sum = Double::default();
            let mut bound = 0.0;
            for (sign, part) in &parts {
                sum.add_multiple(*sign, part.x[position]);
                bound += part.error(position);
            }
            first.add_multiple(chain.initial[position], sum.normal());
            first_error += chain.initial[position] * bound;
            value[vertex as usize] = sum.value();
            error[vertex as usize] = self.rounded_up(bound, sum.value());
        }
        for vertex in (0..n).filter(|&vertex| chain.trapped[vertex]) {
            value[vertex] = f64::INFINITY;
        }
        (value[0], error[0]) = (first.value(), self.rounded_up(first_error, first.value()));
        Ok(self.bounded(value, error, started))
    }

    /// Expected reward collected in each vertex until absorption, `(n_vertices,)`.
    pub fn residence(&mut self, rewards: Option<&[f64]>) -> Result<Bounded<Vec<f64>>, Error> {
        let started = self.solver.iterations;
        let rewards = self.rewards(rewards)?;
        let times = self.times()?;
        let n = self.graph.n_vertices();
        let (mut value, mut error) = (vec![0.0; n], vec![0.0; n]);
        for (position, &vertex) in self.solver.chain.vertices.iter().enumerate() {
            let (reward, vertex) = (rewards[position], vertex as usize);
            value[vertex] = reward * times.x[position].hi;
            error[vertex] = self.rounded_up(reward.abs() * times.error(position), value[vertex]);
        }
        Ok(self.bounded(value, error, started))
    }

    /// Expected time in each position, to the tolerance.
    pub(super) fn times(&mut self) -> Result<Certified, Error> {
        let initial = self.solver.chain.initial.clone();
        self.solver.solve(Way::Times, &initial, &Goal::Entries, self.tolerance, None)
    }

    /// Solutions for the positive and the negative part of the rewards, with their signs.
    pub(super) fn values(
        &mut self,
        rewards: Option<&[f64]>,
        goal: &Goal,
    ) -> Result<Vec<(f64, Certified)>, Error> {
        let rewards = self.rewards(rewards)?;
        let mut parts = Vec::new();
        for sign in [1.0, -1.0] {
            let part: Vec<f64> = rewards.iter().map(|reward| (sign * reward).max(0.0)).collect();
            if sign > 0.0 || part.iter().any(|&reward| reward > 0.0) {
                let solved = self.solver.solve(Way::Values, &part, goal, self.tolerance, None)?;
                parts.push((sign, solved));
            }
        }
        Ok(parts)
    }

    /// Rewards per position.
    pub(super) fn rewards(&self, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        let chain = &self.solver.chain;
        let Some(rewards) = rewards else { return Ok(vec![1.0; chain.len()]) };
        let (expected, given) = (self.graph.n_vertices(), rewards.len());
        if expected != given {
            return Err(Error::RewardLength { expected, given });
        }
        if let Some(index) = rewards.iter().position(|reward| !reward.is_finite()) {
            return Err(Error::BadReward { index, value: rewards[index], must: "finite" });
        }
        Ok(chain.vertices.iter().map(|&vertex| rewards[vertex as usize]).collect())
    }

    /// An error summed over up to all positions, with the rounding of the sum and of the value.
    pub(super) fn rounded_up(&self, error: f64, value: f64) -> f64 {
        let terms = self.solver.chain.len() as f64 + 16.0;
        error * (1.0 + 4.0 * terms * ROUNDOFF) + 2.0 * ROUNDOFF * value.abs()
    }

    pub(super) fn bounded<T>(&self, value: T, error: T, started: usize) -> Bounded<T> {
        let all_exact = self.solver.chain.exact.iter().all(|&exact| exact);
        let method = if all_exact { Method::Elimination } else { Method::Gmres };
        Bounded { value, error, iterations: self.solver.iterations - started, method }
    }
}
