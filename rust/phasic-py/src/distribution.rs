//! Distribution functions in time and in counts: more methods of `Trace`.

use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use phasic_core::{
    Absorption, Answer, CountCurve, Curve, Discrete, Error, Interrupt, Jet, Tail, Wanted,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{Doubles, vector};
use crate::errors::interrupted;
use crate::trace::Trace;

type Vector<'py> = Bound<'py, PyArray1<f64>>;
type Matrix<'py> = Bound<'py, PyArray2<f64>>;
/// Values, and derivatives in θ and in the points.
pub(crate) type Slopes<'py> = (Vector<'py>, Matrix<'py>, Vector<'py>);

impl Trace {
    fn discrete_of<'py>(
        &self,
        py: Python<'py>,
        theta: &Doubles<'_>,
        rewards: &Doubles<'_>,
        compute: impl FnOnce(&Discrete<'_>) -> Result<Vec<f64>, Error> + Send,
    ) -> PyResult<Vector<'py>> {
        let (theta, rewards) = (vector(theta), vector(rewards));
        let values = self.run(py, |trace| {
            compute(&Discrete::until(trace, &theta, &rewards, Interrupt::when(&interrupted))?)
        })?;
        Ok(values.into_pyarray(py))
    }
}

/// A function of time by its name.
pub(crate) fn curve(name: &str) -> PyResult<Curve> {
    match name {
        "pdf" => Ok(Curve::Density),
        "cdf" => Ok(Curve::Absorbed),
        "sf" => Ok(Curve::Survival),
        other => {
            let message = format!("curve is {other:?}: it must be pdf, cdf or sf");
            Err(PyValueError::new_err(message))
        }
    }
}

/// Values `(k,)`, derivatives in θ `(k, p)` and in the points `(k,)`.
pub(crate) fn split(py: Python<'_>, jet: Jet, p: usize) -> PyResult<Slopes<'_>> {
    let rows = jet.first.chunks_exact(p + 1);
    let in_theta: Vec<f64> = rows.clone().flat_map(|row| &row[..p]).copied().collect();
    let in_points: Vec<f64> = rows.map(|row| row[p]).collect();
    let in_theta = PyArray1::from_vec(py, in_theta).reshape([jet.values.len(), p])?;
    Ok((jet.values.into_pyarray(py), in_theta, in_points.into_pyarray(py)))
}

#[pymethods]
impl Trace {
    /// `curve` ("pdf", "cdf" or "sf") at each time, the estimated relative errors, and 0 for
    /// uniformization, 1 for a contour, 2 for a limit.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> values, errors, methods = trace.explained(theta, np.array([1.0]), 1e-10, 'sf')
    ///   >>> values.round(6).tolist(), bool(errors.max() < 1e-9), list(methods)
    ///   ([0.735759], True, [0])
    fn explained<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        times: Doubles<'_>,
        tolerance: f64,
        curve: &str,
    ) -> PyResult<(Vector<'py>, Vector<'py>, Vec<u8>)> {
        let curve = match curve {
            "pdf" => Curve::Density,
            "cdf" => Curve::Absorbed,
            _ => Curve::Survival,
        };
        let (theta, times) = (vector(&theta), vector(&times));
        let answers = self.run(py, |trace| {
            Absorption::until(trace, &theta, Interrupt::when(&interrupted))?
                .answers(curve, &times, tolerance)
        })?;
        let values: Vec<f64> = answers.iter().map(Answer::value).collect();
        let errors: Vec<f64> = answers.iter().map(|answer| answer.error).collect();
        let ways = answers.iter().map(|answer| answer.way as u8).collect();
        Ok((values.into_pyarray(py), errors.into_pyarray(py), ways))
    }

    /// Density at each time.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.pdf(theta, np.array([1.0]), 1e-10).round(6).tolist()  # t exp(−t)
    ///   [0.367879]
    fn pdf<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        times: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<Vector<'py>> {
        let times = vector(&times);
        self.law_of(py, &theta, |law| law.pdf(&times, tolerance))
    }

    /// Probability of being absorbed at each time.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.cdf(theta, np.array([1.0]), 1e-10).round(6).tolist()  # 1 − (1 + t) exp(−t)
    ///   [0.264241]
    fn cdf<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        times: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<Vector<'py>> {
        let times = vector(&times);
        self.law_of(py, &theta, |law| law.cdf(&times, tolerance))
    }

    /// Probability of not being absorbed at each time.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.sf(theta, np.array([1.0]), 1e-10).round(6).tolist()  # (1 + t) exp(−t)
    ///   [0.735759]
    fn sf<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        times: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<Vector<'py>> {
        let times = vector(&times);
        self.law_of(py, &theta, |law| law.sf(&times, tolerance))
    }

    /// Logarithm of the density at each time.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.log_pdf(theta, np.array([1.0, 1000.0]), 1e-10).round(6).tolist()  # log(t) − t
    ///   [-1.0, -993.092245]
    fn log_pdf<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        times: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<Vector<'py>> {
        let times = vector(&times);
        self.law_of(py, &theta, |law| law.log_pdf(&times, tolerance))
    }

    /// Logarithm of the probability of being absorbed at each time.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.log_cdf(theta, np.array([1.0]), 1e-10).round(6).tolist()
    ///   [-1.330893]
    fn log_cdf<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        times: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<Vector<'py>> {
        let times = vector(&times);
        self.law_of(py, &theta, |law| law.log_cdf(&times, tolerance))
    }

    /// Logarithm of the probability of not being absorbed at each time.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.log_sf(theta, np.array([1.0, 1000.0]), 1e-10).round(6).tolist()  # log(1 + t) − t
    ///   [-0.306853, -993.091245]
    fn log_sf<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        times: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<Vector<'py>> {
        let times = vector(&times);
        self.law_of(py, &theta, |law| law.log_sf(&times, tolerance))
    }

    /// Density over survival function at each time.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> trace.hazard(theta, np.array([1.0, 3.0]), 1e-10).round(6).tolist()  # t / (1 + t)
    ///   [0.5, 0.75]
    fn hazard<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        times: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<Vector<'py>> {
        let times = vector(&times);
        self.law_of(py, &theta, |law| law.hazard(&times, tolerance))
    }

    /// Time of each probability of being absorbed, or with `upper` of not being absorbed.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> t = trace.quantile(theta, np.array([0.5]), False, 1e-10)
    ///   >>> trace.cdf(theta, t, 1e-10).round(6).tolist()
    ///   [0.5]
    fn quantile<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        probabilities: Doubles<'_>,
        upper: bool,
        tolerance: f64,
    ) -> PyResult<Vector<'py>> {
        let probabilities = vector(&probabilities);
        let tail = if upper { Tail::Upper } else { Tail::Lower };
        self.law_of(py, &theta, |law| law.quantile(&probabilities, tail, tolerance))
    }

    /// A function of time, "pdf", "cdf" or "sf", or its logarithm: values `(m,)`, derivatives in theta `(m,
    /// n_parameters)` and in time `(m,)`.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> value, by_theta, by_time = trace.slopes(theta, 'sf', False, np.array([1.0]), 1e-10)
    ///   >>> by_theta.round(6).tolist(), by_time.round(6).tolist()  # both −t exp(−t) at theta = t = 1
    ///   ([[-0.367879]], [-0.367879])
    fn slopes<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        curve: &str,
        logarithm: bool,
        times: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<Slopes<'py>> {
        let (curve, theta, times) = (self::curve(curve)?, vector(&theta), vector(&times));
        let found = self.run(py, |trace| {
            let law = Absorption::until(trace, &theta, Interrupt::when(&interrupted))?;
            law.jet(curve, logarithm, &times, tolerance, Wanted::First)
        })?;
        split(py, found, self.trace.n_parameters())
    }

    /// Probability of each count. Empty rewards: ones.
    ///
    /// Example:
    ///   >>> graph = phasic.models.erlang(1).discretize(1.0)  # events before the end: P(k) = ½ᵏ⁺¹
    ///   >>> trace, theta, count = graph.trace(), np.ones(1), np.asarray(graph.rewards, float)
    ///   >>> trace.pmf(theta, np.array([0.0, 1.0, 2.0]), count).round(6).tolist()
    ///   [0.5, 0.25, 0.125]
    fn pmf<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        counts: Doubles<'_>,
        rewards: Doubles<'_>,
    ) -> PyResult<Vector<'py>> {
        let counts = vector(&counts);
        self.discrete_of(py, &theta, &rewards, |law| law.pmf(&counts))
    }

    /// Logarithm of the probability of each count. Empty rewards: ones.
    ///
    /// Example:
    ///   >>> graph = phasic.models.erlang(1).discretize(1.0)  # events before the end: P(k) = ½ᵏ⁺¹
    ///   >>> trace, theta, count = graph.trace(), np.ones(1), np.asarray(graph.rewards, float)
    ///   >>> trace.log_pmf(theta, np.array([100.0]), count).round(6).tolist()  # −101 log 2
    ///   [-70.007865]
    fn log_pmf<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        counts: Doubles<'_>,
        rewards: Doubles<'_>,
    ) -> PyResult<Vector<'py>> {
        let counts = vector(&counts);
        self.discrete_of(py, &theta, &rewards, |law| law.log_pmf(&counts))
    }

    /// Probability of at most each count. Empty rewards: ones.
    ///
    /// Example:
    ///   >>> graph = phasic.models.erlang(1).discretize(1.0)  # events before the end: P(k) = ½ᵏ⁺¹
    ///   >>> trace, theta, count = graph.trace(), np.ones(1), np.asarray(graph.rewards, float)
    ///   >>> trace.discrete_cdf(theta, np.array([0.0, 1.0]), count).round(6).tolist()
    ///   [0.5, 0.75]
    fn discrete_cdf<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        counts: Doubles<'_>,
        rewards: Doubles<'_>,
    ) -> PyResult<Vector<'py>> {
        let counts = vector(&counts);
        self.discrete_of(py, &theta, &rewards, |law| law.cdf(&counts))
    }

    /// Probability of more than each count. Empty rewards: ones.
    ///
    /// Example:
    ///   >>> graph = phasic.models.erlang(1).discretize(1.0)  # events before the end: P(k) = ½ᵏ⁺¹
    ///   >>> trace, theta, count = graph.trace(), np.ones(1), np.asarray(graph.rewards, float)
    ///   >>> trace.discrete_sf(theta, np.array([0.0, 1.0]), count).round(6).tolist()
    ///   [0.5, 0.25]
    fn discrete_sf<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        counts: Doubles<'_>,
        rewards: Doubles<'_>,
    ) -> PyResult<Vector<'py>> {
        let counts = vector(&counts);
        self.discrete_of(py, &theta, &rewards, |law| law.sf(&counts))
    }

    /// "pmf", "logpmf", "cdf" or "sf" of counts: values `(m,)` and derivatives in theta `(m,
    /// n_parameters)`. Empty rewards: ones.
    ///
    /// Example:
    ///   >>> graph = phasic.models.erlang(1).discretize(1.0)  # events before the end: P(k) = ½ᵏ⁺¹
    ///   >>> trace, theta, count = graph.trace(), np.ones(1), np.asarray(graph.rewards, float)
    ///   >>> values, by_theta = trace.discrete_slopes(theta, 'pmf', np.array([0.0]), count)
    ///   >>> values.tolist(), by_theta.tolist()  # theta / (1 + theta)
    ///   ([0.5], [[0.25]])
    fn discrete_slopes<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        curve: &str,
        counts: Doubles<'_>,
        rewards: Doubles<'_>,
    ) -> PyResult<(Vector<'py>, Matrix<'py>)> {
        let curve = match curve {
            "pmf" => CountCurve::Mass,
            "logpmf" => CountCurve::LogMass,
            "cdf" => CountCurve::Below,
            "sf" => CountCurve::Above,
            other => {
                let message = format!("curve is {other:?}: it must be pmf, logpmf, cdf or sf");
                return Err(PyValueError::new_err(message));
            }
        };
        let (theta, counts, rewards) = (vector(&theta), vector(&counts), vector(&rewards));
        let (values, slopes) = self.run(py, |trace| {
            Discrete::until(trace, &theta, &rewards, Interrupt::when(&interrupted))?
                .slopes(curve, &counts)
        })?;
        let shape = [counts.len(), self.trace.n_parameters()];
        Ok((values.into_pyarray(py), PyArray1::from_vec(py, slopes).reshape(shape)?))
    }

    /// Smallest count of at least each cumulative probability. Empty rewards: ones.
    ///
    /// Example:
    ///   >>> graph = phasic.models.erlang(1).discretize(1.0)  # events before the end: P(k) = ½ᵏ⁺¹
    ///   >>> trace, theta, count = graph.trace(), np.ones(1), np.asarray(graph.rewards, float)
    ///   >>> trace.discrete_quantile(theta, np.array([0.5, 0.8]), count).tolist()
    ///   [0.0, 2.0]
    fn discrete_quantile<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        probabilities: Doubles<'_>,
        rewards: Doubles<'_>,
    ) -> PyResult<Vector<'py>> {
        let probabilities = vector(&probabilities);
        self.discrete_of(py, &theta, &rewards, |law| law.quantile(&probabilities))
    }
}
