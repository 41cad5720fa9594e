//! Where each edge goes in the factors: derived from graph and schedule, never stored.

use crate::Graph;
use crate::eliminate::{ABSORBED, Schedule};

/// Edges by position of their source, those inside a block apart from the others.
///
/// Self-loops of transient vertices are in neither list: they have no effect in continuous time.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Edges inside the block: CSR over positions.
    pub inner: EdgeList,
    /// Edges to later blocks and to absorbing vertices (`ABSORBED`).
    pub outer: EdgeList,
    /// Edges from the starting vertex: edge and position of the target.
    pub start: Vec<(u32, u32)>,
    /// Size of the largest block.
    pub largest_block: usize,
    /// Per position: where its supernode starts.
    supernodes: Vec<u32>,
}

/// Edges grouped by position: `edges[i]` leads to position `targets[i]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct EdgeList {
    pub offsets: Vec<u32>,
    pub edges: Vec<u32>,
    /// Row of weights of each edge.
    rows: Vec<u32>,
    pub targets: Vec<u32>,
}

impl EdgeList {
    fn with_capacity(n: usize, n_edges: usize) -> Self {
        let numbers = || Vec::with_capacity(n_edges);
        let offsets = Vec::with_capacity(n + 1);
        let mut list = Self { offsets, edges: numbers(), rows: numbers(), targets: numbers() };
        list.close();
        list
    }

    fn shrink(&mut self) {
        for numbers in [&mut self.edges, &mut self.rows, &mut self.targets] {
            numbers.shrink_to_fit();
        }
    }

    fn push(&mut self, graph: &Graph, edge: usize, target: u32) {
        self.edges.push(edge as u32);
        self.rows.push(graph.rows[edge]);
        self.targets.push(target);
    }

    fn close(&mut self) {
        self.offsets.push(self.edges.len() as u32);
    }

    /// The edges out of a position, with the positions of their targets.
    pub fn of(&self, position: usize) -> impl Iterator<Item = (usize, u32)> {
        let range = self.range(position);
        let edges = self.edges[range.clone()].iter().map(|&edge| edge as usize);
        edges.zip(self.targets[range].iter().copied())
    }

    /// The rows of weights of the edges out of a position, with the positions of their targets.
    pub fn weighted(&self, position: usize) -> impl Iterator<Item = (usize, u32)> {
        let range = self.range(position);
        let rows = self.rows[range.clone()].iter().map(|&row| row as usize);
        rows.zip(self.targets[range].iter().copied())
    }

    /// The edges out of a position, with their rows of weights and the positions of their targets.
    pub fn all(&self, position: usize) -> impl Iterator<Item = (usize, usize, u32)> {
        let rows = self.rows[self.range(position)].iter().map(|&row| row as usize);
        self.of(position).zip(rows).map(|((edge, target), row)| (edge, row, target))
    }

    fn range(&self, position: usize) -> std::ops::Range<usize> {
        self.offsets[position] as usize..self.offsets[position + 1] as usize
    }
}

impl Layout {
    /// `positions`: of each vertex, see [`Schedule::positions`].
    pub fn new(graph: &Graph, schedule: &Schedule, positions: &[u32]) -> Self {
        let (n, n_edges) = (schedule.pivots.len(), graph.n_edges());
        let start = graph.edges(0).map(|edge| (edge as u32, positions[graph.target(edge)]));
        let mut layout = Self {
            inner: EdgeList::with_capacity(n, n_edges),
            outer: EdgeList::with_capacity(n, n_edges),
            start: start.collect(),
            largest_block: 0,
            supernodes: supernodes(schedule),
        };
        for block in schedule.blocks.windows(2) {
            layout.largest_block = layout.largest_block.max((block[1] - block[0]) as usize);
            for position in block[0]..block[1] {
                for edge in graph.edges(schedule.pivots[position as usize] as usize) {
                    match positions[graph.target(edge)] {
                        target if target == position => {}
                        target if target != ABSORBED && target < block[1] => {
                            layout.inner.push(graph, edge, target);
                        }
                        target => layout.outer.push(graph, edge, target),
                    }
                }
                layout.inner.close();
                layout.outer.close();
            }
        }
        layout.inner.shrink();
        layout.outer.shrink();
        layout
    }

    /// How many positions from `position` on, `most` at most, share its supernode.
    pub fn following(&self, position: usize, most: usize) -> usize {
        let rest = self.supernodes[position..].iter().take(most);
        rest.take_while(|&&start| start == self.supernodes[position]).count()
    }

    /// How many positions up to `position`, `most` at most, share its supernode.
    pub fn leading(&self, position: usize, most: usize) -> usize {
        (position + 1 - self.supernodes[position] as usize).min(most)
    }
}

/// Where the supernode of each position starts: supernodes are the longest runs of positions whose
/// later columns are the same, up to the triangle among themselves.
fn supernodes(schedule: &Schedule) -> Vec<u32> {
    let Schedule { rows, splits, columns, .. } = schedule;
    let later = |row: usize| &columns[splits[row] as usize..rows[row + 1] as usize];
    let mut starts: Vec<u32> = Vec::with_capacity(schedule.pivots.len());
    for row in 0..schedule.pivots.len() {
        let continues = row > 0
            && later(row - 1)
                .split_first()
                .is_some_and(|(&head, rest)| head as usize == row && rest == later(row));
        starts.push(if continues { starts[row - 1] } else { row as u32 });
    }
    starts
}
