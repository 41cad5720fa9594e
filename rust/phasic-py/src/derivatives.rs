//! Many numbers from one factorization, and many θ at once: more methods of `Trace`.

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2};
use phasic_core::{Batch, Clock, Complex};
use pyo3::prelude::*;

use crate::arrays::{Doubles, optional};
use crate::trace::Trace;

type Vector<'py> = Bound<'py, PyArray1<f64>>;
type Matrix<'py> = Bound<'py, PyArray2<f64>>;

/// The rows of a matrix.
pub(crate) fn rows(matrix: &PyReadonlyArray2<'_, f64>) -> Vec<Vec<f64>> {
    matrix.as_array().rows().into_iter().map(|row| row.to_vec()).collect()
}

pub(crate) fn slices(rows: &[Vec<f64>]) -> Vec<&[f64]> {
    rows.iter().map(Vec::as_slice).collect()
}

pub(crate) fn clock(discrete: bool) -> Clock {
    if discrete { Clock::Steps } else { Clock::Time }
}

#[pymethods]
impl Trace {
    /// Covariances of many rewards, `(k, n_vertices)`: `(k, k)`.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> both = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    ///   >>> trace.covariances(theta, both).round(6).tolist()
    ///   [[1.0, 0.0], [0.0, 1.0]]
    fn covariances<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        rewards: PyReadonlyArray2<'_, f64>,
    ) -> PyResult<Matrix<'py>> {
        let rewards = rows(&rewards);
        let values = self.moments_of(py, &theta, |at| at.covariances(&slices(&rewards)))?;
        PyArray1::from_vec(py, values).reshape([rewards.len(), rewards.len()])
    }

    /// Expected number of visits to each vertex.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.visits(theta).round(6).tolist()
    ///   [1.0, 1.0, 1.0, 1.0]
    fn visits<'py>(&self, py: Python<'py>, theta: Doubles<'_>) -> PyResult<Vector<'py>> {
        Ok(self.moments_of(py, &theta, |at| Ok(at.visits()))?.into_pyarray(py))
    }

    /// Probability of being absorbed in a vertex, from each vertex.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.absorption(theta, 3).round(6).tolist()
    ///   [1.0, 1.0, 1.0, 1.0]
    fn absorption<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        vertex: usize,
    ) -> PyResult<Vector<'py>> {
        Ok(self.moments_of(py, &theta, |at| at.absorption(vertex))?.into_pyarray(py))
    }

    /// E of exp(−z · reward) at z = re + i·im with re ≥ 0, as (re, im).
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> re, im = trace.laplace_at(theta, 0.0, 1.0)  # 1 / (1 + i)² = −i / 2
    ///   >>> round(re, 12) + 0.0, round(im, 12)
    ///   (0.0, -0.5)
    #[pyo3(signature = (theta, re, im, rewards = None))]
    fn laplace_at(
        &self,
        py: Python<'_>,
        theta: Doubles<'_>,
        re: f64,
        im: f64,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<(f64, f64)> {
        let (rewards, z) = (optional(rewards.as_ref()), Complex { re, im });
        let value = self.moments_of(py, &theta, |at| at.laplace_at(z, rewards.as_deref()))?;
        Ok((value.re, value.im))
    }

    /// Covariance of two rewards per step of the discrete chain.
    ///
    /// Example:
    ///   >>> graph = phasic.models.erlang(2).discretize(1.0)  # two geometric counts of variance 2
    ///   >>> count = np.asarray(graph.rewards, float)
    ///   >>> round(graph.trace().discrete_covariance(np.ones(1), count, count), 12)
    ///   4.0
    #[pyo3(signature = (theta, first = None, second = None))]
    fn discrete_covariance(
        &self,
        py: Python<'_>,
        theta: Doubles<'_>,
        first: Option<Doubles<'_>>,
        second: Option<Doubles<'_>>,
    ) -> PyResult<f64> {
        let (first, second) = (optional(first.as_ref()), optional(second.as_ref()));
        self.moments_of(py, &theta, |at| {
            at.discrete_covariance(first.as_deref(), second.as_deref())
        })
    }

    /// The expectation at many theta, `(k, p)`: `(k,)`.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.batch_values(np.array([[1.0], [2.0], [4.0]])).tolist()
    ///   [2.0, 1.0, 0.5]
    #[pyo3(signature = (thetas, rewards = None))]
    fn batch_values<'py>(
        &self,
        py: Python<'py>,
        thetas: PyReadonlyArray2<'_, f64>,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<Vector<'py>> {
        let (thetas, rewards) = (rows(&thetas).concat(), optional(rewards.as_ref()));
        let values =
            self.run(py, |trace| Batch::new(trace, &thetas)?.expectations(rewards.as_deref()))?;
        Ok(values.into_pyarray(py))
    }

    /// The expectation at many theta, `(k, p)`, and its gradients: `(k,)` and `(k, p)`.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> means, gradients = trace.batch(np.array([[1.0], [2.0]]))
    ///   >>> means.tolist(), gradients.tolist()  # −2 / theta²
    ///   ([2.0, 1.0], [[-2.0], [-0.5]])
    #[pyo3(signature = (thetas, rewards = None))]
    fn batch<'py>(
        &self,
        py: Python<'py>,
        thetas: PyReadonlyArray2<'_, f64>,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<(Vector<'py>, Matrix<'py>)> {
        let shape = [thetas.as_array().nrows(), thetas.as_array().ncols()];
        let (thetas, rewards) = (rows(&thetas).concat(), optional(rewards.as_ref()));
        let (values, gradients) = self.run(py, |trace| {
            Batch::new(trace, &thetas)?.expectation_gradients(rewards.as_deref())
        })?;
        let gradients = PyArray1::from_vec(py, gradients).reshape(shape)?;
        Ok((values.into_pyarray(py), gradients))
    }
}
