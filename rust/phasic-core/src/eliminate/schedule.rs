//! The schedule of one elimination: pivots in order and the entries of the factors.

use super::components::OUTSIDE;
use super::fill::{Filler, Rows};
use super::order::{self, Order};
use super::pattern::Pattern;
use super::plan::Plan;
use crate::section::Section;
use crate::{Error, Interrupt};

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
    /// Eliminates the graph of a plan symbolically. Cost: about that of writing the entries, and of
    /// a few hundred nanoseconds per edge and halving where a component is dissected.
    pub fn new(plan: &Plan, interrupt: &Interrupt) -> Result<Self, Error> {
        let graph = plan.graph();
        let mut local = vec![OUTSIDE; graph.n_vertices()];
        let mut pivots = Vec::with_capacity(graph.n_vertices());
        let mut rows = Rows::default();
        let (mut pattern, mut filler) = (Pattern::default(), Filler::default());
        for block in plan.blocks() {
            let members = block.members;
            interrupt.after(50 * members.len())?;
            if let &[only] = members {
                rows.push_empty();
                pivots.push(only);
                continue;
            }
            pattern.read(graph, members, &mut local, |_| true);
            let other = if plan.order() == Order::Cheapest {
                order::fill_cheapest(&mut filler, &pattern, block.order, &mut rows, interrupt)?
            } else {
                filler.fill(&pattern, block.order, u64::MAX, &mut rows, interrupt)?;
                None
            };
            match other {
                Some(order) => pivots.extend(order.iter().map(|&member| members[member as usize])),
                None => pivots.extend(block.pivots()),
            }
        }
        let Rows { mut ends, splits, columns } = rows;
        ends.insert(0, 0);
        Ok(Self {
            pivots: pivots.into(),
            blocks: plan.starts().to_vec().into(),
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
