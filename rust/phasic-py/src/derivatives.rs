//! Many numbers from one factorization, and derivatives: more methods of `Trace`.

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2};
use phasic_core::{Batch, Complex, Gradient, Moments};
use pyo3::prelude::*;

use crate::arrays::{Doubles, optional, vector};
use crate::trace::Trace;

type Vector<'py> = Bound<'py, PyArray1<f64>>;
type Matrix<'py> = Bound<'py, PyArray2<f64>>;
/// Value, and derivatives in theta, in the weight of each edge, in each vector of rewards.
type Derivatives<'py> = (f64, Vector<'py>, Vector<'py>, Vec<Vector<'py>>);

fn rows(matrix: &PyReadonlyArray2<'_, f64>) -> Vec<Vec<f64>> {
    matrix.as_array().rows().into_iter().map(|row| row.to_vec()).collect()
}

fn slices(rows: &[Vec<f64>]) -> Vec<&[f64]> {
    rows.iter().map(Vec::as_slice).collect()
}

fn derivatives(py: Python<'_>, gradient: Gradient) -> Derivatives<'_> {
    let rewards = gradient.rewards.into_iter().map(|each| each.into_pyarray(py)).collect();
    (gradient.value, gradient.theta.into_pyarray(py), gradient.edges.into_pyarray(py), rewards)
}

#[pymethods]
impl Trace {
    /// Covariances of many rewards, `(k, n_vertices)`: `(k, k)`.
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
    fn visits<'py>(&self, py: Python<'py>, theta: Doubles<'_>) -> PyResult<Vector<'py>> {
        Ok(self.moments_of(py, &theta, |at| Ok(at.visits()))?.into_pyarray(py))
    }

    /// Probability of being absorbed in a vertex, from each vertex.
    fn absorption<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        vertex: usize,
    ) -> PyResult<Vector<'py>> {
        Ok(self.moments_of(py, &theta, |at| at.absorption(vertex))?.into_pyarray(py))
    }

    /// E of exp(−z · reward) at z = re + i·im with re ≥ 0, as (re, im).
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

    /// Σ seeds[k − 1] · `E[Yᵏ]` and its derivatives.
    #[pyo3(signature = (theta, seeds, rewards = None))]
    fn moments_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        seeds: Doubles<'_>,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<Derivatives<'py>> {
        let (seeds, rewards) = (vector(&seeds), optional(rewards.as_ref()));
        let gradient =
            self.moments_of(py, &theta, |at| at.moments_gradient(&seeds, rewards.as_deref()))?;
        Ok(derivatives(py, gradient))
    }

    /// The covariance of two rewards and its derivatives.
    #[pyo3(signature = (theta, first = None, second = None))]
    fn covariance_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        first: Option<Doubles<'_>>,
        second: Option<Doubles<'_>>,
    ) -> PyResult<Derivatives<'py>> {
        let (first, second) = (optional(first.as_ref()), optional(second.as_ref()));
        let gradient = self.moments_of(py, &theta, |at| {
            at.covariance_gradient(first.as_deref(), second.as_deref())
        })?;
        Ok(derivatives(py, gradient))
    }

    /// The probability of being absorbed in a vertex and its derivatives.
    fn absorption_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        vertex: usize,
    ) -> PyResult<Derivatives<'py>> {
        let gradient = self.moments_of(py, &theta, |at| at.absorption_gradient(vertex))?;
        Ok(derivatives(py, gradient))
    }

    /// E of exp(−s · reward), its derivatives, and the one in s.
    #[pyo3(signature = (theta, s, rewards = None))]
    fn laplace_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        s: f64,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<(Derivatives<'py>, f64)> {
        let rewards = optional(rewards.as_ref());
        let (gradient, in_s) =
            self.moments_of(py, &theta, |at| at.laplace_gradient(s, rewards.as_deref()))?;
        Ok((derivatives(py, gradient), in_s))
    }

    /// The expectation, its gradient, and its Hessian in theta times a direction.
    #[pyo3(signature = (theta, direction, rewards = None))]
    fn hessian_product<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        direction: Doubles<'_>,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<(f64, Vector<'py>, Vector<'py>)> {
        let (direction, rewards) = (vector(&direction), optional(rewards.as_ref()));
        let (value, gradient, product) = self.moments_of(py, &theta, |at: &Moments<'_>| {
            at.hessian_product(&direction, rewards.as_deref())
        })?;
        Ok((value, gradient.into_pyarray(py), product.into_pyarray(py)))
    }

    /// The expectation at many theta, `(k, p)`: `(k,)`.
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
