//! The graph while it is being built: vertices in order of creation, edges in order of insertion.

use super::rows::RowTable;
use super::states::{Sought, StateTable};
use super::{Frozen, VertexId, VertexKind};
use crate::Interrupt;
use crate::error::{Error, StateName};

const NONE: u32 = u32::MAX;

/// A graph under construction. Weights are `base + coefficients · θ`.
///
/// Vertex 0 is the starting vertex: its edges carry the initial distribution as probabilities.
/// A vertex without edges is absorbing. Edges with the same source and target add up.
#[derive(Clone, Debug)]
pub struct GraphBuilder {
    pub(super) states: StateTable,
    pub(super) n_parameters: Option<usize>,
    normalized: bool,
    targets: Vec<u32>,
    /// Per edge, its row of `table`.
    rows: Vec<u32>,
    table: RowTable,
    /// Per vertex, its first and last edge; per edge, the next edge of the same vertex.
    first: Vec<u32>,
    last: Vec<u32>,
    next: Vec<u32>,
    /// The most vertices besides the starting one.
    pub(super) max_states: usize,
    /// The most vertices and the most edges: what an index can name.
    pub(super) index_limit: usize,
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
            targets: Vec::new(),
            rows: Vec::new(),
            table: RowTable::default(),
            first: vec![NONE],
            last: vec![NONE],
            next: Vec::new(),
            max_states: usize::MAX,
            index_limit: NONE as usize,
        };
        let (kind, state) = (VertexKind::Starting, vec![0; state_length]);
        let sought = builder.states.unsought(kind, &state);
        builder.states.find_or_insert(kind, &state, sought, 1);
        builder
    }

    /// Refuses vertices beyond this many, the starting vertex not counted.
    pub fn set_max_states(&mut self, max_states: usize) {
        self.max_states = max_states;
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
        self.targets.len()
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

    /// States of all vertices, `(n_vertices, state_length)`; zeros for the starting vertex.
    #[must_use]
    pub fn states(&self) -> &[i32] {
        self.states.cells()
    }

    /// Kind of a vertex.
    #[must_use]
    pub fn kind(&self, vertex: VertexId) -> VertexKind {
        self.states.kinds()[vertex.index()]
    }

    /// The vertex with this kind and state, if there is one.
    pub fn find(&self, kind: VertexKind, state: &[i32]) -> Result<Option<VertexId>, Error> {
        self.check_length(state)?;
        Ok(self.states.find(kind, state))
    }

    /// The vertex with this kind and state, created if there is none; and whether it was created.
    ///
    /// Errors: a state of another length, or one state more than [`Self::set_max_states`] allows or
    /// a 32-bit index can name.
    pub fn find_or_create(
        &mut self,
        kind: VertexKind,
        state: &[i32],
    ) -> Result<(VertexId, bool), Error> {
        self.check_length(state)?;
        self.find_or_create_sought(kind, state, self.states.unsought(kind, state))
    }

    /// As [`Self::find_or_create`], for a state of the right length that may have been found before.
    pub(super) fn find_or_create_sought(
        &mut self,
        kind: VertexKind,
        state: &[i32],
        sought: Sought,
    ) -> Result<(VertexId, bool), Error> {
        let limit = self.index_limit.min(self.max_states.saturating_add(1));
        match self.states.find_or_insert(kind, state, sought, limit) {
            Some((vertex, created)) => {
                if created {
                    self.first.push(NONE);
                    self.last.push(NONE);
                }
                Ok((vertex, created))
            }
            None => Err(self.full(StateName::new(kind, state))),
        }
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
        if !self.accepts(base, coefficients) {
            return Err(self.refusal(source, target, base, coefficients));
        }
        if target == VertexId::START {
            return Err(Error::IntoStart { from: self.name(source) });
        }
        self.check_room()?;
        let row = self.intern(base, coefficients);
        self.push_edge(source, target, row);
        Ok(())
    }

    /// The row of a checked weight in the table of distinct ones.
    pub(super) fn intern(&mut self, base: f64, coefficients: &[f64]) -> u32 {
        if !coefficients.is_empty() {
            self.n_parameters = Some(coefficients.len());
        }
        self.table.intern(base, coefficients)
    }

    /// Appends a checked edge, for which there is room.
    pub(super) fn push_edge(&mut self, source: VertexId, target: VertexId, row: u32) {
        let edge = self.targets.len() as u32;
        self.targets.push(target.0);
        self.rows.push(row);
        self.next.push(NONE);
        match self.last[source.index()] {
            NONE => self.first[source.index()] = edge,
            last => self.next[last as usize] = edge,
        }
        self.last[source.index()] = edge;
    }

    /// The edges out of a vertex, in order of insertion.
    pub fn edges(&self, vertex: VertexId) -> impl Iterator<Item = EdgeView<'_>> {
        self.targets_and_rows(vertex).map(move |(target, row)| EdgeView {
            source: vertex,
            target: VertexId(target),
            base: self.table.base(row),
            coefficients: self.table.coefficients(row),
        })
    }

    /// Gives a constant weight to an edge, the one at a position of [`Self::edges`] of its source.
    ///
    /// Errors: there is no such edge, or the weight is negative or not finite.
    pub fn set_weight(
        &mut self,
        source: VertexId,
        position: usize,
        base: f64,
    ) -> Result<(), Error> {
        self.check_vertex(source)?;
        let Some(edge) = self.edge_indices(source).nth(position) else {
            let length = self.edge_indices(source).count();
            return Err(Error::NoSuchEdge { from: self.name(source), position, length });
        };
        if !self.accepts(base, &[]) {
            let target = VertexId(self.targets[edge]);
            return Err(self.refusal(source, target, base, &[]));
        }
        self.rows[edge] = self.table.intern(base, &[]);
        Ok(())
    }

    /// Divides the weights out of a vertex by their sum and returns 1 over that sum.
    ///
    /// Changes nothing, and returns 1, where the sum is 0 or depends on θ. Errors: no such vertex,
    /// or weights whose sum is not finite.
    pub fn divide_by_sum(&mut self, vertex: VertexId) -> Result<f64, Error> {
        self.check_vertex(vertex)?;
        if self.edges(vertex).any(|edge| !edge.coefficients.is_empty()) {
            return Ok(1.0);
        }
        let sum: f64 = self.edges(vertex).map(|edge| edge.base).sum();
        if sum == 0.0 {
            return Ok(1.0);
        }
        let edges: Vec<usize> = self.edge_indices(vertex).collect();
        if !sum.is_finite() {
            return Err(self.refusal(vertex, VertexId(self.targets[edges[0]]), sum, &[]));
        }
        for edge in edges {
            let base = self.table.base(self.rows[edge]) / sum;
            self.rows[edge] = self.table.intern(base, &[]);
        }
        Ok(1.0 / sum)
    }

    /// Target and row of weights of the edges out of a vertex, in order of insertion.
    pub(super) fn targets_and_rows(&self, vertex: VertexId) -> impl Iterator<Item = (u32, u32)> {
        self.edge_indices(vertex).map(|edge| (self.targets[edge], self.rows[edge]))
    }

    /// Indices of the edges out of a vertex, in order of insertion.
    fn edge_indices(&self, vertex: VertexId) -> impl Iterator<Item = usize> {
        let follow = |edge: u32| (edge != NONE).then_some(edge as usize);
        std::iter::successors(follow(self.first[vertex.index()]), move |&edge| {
            follow(self.next[edge])
        })
    }

    pub(super) fn row_table(&self) -> &RowTable {
        &self.table
    }

    /// Whether a vertex has no edges out.
    #[must_use]
    pub fn is_absorbing(&self, vertex: VertexId) -> bool {
        self.first[vertex.index()] == NONE
    }

    /// The graph in canonical order, checked: an absorbing vertex can be reached from everywhere.
    ///
    /// Cost: a sort of the vertices and of the edges of each.
    pub fn freeze(&self) -> Result<Frozen, Error> {
        self.freeze_until(&Interrupt::never())
    }

    /// [`Self::freeze`], which `interrupt` may stop.
    pub fn freeze_until(&self, interrupt: &Interrupt<'_>) -> Result<Frozen, Error> {
        Frozen::new(self, interrupt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(index_limit: usize) -> GraphBuilder {
        GraphBuilder { index_limit, ..GraphBuilder::new(1) }
    }

    #[test]
    fn the_limits_are_those_of_a_32_bit_index() {
        assert_eq!(GraphBuilder::new(1).index_limit, u32::MAX as usize);
    }

    #[test]
    fn one_vertex_more_than_an_index_can_name() {
        let mut graph = limited(3);
        graph.find_or_create(VertexKind::Ordinary, &[1]).unwrap();
        graph.find_or_create(VertexKind::Ordinary, &[2]).unwrap();
        let error = graph.find_or_create(VertexKind::Ordinary, &[3]).unwrap_err();
        assert_eq!(error, Error::TooLarge { what: "vertices", count: 3, limit: 3 });
    }

    #[test]
    fn a_known_state_needs_no_new_index() {
        let mut graph = limited(2);
        let made = graph.find_or_create(VertexKind::Ordinary, &[1]).unwrap();
        let found = graph.find_or_create(VertexKind::Ordinary, &[1]).unwrap();
        assert_eq!((made, found), ((VertexId(1), true), (VertexId(1), false)));
    }

    #[test]
    fn one_edge_more_than_an_index_can_name() {
        let mut graph = limited(2);
        let (vertex, _) = graph.find_or_create(VertexKind::Ordinary, &[1]).unwrap();
        graph.add_edge(VertexId::START, vertex, 0.5, &[]).unwrap();
        graph.add_edge(VertexId::START, vertex, 0.25, &[]).unwrap();
        let error = graph.add_edge(VertexId::START, vertex, 0.25, &[]).unwrap_err();
        assert_eq!(error, Error::TooLarge { what: "edges", count: 2, limit: 2 });
    }

    /// One vertex with edges of weights 3 and 1 to two ends.
    fn fork() -> (GraphBuilder, VertexId) {
        let mut graph = GraphBuilder::new(1);
        let [vertex, left, right] =
            [1, 2, 3].map(|i| graph.find_or_create(VertexKind::Ordinary, &[i]).unwrap().0);
        graph.add_edge(VertexId::START, vertex, 1.0, &[]).unwrap();
        graph.add_edge(vertex, left, 3.0, &[]).unwrap();
        graph.add_edge(vertex, right, 1.0, &[]).unwrap();
        (graph, vertex)
    }

    fn bases(graph: &GraphBuilder, vertex: VertexId) -> Vec<f64> {
        graph.edges(vertex).map(|edge| edge.base).collect()
    }

    #[test]
    fn a_weight_set_is_the_weight_read() {
        let (mut graph, vertex) = fork();
        graph.set_weight(vertex, 1, 5.0).unwrap();
        assert_eq!(bases(&graph, vertex), [3.0, 5.0]);
    }

    #[test]
    fn an_edge_that_is_not_there_has_no_weight() {
        let (mut graph, vertex) = fork();
        let from = graph.name(vertex);
        let error = graph.set_weight(vertex, 2, 5.0).unwrap_err();
        assert_eq!(error, Error::NoSuchEdge { from, position: 2, length: 2 });
    }

    #[test]
    fn a_weight_set_must_not_be_negative() {
        let (mut graph, vertex) = fork();
        assert!(matches!(graph.set_weight(vertex, 0, -1.0), Err(Error::BadWeight { .. })));
    }

    #[test]
    fn weights_divided_by_their_sum() {
        let (mut graph, vertex) = fork();
        assert_eq!(graph.divide_by_sum(vertex), Ok(0.25));
        assert_eq!(bases(&graph, vertex), [0.75, 0.25]);
    }

    #[test]
    fn a_sum_that_depends_on_theta_divides_nothing() {
        let (mut graph, vertex) = fork();
        graph.add_edge(vertex, VertexId(2), 0.0, &[1.0]).unwrap();
        assert_eq!(graph.divide_by_sum(vertex), Ok(1.0));
        assert_eq!(bases(&graph, vertex), [3.0, 1.0, 0.0]);
    }

    #[test]
    fn a_sum_that_overflows_is_refused() {
        let (mut graph, vertex) = fork();
        graph.set_weight(vertex, 0, f64::MAX).unwrap();
        graph.set_weight(vertex, 1, f64::MAX).unwrap();
        assert!(matches!(graph.divide_by_sum(vertex), Err(Error::BadWeight { .. })));
    }

    #[test]
    fn one_state_more_than_allowed_is_named() {
        let mut graph = GraphBuilder::new(1);
        graph.set_max_states(1);
        graph.find_or_create(VertexKind::Ordinary, &[1]).unwrap();
        let error = graph.find_or_create(VertexKind::Ordinary, &[7]).unwrap_err();
        let state = StateName::new(VertexKind::Ordinary, &[7]);
        assert_eq!(error, Error::MaxStates { limit: 1, state });
    }
}
