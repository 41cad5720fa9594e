//! What must hold of the arrays of a trace before any of them is used as an index.

use super::file::fail;
use crate::eliminate::{ABSORBED, Schedule};
use crate::graph::trapped;
use crate::{Error, Graph, VertexKind};

/// The graph is canonical: arrays fit together, vertices and edges are sorted and unique, weights
/// are finite, every row of weights is in use, an absorbing vertex can be reached from everywhere.
pub(super) fn graph(graph: &Graph) -> Result<(), Error> {
    let n = graph.n_vertices();
    check(n >= 1 && n < u32::MAX as usize, "the number of vertices is out of range")?;
    check(graph.kinds[0] == VertexKind::Starting, "the first vertex is not the starting vertex")?;
    let cells = n.checked_mul(graph.state_length);
    check(cells == Some(graph.states.len()), "the states have another length")?;
    let sorted = (1..n).all(|v| graph.vertex(v - 1) < graph.vertex(v));
    check(sorted, "the vertices are not in canonical order")?;
    let one_start = graph.kinds[1..].iter().all(|&kind| kind != VertexKind::Starting);
    check(one_start, "there is more than one starting vertex")?;
    offsets(&graph.offsets, n, graph.n_edges(), "edge")?;
    for vertex in 0..n {
        let targets = &graph.targets[graph.edges(vertex)];
        let ordered = targets.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = targets.iter().all(|&target| target != 0 && (target as usize) < n);
        check(ordered && inside, "an edge has a wrong target")?;
    }
    let n_rows = graph.row_bases.len();
    let n_coefficients = n_rows.checked_mul(graph.n_parameters);
    check(n_coefficients == Some(graph.row_coefficients.len()), "the coefficients do not fit")?;
    let mut numbers = graph.row_bases.iter().chain(&graph.row_coefficients);
    check(numbers.all(|value| value.is_finite()), "a weight is not finite")?;
    let mut used = vec![false; n_rows];
    check(graph.rows.len() == graph.n_edges(), "the edges and their rows differ in number")?;
    for &row in &graph.rows {
        check((row as usize) < n_rows, "an edge has no row of weights")?;
        used[row as usize] = true;
    }
    check(used.iter().all(|&used| used), "a row of weights is not used")?;
    check(trapped(graph).is_none(), "a vertex cannot reach an absorbing one")
}

/// The schedule eliminates every transient vertex once, in topological order of the blocks, and
/// its pattern holds every edge inside a block and every entry that elimination fills.
pub(super) fn schedule(graph: &Graph, schedule: &Schedule) -> Result<(), Error> {
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
    for block in blocks.windows(2) {
        rows(graph, schedule, &positions, block[0], block[1])?;
    }
    Ok(())
}

fn rows(
    graph: &Graph,
    schedule: &Schedule,
    positions: &[u32],
    first: u32,
    end: u32,
) -> Result<(), Error> {
    let mut marked = vec![u32::MAX; (end - first) as usize];
    for row in first..end {
        let (start, stop) = (schedule.rows[row as usize], schedule.rows[row as usize + 1]);
        let split = schedule.splits[row as usize];
        check(start <= split && split <= stop, "a split lies outside its row")?;
        let columns = &schedule.columns[start as usize..stop as usize];
        let (earlier, later) = columns.split_at((split - start) as usize);
        let ordered = columns.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = earlier.iter().all(|&c| c >= first && c < row)
            && later.iter().all(|&c| c > row && c < end);
        check(ordered && inside, "a factor column is out of place")?;
        for &column in columns {
            marked[(column - first) as usize] = row;
        }
        marked[(row - first) as usize] = row;
        for edge in graph.edges(schedule.pivots[row as usize] as usize) {
            let target = positions[graph.target(edge)];
            check(target >= first, "the blocks are not in topological order")?;
            let held = target >= end || marked[(target - first) as usize] == row;
            check(held, "an edge is missing from the pattern")?;
        }
        for &pivot in earlier {
            let filled = schedule.splits[pivot as usize]..schedule.rows[pivot as usize + 1];
            let mut fill = schedule.columns[filled.start as usize..filled.end as usize].iter();
            let closed = fill.all(|&column| marked[(column - first) as usize] == row);
            check(closed, "an entry filled by elimination is missing from the pattern")?;
        }
    }
    Ok(())
}

fn offsets(offsets: &[u32], n: usize, total: usize, what: &str) -> Result<(), Error> {
    let rising = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
    let span = offsets.first() == Some(&0) && offsets.last().map(|&o| o as usize) == Some(total);
    check(offsets.len() == n + 1 && rising && span, &format!("the {what} offsets are wrong"))
}

fn check(holds: bool, reason: &str) -> Result<(), Error> {
    if holds { Ok(()) } else { fail(reason) }
}
