//! The law of Poisson marks laid on rewards: mutations on the branches of a tree.

mod cells;
mod extended;
mod gradient;
mod lattice;

use cells::{Cells, Rest};
use extended::Extended;
use lattice::Lattice;

pub use gradient::MarkedGradient;

use super::discrete::whole_counts;
use crate::solve::{Scalar, check_absorbed, not_negative, rewards_at_positions};
use crate::{Error, Interrupt, Trace, Weights};

/// Doubles that the vectors of all cells may take: 4 GiB.
const MOST_DOUBLES: usize = 500_000_000;
/// Doubles for each state and cell: a solution, its forward sweep, and both on the way back.
const VECTORS: usize = 4;
/// Probabilities below this are computed again with exponents without end: above it, a number that
/// underflows on the way is too small to count, and quotients by it do not overflow.
const SAFE: f64 = 1e-200;

/// Counts of marks that fall on a chain, at one θ.
///
/// While the chain is in state i, marks of type t fall as a Poisson process of rate
/// `rates[t] · rewards[t][i]`: given the accumulated rewards Y, the counts are independent Poisson
/// numbers with means `rates · Y`. With Kingman's coalescent, lineages as rewards and θ/2 as rate,
/// these are segregating sites (Tavaré 1984); with branches that have i descendants, the
/// site-frequency spectrum. Exact, without truncation, and of full relative accuracy however small
/// a probability is: sums, products and quotients of non-negative numbers only.
pub struct Marked<'a> {
    interrupt: Interrupt<'a>,
    trace: &'a Trace,
    weights: Weights,
    /// Of each type, per position.
    rewards: Vec<Vec<f64>>,
    /// Of each type.
    rates: Vec<f64>,
}

/// A probability however small.
trait Probability: Scalar {
    fn value(self) -> f64;
    fn ln(self) -> f64;
}

impl Probability for f64 {
    fn value(self) -> f64 {
        self
    }

    fn ln(self) -> f64 {
        f64::ln(self)
    }
}

impl Probability for Extended {
    fn value(self) -> f64 {
        Extended::value(self)
    }

    fn ln(self) -> f64 {
        Extended::ln(self)
    }
}

impl<'a> Marked<'a> {
    /// `rewards`: for each type of mark `(n_vertices,)` in canonical order, ≥ 0; none stands for 1
    /// everywhere. `rates`: `(types,)`, ≥ 0.
    ///
    /// Errors: those of [`crate::Graph::weights`]; rewards or rates of the wrong length, negative or
    /// not finite, or with a product that is not.
    pub fn new(
        trace: &'a Trace,
        theta: &[f64],
        rewards: &[Option<&[f64]>],
        rates: &[f64],
    ) -> Result<Self, Error> {
        Self::until(trace, theta, rewards, rates, Interrupt::never())
    }

    /// As [`Self::new`], but every method stops with [`Error::Interrupted`] when asked to.
    pub fn until(
        trace: &'a Trace,
        theta: &[f64],
        rewards: &[Option<&[f64]>],
        rates: &[f64],
        interrupt: Interrupt<'a>,
    ) -> Result<Self, Error> {
        let weights = trace.graph().weights(theta)?;
        if rates.len() != rewards.len() {
            let (expected, given) = (rewards.len(), rates.len());
            return Err(Error::Length { name: "rate", expected, given });
        }
        let mut checked = Vec::with_capacity(rewards.len());
        for (index, (each, &rate)) in rewards.iter().zip(rates).enumerate() {
            let bad = |must| Err(Error::BadValue { name: "rate", index, value: rate, must });
            if !(0.0..f64::INFINITY).contains(&rate) {
                return bad("finite and not negative");
            }
            each.map_or(Ok(()), not_negative)?;
            let at_positions = rewards_at_positions(trace, *each)?;
            if at_positions.iter().any(|reward| (rate * reward).is_infinite()) {
                return bad("so small that its product with every reward is finite");
            }
            checked.push(at_positions);
        }
        Ok(Self { interrupt, trace, weights, rewards: checked, rates: rates.to_vec() })
    }

    /// Probability of each vector of counts. `counts`: `(k, types)` row by row; gives `(k,)`.
    ///
    /// Cost: one elimination, and one solve for each vector of counts that is nowhere above some
    /// given one.
    pub fn pmf(&self, counts: &[f64]) -> Result<Vec<f64>, Error> {
        self.probabilities(&self.rows(counts)?, |_, value, _| value)
    }

    /// Natural logarithm of [`Self::pmf`], −∞ where it is zero.
    pub fn ln_pmf(&self, counts: &[f64]) -> Result<Vec<f64>, Error> {
        self.probabilities(&self.rows(counts)?, |_, _, ln| ln)
    }

    /// Probability of every vector of counts up to `largest`, `(types,)`: `Π (largest[t] + 1)`
    /// numbers, the count of the last type changing fastest.
    pub fn table(&self, largest: &[f64]) -> Result<Vec<f64>, Error> {
        let corner = self.rows(largest)?;
        let (lattice, rates) = (self.lattice(&corner)?, self.rates_at_positions());
        let all: Vec<usize> = (0..lattice.len()).collect();
        self.cells(&lattice, &rates, Rest::None, &all, |value, _| value)
    }

    /// For each type of mark, the probabilities of 0 to `largest` of them, `(types, largest + 1)`.
    pub fn marginals(&self, largest: f64) -> Result<Vec<f64>, Error> {
        let corner = whole(&[largest])?;
        let lattice = self.lattice(&[corner])?;
        let all: Vec<usize> = (0..lattice.len()).collect();
        let mut table = Vec::with_capacity(self.rates.len() * all.len());
        for rates in self.rates_at_positions() {
            table.extend(self.cells(&lattice, &[rates], Rest::None, &all, |value, _| value)?);
        }
        Ok(table)
    }

    /// Probability of at most each count, of all types of mark together. `counts`: `(k,)`.
    pub fn cdf(&self, counts: &[f64]) -> Result<Vec<f64>, Error> {
        let counts = whole(counts)?;
        let Some(&largest) = counts.iter().max() else { return Ok(Vec::new()) };
        let lattice = self.lattice(&[vec![largest]])?;
        let all: Vec<usize> = (0..lattice.len()).collect();
        let mut sums = self.cells(&lattice, &[self.total()], Rest::None, &all, |value, _| value)?;
        for k in 1..sums.len() {
            sums[k] += sums[k - 1];
        }
        Ok(counts.iter().map(|&count| sums[count as usize].min(1.0)).collect())
    }

    /// Probability of more than each count, of all types of mark together, with full relative
    /// accuracy in the tail. `counts`: `(k,)`.
    pub fn sf(&self, counts: &[f64]) -> Result<Vec<f64>, Error> {
        let counts = whole(counts)?;
        let Some(&largest) = counts.iter().max() else { return Ok(Vec::new()) };
        let lattice = self.lattice(&[vec![largest + 1]])?;
        let wanted: Vec<usize> = counts.iter().map(|&count| count as usize + 1).collect();
        self.cells(&lattice, &[self.total()], Rest::Any, &wanted, |value, _| value)
    }

    /// `Σ weights · ln P(counts)`. `counts`: `(k, types)` row by row; `weights`: `(k,)`, ≥ 0.
    pub fn log_likelihood(&self, counts: &[f64], weights: &[f64]) -> Result<f64, Error> {
        let (rows, weights) = self.observed(counts, weights)?;
        let terms = self.probabilities(&rows, |row, _, ln| weights[row] * ln)?;
        // An empty sum of doubles is −0 in Rust.
        Ok(terms.iter().fold(0.0, |sum, term| sum + term))
    }

    /// Counts as rows with one entry for each type.
    fn rows(&self, counts: &[f64]) -> Result<Vec<Vec<u32>>, Error> {
        let (whole, types) = (whole(counts)?, self.rates.len());
        if types == 0 || whole.len() % types != 0 {
            let expected = types.max(1) * whole.len().div_ceil(types.max(1)).max(1);
            return Err(Error::Length { name: "counts", expected, given: whole.len() });
        }
        Ok(whole.chunks_exact(types).map(<[u32]>::to_vec).collect())
    }

    /// Rows and weights of the observations that have a weight.
    fn observed(
        &self,
        counts: &[f64],
        weights: &[f64],
    ) -> Result<(Vec<Vec<u32>>, Vec<f64>), Error> {
        let rows = self.rows(counts)?;
        super::likelihood::check_weights(rows.len(), weights)?;
        Ok(rows.into_iter().zip(weights.iter().copied()).filter(|pair| pair.1 > 0.0).unzip())
    }

    fn lattice(&self, corners: &[Vec<u32>]) -> Result<Lattice, Error> {
        Lattice::down_from(corners, MOST_DOUBLES / (VECTORS * (self.trace.n_transient() + 8)))
    }

    fn rates_at_positions(&self) -> Vec<Vec<f64>> {
        let product = |(rewards, rate): (&Vec<f64>, &f64)| {
            rewards.iter().map(|reward| rate * reward).collect()
        };
        self.rewards.iter().zip(&self.rates).map(product).collect()
    }

    /// Rate of marks of any type, per position.
    fn total(&self) -> Vec<f64> {
        let mut total = vec![0.0; self.trace.n_transient()];
        for each in self.rates_at_positions() {
            total.iter_mut().zip(each).for_each(|(sum, rate)| *sum += rate);
        }
        total
    }

    /// `read(row, probability, its logarithm)` of each row of counts.
    fn probabilities(
        &self,
        rows: &[Vec<u32>],
        read: impl Fn(usize, f64, f64) -> f64,
    ) -> Result<Vec<f64>, Error> {
        let lattice = self.lattice(rows)?;
        let wanted: Vec<usize> = rows.iter().map(|row| lattice.place(row)).collect();
        let rates = self.rates_at_positions();
        let pairs = self.cells(&lattice, &rates, Rest::None, &wanted, |value, ln| (value, ln))?;
        Ok(pairs.iter().enumerate().map(|(row, &(value, ln))| read(row, value, ln)).collect())
    }

    /// Probabilities of the wanted cells, in doubles where none of them is too small for that.
    fn cells<R>(
        &self,
        lattice: &Lattice,
        rates: &[Vec<f64>],
        rest: Rest,
        wanted: &[usize],
        read: impl Fn(f64, f64) -> R,
    ) -> Result<Vec<R>, Error> {
        let quick = self.solved::<f64>(lattice, rates, rest)?;
        check_absorbed(self.trace, quick.factor(), &self.weights)?;
        let quick = self.started(&quick, rest, wanted);
        if quick.iter().all(|&probability| probability > SAFE) {
            return Ok(quick.into_iter().map(|p| read(p.value(), p.ln())).collect());
        }
        let far = self.solved::<Extended>(lattice, rates, rest)?;
        let far = self.started(&far, rest, wanted);
        Ok(far.into_iter().map(|p| read(p.value(), p.ln())).collect())
    }

    fn solved<'c, T: Scalar>(
        &'c self,
        lattice: &'c Lattice,
        rates: &[Vec<f64>],
        rest: Rest,
    ) -> Result<Cells<'c, T>, Error> {
        Cells::new(self.trace, &self.weights.rows, rates, lattice, rest, &self.interrupt)
    }

    /// `α · x` of each wanted cell, and the atom of a chain that starts absorbed.
    fn started<T: Scalar>(&self, cells: &Cells<T>, rest: Rest, wanted: &[usize]) -> Vec<T> {
        let initial = self.trace.initial(&cells.factor().weights);
        let probability = |&cell: &usize| {
            let absorbed = if cell == 0 && rest == Rest::None { self.weights.defect } else { 0.0 };
            let mut sum = T::constant(absorbed);
            for (&start, &value) in initial.iter().zip(cells.values(cell)) {
                sum.add_product(start, value);
            }
            sum
        };
        wanted.iter().map(probability).collect()
    }
}

/// Counts as whole numbers of 32 bits.
fn whole(counts: &[f64]) -> Result<Vec<u32>, Error> {
    Ok(whole_counts(counts)?.into_iter().map(|count| count as u32).collect())
}
