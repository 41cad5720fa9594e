//! Breadth-first search of a state space through a Python callback, in two forms of one meaning.
//!
//! `scalar` asks about one state at a time, `batched` about an array of them. Both number vertices in
//! order of discovery, and both give the same vertices and edges in the same order.

mod batched;
mod scalar;
mod tables;

use numpy::PyArray1;
use phasic_core::{GraphBuilder, VertexId};
use pyo3::prelude::*;

use crate::graph::value_error;

/// What the two forms share.
pub(crate) struct Search<'py> {
    pub callback: Bound<'py, PyAny>,
    /// False refuses coefficients.
    pub parameterized: Option<bool>,
    pub max_states: usize,
    /// Called now and then with the numbers of explored and of known states.
    pub report: Option<Bound<'py, PyAny>>,
}

impl<'py> Search<'py> {
    /// Builds the graph of a transition rule.
    ///
    /// The callback gets an empty int32 array for the initial distribution, then each state once, in
    /// order of discovery. An exception of its own passes through, with the state in a note.
    pub fn run(&self, py: Python<'py>, batched: bool) -> PyResult<GraphBuilder> {
        let mut graph = if batched { batched::run(py, self)? } else { scalar::run(py, self)? };
        graph.set_max_states(usize::MAX);
        Ok(graph)
    }

    /// An empty graph for states of this length.
    fn graph(&self, state_length: usize) -> GraphBuilder {
        let mut graph = GraphBuilder::new(state_length);
        graph.set_max_states(self.max_states);
        graph
    }

    /// Listens for Ctrl-C and tells of progress.
    fn look(&self, py: Python<'_>, explored: usize, graph: &GraphBuilder) -> PyResult<()> {
        py.check_signals()?;
        match &self.report {
            Some(report) => report.call1((explored - 1, graph.n_vertices() - 1)).map(drop),
            None => Ok(()),
        }
    }

    fn refuse_coefficients(&self) -> bool {
        self.parameterized == Some(false)
    }
}

fn no_initial_state(expected: &str) -> PyErr {
    value_error(format!(
        "the callback returned no initial state: called with an empty state, it must return {expected}"
    ))
}

/// The states `first..end` of a graph, as a flat array of their own.
fn states<'py>(
    py: Python<'py>,
    graph: &GraphBuilder,
    first: usize,
    end: usize,
) -> Bound<'py, PyArray1<i32>> {
    let width = graph.state_length();
    PyArray1::from_slice(py, &graph.states()[first * width..end * width])
}

/// Adds to an exception what was asked of the callback.
fn note(py: Python<'_>, error: PyErr, asked: &str) -> PyErr {
    let text = format!("while building the state space: {asked}");
    match error.value(py).call_method1("add_note", (text,)) {
        Ok(_) => error,
        Err(failed) => failed,
    }
}

/// What is asked about a vertex: its initial states, or its transitions.
fn question(graph: &GraphBuilder, vertex: VertexId) -> String {
    if vertex == VertexId::START {
        return "the initial states".into();
    }
    format!("transitions out of state {:?}", graph.state(vertex))
}
