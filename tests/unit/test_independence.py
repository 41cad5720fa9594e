"""A graph owns what it was given: no later change outside reaches it, and copies are whole."""

import copy

import numpy as np
import pytest
from phasic import Graph

from tests import models


@pytest.fixture
def graph():
    return Graph(callback=models.rabbits_parameterised, n=2)


def test_theta_is_copied(graph):
    theta = np.array([1.0, 2.0, 4.0])
    graph.update_parameterized_weights(theta)
    before = graph.expectation()
    theta[:] = 7.0
    assert graph.expectation() == before


@pytest.mark.parametrize("duplicate", [Graph.copy, Graph.clone, copy.copy, copy.deepcopy])
def test_a_copy_of_a_discrete_graph_is_whole(duplicate):
    graph = Graph(callback=models.kingman, n=4).discretize(lambda state: state[0] / 2)
    other = duplicate(graph)
    np.testing.assert_array_equal(other.rewards, graph.rewards)
    assert other.is_discrete
    assert other.pmf_discrete(2, other.rewards) == graph.pmf_discrete(2, graph.rewards)
    other.rewards[:] = 0
    assert graph.rewards.any()


def test_a_plain_graph_has_no_rewards_and_says_why(graph):
    with pytest.raises(AttributeError, match="discretize"):
        _ = graph.rewards


def test_a_vertex_with_edges_of_no_weight_is_named():
    graph = Graph(1)
    one, two, three = (graph.find_or_create_vertex([i]) for i in (1, 2, 3))
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(two, 1.0)
    two.add_edge(three, 0.0)
    with pytest.raises(ValueError, match=r"all transitions out of state \(2\) have the rate 0"):
        graph.expectation()


def test_a_limit_that_is_never_reached_is_an_error():
    graph = Graph(1)
    end, on, trap = (graph.find_or_create_vertex([i]) for i in range(3))
    graph.starting_vertex().add_edge(on, 1.0)
    on.add_edge(trap, 1.0)
    on.add_edge(end, 1.0)
    trap.add_edge_parameterized(end, 0.0, [1.0])
    graph.update_parameterized_weights([0.0])
    with pytest.raises(ValueError, match=r"\(2\) and never leave"):
        graph.cdf([1.0, np.inf])
