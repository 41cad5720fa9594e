//! Moments of products of several accumulated rewards.
//!
//! For orders k = (k₁, …, kₘ) let `x[k]` be E of `Y₁^k₁ ⋯ Yₘ^kₘ` from each state. In time
//! `M x[k] = Σᵢ kᵢ rᵢ x[k − eᵢ]` (Bladt & Nielsen 2017, theorem 8.1.5). A step collects r and leads
//! on, so that `(I − P) x[k] = Σ over j < k of Πᵢ C(kᵢ, jᵢ) rᵢ^(kᵢ − jᵢ) · P x[j]`, where `I − P` has
//! the factors of M, since steps that stay cancel.

use super::reverse::product;
use super::{Moments, Steps};
use crate::Error;

/// Doubles that the vectors of all orders may take: 4 GiB.
const MOST_DOUBLES: f64 = 5e8;

/// Orders of the factors, for every moment.
type Orders = Vec<Vec<u32>>;

impl Moments<'_> {
    /// E of `Y₁^k₁ ⋯ Yₘ^kₘ` for all k up to `orders`, `Π (orders[i] + 1)` numbers, the last order
    /// counting fastest; the first is 1.
    ///
    /// `rewards`: `(n_vertices,)` for each order. Exact; for rewards ≥ 0 nothing is subtracted. Cost:
    /// one solve for each number.
    pub fn joint_moments(&self, orders: &[u32], rewards: &[&[f64]]) -> Result<Vec<f64>, Error> {
        let (all, rewards) = self.lower_orders(orders, rewards)?;
        let mut values: Vec<Vec<f64>> = vec![vec![1.0; self.at.initial.len()]];
        for order in all.iter().skip(1) {
            let mut source = vec![0.0; self.at.initial.len()];
            for (reward, &power) in order.iter().enumerate().filter(|&(_, &power)| power > 0) {
                let mut lower = order.clone();
                lower[reward] -= 1;
                let following = &values[place(&lower, orders)];
                for ((sum, r), x) in source.iter_mut().zip(&rewards[reward]).zip(following) {
                    *sum += f64::from(power) * r * x;
                }
            }
            values.push(self.at.factor.solve(source).values);
        }
        Ok(self.started(&values))
    }

    /// As [`Self::joint_moments`], for rewards that the discrete chain collects per step.
    pub fn discrete_joint_moments(
        &self,
        orders: &[u32],
        rewards: &[&[f64]],
    ) -> Result<Vec<f64>, Error> {
        let (all, rewards) = self.lower_orders(orders, rewards)?;
        let steps = Steps::new(self.trace(), &self.weights)?;
        let ones = vec![1.0; self.at.initial.len()];
        let (mut values, mut following) = (vec![ones.clone()], vec![ones]);
        for order in all.iter().skip(1) {
            let mut source = vec![0.0; self.at.initial.len()];
            let below = |lower: &Vec<u32>| order.iter().zip(lower).all(|(k, j)| j <= k);
            for (lower, next) in all.iter().zip(&following).filter(|&(lower, _)| below(lower)) {
                for (position, sum) in source.iter_mut().enumerate() {
                    let mut term = next[position];
                    for ((&k, &j), each) in order.iter().zip(lower).zip(&rewards) {
                        term *= binomial(k, j) * each[position].powi((k - j) as i32);
                    }
                    *sum += term;
                }
            }
            let solved = self.at.factor.solve(product(&source, &steps.scales)).values;
            following.push(steps.follow(&solved));
            values.push(solved);
        }
        Ok(self.started(&values))
    }

    /// The number of each order; a chain that starts absorbed collects nothing.
    fn started(&self, values: &[Vec<f64>]) -> Vec<f64> {
        let numbers = values.iter().map(|values| self.at.start(values));
        std::iter::once(1.0).chain(numbers.skip(1)).collect()
    }

    /// All orders up to the largest, and the rewards per position, checked.
    fn lower_orders(
        &self,
        orders: &[u32],
        rewards: &[&[f64]],
    ) -> Result<(Orders, Vec<Vec<f64>>), Error> {
        if orders.len() != rewards.len() {
            let (expected, given) = (rewards.len(), orders.len());
            return Err(Error::Length { name: "orders", expected, given });
        }
        let cells: f64 = orders.iter().map(|&order| f64::from(order) + 1.0).product();
        if cells * (2 * self.at.initial.len() + orders.len() + 12) as f64 > MOST_DOUBLES {
            let index = (0..orders.len()).max_by_key(|&i| orders[i]).unwrap_or(0);
            let must = "so small that the moments of all lower orders fit in memory";
            let value = f64::from(orders[index]);
            return Err(Error::BadValue { name: "orders", index, value, must });
        }
        let all = orders.iter().fold(vec![Vec::new()], |prefixes, &largest| {
            let longer =
                |prefix: Vec<u32>| (0..=largest).map(move |k| [&prefix[..], &[k]].concat());
            prefixes.into_iter().flat_map(longer).collect()
        });
        let rewards: Result<_, _> = rewards.iter().map(|each| self.rewards(Some(each))).collect();
        Ok((all, rewards?))
    }
}

/// Place of an order among all up to `largest`, the last entry counting fastest.
fn place(order: &[u32], largest: &[u32]) -> usize {
    order.iter().zip(largest).fold(0, |place, (&k, &top)| place * (top as usize + 1) + k as usize)
}

fn binomial(n: u32, k: u32) -> f64 {
    (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product()
}
