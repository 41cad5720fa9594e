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

/// A recorded elimination, asked by `Graph` and `Model`, and kept by the cache.
///
/// `Graph.trace()` gives it. Its methods take `theta`, `(n_parameters,)`, and return arrays with one entry
/// per vertex in canonical order: by state, the starting vertex first. So do rewards, `(n_vertices,)`.
/// `tolerance` is the relative error of a distribution function that is asked for. Derivatives come as
/// `((value, by theta, by edge, by initial probability, by rewards), Hessian times direction or None)`.
///
/// Example:
///   >>> trace = phasic.models.kingman(5).trace()
///   >>> trace.n_transient, trace.multiply_adds
///   (4, 0)
///   >>> round(float(trace.moments(np.ones(1), 1)[0]), 12)  # 2 (1 − 1/5)
///   1.6
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
    ///
    /// Example:
    ///   >>> trace = phasic.models.erlang(2).trace()
    ///   >>> phasic.Trace.from_bytes(trace.to_bytes()).key == trace.key
    ///   True
    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: Bytes) -> PyResult<Self> {
        let trace = py.detach(|| phasic_core::Trace::from_owner(data)).map_err(raise)?;
        Ok(Self { trace: Arc::new(trace) })
    }

    /// The trace as a checksummed byte string.
    ///
    /// Example:
    ///   >>> phasic.models.erlang(2).trace().to_bytes()[1:4]
    ///   b'PHX'
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
    ///
    /// Example:
    ///   >>> trace = phasic.models.kingman(5).trace()
    ///   >>> trace.key == phasic.models.kingman(5).trace().key, len(trace.key)
    ///   (True, 64)
    #[getter]
    fn key(&self) -> String {
        self.trace.key().to_string()
    }

    /// Vertices, the starting and the absorbing ones included.
    ///
    /// Example:
    ///   >>> phasic.models.kingman(5).trace().n_vertices  # the starting vertex and 5 to 1 lineages
    ///   6
    #[getter]
    fn n_vertices(&self) -> usize {
        self.trace.n_vertices()
    }

    /// Edges, those of the starting vertex included.
    ///
    /// Example:
    ///   >>> phasic.models.kingman(5).trace().n_edges
    ///   5
    #[getter]
    fn n_edges(&self) -> usize {
        self.trace.graph().n_edges()
    }

    /// Entries of theta.
    ///
    /// Example:
    ///   >>> phasic.models.repairable_system(2).trace().n_parameters  # failure, repair
    ///   2
    #[getter]
    fn n_parameters(&self) -> usize {
        self.trace.n_parameters()
    }

    /// Vertices that are eliminated: neither the starting vertex nor absorbing.
    ///
    /// Example:
    ///   >>> phasic.models.kingman(5).trace().n_transient
    ///   4
    #[getter]
    fn n_transient(&self) -> usize {
        self.trace.n_transient()
    }

    /// Strongly connected components of the transient vertices.
    ///
    /// Example:
    ///   >>> phasic.models.kingman(5).trace().n_components  # no way back: one each
    ///   4
    #[getter]
    fn n_components(&self) -> usize {
        self.trace.n_components()
    }

    /// Entries of the factors beside the diagonal.
    ///
    /// Example:
    ///   >>> phasic.models.kingman(5).trace().n_entries  # an acyclic graph fills nothing
    ///   0
    #[getter]
    fn n_entries(&self) -> usize {
        self.trace.n_entries()
    }

    /// Multiply-adds of one numeric elimination.
    ///
    /// Example:
    ///   >>> phasic.models.kingman(5).trace().multiply_adds  # beyond one pass over the edges
    ///   0
    #[getter]
    fn multiply_adds(&self) -> u64 {
        self.trace.multiply_adds()
    }

    /// Source, target, base and coefficients of each edge, in canonical order: `(n_edges,)` thrice
    /// and `(n_edges, n_parameters)`.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> source, target, base, coefficients = trace.edges()
    ///   >>> source.tolist(), target.tolist(), coefficients[:, 0].tolist()
    ///   ([0, 1, 2], [1, 2, 3], [0.0, 1.0, 1.0])
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
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> order, begins = trace.components()
    ///   >>> order.tolist(), begins.tolist()
    ///   ([1, 2], [0, 1, 2])
    fn components<'py>(&self, py: Python<'py>) -> (Indices<'py>, Indices<'py>) {
        let array = |numbers: &[u32]| PyArray1::from_slice(py, numbers);
        (array(self.trace.pivots()), array(self.trace.blocks()))
    }

    /// Whether weights are divided by their sums in discrete functions.
    ///
    /// Example:
    ///   >>> graph = phasic.models.kingman(5)
    ///   >>> graph.trace().normalized, graph.discretize(1.0).trace().normalized
    ///   (False, True)
    #[getter]
    fn normalized(&self) -> bool {
        self.trace.graph().normalized()
    }

    /// Puts the trace where compiled JAX programs find it by its key.
    ///
    /// Example:
    ///   >>> trace = phasic.models.erlang(2).trace()
    ///   >>> trace.register()
    ///   >>> phasic.Trace.registered(trace.key) is not None
    ///   True
    fn register(&self) {
        phasic_xla::registry::insert(Arc::clone(&self.trace));
    }

    /// The registered trace of this key, or None.
    ///
    /// Example:
    ///   >>> phasic.Trace.registered('0' * 64) is None
    ///   True
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

    /// Probability of starting absorbed.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.defect(theta)
    ///   0.0
    fn defect(&self, py: Python<'_>, theta: Doubles<'_>) -> PyResult<f64> {
        let theta = vector(&theta);
        self.run(py, |trace| Ok(trace.graph().weights(&theta)?.defect))
    }

    /// E of the powers 1 to `power` of the accumulated reward.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.moments(theta, 3).round(6).tolist()
    ///   [2.0, 6.0, 24.0]
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
    ///
    /// Example:
    ///   >>> graph = phasic.models.kingman(3).discretize(1.0)  # events at rate 1 in every state
    ///   >>> graph.trace().discrete_moments(np.ones(1), 1, np.asarray(graph.rewards, float)).round(6).tolist()
    ///   [1.333333]
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
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> round(trace.covariance(theta), 12)  # a variance; 1 for either stage
    ///   2.0
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
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.waiting(theta).round(6).tolist()
    ///   [2.0, 2.0, 1.0, 0.0]
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
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.residence(theta).round(6).tolist()
    ///   [0.0, 1.0, 1.0, 0.0]
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
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> round(trace.laplace(theta, 1.0), 12)  # 1 / (1 + s)²
    ///   0.25
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
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.occupancy(theta, 1.0, 1e-10).round(6).tolist()
    ///   [0.0, 0.367879, 0.367879, 0.0]
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
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.accumulated(theta, 1.0, 1e-10).round(6).tolist()  # 1 − 1/e, 1 − 2/e
    ///   [0.0, 0.632121, 0.264241, 0.0]
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
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> exact, none = np.array([1.0]), np.empty(0)
    ///   >>> value, by_theta = trace.log_likelihood(theta, exact, exact, np.ones(1), none, False, 1e-10)
    ///   >>> round(value, 6), by_theta.round(6).tolist()  # log(theta² t) − theta t
    ///   (-1.0, [1.0])
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
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> trace.reward_transform(theta, stage).freeze().record().moments(np.empty(0), 1).tolist()
    ///   [1.0]
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
