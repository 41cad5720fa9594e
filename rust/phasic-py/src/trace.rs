//! `Trace`: a recorded elimination and every number that follows from it.

use std::sync::Arc;

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use phasic_core::{Absorption, Error, Interrupt, Law, LogLikelihood, Moments};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrays::{Doubles, optional, vector};
use crate::bytes::Bytes;
use crate::errors::{interrupted, raise};
use crate::graph::GraphBuilder;

/// A recorded elimination. Vertices are in canonical order; rewards have one entry per vertex.
#[pyclass(module = "phasic._core", frozen, weakref)]
pub(crate) struct Trace {
    pub trace: Arc<phasic_core::Trace>,
}

/// The trace of a key, from the cache; None where that fails, whatever the reason.
pub(crate) fn from_cache(key: &phasic_core::TraceKey) -> Option<Arc<phasic_core::Trace>> {
    Python::try_attach(|py| {
        let found =
            py.import("phasic._trace").ok()?.call_method1("load", (key.to_string(),)).ok()?;
        let trace = found.cast::<Trace>().ok()?;
        Some(Arc::clone(&trace.get().trace))
    })?
}

type Vector<'py> = Bound<'py, PyArray1<f64>>;
type Indices<'py> = Bound<'py, PyArray1<u32>>;
type Edges<'py> = (Indices<'py>, Indices<'py>, Vector<'py>, Bound<'py, PyArray2<f64>>);

impl Trace {
    /// Runs a computation without the GIL.
    pub(crate) fn run<T: Send>(
        &self,
        py: Python<'_>,
        compute: impl FnOnce(&phasic_core::Trace) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        py.detach(|| compute(&self.trace)).map_err(raise)
    }

    pub(crate) fn moments_of<T: Send>(
        &self,
        py: Python<'_>,
        theta: &Doubles<'_>,
        compute: impl FnOnce(&Moments<'_>) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        let theta = vector(theta);
        self.run(py, |trace| compute(&Moments::new(trace, &theta)?))
    }

    pub(crate) fn law_of<'py>(
        &self,
        py: Python<'py>,
        theta: &Doubles<'_>,
        compute: impl FnOnce(&Absorption<'_>) -> Result<Vec<f64>, Error> + Send,
    ) -> PyResult<Vector<'py>> {
        let theta = vector(theta);
        let values = self.run(py, |trace| {
            compute(&Absorption::until(trace, &theta, Interrupt::when(&interrupted))?)
        })?;
        Ok(values.into_pyarray(py))
    }
}

#[pymethods]
impl Trace {
    /// Reads what `to_bytes` wrote; `TraceFormatError` for anything else. The bytes of a
    /// read-only buffer are not copied but kept as long as the trace, those of any other are copied.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: Bytes) -> PyResult<Self> {
        let trace = py.detach(|| phasic_core::Trace::from_owner(data)).map_err(raise)?;
        Ok(Self { trace: Arc::new(trace) })
    }

    /// The trace as a checksummed byte string.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.trace.to_bytes()))
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((slf.get_type().getattr("from_bytes")?, (slf.get().to_bytes(py),)))
    }

    /// The content hash of the graph, 64 hexadecimal digits.
    #[getter]
    fn key(&self) -> String {
        self.trace.key().to_string()
    }

    #[getter]
    fn n_vertices(&self) -> usize {
        self.trace.n_vertices()
    }

    #[getter]
    fn n_edges(&self) -> usize {
        self.trace.graph().n_edges()
    }

    #[getter]
    fn n_parameters(&self) -> usize {
        self.trace.n_parameters()
    }

    #[getter]
    fn n_transient(&self) -> usize {
        self.trace.n_transient()
    }

    /// Strongly connected components of the transient vertices.
    #[getter]
    fn n_components(&self) -> usize {
        self.trace.n_components()
    }

    /// Entries of the factors beside the diagonal.
    #[getter]
    fn n_entries(&self) -> usize {
        self.trace.n_entries()
    }

    /// Multiply-adds of one numeric elimination.
    #[getter]
    fn multiply_adds(&self) -> u64 {
        self.trace.multiply_adds()
    }

    /// Source, target, base and coefficients of each edge, in canonical order: `(n_edges,)` thrice
    /// and `(n_edges, n_parameters)`.
    fn edges<'py>(&self, py: Python<'py>) -> PyResult<Edges<'py>> {
        let graph = self.trace.graph();
        let (mut sources, mut targets) = (Vec::new(), Vec::new());
        let (mut bases, mut coefficients) = (Vec::new(), Vec::new());
        for vertex in 0..self.trace.n_vertices() {
            for edge in graph.edges(vertex) {
                let (base, along) = graph.weight(edge);
                sources.push(vertex as u32);
                targets.push(graph.target(edge) as u32);
                bases.push(base);
                coefficients.extend(along);
            }
        }
        let shape = [graph.n_edges(), graph.n_parameters()];
        let coefficients = PyArray1::from_vec(py, coefficients).reshape(shape)?;
        let numbers = (sources.into_pyarray(py), targets.into_pyarray(py));
        Ok((numbers.0, numbers.1, bases.into_pyarray(py), coefficients))
    }

    /// Transient vertices in the order of elimination, and where each strongly connected component
    /// begins among them.
    fn components<'py>(&self, py: Python<'py>) -> (Indices<'py>, Indices<'py>) {
        let array = |numbers: &[u32]| PyArray1::from_slice(py, numbers);
        (array(self.trace.pivots()), array(self.trace.blocks()))
    }

    /// Whether weights are divided by their sums in discrete functions.
    #[getter]
    fn normalized(&self) -> bool {
        self.trace.graph().normalized()
    }

    /// Puts the trace where compiled JAX programs find it by its key.
    fn register(&self) {
        phasic_xla::registry::insert(Arc::clone(&self.trace));
    }

    /// The registered trace of this key, or None.
    #[staticmethod]
    fn registered(key: &str) -> PyResult<Option<Self>> {
        let key = key.parse::<phasic_core::TraceKey>().map_err(raise)?;
        Ok(phasic_xla::registry::get(&key).map(|trace| Self { trace }))
    }

    fn __repr__(&self) -> String {
        format!(
            "Trace({}…, vertices={}, parameters={}, multiply_adds={})",
            &self.key()[..12],
            self.n_vertices(),
            self.n_parameters(),
            self.multiply_adds(),
        )
    }

    /// A small table for notebooks.
    fn _repr_html_<'py>(slf: &Bound<'py, Self>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("phasic._reprs")?.call_method1("trace", (slf,))
    }

    /// Weight of each edge, and the probability of starting absorbed.
    fn defect(&self, py: Python<'_>, theta: Doubles<'_>) -> PyResult<f64> {
        let theta = vector(&theta);
        self.run(py, |trace| Ok(trace.graph().weights(&theta)?.defect))
    }

    /// E of the powers 1 to `power` of the accumulated reward.
    #[pyo3(signature = (theta, power, rewards = None))]
    fn moments<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        power: usize,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<Vector<'py>> {
        let rewards = optional(rewards.as_ref());
        let moments = self.moments_of(py, &theta, |at| at.moments(power, rewards.as_deref()))?;
        Ok(moments.into_pyarray(py))
    }

    /// E of the powers 1 to `power` of the reward collected per step of the discrete chain.
    #[pyo3(signature = (theta, power, rewards = None))]
    fn discrete_moments<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        power: usize,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<Vector<'py>> {
        let rewards = optional(rewards.as_ref());
        let moments = self.moments_of(py, &theta, |at| at.discrete(power, rewards.as_deref()))?;
        Ok(moments.into_pyarray(py))
    }

    /// Covariance of two accumulated rewards.
    #[pyo3(signature = (theta, first = None, second = None))]
    fn covariance(
        &self,
        py: Python<'_>,
        theta: Doubles<'_>,
        first: Option<Doubles<'_>>,
        second: Option<Doubles<'_>>,
    ) -> PyResult<f64> {
        let (first, second) = (optional(first.as_ref()), optional(second.as_ref()));
        self.moments_of(py, &theta, |at| at.covariance(first.as_deref(), second.as_deref()))
    }

    /// Expected reward until absorption from each vertex.
    #[pyo3(signature = (theta, rewards = None))]
    fn waiting<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<Vector<'py>> {
        let rewards = optional(rewards.as_ref());
        let waiting = self.moments_of(py, &theta, |at| at.waiting(rewards.as_deref()))?;
        Ok(waiting.into_pyarray(py))
    }

    /// Expected reward collected in each vertex until absorption.
    #[pyo3(signature = (theta, rewards = None))]
    fn residence<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<Vector<'py>> {
        let rewards = optional(rewards.as_ref());
        let residence = self.moments_of(py, &theta, |at| at.residence(rewards.as_deref()))?;
        Ok(residence.into_pyarray(py))
    }

    /// E of exp(−s · reward).
    #[pyo3(signature = (theta, s, rewards = None))]
    fn laplace(
        &self,
        py: Python<'_>,
        theta: Doubles<'_>,
        s: f64,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<f64> {
        let rewards = optional(rewards.as_ref());
        self.moments_of(py, &theta, |at| at.laplace(s, rewards.as_deref()))
    }

    /// Probability of being in each transient vertex at a time.
    fn occupancy<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        time: f64,
        tolerance: f64,
    ) -> PyResult<Vector<'py>> {
        self.law_of(py, &theta, |law| law.occupancy(time, tolerance))
    }

    /// Expected time spent in each transient vertex up to a time.
    fn accumulated<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        time: f64,
        tolerance: f64,
    ) -> PyResult<Vector<'py>> {
        self.law_of(py, &theta, |law| law.accumulated(time, tolerance))
    }

    /// Log-likelihood and its gradient. Equal bounds: an exact value; else the event lower < T ≤ upper,
    /// and with negative weight a condition. Empty rewards: ones (discrete) or none (continuous).
    #[expect(clippy::too_many_arguments, reason = "the arguments of the likelihood")]
    fn log_likelihood<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        lower: Doubles<'_>,
        upper: Doubles<'_>,
        weights: Doubles<'_>,
        rewards: Doubles<'_>,
        discrete: bool,
        tolerance: f64,
    ) -> PyResult<(f64, Vector<'py>)> {
        let (theta, lower, upper) = (vector(&theta), vector(&lower), vector(&upper));
        let (weights, rewards) = (vector(&weights), vector(&rewards));
        let law = if discrete { Law::Discrete } else { Law::Continuous };
        let (value, gradient) = self.run(py, |trace| {
            let data = LogLikelihood::of_events(
                trace, law, &lower, &upper, &weights, &rewards, tolerance,
            )?;
            let mut gradient = vec![0.0; theta.len()];
            let interrupt = Interrupt::when(&interrupted);
            let value = data.value_and_gradient_until(&theta, &mut gradient, &interrupt)?;
            Ok((value, gradient))
        })?;
        Ok((value, gradient.into_pyarray(py)))
    }

    /// The graph whose absorption time is the accumulated reward.
    fn reward_transform(
        &self,
        py: Python<'_>,
        theta: Doubles<'_>,
        rewards: Doubles<'_>,
    ) -> PyResult<GraphBuilder> {
        let (theta, rewards) = (vector(&theta), vector(&rewards));
        let graph = self.run(py, |trace| phasic_core::reward_transform(trace, &theta, &rewards))?;
        Ok(GraphBuilder { graph })
    }
}
