//! Many states at a time: arrays `(source_row, target_states, weights)`.

use numpy::{PyArray1, PyArrayMethods};
use phasic_core::{GraphBuilder, MoveError, Moves, VertexId};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::tables::{Table, Values, doubles, indices, whole_numbers};
use super::{Search, no_initial_state, note, question, states};
use crate::errors::raise;
use crate::graph::value_error;

/// The most states in one call.
const MOST_STATES: usize = 1 << 17;

/// The most entries that the arrays of one answer should have, judged by the answer before.
const MOST_ENTRIES: usize = 1 << 18;

pub(super) fn run<'py>(py: Python<'py>, search: &Search<'py>) -> PyResult<GraphBuilder> {
    let mut graph = initial(py, search)?;
    let (mut explored, mut most) = (1, MOST_STATES);
    while explored < graph.n_vertices() {
        let end = graph.n_vertices().min(explored + most);
        let answer = ask(py, search, &graph, explored, end)
            .map_err(|error| note(py, error, &asked(&graph, explored, end)))?;
        answer.add(py, &mut graph, VertexId(explored as u32))?;
        let per_state = answer.n_entries() / (end - explored);
        most = (MOST_ENTRIES / per_state.max(1)).clamp(1, MOST_STATES);
        explored = end;
        search.look(py, explored, &graph)?;
    }
    Ok(graph)
}

/// The graph with its initial states, whose length is that of every state.
fn initial<'py>(py: Python<'py>, search: &Search<'py>) -> PyResult<GraphBuilder> {
    let asked = "the initial states (callback called with states of shape (0, 0))";
    let empty = PyArray1::<i32>::from_slice(py, &[]).reshape([0, 0])?;
    let answer = search.callback.call1((empty,)).and_then(|returned| {
        let parts = parts(&returned)?;
        let targets = targets(parts, None)?;
        let weights = Weights::read(parts, &targets, search)?;
        Ok(Answer { sources: vec![0; targets.rows], targets, weights })
    });
    let answer = answer.map_err(|error| note(py, error, asked))?;
    if answer.targets.rows == 0 {
        return Err(no_initial_state("(None, states, probabilities)"));
    }
    let mut graph = search.graph(answer.targets.width);
    answer.add(py, &mut graph, VertexId::START)?;
    Ok(graph)
}

/// Transitions out of the states `first..end`.
fn ask<'py>(
    py: Python<'py>,
    search: &Search<'py>,
    graph: &GraphBuilder,
    first: usize,
    end: usize,
) -> PyResult<Answer<'py>> {
    let (n, width) = (end - first, graph.state_length());
    let returned = search.callback.call1((states(py, graph, first, end).reshape([n, width])?,))?;
    let parts = parts(&returned)?;
    let targets = targets(parts, Some(width))?;
    let weights = Weights::read(parts, &targets, search)?;
    let sources = indices("source_row", &parts.get_item(0)?, n, &targets)?;
    Ok(Answer { sources, targets, weights })
}

fn asked(graph: &GraphBuilder, first: usize, end: usize) -> String {
    if end == first + 1 {
        return question(graph, VertexId(first as u32));
    }
    let state = graph.state(VertexId(first as u32));
    format!("transitions out of {} states, the first of them {state:?}", end - first)
}

/// What the callback returned, checked.
struct Answer<'py> {
    sources: Vec<u32>,
    targets: Table<'py, i32>,
    weights: Weights<'py>,
}

impl Answer<'_> {
    /// Keeps the GIL: the arrays are read where they lie, and a batch is short.
    fn add(&self, py: Python<'_>, graph: &mut GraphBuilder, first: VertexId) -> PyResult<()> {
        let moves = Moves {
            sources: &self.sources,
            targets: &self.targets.values,
            bases: &self.weights.bases,
            coefficients: &self.weights.coefficients,
        };
        let added = graph.add_moves(first, &moves);
        added.map_err(|MoveError { row, source, error }| {
            let asked = format!("{}, row {row} of the arrays returned", question(graph, source));
            note(py, raise(error), &asked)
        })
    }

    fn n_entries(&self) -> usize {
        self.targets.values.len() + 2 * self.sources.len() + self.weights.coefficients.len()
    }
}

/// `base + coefficients · θ` of every transition.
struct Weights<'py> {
    bases: Values<'py, f64>,
    coefficients: Values<'py, f64>,
}

impl<'py> Weights<'py> {
    /// Rates `(m,)`, coefficients `(m, p)`, or a tuple of base `(m,)` and coefficients `(m, p)`.
    fn read(
        parts: &Bound<'py, PyTuple>,
        targets: &Table<'py, i32>,
        search: &Search<'_>,
    ) -> PyResult<Self> {
        let given = parts.get_item(2)?;
        let read = |name, given: &Bound<'py, PyAny>, dimensions: &[usize]| {
            let table = doubles(name, given, dimensions)?;
            table.must_go_with(name, targets)?;
            Ok::<_, PyErr>(table)
        };
        let (bases, coefficients) = match given.cast::<PyTuple>() {
            Ok(pair) if pair.len() == 2 => {
                let base = read("the base of weights", &pair.get_item(0)?, &[1])?;
                let rows = read("the coefficients of weights", &pair.get_item(1)?, &[2])?;
                (base.values, rows.values)
            }
            Ok(tuple) => {
                return Err(value_error(format!(
                    "weights is a tuple of {}: it must be an array, or a tuple (base, coefficients)",
                    tuple.len()
                )));
            }
            Err(_) => match read("weights", &given, &[1, 2])? {
                rates if rates.dimensions == 1 => (rates.values, Values::Made(Vec::new())),
                rows => (Values::Made(vec![0.0; targets.rows]), rows.values),
            },
        };
        if search.refuse_coefficients() && !coefficients.is_empty() {
            let message = "the callback returned coefficients, with parameterized=False";
            return Err(value_error(message.into()));
        }
        Ok(Self { bases, coefficients })
    }
}

fn targets<'py>(parts: &Bound<'py, PyTuple>, width: Option<usize>) -> PyResult<Table<'py, i32>> {
    let targets = whole_numbers("target_states", &parts.get_item(1)?)?;
    match width {
        Some(width) if targets.rows > 0 && targets.width != width => Err(value_error(format!(
            "target_states has shape {}, but it must have shape ({}, {width}): the initial states \
             have {width} entries",
            targets.shape, targets.rows,
        ))),
        _ => Ok(targets),
    }
}

fn parts<'a, 'py>(returned: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyTuple>> {
    let wrong = |what: String| {
        value_error(format!(
            "a batched callback must return a tuple (source_row, target_states, weights), \
             but it returned {what}"
        ))
    };
    match returned.cast::<PyTuple>() {
        Ok(parts) if parts.len() == 3 => Ok(parts),
        Ok(parts) => Err(wrong(format!("a tuple of {}", parts.len()))),
        Err(_) => Err(wrong(format!("an object of type {}", returned.get_type().name()?))),
    }
}
