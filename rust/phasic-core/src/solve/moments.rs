//! Moments of absorption times and rewards, from one factorization.

use super::{Adjoint, Factor};
use crate::eliminate::ABSORBED;
use crate::graph::{PROBABILITY_SLACK, Weights};
use crate::{Error, Trace};

/// A trace evaluated at one θ. Rewards are per vertex, `(n_vertices,)` in canonical order; those of
/// the starting vertex and of absorbing ones are not used. `None` stands for a reward of 1.
///
/// With U = (−S)⁻¹ and initial distribution α, the k-th moment of the reward R is
/// k! · α (U R)ᵏ 1 (Bladt & Nielsen 2017, theorem 8.1.5).
#[derive(Debug)]
pub struct Moments<'a> {
    trace: &'a Trace,
    weights: Weights,
    factor: Factor<'a>,
    initial: Vec<f64>,
}

impl<'a> Moments<'a> {
    /// Evaluates the trace at θ. Cost: one numeric elimination.
    ///
    /// Errors: those of [`crate::Graph::weights`], and a class of states that can be entered but,
    /// at this θ, never left.
    pub fn new(trace: &'a Trace, theta: &[f64]) -> Result<Self, Error> {
        let weights = trace.graph().weights(theta)?;
        let factor = Factor::new(trace, weights.edges.clone(), &[]);
        let initial = trace.initial(&weights.edges);
        check_absorbed(trace, &factor, &weights)?;
        Ok(Self { trace, weights, factor, initial })
    }

    /// The probability that the chain starts absorbed.
    #[must_use]
    pub fn defect(&self) -> f64 {
        self.weights.defect
    }

    /// E of the accumulated reward.
    pub fn expectation(&self, rewards: Option<&[f64]>) -> Result<f64, Error> {
        Ok(self.moments(1, rewards)?[0])
    }

    /// E of the powers 1 to `power` of the accumulated reward.
    pub fn moments(&self, power: usize, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        let rewards = self.rewards(rewards)?;
        let mut values = vec![1.0; rewards.len()];
        let mut factorial = 1.0;
        let mut moments = Vec::with_capacity(power);
        for order in 1..=power {
            values = self.factor.solve(&product(&rewards, &values)).values;
            factorial *= order as f64;
            moments.push(factorial * dot(&self.initial, &values));
        }
        Ok(moments)
    }

    /// Covariance of two accumulated rewards.
    pub fn covariance(&self, a: Option<&[f64]>, b: Option<&[f64]>) -> Result<f64, Error> {
        let (a, b) = (self.rewards(a)?, self.rewards(b)?);
        let (x, y) = (self.factor.solve(&a).values, self.factor.solve(&b).values);
        let times = self.factor.solve_rows(&self.initial);
        let joint = dot(&times, &product(&a, &y)) + dot(&times, &product(&b, &x));
        Ok(joint - dot(&self.initial, &x) * dot(&self.initial, &y))
    }

    /// Expected reward until absorption from each vertex, `(n_vertices,)`.
    pub fn waiting(&self, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        let values = self.factor.solve(&self.rewards(rewards)?).values;
        let mut waiting = self.trace.at_vertices(&values);
        waiting[0] = dot(&self.initial, &values);
        Ok(waiting)
    }

    /// Expected reward collected in each vertex until absorption, `(n_vertices,)`.
    pub fn residence(&self, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        let times = self.factor.solve_rows(&self.initial);
        Ok(self.trace.at_vertices(&product(&self.rewards(rewards)?, &times)))
    }

    /// E of exp(−s · reward), for s ≥ 0 and rewards ≥ 0. Cost: one more elimination.
    pub fn laplace(&self, s: f64, rewards: Option<&[f64]>) -> Result<f64, Error> {
        if s.is_nan() || s < 0.0 {
            return Err(Error::BadValue { name: "s", index: 0, value: s, must: "at least 0" });
        }
        if let Some(rewards) = rewards {
            not_negative(rewards)?;
        }
        let killing: Vec<f64> = self.rewards(rewards)?.iter().map(|reward| s * reward).collect();
        let factor = Factor::new(self.trace, self.weights.edges.clone(), &killing);
        let values = factor.solve(&self.trace.absorption(&self.weights.edges)).values;
        Ok(self.weights.defect + dot(&self.initial, &values))
    }

    /// The expectation and its derivative in θ, `(n_parameters,)`, by the adjoint.
    pub fn expectation_gradient(&self, rewards: Option<&[f64]>) -> Result<(f64, Vec<f64>), Error> {
        let solution = self.factor.solve(&self.rewards(rewards)?);
        let value = dot(&self.initial, &solution.values);
        let mut adjoint = Adjoint::new(&self.factor);
        adjoint.solve(&solution, self.initial.clone());
        let (mut weights, _) = adjoint.finish();
        for &(edge, target) in self.trace.layout().start.iter().filter(|&&(_, t)| t != ABSORBED) {
            weights[edge as usize] += solution.values[target as usize];
        }
        Ok((value, self.trace.graph().pull_back(&weights)))
    }

    /// E of the powers 1 to `power` of the reward collected per step of the discrete chain.
    ///
    /// From a state with reward r, `E[(r + Y)ᵏ] = Σⱼ C(k, j) rᵏ⁻ʲ E[Yʲ]` over the reward Y that
    /// follows; `I − P` has the same factors as M, since steps that stay cancel.
    pub fn discrete(&self, power: usize, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        let rewards = self.rewards(rewards)?;
        let steps = Steps::new(self.trace, &self.weights.edges)?;
        let mut moments = Vec::with_capacity(power);
        // P E[Yʲ] for j = 0, 1, …: the moments of what follows a step.
        let mut next = vec![vec![1.0; rewards.len()]];
        for order in 1..=power {
            let mut source = vec![0.0; rewards.len()];
            for (lower, following) in next.iter().enumerate() {
                let choose = binomial(order, lower);
                for ((sum, reward), y) in source.iter_mut().zip(&rewards).zip(following) {
                    *sum += choose * reward.powi((order - lower) as i32) * y;
                }
            }
            let scaled = product(&source, &steps.scales);
            let values = self.factor.solve(&scaled).values;
            moments.push(dot(&self.initial, &values));
            next.push(steps.follow(&self.weights.edges, &values));
        }
        Ok(moments)
    }

    fn rewards(&self, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        let Some(rewards) = rewards else {
            return Ok(vec![1.0; self.trace.n_transient()]);
        };
        let (expected, given) = (self.trace.n_vertices(), rewards.len());
        if expected != given {
            return Err(Error::RewardLength { expected, given });
        }
        if let Some(index) = rewards.iter().position(|reward| !reward.is_finite()) {
            return Err(Error::BadReward { index, value: rewards[index], must: "finite" });
        }
        Ok(self.trace.at_positions(rewards))
    }
}

pub(super) fn not_negative(rewards: &[f64]) -> Result<(), Error> {
    match rewards.iter().position(|reward| !(0.0..f64::INFINITY).contains(reward)) {
        None => Ok(()),
        Some(index) => {
            let must = "finite and not negative";
            Err(Error::BadReward { index, value: rewards[index], must })
        }
    }
}

/// The discrete chain of a trace: what a step does, and how rates become probabilities.
pub(crate) struct Steps<'a> {
    trace: &'a Trace,
    /// Per position: sum of the weights (self-loops included) if the graph is normalized, else 1.
    pub scales: Vec<f64>,
    /// Per position: probability of staying put beyond any self-loop.
    pub stay: Vec<f64>,
}

impl<'a> Steps<'a> {
    /// Errors: weights that sum to more than 1 at a vertex of a graph that is not normalized.
    pub fn new(trace: &'a Trace, weights: &[f64]) -> Result<Self, Error> {
        let graph = trace.graph();
        let (mut scales, mut stay) = (Vec::new(), Vec::new());
        for &vertex in &trace.schedule().pivots {
            let sum: f64 = weights[graph.edges(vertex as usize)].iter().sum();
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
        Ok(Self { trace, scales, stay })
    }

    /// P v: the mean of v over where a step leads; v is 0 at absorbing vertices.
    fn follow(&self, weights: &[f64], values: &[f64]) -> Vec<f64> {
        let at_vertices = self.trace.at_vertices(values);
        let graph = self.trace.graph();
        let pivots = self.trace.schedule().pivots.iter().enumerate();
        let mean = |(position, &vertex): (usize, &u32)| {
            let targets =
                graph.edges(vertex as usize).map(|e| weights[e] * at_vertices[graph.target(e)]);
            let moved = targets.sum::<f64>() / self.scales[position];
            moved + self.stay[position] * values[position]
        };
        pivots.map(mean).collect()
    }
}

/// Errors if a position with a zero pivot can be reached over edges of positive weight.
fn check_absorbed(trace: &Trace, factor: &Factor, weights: &Weights) -> Result<(), Error> {
    let mut dead = vec![false; trace.n_vertices()];
    let mut any = false;
    for position in factor.dead() {
        dead[trace.schedule().pivots[position] as usize] = true;
        any = true;
    }
    if !any {
        return Ok(());
    }
    let graph = trace.graph();
    let mut seen = vec![false; trace.n_vertices()];
    let mut stack = vec![0];
    while let Some(vertex) = stack.pop() {
        if dead[vertex] {
            let (state, theta) = (graph.name(vertex), weights.theta.clone());
            return Err(Error::NeverAbsorbed { state, theta });
        }
        for edge in graph.edges(vertex).filter(|&edge| weights.edges[edge] > 0.0) {
            let target = graph.target(edge);
            if !std::mem::replace(&mut seen[target], true) {
                stack.push(target);
            }
        }
    }
    Ok(())
}

fn binomial(n: usize, k: usize) -> f64 {
    (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product()
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn product(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(x, y)| x * y).collect()
}
