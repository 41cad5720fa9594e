//! Breadth-first search of a state space through a Python callback.

use std::borrow::Cow;

use numpy::PyArray1;
use phasic_core::{GraphBuilder, VertexId, VertexKind};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::arrays::state;
use crate::errors::raise;
use crate::graph::value_error;

/// One transition of the callback: where to, and the weight `base + coefficients · θ`.
struct Move {
    target: Vec<i32>,
    base: f64,
    coefficients: Vec<f64>,
}

/// Builds the graph of a transition rule.
///
/// The callback gets an empty int32 array for the initial distribution, then each state once, in
/// the order of discovery. An exception of its own passes through, with the state in a note.
pub(crate) fn explore(
    py: Python<'_>,
    callback: &Bound<'_, PyAny>,
    parameterized: Option<bool>,
    max_states: usize,
) -> PyResult<GraphBuilder> {
    let initial = call(py, callback, &[], parameterized)?;
    let Some(first) = initial.first() else {
        let message = "the callback returned no initial state: called with an empty state, it must \
                       return a list of (state, probability)";
        return Err(value_error(message.into()));
    };
    let mut graph = GraphBuilder::new(first.target.len());
    add(py, &mut graph, VertexId::START, initial, max_states)?;
    let mut next = 1;
    while next < graph.n_vertices() {
        let vertex = VertexId(next as u32);
        let current = graph.state(vertex).to_vec();
        let moves = call(py, callback, &current, parameterized)?;
        add(py, &mut graph, vertex, moves, max_states)?;
        next += 1;
        if next % 256 == 0 {
            py.check_signals()?;
        }
    }
    Ok(graph)
}

fn add(
    py: Python<'_>,
    graph: &mut GraphBuilder,
    source: VertexId,
    moves: Vec<Move>,
    max_states: usize,
) -> PyResult<()> {
    for Move { target, base, coefficients } in moves {
        let added = graph
            .find_or_create(VertexKind::Ordinary, &target)
            .and_then(|(target, _)| graph.add_edge(source, target, base, &coefficients));
        let noted = |error| note(py, raise(error), graph.state(source), source == VertexId::START);
        added.map_err(noted)?;
        if graph.n_vertices() > max_states + 1 {
            let message = format!(
                "the state space is larger than max_states = {max_states}: {} states were built, \
                 the last one {target:?}. Pass a larger max_states= if the model is meant to be so \
                 large, or check that every path of the callback ends in an absorbing state",
                graph.n_vertices() - 1,
            );
            return Err(value_error(message));
        }
    }
    Ok(())
}

fn call(
    py: Python<'_>,
    callback: &Bound<'_, PyAny>,
    current: &[i32],
    parameterized: Option<bool>,
) -> PyResult<Vec<Move>> {
    let starting = current.is_empty();
    let array = PyArray1::from_slice(py, current);
    let moves = callback.call1((array,)).and_then(|returned| {
        let parse = |item: PyResult<Bound<'_, PyAny>>| parse(&item?, parameterized);
        returned.try_iter()?.map(parse).collect::<PyResult<Vec<Move>>>()
    });
    moves.map_err(|error| note(py, error, current, starting))
}

/// Reads `(state, weight)`, `(state, coefficients)` or `(state, base, coefficients)`.
fn parse(item: &Bound<'_, PyAny>, parameterized: Option<bool>) -> PyResult<Move> {
    let wrong = |what: Cow<'_, str>| {
        value_error(format!(
            "the callback must return (state, rate), (state, coefficients) or \
             (state, base, coefficients), but it returned {what}"
        ))
    };
    let length = item.len().map_err(|_| wrong(describe(item)))?;
    let base_and_row = match length {
        2 => {
            let second = item.get_item(1)?;
            match second.extract::<f64>() {
                Ok(base) => Some((base, Vec::new())),
                Err(_) => coefficients(&second)?.map(|row| (0.0, row)),
            }
        }
        3 => match (item.get_item(1)?.extract::<f64>(), coefficients(&item.get_item(2)?)?) {
            (Ok(base), Some(row)) => Some((base, row)),
            _ => None,
        },
        _ => None,
    };
    let Some((base, coefficients)) = base_and_row else {
        return Err(wrong(describe(item)));
    };
    if parameterized == Some(false) && !coefficients.is_empty() {
        let what = format!("{}, with parameterized=False", describe(item));
        return Err(wrong(what.into()));
    }
    Ok(Move { target: state(&item.get_item(0)?)?, base, coefficients })
}

/// The numbers of a sequence, or None if it is not one.
fn coefficients(given: &Bound<'_, PyAny>) -> PyResult<Option<Vec<f64>>> {
    if given.is_instance_of::<PyString>() {
        return Ok(None);
    }
    let Ok(items) = given.try_iter() else { return Ok(None) };
    items.map(|item| item?.extract::<f64>()).collect::<PyResult<_>>().map(Some)
}

fn describe<'a>(item: &Bound<'_, PyAny>) -> Cow<'a, str> {
    item.repr().map_or("something without a repr".into(), |repr| repr.to_string().into())
}

/// Adds to an exception which state the callback was asked about.
fn note(py: Python<'_>, error: PyErr, current: &[i32], starting: bool) -> PyErr {
    let text = if starting {
        "while building the state space: the initial states (callback called with an empty state)"
            .to_owned()
    } else {
        format!("while building the state space: transitions out of state {current:?}")
    };
    match error.value(py).call_method1("add_note", (text,)) {
        Ok(_) => error,
        Err(failed) => failed,
    }
}
