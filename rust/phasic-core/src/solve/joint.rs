//! Joint moments of several rewards, in time or in steps, with their derivatives.
//!
//! For orders k = (k₁, …, kₘ) let `x[k]` be E of `Y₁^k₁ ⋯ Yₘ^kₘ` from each state. In time
//! `M x[k] = Σᵢ kᵢ rᵢ x[k − eᵢ]` (Bladt & Nielsen 2017, theorem 8.1.5). A step collects r and leads
//! on, so that `(I − P) x[k] = Σ_{j < k} Πᵢ C(kᵢ, jᵢ) rᵢ^(kᵢ − jᵢ) · P x[j]`; `I − P` has the factors
//! of M, since steps that stay cancel. Both are sums over lower orders of a monomial in the rewards
//! times what follows.

use super::reverse::{Derivatives, Evaluation};
use super::steps::StepsAdjoint;
use super::{Adjoint, Scalar, Solution, Steps};

/// The moments of all orders from (0, …, 1) up to a largest one, the last order counting fastest.
pub(super) struct Joint<'e, 'a, T> {
    at: &'e Evaluation<'a, T>,
    /// The steps that collect, or none where time does.
    steps: Option<Steps<'e, T>>,
    /// Per position, for each of the m rewards.
    rewards: Vec<Vec<T>>,
    /// From (0, …, 1) on.
    orders: Vec<Vec<u32>>,
    solutions: Vec<Solution<T>>,
    /// Steps only: the sum over lower orders, and `P x`.
    sources: Vec<Vec<T>>,
    following: Vec<Vec<T>>,
}

/// Part of an order's source: `coefficient · Πᵢ rᵢ^powers[i]` times what follows of the lower order.
struct Term {
    /// Index of the lower order; none stands for the order 0, whose moment is 1.
    lower: Option<usize>,
    coefficient: f64,
    powers: Vec<u32>,
}

/// Derivatives of a combination of joint moments.
pub(super) struct JointDerivatives<T> {
    /// In the weight of each edge, those out of the starting vertex left out.
    pub edges: Vec<T>,
    /// In the probability of starting in each position.
    pub initial: Vec<T>,
    /// Per position, for each of the rewards.
    pub rewards: Vec<Vec<T>>,
}

impl<'e, 'a, T: Scalar> Joint<'e, 'a, T> {
    /// All orders up to `largest`, one entry for each of the `rewards` (per position).
    pub fn new(
        at: &'e Evaluation<'a, T>,
        steps: Option<Steps<'e, T>>,
        rewards: Vec<Vec<T>>,
        largest: &[u32],
    ) -> Self {
        let orders = between(&vec![0; largest.len()], largest).split_off(1);
        let (solutions, sources, following) = (Vec::new(), Vec::new(), Vec::new());
        let mut joint = Self { at, steps, rewards, orders, solutions, sources, following };
        for order in 0..joint.orders.len() {
            let source = joint.source(order);
            let Some(steps) = &joint.steps else {
                joint.solutions.push(at.factor.solve(source));
                continue;
            };
            let scaled = source.iter().zip(&steps.scales).map(|(&sum, &scale)| sum * scale);
            let solution = at.factor.solve(scaled.collect());
            joint.following.push(steps.follow(&solution.values));
            joint.sources.push(source);
            joint.solutions.push(solution);
        }
        joint
    }

    /// The moment of each order.
    pub fn moments(&self) -> Vec<T> {
        self.solutions.iter().map(|solution| self.at.start(&solution.values)).collect()
    }

    /// Back from `Σ seeds · moments`.
    pub fn back(&self, seeds: &[T]) -> JointDerivatives<T> {
        let n = self.at.initial.len();
        let mut adjoint = Adjoint::new(&self.at.factor);
        let mut in_steps = self.steps.as_ref().map(StepsAdjoint::new);
        let mut following = vec![vec![T::ZERO; n]; self.orders.len()];
        let mut rewards = vec![vec![T::ZERO; n]; self.rewards.len()];
        for (order, solution) in self.solutions.iter().enumerate().rev() {
            let mut share = std::mem::take(&mut following[order]);
            if let Some(back) = &mut in_steps {
                share = back.follow(&solution.values, &self.following[order], &share);
            }
            for (sum, &probability) in share.iter_mut().zip(&self.at.initial) {
                *sum += seeds[order] * probability;
            }
            let mut source = adjoint.solve(solution, share).to_vec();
            if let Some(back) = &mut in_steps {
                source = back.scale(&self.sources[order], &source);
            }
            for term in self.terms(order) {
                self.term_back(&term, &source, &mut following, &mut rewards);
            }
        }
        let mut initial = vec![T::ZERO; n];
        for (solution, &seed) in self.solutions.iter().zip(seeds) {
            for (sum, &value) in initial.iter_mut().zip(&solution.values) {
                *sum += seed * value;
            }
        }
        let Derivatives { mut edges, .. } = self.at.finish(adjoint, |_| T::ZERO);
        if let Some(back) = in_steps {
            back.finish(&mut edges);
        }
        JointDerivatives { edges, initial, rewards }
    }

    fn source(&self, order: usize) -> Vec<T> {
        let mut source = vec![T::ZERO; self.at.initial.len()];
        for term in self.terms(order) {
            for (position, sum) in source.iter_mut().enumerate() {
                *sum += self.monomial(&term, position, None) * self.after(&term, position);
            }
        }
        source
    }

    /// The terms of an order's source, those of lower orders first.
    fn terms(&self, order: usize) -> Vec<Term> {
        let whole = &self.orders[order];
        // In time a reward is collected alone, and C(k, k − 1) = k.
        let lowest: Vec<u32> = match self.steps {
            None => whole.iter().map(|&k| k.saturating_sub(1)).collect(),
            Some(_) => vec![0; whole.len()],
        };
        let term = |lower: Vec<u32>| {
            let powers: Vec<u32> = whole.iter().zip(&lower).map(|(&k, &j)| k - j).collect();
            let collected: u32 = powers.iter().sum();
            let counts = if self.steps.is_some() { collected > 0 } else { collected == 1 };
            let coefficient = whole.iter().zip(&lower).map(|(&k, &j)| binomial(k, j)).product();
            let place = place(&lower, &self.orders[self.orders.len() - 1]);
            counts.then(|| Term { lower: place.checked_sub(1), coefficient, powers })
        };
        between(&lowest, whole).into_iter().filter_map(term).collect()
    }

    fn term_back(
        &self,
        term: &Term,
        source: &[T],
        following: &mut [Vec<T>],
        rewards: &mut [Vec<T>],
    ) {
        for (position, &share) in source.iter().enumerate() {
            if let Some(lower) = term.lower {
                following[lower][position] += share * self.monomial(term, position, None);
            }
            let after = share * self.after(term, position);
            for (reward, sums) in rewards.iter_mut().enumerate() {
                if term.powers[reward] > 0 {
                    sums[position] += after * self.monomial(term, position, Some(reward));
                }
            }
        }
    }

    /// What follows of a term's lower order.
    fn after(&self, term: &Term, position: usize) -> T {
        match (term.lower, &self.steps) {
            (None, _) => T::constant(1.0),
            (Some(lower), Some(_)) => self.following[lower][position],
            (Some(lower), None) => self.solutions[lower].values[position],
        }
    }

    /// A term's monomial in the rewards of a position, or its derivative in one of them.
    fn monomial(&self, term: &Term, position: usize, along: Option<usize>) -> T {
        let mut product = T::constant(term.coefficient);
        for (reward, &power) in term.powers.iter().enumerate() {
            let mut left = power;
            if along == Some(reward) {
                product = product * T::constant(f64::from(power));
                left -= 1;
            }
            for _ in 0..left {
                product = product * self.rewards[reward][position];
            }
        }
        product
    }
}

/// All vectors of whole numbers from the lowest up to the largest, the last entry counting fastest.
fn between(lowest: &[u32], largest: &[u32]) -> Vec<Vec<u32>> {
    lowest.iter().zip(largest).fold(vec![Vec::new()], |prefixes, (&low, &high)| {
        let longer =
            |prefix: Vec<u32>| (low..=high).map(move |entry| [&prefix[..], &[entry]].concat());
        prefixes.into_iter().flat_map(longer).collect()
    })
}

/// Place of an order among all up to the largest.
fn place(order: &[u32], largest: &[u32]) -> usize {
    order.iter().zip(largest).fold(0, |place, (&k, &top)| place * (top as usize + 1) + k as usize)
}

fn binomial(n: u32, k: u32) -> f64 {
    (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product()
}
