"""Graphs in the forms of other software: there and back is the same law.

Densities agree to 1e-13: rates come back to the last bit, and only exit rates, and edges to several absorbing
vertices, which matrices make one, are summed in another order.
"""

import copy
import sys

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph
from scipy.io import mmread

from tests import models, strategies


def through_scipy(graph, path, theta=None):
    return Graph.from_scipy(*graph.to_scipy(theta)[:4])


def through_matrix_market(graph, path, theta=None):
    graph.to_matrix_market(path, theta)
    return Graph.from_matrix_market(path)


def through_networkx(graph, path, theta=None):
    return Graph.from_networkx(graph.to_networkx(theta))


def through_drn(graph, path, theta=None):
    graph.to_drn(path, theta)
    return Graph.from_drn(path)


FORMS = [through_scipy, through_matrix_market, through_networkx, through_drn]
times = st.lists(st.floats(1e-3, 10.0), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("interchange") / "chain"


@pytest.mark.parametrize("form", FORMS)
@given(model=strategies.chains(), times=times)
def test_there_and_back_is_the_same_law(form, path, model, times):
    graph = model.graph()
    again = form(graph, path)
    # a density below the smallest normal double has fewer digits
    assert_allclose(again.pdf(times, rtol=1e-14), graph.pdf(times, rtol=1e-14), rtol=1e-13, atol=1e-300)
    assert again.defect() == graph.defect()


@pytest.mark.parametrize("form", FORMS)
@given(model=strategies.parameterised_models(), times=times)
def test_there_and_back_at_theta_is_the_same_law(form, path, model, times):
    graph = model.graph()
    again = form(graph, path, model.theta)
    graph.update_parameterized_weights(model.theta)
    assert_allclose(again.pdf(times, rtol=1e-14), graph.pdf(times, rtol=1e-14), rtol=1e-13, atol=1e-300)
    assert again.defect() == graph.defect()


@pytest.mark.parametrize("form", [through_networkx, through_drn])
@given(model=strategies.chains())
def test_there_and_back_has_the_same_content(form, path, model):
    graph = model.graph()
    assert form(graph, path).content_hash() == graph.content_hash()


@pytest.mark.parametrize("form", FORMS)
@given(model=strategies.chains())
def test_there_and_back_keeps_the_states(form, path, model):
    graph = model.graph()
    again = form(graph, path)
    for state in graph.states()[graph.to_scipy().indices - 1]:
        assert again.vertex_exists(state)


@pytest.mark.parametrize("form", FORMS)
def test_a_small_exit_rate_keeps_its_digits(form, path):
    stiff = Graph(1)
    one, two, end = (stiff.find_or_create_vertex([i]) for i in (1, 2, 3))
    stiff.starting_vertex().add_edge(one, 1.0)
    one.add_edge(two, 1e12)
    two.add_edge(one, 1e12)
    two.add_edge(end, 1e-12)
    # 24 decades below the diagonal, where a difference of rates would be nothing but rounding
    assert_allclose(form(stiff, path).expectation(), stiff.expectation(), rtol=1e-14)


@pytest.mark.filterwarnings("ignore:this graph has")
@pytest.mark.parametrize("form", [through_scipy, through_matrix_market, through_drn])
def test_a_graph_without_theta_has_that_of_ones(form, path):
    assert_allclose(
        form(Graph(callback=models.erlang_parameterised, k=2), path).expectation(), 2.0, rtol=1e-14
    )


def test_a_network_without_theta_has_no_weights():
    network = Graph(callback=models.erlang_parameterised, k=2).to_networkx()
    assert network.edges[1, 2] == {"base": 0.0, "coefficients": (1.0,)}


@pytest.mark.parametrize("form", FORMS)
def test_theta_of_another_length_is_refused(form, path):
    with pytest.raises(ValueError, match=r"theta has shape \(2,\)"):
        form(Graph(callback=models.erlang_parameterised, k=2), path, [1.0, 2.0])


@pytest.mark.parametrize("form", FORMS)
def test_a_negative_rate_is_refused(form, path):
    with pytest.raises(ValueError, match="-1"):
        form(Graph(callback=models.erlang_parameterised, k=2), path, [-1.0])


@given(strategies.chains())
def test_sparse_and_dense_matrices_are_the_same(model):
    graph = model.graph()
    dense, sparse = graph.as_matrices(), graph.to_scipy()
    assert_array_equal(sparse.ipv, dense.ipv)
    assert_array_equal(sparse.sim.toarray(), dense.sim)
    assert_array_equal(sparse.states, dense.states)
    assert_array_equal(sparse.indices, dense.indices)


@given(strategies.chains())
def test_rows_with_their_exit_rates_sum_to_zero(model):
    matrices = model.graph().to_scipy()
    # rounding of sums of at most 8 rates of at most 100
    assert_allclose(matrices.sim.sum(axis=1) + matrices.exit_rates, 0.0, atol=1e-12)


@given(strategies.chains())
def test_exit_rates_may_be_left_out(model):
    graph = model.graph()
    ipv, sim, _, states, _ = graph.to_scipy()
    # they are differences of rounded sums of rates up to 100 times as large
    assert_allclose(Graph.from_scipy(ipv, sim, None, states).moments(3), graph.moments(3), rtol=1e-11)


BAD = {
    "matrix of another size": (([1.0], -np.eye(2)), r"sim has shape \(2, 2\)"),
    "negative rate": (([1.0, 0.0], [[-1.0, -0.5], [0.0, -1.0]]), r"sim\[0\]\[1\] is -0.5"),
    "infinite rate": (([1.0], [[-np.inf]]), "must be finite"),
    "exit rates of another size": (([1.0], [[-1.0]], [1.0, 1.0]), r"exit_rates has shape \(2,\)"),
    "negative exit rate": (([1.0], [[-1.0]], [-1.0]), r"exit_rates\[0\] is -1.0"),
    "row out of balance": (([1.0], [[-1.0]], [2.0]), r"row 0 of sim and exit_rates\[0\] sum to 1.0"),
    "row above 0": (([1.0, 0.0], [[-1.0, 2.0], [0.0, -1.0]]), "row 0 of sim sums to 1.0"),
    "no way out": (([1.0], [[0.0]]), "row 0 of sim is 0"),
    "probabilities above 1": (([0.75, 0.75], -np.eye(2)), "ipv sums to 1.5"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_sparse_matrices_are_named(fault):
    arguments, message = BAD[fault]
    with pytest.raises(ValueError, match=message):
        Graph.from_scipy(*arguments)


def test_a_matrix_market_file_is_what_the_page_says(path):
    Graph.from_matrices([0.25, 0.5], [[-3.0, 1.0], [0.0, -4.0]], [[7, 1], [-2, 0]]).to_matrix_market(path)
    whole = [[0.25, 0.25, 0.5], [2.0, -3.0, 1.0], [4.0, 0.0, -4.0]]
    assert_array_equal(mmread(path).toarray(), whole)
    lines = path.read_text().splitlines()
    assert [line for line in lines if "state" in line] == ["% state 1: 7 1", "% state 2: -2 0"]


def test_a_matrix_without_names_of_states_counts_them(path):
    path.write_text("%%MatrixMarket matrix coordinate real general\n2 2 3\n1 2 1.0\n2 1 2.0\n2 2 -2.0\n")
    graph = Graph.from_matrix_market(path)
    assert_array_equal(graph.states(), [[0], [0], [1]])
    assert graph.expectation() == 0.5


def test_a_matrix_whose_first_row_is_no_distribution_is_refused(path):
    path.write_text("%%MatrixMarket matrix coordinate real general\n2 2 2\n1 2 3.0\n2 1 1.0\n")
    with pytest.raises(ValueError, match=r"first row sums to 3\.0"):
        Graph.from_matrix_market(path)


@given(strategies.parameterised_models())
def test_networkx_keeps_the_parameters(model):
    graph = model.graph()
    again = Graph.from_networkx(graph.to_networkx())
    assert again.content_hash() == graph.content_hash()
    graph.update_parameterized_weights(model.theta)
    assert_array_equal(Graph.from_networkx(graph.to_networkx())._theta, model.theta)


def test_networkx_nodes_have_states_and_edges_have_weights():
    graph = Graph(callback=models.erlang_parameterised, k=2)
    network = graph.to_networkx([3.0])
    assert network.nodes[1] == {"state": (1,), "absorbing": False}
    assert network.nodes[3] == {"state": (3,), "absorbing": True}
    assert network.edges[1, 2] == {"base": 0.0, "coefficients": (1.0,), "weight": 3.0}
    assert network.graph == {"start": 0, "theta": (3.0,)}


def test_a_network_of_names_and_weights():
    network = networkx.MultiDiGraph()
    network.add_edge("up", "down", weight=0.25)
    network.add_edge("up", "down", weight=0.25)
    graph = Graph.from_networkx(network, initial={"up": 1.0})
    assert graph.expectation() == 2.0


NETWORKS = {
    "not directed": (lambda: networkx.Graph([(0, 1)]), {}, "not directed"),
    "no start": (lambda: networkx.DiGraph([(0, 1)]), {}, "no attribute 'start'"),
    "no weight": (lambda: networkx.DiGraph([(0, 1)]), {0: 1.0}, "edge 0 → 1 has no weight"),
    "start at nothing": (lambda: networkx.DiGraph([(0, 1)]), {7: 1.0}, "initial names 7"),
    "a negative weight": (lambda: networkx.DiGraph([(0, 1, {"weight": -1.0})]), {0: 1.0}, "-1"),
}


@pytest.mark.parametrize("fault", NETWORKS)
def test_bad_networks_are_named(fault):
    make, initial, message = NETWORKS[fault]
    with pytest.raises(ValueError, match=message):
        Graph.from_networkx(make(), initial or None)


def test_nodes_of_one_state_are_refused():
    network = Graph(callback=models.erlang, k=2).to_networkx()
    other = copy.deepcopy(network)
    other.nodes[2]["state"] = (1,)
    with pytest.raises(ValueError, match=r"node 2 has the state \[1\] of node 1"):
        Graph.from_networkx(other)


@pytest.mark.parametrize("write", ["to_networkx", "to_drn"])
def test_a_discretized_graph_is_refused(write, path):
    graph = Graph(callback=models.erlang, k=2).discretize(0.5)
    with pytest.raises(ValueError, match="discretized"):
        getattr(graph, write)(*([] if write == "to_networkx" else [path]))


def test_missing_networkx_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(ImportError, match=r"to_networkx needs networkx: pip install 'networkx>=3.2'"):
        Graph(callback=models.erlang, k=2).to_networkx()
