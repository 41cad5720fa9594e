//! The frozen graph: the same arrays whatever the order in which it was built.

use super::reach::trapped;
use super::{GraphBuilder, VertexId, VertexKind};
use crate::error::{Error, StateName};
use crate::section::Section;

/// A frozen graph together with the two permutations between it and its builder.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// The graph in canonical order.
    pub graph: Graph,
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
    pub(super) fn new(builder: &GraphBuilder) -> Result<Self, Error> {
        let n = builder.n_vertices();
        let mut original: Vec<u32> = (0..n as u32).collect();
        original.sort_unstable_by_key(|&vertex| {
            let vertex = VertexId(vertex);
            (builder.kind(vertex), builder.state(vertex))
        });
        let mut canonical = vec![0; n];
        for (index, &vertex) in original.iter().enumerate() {
            canonical[vertex as usize] = index as u32;
        }
        let mut rows = RowTable::default();
        let mut offsets = Vec::with_capacity(n + 1);
        let (mut targets, mut edge_rows) = (Vec::new(), Vec::new());
        offsets.push(0);
        for &vertex in &original {
            for (target, row) in merged(builder, VertexId(vertex), &canonical) {
                targets.push(target);
                edge_rows.push(rows.intern(&row));
            }
            offsets.push(targets.len() as u32);
        }
        let states = original.iter().flat_map(|&v| builder.state(VertexId(v))).copied();
        let graph = Graph {
            state_length: builder.state_length(),
            n_parameters: builder.n_parameters(),
            normalized: builder.normalized(),
            kinds: original.iter().map(|&v| builder.kind(VertexId(v))).collect(),
            states: states.collect(),
            offsets: offsets.into(),
            targets: targets.into(),
            rows: edge_rows.into(),
            row_bases: rows.bases.into(),
            row_coefficients: rows.coefficients.into(),
        };
        if let Some(vertex) = trapped(&graph) {
            return Err(Error::NoWayOut { state: graph.name(vertex) });
        }
        Ok(Self { graph, canonical, original })
    }
}

/// The edges of one vertex by target, duplicates summed; `[base, coefficients…]` each.
///
/// Weights that are zero for every θ are left out. Duplicates are summed in order of their bits,
/// so that the order of insertion cannot show.
fn merged(builder: &GraphBuilder, vertex: VertexId, canonical: &[u32]) -> Vec<(u32, Vec<f64>)> {
    let mut edges: Vec<(u32, Vec<f64>)> = builder
        .edges(vertex)
        .map(|edge| {
            let mut row = vec![edge.base + 0.0];
            row.extend(edge.coefficients.iter().map(|c| c + 0.0));
            row.resize(1 + builder.n_parameters(), 0.0);
            (canonical[edge.target.index()], row)
        })
        .collect();
    edges.sort_by(|(a, x), (b, y)| {
        a.cmp(b).then_with(|| x.iter().map(|v| v.to_bits()).cmp(y.iter().map(|v| v.to_bits())))
    });
    edges.dedup_by(|(target, row), (kept_target, kept)| {
        let same = target == kept_target;
        if same {
            kept.iter_mut().zip(row).for_each(|(sum, value)| *sum += *value);
        }
        same
    });
    edges.retain(|(_, row)| row.iter().any(|&value| value != 0.0));
    edges
}

/// Distinct rows of weights in order of first appearance.
#[derive(Default)]
struct RowTable {
    bases: Vec<f64>,
    coefficients: Vec<f64>,
    slots: hashbrown::HashMap<Vec<u64>, u32>,
}

impl RowTable {
    fn intern(&mut self, row: &[f64]) -> u32 {
        let bits: Vec<u64> = row.iter().map(|value| value.to_bits()).collect();
        *self.slots.entry(bits).or_insert_with(|| {
            self.bases.push(row[0]);
            self.coefficients.extend_from_slice(&row[1..]);
            (self.bases.len() - 1) as u32
        })
    }
}
