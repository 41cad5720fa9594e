//! One state at a time: `(state, rate)`, `(state, coefficients)` or `(state, base, coefficients)`.

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use phasic_core::{Error, GraphBuilder, VertexId, VertexKind};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::{Search, no_initial_state, note, question, states};
use crate::arrays::{double, read_state, shown, unless_type_error, unordered};
use crate::errors::raise;
use crate::graph::value_error;

/// The forms of a transition.
const FORMS: &str = "(state, rate), (state, coefficients) or (state, base, coefficients)";

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
            if !is_list(&returned)? {
                let wanted = format!("{FORMS}, which is [] for an absorbing state");
                return Err(no_list(&returned, &question(&graph, vertex), &wanted));
            }
            let done = each(&returned, |item| {
                transition.read(item, search)?;
                transition.add(&mut graph, vertex)
            });
            done.map_err(|error| told_of_list(error, &returned, &question(&graph, vertex), search))
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
    let (mut graph, asked) = (None, "the initial states");
    let empty = states(py, &GraphBuilder::new(0), 0, 0);
    let added = search.callback.call1((empty,)).and_then(|returned| {
        if !is_list(&returned)? {
            return Err(no_list(&returned, asked, "(state, probability)"));
        }
        let done = each(&returned, |item| {
            transition.read(item, search)?;
            let graph = graph.get_or_insert_with(|| search.graph(transition.target.len()));
            transition.add(graph, VertexId::START)
        });
        done.map_err(|error| told_of_list(error, &returned, asked, search))
    });
    let called = format!("{asked} (callback called with an empty state)");
    added.map_err(|error| note(py, error, &called))?;
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
        let found = graph.find_or_create(VertexKind::Ordinary, &self.target);
        let (target, _) = found.map_err(|error| match error {
            Error::StateLength { .. } => {
                let (asked, state) = (question(graph, source), &self.target);
                value_error(format!("{error}: asked for {asked}, the callback returned {state:?}"))
            }
            _ => raise(error),
        })?;
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

/// Whether what a callback returned can be gone through in an order.
fn is_list(returned: &Bound<'_, PyAny>) -> PyResult<bool> {
    let plain = returned.is_instance_of::<PyList>() || returned.is_instance_of::<PyTuple>();
    Ok(plain
        || (!unordered(returned)
            && unless_type_error(returned.py(), returned.try_iter())?.is_some()))
}

/// What to say of an answer that is no list.
fn no_list(returned: &Bound<'_, PyAny>, asked: &str, wanted: &str) -> PyErr {
    let shown = shown(returned);
    value_error(format!(
        "asked for {asked}, the callback returned {shown}: it must return a list of {wanted}"
    ))
}

/// The error of an answer that could not be read; of one transition without a list around it, that.
fn told_of_list(
    error: PyErr,
    returned: &Bound<'_, PyAny>,
    asked: &str,
    search: &Search<'_>,
) -> PyErr {
    if Move::default().read(returned, search).is_err() {
        return error;
    }
    let shown = shown(returned);
    value_error(format!(
        "asked for {asked}, the callback returned one transition, {shown}: it must return a list, \
         [{shown}]"
    ))
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
    value_error(format!("the callback must return {FORMS}, but it returned {shown}{more}"))
}
