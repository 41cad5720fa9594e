//! `Limits`: how large a factorization may become.

use pyo3::prelude::*;

/// The most multiply-adds of one elimination and the most bytes of trace and factor; what is not
/// given is 1e11 and 8 GiB.
#[pyclass(module = "phasic._core", frozen)]
pub(crate) struct Limits {
    pub limits: phasic_core::Limits,
}

#[pymethods]
impl Limits {
    #[new]
    #[pyo3(signature = (*, multiply_adds = None, bytes = None))]
    fn new(multiply_adds: Option<f64>, bytes: Option<usize>) -> Self {
        let default = phasic_core::Limits::default();
        let multiply_adds = multiply_adds.unwrap_or(default.multiply_adds);
        Self {
            limits: phasic_core::Limits { multiply_adds, bytes: bytes.unwrap_or(default.bytes) },
        }
    }

    #[getter]
    fn multiply_adds(&self) -> f64 {
        self.limits.multiply_adds
    }

    #[getter]
    fn bytes(&self) -> usize {
        self.limits.bytes
    }
}
