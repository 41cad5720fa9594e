//! The law of an integer reward collected step by step, at one θ.

use super::counts::{Counts, Total};
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
    pub(super) interrupt: Interrupt<'a>,
    pub(super) trace: &'a Trace,
    pub(super) weights: Weights,
    pub(super) rewards: Vec<usize>,
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
        self.each(Total::Exactly, counts, Scaled::value)
    }

    /// Natural logarithm of the probability of each count, also where that underflows.
    pub fn log_pmf(&self, counts: &[f64]) -> Result<Vec<f64>, Error> {
        self.each(Total::Exactly, counts, Scaled::ln)
    }

    /// Probability of more than each count, right in the far tail.
    pub fn sf(&self, counts: &[f64]) -> Result<Vec<f64>, Error> {
        self.each(Total::Above, counts, Scaled::value)
    }

    /// Probability of at most each count.
    pub fn cdf(&self, counts: &[f64]) -> Result<Vec<f64>, Error> {
        let counts = whole_counts(counts)?;
        let Some(&largest) = counts.iter().max() else { return Ok(Vec::new()) };
        let sums = self.cumulative(largest)?;
        Ok(counts.iter().map(|&count| sums[count]).collect())
    }

    /// The smallest count whose cumulative probability is at least each probability; ∞ for 1 where
    /// every count can be exceeded.
    ///
    /// The table of counts doubles until it is long enough. Errors: a probability outside [0, 1], and
    /// [`Error::CountTooLarge`] for a quantile beyond the largest table.
    pub fn quantile(&self, probabilities: &[f64]) -> Result<Vec<f64>, Error> {
        check_probabilities(probabilities)?;
        let below_one = probabilities.iter().copied().filter(|&p| p < 1.0).fold(0.0, f64::max);
        let mut largest = 15;
        let (mut sums, mut above) = self.both(largest)?;
        while sums[largest] < below_one && above[largest] > 1.0 - below_one {
            largest = 2 * largest + 1;
            (sums, above) = self.both(largest)?;
        }
        let everything = if probabilities.contains(&1.0) { self.most()? } else { f64::INFINITY };
        let place = |&p: &f64| match p {
            1.0 => everything,
            _ => (0..=largest).position(|k| sums[k] >= p || above[k] <= 1.0 - p).unwrap_or(largest)
                as f64,
        };
        Ok(probabilities.iter().map(place).collect())
    }

    /// The largest possible count: ∞ unless no path visits a state twice.
    fn most(&self) -> Result<f64, Error> {
        let largest: usize = self.rewards.iter().sum();
        let table = self.table(Total::Above, largest)?;
        let initial = self.trace.initial(&self.weights.rows);
        let never = |&k: &usize| dot(&initial, table.values(k)) == 0.0;
        Ok((0..=largest).find(never).map_or(f64::INFINITY, |k| k as f64))
    }

    fn both(&self, largest: usize) -> Result<(Vec<f64>, Vec<f64>), Error> {
        let counts: Vec<f64> = (0..=largest).map(|k| k as f64).collect();
        Ok((self.cumulative(largest)?, self.sf(&counts)?))
    }

    fn cumulative(&self, largest: usize) -> Result<Vec<f64>, Error> {
        let counts: Vec<f64> = (0..=largest).map(|k| k as f64).collect();
        let mut sum = 0.0;
        let mut add = |probability: f64| {
            sum += probability;
            f64::min(sum, 1.0)
        };
        Ok(self.pmf(&counts)?.into_iter().map(&mut add).collect())
    }

    fn each(
        &self,
        total: Total,
        counts: &[f64],
        number: impl Fn(Scaled) -> f64,
    ) -> Result<Vec<f64>, Error> {
        let counts = whole_counts(counts)?;
        let Some(&largest) = counts.iter().max() else { return Ok(Vec::new()) };
        let table = self.table(total, largest)?;
        let initial = self.trace.initial(&self.weights.rows);
        let atom = self.weights.defect;
        Ok(counts.iter().map(|&k| number(probability(&table, &initial, atom, k))).collect())
    }

    pub(super) fn table(&self, total: Total, largest: usize) -> Result<Counts<'_>, Error> {
        let at = (&self.weights, self.weights.rows.as_slice());
        Counts::new(total, self.trace, at, &self.rewards, largest, &self.interrupt)
    }
}

/// Errors: a probability that is not in [0, 1].
pub(super) fn check_probabilities(probabilities: &[f64]) -> Result<(), Error> {
    match probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
        None => Ok(()),
        Some(index) => {
            let (name, must) = ("probability", "between 0 and 1");
            Err(Error::BadValue { name, index, value: probabilities[index], must })
        }
    }
}

/// `α · x[k]`, plus the atom at zero where that counts.
pub(super) fn probability(table: &Counts, initial: &[f64], defect: f64, k: usize) -> Scaled {
    let mantissa = dot(initial, table.values(k));
    let mut sum = Scaled { mantissa, exponent: table.exponents[k] };
    if k == 0 && table.total() == Total::Exactly {
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
