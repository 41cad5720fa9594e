//! The law of an integer reward collected step by step, at one θ.

use super::counts::Counts;
use super::scaled::Scaled;
use crate::solve::dot;
use crate::{Error, Interrupt, Trace, Weights};

/// Probabilities of the reward that the discrete chain of a trace collects until absorption.
///
/// A visit to a vertex collects its reward; without rewards each visit counts 1, and the reward is
/// the number of steps (Bladt & Nielsen 2017, section 1.2.6). Weights are probabilities; what is
/// missing from 1 at a vertex is the probability of staying there. A normalized graph divides the
/// weights by their sum. Exact: no truncation.
pub struct Discrete<'a> {
    interrupt: Interrupt<'a>,
    trace: &'a Trace,
    weights: Weights,
    rewards: Vec<usize>,
}

impl<'a> Discrete<'a> {
    /// `rewards`: `(n_vertices,)` whole numbers in canonical order, or empty for 1 everywhere.
    pub fn new(trace: &'a Trace, theta: &[f64], rewards: &[f64]) -> Result<Self, Error> {
        Self::until(trace, theta, rewards, Interrupt::never())
    }

    /// As [`Self::new`], but every method stops with [`Error::Interrupted`] when asked to.
    pub fn until(
        trace: &'a Trace,
        theta: &[f64],
        rewards: &[f64],
        interrupt: Interrupt<'a>,
    ) -> Result<Self, Error> {
        let weights = trace.graph().weights(theta)?;
        Ok(Self { interrupt, trace, weights, rewards: whole_rewards(trace, rewards)? })
    }

    /// Probability of each count.
    pub fn pmf(&self, counts: &[f64]) -> Result<Vec<f64>, Error> {
        let counts = whole_counts(counts)?;
        let all = self.all(&counts)?;
        Ok(counts.iter().map(|&count| all[count]).collect())
    }

    /// Probability of at most each count.
    pub fn cdf(&self, counts: &[f64]) -> Result<Vec<f64>, Error> {
        let counts = whole_counts(counts)?;
        let mut sums = self.all(&counts)?;
        for k in 1..sums.len() {
            sums[k] += sums[k - 1];
        }
        Ok(counts.iter().map(|&count| sums[count].min(1.0)).collect())
    }

    fn all(&self, counts: &[usize]) -> Result<Vec<f64>, Error> {
        let Some(&largest) = counts.iter().max() else { return Ok(Vec::new()) };
        let table =
            Counts::new(self.trace, &self.weights, &self.rewards, largest, &self.interrupt)?;
        let initial = self.trace.initial(&self.weights.rows);
        let probability = |k| probability(&table, &initial, self.weights.defect, k).value();
        Ok((0..=largest).map(probability).collect())
    }
}

/// `α · x[k]`, plus the atom at zero.
pub(super) fn probability(table: &Counts, initial: &[f64], defect: f64, k: usize) -> Scaled {
    let mantissa = dot(initial, table.values(k));
    let mut sum = Scaled { mantissa, exponent: table.exponents[k] };
    if k == 0 {
        sum.add(defect, 0);
    }
    sum
}

/// Rewards per position as whole numbers.
pub(super) fn whole_rewards(trace: &Trace, rewards: &[f64]) -> Result<Vec<usize>, Error> {
    if rewards.is_empty() {
        return Ok(vec![1; trace.n_transient()]);
    }
    let (expected, given) = (trace.n_vertices(), rewards.len());
    if expected != given {
        return Err(Error::RewardLength { expected, given });
    }
    if let Some(index) = rewards.iter().position(|&reward| !is_whole(reward)) {
        let must = "a whole number from 0 to 4e9";
        return Err(Error::BadReward { index, value: rewards[index], must });
    }
    Ok(trace.at_positions(rewards).into_iter().map(|reward| reward as usize).collect())
}

pub(super) fn whole_counts(counts: &[f64]) -> Result<Vec<usize>, Error> {
    match counts.iter().position(|&count| !is_whole(count)) {
        None => Ok(counts.iter().map(|&count| count as usize).collect()),
        Some(index) => {
            let (name, must) = ("count", "a whole number from 0 to 4e9");
            Err(Error::BadValue { name, index, value: counts[index], must })
        }
    }
}

fn is_whole(value: f64) -> bool {
    (0.0..=4e9).contains(&value) && value.fract() == 0.0
}
