//! The schedule of one elimination: pivots in order and the entries of the factors.

use super::components::{Components, components};
use super::fill::Rows;
use super::order::{Order, Orderer};
use super::pattern::Pattern;
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
    /// Orders and eliminates the graph symbolically. Cost: about that of writing the entries, and
    /// of a few hundred nanoseconds per edge and halving where a component is dissected.
    pub fn new(graph: &Graph, order: Order, interrupt: &Interrupt) -> Result<Self, Error> {
        let Components { vertices, starts } = components(graph);
        let mut local = vec![ABSORBED; graph.n_vertices()];
        let mut pivots = Vec::with_capacity(vertices.len());
        let mut rows = Rows::default();
        let (mut pattern, mut orderer) = (Pattern::default(), Orderer::default());
        for block in starts.windows(2) {
            let members = &vertices[block[0] as usize..block[1] as usize];
            interrupt.after(50 * members.len())?;
            if let &[only] = members {
                rows.push_empty();
                pivots.push(only);
                continue;
            }
            pattern.read(graph, members, &mut local);
            let chosen = orderer.add(&pattern, order, &mut rows, interrupt)?;
            pivots.extend(chosen.iter().map(|&member| members[member as usize]));
        }
        let Rows { mut ends, splits, columns } = rows;
        ends.insert(0, 0);
        Ok(Self {
            pivots: pivots.into(),
            blocks: starts.into(),
            rows: ends.into(),
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

    /// Steps of an elimination that does at once all rows that wait for no other: the longest
    /// chain of rows in a block, each a multiplier of the next.
    pub fn levels(&self) -> usize {
        let mut levels = vec![0_usize; self.pivots.len()];
        for row in 0..levels.len() {
            let earlier = &self.columns[self.rows[row] as usize..self.splits[row] as usize];
            levels[row] =
                1 + earlier.iter().map(|&pivot| levels[pivot as usize]).max().unwrap_or(0);
        }
        levels.into_iter().max().unwrap_or(0)
    }
}
