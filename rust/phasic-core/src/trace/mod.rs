//! The recorded elimination: a graph, its schedule, and where each edge goes.

mod container;
mod file;
mod key;
mod layout;
mod validate;

pub use key::TraceKey;
pub(crate) use layout::Layout;

use crate::eliminate::{Plan, Schedule};
use crate::graph::Frozen;
use crate::{Error, Graph, Interrupt};

/// A graph and its symbolic elimination, ready to be evaluated at any θ.
///
/// Immutable and the same, byte for byte, for the same graph; named by its [`TraceKey`]. Vertices
/// are in canonical order (see [`Graph`]).
#[derive(Clone, Debug)]
pub struct Trace {
    key: TraceKey,
    graph: Graph,
    schedule: Schedule,
    layout: Layout,
}

impl Trace {
    /// Plans and eliminates a graph symbolically, whatever that costs.
    pub fn record(frozen: &Frozen) -> Result<Self, Error> {
        let interrupt = Interrupt::never();
        Self::record_planned(&Plan::new(frozen, &interrupt)?, &interrupt)
    }

    /// Eliminates a graph symbolically as planned. Cost: about that of one numeric elimination.
    ///
    /// Errors: [`Error::Interrupted`], and more factor entries than an index can name.
    pub fn record_planned(plan: &Plan, interrupt: &Interrupt) -> Result<Self, Error> {
        let graph = plan.graph().clone();
        let schedule = Schedule::new(plan, interrupt)?;
        let positions = schedule.positions(graph.n_vertices());
        let layout = Layout::new(&graph, &schedule, &positions);
        Ok(Self { key: plan.key(), graph, schedule, layout })
    }

    /// The content hash of the graph.
    #[must_use]
    pub fn key(&self) -> TraceKey {
        self.key
    }

    /// The graph in canonical order.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Vertices, the starting vertex and absorbing ones included.
    #[must_use]
    pub fn n_vertices(&self) -> usize {
        self.graph.n_vertices()
    }

    /// Length of θ.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        self.graph.n_parameters
    }

    /// Vertices that are eliminated: neither starting nor absorbing.
    #[must_use]
    pub fn n_transient(&self) -> usize {
        self.schedule.pivots.len()
    }

    /// Multiply-adds of one numeric elimination.
    #[must_use]
    pub fn multiply_adds(&self) -> u64 {
        self.schedule.multiply_adds()
    }

    /// Entries of the factors beside the diagonal.
    #[must_use]
    pub fn n_entries(&self) -> usize {
        self.schedule.columns.len()
    }

    /// Strongly connected components of the transient vertices.
    #[must_use]
    pub fn n_components(&self) -> usize {
        self.schedule.blocks.len() - 1
    }

    /// Steps of an elimination that does at once all rows that wait for no other. Cost: one pass
    /// over the entries.
    #[must_use]
    pub fn n_levels(&self) -> usize {
        self.schedule.levels()
    }

    /// Transient vertices in the order of their elimination, `(n_transient,)`.
    #[must_use]
    pub fn pivots(&self) -> &[u32] {
        &self.schedule.pivots
    }

    /// Where each strongly connected component begins among the pivots, `(n_components + 1,)`; no edge
    /// leads from a component to an earlier one.
    #[must_use]
    pub fn blocks(&self) -> &[u32] {
        &self.schedule.blocks
    }

    pub(crate) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }
}
