"""Graphs built from a batched transition rule: the same as from a scalar one."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phasic import Graph

from tests import models, models_batched

PAIRS = {
    "rabbits": dict(n=20),
    "rabbits_parameterised": dict(n=20),
    "block_counting": dict(n=9),
    "two_demes": dict(start=(4, 3), migration=0.25),
}


def both(name):
    options = PAIRS[name]
    return (
        Graph(callback=getattr(models, name), **options),
        Graph(callback=getattr(models_batched, name), batched=True, **options),
    )


def single(targets, weights, source_row=None):
    """A rule whose state 3 has these transitions; other states are absorbing."""

    def rule(states):
        if len(states) == 0:
            return None, [[3]], [1.0]
        (row,) = np.nonzero(states[:, 0] == 3)
        if len(row) == 0:
            return np.empty(0, int), np.empty((0, 1)), np.empty(0)
        return (np.zeros(len(targets), int) if source_row is None else source_row), targets, weights

    return Graph(callback=rule, batched=True)


# The same meaning


@pytest.mark.parametrize("name", PAIRS)
def test_the_same_hash_as_the_scalar_form(name):
    scalar, batched = both(name)
    assert batched.content_hash() == scalar.content_hash()


def test_the_same_hash_for_isolation_with_migration():
    model = models_batched.Migration(3, 2)
    batched = Graph(callback=model.batched, batched=True)
    assert batched.content_hash() == Graph(callback=model.scalar).content_hash()


@pytest.mark.parametrize("name", ["rabbits", "rabbits_parameterised", "two_demes"])
def test_the_same_order_of_discovery_as_the_scalar_form(name):
    scalar, batched = both(name)
    assert np.array_equal(batched.states(), scalar.states())


def _edges(graph):
    return [
        [(e.to().index(), e.base(), tuple(e.coefficients())) for e in v.edges()] for v in graph.vertices()
    ]


def test_the_same_edges_in_the_same_order_as_the_scalar_form():
    scalar, batched = both("rabbits_parameterised")
    assert _edges(batched) == _edges(scalar)


@given(st.integers(0, 2**32 - 1))
def test_how_rows_of_different_sources_mix_does_not_matter(seed):
    random = np.random.default_rng(seed)

    def mixed(states):
        row, targets, weights = models_batched.rabbits_parameterised(states, n=5)
        if row is None:
            return row, targets, weights
        places, order = np.argsort(random.permutation(row), kind="stable"), np.empty_like(row)
        order[places] = np.argsort(row, kind="stable")
        return row[order], targets[order], weights[order]

    scalar = Graph(callback=models.rabbits_parameterised, n=5)
    assert _edges(Graph(callback=mixed, batched=True)) == _edges(scalar)


def test_large_levels_are_asked_in_parts():
    sizes = []

    def wide(states):
        sizes.append(len(states))
        if len(states) == 0:
            return None, [[0]], [1.0]
        (row,) = np.nonzero(states[:, 0] == 0)
        targets = np.arange(1, 300_001 if len(row) else 1)[:, None]
        return np.zeros(len(targets), int), targets, np.ones(len(targets))

    assert Graph(callback=wide, batched=True).vertices_length() == 300_002
    assert max(sizes) <= 2**17 < sum(sizes)


def test_each_state_is_asked_once():
    seen = []

    def rule(states):
        seen.extend(map(tuple, states.tolist()))
        return models_batched.rabbits(states, n=12)

    Graph(callback=rule, batched=True)
    assert len(seen) == len(set(seen)) == 13 * 14 // 2


def test_the_callback_sees_no_states_first():
    shapes = []

    def rule(states):
        shapes.append((states.shape, states.dtype))
        return models_batched.rabbits(states, n=2)

    Graph(callback=rule, batched=True)
    assert shapes[:2] == [((0, 0), np.int32), ((1, 2), np.int32)]


def test_a_callback_that_writes_to_its_states_changes_no_vertex():
    def rule(states):
        moves = models_batched.rabbits(states.copy(), n=3)
        states[:] = 99
        return moves

    assert (
        Graph(callback=rule, batched=True).content_hash()
        == Graph(callback=models.rabbits, n=3).content_hash()
    )


def test_source_rows_of_the_initial_distribution_are_ignored():
    graph = Graph(callback=lambda s: ([7], [[1]], [1.0]) if len(s) == 0 else ([], [], []), batched=True)
    assert graph.vertices_length() == 2


def test_duplicates_add_up():
    assert single([[1], [1]], [1.0, 3.0]).expectation() == 0.25


def test_coefficients():
    edge = single([[1]], np.array([[1.0, 2.0]])).find_vertex([3]).edges()[0]
    assert (edge.base(), list(edge.coefficients())) == (0.0, [1.0, 2.0])


def test_base_and_coefficients():
    edge = single([[1]], (np.array([0.5]), np.array([[1.0, 2.0]]))).find_vertex([3]).edges()[0]
    assert (edge.base(), list(edge.coefficients())) == (0.5, [1.0, 2.0])


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint32, np.float32, ">i4"])
def test_states_of_other_types(dtype):
    assert single(np.array([[1]], dtype), [2.0]).vertex_exists([1])


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, ">i8"])
def test_source_rows_of_other_types(dtype):
    assert single([[1]], [2.0], np.zeros(1, dtype)).vertex_exists([1])


def test_arrays_in_any_memory_order():
    def rule(states):
        moves = models_batched.rabbits_parameterised(states, n=6)
        return tuple(None if part is None else np.asfortranarray(part) for part in moves)

    scalar = Graph(callback=models.rabbits_parameterised, n=6)
    assert Graph(callback=rule, batched=True).content_hash() == scalar.content_hash()


def test_weights_from_a_strided_view():
    assert single([[1], [2]], np.arange(8.0)[::4] + 1).find_vertex([3]).rate() == 6.0


def test_a_graph_grown_by_a_batched_callback_can_be_extended_by_hand():
    graph = Graph(callback=models_batched.rabbits, batched=True, n=2, max_states=6)
    graph.find_vertex([2, 0]).add_edge(graph.find_or_create_vertex([9, 9]), 1.0)
    assert graph.vertices_length() == 8


# What is wrong, and where


@pytest.mark.parametrize(
    "targets, weights, rows, words",
    [
        ([[1], [2]], [1.0], None, ["weights", r"\(1,\)", r"\(2, 1\)"]),
        ([[1], [2]], [1.0, 1.0], [0], ["source_row", r"\(1,\)", r"\(2, 1\)"]),
        ([[1, 2]], [1.0], None, ["target_states", r"\(1, 2\)", r"\(1, 1\)"]),
        ([1, 2], [1.0, 1.0], None, ["target_states", r"\(2,\)", r"\(m, d\)"]),
        ([[1]], [[[1.0]]], None, ["weights", r"\(1, 1, 1\)", r"\(m,\) or \(m, d\)"]),
        ([[1]], ([1.0, 2.0], [[1.0]]), None, ["base", r"\(2,\)", r"\(1, 1\)"]),
        ([[1]], ([1.0], [1.0]), None, ["coefficients", r"\(1,\)", r"\(m, d\)"]),
        ([[1]], ([1.0],), None, ["tuple of 1", r"\(base, coefficients\)"]),
        ([[1]], [1.0], [1], [r"source_row\[0\] is 1", r"\(1, 1\)"]),
        ([[1]], [1.0], [-1], [r"source_row\[0\] is -1"]),
        ([[1]], [1.0], [0.0], ["source_row", "float64", "integers"]),
        ([["a"]], [1.0], None, ["target_states", "dtype"]),
        ([[1]], [1j], None, ["weights", "complex128"]),
        ([[1], [2.5]], [1.0, 1.0], None, ["2.5", "row 1 of target_states"]),
        ([[1], [2**31]], [1.0, 1.0], None, ["2147483648", "row 1 of target_states", "32 bits"]),
        ([[1], [np.nan]], [1.0, 1.0], None, ["(?i)nan", "row 1 of target_states"]),
    ],
)
def test_arrays_of_the_wrong_form(targets, weights, rows, words):
    with pytest.raises(ValueError) as caught:
        single(targets, weights, rows)
    assert all(re.search(word, str(caught.value)) for word in words), str(caught.value)


@pytest.mark.parametrize("rate, name", [(np.nan, "NaN"), (np.inf, "inf"), (-2.5, "-2.5")])
def test_a_bad_rate_names_source_target_and_value(rate, name):
    with pytest.raises(ValueError, match=rf"state \(3\) to state \(4\).*{name}"):
        single([[1], [4]], [1.0, rate])


def test_a_bad_rate_names_the_row():
    with pytest.raises(ValueError) as caught:
        single([[1], [4]], [1.0, -2.5])
    assert caught.value.__notes__ == [
        "while building the state space: transitions out of state [3], row 1 of the arrays returned"
    ]


@pytest.mark.parametrize("answer", [None, 7, [[0], [[1]], [1.0]], ([[1]], [1.0])])
def test_an_answer_of_the_wrong_form(answer):
    with pytest.raises(ValueError, match="source_row, target_states, weights"):
        Graph(callback=lambda states: answer, batched=True)


def test_no_initial_state():
    with pytest.raises(ValueError, match="initial"):
        Graph(callback=lambda states: (None, np.empty((0, 1)), []), batched=True)


def test_coefficients_are_refused():
    with pytest.raises(ValueError, match="parameterized=False"):
        Graph(callback=models_batched.rabbits_parameterised, batched=True, parameterized=False)


def test_an_exception_of_the_callback_passes_through_with_a_note():
    def rule(states):
        if len(states):
            raise KeyError("mine")
        return None, [[3], [5]], [0.5, 0.5]

    with pytest.raises(KeyError, match="mine") as caught:
        Graph(callback=rule, batched=True)
    assert caught.value.__notes__ == [
        "while building the state space: transitions out of 2 states, the first of them [3]"
    ]


def test_too_many_states():
    def endless(states):
        return (None, [[1]], [1.0]) if len(states) == 0 else ([0], states[:1] + 1, [1.0])

    with pytest.raises(ValueError, match=r"max_states = 50: 50 states.*state \(51\)"):
        Graph(callback=endless, batched=True, max_states=50)


def test_as_many_states_as_allowed_are_fine():
    assert Graph(callback=models_batched.rabbits, batched=True, n=2, max_states=6).vertices_length() == 7


def test_batched_needs_a_callback():
    with pytest.raises(TypeError, match="callback"):
        Graph(2, batched=True)
