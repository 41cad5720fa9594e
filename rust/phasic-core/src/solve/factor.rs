//! Subtraction-free elimination (Grassmann, Taksar & Heyman 1985) over a recorded pattern.
//!
//! With M = diag(exit rates) − (rates between transient states), pivot k is
//! `d[k] = e[k] + Σ a[k, j]` over its later columns j, where `e` is the rate out of the block;
//! row i takes `a[i, j] += l · a[k, j]` and `e[i] += l · e[k]` with `l = a[i, k] / d[k]`. Sums,
//! products and quotients of non-negative numbers only: every result has entrywise relative
//! accuracy (`O'Cinneide` 1993).

use crate::Trace;
use crate::eliminate::ABSORBED;

/// The factors of M for one vector of edge weights, with extra killing.
#[derive(Debug)]
pub(crate) struct Factor<'a> {
    pub trace: &'a Trace,
    /// Weight per edge, `(n_edges,)`.
    pub weights: Vec<f64>,
    /// Multipliers and later rates, laid out as the schedule's columns.
    pub entries: Vec<f64>,
    /// Per position: rate out of the block as it stands when the position is the pivot.
    pub exits: Vec<f64>,
    /// Per position: the pivot.
    pub pivots: Vec<f64>,
}

/// A solution of M x = b and the intermediate y of its forward sweep, per position.
#[derive(Clone, Debug)]
pub(crate) struct Solution {
    pub forward: Vec<f64>,
    pub values: Vec<f64>,
}

impl<'a> Factor<'a> {
    /// Factors M + diag(killing). `weights`: per edge; `killing`: per position, or empty.
    pub fn new(trace: &'a Trace, weights: Vec<f64>, killing: &[f64]) -> Self {
        let n = trace.n_transient();
        let mut factor = Self {
            trace,
            weights,
            entries: vec![0.0; trace.n_entries()],
            exits: vec![0.0; n],
            pivots: vec![0.0; n],
        };
        let mut work = vec![0.0; trace.layout().largest_block];
        for block in trace.schedule().blocks.windows(2) {
            for position in block[0] as usize..block[1] as usize {
                let killed = killing.get(position).copied().unwrap_or(0.0);
                factor.eliminate_row(position, block[0], killed, &mut work);
            }
        }
        factor
    }

    fn eliminate_row(&mut self, row: usize, first: u32, killed: f64, work: &mut [f64]) {
        let (schedule, layout) = (self.trace.schedule(), self.trace.layout());
        let local = |column: u32| (column - first) as usize;
        let (start, split) = (schedule.rows[row] as usize, schedule.splits[row] as usize);
        let end = schedule.rows[row + 1] as usize;
        for &column in &schedule.columns[start..end] {
            work[local(column)] = 0.0;
        }
        for (edge, target) in layout.inner.of(row) {
            work[local(target)] += self.weights[edge];
        }
        let outside: f64 = layout.outer.of(row).map(|(edge, _)| self.weights[edge]).sum();
        let mut exit = killed + outside;
        for (entry, &column) in (start..split).zip(&schedule.columns[start..split]) {
            let pivot = column as usize;
            let multiplier = ratio(work[local(column)], self.pivots[pivot]);
            self.entries[entry] = multiplier;
            let later = schedule.splits[pivot] as usize..schedule.rows[pivot + 1] as usize;
            for (rate, &target) in self.entries[later.clone()].iter().zip(&schedule.columns[later])
            {
                work[local(target)] += multiplier * rate;
            }
            exit += multiplier * self.exits[pivot];
        }
        self.exits[row] = exit;
        let mut pivot = exit;
        for (entry, &column) in (split..end).zip(&schedule.columns[split..end]) {
            self.entries[entry] = work[local(column)];
            pivot += work[local(column)];
        }
        self.pivots[row] = pivot;
    }

    /// Positions whose pivot is zero: closed classes, from which the chain is never absorbed.
    pub fn dead(&self) -> impl Iterator<Item = usize> {
        (0..self.pivots.len()).filter(|&position| self.pivots[position] == 0.0)
    }

    /// Solves M x = b + (rates out of each block) · x: `x[i]` is the expected sum of `b` over the
    /// states visited from i, each in units of rate.
    pub fn solve(&self, b: &[f64]) -> Solution {
        let schedule = self.trace.schedule();
        let mut solution = Solution { forward: b.to_vec(), values: vec![0.0; b.len()] };
        for block in schedule.blocks.windows(2).rev() {
            let (first, end) = (block[0] as usize, block[1] as usize);
            for row in first..end {
                solution.forward[row] += self.inflow(row, &solution.values);
                for (multiplier, pivot) in self.earlier(row) {
                    solution.forward[row] += multiplier * solution.forward[pivot];
                }
            }
            for row in (first..end).rev() {
                let mut sum = solution.forward[row];
                for (rate, column) in self.later(row) {
                    sum += rate * solution.values[column];
                }
                solution.values[row] = ratio(sum, self.pivots[row]);
            }
        }
        solution
    }

    /// Solves z M = c: `z[i]` is the expected time in state i of a chain that starts with weights c.
    pub fn solve_rows(&self, c: &[f64]) -> Vec<f64> {
        let (schedule, layout) = (self.trace.schedule(), self.trace.layout());
        let mut z = c.to_vec();
        for block in schedule.blocks.windows(2) {
            let (first, end) = (block[0] as usize, block[1] as usize);
            for row in first..end {
                z[row] = ratio(z[row], self.pivots[row]);
                let flow = z[row];
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
                for (edge, target) in layout.outer.of(row).filter(|&(_, t)| t != ABSORBED) {
                    z[target as usize] += time * self.weights[edge];
                }
            }
        }
        z
    }

    /// Σ over edges out of the block of weight · value of the target.
    fn inflow(&self, row: usize, values: &[f64]) -> f64 {
        let outer = self.trace.layout().outer.of(row).filter(|&(_, target)| target != ABSORBED);
        outer.map(|(edge, target)| self.weights[edge] * values[target as usize]).sum()
    }

    /// Multipliers of a row with the pivots they belong to.
    pub fn earlier(&self, row: usize) -> impl DoubleEndedIterator<Item = (f64, usize)> {
        let schedule = self.trace.schedule();
        self.part(schedule.rows[row], schedule.splits[row])
    }

    /// Rates of a row to later positions of its block.
    pub fn later(&self, row: usize) -> impl DoubleEndedIterator<Item = (f64, usize)> {
        let schedule = self.trace.schedule();
        self.part(schedule.splits[row], schedule.rows[row + 1])
    }

    fn part(&self, start: u32, end: u32) -> impl DoubleEndedIterator<Item = (f64, usize)> {
        let range = start as usize..end as usize;
        let columns = &self.trace.schedule().columns[range.clone()];
        self.entries[range].iter().copied().zip(columns.iter().map(|&column| column as usize))
    }
}

/// `a / b`, and 0 where both are zero: nothing flows through a state that is never left or entered.
fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

impl Trace {
    /// Probability of starting in each position.
    pub(crate) fn initial(&self, weights: &[f64]) -> Vec<f64> {
        let mut initial = vec![0.0; self.n_transient()];
        for &(edge, target) in self.layout().start.iter().filter(|&&(_, t)| t != ABSORBED) {
            initial[target as usize] = weights[edge as usize];
        }
        initial
    }

    /// Rate of absorption from each position.
    pub(crate) fn absorption(&self, weights: &[f64]) -> Vec<f64> {
        let outer = &self.layout().outer;
        let absorbed = |position| outer.of(position).filter(|&(_, target)| target == ABSORBED);
        (0..self.n_transient())
            .map(|position| absorbed(position).map(|(edge, _)| weights[edge]).sum())
            .collect()
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
