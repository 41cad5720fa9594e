//! Laws of accumulated rewards: more methods of `Trace`.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use phasic_core::{Answer, Error, Interrupt, Rewarded};
use pyo3::prelude::*;

use crate::arrays::{Doubles, vector};
use crate::derivatives::{rows, slices};
use crate::distribution::{Slopes, curve, split};
use crate::errors::interrupted;
use crate::trace::Trace;

type Vector<'py> = Bound<'py, PyArray1<f64>>;

impl Trace {
    fn rewarded<T: Send>(
        &self,
        py: Python<'_>,
        theta: &Doubles<'_>,
        compute: impl FnOnce(&Rewarded<'_>) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        let theta = vector(theta);
        self.run(py, |trace| {
            compute(&Rewarded::until(trace, &theta, Interrupt::when(&interrupted))?)
        })
    }
}

#[pymethods]
impl Trace {
    /// A curve ("pdf", "cdf" or "sf") of each reward, `(k, n_vertices)`, at each point, flat: values, relative errors,
    /// and 0 for uniformization, 1 for a contour, 2 for a limit.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> values, errors, methods = trace.reward_answers(theta, 'sf', stage[None], np.array([1.0]), 1e-10)
    ///   >>> values.round(6).tolist()  # exp(−1)
    ///   [0.367879]
    fn reward_answers<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        curve: &str,
        rewards: PyReadonlyArray2<'_, f64>,
        points: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<(Vector<'py>, Vector<'py>, Vec<u8>)> {
        let (curve, rewards, points) = (self::curve(curve)?, rows(&rewards), vector(&points));
        let answers = self.rewarded(py, &theta, |law| {
            Ok(law.answers(curve, &slices(&rewards), &points, tolerance)?.concat())
        })?;
        let values: Vec<f64> = answers.iter().map(Answer::value).collect();
        let errors: Vec<f64> = answers.iter().map(|answer| answer.error).collect();
        let ways = answers.iter().map(|answer| answer.way as u8).collect();
        Ok((values.into_pyarray(py), errors.into_pyarray(py), ways))
    }

    /// The logarithms of a curve of each reward at each point, flat.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> trace.reward_logs(theta, 'sf', stage[None], np.array([2.0]), 1e-10).round(6).tolist()
    ///   [-2.0]
    fn reward_logs<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        curve: &str,
        rewards: PyReadonlyArray2<'_, f64>,
        points: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<Vector<'py>> {
        let (curve, rewards, points) = (self::curve(curve)?, rows(&rewards), vector(&points));
        let logs = self.rewarded(py, &theta, |law| {
            Ok(law.logs(curve, &slices(&rewards), &points, tolerance)?.concat())
        })?;
        Ok(logs.into_pyarray(py))
    }

    /// A curve of one reward, or its logarithm: values `(m,)`, derivatives in theta `(m, n_parameters)` and in the
    /// point `(m,)`.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> _, by_theta, by_point = trace.reward_slopes(theta, 'sf', True, stage, np.array([2.0]), 1e-10)
    ///   >>> by_theta.round(6).tolist(), by_point.round(6).tolist()  # of −theta y
    ///   ([[-2.0]], [-1.0])
    #[allow(clippy::too_many_arguments)]
    fn reward_slopes<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        curve: &str,
        logarithm: bool,
        rewards: Doubles<'_>,
        points: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<Slopes<'py>> {
        let (curve, rewards, points) = (self::curve(curve)?, vector(&rewards), vector(&points));
        let found = self.rewarded(py, &theta, |law| {
            law.slopes(curve, logarithm, &rewards, &points, tolerance)
        })?;
        split(py, found, self.trace.n_parameters())
    }

    /// Means of `rewards`, `(k, n_vertices)`, given that another is each point, and their relative errors: flat.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> time = np.array([0.0, 1.0, 1.0, 0.0])
    ///   >>> mean, error = trace.rewards_given(theta, time, stage[None], np.array([3.0]), 1e-10)
    ///   >>> mean.round(6).tolist()  # half of the whole
    ///   [1.5]
    fn rewards_given<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        given: Doubles<'_>,
        rewards: PyReadonlyArray2<'_, f64>,
        points: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<(Vector<'py>, Vector<'py>)> {
        let (given, rewards, points) = (vector(&given), rows(&rewards), vector(&points));
        let found = self
            .rewarded(py, &theta, |law| law.given(&given, &slices(&rewards), &points, tolerance))?;
        Ok((found.values.into_pyarray(py), found.errors.into_pyarray(py)))
    }
}
