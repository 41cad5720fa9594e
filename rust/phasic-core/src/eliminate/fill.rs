//! The entries that elimination fills, row by row.

use super::pattern::Pattern;
use crate::{Error, Interrupt};

/// Rows of the factors, laid out as in [`super::Schedule`].
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Where each row ends.
    pub ends: Vec<u32>,
    /// Where the later columns of each row start.
    pub splits: Vec<u32>,
    pub columns: Vec<u32>,
}

impl Rows {
    fn later(&self, row: usize) -> u32 {
        self.ends[row] - self.splits[row]
    }

    /// Forgets all but the first `rows` rows.
    pub fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        self.splits.truncate(rows);
        self.columns.truncate(self.ends.last().map_or(0, |&end| end as usize));
    }

    pub fn push_empty(&mut self) {
        self.splits.push(self.columns.len() as u32);
        self.ends.push(self.columns.len() as u32);
    }

    /// Takes over the rows of a block that was filled by itself.
    pub fn append(&mut self, other: &Self) -> Result<(), Error> {
        check(self.columns.len() + other.columns.len())?;
        let (first, start) = (self.ends.len() as u32, self.columns.len() as u32);
        self.ends.extend(other.ends.iter().map(|end| start + end));
        self.splits.extend(other.splits.iter().map(|split| start + split));
        self.columns.extend(other.columns.iter().map(|column| first + column));
        Ok(())
    }
}

/// Scratch of the symbolic elimination of one block after the other.
#[derive(Default)]
pub(super) struct Filler {
    position: Vec<u32>,
    /// The last row that met a column.
    marked: Vec<u32>,
    /// Where the part of a row's later columns ends that other rows need to look at.
    pruned: Vec<u32>,
    earlier: Vec<u32>,
    later: Vec<u32>,
    bits: Vec<u64>,
}

const UNMARKED: u32 = u32::MAX;

impl Filler {
    /// Adds the rows of one block, eliminated in `order`, and returns the multiply-adds of their
    /// numeric elimination; None, with `rows` half done, once they exceed `limit`.
    ///
    /// A row takes over the later columns of every earlier pivot that it meets. Of these columns
    /// only those up to the pivot's first symmetric pair (j later than k, entries (k, j) and
    /// (j, k)) need a look, because row j holds the others and is met too (Eisenstat & Liu 1992,
    /// *SIAM J. Matrix Anal.* 13:202). On a symmetric pattern the cost is that of the entries.
    pub fn fill(
        &mut self,
        pattern: &Pattern,
        order: &[u32],
        limit: u64,
        rows: &mut Rows,
        interrupt: &Interrupt,
    ) -> Result<Option<u64>, Error> {
        let first = rows.ends.len();
        self.start(order);
        let mut work = 0;
        for (row, &member) in order.iter().enumerate() {
            let looks = self.collect(pattern.row(member as usize), row, first, rows);
            work += self
                .earlier
                .iter()
                .map(|&k| u64::from(rows.later(first + k as usize)))
                .sum::<u64>();
            if work > limit {
                return Ok(None);
            }
            self.emit(first, rows)?;
            self.prune(row, first, rows);
            interrupt.after(2 * looks + 8 * (self.earlier.len() + self.later.len()))?;
        }
        Ok(Some(work))
    }

    fn start(&mut self, order: &[u32]) {
        self.position.resize(order.len(), 0);
        for (index, &member) in order.iter().enumerate() {
            self.position[member as usize] = index as u32;
        }
        self.marked.clear();
        self.marked.resize(order.len(), UNMARKED);
        self.pruned.clear();
    }

    /// The columns of a row, in any order; how many columns were looked at.
    fn collect(&mut self, targets: &[u32], row: usize, first: usize, rows: &Rows) -> usize {
        let Self { position, marked, pruned, earlier, later, .. } = self;
        earlier.clear();
        later.clear();
        let row = row as u32;
        marked[row as usize] = row;
        let mut visit = |column: u32, earlier: &mut Vec<u32>| {
            let mark = &mut marked[column as usize];
            if *mark != row {
                *mark = row;
                if column < row { earlier.push(column) } else { later.push(column) }
            }
        };
        for &target in targets {
            visit(position[target as usize], earlier);
        }
        let (mut next, mut looks) = (0, targets.len());
        while next < earlier.len() {
            let pivot = earlier[next] as usize;
            let seen = rows.splits[first + pivot] as usize..pruned[pivot] as usize;
            looks += seen.len();
            for &column in &rows.columns[seen] {
                visit(column - first as u32, earlier);
            }
            next += 1;
        }
        looks
    }

    fn emit(&mut self, first: usize, rows: &mut Rows) -> Result<(), Error> {
        let count = rows.columns.len() + self.earlier.len() + self.later.len();
        check(count)?;
        sort(&mut self.earlier, &mut self.bits);
        sort(&mut self.later, &mut self.bits);
        let global = |&column: &u32| first as u32 + column;
        rows.columns.extend(self.earlier.iter().map(global));
        rows.splits.push(rows.columns.len() as u32);
        rows.columns.extend(self.later.iter().map(global));
        rows.ends.push(count as u32);
        self.pruned.push(count as u32);
        Ok(())
    }

    /// Shortens the earlier pivots for which this row is the first symmetric pair.
    fn prune(&mut self, row: usize, first: usize, rows: &Rows) {
        let column = (first + row) as u32;
        for &pivot in &self.earlier {
            let (split, end) =
                (rows.splits[first + pivot as usize], rows.ends[first + pivot as usize]);
            let unpruned = self.pruned[pivot as usize] == end;
            if unpruned {
                let later = &rows.columns[split as usize..end as usize];
                if let Ok(index) = later.binary_search(&column) {
                    self.pruned[pivot as usize] = split + index as u32 + 1;
                }
            }
        }
    }
}

fn check(count: usize) -> Result<(), Error> {
    let limit = u32::MAX as usize;
    if count > limit {
        Err(Error::TooLarge { what: "factor entries", count, limit })
    } else {
        Ok(())
    }
}

/// Sorts distinct numbers: through a bitset where they lie close together.
fn sort(numbers: &mut Vec<u32>, bits: &mut Vec<u64>) {
    const FEW: usize = 24;
    let low = numbers.iter().min().map_or(0, |&least| least as usize / 64);
    let high = numbers.iter().max().map_or(0, |&most| most as usize / 64);
    if numbers.len() < FEW || high - low > 4 * numbers.len() {
        numbers.sort_unstable();
        return;
    }
    bits.clear();
    bits.resize(high - low + 1, 0);
    for &number in numbers.iter() {
        bits[number as usize / 64 - low] |= 1 << (number % 64);
    }
    numbers.clear();
    for (index, &word) in bits.iter().enumerate() {
        let mut rest = word;
        while rest != 0 {
            numbers.push(((low + index) * 64) as u32 + rest.trailing_zeros());
            rest &= rest - 1;
        }
    }
}
