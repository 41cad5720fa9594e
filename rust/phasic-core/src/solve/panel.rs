//! Rows of one supernode eliminated side by side, by several pivots at once.
//!
//! Positions of a supernode follow each other and have one pattern, up to the triangle among
//! themselves (Liu, Ng & Peyton 1993, *SIAM J. Matrix Anal.* 14:242). R rows take over the rates of
//! K pivots with one look at each column: R · K multiply-adds for an index, K loads of rates and
//! one sum. Every entry adds its terms in the order of the pivots, so that the panel's shape does
//! not change a bit of the result.

use std::array;
use std::ops::Range;

use super::{Factor, Scalar};
use crate::Trace;

/// Rows of a panel; fewer than `WORTH` are eliminated one by one.
pub(super) const PANEL: usize = 4;
const WORTH: usize = 3;
/// Pivots that a panel takes over at once.
pub(super) const DEPTH: usize = 4;

/// How many rows from `row` on make a panel.
pub(super) fn panel_rows<T: Scalar>(trace: &Trace, row: usize) -> usize {
    match trace.layout().following(row, PANEL) {
        rows if rows >= WORTH && !T::WIDE => rows,
        _ => 1,
    }
}

/// How many rows up to `row` make a panel.
pub(super) fn panel_before<T: Scalar>(trace: &Trace, row: usize) -> usize {
    match trace.layout().leading(row, PANEL) {
        rows if rows >= WORTH && !T::WIDE => rows,
        _ => 1,
    }
}

impl<T: Scalar> Factor<'_, T> {
    /// Eliminates up to R `rows` of one supernode, in a block that starts at `first`.
    pub(super) fn eliminate<const R: usize>(
        &mut self,
        rows: Range<usize>,
        first: usize,
        killing: &[T],
        work: &mut [[T; R]],
    ) {
        let (schedule, layout) = (self.trace.schedule(), self.trace.layout());
        let mut exits = self.open(rows.clone(), first, killing, work);
        // Of each row, the first entry that is still to be eliminated.
        let mut next = [0; R];
        for (entry, row) in next.iter_mut().zip(rows.clone()) {
            *entry = schedule.rows[row] as usize;
        }
        loop {
            let heads = next.iter().zip(rows.clone()).map(|(&entry, row)| {
                if entry < schedule.splits[row] as usize {
                    schedule.columns[entry] as usize
                } else {
                    rows.start
                }
            });
            let pivot = heads.min().unwrap_or(rows.start);
            if pivot >= rows.start {
                break;
            }
            let step = Step { rows: rows.clone(), first, pivot };
            match layout.following(pivot, DEPTH.min(rows.start - pivot)) {
                1 => step.take::<T, R, 1>(self, &mut next, &mut exits, work),
                2 => step.take::<T, R, 2>(self, &mut next, &mut exits, work),
                _ if T::WIDE => step.take::<T, R, 2>(self, &mut next, &mut exits, work),
                3 => step.take::<T, R, 3>(self, &mut next, &mut exits, work),
                _ => step.take::<T, R, DEPTH>(self, &mut next, &mut exits, work),
            }
        }
        for (lane, row) in rows.enumerate() {
            self.close(row, first, lane, next[lane], exits[lane], work);
        }
    }

    /// Spreads the weights of the rows over `work`; their rates out of the block.
    fn open<const R: usize>(
        &self,
        rows: Range<usize>,
        first: usize,
        killing: &[T],
        work: &mut [[T; R]],
    ) -> [T; R] {
        let (schedule, layout) = (self.trace.schedule(), self.trace.layout());
        for row in rows.clone() {
            work[row - first] = [T::ZERO; R];
            for entry in schedule.rows[row]..schedule.rows[row + 1] {
                work[schedule.columns[entry as usize] as usize - first] = [T::ZERO; R];
            }
        }
        let mut exits = [T::ZERO; R];
        for (lane, row) in rows.enumerate() {
            exits[lane] = killing.get(row).copied().unwrap_or(T::ZERO);
            if !self.holds(row) {
                for (weight, target) in layout.inner.weighted(row) {
                    work[target as usize - first][lane] += self.weights[weight];
                }
                for (weight, _) in layout.outer.weighted(row) {
                    exits[lane] += self.weights[weight];
                }
            }
        }
        exits
    }

    /// Ends a row: takes over the rows of the panel before it, and sums its pivot.
    fn close<const R: usize>(
        &mut self,
        row: usize,
        first: usize,
        lane: usize,
        next: usize,
        mut exit: T,
        work: &mut [[T; R]],
    ) {
        let schedule = self.trace.schedule();
        let (split, end) = (schedule.splits[row] as usize, schedule.rows[row + 1] as usize);
        for entry in next..split {
            let pivot = schedule.columns[entry] as usize;
            let multiplier = work[pivot - first][lane].ratio(self.pivots[pivot]);
            self.entries[entry] = multiplier;
            for (rate, target) in self.later(pivot) {
                work[target - first][lane].add_product(multiplier, rate);
            }
            exit.add_product(multiplier, self.exits[pivot]);
        }
        self.exits[row] = exit;
        let mut pivot = exit;
        for (entry, &column) in (split..end).zip(&schedule.columns[split..end]) {
            self.entries[entry] = work[column as usize - first][lane];
            pivot += self.entries[entry];
        }
        self.pivots[row] = pivot;
    }
}

/// The next pivots that a panel takes over.
struct Step {
    rows: Range<usize>,
    first: usize,
    pivot: usize,
}

impl Step {
    /// Takes over K pivots of one supernode. A row that lacks one of them has a multiplier of 0
    /// there, and one that has it has all that follow.
    #[inline]
    fn take<T: Scalar, const R: usize, const K: usize>(
        self,
        factor: &mut Factor<'_, T>,
        next: &mut [usize; R],
        exits: &mut [T; R],
        work: &mut [[T; R]],
    ) {
        let schedule = factor.trace.schedule();
        let Self { rows, first, pivot } = self;
        let mut multipliers = [[T::ZERO; R]; K];
        for a in 0..K {
            let column = pivot + a;
            for (lane, row) in rows.clone().enumerate() {
                let entry = next[lane];
                let meets = entry < schedule.splits[row] as usize
                    && schedule.columns[entry] as usize == column;
                if meets {
                    let multiplier = work[column - first][lane].ratio(factor.pivots[column]);
                    exits[lane].add_product(multiplier, factor.exits[column]);
                    factor.entries[entry] = multiplier;
                    multipliers[a][lane] = multiplier;
                    next[lane] += 1;
                }
            }
            let later = schedule.splits[column] as usize..;
            for (b, &rate) in (a + 1..K).zip(&factor.entries[later]) {
                for (sum, &multiplier) in work[pivot + b - first].iter_mut().zip(&multipliers[a]) {
                    sum.add_product(multiplier, rate);
                }
            }
        }
        let last = pivot + K - 1;
        let (split, end) = (schedule.splits[last] as usize, schedule.rows[last + 1] as usize);
        let targets = &schedule.columns[split..end];
        let rates: [&[T]; K] = array::from_fn(|a| {
            let end = schedule.rows[pivot + a + 1] as usize;
            &factor.entries[end - targets.len()..end]
        });
        spread(first, &multipliers, rates, targets, work);
    }
}

/// Adds multipliers × rates to the sums of the target columns.
#[inline(never)]
fn spread<T: Scalar, const R: usize, const K: usize>(
    first: usize,
    multipliers: &[[T; R]; K],
    rates: [&[T]; K],
    targets: &[u32],
    work: &mut [[T; R]],
) {
    let multipliers = *multipliers;
    let rates = rates.map(|each| &each[..targets.len()]);
    for (index, &target) in targets.iter().enumerate() {
        let sums = &mut work[target as usize - first];
        for a in 0..K {
            let rate = rates[a][index];
            for lane in 0..R {
                sums[lane].add_product(multipliers[a][lane], rate);
            }
        }
    }
}
