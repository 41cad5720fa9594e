//! Moments across several rewards, and moments of steps, with their derivatives.

use super::joint::{Joint, JointDerivatives};
use super::parts::{Parts, per_vertex};
use super::reverse::{Evaluation, constants};
use super::{Clock, Moments, Scalar, Steps};
use crate::Error;

/// Factors of a cross-moment: it takes two to this power solves.
const MOST_FACTORS: usize = 10;

impl Moments<'_> {
    /// E of the powers 1 to `power` of the reward collected per step of the discrete chain.
    pub fn discrete(&self, power: usize, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        Ok(self.joint(&self.at, Clock::Steps, &[rewards], &[power as u32])?.moments())
    }

    /// Covariance of two rewards collected per step of the discrete chain.
    pub fn discrete_covariance(&self, a: Option<&[f64]>, b: Option<&[f64]>) -> Result<f64, Error> {
        Ok(covariance(&self.joint(&self.at, Clock::Steps, &[a, b], &[1, 1])?.moments()))
    }

    /// E of the product of 1 to 10 accumulated rewards. Cost: `2ᵐ − 1` solves for m of them.
    pub fn cross_moment(&self, clock: Clock, rewards: &[&[f64]]) -> Result<f64, Error> {
        let factors = factors(rewards)?;
        let moments = self.joint(&self.at, clock, &factors, &vec![1; factors.len()])?.moments();
        Ok(moments[moments.len() - 1])
    }

    pub(super) fn discrete_back<T: Scalar>(
        &self,
        at: &Evaluation<'_, T>,
        seeds: &[f64],
        rewards: Option<&[f64]>,
    ) -> Result<Parts<T>, Error> {
        let seeds: Vec<T> = constants(seeds);
        let joint = self.joint(at, Clock::Steps, &[rewards], &[seeds.len() as u32])?;
        let mut value = T::ZERO;
        for (&seed, moment) in seeds.iter().zip(joint.moments()) {
            value += seed * moment;
        }
        Ok(self.combined(value, joint.back(&seeds)))
    }

    pub(super) fn cross_back<T: Scalar>(
        &self,
        at: &Evaluation<'_, T>,
        clock: Clock,
        rewards: &[&[f64]],
    ) -> Result<Parts<T>, Error> {
        let factors = factors(rewards)?;
        let joint = self.joint(at, clock, &factors, &vec![1; factors.len()])?;
        let moments = joint.moments();
        let last = moments.len() - 1;
        let mut seeds = vec![T::ZERO; moments.len()];
        seeds[last] = T::constant(1.0);
        Ok(self.combined(moments[last], joint.back(&seeds)))
    }

    pub(super) fn covariance_back<T: Scalar>(
        &self,
        at: &Evaluation<'_, T>,
        clock: Clock,
        first: Option<&[f64]>,
        second: Option<&[f64]>,
    ) -> Result<Parts<T>, Error> {
        let joint = self.joint(at, clock, &[first, second], &[1, 1])?;
        let moments = joint.moments();
        let less = |mean: T| T::ZERO - mean;
        let seeds = [less(moments[1]), less(moments[0]), T::constant(1.0)];
        Ok(self.combined(covariance(&moments), joint.back(&seeds)))
    }

    /// The joint moments of rewards up to the largest orders.
    fn joint<'e, 'a, T: Scalar>(
        &'e self,
        at: &'e Evaluation<'a, T>,
        clock: Clock,
        rewards: &[Option<&[f64]>],
        largest: &[u32],
    ) -> Result<Joint<'e, 'a, T>, Error> {
        let constant = |each| Ok(constants(&self.rewards(each)?));
        let rewards: Vec<Vec<T>> =
            rewards.iter().copied().map(constant).collect::<Result<_, Error>>()?;
        let steps = match clock {
            Clock::Time => None,
            Clock::Steps => Some(Steps::over(self.trace(), &self.weights, &at.factor.weights)?),
        };
        Ok(Joint::new(at, steps, rewards, largest))
    }

    fn combined<T: Scalar>(&self, value: T, derivatives: JointDerivatives<T>) -> Parts<T> {
        let JointDerivatives { edges, initial, rewards } = derivatives;
        Parts { value, edges, initial: per_vertex(self.trace(), &initial), rewards }
    }
}

/// Of the moments of the second reward, the first, and their product.
fn covariance<T: Scalar>(moments: &[T]) -> T {
    moments[2] - moments[1] * moments[0]
}

fn factors<'r>(rewards: &[&'r [f64]]) -> Result<Vec<Option<&'r [f64]>>, Error> {
    if rewards.is_empty() || rewards.len() > MOST_FACTORS {
        let (value, must) = (rewards.len() as f64, "between 1 and 10");
        return Err(Error::BadValue { name: "number of rewards", index: 0, value, must });
    }
    Ok(rewards.iter().map(|&each| Some(each)).collect())
}
