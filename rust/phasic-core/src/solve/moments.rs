//! Moments of absorption times and rewards, from one factorization.

use super::reverse::{Evaluation, constants, product};
use super::{Complex, Factor, dot};
use crate::graph::Weights;
use crate::{Error, Trace};

/// A trace evaluated at one θ. Rewards are per vertex, `(n_vertices,)` in canonical order; those of
/// the starting vertex and of absorbing ones are not used. `None` stands for a reward of 1.
///
/// With U = (−S)⁻¹ and initial distribution α, the k-th moment of the reward R is
/// k! · α (U R)ᵏ 1 (Bladt & Nielsen 2017, theorem 8.1.5). Derivatives are in [`super::Gradient`].
#[derive(Debug)]
pub struct Moments<'a> {
    pub(super) weights: Weights,
    pub(super) at: Evaluation<'a, f64>,
}

impl<'a> Moments<'a> {
    /// Evaluates the trace at θ. Cost: one numeric elimination.
    ///
    /// Errors: those of [`crate::Graph::weights`], and a class of states that can be entered but,
    /// at this θ, never left.
    pub fn new(trace: &'a Trace, theta: &[f64]) -> Result<Self, Error> {
        Self::at(trace, theta, Evaluation::over_threads)
    }

    /// As [`Self::new`], without the help of other threads.
    pub(crate) fn alone(trace: &'a Trace, theta: &[f64]) -> Result<Self, Error> {
        Self::at(trace, theta, |trace, weights| Evaluation::new(trace, weights, &[]))
    }

    fn at(
        trace: &'a Trace,
        theta: &[f64],
        evaluate: impl FnOnce(&'a Trace, Vec<f64>) -> Evaluation<'a, f64>,
    ) -> Result<Self, Error> {
        let weights = trace.graph().weights(theta)?;
        let at = evaluate(trace, weights.rows.clone());
        check_absorbed(trace, &at.factor, &weights)?;
        Ok(Self { weights, at })
    }

    pub(super) fn trace(&self) -> &'a Trace {
        self.at.trace()
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
        let solutions = self.at.powers(power, &self.rewards(rewards)?);
        let mut factorial = 1.0;
        let moment = |(order, solution): (usize, &super::Solution<f64>)| {
            factorial *= (order + 1) as f64;
            factorial * self.at.start(&solution.values)
        };
        Ok(solutions.iter().enumerate().map(moment).collect())
    }

    /// E of many rewards at once, from one solve: each is a sum over the expected times.
    pub fn expectations(&self, rewards: &[&[f64]]) -> Result<Vec<f64>, Error> {
        let times = self.at.factor.solve_rows(self.at.initial.clone());
        rewards.iter().map(|rewards| Ok(dot(&times, &self.rewards(Some(rewards))?))).collect()
    }

    /// Covariances of many rewards, `(k, k)` row by row, from k + 1 solves.
    ///
    /// `E[Yₐ Yᵦ] = Σ z (rₐ xᵦ + rᵦ xₐ)` with the expected times z and the expected rewards x from
    /// each state.
    pub fn covariances(&self, rewards: &[&[f64]]) -> Result<Vec<f64>, Error> {
        let times = self.at.factor.solve_rows(self.at.initial.clone());
        let rewards: Vec<Vec<f64>> =
            rewards.iter().map(|each| self.rewards(Some(each))).collect::<Result<_, _>>()?;
        let values: Vec<Vec<f64>> =
            rewards.iter().map(|each| self.at.factor.solve(each.clone()).values).collect();
        let weighted: Vec<Vec<f64>> = rewards.iter().map(|each| product(&times, each)).collect();
        let means: Vec<f64> = values.iter().map(|each| self.at.start(each)).collect();
        let k = rewards.len();
        let covariance = |(a, b): (usize, usize)| {
            dot(&weighted[a], &values[b]) + dot(&weighted[b], &values[a]) - means[a] * means[b]
        };
        Ok((0..k * k).map(|index| covariance((index / k, index % k))).collect())
    }

    /// Covariance of two accumulated rewards.
    pub fn covariance(&self, a: Option<&[f64]>, b: Option<&[f64]>) -> Result<f64, Error> {
        let (a, b) = (self.rewards(a)?, self.rewards(b)?);
        let solve = |rewards: &[f64]| self.at.factor.solve(rewards.to_vec()).values;
        let (x, y) = (solve(&a), solve(&b));
        let times = self.at.factor.solve_rows(self.at.initial.clone());
        let joint = dot(&times, &product(&a, &y)) + dot(&times, &product(&b, &x));
        Ok(joint - self.at.start(&x) * self.at.start(&y))
    }

    /// Expected reward until absorption from each vertex, `(n_vertices,)`.
    pub fn waiting(&self, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        let values = self.at.factor.solve(self.rewards(rewards)?).values;
        let mut waiting = self.trace().at_vertices(&values);
        waiting[0] = self.at.start(&values);
        Ok(waiting)
    }

    /// Expected reward collected in each vertex until absorption, `(n_vertices,)`.
    pub fn residence(&self, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        let times = self.at.factor.solve_rows(self.at.initial.clone());
        Ok(self.trace().at_vertices(&product(&self.rewards(rewards)?, &times)))
    }

    /// Expected number of visits to each vertex until absorption, `(n_vertices,)`: 1 at the starting
    /// vertex, at an absorbing vertex the probability of ending there.
    #[must_use]
    pub fn visits(&self) -> Vec<f64> {
        let (trace, graph) = (self.trace(), self.trace().graph());
        let times = trace.at_vertices(&self.at.factor.solve_rows(self.at.initial.clone()));
        let mut visits = vec![0.0; trace.n_vertices()];
        visits[0] = 1.0;
        for source in 0..trace.n_vertices() {
            let time = if source == 0 { 1.0 } else { times[source] };
            for edge in graph.edges(source).filter(|&edge| graph.target(edge) != source) {
                visits[graph.target(edge)] += time * self.weights.rows[graph.rows[edge] as usize];
            }
        }
        visits
    }

    /// Probability of being absorbed in a given vertex from each vertex, `(n_vertices,)`.
    pub fn absorption(&self, vertex: usize) -> Result<Vec<f64>, Error> {
        let (trace, graph) = (self.trace(), self.trace().graph());
        self.check_absorbing(vertex)?;
        let rates = trace.absorption_into(&self.weights.rows, |target| target == vertex);
        let values = self.at.factor.solve(rates).values;
        let mut probabilities = trace.at_vertices(&values);
        probabilities[vertex] = 1.0;
        let direct = graph.edges(0).filter(|&edge| graph.target(edge) == vertex);
        let direct: f64 = direct.map(|edge| self.weights.rows[graph.rows[edge] as usize]).sum();
        probabilities[0] = direct + self.at.start(&values);
        Ok(probabilities)
    }

    /// E of exp(−s · reward), for s ≥ 0 and rewards ≥ 0. Cost: one more elimination.
    pub fn laplace(&self, s: f64, rewards: Option<&[f64]>) -> Result<f64, Error> {
        let killing = self.killing(s, rewards)?;
        let shifted = Factor::new(self.trace(), self.weights.rows.clone(), &killing);
        let values = shifted.solve(self.trace().absorption(&self.weights.rows)).values;
        Ok(self.weights.defect + self.at.start(&values))
    }

    /// E of exp(−z · reward) for Re z ≥ 0 and rewards ≥ 0. Cost: one complex elimination.
    pub fn laplace_at(&self, z: Complex, rewards: Option<&[f64]>) -> Result<Complex, Error> {
        let killing = self.complex_killing(z, rewards)?;
        let rows: Vec<Complex> = constants(&self.weights.rows);
        let shifted = Evaluation::new(self.trace(), rows, &killing);
        let values = shifted.factor.solve(self.trace().absorption(&shifted.factor.weights)).values;
        let mut sum = shifted.start(&values);
        sum.re += self.weights.defect;
        Ok(sum)
    }

    /// Rewards per position, checked.
    pub(super) fn rewards(&self, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        rewards_at_positions(self.trace(), rewards)
    }

    /// Killing s · reward, checked.
    pub(super) fn killing(&self, s: f64, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        if !(0.0..f64::INFINITY).contains(&s) {
            let must = "finite, with a real part of at least 0";
            return Err(Error::BadValue { name: "s", index: 0, value: s, must });
        }
        if let Some(rewards) = rewards {
            not_negative(rewards)?;
        }
        Ok(self.rewards(rewards)?.iter().map(|reward| s * reward).collect())
    }

    /// Killing z · reward, checked.
    pub(super) fn complex_killing(
        &self,
        z: Complex,
        rewards: Option<&[f64]>,
    ) -> Result<Vec<Complex>, Error> {
        self.killing(z.re, rewards)?;
        if !z.im.is_finite() {
            return Err(Error::BadValue { name: "s", index: 0, value: z.im, must: "finite" });
        }
        let shift = |reward: f64| Complex { re: z.re * reward, im: z.im * reward };
        Ok(self.rewards(rewards)?.into_iter().map(shift).collect())
    }

    pub(super) fn check_absorbing(&self, vertex: usize) -> Result<(), Error> {
        let trace = self.trace();
        if vertex < trace.n_vertices() && trace.graph().is_absorbing(vertex) {
            return Ok(());
        }
        let (value, must) = (vertex as f64, "the index of an absorbing vertex");
        Err(Error::BadValue { name: "vertex", index: 0, value, must })
    }
}

pub(crate) fn rewards_at_positions(
    trace: &Trace,
    rewards: Option<&[f64]>,
) -> Result<Vec<f64>, Error> {
    let Some(rewards) = rewards else {
        return Ok(vec![1.0; trace.n_transient()]);
    };
    let (expected, given) = (trace.n_vertices(), rewards.len());
    if expected != given {
        return Err(Error::RewardLength { expected, given });
    }
    if let Some(index) = rewards.iter().position(|reward| !reward.is_finite()) {
        return Err(Error::BadReward { index, value: rewards[index], must: "finite" });
    }
    Ok(trace.at_positions(rewards))
}

pub(crate) fn not_negative(rewards: &[f64]) -> Result<(), Error> {
    match rewards.iter().position(|reward| !(0.0..f64::INFINITY).contains(reward)) {
        None => Ok(()),
        Some(index) => {
            let must = "finite and not negative";
            Err(Error::BadReward { index, value: rewards[index], must })
        }
    }
}

/// Errors if a position with a zero pivot can be reached over edges of positive weight.
pub(crate) fn check_absorbed(
    trace: &Trace,
    factor: &Factor<f64>,
    weights: &Weights,
) -> Result<(), Error> {
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
        let passable = |&edge: &usize| weights.rows[graph.rows[edge] as usize] > 0.0;
        for edge in graph.edges(vertex).filter(passable) {
            let target = graph.target(edge);
            if !std::mem::replace(&mut seen[target], true) {
                stack.push(target);
            }
        }
    }
    Ok(())
}
