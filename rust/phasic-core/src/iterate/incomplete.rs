//! Elimination of one block without subtraction, complete or with small fill left out.
//!
//! Each step of the elimination is again a Markov chain. Leaving out a fill entry deletes that
//! transition: the exit rates are kept, so the approximate factor agrees with M on the constant
//! vector, which is what matters when absorption is rare (the modified incomplete factorization
//! of Gustafsson 1978, *BIT* 18:142, in the form of Grassmann, Taksar & Heyman 1985).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::chain::{Chain, Way};
use crate::{Error, Interrupt};

/// Factors of the block whose positions start at `first`; columns are local.
pub(super) struct BlockFactor {
    rows: Vec<usize>,
    splits: Vec<usize>,
    columns: Vec<u32>,
    entries: Vec<f64>,
    pivots: Vec<f64>,
}

impl BlockFactor {
    /// Leaves out fill below `drop` times the total rate of its row; 0 gives the exact factor.
    ///
    /// Gives nothing if there would be more than `most` entries. Errors: [`Error::Interrupted`].
    pub fn new(
        chain: &Chain,
        block: usize,
        drop: f64,
        most: usize,
        interrupt: &Interrupt,
    ) -> Result<Option<Self>, Error> {
        let (first, end) = (chain.blocks[block] as usize, chain.blocks[block + 1] as usize);
        let mut builder = Builder::new(end - first);
        for row in 0..end - first {
            let work = builder.eliminate(chain, first, row, drop);
            interrupt.after(work)?;
            if builder.factor.entries.len() > most {
                return Ok(None);
            }
        }
        Ok(Some(builder.factor))
    }

    /// Entries beside the diagonal.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Solves in place.
    pub fn solve(&self, way: Way, b: &mut [f64]) {
        match way {
            Way::Values => self.solve_values(b),
            Way::Times => self.solve_times(b),
        }
    }

    fn solve_values(&self, b: &mut [f64]) {
        for row in 0..self.pivots.len() {
            let mut sum = b[row];
            for entry in self.rows[row]..self.splits[row] {
                sum += self.entries[entry] * b[self.columns[entry] as usize];
            }
            b[row] = sum;
        }
        for row in (0..self.pivots.len()).rev() {
            let mut sum = b[row];
            for entry in self.splits[row]..self.rows[row + 1] {
                sum += self.entries[entry] * b[self.columns[entry] as usize];
            }
            b[row] = sum / self.pivots[row];
        }
    }

    fn solve_times(&self, c: &mut [f64]) {
        for row in 0..self.pivots.len() {
            c[row] /= self.pivots[row];
            let flow = c[row];
            for entry in self.splits[row]..self.rows[row + 1] {
                c[self.columns[entry] as usize] += flow * self.entries[entry];
            }
        }
        for row in (0..self.pivots.len()).rev() {
            let time = c[row];
            for entry in self.rows[row]..self.splits[row] {
                c[self.columns[entry] as usize] += time * self.entries[entry];
            }
        }
    }
}

struct Builder {
    factor: BlockFactor,
    exits: Vec<f64>,
    values: Vec<f64>,
    /// Twice the row in which a column was last met, plus one if as an edge of the graph.
    marks: Vec<u32>,
    earlier: BinaryHeap<Reverse<u32>>,
    later: Vec<u32>,
}

impl Builder {
    fn new(n: usize) -> Self {
        let factor = BlockFactor {
            rows: vec![0],
            splits: Vec::with_capacity(n),
            columns: Vec::new(),
            entries: Vec::new(),
            pivots: Vec::with_capacity(n),
        };
        Self {
            factor,
            exits: Vec::with_capacity(n),
            values: vec![0.0; n],
            marks: vec![u32::MAX; n],
            earlier: BinaryHeap::new(),
            later: Vec::new(),
        }
    }

    fn add(&mut self, row: usize, column: u32, rate: f64, edge: bool) {
        let at = column as usize;
        if self.marks[at] == u32::MAX || self.marks[at] / 2 != row as u32 {
            self.marks[at] = 2 * row as u32 + u32::from(edge);
            self.values[at] = rate;
            if at < row {
                self.earlier.push(Reverse(column));
            } else {
                self.later.push(column);
            }
        } else {
            self.values[at] += rate;
        }
    }

    /// Returns about the work done.
    fn eliminate(&mut self, chain: &Chain, first: usize, row: usize, drop: f64) -> usize {
        let threshold = drop * chain.total(first + row);
        let mut exit = chain.exit(first + row);
        let mut work = 100;
        self.later.clear();
        for (other, rate) in chain.inner(Way::Values, first + row) {
            self.add(row, (other - first) as u32, rate, true);
        }
        let mut dropped = 0.0;
        let kept = |marks: &[u32], values: &[f64], column: usize| {
            marks[column] % 2 == 1 || values[column] >= threshold
        };
        while let Some(Reverse(column)) = self.earlier.pop() {
            let pivot = column as usize;
            if !kept(&self.marks, &self.values, pivot) {
                dropped += self.values[pivot];
                continue;
            }
            let multiplier = self.values[pivot] / self.factor.pivots[pivot];
            self.factor.columns.push(column);
            self.factor.entries.push(multiplier);
            exit += multiplier * self.exits[pivot];
            let (start, end) = (self.factor.splits[pivot], self.factor.rows[pivot + 1]);
            work += 4 * (end - start) + 20;
            for entry in start..end {
                let target = self.factor.columns[entry];
                if target as usize != row {
                    let rate = multiplier * self.factor.entries[entry];
                    self.add(row, target, rate, false);
                }
            }
        }
        self.factor.splits.push(self.factor.columns.len());
        self.later.sort_unstable();
        let mut pivot = exit;
        for &column in &self.later {
            let rate = self.values[column as usize];
            if kept(&self.marks, &self.values, column as usize) {
                self.factor.columns.push(column);
                self.factor.entries.push(rate);
                pivot += rate;
            } else {
                dropped += rate;
            }
        }
        if pivot == 0.0 {
            pivot = if dropped > 0.0 { dropped } else { chain.total(first + row) };
        }
        self.exits.push(exit);
        self.factor.pivots.push(pivot);
        self.factor.rows.push(self.factor.columns.len());
        work + 10 * self.later.len()
    }
}
