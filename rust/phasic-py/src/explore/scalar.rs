//! One state at a time: `(state, rate)`, `(state, coefficients)` or `(state, base, coefficients)`.

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use phasic_core::{GraphBuilder, VertexId, VertexKind};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::{Search, no_initial_state, note, question, states};
use crate::arrays::{double, read_state, shown, unless_type_error, unordered};
use crate::errors::raise;
use crate::graph::value_error;

/// States between two looks at Ctrl-C.
const LOOK_EVERY: usize = 256;

pub(super) fn run<'py>(py: Python<'py>, search: &Search<'py>) -> PyResult<GraphBuilder> {
    let mut transition = Move::default();
    let mut graph = initial(py, search, &mut transition)?;
    let mut explored = 1;
    while explored < graph.n_vertices() {
        let vertex = VertexId(explored as u32);
        let state = states(py, &graph, explored, explored + 1);
        let added = search.callback.call1((state,)).and_then(|returned| {
            each_move(&returned, |item| {
                transition.read(item, search)?;
                transition.add(&mut graph, vertex)
            })
        });
        added.map_err(|error| note(py, error, &question(&graph, vertex)))?;
        explored += 1;
        if explored % LOOK_EVERY == 0 {
            search.look(py, explored, &graph)?;
        }
    }
    Ok(graph)
}

/// The graph with its initial states, whose length is that of every state.
fn initial<'py>(
    py: Python<'py>,
    search: &Search<'py>,
    transition: &mut Move,
) -> PyResult<GraphBuilder> {
    let mut graph = None;
    let empty = states(py, &GraphBuilder::new(0), 0, 0);
    let added = search.callback.call1((empty,)).and_then(|returned| {
        each_move(&returned, |item| {
            transition.read(item, search)?;
            let graph = graph.get_or_insert_with(|| search.graph(transition.target.len()));
            transition.add(graph, VertexId::START)
        })
    });
    let asked = "the initial states (callback called with an empty state)";
    added.map_err(|error| note(py, error, asked))?;
    graph.ok_or_else(|| no_initial_state("a list of (state, probability)"))
}

/// One transition: where to, and the weight `base + coefficients · θ`. Its buffers are reused.
#[derive(Default)]
struct Move {
    target: Vec<i32>,
    base: f64,
    coefficients: Vec<f64>,
}

impl Move {
    fn add(&self, graph: &mut GraphBuilder, source: VertexId) -> PyResult<()> {
        let (target, _) =
            graph.find_or_create(VertexKind::Ordinary, &self.target).map_err(raise)?;
        graph.add_edge(source, target, self.base, &self.coefficients).map_err(raise)
    }

    fn read(&mut self, item: &Bound<'_, PyAny>, search: &Search<'_>) -> PyResult<()> {
        if let Ok(parts) = item.cast::<PyTuple>() {
            return self.read_parts(parts, item, search);
        }
        if unordered(item) || item.len().is_err() {
            return Err(wrong(item, ""));
        }
        let parts = item.try_iter()?.collect::<PyResult<Vec<_>>>()?;
        self.read_parts(&PyTuple::new(item.py(), parts)?, item, search)
    }

    fn read_parts(
        &mut self,
        parts: &Bound<'_, PyTuple>,
        item: &Bound<'_, PyAny>,
        search: &Search<'_>,
    ) -> PyResult<()> {
        self.base = 0.0;
        self.coefficients.clear();
        let understood = match parts.len() {
            2 => {
                let second = parts.get_borrowed_item(1)?;
                match number(&second) {
                    Some(base) => {
                        self.base = base;
                        true
                    }
                    None => self.read_coefficients(&second)?,
                }
            }
            3 => match number(&*parts.get_borrowed_item(1)?) {
                Some(base) => {
                    self.base = base;
                    self.read_coefficients(&*parts.get_borrowed_item(2)?)?
                }
                None => false,
            },
            _ => false,
        };
        if !understood {
            return Err(wrong(item, ""));
        }
        if search.refuse_coefficients() && !self.coefficients.is_empty() {
            return Err(wrong(item, ", with parameterized=False"));
        }
        self.target.clear();
        if !read_state(&*parts.get_borrowed_item(0)?, &mut self.target)? {
            return Err(wrong(item, ""));
        }
        Ok(())
    }

    /// Reads the numbers of a sequence; false if it is none of numbers.
    fn read_coefficients(&mut self, given: &Bound<'_, PyAny>) -> PyResult<bool> {
        if unordered(given) || given.try_iter().is_err() {
            return Ok(false);
        }
        let mut numbers = true;
        each(given, |value| {
            match double(value)? {
                Some(value) => self.coefficients.push(value),
                None => numbers = false,
            }
            Ok(())
        })?;
        Ok(numbers)
    }
}

/// A number, or None: a sequence of one number is a sequence.
fn number(given: &Bound<'_, PyAny>) -> Option<f64> {
    let sequence = given.is_instance_of::<PyList>()
        || given.is_instance_of::<PyTuple>()
        || given.cast::<PyUntypedArray>().is_ok_and(|array| array.ndim() > 0);
    if sequence { None } else { given.extract().ok() }
}

/// Calls a function on every transition that a callback returned.
fn each_move(
    returned: &Bound<'_, PyAny>,
    work: impl FnMut(&Bound<'_, PyAny>) -> PyResult<()>,
) -> PyResult<()> {
    let plain = returned.is_instance_of::<PyList>() || returned.is_instance_of::<PyTuple>();
    let iterable = plain
        || (!unordered(returned)
            && unless_type_error(returned.py(), returned.try_iter())?.is_some());
    if iterable { each(returned, work) } else { Err(wrong(returned, "")) }
}

/// Calls a function on every item of a list, a tuple or anything that can be iterated.
fn each(
    given: &Bound<'_, PyAny>,
    mut work: impl FnMut(&Bound<'_, PyAny>) -> PyResult<()>,
) -> PyResult<()> {
    if let Ok(tuple) = given.cast::<PyTuple>() {
        return tuple.iter_borrowed().try_for_each(|item| work(&item));
    }
    if let Ok(list) = given.cast::<PyList>() {
        return list.iter().try_for_each(|item| work(&item));
    }
    given.try_iter()?.try_for_each(|item| work(&item?))
}

fn wrong(item: &Bound<'_, PyAny>, more: &str) -> PyErr {
    let shown = shown(item);
    value_error(format!(
        "the callback must return (state, rate), (state, coefficients) or \
         (state, base, coefficients), but it returned {shown}{more}"
    ))
}
