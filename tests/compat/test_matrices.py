"""Graphs as matrices and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph, MatrixRepresentation
from scipy.linalg import expm

from tests import models, strategies

TIMES = np.array([0.1, 1.0, 3.0])


def test_fields_of_a_chain_of_two():
    graph = Graph(callback=models.hypoexponential, rates=(2.0, 3.0))
    matrices = graph.as_matrices()
    assert isinstance(matrices, MatrixRepresentation)
    ipv, sim, states, indices = matrices
    assert_array_equal(ipv, [1.0, 0.0])
    assert_array_equal(sim, [[-2.0, 2.0], [0.0, -3.0]])
    assert_array_equal(states, graph.states()[indices - 1])


@given(strategies.chains())
def test_the_density_is_that_of_the_matrix_exponential(model):
    graph = model.graph()
    ipv, sim, _, _ = graph.as_matrices()
    expected = [ipv @ expm(sim * t) @ -sim.sum(axis=1) for t in TIMES]
    # scipy's expm subtracts, and loses digits where a density is small beside the rates
    assert_allclose(graph.pdf(TIMES), expected, rtol=1e-8, atol=1e-10)


@given(strategies.chains())
def test_there_and_back_is_the_same_law(model):
    graph = model.graph()
    ipv, sim, states, _ = graph.as_matrices()
    again = Graph.from_matrices(ipv, sim, states)
    # exit rates are differences of rounded sums of rates up to 100 times as large
    assert_allclose(again.moments(3), graph.moments(3), rtol=1e-11)


def test_matrices_at_theta():
    graph = Graph(callback=models.erlang_parameterised, k=2)
    graph.update_weights([4.0])
    assert_array_equal(graph.as_matrices().sim, [[-4.0, 4.0], [0.0, -4.0]])


@pytest.mark.filterwarnings("ignore:this graph has")
def test_matrices_before_theta_are_those_of_ones():
    graph = Graph(callback=models.erlang_parameterised, k=2)
    assert_array_equal(graph.as_matrices().sim, [[-1.0, 1.0], [0.0, -1.0]])


def test_a_loop_is_no_transition():
    graph = Graph(1)
    one, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(one, 5.0)
    one.add_edge(end, 2.0)
    assert_array_equal(graph.as_matrices().sim, [[-2.0]])


def test_default_states_count_up():
    graph = Graph.from_matrices([0.5, 0.5], [[-1.0, 0.0], [0.0, -2.0]])
    assert_array_equal(graph.states(), [[0], [0], [1], [2]])


def test_a_state_of_zeros_leaves_another_for_the_absorbing_vertex():
    graph = Graph.from_matrices([1.0, 0.0], [[-2.0, 1.0], [0.0, -3.0]], [[0, 0], [1, 1]])
    assert_array_equal(graph.states()[-1], [2, 2])


def test_what_the_initial_probabilities_leave_is_the_defect():
    assert Graph.from_matrices([0.25], [[-2.0]]).defect() == 0.75


@given(st.integers(1, 40), st.randoms(use_true_random=False))
def test_rounding_of_a_row_is_no_exit_rate(n, random):
    rates = np.array([random.uniform(0.1, 10.0) for _ in range(n)])
    sim = np.zeros((n + 1, n + 1))
    sim[0, 1:], sim[0, 0] = rates, -rates.sum()
    sim[np.arange(1, n + 1), np.arange(1, n + 1)] = -1.0
    graph = Graph.from_matrices(np.eye(n + 1)[0], sim)
    assert graph.vertex_at(1).edges_length() == n


BAD = {
    "matrix of another size": (
        ([1.0], -np.eye(2)),
        r"square and of the dimension of ipv: \(1, 1\)",
    ),
    "negative probability": (([-0.5], [[-1.0]]), r"ipv\[0\] is -0.5"),
    "infinite rate": (([1.0], [[-np.inf]]), r"sim\[0\]\[0\] is -inf"),
    "negative rate": (([1.0, 0.0], [[-1.0, -0.5], [0.0, -1.0]]), r"sim\[0\]\[1\] is -0.5"),
    "row above 0": (([1.0, 0.0], [[-1.0, 2.0], [0.0, -1.0]]), r"row 0 of sim sums to 1.0"),
    "no way out": (([1.0], [[0.0]]), "row 0 of sim is 0"),
    "probabilities above 1": (([0.75, 0.75], [[-1.0, 0.0], [0.0, -1.0]]), "ipv sums to 1.5"),
    "too few states": (([1.0], [[-1.0]], [[1], [2]]), r"states has shape \(2, 1\)"),
    "a state twice": (
        ([1.0, 0.0], [[-1.0, 0.0], [0.0, -1.0]], [[3], [3]]),
        r"states\[1\] is the state of states\[0\]",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_matrices_are_named(fault):
    arguments, message = BAD[fault]
    with pytest.raises(ValueError, match=message):
        Graph.from_matrices(*arguments)
