//! Joint moments of several rewards, and moments of steps, with their derivatives.

use super::joint::{Joint, JointDerivatives};
use super::parts::{Parts, per_vertex};
use super::reverse::{Evaluation, constants};
use super::{Clock, Moments, Scalar, Steps};
use crate::Error;

/// Doubles that the vectors of all orders may take: 4 GiB.
const MOST_DOUBLES: f64 = 5e8;

impl Moments<'_> {
    /// E of the powers 1 to `power` of the reward collected per step of the discrete chain.
    pub fn discrete(&self, power: usize, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        Ok(self.joint(&self.at, Clock::Steps, &[rewards], &[power as u32])?.moments())
    }

    /// Covariance of two rewards collected per step of the discrete chain.
    pub fn discrete_covariance(&self, a: Option<&[f64]>, b: Option<&[f64]>) -> Result<f64, Error> {
        Ok(covariance(&self.joint(&self.at, Clock::Steps, &[a, b], &[1, 1])?.moments()))
    }

    /// E of `Y₁^k₁ ⋯ Yₘ^kₘ` for all k up to `orders`, `Π (orders[i] + 1)` numbers, the last order
    /// counting fastest; the first is 1.
    ///
    /// `rewards`: `(n_vertices,)` for each order. Exact; for rewards ≥ 0 nothing is subtracted. Cost:
    /// one solve for each number. Errors: numbers of orders and rewards that differ, or so many
    /// moments that their vectors do not fit in memory.
    pub fn joint_moments(
        &self,
        clock: Clock,
        orders: &[u32],
        rewards: &[&[f64]],
    ) -> Result<Vec<f64>, Error> {
        self.check_orders(orders, rewards)?;
        let joint = self.joint(&self.at, clock, &given(rewards), orders)?;
        Ok(std::iter::once(1.0).chain(joint.moments()).collect())
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

    pub(super) fn joint_back<T: Scalar>(
        &self,
        at: &Evaluation<'_, T>,
        clock: Clock,
        (orders, rewards): (&[u32], &[&[f64]]),
        seeds: &[f64],
    ) -> Result<Parts<T>, Error> {
        self.check_orders(orders, rewards)?;
        let expected: usize = orders.iter().map(|&order| order as usize + 1).product();
        if seeds.len() != expected {
            let (name, given) = ("seeds", seeds.len());
            return Err(Error::Length { name, expected, given });
        }
        let joint = self.joint(at, clock, &given(rewards), orders)?;
        let mut value = T::constant(seeds[0]);
        let seeds: Vec<T> = constants(&seeds[1..]);
        for (&seed, moment) in seeds.iter().zip(joint.moments()) {
            value += seed * moment;
        }
        Ok(self.combined(value, joint.back(&seeds)))
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

    fn check_orders(&self, orders: &[u32], rewards: &[&[f64]]) -> Result<(), Error> {
        if orders.len() != rewards.len() {
            let (expected, given) = (rewards.len(), orders.len());
            return Err(Error::Length { name: "orders", expected, given });
        }
        let cells: f64 = orders.iter().map(|&order| f64::from(order) + 1.0).product();
        if cells * (4 * self.at.initial.len() + orders.len() + 24) as f64 > MOST_DOUBLES {
            let index = (0..orders.len()).max_by_key(|&i| orders[i]).unwrap_or(0);
            let must = "so small that the moments of all lower orders fit in memory";
            let value = f64::from(orders[index]);
            return Err(Error::BadValue { name: "orders", index, value, must });
        }
        Ok(())
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

fn given<'r>(rewards: &[&'r [f64]]) -> Vec<Option<&'r [f64]>> {
    rewards.iter().map(|&each| Some(each)).collect()
}
