//! What must hold of the arrays of a trace before any of them is used as an index.

use super::Layout;
use super::container::fail;
use crate::eliminate::{ABSORBED, Schedule};
use crate::{Error, Graph, VertexKind};

/// The graph is canonical: arrays fit together, vertices and edges are sorted and unique, rows of
/// weights are finite and numbered as they are first used.
pub(super) fn graph(graph: &Graph) -> Result<(), Error> {
    vertices(graph)?;
    edges(graph)?;
    weights(graph)
}

fn vertices(graph: &Graph) -> Result<(), Error> {
    let n = graph.n_vertices();
    check(n >= 1 && n < u32::MAX as usize, "the number of vertices is out of range")?;
    check(graph.kinds[0] == VertexKind::Starting, "the first vertex is not the starting vertex")?;
    let one_start = graph.kinds[1..].iter().all(|&kind| kind != VertexKind::Starting);
    check(one_start, "there is more than one starting vertex")?;
    let cells = n.checked_mul(graph.state_length);
    check(cells == Some(graph.states.len()), "the states have another length")?;
    let mut sorted = graph.kinds.windows(2).all(|pair| pair[0] <= pair[1]);
    if graph.state_length == 0 {
        sorted &= graph.kinds.windows(2).all(|pair| pair[0] < pair[1]);
    } else {
        let states = graph.states.chunks_exact(graph.state_length);
        let mut pairs = states.clone().zip(states.skip(1)).zip(graph.kinds.windows(2));
        sorted &= pairs.all(|((a, b), kinds)| kinds[0] != kinds[1] || a < b);
    }
    check(sorted, "the vertices are not in canonical order")
}

fn edges(graph: &Graph) -> Result<(), Error> {
    let n = graph.n_vertices();
    offsets(&graph.offsets, n, graph.n_edges(), "edge")?;
    let targets = &*graph.targets;
    let largest = targets.iter().fold(0, |most, &target| most.max(target.wrapping_sub(1)));
    let inside = targets.is_empty() || (largest as usize) < n - 1;
    check(inside, "an edge leads to the starting vertex or to none")?;
    check(sorted_rows(&graph.offsets, targets), "the edges are not in canonical order")?;
    check(graph.rows.len() == targets.len(), "the edges and their rows differ in number")
}

fn weights(graph: &Graph) -> Result<(), Error> {
    let n_rows = graph.row_bases.len();
    let n_coefficients = n_rows.checked_mul(graph.n_parameters);
    check(n_coefficients == Some(graph.row_coefficients.len()), "the coefficients do not fit")?;
    let mut numbers = graph.row_bases.iter().chain(&graph.row_coefficients);
    let plain = |value: &f64| value.is_finite() && (*value != 0.0 || value.is_sign_positive());
    check(numbers.all(plain), "a weight is not finite, or a negative zero")?;
    let mut rows = graph.rows.iter();
    let mut n_used = 0;
    while (n_used as usize) < n_rows {
        let row = rows.next().copied().unwrap_or(u32::MAX);
        check(row <= n_used, "rows of weights are not numbered in order of use")?;
        n_used += u32::from(row == n_used);
    }
    let largest = rows.as_slice().iter().fold(0, |most, &row| most.max(row));
    check(rows.as_slice().is_empty() || largest < n_used, "an edge has no row of weights")
}

/// Whether the values of every row rise strictly: as many of all neighbours do not rise as of those
/// on either side of a boundary between rows.
fn sorted_rows(offsets: &[u32], values: &[u32]) -> bool {
    let neighbours = values.iter().zip(values.iter().skip(1));
    let falls = neighbours.map(|(a, b)| usize::from(a >= b)).sum::<usize>();
    let starts = offsets.windows(2).filter(|pair| pair[0] > 0 && pair[0] < pair[1]);
    let at_starts = starts.map(|pair| {
        let start = pair[0] as usize;
        usize::from(values[start - 1] >= values[start])
    });
    falls == at_starts.sum::<usize>()
}

/// The schedule eliminates every transient vertex once, in topological order of the blocks, its
/// pattern holds every edge inside a block and every entry that elimination fills, and an
/// absorbing vertex can be reached from everywhere. Returns where each edge goes.
pub(super) fn schedule(graph: &Graph, schedule: &Schedule) -> Result<Layout, Error> {
    let transient = |v: usize| v != 0 && !graph.is_absorbing(v);
    let n = schedule.pivots.len();
    let mut positions = vec![ABSORBED; graph.n_vertices()];
    for (position, &vertex) in schedule.pivots.iter().enumerate() {
        let vertex = vertex as usize;
        let once = vertex < graph.n_vertices() && positions[vertex] == ABSORBED;
        check(once && transient(vertex), "a pivot is not a transient vertex, or occurs twice")?;
        positions[vertex] = position as u32;
    }
    let n_transient = (0..graph.n_vertices()).filter(|&v| transient(v)).count();
    check(n == n_transient, "a transient vertex is never eliminated")?;
    let blocks = &schedule.blocks;
    let rising = blocks.windows(2).all(|pair| pair[0] < pair[1]);
    let span = blocks.first() == Some(&0) && blocks.last() == Some(&(n as u32));
    check(rising && span, "the blocks do not partition the pivots")?;
    offsets(&schedule.rows, n, schedule.columns.len(), "factor row")?;
    check(schedule.splits.len() == n, "the splits have another length")?;
    let rows = schedule.rows.windows(2).zip(&schedule.splits);
    let mut inside = rows.map(|(row, &split)| row[0] <= split && split <= row[1]);
    check(inside.all(|inside| inside), "a split lies outside its row")?;
    check(!graph.edges(0).is_empty(), "the starting vertex has no edges")?;
    let layout = Layout::new(graph, schedule, &positions);
    let mut pattern = Pattern {
        schedule,
        layout: &layout,
        marked: vec![u32::MAX; layout.largest_block],
        covered: vec![false; n],
    };
    for block in blocks.windows(2) {
        pattern.check_block(block[0], block[1])?;
    }
    Ok(layout)
}

/// The rows of the factors, checked block by block.
struct Pattern<'a> {
    schedule: &'a Schedule,
    layout: &'a Layout,
    /// Per position inside the block: the last row that holds this column.
    marked: Vec<u32>,
    /// Whether whatever a pivot fills, its first later column fills too: see `check_fill`.
    covered: Vec<bool>,
}

impl Pattern<'_> {
    fn check_block(&mut self, first: u32, end: u32) -> Result<(), Error> {
        let mut ways_out = 0;
        for row in first..end {
            self.mark_columns(row, first, end)?;
            self.check_edges(row, first)?;
            self.check_fill(row, first)?;
            ways_out += u32::from(self.leaves(row));
        }
        let all = ways_out == end - first || self.all_leave(first, end);
        check(all, "a vertex cannot reach an absorbing one")
    }

    /// The columns of a row lie inside the block, sorted, the earlier ones before the split.
    fn mark_columns(&mut self, row: u32, first: u32, end: u32) -> Result<(), Error> {
        let schedule = self.schedule;
        let (start, stop) = (schedule.rows[row as usize], schedule.rows[row as usize + 1]);
        let split = schedule.splits[row as usize];
        let columns = &schedule.columns[start as usize..stop as usize];
        let (earlier, later) = columns.split_at((split - start) as usize);
        let sorted = columns.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = earlier.first().is_none_or(|&column| column >= first)
            && earlier.last().is_none_or(|&column| column < row)
            && later.first().is_none_or(|&column| column > row)
            && later.last().is_none_or(|&column| column < end);
        check(sorted && inside, "a factor column is out of place")?;
        for &column in columns {
            self.marked[(column - first) as usize] = row;
        }
        self.marked[(row - first) as usize] = row;
        Ok(())
    }

    /// The edges out of a row's vertex lie in the pattern or lead to later blocks.
    fn check_edges(&self, row: u32, first: u32) -> Result<(), Error> {
        for (_, target) in self.layout.inner.of(row as usize) {
            check(target >= first, "the blocks are not in topological order")?;
            let held = self.marked[(target - first) as usize] == row;
            check(held, "an edge is missing from the pattern")?;
        }
        Ok(())
    }

    /// Whether an edge leads from the row's vertex out of its block.
    fn leaves(&self, row: u32) -> bool {
        self.layout.outer.of(row as usize).next().is_some()
    }

    /// The row holds the later columns of every earlier pivot that it holds.
    ///
    /// If the row of pivot k's first later column f holds k, then f's row holds the rest of k's
    /// later columns: that was checked when f's row was. A row that holds k, and so f, is therefore
    /// complete in k if it is in f. In patterns that fill symmetrically each pivot is compared in
    /// full with one row only, and the check costs the entries, not the multiply-adds.
    fn check_fill(&mut self, row: u32, first: u32) -> Result<(), Error> {
        let schedule = self.schedule;
        let earlier = schedule.rows[row as usize] as usize..schedule.splits[row as usize] as usize;
        for &pivot in &schedule.columns[earlier] {
            let pivot = pivot as usize;
            let later = schedule.splits[pivot] as usize..schedule.rows[pivot + 1] as usize;
            let later = &schedule.columns[later];
            let compared = if self.covered[pivot] { &later[..1] } else { later };
            let mut held =
                compared.iter().map(|&column| self.marked[(column - first) as usize] == row);
            let closed = held.all(|held| held);
            check(closed, "an entry filled by elimination is missing from the pattern")?;
            self.covered[pivot] |= later.first() == Some(&row);
        }
        Ok(())
    }

    /// Whether every vertex of the block has a way out of it, by a search backward from those that
    /// leave it directly. The later blocks are checked likewise, so the way ends in absorption.
    fn all_leave(&self, first: u32, end: u32) -> bool {
        let inner = |row: u32| self.layout.inner.of(row as usize).map(move |(_, to)| (to, row));
        let mut edges: Vec<(u32, u32)> = (first..end).flat_map(inner).collect();
        edges.sort_unstable();
        let mut leaves: Vec<bool> = (first..end).map(|row| self.leaves(row)).collect();
        let mut found: Vec<u32> = (first..end).filter(|&row| self.leaves(row)).collect();
        let mut n_found = 0;
        while let Some(row) = found.pop() {
            n_found += 1;
            let start = edges.partition_point(|edge| edge.0 < row);
            for &(_, source) in edges[start..].iter().take_while(|edge| edge.0 == row) {
                if !std::mem::replace(&mut leaves[(source - first) as usize], true) {
                    found.push(source);
                }
            }
        }
        n_found == leaves.len()
    }
}

fn offsets(offsets: &[u32], n: usize, total: usize, what: &str) -> Result<(), Error> {
    let rising = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
    let span = offsets.first() == Some(&0) && offsets.last().map(|&o| o as usize) == Some(total);
    check(offsets.len() == n + 1 && rising && span, &format!("the {what} offsets are wrong"))
}

fn check(holds: bool, reason: &str) -> Result<(), Error> {
    if holds { Ok(()) } else { fail(reason) }
}
