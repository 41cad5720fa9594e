//! The graph while it is being built: vertices in order of creation, edges in order of insertion.

use super::states::StateTable;
use super::{Frozen, VertexId, VertexKind};
use crate::error::{Error, StateName};

const NONE: u32 = u32::MAX;

/// A graph under construction. Weights are `base + coefficients · θ`.
///
/// Vertex 0 is the starting vertex: its edges carry the initial distribution as probabilities.
/// A vertex without edges is absorbing. Edges with the same source and target add up.
#[derive(Clone, Debug)]
pub struct GraphBuilder {
    states: StateTable,
    n_parameters: Option<usize>,
    normalized: bool,
    sources: Vec<u32>,
    targets: Vec<u32>,
    bases: Vec<f64>,
    /// Start of the edge's coefficients in `coefficients`, or `NONE` for a constant edge.
    rows: Vec<u32>,
    coefficients: Vec<f64>,
    /// Per vertex, its first and last edge; per edge, the next edge of the same vertex.
    first: Vec<u32>,
    last: Vec<u32>,
    next: Vec<u32>,
}

/// One edge of a [`GraphBuilder`].
#[derive(Clone, Copy, Debug)]
pub struct EdgeView<'a> {
    /// Where it starts.
    pub source: VertexId,
    /// Where it ends.
    pub target: VertexId,
    /// The part of the weight that does not depend on θ.
    pub base: f64,
    /// One coefficient per parameter; empty for a constant edge.
    pub coefficients: &'a [f64],
}

impl GraphBuilder {
    /// A graph whose states have `state_length` entries, with its starting vertex (all zeros).
    #[must_use]
    pub fn new(state_length: usize) -> Self {
        let mut builder = Self {
            states: StateTable::new(state_length),
            n_parameters: None,
            normalized: false,
            sources: Vec::new(),
            targets: Vec::new(),
            bases: Vec::new(),
            rows: Vec::new(),
            coefficients: Vec::new(),
            first: Vec::new(),
            last: Vec::new(),
            next: Vec::new(),
        };
        builder.insert(VertexKind::Starting, &vec![0; state_length]);
        builder
    }

    /// Entries of a state.
    #[must_use]
    pub fn state_length(&self) -> usize {
        self.states.width()
    }

    /// Vertices, the starting vertex included.
    #[must_use]
    pub fn n_vertices(&self) -> usize {
        self.states.len()
    }

    /// Edges, as inserted.
    #[must_use]
    pub fn n_edges(&self) -> usize {
        self.sources.len()
    }

    /// Length of θ: the number of coefficients of the parameterized edges, 0 if there is none.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        self.n_parameters.unwrap_or(0)
    }

    /// Whether discrete functions divide each vertex's weights by their sum.
    #[must_use]
    pub fn normalized(&self) -> bool {
        self.normalized
    }

    /// See [`Self::normalized`].
    pub fn set_normalized(&mut self, normalized: bool) {
        self.normalized = normalized;
    }

    /// State of a vertex, `state_length` entries.
    #[must_use]
    pub fn state(&self, vertex: VertexId) -> &[i32] {
        self.states.state(vertex)
    }

    /// Kind of a vertex.
    #[must_use]
    pub fn kind(&self, vertex: VertexId) -> VertexKind {
        self.states.kind(vertex)
    }

    /// The vertex with this kind and state, if there is one.
    pub fn find(&self, kind: VertexKind, state: &[i32]) -> Result<Option<VertexId>, Error> {
        self.check_length(state)?;
        Ok(self.states.find(kind, state))
    }

    /// The vertex with this kind and state, created if there is none; and whether it was created.
    pub fn find_or_create(
        &mut self,
        kind: VertexKind,
        state: &[i32],
    ) -> Result<(VertexId, bool), Error> {
        self.check_length(state)?;
        if self.n_vertices() >= NONE as usize {
            let (count, limit) = (self.n_vertices(), NONE as usize);
            return Err(Error::TooLarge { what: "vertices", count, limit });
        }
        Ok(self.insert(kind, state))
    }

    /// Adds an edge of weight `base + coefficients · θ`. No coefficients: a constant weight.
    ///
    /// `base` and the coefficients must be finite, and a constant weight not negative. A
    /// parameterized weight may have negative parts: its value is checked for each θ.
    pub fn add_edge(
        &mut self,
        source: VertexId,
        target: VertexId,
        base: f64,
        coefficients: &[f64],
    ) -> Result<(), Error> {
        self.check_vertex(source)?;
        self.check_vertex(target)?;
        self.check_weight(source, target, base, coefficients)?;
        if target == VertexId::START {
            return Err(Error::IntoStart { from: self.name(source) });
        }
        let limit = (NONE as usize).min(u32::MAX as usize - coefficients.len());
        let count = self.n_edges().max(self.coefficients.len());
        if count >= limit {
            return Err(Error::TooLarge { what: "edges or coefficients", count, limit });
        }
        let edge = self.sources.len() as u32;
        self.sources.push(source.0);
        self.targets.push(target.0);
        self.bases.push(base);
        self.next.push(NONE);
        if coefficients.is_empty() {
            self.rows.push(NONE);
        } else {
            self.n_parameters = Some(coefficients.len());
            self.rows.push(self.coefficients.len() as u32);
            self.coefficients.extend_from_slice(coefficients);
        }
        match self.last[source.index()] {
            NONE => self.first[source.index()] = edge,
            last => self.next[last as usize] = edge,
        }
        self.last[source.index()] = edge;
        Ok(())
    }

    /// The edges out of a vertex, in order of insertion.
    pub fn edges(&self, vertex: VertexId) -> impl Iterator<Item = EdgeView<'_>> {
        let follow = |edge: u32| (edge != NONE).then_some(edge);
        std::iter::successors(follow(self.first[vertex.index()]), move |&edge| {
            follow(self.next[edge as usize])
        })
        .map(|edge| self.edge(edge as usize))
    }

    /// The edge of this index, in order of insertion.
    pub(crate) fn edge(&self, edge: usize) -> EdgeView<'_> {
        let coefficients = match self.rows[edge] {
            NONE => &[],
            row => &self.coefficients[row as usize..row as usize + self.n_parameters()],
        };
        EdgeView {
            source: VertexId(self.sources[edge]),
            target: VertexId(self.targets[edge]),
            base: self.bases[edge],
            coefficients,
        }
    }

    /// Whether a vertex has no edges out.
    #[must_use]
    pub fn is_absorbing(&self, vertex: VertexId) -> bool {
        self.first[vertex.index()] == NONE
    }

    /// The graph in canonical order, checked: an absorbing vertex can be reached from everywhere.
    ///
    /// Cost: a sort of the vertices and of the edges.
    pub fn freeze(&self) -> Result<Frozen, Error> {
        Frozen::new(self)
    }

    pub(crate) fn name(&self, vertex: VertexId) -> StateName {
        StateName::new(self.kind(vertex), self.state(vertex))
    }

    fn insert(&mut self, kind: VertexKind, state: &[i32]) -> (VertexId, bool) {
        let (vertex, created) = self.states.find_or_insert(kind, state);
        if created {
            self.first.push(NONE);
            self.last.push(NONE);
        }
        (vertex, created)
    }

    fn check_length(&self, state: &[i32]) -> Result<(), Error> {
        let (expected, given) = (self.state_length(), state.len());
        if expected == given { Ok(()) } else { Err(Error::StateLength { expected, given }) }
    }

    fn check_vertex(&self, vertex: VertexId) -> Result<(), Error> {
        let (index, length) = (vertex.index(), self.n_vertices());
        if index < length { Ok(()) } else { Err(Error::NoSuchVertex { index, length }) }
    }

    fn check_weight(
        &self,
        source: VertexId,
        target: VertexId,
        base: f64,
        coefficients: &[f64],
    ) -> Result<(), Error> {
        let constant = coefficients.is_empty();
        let bad = |what, value| {
            Err(Error::BadWeight { from: self.name(source), to: self.name(target), what, value })
        };
        if !base.is_finite() || (constant && base < 0.0) {
            return bad(if constant { "the weight" } else { "the base weight" }, base);
        }
        if let Some(&value) = coefficients.iter().find(|value| !value.is_finite()) {
            return bad("a coefficient of", value);
        }
        match self.n_parameters {
            Some(expected) if !constant && expected != coefficients.len() => {
                Err(Error::CoefficientLength {
                    from: self.name(source),
                    to: self.name(target),
                    expected,
                    given: coefficients.len(),
                })
            }
            _ => Ok(()),
        }
    }
}
