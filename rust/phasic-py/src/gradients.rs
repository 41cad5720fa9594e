//! Derivatives of a trace's numbers: more methods of `Trace`.

use numpy::{Complex64, IntoPyArray, PyArray1, PyReadonlyArray2};
use phasic_core::{Complex, Dual, Gradient, Moments, Quantity};
use pyo3::prelude::*;
use pyo3::types::PyComplex;

use crate::arrays::{Doubles, optional, vector};
use crate::derivatives::{clock, rows, slices};
use crate::trace::Trace;

type Array<'py, T> = Bound<'py, PyArray1<T>>;
type Number<'py> = Bound<'py, PyComplex>;
/// Value, and derivatives in theta, in the weight of each edge, in the probability of starting in
/// each vertex, in each vector of rewards.
type Parts<'py, V, T> = (V, Array<'py, T>, Array<'py, T>, Array<'py, T>, Vec<Array<'py, T>>);
/// With the Hessian in theta times a direction, where one is given.
type Derivatives<'py> = (Parts<'py, f64, f64>, Option<Array<'py, f64>>);

fn parts<'py, V, T, N: numpy::Element>(
    py: Python<'py>,
    value: V,
    gradient: &Gradient<T>,
    number: impl Fn(&T) -> N,
) -> Parts<'py, V, N> {
    let array = |values: &Vec<T>| values.iter().map(&number).collect::<Vec<N>>().into_pyarray(py);
    let rewards = gradient.rewards.iter().map(array).collect();
    let Gradient { theta, edges, initial, .. } = gradient;
    (value, array(theta), array(edges), array(initial), rewards)
}

fn real(py: Python<'_>, gradient: Gradient) -> Parts<'_, f64, f64> {
    parts(py, gradient.value, &gradient, |&value| value)
}

impl Trace {
    /// The derivatives of a quantity, and along a direction where one is given.
    fn derive<'py>(
        &self,
        py: Python<'py>,
        theta: &Doubles<'_>,
        quantity: &Quantity<'_>,
        direction: Option<Doubles<'_>>,
    ) -> PyResult<Derivatives<'py>> {
        let Some(direction) = direction else {
            let gradient = self.moments_of(py, theta, |at| at.gradient(quantity))?;
            return Ok((real(py, gradient), None));
        };
        let direction = vector(&direction);
        let along = |at: &Moments<'_>| at.hessian_product(quantity, &direction);
        let gradient = self.moments_of(py, theta, along)?;
        let found = parts(py, gradient.value.value, &gradient, |dual| dual.value);
        Ok((found, Some(product(py, &gradient))))
    }
}

fn product<'py>(py: Python<'py>, gradient: &Gradient<Dual>) -> Array<'py, f64> {
    gradient.theta.iter().map(|dual| dual.slope).collect::<Vec<f64>>().into_pyarray(py)
}

#[pymethods]
impl Trace {
    /// Σ seeds[k − 1] · `E[Yᵏ]` and its derivatives.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> (mean, by_theta, *_), _ = trace.moments_gradient(theta, np.array([1.0]))
    ///   >>> mean, by_theta.tolist()
    ///   (2.0, [-2.0])
    #[pyo3(signature = (theta, seeds, rewards = None, *, discrete = false, direction = None))]
    fn moments_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        seeds: Doubles<'_>,
        rewards: Option<Doubles<'_>>,
        discrete: bool,
        direction: Option<Doubles<'_>>,
    ) -> PyResult<Derivatives<'py>> {
        let (seeds, rewards) = (vector(&seeds), optional(rewards.as_ref()));
        let (clock, rewards) = (clock(discrete), rewards.as_deref());
        let quantity = Quantity::Moments { clock, seeds: &seeds, rewards };
        self.derive(py, &theta, &quantity, direction)
    }

    /// Σ seeds · (joint moments up to the orders, flat, the last order fastest) of rewards, `(m,
    /// n_vertices)`, and its derivatives.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> both = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    ///   >>> seeds = np.array([0.0, 0.0, 0.0, 1.0])  # of orders (0, 0), (0, 1), (1, 0), (1, 1)
    ///   >>> (product, by_theta, *_), _ = trace.joint_moments_gradient(theta, [1, 1], both, seeds)
    ///   >>> round(product, 12), by_theta.round(12).tolist()  # 1 / theta²
    ///   (1.0, [-2.0])
    #[pyo3(signature = (theta, orders, rewards, seeds, *, discrete = false, direction = None))]
    #[expect(clippy::too_many_arguments, reason = "they are what Python passes")]
    fn joint_moments_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        orders: Vec<u32>,
        rewards: PyReadonlyArray2<'_, f64>,
        seeds: Doubles<'_>,
        discrete: bool,
        direction: Option<Doubles<'_>>,
    ) -> PyResult<Derivatives<'py>> {
        let (rewards, seeds, clock) = (rows(&rewards), vector(&seeds), clock(discrete));
        let rewards = slices(&rewards);
        let quantity =
            Quantity::JointMoments { clock, orders: &orders, rewards: &rewards, seeds: &seeds };
        self.derive(py, &theta, &quantity, direction)
    }

    /// The covariance of two rewards and its derivatives.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> (variance, by_theta, *_), _ = trace.covariance_gradient(theta)
    ///   >>> round(variance, 12), by_theta.round(12).tolist()  # 2 / theta²
    ///   (2.0, [-4.0])
    #[pyo3(signature = (theta, first = None, second = None, *, discrete = false, direction = None))]
    fn covariance_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        first: Option<Doubles<'_>>,
        second: Option<Doubles<'_>>,
        discrete: bool,
        direction: Option<Doubles<'_>>,
    ) -> PyResult<Derivatives<'py>> {
        let (first, second) = (optional(first.as_ref()), optional(second.as_ref()));
        let (first, second) = (first.as_deref(), second.as_deref());
        let quantity = Quantity::Covariance { clock: clock(discrete), first, second };
        self.derive(py, &theta, &quantity, direction)
    }

    /// Σ seeds · waiting and its derivatives. `seeds`: per vertex.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> seeds = np.array([0.0, 0.0, 1.0, 0.0])  # from the last stage: 1 / theta
    ///   >>> (mean, by_theta, *_), _ = trace.waiting_gradient(theta, seeds)
    ///   >>> mean, by_theta.tolist()
    ///   (1.0, [-1.0])
    #[pyo3(signature = (theta, seeds, rewards = None, *, direction = None))]
    fn waiting_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        seeds: Doubles<'_>,
        rewards: Option<Doubles<'_>>,
        direction: Option<Doubles<'_>>,
    ) -> PyResult<Derivatives<'py>> {
        let (seeds, rewards) = (vector(&seeds), optional(rewards.as_ref()));
        let quantity = Quantity::Waiting { seeds: &seeds, rewards: rewards.as_deref() };
        self.derive(py, &theta, &quantity, direction)
    }

    /// Σ seeds · residence and its derivatives. `seeds`: per vertex.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> (mean, by_theta, *_), _ = trace.residence_gradient(theta, stage)
    ///   >>> mean, by_theta.tolist()  # 1 / theta
    ///   (1.0, [-1.0])
    #[pyo3(signature = (theta, seeds, rewards = None, *, direction = None))]
    fn residence_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        seeds: Doubles<'_>,
        rewards: Option<Doubles<'_>>,
        direction: Option<Doubles<'_>>,
    ) -> PyResult<Derivatives<'py>> {
        let (seeds, rewards) = (vector(&seeds), optional(rewards.as_ref()));
        let quantity = Quantity::Residence { seeds: &seeds, rewards: rewards.as_deref() };
        self.derive(py, &theta, &quantity, direction)
    }

    /// Σ seeds · visits and its derivatives. `seeds`: per vertex.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> (number, by_theta, *_), _ = trace.visits_gradient(theta, stage)
    ///   >>> number, (by_theta + 0.0).tolist()  # one, at any rate
    ///   (1.0, [0.0])
    #[pyo3(signature = (theta, seeds, *, direction = None))]
    fn visits_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        seeds: Doubles<'_>,
        direction: Option<Doubles<'_>>,
    ) -> PyResult<Derivatives<'py>> {
        let seeds = vector(&seeds);
        self.derive(py, &theta, &Quantity::Visits { seeds: &seeds }, direction)
    }

    /// Σ seeds · (probability of being absorbed in a vertex) and its derivatives. `seeds`: per
    /// vertex.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> stage = np.array([0.0, 1.0, 0.0, 0.0])  # the first stage
    ///   >>> (probability, by_theta, *_), _ = trace.absorption_gradient(theta, 3, stage)
    ///   >>> probability, (by_theta + 0.0).tolist()
    ///   (1.0, [0.0])
    #[pyo3(signature = (theta, vertex, seeds, *, direction = None))]
    fn absorption_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        vertex: usize,
        seeds: Doubles<'_>,
        direction: Option<Doubles<'_>>,
    ) -> PyResult<Derivatives<'py>> {
        let seeds = vector(&seeds);
        self.derive(py, &theta, &Quantity::Absorption { seeds: &seeds, vertex }, direction)
    }

    /// The probability that a reward stays zero, and its derivatives.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> never, by_theta, *_ = trace.atom_gradient(theta, np.array([0.0, 1.0, 0.0, 0.0]))
    ///   >>> never, (by_theta + 0.0).tolist()
    ///   (0.0, [0.0])
    fn atom_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        rewards: Doubles<'_>,
    ) -> PyResult<Parts<'py, f64, f64>> {
        let rewards = vector(&rewards);
        Ok(real(py, self.moments_of(py, &theta, |at| at.atom_gradient(&rewards))?))
    }

    /// Σ seeds[k − 1] · E of the k-th power of a reward, given that another one stays zero, and its
    /// derivatives.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.coxian(2).trace(), np.array([1.0, 1.0, 4.0])
    ///   >>> second = np.array([0.0, 0.0, 1.0, 0.0])  # a reward of the second stage
    ///   >>> mean, by_theta, *_ = trace.moments_given_zero_gradient(theta, np.ones(1), None, second)
    ///   >>> mean
    ///   0.5
    fn moments_given_zero_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        seeds: Doubles<'_>,
        rewards: Option<Doubles<'_>>,
        zero: Doubles<'_>,
    ) -> PyResult<Parts<'py, f64, f64>> {
        let (seeds, rewards) = (vector(&seeds), optional(rewards.as_ref()));
        let zero = vector(&zero);
        let gradient = self.moments_of(py, &theta, |at| {
            at.moments_given_zero_gradient(&seeds, rewards.as_deref(), &zero)
        })?;
        Ok(real(py, gradient))
    }

    /// The defect and its derivatives.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> (defect, by_theta, *_), _ = trace.defect_gradient(theta)
    ///   >>> defect, (by_theta + 0.0).tolist()
    ///   (0.0, [0.0])
    #[pyo3(signature = (theta, *, direction = None))]
    fn defect_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        direction: Option<Doubles<'_>>,
    ) -> PyResult<Derivatives<'py>> {
        self.derive(py, &theta, &Quantity::Defect, direction)
    }

    /// E of exp(−s · reward), its derivatives, and the one in s.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> ((value, by_theta, *_), _), by_s = trace.laplace_gradient(theta, 1.0)
    ///   >>> round(value, 12), by_theta.round(12).tolist(), round(by_s, 12)
    ///   (0.25, [0.25], -0.25)
    #[pyo3(signature = (theta, s, rewards = None, *, direction = None))]
    fn laplace_gradient<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        s: f64,
        rewards: Option<Doubles<'_>>,
        direction: Option<Doubles<'_>>,
    ) -> PyResult<(Derivatives<'py>, f64)> {
        let (rewards, direction) = (optional(rewards.as_ref()), optional(direction.as_ref()));
        let rewards = rewards.as_deref();
        let (gradient, in_s, along) = self.moments_of(py, &theta, |at| {
            let (gradient, in_s) = at.laplace_gradient(s, rewards)?;
            let quantity = Quantity::Laplace { s, rewards };
            let along = direction.map(|direction| at.hessian_product(&quantity, &direction));
            Ok((gradient, in_s, along.transpose()?))
        })?;
        let product = along.map(|along| product(py, &along));
        Ok(((real(py, gradient), product), in_s))
    }

    /// E of exp(−z · reward) at z = re + i·im, its derivatives, and the one in z.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> (value, by_theta, *_), by_z = trace.laplace_gradient_at(theta, 0.0, 1.0)
    ///   >>> complex(np.round(by_z, 12))  # −2 / (1 + i)³
    ///   (0.5+0.5j)
    #[pyo3(signature = (theta, re, im, rewards = None))]
    fn laplace_gradient_at<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        re: f64,
        im: f64,
        rewards: Option<Doubles<'_>>,
    ) -> PyResult<(Parts<'py, Number<'py>, Complex64>, Number<'py>)> {
        let (rewards, z) = (optional(rewards.as_ref()), Complex { re, im });
        let (gradient, in_z) =
            self.moments_of(py, &theta, |at| at.laplace_gradient_at(z, rewards.as_deref()))?;
        let number = |value: Complex| PyComplex::from_doubles(py, value.re, value.im);
        let complex = |value: &Complex| Complex64::new(value.re, value.im);
        Ok((parts(py, number(gradient.value), &gradient, complex), number(in_z)))
    }
}
