//! Transitions of many vertices at once, as arrays.

use super::{GraphBuilder, VertexId, VertexKind};
use crate::Error;

/// In place of the row of a weight that must not be.
const REFUSED: u32 = u32::MAX;
/// Moves whose targets are looked for together.
const CHUNK: usize = 512;

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
        let weights = self.intern_all(moves.bases, moves.coefficients, parameters);
        let mut order = by_source(moves.sources);
        let target = |row: usize| &moves.targets[row * width..][..width];
        let given = |row: usize| &moves.coefficients[row * parameters..][..parameters];
        let (mut rows, mut sought) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
        loop {
            rows.clear();
            rows.extend(order.by_ref().take(CHUNK));
            if rows.is_empty() {
                return Ok(());
            }
            let states = rows.iter().map(|&row| target(row));
            self.states.seek(VertexKind::Ordinary, states, &mut sought);
            for (&row, &sought) in rows.iter().zip(&sought) {
                let source = VertexId(first.0 + moves.sources[row]);
                self.find_or_create_sought(VertexKind::Ordinary, target(row), sought)
                    .and_then(|(to, _)| match weights[row] {
                        REFUSED => Err(self.refusal(source, to, moves.bases[row], given(row))),
                        weight => self.check_room().map(|()| self.push_edge(source, to, weight)),
                    })
                    .map_err(|error| MoveError { row, source, error })?;
            }
        }
    }

    /// The row in the table of each weight, or `REFUSED`. A weight equal to the one before it costs
    /// no look-up: callbacks often return one kind of transition after the other.
    fn intern_all(&mut self, bases: &[f64], coefficients: &[f64], parameters: usize) -> Vec<u32> {
        let weight = |row: usize| (bases[row], &coefficients[row * parameters..][..parameters]);
        let mut rows: Vec<u32> = Vec::with_capacity(bases.len());
        for row in 0..bases.len() {
            let own = weight(row);
            let found = match row.checked_sub(1) {
                Some(last) if weight(last) == own => rows[last],
                _ if self.accepts(own.0, own.1) => self.intern(own.0, own.1),
                _ => REFUSED,
            };
            rows.push(found);
        }
        rows
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
