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

    pub(super) fn check_weight(
        &self,
        source: VertexId,
        target: VertexId,
        base: f64,
        coefficients: &[f64],
    ) -> Result<(), Error> {
        let constant = coefficients.is_empty();
        let bad = |what, value| {
            Err(Error::BadWeight { from: self.name(source), to: self.name(target), what, value })
        };
        if !base.is_finite() || (constant && base < 0.0) {
            return bad(if constant { "the weight" } else { "the base weight" }, base);
        }
        if let Some(&value) = coefficients.iter().find(|value| !value.is_finite()) {
            return bad("a coefficient of", value);
        }
        match self.n_parameters {
            Some(expected) if !constant && expected != coefficients.len() => {
                Err(Error::CoefficientLength {
                    from: self.name(source),
                    to: self.name(target),
                    expected,
                    given: coefficients.len(),
                })
            }
            _ => Ok(()),
        }
    }
}
