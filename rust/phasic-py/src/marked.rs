//! Counts of marks laid on rewards: more methods of `Trace`.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use phasic_core::{Error, Interrupt, Marked, MarkedGradient};
use pyo3::prelude::*;

use crate::arrays::{Doubles, vector};
use crate::errors::interrupted;
use crate::trace::Trace;

type Vector<'py> = Bound<'py, PyArray1<f64>>;
/// Value, and derivatives in theta, in the probability of starting in each vertex, in the rate of
/// each type, in the rewards of each type.
type Derivatives<'py> = (f64, Vector<'py>, Vector<'py>, Vector<'py>, Vec<Vector<'py>>);

impl Trace {
    /// Runs a computation on the law of marks; a matrix of no rewards stands for one type with
    /// reward 1.
    fn marked<T: Send>(
        &self,
        py: Python<'_>,
        theta: &Doubles<'_>,
        rewards: &PyReadonlyArray2<'_, f64>,
        rates: &Doubles<'_>,
        compute: impl FnOnce(&Marked<'_>) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        let (theta, rates) = (vector(theta), vector(rates));
        let rewards: Vec<Vec<f64>> =
            rewards.as_array().rows().into_iter().map(|row| row.to_vec()).collect();
        self.run(py, |trace| {
            let rewards: Vec<Option<&[f64]>> = match rewards.len() {
                0 => vec![None],
                _ => rewards.iter().map(|row| Some(row.as_slice())).collect(),
            };
            let interrupt = Interrupt::when(&interrupted);
            compute(&Marked::until(trace, &theta, &rewards, &rates, interrupt)?)
        })
    }
}

fn derivatives(py: Python<'_>, gradient: MarkedGradient) -> Derivatives<'_> {
    let MarkedGradient { value, theta, initial, rates, rewards } = gradient;
    let rewards = rewards.into_iter().map(|each| each.into_pyarray(py)).collect();
    let [theta, initial, rates] = [theta, initial, rates].map(|each| each.into_pyarray(py));
    (value, theta, initial, rates, rewards)
}

#[pymethods]
impl Trace {
    /// Probability of each row of counts, `(k, types)` flat, or its logarithm: `(k,)`.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> rates = np.ones(1)  # of one type of mark, on the first stage: a geometric law
    ///   >>> trace.marked_pmf(theta, np.array([0.0, 1.0]), stage[None], rates, False).round(6).tolist()
    ///   [0.5, 0.25]
    fn marked_pmf<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        counts: Doubles<'_>,
        rewards: PyReadonlyArray2<'_, f64>,
        rates: Doubles<'_>,
        logarithm: bool,
    ) -> PyResult<Vector<'py>> {
        let counts = vector(&counts);
        let values = self.marked(py, &theta, &rewards, &rates, |law| {
            if logarithm { law.ln_pmf(&counts) } else { law.pmf(&counts) }
        })?;
        Ok(values.into_pyarray(py))
    }

    /// Probability of at most each total count, or with `above` of more: `(k,)`.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> trace.marked_cdf(theta, np.array([0.0, 1.0]), stage[None], np.ones(1), False).round(6).tolist()
    ///   [0.5, 0.75]
    fn marked_cdf<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        counts: Doubles<'_>,
        rewards: PyReadonlyArray2<'_, f64>,
        rates: Doubles<'_>,
        above: bool,
    ) -> PyResult<Vector<'py>> {
        let counts = vector(&counts);
        let values = self.marked(py, &theta, &rewards, &rates, |law| {
            if above { law.sf(&counts) } else { law.cdf(&counts) }
        })?;
        Ok(values.into_pyarray(py))
    }

    /// Probability of every vector of counts up to `largest`, flat, the last type fastest.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> trace.marked_table(theta, np.array([2.0]), stage[None], np.ones(1)).round(6).tolist()
    ///   [0.5, 0.25, 0.125]
    fn marked_table<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        largest: Doubles<'_>,
        rewards: PyReadonlyArray2<'_, f64>,
        rates: Doubles<'_>,
    ) -> PyResult<Vector<'py>> {
        let largest = vector(&largest);
        let table = self.marked(py, &theta, &rewards, &rates, |law| law.table(&largest))?;
        Ok(table.into_pyarray(py))
    }

    /// For each type, the probabilities of 0 to `largest` marks, `(types, largest + 1)` flat.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> trace.marked_marginals(theta, 1.0, stage[None], np.ones(1)).round(6).tolist()
    ///   [0.5, 0.25]
    fn marked_marginals<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        largest: f64,
        rewards: PyReadonlyArray2<'_, f64>,
        rates: Doubles<'_>,
    ) -> PyResult<Vector<'py>> {
        let table = self.marked(py, &theta, &rewards, &rates, |law| law.marginals(largest))?;
        Ok(table.into_pyarray(py))
    }

    /// Σ seeds · probability of the rows of counts, or of its logarithms, and its derivatives.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> value, by_theta, *_ = trace.marked_gradient(theta, np.zeros(1), np.ones(1), stage[None], np.ones(1), False)
    ///   >>> value, by_theta.round(12).tolist()  # theta / (1 + theta)
    ///   (0.5, [0.25])
    #[expect(clippy::too_many_arguments, reason = "the arguments of the law, and of the sum")]
    fn marked_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        counts: Doubles<'_>,
        seeds: Doubles<'_>,
        rewards: PyReadonlyArray2<'_, f64>,
        rates: Doubles<'_>,
        logarithm: bool,
    ) -> PyResult<Derivatives<'py>> {
        let (counts, seeds) = (vector(&counts), vector(&seeds));
        let gradient = self.marked(py, &theta, &rewards, &rates, |law| {
            if logarithm {
                law.log_likelihood_gradient(&counts, &seeds)
            } else {
                law.pmf_gradient(&counts, &seeds)
            }
        })?;
        Ok(derivatives(py, gradient))
    }

    /// Σ weights · logarithm of the probability of the rows of counts.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> value = trace.marked_log_likelihood(theta, np.array([0.0, 0.0]), np.ones(2), stage[None], np.ones(1))
    ///   >>> round(value, 6)  # 2 log ½
    ///   -1.386294
    fn marked_log_likelihood(
        &self,
        py: Python<'_>,
        theta: Doubles<'_>,
        counts: Doubles<'_>,
        weights: Doubles<'_>,
        rewards: PyReadonlyArray2<'_, f64>,
        rates: Doubles<'_>,
    ) -> PyResult<f64> {
        let (counts, weights) = (vector(&counts), vector(&weights));
        self.marked(py, &theta, &rewards, &rates, |law| law.log_likelihood(&counts, &weights))
    }
}
