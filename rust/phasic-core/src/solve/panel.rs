//! Rows of one supernode eliminated side by side, by several pivots at once.
//!
//! Positions of a supernode follow each other and have one pattern, up to the triangle among
//! themselves (Liu, Ng & Peyton 1993, *SIAM J. Matrix Anal.* 14:242). R rows take over the rates of
//! K pivots with one look at each column: R · K multiply-adds for an index, K loads of rates and
//! one sum. Every entry adds its terms in the order of the pivots, so that the panel's shape does
//! not change a bit of the result.

use std::array;
use std::ops::Range;

use super::Scalar;
use crate::Trace;

/// Rows of a panel; fewer than `WORTH` are eliminated one by one.
pub(super) const PANEL: usize = 4;
const WORTH: usize = 3;
/// Pivots that a panel takes over at once.
pub(super) const DEPTH: usize = 4;

/// Cost of a row beside its entries, in units of an eighth of a multiply-add of a panel.
const FIXED: u64 = 100;
/// Pieces that cost less, some 50 µs, are not handed to another thread.
const WORTH_A_THREAD: u64 = 1_000_000;

/// How many rows from `row` on make a panel.
fn panel_rows<T: Scalar>(trace: &Trace, row: usize) -> usize {
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

/// What is eliminated, and whatever is needed for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix<'f, T> {
    pub trace: &'f Trace,
    /// Value of each row of weights.
    pub weights: &'f [T],
    /// Per position, or empty: what is added to the diagonal.
    pub killing: &'f [T],
    /// Per position, or empty: whether its edges are taken out.
    pub held: &'f [bool],
}

impl<T> Matrix<'_, T> {
    fn holds(&self, position: usize) -> bool {
        self.held.get(position).copied().unwrap_or(false)
    }
}

/// The factors of some blocks that follow each other.
#[derive(Debug)]
pub(super) struct Part<'f, T> {
    matrix: Matrix<'f, T>,
    /// The blocks.
    blocks: Range<usize>,
    first_position: usize,
    first_entry: usize,
    entries: &'f mut [T],
    exits: &'f mut [T],
    pivots: &'f mut [T],
}

impl<'f, T: Scalar> Part<'f, T> {
    /// All blocks; the slices are laid out as in [`super::Factor`].
    pub(super) fn whole(
        matrix: Matrix<'f, T>,
        entries: &'f mut [T],
        exits: &'f mut [T],
        pivots: &'f mut [T],
    ) -> Self {
        let blocks = 0..matrix.trace.n_components();
        Self { matrix, blocks, first_position: 0, first_entry: 0, entries, exits, pivots }
    }

    /// The blocks before `block`, and the others.
    pub(super) fn split(self, block: usize) -> (Self, Self) {
        let schedule = self.matrix.trace.schedule();
        let position = schedule.blocks[block] as usize;
        let entry = schedule.rows[position] as usize;
        let (entries, later_entries) = self.entries.split_at_mut(entry - self.first_entry);
        let (exits, later_exits) = self.exits.split_at_mut(position - self.first_position);
        let (pivots, later_pivots) = self.pivots.split_at_mut(position - self.first_position);
        let later = Self {
            blocks: block..self.blocks.end,
            first_position: position,
            first_entry: entry,
            entries: later_entries,
            exits: later_exits,
            pivots: later_pivots,
            ..self
        };
        (Self { blocks: self.blocks.start..block, entries, exits, pivots, ..self }, later)
    }

    /// The blocks in up to `n` pieces that cost about the same; one where it is not worth more.
    pub(super) fn pieces(self, n: usize) -> Vec<Self> {
        let schedule = self.matrix.trace.schedule();
        let cost = |block: usize| {
            let rows = schedule.blocks[block] as usize..schedule.blocks[block + 1] as usize;
            let entries = |row: usize| u64::from(schedule.rows[row + 1] - schedule.rows[row]);
            rows.map(|row| FIXED + entries(row) * entries(row)).sum::<u64>()
        };
        let total = self.blocks.clone().map(cost).sum::<u64>();
        let share = (total / n as u64).max(WORTH_A_THREAD);
        let (mut pieces, mut rest, mut sum) = (Vec::with_capacity(n), self, 0);
        for block in rest.blocks.clone() {
            if sum >= share {
                let (piece, later) = rest.split(block);
                pieces.push(piece);
                (rest, sum) = (later, 0);
            }
            sum += cost(block);
        }
        pieces.push(rest);
        pieces
    }

    /// Eliminates the blocks.
    pub(super) fn run(mut self) {
        let (trace, blocks) = (self.matrix.trace, self.blocks.clone());
        let (mut narrow, mut wide) = (vec![], vec![]);
        for block in trace.schedule().blocks[blocks.start..=blocks.end].windows(2) {
            let (first, end) = (block[0] as usize, block[1] as usize);
            narrow.resize(narrow.len().max(end - first), [T::ZERO; 1]);
            let mut row = first;
            while row < end {
                let rows = row..row + panel_rows::<T>(trace, row);
                row = rows.end;
                if rows.len() == 1 {
                    self.eliminate(rows, first, &mut narrow);
                } else {
                    wide.resize(narrow.len(), [T::ZERO; PANEL]);
                    self.eliminate(rows, first, &mut wide);
                }
            }
        }
    }

    /// Eliminates up to R `rows` of one supernode, in a block that starts at `first`.
    fn eliminate<const R: usize>(&mut self, rows: Range<usize>, first: usize, work: &mut [[T; R]]) {
        let (schedule, layout) = (self.matrix.trace.schedule(), self.matrix.trace.layout());
        let mut exits = self.open(rows.clone(), first, work);
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
        work: &mut [[T; R]],
    ) -> [T; R] {
        let (schedule, layout) = (self.matrix.trace.schedule(), self.matrix.trace.layout());
        for row in rows.clone() {
            work[row - first] = [T::ZERO; R];
            for entry in schedule.rows[row]..schedule.rows[row + 1] {
                work[schedule.columns[entry as usize] as usize - first] = [T::ZERO; R];
            }
        }
        let mut exits = [T::ZERO; R];
        for (lane, row) in rows.enumerate() {
            exits[lane] = self.matrix.killing.get(row).copied().unwrap_or(T::ZERO);
            if !self.matrix.holds(row) {
                for (weight, target) in layout.inner.weighted(row) {
                    work[target as usize - first][lane] += self.matrix.weights[weight];
                }
                for (weight, _) in layout.outer.weighted(row) {
                    exits[lane] += self.matrix.weights[weight];
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
        let schedule = self.matrix.trace.schedule();
        let (split, end) = (schedule.splits[row] as usize, schedule.rows[row + 1] as usize);
        for entry in next..split {
            let pivot = schedule.columns[entry] as usize;
            let multiplier =
                work[pivot - first][lane].ratio(self.pivots[pivot - self.first_position]);
            self.entries[entry - self.first_entry] = multiplier;
            for later in schedule.splits[pivot]..schedule.rows[pivot + 1] {
                let later = later as usize;
                let rate = self.entries[later - self.first_entry];
                let target = schedule.columns[later] as usize;
                work[target - first][lane].add_product(multiplier, rate);
            }
            exit.add_product(multiplier, self.exits[pivot - self.first_position]);
        }
        self.exits[row - self.first_position] = exit;
        let mut pivot = exit;
        for (entry, &column) in (split..end).zip(&schedule.columns[split..end]) {
            self.entries[entry - self.first_entry] = work[column as usize - first][lane];
            pivot += self.entries[entry - self.first_entry];
        }
        self.pivots[row - self.first_position] = pivot;
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
        part: &mut Part<'_, T>,
        next: &mut [usize; R],
        exits: &mut [T; R],
        work: &mut [[T; R]],
    ) {
        let schedule = part.matrix.trace.schedule();
        let Self { rows, first, pivot } = self;
        let mut multipliers = [[T::ZERO; R]; K];
        for a in 0..K {
            let column = pivot + a;
            for (lane, row) in rows.clone().enumerate() {
                let entry = next[lane];
                let meets = entry < schedule.splits[row] as usize
                    && schedule.columns[entry] as usize == column;
                if meets {
                    let multiplier =
                        work[column - first][lane].ratio(part.pivots[column - part.first_position]);
                    exits[lane].add_product(multiplier, part.exits[column - part.first_position]);
                    part.entries[entry - part.first_entry] = multiplier;
                    multipliers[a][lane] = multiplier;
                    next[lane] += 1;
                }
            }
            let later = schedule.splits[column] as usize - part.first_entry..;
            for (b, &rate) in (a + 1..K).zip(&part.entries[later]) {
                for (sum, &multiplier) in work[pivot + b - first].iter_mut().zip(&multipliers[a]) {
                    sum.add_product(multiplier, rate);
                }
            }
        }
        let last = pivot + K - 1;
        let (split, end) = (schedule.splits[last] as usize, schedule.rows[last + 1] as usize);
        let targets = &schedule.columns[split..end];
        let rates: [&[T]; K] = array::from_fn(|a| {
            let end = schedule.rows[pivot + a + 1] as usize - part.first_entry;
            &part.entries[end - targets.len()..end]
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
