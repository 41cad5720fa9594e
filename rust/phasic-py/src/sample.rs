//! `Sampler`: random walks of a graph at one θ.

use numpy::{AsSliceError, IntoPyArray, PyArray1, PyReadwriteArray1, PyReadwriteArray2};
use phasic_core::{Clock, Error, Interrupt, Key};
use pyo3::prelude::*;

use crate::arrays::{Doubles, vector};
use crate::errors::{interrupted, raise};
use crate::graph::{FrozenGraph, value_error};

/// Draws from the law of a graph at one theta. Vertices are in canonical order. Ctrl-C stops every
/// method.
#[pyclass(module = "phasic._core", frozen)]
pub(crate) struct Sampler {
    sampler: phasic_core::Sampler,
}

/// Vertices and times of entry of paths.
type Paths<'py> = (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<f64>>);

impl Sampler {
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        draw: impl FnOnce(&phasic_core::Sampler, &Interrupt<'_>) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        let drawn = || draw(&self.sampler, &Interrupt::when(&interrupted));
        py.detach(drawn).map_err(raise)
    }
}

#[pymethods]
impl Sampler {
    #[new]
    #[pyo3(signature = (graph, theta, *, discrete = false))]
    fn new(
        py: Python<'_>,
        graph: &FrozenGraph,
        theta: Doubles<'_>,
        discrete: bool,
    ) -> PyResult<Self> {
        let (graph, theta) = (&graph.frozen.graph, vector(&theta));
        let clock = if discrete { Clock::Steps } else { Clock::Time };
        let sampler = py.detach(|| phasic_core::Sampler::new(graph, &theta, clock));
        Ok(Self { sampler: sampler.map_err(raise)? })
    }

    /// Times, or numbers of steps, until absorption, written to `out`.
    fn times(&self, py: Python<'_>, key: Key, mut out: PyReadwriteArray1<'_, f64>) -> PyResult<()> {
        let out = writable(out.as_slice_mut())?;
        self.run(py, |sampler, interrupt| sampler.times(&key, out, interrupt))
    }

    /// Sums of rewards, (`n_vertices`, k) row by row, written to `out`, (n, k).
    fn rewards(
        &self,
        py: Python<'_>,
        key: Key,
        rewards: Doubles<'_>,
        mut out: PyReadwriteArray2<'_, f64>,
    ) -> PyResult<()> {
        let rewards = vector(&rewards);
        let out = writable(out.as_slice_mut())?;
        self.run(py, |sampler, interrupt| sampler.rewards(&key, &rewards, out, interrupt))
    }

    /// Where independent walks are: entry i of `out` at `times[i % len(times)]`.
    fn vertices(
        &self,
        py: Python<'_>,
        key: Key,
        times: Doubles<'_>,
        mut out: PyReadwriteArray1<'_, u32>,
    ) -> PyResult<()> {
        let times = vector(&times);
        let out = writable(out.as_slice_mut())?;
        self.run(py, |sampler, interrupt| sampler.vertices(&key, &times, out, interrupt))
    }

    /// Vertices and times of entry of whole paths, one after the other; where each begins, and the
    /// last ends, is written to `offsets`, (n + 1,).
    fn paths<'py>(
        &self,
        py: Python<'py>,
        key: Key,
        mut offsets: PyReadwriteArray1<'_, i64>,
    ) -> PyResult<Paths<'py>> {
        let offsets = writable(offsets.as_slice_mut())?;
        let n = offsets.len().saturating_sub(1);
        let paths = self.run(py, |sampler, interrupt| sampler.paths(&key, n, interrupt))?;
        offsets.iter_mut().zip(paths.offsets).for_each(|(to, from)| *to = from as i64);
        Ok((paths.vertices.into_pyarray(py), paths.times.into_pyarray(py)))
    }
}

fn writable<T>(slice: Result<&mut [T], AsSliceError>) -> PyResult<&mut [T]> {
    slice.map_err(|error| value_error(error.to_string()))
}
