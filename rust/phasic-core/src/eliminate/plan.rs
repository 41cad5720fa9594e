//! What is decided before a graph is eliminated: components, the order inside each, the cost.

use super::components::{Components, OUTSIDE, components};
use super::cost::Cost;
use super::order::{self, Order};
use super::pattern::Pattern;
use crate::graph::Frozen;
use crate::{Error, Graph, Interrupt, TraceKey};

/// A graph and the order in which it is to be eliminated, with a prediction of what that costs.
///
/// Made once: [`Cost::check`] says whether to go on, then [`crate::Trace::record_planned`]
/// eliminates in this order, or [`crate::Iterative`] preconditions in it. Memory: 8 bytes per
/// vertex and 16 per component.
#[derive(Clone, Debug)]
pub struct Plan {
    key: TraceKey,
    graph: Graph,
    order: Order,
    components: Components,
    /// Per component, one after the other: which of its members goes when.
    orders: Vec<u32>,
    sizes: Vec<Size>,
    cost: Cost,
}

/// Of one component.
#[derive(Clone, Copy, Debug)]
struct Size {
    edges: usize,
    multiply_adds: f64,
}

/// A component, as it is planned.
pub(crate) struct Block<'a> {
    /// Its vertices, sorted.
    pub members: &'a [u32],
    /// Which of its members goes when.
    pub order: &'a [u32],
    /// Edges inside it, loops not counted.
    pub edges: usize,
    /// The predicted work.
    pub multiply_adds: f64,
}

impl Plan {
    /// Orders a graph so that its elimination is cheap.
    ///
    /// Cost: that of the orders, some hundred nanoseconds per edge inside the components, and
    /// O(edges · α) beside; memory: that of the graph.
    ///
    /// Errors: [`Error::Interrupted`].
    pub fn new(frozen: &Frozen, interrupt: &Interrupt) -> Result<Self, Error> {
        Self::in_order(frozen, Order::Cheapest, interrupt)
    }

    /// As [`Self::new`], in an order of choice. The key of its trace does not tell the order, so
    /// that such a trace must not be cached.
    #[doc(hidden)]
    pub fn in_order(frozen: &Frozen, order: Order, interrupt: &Interrupt) -> Result<Self, Error> {
        let graph = &frozen.graph;
        let components = components(graph);
        let mut local = vec![OUTSIDE; graph.n_vertices()];
        let mut pattern = Pattern::default();
        let mut orders = Vec::with_capacity(components.vertices.len());
        let mut sizes = Vec::with_capacity(components.starts.len() - 1);
        let mut total = Cost::default();
        for members in components.iter() {
            let mut edges = 0;
            let cost = if members.len() == 1 {
                orders.push(0);
                Cost::of_one()
            } else {
                pattern.read(graph, members, &mut local, |_| true);
                edges = pattern.n_edges();
                let chosen = order::first(&pattern, order, interrupt)?;
                let cost = Cost::of(&pattern, &chosen);
                orders.extend(chosen);
                cost
            };
            interrupt.after(100 * (edges + members.len()))?;
            total.add(&cost);
            sizes.push(Size { edges, multiply_adds: cost.multiply_adds });
        }
        let (key, graph) = (frozen.key, graph.clone());
        Ok(Self { key, graph, order, components, orders, sizes, cost: total })
    }

    /// The graph to be eliminated.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What the elimination is predicted to cost.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.cost
    }

    pub(crate) fn key(&self) -> TraceKey {
        self.key
    }

    pub(super) fn order(&self) -> Order {
        self.order
    }

    /// Where each component starts among the eliminated vertices, `(n_components + 1,)`.
    pub(super) fn starts(&self) -> &[u32] {
        &self.components.starts
    }

    /// The components, sources first.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        let starts = self.starts().windows(2).zip(self.components.iter()).zip(&self.sizes);
        starts.map(|((block, members), &Size { edges, multiply_adds })| {
            let order = &self.orders[block[0] as usize..block[1] as usize];
            Block { members, order, edges, multiply_adds }
        })
    }
}

impl Block<'_> {
    /// Its vertices in the order in which they go.
    pub fn pivots(&self) -> impl Iterator<Item = u32> {
        self.order.iter().map(|&member| self.members[member as usize])
    }
}
