//! Transitions of many vertices at once, as arrays.

use super::{GraphBuilder, VertexId, VertexKind};
use crate::Error;

/// Transitions out of consecutive vertices; all arrays have one entry (or row) for each.
#[derive(Clone, Copy, Debug)]
pub struct Moves<'a> {
    /// Which vertex it leaves, counted from the first one, `(m,)`.
    pub sources: &'a [u32],
    /// The state it enters, `(m, state_length)`.
    pub targets: &'a [i32],
    /// The part of its weight that does not depend on θ, `(m,)`.
    pub bases: &'a [f64],
    /// The coefficients of θ, `(m, n_parameters)`; empty if all weights are constant.
    pub coefficients: &'a [f64],
}

/// A transition that cannot be added.
#[derive(Clone, Debug, PartialEq)]
pub struct MoveError {
    /// Its row in the arrays.
    pub row: usize,
    /// The vertex it leaves.
    pub source: VertexId,
    /// What is wrong with it.
    pub error: Error,
}

impl GraphBuilder {
    /// Adds transitions out of the vertices `first`, `first + 1`, …; new states become vertices.
    ///
    /// They are added by source, those of one source in their order in the arrays: the same
    /// vertices and edges, in the same order, as vertex by vertex.
    ///
    /// Errors: a source that does not exist yet, and those of [`Self::find_or_create`] and
    /// [`Self::add_edge`], with the row. Panics if the lengths of the arrays differ.
    pub fn add_moves(&mut self, first: VertexId, moves: &Moves<'_>) -> Result<(), MoveError> {
        let (m, width) = (moves.sources.len(), self.state_length());
        assert_eq!(moves.targets.len(), m * width, "one target for each move");
        assert_eq!(moves.bases.len(), m, "one base for each move");
        let parameters = moves.coefficients.len().checked_div(m).unwrap_or(0);
        assert_eq!(moves.coefficients.len(), m * parameters, "one row for each move");
        let leaves = |row: usize| first.index() + moves.sources[row] as usize;
        if let Some(row) = (0..m).find(|&row| leaves(row) >= self.n_vertices()) {
            let (index, length) = (leaves(row), self.n_vertices());
            let error = Error::NoSuchVertex { index, length };
            return Err(MoveError { row, source: first, error });
        }
        for row in by_source(moves.sources) {
            let source = VertexId(first.0 + moves.sources[row]);
            let target = &moves.targets[row * width..][..width];
            let coefficients = &moves.coefficients[row * parameters..][..parameters];
            self.find_or_create(VertexKind::Ordinary, target)
                .and_then(|(to, _)| self.add_edge(source, to, moves.bases[row], coefficients))
                .map_err(|error| MoveError { row, source, error })?;
        }
        Ok(())
    }
}

/// The rows sorted by source, rows of one source in their order: a counting sort.
fn by_source(sources: &[u32]) -> impl Iterator<Item = usize> {
    let sorted = sources.is_sorted();
    let order = if sorted { Vec::new() } else { counting_sort(sources) };
    (0..sources.len()).map(move |place| if sorted { place } else { order[place] as usize })
}

fn counting_sort(sources: &[u32]) -> Vec<u32> {
    let n = sources.iter().max().map_or(0, |&most| most as usize + 1);
    let mut next = vec![0_u32; n + 1];
    for &source in sources {
        next[source as usize + 1] += 1;
    }
    for source in 0..n {
        next[source + 1] += next[source];
    }
    let mut order = vec![0; sources.len()];
    for (row, &source) in sources.iter().enumerate() {
        order[next[source as usize] as usize] = row as u32;
        next[source as usize] += 1;
    }
    order
}
