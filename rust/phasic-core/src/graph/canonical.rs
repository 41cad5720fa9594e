//! The frozen graph: the same arrays whatever the order in which it was built.

use super::merge::Merge;
use super::order::canonical_order;
use super::reach::{reached, trapped};
use super::{GraphBuilder, VertexId, VertexKind};
use crate::error::{Error, StateName};
use crate::section::Section;
use crate::{Interrupt, TraceKey};

/// Nanoseconds that merging takes for an edge, about.
const WORK_PER_EDGE: usize = 40;

/// A frozen graph together with its name and the two permutations between it and its builder.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// The graph in canonical order.
    pub graph: Graph,
    /// The name of the graph.
    pub key: TraceKey,
    /// Canonical index of each vertex of the builder, `(n_vertices,)`.
    pub canonical: Vec<u32>,
    /// Builder's index of each canonical vertex, `(n_vertices,)`.
    pub original: Vec<u32>,
}

/// A graph that no longer changes.
///
/// Vertices are sorted by (kind, state), so the starting vertex is 0; edges by (source, target),
/// each pair once. The weight of an edge is a row of a table of distinct `(base, coefficients)`:
/// models have few distinct rows, so θ meets each only once.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    pub(crate) state_length: usize,
    pub(crate) n_parameters: usize,
    pub(crate) normalized: bool,
    pub(crate) kinds: Section<VertexKind>,
    pub(crate) states: Section<i32>,
    pub(crate) offsets: Section<u32>,
    pub(crate) targets: Section<u32>,
    pub(crate) rows: Section<u32>,
    pub(crate) row_bases: Section<f64>,
    pub(crate) row_coefficients: Section<f64>,
}

impl Graph {
    /// Vertices, the starting vertex included.
    #[must_use]
    pub fn n_vertices(&self) -> usize {
        self.kinds.len()
    }

    /// Edges after merging.
    #[must_use]
    pub fn n_edges(&self) -> usize {
        self.targets.len()
    }

    /// Length of θ.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        self.n_parameters
    }

    /// Whether discrete functions divide each vertex's weights by their sum.
    #[must_use]
    pub fn normalized(&self) -> bool {
        self.normalized
    }

    /// Range of the edges out of a vertex.
    #[must_use]
    pub fn edges(&self, vertex: usize) -> std::ops::Range<usize> {
        self.offsets[vertex] as usize..self.offsets[vertex + 1] as usize
    }

    /// Target of an edge.
    #[must_use]
    pub fn target(&self, edge: usize) -> usize {
        self.targets[edge] as usize
    }

    /// Base and coefficients of the weight of an edge, which is `base + coefficients · θ`.
    #[must_use]
    pub fn weight(&self, edge: usize) -> (f64, &[f64]) {
        let row = self.rows[edge] as usize;
        (self.row_bases[row], self.coefficients(row))
    }

    /// Whether a vertex has no edges out.
    #[must_use]
    pub fn is_absorbing(&self, vertex: usize) -> bool {
        vertex != 0 && self.edges(vertex).is_empty()
    }

    /// Kind and state of a vertex.
    #[must_use]
    pub fn vertex(&self, vertex: usize) -> (VertexKind, &[i32]) {
        let start = vertex * self.state_length;
        (self.kinds[vertex], &self.states[start..start + self.state_length])
    }

    pub(crate) fn name(&self, vertex: usize) -> StateName {
        let (kind, state) = self.vertex(vertex);
        StateName::new(kind, state)
    }

    /// The reversed edges: offsets `(n_vertices + 1,)` and parents `(n_edges,)`.
    pub(crate) fn parents(&self) -> (Vec<usize>, Vec<u32>) {
        let n = self.n_vertices();
        let mut offsets = vec![0; n + 1];
        for &target in &self.targets {
            offsets[target as usize + 1] += 1;
        }
        for vertex in 0..n {
            offsets[vertex + 1] += offsets[vertex];
        }
        let mut fill = offsets.clone();
        let mut parents = vec![0; self.n_edges()];
        for source in 0..n {
            for edge in self.edges(source) {
                let slot = &mut fill[self.target(edge)];
                parents[*slot] = source as u32;
                *slot += 1;
            }
        }
        (offsets, parents)
    }
}

impl Frozen {
    pub(super) fn new(builder: &GraphBuilder, interrupt: &Interrupt<'_>) -> Result<Self, Error> {
        let (states, width) = (&builder.states, builder.state_length());
        let original = canonical_order(states.kinds(), states.cells(), width);
        let mut canonical = vec![0; original.len()];
        for (index, &vertex) in original.iter().enumerate() {
            canonical[vertex as usize] = index as u32;
        }
        let mut merge = Merge::new(builder, &canonical);
        let mut offsets = Vec::with_capacity(original.len() + 1);
        offsets.push(0);
        for &vertex in &original {
            merge.vertex(VertexId(vertex));
            let end = merge.targets.len() as u32;
            interrupt.after(WORK_PER_EDGE * (end - offsets[offsets.len() - 1] + 1) as usize)?;
            offsets.push(end);
        }
        let mut cells = Vec::with_capacity(states.cells().len());
        for &vertex in &original {
            cells.extend_from_slice(states.state(VertexId(vertex)));
        }
        let (targets, rows) = (merge.targets, merge.rows);
        let (row_bases, row_coefficients) = (merge.bases, merge.coefficients);
        let graph = Graph {
            state_length: width,
            n_parameters: builder.n_parameters(),
            normalized: builder.normalized(),
            kinds: original.iter().map(|&v| builder.kind(VertexId(v))).collect(),
            states: cells.into(),
            offsets: offsets.into(),
            targets: targets.into(),
            rows: rows.into(),
            row_bases: row_bases.into(),
            row_coefficients: row_coefficients.into(),
        };
        if let Some(vertex) = trapped(&graph) {
            return Err(Error::NoWayOut { state: graph.name(vertex) });
        }
        // Rates of 0 were left out: what has no others is no absorbing state, but one that is never left.
        let held = |v: usize| graph.is_absorbing(v) && !builder.is_absorbing(VertexId(original[v]));
        if (1..graph.n_vertices()).any(held)
            && let Some(vertex) = reached(&graph).into_iter().find(|&vertex| held(vertex))
        {
            return Err(Error::HeldForEver { state: graph.name(vertex) });
        }
        let key = TraceKey::of(&graph);
        Ok(Self { graph, key, canonical, original })
    }
}
