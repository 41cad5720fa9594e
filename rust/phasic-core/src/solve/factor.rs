//! Subtraction-free elimination (Grassmann, Taksar & Heyman 1985) over a recorded pattern.
//!
//! With M = diag(exit rates) − (rates between transient states), pivot k is
//! `d[k] = e[k] + Σ a[k, j]` over its later columns j, where `e` is the rate out of the block;
//! row i takes `a[i, j] += l · a[k, j]` and `e[i] += l · e[k]` with `l = a[i, k] / d[k]`. Sums,
//! products and quotients of non-negative numbers only: every result has entrywise relative
//! accuracy (O'Cinneide 1993).

use rayon::prelude::*;

use super::Scalar;
use super::panel::{Matrix, Part};
use crate::Trace;
use crate::eliminate::ABSORBED;

/// The factors of M for one θ, or one batch of θ, with extra killing.
#[derive(Debug)]
pub(crate) struct Factor<'a, T> {
    pub trace: &'a Trace,
    /// Value of each distinct row of weights.
    pub weights: Vec<T>,
    /// Per position, or empty: whether its edges are taken out of M.
    held: Vec<bool>,
    /// Multipliers and later rates, laid out as the schedule's columns.
    pub entries: Vec<T>,
    /// Per position: rate out of the block as it stands when the position is the pivot.
    pub exits: Vec<T>,
    /// Per position: the pivot.
    pub pivots: Vec<T>,
}

/// A solution of M x = b and the intermediate y of its forward sweep, per position.
#[derive(Clone, Debug)]
pub(crate) struct Solution<T> {
    pub forward: Vec<T>,
    pub values: Vec<T>,
}

impl<'a, T: Scalar> Factor<'a, T> {
    /// Factors M + diag(killing). `weights`: per row of weights; `killing`: per position, or empty.
    pub fn new(trace: &'a Trace, weights: Vec<T>, killing: &[T]) -> Self {
        Self::with(trace, weights, killing, Vec::new(), 1)
    }

    /// As [`Self::new`], with the edges out of the positions that are `held` taken out of M.
    pub fn holding(trace: &'a Trace, weights: Vec<T>, killing: &[T], held: Vec<bool>) -> Self {
        Self::with(trace, weights, killing, held, 1)
    }

    /// As [`Self::new`], with the blocks spread over the threads of Rayon's pool: the same bits.
    pub fn over_threads(trace: &'a Trace, weights: Vec<T>, killing: &[T]) -> Self {
        Self::with(trace, weights, killing, Vec::new(), rayon::current_num_threads())
    }

    fn with(
        trace: &'a Trace,
        weights: Vec<T>,
        killing: &[T],
        held: Vec<bool>,
        threads: usize,
    ) -> Self {
        let n = trace.n_transient();
        let zeros = |length| vec![T::ZERO; length];
        let (mut entries, mut exits, mut pivots) = (zeros(trace.n_entries()), zeros(n), zeros(n));
        let matrix = Matrix { trace, weights: &weights, killing, held: &held };
        let whole = Part::whole(matrix, &mut entries, &mut exits, &mut pivots);
        if threads == 1 {
            whole.run();
        } else {
            whole.pieces(threads).into_par_iter().for_each(Part::run);
        }
        Self { trace, weights, held, entries, exits, pivots }
    }

    /// Whether the edges out of a position are taken out of M.
    pub fn holds(&self, position: usize) -> bool {
        self.held.get(position).copied().unwrap_or(false)
    }

    /// Positions whose pivot is zero: closed classes, from which the chain is never absorbed.
    pub fn dead(&self) -> impl Iterator<Item = usize> {
        (0..self.pivots.len()).filter(|&position| self.pivots[position].any_zero())
    }

    /// Solves M x = b: `x[i]` is the expected sum of `b` over the states visited from i, each in
    /// units of rate.
    pub fn solve(&self, b: Vec<T>) -> Solution<T> {
        let schedule = self.trace.schedule();
        let mut solution = Solution { values: vec![T::ZERO; b.len()], forward: b };
        for block in schedule.blocks.windows(2).rev() {
            let (first, end) = (block[0] as usize, block[1] as usize);
            for row in first..end {
                let mut sum = solution.forward[row];
                for (weight, target) in self.outflow(row) {
                    sum += weight * solution.values[target];
                }
                for (multiplier, pivot) in self.earlier(row) {
                    sum += multiplier * solution.forward[pivot];
                }
                solution.forward[row] = sum;
            }
            for row in (first..end).rev() {
                let mut sum = solution.forward[row];
                for (rate, column) in self.later(row) {
                    sum += rate * solution.values[column];
                }
                solution.values[row] = sum.ratio(self.pivots[row]);
            }
        }
        solution
    }

    /// Solves z M = c: `z[i]` is the expected time in state i of a chain that starts with weights c.
    pub fn solve_rows(&self, mut z: Vec<T>) -> Vec<T> {
        for block in self.trace.schedule().blocks.windows(2) {
            let (first, end) = (block[0] as usize, block[1] as usize);
            for row in first..end {
                let flow = z[row].ratio(self.pivots[row]);
                z[row] = flow;
                for (rate, column) in self.later(row) {
                    z[column] += flow * rate;
                }
            }
            for row in (first..end).rev() {
                let time = z[row];
                for (multiplier, pivot) in self.earlier(row) {
                    z[pivot] += time * multiplier;
                }
            }
            for row in first..end {
                let time = z[row];
                for (weight, target) in self.outflow(row) {
                    z[target] += time * weight;
                }
            }
        }
        z
    }

    /// Weights of the edges from a position to later blocks, with the positions of their targets.
    pub fn outflow(&self, row: usize) -> impl Iterator<Item = (T, usize)> {
        let edges = self.trace.layout().outer.weighted(row);
        let kept = edges.filter(move |&(_, target)| target != ABSORBED && !self.holds(row));
        kept.map(|(weight, target)| (self.weights[weight], target as usize))
    }

    /// Multipliers of a row with the pivots they belong to.
    pub fn earlier(&self, row: usize) -> impl DoubleEndedIterator<Item = (T, usize)> {
        let schedule = self.trace.schedule();
        self.part(schedule.rows[row], schedule.splits[row])
    }

    /// Rates of a row to later positions of its block.
    pub fn later(&self, row: usize) -> impl DoubleEndedIterator<Item = (T, usize)> {
        let schedule = self.trace.schedule();
        self.part(schedule.splits[row], schedule.rows[row + 1])
    }

    fn part(&self, start: u32, end: u32) -> impl DoubleEndedIterator<Item = (T, usize)> {
        let range = start as usize..end as usize;
        let columns = &self.trace.schedule().columns[range.clone()];
        self.entries[range].iter().copied().zip(columns.iter().map(|&column| column as usize))
    }
}

impl Trace {
    /// Probability of starting in each position. `weights`: per row of weights.
    pub(crate) fn initial<T: Scalar>(&self, weights: &[T]) -> Vec<T> {
        let mut initial = vec![T::ZERO; self.n_transient()];
        for &(edge, target) in self.layout().start.iter().filter(|&&(_, t)| t != ABSORBED) {
            initial[target as usize] = weights[self.graph().rows[edge as usize] as usize];
        }
        initial
    }

    /// Rate of absorption from each position, into the vertices that `counts` names.
    pub(crate) fn absorption_into<T: Scalar>(
        &self,
        weights: &[T],
        counts: impl Fn(usize) -> bool,
    ) -> Vec<T> {
        let (graph, outer) = (self.graph(), &self.layout().outer);
        let rate = |position| {
            let mut sum = T::ZERO;
            for (edge, _) in outer.of(position).filter(|&(_, target)| target == ABSORBED) {
                if counts(graph.target(edge)) {
                    sum += weights[graph.rows[edge] as usize];
                }
            }
            sum
        };
        (0..self.n_transient()).map(rate).collect()
    }

    /// Rate of absorption from each position.
    pub(crate) fn absorption<T: Scalar>(&self, weights: &[T]) -> Vec<T> {
        self.absorption_into(weights, |_| true)
    }

    /// The derivative of the probability of starting absorbed, which is what the others leave of 1, in
    /// each parameter.
    pub(crate) fn defect_slopes(&self) -> Vec<f64> {
        let mut edges = vec![0.0; self.graph().n_edges()];
        let start = self.layout().start.iter().filter(|&&(_, target)| target != ABSORBED);
        start.for_each(|&(edge, _)| edges[edge as usize] = -1.0);
        self.graph().pull_back(&edges)
    }

    /// Values per vertex as values per position.
    pub(crate) fn at_positions(&self, per_vertex: &[f64]) -> Vec<f64> {
        self.schedule().pivots.iter().map(|&vertex| per_vertex[vertex as usize]).collect()
    }

    /// Values per position as values per vertex, zero at the starting and absorbing vertices.
    pub(crate) fn at_vertices(&self, per_position: &[f64]) -> Vec<f64> {
        let mut values = vec![0.0; self.n_vertices()];
        for (&vertex, &value) in self.schedule().pivots.iter().zip(per_position) {
            values[vertex as usize] = value;
        }
        values
    }
}
