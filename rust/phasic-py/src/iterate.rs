//! `Iterative`: chains too large to factor.

use numpy::{IntoPyArray, PyArray1};
use phasic_core::{Bounded, Error, Interrupt, Method, Options};
use pyo3::prelude::*;

use crate::arrays::{Doubles, optional, vector};
use crate::errors::{interrupted, raise};
use crate::graph::FrozenGraph;
use crate::limits::Limits;

type Vector<'py> = Bound<'py, PyArray1<f64>>;
/// Value, bound on its error, iterations, method.
type Answer<T> = (T, T, usize, &'static str);

/// The probability of starting absorbed, without a trace; `ValueError` for a theta that the graph
/// cannot take.
#[pyfunction]
pub(crate) fn defect(py: Python<'_>, graph: &FrozenGraph, theta: Doubles<'_>) -> PyResult<f64> {
    let theta = vector(&theta);
    let weights = py.detach(|| graph.frozen.graph.weights(&theta));
    Ok(weights.map_err(raise)?.defect)
}

/// A graph at one theta, solved without factoring its large components. Vertices are in canonical
/// order. Ctrl-C stops every method.
#[pyclass(module = "phasic._core", frozen)]
pub(crate) struct Iterative {
    graph: Py<FrozenGraph>,
    theta: Vec<f64>,
    options: Options,
}

impl Iterative {
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        compute: impl FnOnce(&mut phasic_core::Iterative<'_>) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        let graph = self.graph.get();
        let solve = || {
            let interrupt = Interrupt::when(&interrupted);
            compute(&mut phasic_core::Iterative::new(
                graph.plan(&interrupt)?,
                &self.theta,
                &self.options,
                &interrupt,
            )?)
        };
        py.detach(solve).map_err(raise)
    }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Elimination => "elimination",
        Method::Gmres => "gmres",
    }
}

fn arrays(py: Python<'_>, given: Bounded<Vec<f64>>) -> Answer<Vector<'_>> {
    let (value, error) = (given.value.into_pyarray(py), given.error.into_pyarray(py));
    (value, error, given.iterations, method(given.method))
}

#[pymethods]
impl Iterative {
    #[new]
    #[pyo3(signature = (graph, theta, tolerance = 1e-10, limits = None))]
    fn new(
        graph: Py<FrozenGraph>,
        theta: Doubles<'_>,
        tolerance: f64,
        limits: Option<&Limits>,
    ) -> Self {
        let limits = limits.map_or_else(Default::default, |limits| limits.limits);
        let options = Options { tolerance, limits };
        Self { graph, theta: vector(&theta), options }
    }

    /// E of the accumulated reward.
    #[pyo3(signature = (rewards = None))]
    fn expectation(&self, py: Python<'_>, rewards: Option<Doubles<'_>>) -> PyResult<Answer<f64>> {
        let rewards = optional(rewards.as_ref());
        let given = self.run(py, |solver| solver.expectation(rewards.as_deref()))?;
        Ok((given.value, given.error, given.iterations, method(given.method)))
    }

    /// Expected reward until absorption from each vertex.
    #[pyo3(signature = (rewards = None))]
    fn waiting<'py>(
        &self,
        py: Python<'py>,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<Answer<Vector<'py>>> {
        let rewards = optional(rewards.as_ref());
        Ok(arrays(py, self.run(py, |solver| solver.waiting(rewards.as_deref()))?))
    }

    /// Expected reward collected in each vertex until absorption.
    #[pyo3(signature = (rewards = None))]
    fn residence<'py>(
        &self,
        py: Python<'py>,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<Answer<Vector<'py>>> {
        let rewards = optional(rewards.as_ref());
        Ok(arrays(py, self.run(py, |solver| solver.residence(rewards.as_deref()))?))
    }

    /// The expectation and its derivative in theta, each with a bound on its error.
    #[pyo3(signature = (rewards = None))]
    fn expectation_gradient<'py>(
        &self,
        py: Python<'py>,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<(f64, f64, Vector<'py>, Vector<'py>, f64)> {
        let rewards = optional(rewards.as_ref());
        let given = self.run(py, |solver| solver.expectation_gradient(rewards.as_deref()))?;
        let (gradient, error) = (given.gradient.into_pyarray(py), given.error.into_pyarray(py));
        Ok((given.expectation.value, given.expectation.error, gradient, error, given.indicator))
    }
}
