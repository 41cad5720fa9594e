//! Back through the elimination of a panel: the mirror of [`super::panel`].

use std::array;
use std::ops::Range;

use super::panel::DEPTH;
use super::{Adjoint, Scalar};

impl<T: Scalar> Adjoint<'_, '_, T> {
    /// Leaves in `work` the derivatives in the rates of `rows`, one panel of a block that starts at
    /// `first`, as they were before elimination.
    pub(super) fn reverse<const R: usize>(
        &mut self,
        rows: Range<usize>,
        first: usize,
        work: &mut [[T; R]],
    ) {
        let trace = self.factor.trace;
        let (schedule, layout) = (trace.schedule(), trace.layout());
        for row in rows.clone() {
            work[row - first] = [T::ZERO; R];
            for entry in schedule.rows[row]..schedule.rows[row + 1] {
                work[schedule.columns[entry as usize] as usize - first] = [T::ZERO; R];
            }
        }
        // Of each row, the end of the entries that are still to be gone through.
        let mut left = [0; R];
        for (lane, row) in rows.clone().enumerate().rev() {
            left[lane] = self.reopen(row, rows.start, first, lane, work);
        }
        loop {
            let unfinished = left
                .iter()
                .zip(rows.clone())
                .filter(|&(&entry, row)| entry > schedule.rows[row] as usize);
            let heads = unfinished.map(|(&entry, _)| schedule.columns[entry - 1] as usize);
            let Some(last) = heads.max() else { break };
            let together = layout.leading(last, DEPTH.min(last - first + 1));
            let step = Step { rows: rows.clone(), first, last };
            match together {
                1 => step.take::<T, R, 1>(self, &mut left, work),
                2 => step.take::<T, R, 2>(self, &mut left, work),
                _ if T::WIDE => step.take::<T, R, 2>(self, &mut left, work),
                3 => step.take::<T, R, 3>(self, &mut left, work),
                _ => step.take::<T, R, DEPTH>(self, &mut left, work),
            }
        }
    }

    /// Back through the end of a row: its pivot, and the rows of the panel before it. Returns the
    /// end of the entries that belong to pivots before the panel.
    fn reopen<const R: usize>(
        &mut self,
        row: usize,
        panel: usize,
        first: usize,
        lane: usize,
        work: &mut [[T; R]],
    ) -> usize {
        let factor = self.factor;
        let schedule = factor.trace.schedule();
        let (start, split) = (schedule.rows[row] as usize, schedule.splits[row] as usize);
        let end = schedule.rows[row + 1] as usize;
        let pivot_share = self.pivots[row];
        self.exits[row] += pivot_share;
        for (entry, &column) in (split..end).zip(&schedule.columns[split..end]) {
            work[column as usize - first][lane] = self.entries[entry] + pivot_share;
        }
        let mut entry = split;
        while entry > start && schedule.columns[entry - 1] as usize >= panel {
            entry -= 1;
            let pivot = schedule.columns[entry] as usize;
            let multiplier = factor.entries[entry];
            let later = schedule.splits[pivot] as usize..schedule.rows[pivot + 1] as usize;
            let mut share = T::ZERO;
            for other in later {
                let arriving = work[schedule.columns[other] as usize - first][lane];
                share.add_product(arriving, factor.entries[other]);
                self.entries[other].add_product(arriving, multiplier);
            }
            self.arrive(row, pivot, entry, share, &mut work[pivot - first][lane]);
        }
        entry
    }

    /// Adds the derivative in a multiplier, which is `share` beside what its own entry and the exits
    /// bring, to that in the rate it was made from and in the pivot that divided it.
    #[inline]
    fn arrive(&mut self, row: usize, pivot: usize, entry: usize, share: T, rate: &mut T) {
        let factor = self.factor;
        let (multiplier, exit_share) = (factor.entries[entry], self.exits[row]);
        let mut share = share + self.entries[entry];
        share.add_product(exit_share, factor.exits[pivot]);
        self.exits[pivot].add_product(exit_share, multiplier);
        let share = share.ratio(factor.pivots[pivot]);
        *rate += share;
        self.pivots[pivot] -= share * multiplier;
    }
}

/// The pivots up to `last` that a panel goes back through at once.
struct Step {
    rows: Range<usize>,
    first: usize,
    last: usize,
}

impl Step {
    /// Goes back through K pivots of one supernode.
    #[inline]
    fn take<T: Scalar, const R: usize, const K: usize>(
        self,
        adjoint: &mut Adjoint<'_, '_, T>,
        left: &mut [usize; R],
        work: &mut [[T; R]],
    ) {
        let factor = adjoint.factor;
        let schedule = factor.trace.schedule();
        let Self { rows, first, last } = self;
        let pivot = last + 1 - K;
        // The entry of each row at each pivot; rows that lack it have a multiplier of 0.
        let mut entries = [[None; R]; K];
        let mut multipliers = [[T::ZERO; R]; K];
        for a in (0..K).rev() {
            for (lane, row) in rows.clone().enumerate() {
                let meets = left[lane] > schedule.rows[row] as usize
                    && schedule.columns[left[lane] - 1] as usize == pivot + a;
                if meets {
                    left[lane] -= 1;
                    entries[a][lane] = Some(left[lane]);
                    multipliers[a][lane] = factor.entries[left[lane]];
                }
            }
        }
        let (split, end) = (schedule.splits[last] as usize, schedule.rows[last + 1] as usize);
        let targets = &schedule.columns[split..end];
        let ends: [usize; K] = array::from_fn(|a| schedule.rows[pivot + a + 1] as usize);
        let rates = ends.map(|end| &factor.entries[end - targets.len()..end]);
        let sums = tails(&mut adjoint.entries, ends, targets.len());
        let mut shares = collect(first, &multipliers, rates, sums, targets, work);
        for a in (0..K).rev() {
            let later = schedule.splits[pivot + a] as usize..;
            for (b, entry) in (a + 1..K).zip(later) {
                for lane in 0..R {
                    let arriving = work[pivot + b - first][lane];
                    shares[a][lane].add_product(arriving, factor.entries[entry]);
                    adjoint.entries[entry].add_product(arriving, multipliers[a][lane]);
                }
            }
            for (lane, row) in rows.clone().enumerate() {
                if let Some(entry) = entries[a][lane] {
                    let rate = &mut work[pivot + a - first][lane];
                    adjoint.arrive(row, pivot + a, entry, shares[a][lane], rate);
                }
            }
        }
    }
}

/// The last `length` numbers before each of `ends`, which do not overlap.
fn tails<T, const K: usize>(
    mut numbers: &mut [T],
    ends: [usize; K],
    length: usize,
) -> [&mut [T]; K] {
    let mut from = 0;
    ends.map(|end| {
        let (head, rest) = std::mem::take(&mut numbers).split_at_mut(end - from);
        numbers = rest;
        from = end;
        let start = head.len() - length;
        &mut head[start..]
    })
}

/// Adds arriving × multipliers to the derivatives in the rates; returns Σ arriving × rates.
#[inline(never)]
fn collect<T: Scalar, const R: usize, const K: usize>(
    first: usize,
    multipliers: &[[T; R]; K],
    rates: [&[T]; K],
    sums: [&mut [T]; K],
    targets: &[u32],
    work: &[[T; R]],
) -> [[T; R]; K] {
    let multipliers = *multipliers;
    let mut shares = [[T::ZERO; R]; K];
    let rates = rates.map(|each| &each[..targets.len()]);
    let sums = sums.map(|each| &mut each[..targets.len()]);
    for (index, &target) in targets.iter().enumerate() {
        let arriving = work[target as usize - first];
        for a in 0..K {
            let mut sum = sums[a][index];
            for lane in 0..R {
                shares[a][lane].add_product(arriving[lane], rates[a][index]);
                sum.add_product(arriving[lane], multipliers[a][lane]);
            }
            sums[a][index] = sum;
        }
    }
    shares
}
