//! Derivatives of probabilities of marks, by one sweep back through the recursion.

use super::cells::{Cells, Derivatives, Rest};
use super::extended::Extended;
use super::lattice::Lattice;
use super::{Marked, Probability, SAFE};
use crate::Error;
use crate::eliminate::ABSORBED;
use crate::solve::check_absorbed;

/// A number with its derivatives.
#[derive(Clone, Debug, PartialEq)]
pub struct MarkedGradient {
    /// The number.
    pub value: f64,
    /// In θ, `(n_parameters,)`.
    pub theta: Vec<f64>,
    /// In the probability of starting in each vertex, `(n_vertices,)`.
    pub initial: Vec<f64>,
    /// In the rate of each type of mark, `(types,)`.
    pub rates: Vec<f64>,
    /// In the rewards of each type, `(n_vertices,)` each.
    pub rewards: Vec<Vec<f64>>,
}

/// What a gradient is taken of, with a factor for each row of counts.
#[derive(Clone, Copy)]
enum Combination<'s> {
    Probabilities(&'s [f64]),
    Logarithms(&'s [f64]),
}

impl Marked<'_> {
    /// As [`Self::log_likelihood`], with its derivatives: NaN where a probability is zero.
    ///
    /// By one sweep back through the recursion, at a small multiple of the cost of the value.
    pub fn log_likelihood_gradient(
        &self,
        counts: &[f64],
        weights: &[f64],
    ) -> Result<MarkedGradient, Error> {
        let (rows, weights) = self.observed(counts, weights)?;
        self.gradient_of(&rows, Combination::Logarithms(&weights))
    }

    /// `Σ seeds · P(counts)` with its derivatives. `seeds`: `(k,)`.
    pub fn pmf_gradient(&self, counts: &[f64], seeds: &[f64]) -> Result<MarkedGradient, Error> {
        let rows = self.rows(counts)?;
        if rows.len() != seeds.len() {
            let (expected, given) = (rows.len(), seeds.len());
            return Err(Error::Length { name: "seeds", expected, given });
        }
        self.gradient_of(&rows, Combination::Probabilities(seeds))
    }

    fn gradient_of(
        &self,
        rows: &[Vec<u32>],
        combination: Combination,
    ) -> Result<MarkedGradient, Error> {
        let lattice = self.lattice(rows)?;
        let wanted: Vec<usize> = rows.iter().map(|row| lattice.place(row)).collect();
        let rates = self.rates_at_positions();
        let quick = self.solved::<f64>(&lattice, &rates, Rest::None)?;
        check_absorbed(self.trace, quick.factor(), &self.weights)?;
        let probabilities = self.started(&quick, Rest::None, &wanted);
        if probabilities.iter().all(|&probability| probability > SAFE) {
            return Ok(self.back(&quick, &probabilities, &lattice, &wanted, combination));
        }
        drop(quick);
        let far = self.solved::<Extended>(&lattice, &rates, Rest::None)?;
        let probabilities = self.started(&far, Rest::None, &wanted);
        Ok(self.back(&far, &probabilities, &lattice, &wanted, combination))
    }

    fn back<T: Probability>(
        &self,
        cells: &Cells<T>,
        probabilities: &[T],
        lattice: &Lattice,
        wanted: &[usize],
        combination: Combination,
    ) -> MarkedGradient {
        let mut seeds = vec![T::ZERO; lattice.len()];
        let mut value = 0.0;
        for (row, (&cell, &p)) in wanted.iter().zip(probabilities).enumerate() {
            match combination {
                Combination::Probabilities(each) => {
                    value += each[row] * p.value();
                    seeds[cell] += T::constant(each[row]);
                }
                Combination::Logarithms(each) => {
                    value += each[row] * p.ln();
                    seeds[cell] += T::constant(each[row]).ratio(p);
                }
            }
        }
        if value == f64::NEG_INFINITY {
            return self.no_gradient(value);
        }
        let initial = self.trace.initial(&cells.factor().weights);
        let Derivatives { mut edges, rates } = cells.back(&seeds, &initial);
        // The defect is 1 minus the probabilities of starting in transient states.
        let mut starts = vec![T::ZERO - seeds[0]; initial.len()];
        for (cell, &seed) in seeds.iter().enumerate().filter(|(_, seed)| !seed.any_zero()) {
            for (sum, &value) in starts.iter_mut().zip(cells.values(cell)) {
                sum.add_product(seed, value);
            }
        }
        for &(edge, target) in self.trace.layout().start.iter().filter(|&&(_, t)| t != ABSORBED) {
            edges[edge as usize] = starts[target as usize];
        }
        let graph = self.trace.graph();
        let theta = graph.pull_back(&edges).into_iter().map(T::value).collect();
        let starts: Vec<f64> = starts.into_iter().map(T::value).collect();
        let initial = self.trace.at_vertices(&starts);
        let (rates_of, rewards) = (Vec::new(), Vec::new());
        let mut gradient = MarkedGradient { value, theta, initial, rates: rates_of, rewards };
        for ((shares, rewards), &rate) in rates.iter().zip(&self.rewards).zip(&self.rates) {
            let mut in_rate = T::ZERO;
            for (&share, &reward) in shares.iter().zip(rewards) {
                in_rate.add_product(share, T::constant(reward));
            }
            gradient.rates.push(in_rate.value());
            let in_rewards: Vec<f64> =
                shares.iter().map(|&share| (share * T::constant(rate)).value()).collect();
            gradient.rewards.push(self.trace.at_vertices(&in_rewards));
        }
        gradient
    }

    fn no_gradient(&self, value: f64) -> MarkedGradient {
        let none = |length| vec![f64::NAN; length];
        let (graph, types) = (self.trace.graph(), self.rates.len());
        let rewards = vec![none(self.trace.n_vertices()); types];
        let (theta, initial) = (none(graph.n_parameters()), none(self.trace.n_vertices()));
        MarkedGradient { value, theta, initial, rates: none(types), rewards }
    }
}
