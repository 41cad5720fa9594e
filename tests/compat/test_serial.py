"""Graphs as plain arrays, pickles and copies."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from phasic import Graph

from tests import models, strategies


def same(one, other):
    """Whether two graphs are equal in content, order, parameters and kind."""
    return (
        one.content_hash() == other.content_hash()
        and np.array_equal(one.states(), other.states())
        and np.array_equal(one._theta, other._theta) is (one._theta is not None)
        and one.is_discrete == other.is_discrete
    )


def pickled(graph):
    return pickle.loads(pickle.dumps(graph))


def serialized(graph):
    return Graph.from_serialized(graph.serialize())


WAYS = {
    "serialize": serialized,
    "pickle": pickled,
    "deepcopy": copy.deepcopy,
    "copy": Graph.copy,
    "Graph": Graph,
}


@pytest.mark.parametrize("way", WAYS)
@given(strategies.parameterised_models(), st.booleans())
def test_a_copy_is_the_same_graph(way, model, normalized):
    graph = model.graph()
    if normalized:
        graph.normalize()
    if graph.parameterized():
        graph.update_weights(np.ones(graph.param_length()) / 8)
    assert same(WAYS[way](graph), graph)


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_of_a_discrete_graph_keeps_its_rewards(way):
    graph = Graph(callback=models.kingman, n=4).discretize(0.5)
    again = WAYS[way](graph)
    assert_array_equal(again.rewards, graph.rewards)
    assert again.expectation_discrete(again.rewards) == graph.expectation_discrete(graph.rewards)


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_is_independent(way):
    graph = Graph(callback=models.hypoexponential)
    again = WAYS[way](graph)
    again.vertex_at(1).edges()[0].update_weight(7.0)
    assert graph.vertex_at(1).edges()[0].weight() != 7.0


def test_arrays_of_a_graph_with_parameters():
    graph = Graph(1)
    two, one, end = (graph.find_or_create_vertex([i]) for i in (2, 1, 0))
    graph.starting_vertex().add_edge(two, 1.0)
    two.add_edge_parameterized(one, 0.5, [3.0, 0.0])
    one.add_edge(end, 2.0)
    found = graph.serialize()
    assert_array_equal(found["states"], [[0], [2], [1], [0]])
    assert_array_equal(found["start_edges"], [[1, 1.0]])
    assert_array_equal(found["edges"], [[2, 3, 2.0]])
    assert_array_equal(found["param_edges"], [[1, 2, 0.5, 3.0, 0.0]])
    assert found["start_param_edges"].shape == (0, 4)
    assert [found[name] for name in ("param_length", "state_length", "state_dim", "n_vertices")] == [
        2,
        1,
        1,
        4,
    ]


def test_a_dictionary_of_version_0_32_has_no_bases():
    data = {
        "states": np.array([[0], [2], [1]]),
        "edges": np.empty((0, 3)),
        "start_edges": np.array([[1.0, 1.0]]),
        "param_edges": np.array([[1.0, 2.0, 3.0]]),
        "start_param_edges": np.empty((0, 2)),
        "param_length": 1,
    }
    graph = Graph.from_serialized(data)
    graph.update_weights([2.0])
    assert graph.vertex_at(1).rate() == 6.0


def test_the_number_of_parameters_must_be_right():
    with pytest.raises(ValueError, match="theta_dim is 2, but the graph has 0 parameters"):
        Graph(callback=models.kingman, n=3).serialize(theta_dim=2)


BAD = {
    "nothing": ({}, "no 'states'"),
    "flat states": ({"states": [1, 2]}, r"states has shape \(2,\)"),
    "a state twice": ({"states": [[0], [1], [1]]}, r"states\[2\] is the state of an earlier vertex"),
    "too few columns": ({"edges": [[1.0, 2.0]]}, r"edges has shape \(1, 2\), but 3 columns"),
    "half an index": ({"edges": [[0.5, 2.0, 1.0]]}, r"edges\[0\]\[0\] is 0.5"),
    "negative weight": ({"edges": [[1.0, 2.0, -1.0]]}, "-1"),
    "auxiliary of another length": ({"auxiliary": [True]}, r"auxiliary has shape \(1,\)"),
    "theta of another length": ({"theta": [1.0]}, "theta has shape"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_dictionaries_are_named(fault):
    change, message = BAD[fault]
    sound = {"states": [[0], [1], [2]], "edges": [[1.0, 2.0, 1.0]], "start_edges": [[1.0, 1.0]]}
    with pytest.raises(ValueError, match=message):
        Graph.from_serialized({**sound, **change} if change else {})


def test_an_edge_to_a_vertex_that_is_not_there():
    data = {"states": [[0], [1]], "edges": [[1.0, 5.0, 1.0]], "start_edges": []}
    with pytest.raises(IndexError, match="vertex 5"):
        Graph.from_serialized(data)


def test_a_trace_pickles():
    trace = Graph(callback=models.kingman, n=4).trace()
    again = pickle.loads(pickle.dumps(trace))
    assert (again.key, again.to_bytes()) == (trace.key, trace.to_bytes())


@pytest.mark.parametrize("way", [pickled, copy.deepcopy])
def test_a_model_copies(way):
    model = Graph(callback=models.erlang_parameterised, k=2).model()
    assert float(way(model).log_likelihood([2.0], [1.0])) == float(model.log_likelihood([2.0], [1.0]))
