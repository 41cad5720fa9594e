//! The recursion over counts of marks, forward and back.

use super::lattice::Lattice;
use crate::eliminate::ABSORBED;
use crate::solve::{Adjoint, Factor, Scalar, Solution};
use crate::{Error, Interrupt, Trace};

/// How a chain that collects no further mark counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// By the probability of being absorbed without one: cells are probabilities of exact counts.
    None,
    /// Wholly, whatever follows: cells are probabilities of at least so many, for one type of mark.
    Any,
}

/// `x[k][i]`: probability that a chain in state i collects the counts of cell k until absorption.
///
/// The first thing to happen in state i is a mark of some type, a move or absorption, so that
/// `(M + diag Σ rates) x[k] = [k = 0] · absorption + Σ over types t of rates[t] ∘ x[k − eₜ]`: one
/// factorization, one solve for each cell, and non-negative terms only.
#[derive(Debug)]
pub(super) struct Cells<'c, T> {
    trace: &'c Trace,
    lattice: &'c Lattice,
    /// Of each type of mark, per position.
    rates: Vec<Vec<T>>,
    rest: Rest,
    factor: Factor<'c, T>,
    solutions: Vec<Solution<T>>,
}

/// Derivatives of a combination of cells.
pub(super) struct Derivatives<T> {
    /// In the weight of each edge, those out of the starting vertex left out.
    pub edges: Vec<T>,
    /// Of each type of mark, in its rate at each position.
    pub rates: Vec<Vec<T>>,
}

impl<'c, T: Scalar> Cells<'c, T> {
    /// `weights`: per row of weights; `rates`: of each type of mark, per position.
    pub fn new(
        trace: &'c Trace,
        weights: &[f64],
        rates: &[Vec<f64>],
        lattice: &'c Lattice,
        rest: Rest,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let constants = |values: &[f64]| values.iter().map(|&value| T::constant(value)).collect();
        let rates: Vec<Vec<T>> = rates.iter().map(|each| constants(each)).collect();
        let mut killing = vec![T::ZERO; trace.n_transient()];
        for each in &rates {
            for (sum, &rate) in killing.iter_mut().zip(each) {
                *sum += rate;
            }
        }
        let factor = Factor::new(trace, constants(weights), &killing);
        let solutions = Vec::with_capacity(lattice.len());
        let mut cells = Self { trace, lattice, rates, rest, factor, solutions };
        let work = trace.n_entries() + trace.graph().n_edges() + 4 * trace.n_transient();
        for cell in 0..lattice.len() {
            interrupt.after(work)?;
            let solution = cells.solved(cell);
            cells.solutions.push(solution);
        }
        Ok(cells)
    }

    pub fn factor(&self) -> &Factor<'c, T> {
        &self.factor
    }

    /// Per position.
    pub fn values(&self, cell: usize) -> &[T] {
        &self.solutions[cell].values
    }

    fn solved(&self, cell: usize) -> Solution<T> {
        let n = self.trace.n_transient();
        if cell == 0 && self.rest == Rest::Any {
            return Solution { forward: vec![T::ZERO; n], values: vec![T::constant(1.0); n] };
        }
        let mut source = match cell {
            0 => self.trace.absorption(&self.factor.weights),
            _ => vec![T::ZERO; n],
        };
        for &(mark, smaller) in self.lattice.before(cell) {
            let following = self.rates[mark].iter().zip(self.values(smaller));
            for (sum, (&rate, &value)) in source.iter_mut().zip(following) {
                sum.add_product(rate, value);
            }
        }
        self.factor.solve(source)
    }

    /// Back from `Σ seeds[k] · (α · x[k])`. `initial`: per position.
    pub fn back(&self, seeds: &[T], initial: &[T]) -> Derivatives<T> {
        let n = initial.len();
        let mut adjoint = Adjoint::new(&self.factor);
        let mut shares = vec![Vec::new(); self.lattice.len()];
        let mut rates = vec![vec![T::ZERO; n]; self.rates.len()];
        let mut absorbed = vec![T::ZERO; n];
        for cell in (0..self.lattice.len()).rev() {
            let mut share = std::mem::take(&mut shares[cell]);
            share.resize(n, T::ZERO);
            for (sum, &probability) in share.iter_mut().zip(initial) {
                sum.add_product(seeds[cell], probability);
            }
            if cell == 0 && self.rest == Rest::Any {
                break;
            }
            let source = adjoint.solve(&self.solutions[cell], share);
            for &(mark, smaller) in self.lattice.before(cell) {
                let following = &mut shares[smaller];
                following.resize(n, T::ZERO);
                for position in 0..n {
                    let value = self.solutions[smaller].values[position];
                    rates[mark][position].add_product(source[position], value);
                    following[position].add_product(source[position], self.rates[mark][position]);
                }
            }
            if cell == 0 {
                absorbed.copy_from_slice(source);
            }
        }
        let (mut edges, killing) = adjoint.finish();
        for each in &mut rates {
            for (sum, &share) in each.iter_mut().zip(&killing) {
                *sum += share;
            }
        }
        let outer = &self.trace.layout().outer;
        for (position, &share) in absorbed.iter().enumerate() {
            for (edge, _) in outer.of(position).filter(|&(_, target)| target == ABSORBED) {
                edges[edge] += share;
            }
        }
        Derivatives { edges, rates }
    }
}
