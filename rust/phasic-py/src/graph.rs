//! `GraphBuilder` and `FrozenGraph`.

use std::sync::{Arc, OnceLock};

use numpy::{IntoPyArray, PyArray1, PyArray2};
use phasic_core::{Error, Interrupt, Plan, Trace as CoreTrace, VertexId, VertexKind};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{Doubles, matrix, state, vector};
use crate::errors::{interrupted, raise};
use crate::explore::Search;
use crate::limits::Limits;
use crate::trace::Trace;

/// A graph under construction: vertices in order of creation, vertex 0 the starting vertex.
#[pyclass(module = "phasic._core")]
pub(crate) struct GraphBuilder {
    pub graph: phasic_core::GraphBuilder,
}

/// Target, base weight and coefficients of an edge.
type EdgeTuple = (u32, f64, Vec<f64>);

#[pymethods]
impl GraphBuilder {
    #[new]
    fn new(state_length: usize) -> Self {
        Self { graph: phasic_core::GraphBuilder::new(state_length) }
    }

    /// Builds the state space of a transition rule, breadth first from its initial states.
    ///
    /// `report`, if given, is called now and then with the numbers of explored and of known states.
    #[staticmethod]
    #[pyo3(signature = (callback, parameterized, max_states, *, batched = false, report = None))]
    fn explore<'py>(
        py: Python<'py>,
        callback: Bound<'py, PyAny>,
        parameterized: Option<bool>,
        max_states: usize,
        batched: bool,
        report: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        let search = Search { callback, parameterized, max_states, report };
        Ok(Self { graph: search.run(py, batched)? })
    }

    /// An independent copy.
    fn copy(&self) -> Self {
        Self { graph: self.graph.clone() }
    }

    #[getter]
    fn state_length(&self) -> usize {
        self.graph.state_length()
    }

    #[getter]
    fn n_vertices(&self) -> usize {
        self.graph.n_vertices()
    }

    #[getter]
    fn n_edges(&self) -> usize {
        self.graph.n_edges()
    }

    #[getter]
    fn n_parameters(&self) -> usize {
        self.graph.n_parameters()
    }

    #[getter]
    fn get_normalized(&self) -> bool {
        self.graph.normalized()
    }

    #[setter]
    fn set_normalized(&mut self, normalized: bool) {
        self.graph.set_normalized(normalized);
    }

    /// Index of the vertex with this state, or None.
    #[pyo3(signature = (state, *, auxiliary = false))]
    fn find(&self, state: &Bound<'_, PyAny>, auxiliary: bool) -> PyResult<Option<u32>> {
        let found = self.graph.find(kind(auxiliary), &self::state(state)?).map_err(raise)?;
        Ok(found.map(|vertex| vertex.0))
    }

    /// Index of the vertex with this state, created if there is none.
    #[pyo3(signature = (state, *, auxiliary = false))]
    fn find_or_create(&mut self, state: &Bound<'_, PyAny>, auxiliary: bool) -> PyResult<u32> {
        let state = self::state(state)?;
        Ok(self.graph.find_or_create(kind(auxiliary), &state).map_err(raise)?.0.0)
    }

    /// Adds an edge of weight base + coefficients · theta; no coefficients for a constant weight.
    #[pyo3(signature = (source, target, base, coefficients = None))]
    fn add_edge(
        &mut self,
        source: u32,
        target: u32,
        base: f64,
        coefficients: Option<Doubles<'_>>,
    ) -> PyResult<()> {
        let coefficients = coefficients.as_ref().map_or_else(Vec::new, vector);
        self.graph.add_edge(VertexId(source), VertexId(target), base, &coefficients).map_err(raise)
    }

    /// Gives a constant weight to an edge, the one at a position of `edges(source)`.
    fn set_weight(&mut self, source: u32, position: usize, base: f64) -> PyResult<()> {
        self.graph.set_weight(VertexId(source), position, base).map_err(raise)
    }

    /// Divides the weights out of a vertex by their sum, unless that depends on theta; 1 / sum, or 1.
    fn divide_by_sum(&mut self, vertex: u32) -> PyResult<f64> {
        self.graph.divide_by_sum(VertexId(vertex)).map_err(raise)
    }

    /// State of a vertex, (`state_length`,) int32.
    fn state<'py>(&self, py: Python<'py>, vertex: u32) -> PyResult<Bound<'py, PyArray1<i32>>> {
        let vertex = self.check(vertex)?;
        Ok(self.graph.state(vertex).to_vec().into_pyarray(py))
    }

    /// States of all vertices, (`n_vertices`, `state_length`) int32.
    fn states<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i32>>> {
        let (n, width) = (self.graph.n_vertices(), self.graph.state_length());
        matrix(py, self.graph.states().to_vec(), n, width)
    }

    /// Whether a vertex is an auxiliary one.
    fn is_auxiliary(&self, vertex: u32) -> PyResult<bool> {
        Ok(self.graph.kind(self.check(vertex)?) == VertexKind::Auxiliary)
    }

    /// The edges out of a vertex, in order of insertion.
    fn edges(&self, vertex: u32) -> PyResult<Vec<EdgeTuple>> {
        let vertex = self.check(vertex)?;
        let edges = self.graph.edges(vertex);
        Ok(edges.map(|edge| (edge.target.0, edge.base, edge.coefficients.to_vec())).collect())
    }

    /// The graph in canonical order, checked. Ctrl-C stops it.
    fn freeze(&self, py: Python<'_>) -> PyResult<FrozenGraph> {
        let frozen = py.detach(|| self.graph.freeze_until(&Interrupt::when(&interrupted)));
        Ok(FrozenGraph { frozen: frozen.map_err(raise)?, plan: OnceLock::new() })
    }
}

impl GraphBuilder {
    fn check(&self, vertex: u32) -> PyResult<VertexId> {
        let (index, length) = (vertex as usize, self.graph.n_vertices());
        if index < length {
            return Ok(VertexId(vertex));
        }
        Err(raise(phasic_core::Error::NoSuchVertex { index, length }))
    }
}

fn kind(auxiliary: bool) -> VertexKind {
    if auxiliary { VertexKind::Auxiliary } else { VertexKind::Ordinary }
}

/// A graph in canonical order, with the permutations between it and its builder.
#[pyclass(module = "phasic._core", frozen)]
pub(crate) struct FrozenGraph {
    pub frozen: phasic_core::Frozen,
    plan: OnceLock<Plan>,
}

impl FrozenGraph {
    /// How the graph is to be eliminated, decided once.
    pub fn plan(&self, interrupt: &Interrupt<'_>) -> Result<&Plan, Error> {
        if let Some(plan) = self.plan.get() {
            return Ok(plan);
        }
        let plan = Plan::new(&self.frozen, interrupt)?;
        Ok(self.plan.get_or_init(|| plan))
    }
}

#[pymethods]
impl FrozenGraph {
    /// The content hash, 64 hexadecimal digits.
    #[getter]
    fn key(&self) -> String {
        self.frozen.key.to_string()
    }

    /// Canonical index of each vertex of the builder, (`n_vertices`,) uint32.
    fn canonical<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u32>> {
        self.frozen.canonical.clone().into_pyarray(py)
    }

    /// Builder's index of each canonical vertex, (`n_vertices`,) uint32.
    fn original<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u32>> {
        self.frozen.original.clone().into_pyarray(py)
    }

    /// Whether a canonical vertex is absorbing: no edge out of it has a weight at any theta.
    fn is_absorbing(&self, vertex: u32) -> PyResult<bool> {
        let (graph, index) = (&self.frozen.graph, vertex as usize);
        let length = self.frozen.canonical.len();
        if index < length {
            return Ok(graph.is_absorbing(index));
        }
        Err(raise(phasic_core::Error::NoSuchVertex { index, length }))
    }

    /// Eliminates the graph symbolically; `TooLargeToFactor` if that is predicted to exceed the
    /// limits. Ctrl-C stops it.
    #[pyo3(signature = (limits = None))]
    fn record(&self, py: Python<'_>, limits: Option<&Limits>) -> PyResult<Trace> {
        let recorded = py.detach(|| {
            let interrupt = Interrupt::when(&interrupted);
            let plan = self.plan(&interrupt)?;
            limits.map_or(Ok(()), |limits| plan.cost().check(&limits.limits))?;
            CoreTrace::record_planned(plan, &interrupt)
        });
        Ok(Trace { trace: Arc::new(recorded.map_err(raise)?) })
    }
}

/// The error for an argument of the wrong form.
pub(crate) fn value_error(message: String) -> PyErr {
    PyValueError::new_err(message)
}
