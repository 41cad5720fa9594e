//! Several accumulated rewards at once: more methods of `Trace`.

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use phasic_core::{
    Complex, Interrupt, Joint, reward_transform_discrete, reward_transform_discrete_for_any_theta,
    reward_transform_for_any_theta,
};
use pyo3::prelude::*;

use crate::arrays::{Doubles, optional, vector};
use crate::derivatives::{clock, rows, slices};
use crate::distribution::curve;
use crate::errors::interrupted;
use crate::graph::GraphBuilder;
use crate::trace::Trace;

type Vector<'py> = Bound<'py, PyArray1<f64>>;

#[pymethods]
impl Trace {
    /// E of the products of powers of rewards, `(m, n_vertices)`, for all orders up to the given
    /// ones: flat, the last order fastest.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> both = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    ///   >>> trace.joint_moments(theta, [1, 1], both, False).round(6).tolist()
    ///   [1.0, 1.0, 1.0, 1.0]
    fn joint_moments<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        orders: Vec<u32>,
        rewards: PyReadonlyArray2<'_, f64>,
        discrete: bool,
    ) -> PyResult<Vector<'py>> {
        let rewards = rows(&rewards);
        let moments = self.moments_of(py, &theta, |at| {
            at.joint_moments(clock(discrete), &orders, &slices(&rewards))
        })?;
        Ok(moments.into_pyarray(py))
    }

    /// E of exp(−Σ zᵢ Yᵢ) at z = re + i·im, `(m,)` each, as (re, im).
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> both = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    ///   >>> re, im = trace.joint_laplace(theta, np.ones(2), np.zeros(2), both)
    ///   >>> round(re, 12), im
    ///   (0.25, 0.0)
    fn joint_laplace(
        &self,
        py: Python<'_>,
        theta: Doubles<'_>,
        re: Doubles<'_>,
        im: Doubles<'_>,
        rewards: PyReadonlyArray2<'_, f64>,
    ) -> PyResult<(f64, f64)> {
        let rewards = rows(&rewards);
        let z: Vec<Complex> =
            vector(&re).into_iter().zip(vector(&im)).map(|(re, im)| Complex { re, im }).collect();
        let value = self.moments_of(py, &theta, |at| at.joint_laplace(&z, &slices(&rewards)))?;
        Ok((value.re, value.im))
    }

    /// The density ("pdf") of two rewards, `(2, n_vertices)`, or the probability of at most ("cdf") or of more
    /// ("sf") of both, at each pair of points, flat: values and relative errors.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> both = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    ///   >>> density, error = trace.joint_values(theta, 'pdf', both, np.array([1.0]), np.array([1.0]), 1e-10)
    ///   >>> density.round(6).tolist()  # exp(−2)
    ///   [0.135335]
    #[allow(clippy::too_many_arguments)]
    fn joint_values<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        curve: &str,
        rewards: PyReadonlyArray2<'_, f64>,
        first: Doubles<'_>,
        second: Doubles<'_>,
        tolerance: f64,
    ) -> PyResult<(Vector<'py>, Vector<'py>)> {
        let (quantity, rewards, theta) = (self::curve(curve)?, rows(&rewards), vector(&theta));
        let points: Vec<(f64, f64)> = vector(&first).into_iter().zip(vector(&second)).collect();
        let found = self.run(py, |trace| {
            let law = Joint::until(trace, &theta, [&rewards[0], &rewards[1]])?;
            law.values(quantity, &points, tolerance, &Interrupt::when(&interrupted))
        })?;
        Ok((found.values.into_pyarray(py), found.errors.into_pyarray(py)))
    }

    /// Probability that exactly the rewards of each subset become positive, `(2^m,)`, the last
    /// reward fastest.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> both = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    ///   >>> trace.atoms(theta, both).round(6).tolist()  # both are passed, always
    ///   [0.0, 0.0, 0.0, 1.0]
    fn atoms<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        rewards: PyReadonlyArray2<'_, f64>,
    ) -> PyResult<Vector<'py>> {
        let rewards = rows(&rewards);
        let atoms = self.moments_of(py, &theta, |at| at.atoms(&slices(&rewards)))?;
        Ok(atoms.into_pyarray(py))
    }

    /// E of the powers 1 to `power` of a reward, given that another one stays zero.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.coxian(2).trace(), np.array([1.0, 1.0, 4.0])
    ///   >>> second = np.array([0.0, 0.0, 1.0, 0.0])  # a reward of the second stage
    ///   >>> trace.moments_given_zero(theta, 1, None, second).round(6).tolist()  # left at the first stage: rate 2
    ///   [0.5]
    fn moments_given_zero<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        power: usize,
        rewards: Option<Doubles<'_>>,
        zero: Doubles<'_>,
    ) -> PyResult<Vector<'py>> {
        let (rewards, zero) = (optional(rewards.as_ref()), vector(&zero));
        let moments = self
            .moments_of(py, &theta, |at| at.moments_given_zero(power, rewards.as_deref(), &zero))?;
        Ok(moments.into_pyarray(py))
    }

    /// The graph whose absorption time is the accumulated reward, for any theta; None where its
    /// weights cannot be linear in theta.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> graph = trace.reward_transform_for_any_theta(stage)
    ///   >>> graph.freeze().record().moments(np.array([4.0]), 1).tolist()
    ///   [0.25]
    fn reward_transform_for_any_theta(
        &self,
        py: Python<'_>,
        rewards: Doubles<'_>,
    ) -> PyResult<Option<GraphBuilder>> {
        let rewards = vector(&rewards);
        let graph = self.run(py, |trace| reward_transform_for_any_theta(trace, &rewards))?;
        Ok(graph.map(|graph| GraphBuilder { graph }))
    }

    /// The graph whose number of steps is the reward of the discrete chain.
    ///
    /// Example:
    ///   >>> graph = phasic.models.erlang(1).discretize(1.0)  # events before the end: P(k) = ½ᵏ⁺¹
    ///   >>> trace, theta, count = graph.trace(), np.ones(1), np.asarray(graph.rewards, float)
    ///   >>> graph = trace.reward_transform_discrete(theta, count)
    ///   >>> graph.n_vertices
    ///   3
    fn reward_transform_discrete(
        &self,
        py: Python<'_>,
        theta: Doubles<'_>,
        rewards: Doubles<'_>,
    ) -> PyResult<GraphBuilder> {
        let (theta, rewards) = (vector(&theta), vector(&rewards));
        let graph = self.run(py, |trace| reward_transform_discrete(trace, &theta, &rewards))?;
        Ok(GraphBuilder { graph })
    }

    /// As `reward_transform_discrete`, for any theta; None where its weights cannot be linear in it.
    ///
    /// Example:
    ///   >>> graph = phasic.models.erlang(1).discretize(1.0)  # events before the end: P(k) = ½ᵏ⁺¹
    ///   >>> trace, theta, count = graph.trace(), np.ones(1), np.asarray(graph.rewards, float)
    ///   >>> graph = trace.reward_transform_discrete_for_any_theta(count)
    ///   >>> graph is None  # theta / (1 + theta) is not linear in theta
    ///   True
    fn reward_transform_discrete_for_any_theta(
        &self,
        py: Python<'_>,
        rewards: Doubles<'_>,
    ) -> PyResult<Option<GraphBuilder>> {
        let rewards = vector(&rewards);
        let graph =
            self.run(py, |trace| reward_transform_discrete_for_any_theta(trace, &rewards))?;
        Ok(graph.map(|graph| GraphBuilder { graph }))
    }
}
