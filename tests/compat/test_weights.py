"""Weights brought to sum 1, and set by hand."""

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph

from tests import models, strategies


def fork():
    graph = Graph(1)
    one, two, end = (graph.find_or_create_vertex([i]) for i in (1, 2, 3))
    graph.starting_vertex().add_edge(one, 6.0)
    graph.starting_vertex().add_edge(two, 2.0)
    one.add_edge(two, 3.0)
    one.add_edge(end, 1.0)
    two.add_edge(end, 5.0)
    return graph


def test_initial_weights_become_probabilities():
    graph = fork()
    graph.normalize()
    assert [edge.weight() for edge in graph.starting_vertex().edges()] == [0.75, 0.25]


def test_weights_of_every_vertex_sum_to_one():
    graph = fork()
    graph.normalize()
    assert [vertex.rate() for vertex in graph.vertices()] == [1.0, 1.0, 1.0, 0.0]


def test_factors_are_what_weights_were_multiplied_by():
    assert_array_equal(fork().normalize(), [0.125, 0.25, 0.2, 1.0])


@given(strategies.chains())
def test_factors_as_rewards_restore_the_time(model):
    graph = model.graph()
    before = graph.moments(2)
    factors = graph.normalize()
    assert_allclose(graph.moments(2, factors), before, rtol=1e-12)


def test_initial_probabilities_keep_their_defect():
    graph = fork()
    for edge, probability in zip(graph.starting_vertex().edges(), (0.5, 0.125), strict=True):
        edge.update_weight(probability)
    assert graph.normalize()[0] == 1.0
    assert graph.defect() == 0.375


def test_a_graph_with_parameters_keeps_its_rates():
    graph = Graph(callback=models.rabbits_parameterised, n=2)
    graph.update_weights([1.0, 2.0, 0.5])
    before = graph.expectation()
    assert_array_equal(graph.normalize(), np.ones(graph.vertices_length()))
    assert graph.expectation() == before


def test_a_graph_with_parameters_is_discrete_at_any_theta():
    graph = Graph(callback=models.erlang_parameterised, k=3)
    graph.normalize()
    graph.update_weights([17.0])
    assert graph.pmf_discrete(3) == 1.0


def test_initial_weights_above_one_are_refused_until_normalized():
    with pytest.raises(ValueError, match="initial probabilities sum to 8"):
        fork().expectation()


def test_a_discrete_graph_needs_no_normalization():
    graph = Graph(callback=models.successes)
    before = graph.content_hash()
    assert_array_equal(graph.normalize_discrete(), np.ones(graph.vertices_length()))
    assert graph.content_hash() == before


def test_an_edge_gets_another_weight():
    graph = fork()
    edge = graph.vertex_at(1).edges()[1]
    edge.update_weight(9.0)
    assert (edge.weight(), graph.vertex_at(1).rate()) == (9.0, 12.0)


def test_answers_follow_a_new_weight():
    graph = Graph(callback=models.erlang, k=1, rate=2.0)
    assert graph.expectation() == 0.5
    graph.vertex_at(1).edges()[0].update_weight(4.0)
    assert graph.expectation() == 0.25


@pytest.mark.parametrize(("weight", "named"), [(-1.0, "-1"), (np.nan, "NaN"), (np.inf, "inf")])
def test_a_bad_weight_is_named(weight, named):
    with pytest.raises(ValueError, match=f"has the weight {named}"):
        fork().vertex_at(1).edges()[0].update_weight(weight)


def test_a_weight_that_depends_on_theta_is_set_by_theta():
    graph = Graph(callback=models.erlang_parameterised, k=2)
    with pytest.raises(ValueError, match="set that with graph"):
        graph.vertex_at(1).edges()[0].update_weight(1.0)


def test_edges_tell_their_coefficients():
    graph = Graph(callback=models.erlang_parameterised, k=2)
    (edge,) = graph.vertex_at(1).parameterized_edges()
    assert (edge.coefficients_length(), edge.edge_state(1).tolist()) == (1, [1.0])
    assert graph.starting_vertex().parameterized_edges() == []


def test_a_state_is_created_once():
    graph = Graph(1)
    assert graph.create_vertex([5]).index() == 1
    with pytest.raises(ValueError, match=r"a vertex has the state \[5\] already"):
        graph.create_vertex([5])


def test_a_graph_is_a_sequence_of_vertices():
    graph = fork()
    assert (len(graph), list(graph)) == (4, graph.vertices())


def test_an_empty_graph_is_true():
    assert Graph(1)


@pytest.mark.parametrize(("loop", "acyclic"), [(None, True), ((1, 1), False), ((2, 1), False)])
def test_cycles_are_found_without_an_end(loop, acyclic):
    graph = Graph(1)
    one, two = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(two, 1.0)
    if loop:
        graph.vertex_at(loop[0]).add_edge(graph.vertex_at(loop[1]), 1.0)
    assert graph.is_acyclic() is acyclic


def test_an_edge_of_weight_zero_closes_no_cycle():
    graph = Graph(callback=models.erlang, k=2)
    graph.vertex_at(2).add_edge(graph.vertex_at(1), 0.0)
    assert graph.is_acyclic()
