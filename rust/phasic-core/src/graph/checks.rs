//! What a builder refuses, and what it says.

use super::{GraphBuilder, VertexId};
use crate::error::{Error, StateName};

impl GraphBuilder {
    pub(crate) fn name(&self, vertex: VertexId) -> StateName {
        StateName::new(self.kind(vertex), self.state(vertex))
    }

    /// Why there is no room for one more vertex.
    #[cold]
    pub(super) fn full(&self, state: StateName) -> Error {
        let count = self.n_vertices();
        if count >= self.index_limit {
            return Error::TooLarge { what: "vertices", count, limit: self.index_limit };
        }
        Error::MaxStates { limit: self.max_states, state }
    }

    pub(super) fn check_length(&self, state: &[i32]) -> Result<(), Error> {
        let (expected, given) = (self.state_length(), state.len());
        if expected == given { Ok(()) } else { Err(Error::StateLength { expected, given }) }
    }

    pub(super) fn check_vertex(&self, vertex: VertexId) -> Result<(), Error> {
        let (index, length) = (vertex.index(), self.n_vertices());
        if index < length { Ok(()) } else { Err(Error::NoSuchVertex { index, length }) }
    }

    /// Whether there is room for one more edge.
    pub(super) fn check_room(&self) -> Result<(), Error> {
        let (count, limit) = (self.n_edges(), self.index_limit);
        if count < limit { Ok(()) } else { Err(Error::TooLarge { what: "edges", count, limit }) }
    }

    /// Whether an edge may have this weight.
    pub(super) fn accepts(&self, base: f64, coefficients: &[f64]) -> bool {
        let constant = coefficients.is_empty();
        base.is_finite()
            && (base >= 0.0 || !constant)
            && coefficients.iter().all(|value| value.is_finite())
            && self.n_parameters.is_none_or(|expected| constant || expected == coefficients.len())
    }

    /// What is wrong with a weight that is not accepted.
    #[cold]
    pub(super) fn refusal(
        &self,
        source: VertexId,
        target: VertexId,
        base: f64,
        coefficients: &[f64],
    ) -> Error {
        let (from, to) = (self.name(source), self.name(target));
        if !base.is_finite() || coefficients.is_empty() {
            let constant = coefficients.is_empty();
            let what = if constant { "the weight" } else { "the base weight" };
            return Error::BadWeight { from, to, what, value: base };
        }
        if let Some(&value) = coefficients.iter().find(|value| !value.is_finite()) {
            return Error::BadWeight { from, to, what: "a coefficient of", value };
        }
        let (expected, given) = (self.n_parameters(), coefficients.len());
        Error::CoefficientLength { from, to, expected, given }
    }
}
