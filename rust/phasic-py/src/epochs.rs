//! `Epochs`: a chain whose rates change at fixed times; and one step of a chain for old code.

use std::sync::Arc;

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use phasic_core::{Collected, Epoch, EpochGradient, Error, Interrupt, Map, VertexKind, propagate};
use pyo3::prelude::*;

use crate::arrays::{Doubles, vector};
use crate::distribution::curve;
use crate::errors::{interrupted, raise};
use crate::graph::GraphBuilder;
use crate::trace::Trace;

type Vector<'py> = Bound<'py, PyArray1<f64>>;
type Indices<'py> = PyReadonlyArray1<'py, u32>;
/// Sources, targets and probabilities of a map.
type MapArrays<'py> = (Indices<'py>, Indices<'py>, Doubles<'py>);
/// Start, trace, theta and the map into the epoch.
type EpochTuple<'py> = (f64, Py<Trace>, Doubles<'py>, Option<MapArrays<'py>>);
/// Value, and derivatives in the theta of each epoch and in the starts.
type Derivatives<'py> = (f64, Vec<Vector<'py>>, Vector<'py>);

/// Epochs, checked. Vertices are in canonical order; rewards have one entry per vertex.
#[pyclass(module = "phasic._core", frozen)]
pub(crate) struct Epochs {
    epochs: phasic_core::Epochs,
}

impl Epochs {
    /// Runs a computation without the GIL. Ctrl-C stops it.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        compute: impl FnOnce(&phasic_core::Epochs, &Interrupt<'_>) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        py.detach(|| compute(&self.epochs, &Interrupt::when(&interrupted))).map_err(raise)
    }
}

#[pymethods]
impl Epochs {
    #[new]
    fn new(py: Python<'_>, epochs: Vec<EpochTuple<'_>>, tolerance: f64) -> PyResult<Self> {
        let mut list: Vec<Epoch> = Vec::with_capacity(epochs.len());
        for (start, trace, theta, map) in epochs {
            let trace = Arc::clone(&trace.get().trace);
            let map = match (map, list.last()) {
                (None, _) => None,
                (Some(_), None) => return Err(raise(Error::FirstMap)),
                (Some((sources, targets, probabilities)), Some(before)) => {
                    let (sources, targets) = (indices(&sources), indices(&targets));
                    let probabilities = vector(&probabilities);
                    let map = py.detach(|| {
                        Map::new(&before.trace, &trace, &sources, &targets, &probabilities)
                    });
                    Some(Arc::new(map.map_err(raise)?))
                }
            };
            list.push(Epoch { start, trace, theta: vector(&theta), map });
        }
        let epochs = py.detach(|| phasic_core::Epochs::new(list, tolerance)).map_err(raise)?;
        Ok(Self { epochs })
    }

    /// The probability of starting absorbed.
    fn defect(&self) -> f64 {
        self.epochs.defect()
    }

    /// "pdf", "cdf" or "sf" at each time, or its logarithm.
    fn curve<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        times: Doubles<'_>,
        log: bool,
    ) -> PyResult<Vector<'py>> {
        let (curve, times) = (curve(name)?, vector(&times));
        let values = self.run(py, |epochs, interrupt| {
            if log {
                epochs.log_curve(curve, &times, interrupt)
            } else {
                epochs.curve(curve, &times, interrupt)
            }
        })?;
        Ok(values.into_pyarray(py))
    }

    /// The epoch of a time, and the probability of each transient vertex of its graph then.
    fn occupancy<'py>(&self, py: Python<'py>, time: f64) -> PyResult<(usize, Vector<'py>)> {
        let (epoch, values) =
            self.run(py, |epochs, interrupt| epochs.occupancy(time, interrupt))?;
        Ok((epoch, values.into_pyarray(py)))
    }

    /// Per epoch up to a time: the expected time spent in each transient vertex by then.
    fn residence<'py>(&self, py: Python<'py>, time: f64) -> PyResult<Vec<Vector<'py>>> {
        let values = self.run(py, |epochs, interrupt| epochs.residence(time, interrupt))?;
        Ok(values.into_iter().map(|each| each.into_pyarray(py)).collect())
    }

    /// E of the powers 1 to `power` of a reward collected until a time, or with `absorbed` by paths
    /// that are absorbed by then.
    fn moments<'py>(
        &self,
        py: Python<'py>,
        power: usize,
        rewards: Option<Vec<Doubles<'_>>>,
        time: f64,
        absorbed: bool,
    ) -> PyResult<Vector<'py>> {
        let rewards = per_epoch(rewards.as_deref());
        let values = self.run(py, |epochs, interrupt| {
            let rewards = slices(rewards.as_deref());
            epochs.moments(power, rewards.as_deref(), collected(time, absorbed), interrupt)
        })?;
        Ok(values.into_pyarray(py))
    }

    /// The sum of `seeds[k - 1]` times the k-th moment, with derivatives.
    fn moments_gradient<'py>(
        &self,
        py: Python<'py>,
        seeds: Doubles<'_>,
        rewards: Option<Vec<Doubles<'_>>>,
        time: f64,
        absorbed: bool,
    ) -> PyResult<Derivatives<'py>> {
        let (seeds, rewards) = (vector(&seeds), per_epoch(rewards.as_deref()));
        let gradient = self.run(py, |epochs, interrupt| {
            let rewards = slices(rewards.as_deref());
            let collected = collected(time, absorbed);
            epochs.moments_gradient(&seeds, rewards.as_deref(), collected, interrupt)
        })?;
        Ok(derivatives(py, gradient))
    }

    /// The sum of seeds times "pdf", "cdf" or "sf" at the times, with derivatives.
    fn curve_gradient<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        times: Doubles<'_>,
        seeds: Doubles<'_>,
    ) -> PyResult<Derivatives<'py>> {
        let (curve, times, seeds) = (curve(name)?, vector(&times), vector(&seeds));
        let gradient = self
            .run(py, |epochs, interrupt| epochs.curve_gradient(curve, &times, &seeds, interrupt))?;
        Ok(derivatives(py, gradient))
    }

    /// The sum of weights times the logarithm of the density at the times, with derivatives.
    fn log_likelihood_gradient<'py>(
        &self,
        py: Python<'py>,
        times: Doubles<'_>,
        weights: Doubles<'_>,
    ) -> PyResult<Derivatives<'py>> {
        let (times, weights) = (vector(&times), vector(&weights));
        let gradient = self.run(py, |epochs, interrupt| {
            epochs.log_likelihood_gradient(&times, &weights, interrupt)
        })?;
        Ok(derivatives(py, gradient))
    }

    /// The sum of seeds times the occupancy at a time, with derivatives.
    fn occupancy_gradient<'py>(
        &self,
        py: Python<'py>,
        time: f64,
        seeds: Doubles<'_>,
    ) -> PyResult<Derivatives<'py>> {
        let seeds = vector(&seeds);
        let gradient =
            self.run(py, |epochs, interrupt| epochs.occupancy_gradient(time, &seeds, interrupt))?;
        Ok(derivatives(py, gradient))
    }

    /// The derivative in time of the sum of seeds times the occupancy at a time.
    fn occupancy_slope(&self, py: Python<'_>, time: f64, seeds: Doubles<'_>) -> PyResult<f64> {
        let seeds = vector(&seeds);
        self.run(py, |epochs, interrupt| epochs.occupancy_slope(time, &seeds, interrupt))
    }
}

#[pymethods]
impl Trace {
    /// Probabilities per vertex, times 2^exponent, after a duration: `(end, exponent, spent, density,
    /// absorbed)`, with the time spent in each vertex, the density of absorption at the end and the
    /// probability of absorption in between.
    ///
    /// Example:
    ///   >>> trace, theta = phasic.models.erlang(2).trace(), np.ones(1)
    ///   >>> start = np.array([0.0, 1.0, 0.0, 0.0])
    ///   >>> end, exponent, spent, density, absorbed = trace.propagate(theta, start, 0, 1.0, 1e-10)
    ///   >>> np.ldexp(end, exponent).round(6).tolist(), round(absorbed, 6)
    ///   ([0.0, 0.367879, 0.367879, 0.0], 0.264241)
    fn propagate<'py>(
        &self,
        py: Python<'py>,
        theta: Doubles<'_>,
        initial: Doubles<'_>,
        exponent: i64,
        duration: f64,
        tolerance: f64,
    ) -> PyResult<(Vector<'py>, i64, Vector<'py>, f64, f64)> {
        let (theta, initial) = (vector(&theta), vector(&initial));
        let passed = self.run(py, |trace| {
            let interrupt = Interrupt::when(&interrupted);
            propagate(trace, &theta, (&initial, exponent), duration, tolerance, &interrupt)
        })?;
        let (end, spent) = (passed.end.into_pyarray(py), passed.spent.into_pyarray(py));
        Ok((end, passed.exponent, spent, passed.density, passed.absorbed))
    }
}

#[pymethods]
impl GraphBuilder {
    /// Index of the vertex of each state, `(k, state_length)` int32; −1 where there is none.
    fn find_all<'py>(
        &self,
        py: Python<'py>,
        states: PyReadonlyArray2<'_, i32>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let states = states.as_array();
        let find = |state: numpy::ndarray::ArrayView1<'_, i32>| {
            let found = match state.as_slice() {
                Some(state) => self.graph.find(VertexKind::Ordinary, state)?,
                None => self.graph.find(VertexKind::Ordinary, &state.to_vec())?,
            };
            Ok(found.map_or(-1, |vertex| i64::from(vertex.0)))
        };
        let found: Result<Vec<i64>, Error> = states.rows().into_iter().map(find).collect();
        Ok(found.map_err(raise)?.into_pyarray(py))
    }
}

fn collected(time: f64, absorbed: bool) -> Collected {
    if absorbed { Collected::AbsorbedBy(time) } else { Collected::Until(time) }
}

fn indices(array: &Indices<'_>) -> Vec<u32> {
    array.as_array().to_vec()
}

fn per_epoch(rewards: Option<&[Doubles<'_>]>) -> Option<Vec<Vec<f64>>> {
    rewards.map(|rewards| rewards.iter().map(vector).collect())
}

fn slices(rewards: Option<&[Vec<f64>]>) -> Option<Vec<&[f64]>> {
    rewards.map(|rewards| rewards.iter().map(Vec::as_slice).collect())
}

fn derivatives(py: Python<'_>, gradient: EpochGradient) -> Derivatives<'_> {
    let thetas = gradient.thetas.into_iter().map(|each| each.into_pyarray(py)).collect();
    (gradient.value, thetas, gradient.starts.into_pyarray(py))
}
