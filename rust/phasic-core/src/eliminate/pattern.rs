//! The schedule of one elimination: pivots in order and the entries of the factors.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::components::{Components, components};
use super::order::minimum_degree;
use crate::section::Section;
use crate::{Error, Graph, Interrupt};

/// In place of a position: the vertex is absorbing.
pub(crate) const ABSORBED: u32 = u32::MAX;

/// Pivots in order, and the pattern of the factors.
///
/// Position `p` eliminates vertex `pivots[p]`. Row `p` holds the positions
/// `columns[rows[p]..rows[p + 1]]` of the same block, sorted, without `p` itself: those before
/// `splits[p]` belong to earlier pivots (multipliers), the others to later ones.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Schedule {
    pub pivots: Section<u32>,
    /// Where each block starts, `(n_blocks + 1,)`; sources first.
    pub blocks: Section<u32>,
    pub rows: Section<u32>,
    pub splits: Section<u32>,
    pub columns: Section<u32>,
}

impl Schedule {
    /// Orders and eliminates the graph symbolically. Cost: the multiply-adds of one elimination.
    pub fn new(graph: &Graph, interrupt: &Interrupt) -> Result<Self, Error> {
        let Components { vertices, starts } = components(graph);
        let mut local = vec![ABSORBED; graph.n_vertices()];
        let mut pattern = Pattern { rows: vec![0], ..Pattern::default() };
        for block in starts.windows(2) {
            let members = &vertices[block[0] as usize..block[1] as usize];
            pattern.add_block(graph, members, &mut local, interrupt)?;
        }
        let Pattern { pivots, rows, splits, columns } = pattern;
        Ok(Self {
            pivots: pivots.into(),
            blocks: starts.into(),
            rows: rows.into(),
            splits: splits.into(),
            columns: columns.into(),
        })
    }

    /// Position of each vertex, `ABSORBED` for the starting vertex and absorbing ones.
    pub fn positions(&self, n_vertices: usize) -> Vec<u32> {
        let mut positions = vec![ABSORBED; n_vertices];
        for (position, &vertex) in self.pivots.iter().enumerate() {
            positions[vertex as usize] = position as u32;
        }
        positions
    }

    /// Multiply-adds of one numeric elimination.
    pub fn multiply_adds(&self) -> u64 {
        let later = |p: usize| u64::from(self.rows[p + 1] - self.splits[p]);
        let earlier = |p: usize| self.rows[p] as usize..self.splits[p] as usize;
        (0..self.pivots.len())
            .flat_map(|p| self.columns[earlier(p)].iter())
            .map(|&pivot| later(pivot as usize))
            .sum()
    }
}

/// The arrays of a [`Schedule`] while they grow, block by block.
#[derive(Default)]
struct Pattern {
    pivots: Vec<u32>,
    rows: Vec<u32>,
    splits: Vec<u32>,
    columns: Vec<u32>,
}

impl Pattern {
    fn add_block(
        &mut self,
        graph: &Graph,
        members: &[u32],
        local: &mut [u32],
        interrupt: &Interrupt,
    ) -> Result<(), Error> {
        let offset = self.pivots.len() as u32;
        for (index, &vertex) in members.iter().enumerate() {
            local[vertex as usize] = index as u32;
        }
        let pattern: Vec<Vec<u32>> = members.iter().map(|&v| inner(graph, v, local)).collect();
        let order = minimum_degree(&pattern);
        let mut position = vec![0; members.len()];
        for (index, &member) in order.iter().enumerate() {
            position[member as usize] = index as u32;
        }
        for row in eliminate(&pattern, &order, &position, interrupt)? {
            let pivot = self.splits.len() as u32;
            let split = row.partition_point(|&column| offset + column < pivot);
            self.splits.push((self.columns.len() + split) as u32);
            self.columns.extend(row.iter().map(|column| offset + column));
            let (count, limit) = (self.columns.len(), u32::MAX as usize);
            if count > limit {
                return Err(Error::TooLarge { what: "factor entries", count, limit });
            }
            self.rows.push(count as u32);
        }
        self.pivots.extend(order.iter().map(|&member| members[member as usize]));
        for &vertex in members {
            local[vertex as usize] = ABSORBED;
        }
        Ok(())
    }
}

/// Targets of a vertex inside its component, as sorted local indices, without itself.
fn inner(graph: &Graph, vertex: u32, local: &[u32]) -> Vec<u32> {
    let own = local[vertex as usize];
    let mut columns: Vec<u32> = graph
        .edges(vertex as usize)
        .map(|edge| local[graph.target(edge)])
        .filter(|&column| column != ABSORBED && column != own)
        .collect();
    columns.sort_unstable();
    columns
}

/// Row by row: a row takes over the later columns of every earlier pivot that it meets.
fn eliminate(
    pattern: &[Vec<u32>],
    order: &[u32],
    position: &[u32],
    interrupt: &Interrupt,
) -> Result<Vec<Vec<u32>>, Error> {
    let mut rows: Vec<Vec<u32>> = Vec::with_capacity(order.len());
    let mut marked = vec![u32::MAX; order.len()];
    let mut earlier = BinaryHeap::new();
    for (row, &member) in order.iter().enumerate() {
        let mut columns = Vec::new();
        let mut visit = |column: u32, earlier: &mut BinaryHeap<Reverse<u32>>| {
            if column as usize != row && marked[column as usize] != row as u32 {
                marked[column as usize] = row as u32;
                columns.push(column);
                if (column as usize) < row {
                    earlier.push(Reverse(column));
                }
            }
        };
        for &target in &pattern[member as usize] {
            visit(position[target as usize], &mut earlier);
        }
        while let Some(Reverse(pivot)) = earlier.pop() {
            let later = rows[pivot as usize].partition_point(|&column| column < pivot);
            for &column in &rows[pivot as usize][later..] {
                visit(column, &mut earlier);
            }
            interrupt.after(2 * (rows[pivot as usize].len() - later))?;
        }
        columns.sort_unstable();
        interrupt.after(20 * columns.len())?;
        rows.push(columns);
    }
    Ok(rows)
}
