"""Parameterised graphs: weights are base + coefficients . theta."""

import numpy as np
import pytest
from phasic import Graph

from tests import models


@pytest.fixture
def graph():
    """[1] -> [2] at 1 + 2a + 3b, [2] -> [3] at 5."""
    graph = Graph(1)
    one, two, three = (graph.find_or_create_vertex([i]) for i in (1, 2, 3))
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge_parameterized(two, 1.0, [2.0, 3.0])
    two.add_edge_parameterized(three, 5.0, [])
    return graph


def test_parameterized(graph):
    assert graph.parameterized()


def test_param_length(graph):
    assert graph.param_length() == 2


@pytest.mark.parametrize("name", ["update_parameterized_weights", "update_weights"])
def test_weights_follow_theta(graph, name):
    getattr(graph, name)([0.5, 2.0])
    assert graph.find_vertex([1]).edges()[0].weight() == 8.0


def test_rate_follows_theta(graph):
    graph.update_weights([0.5, 2.0])
    assert graph.find_vertex([1]).rate() == 8.0


def test_base_does_not_follow_theta(graph):
    graph.update_weights([0.5, 2.0])
    assert graph.find_vertex([1]).edges()[0].base() == 1.0


def test_expectation_follows_theta(graph):
    graph.update_weights([0.5, 2.0])
    assert graph.expectation() == 0.325


def test_theta_can_change(graph):
    graph.update_weights([0.5, 2.0])
    graph.update_weights([0.5, 0.0])
    assert graph.expectation() == 0.7


def test_theta_may_be_an_array(graph):
    graph.update_weights(np.array([0.5, 2.0]))
    assert graph.expectation() == 0.325


def test_theta_may_be_read_only(graph):
    theta = np.array([0.5, 2.0])
    theta.flags.writeable = False
    graph.update_weights(theta)
    assert graph.expectation() == 0.325


def test_theta_may_be_integers(graph):
    graph.update_weights([2, 1])
    assert graph.find_vertex([1]).rate() == 8.0


def test_theta_zero_leaves_the_bases(graph):
    graph.update_weights([0.0, 0.0])
    assert graph.expectation() == 1.2


def test_content_hash_does_not_depend_on_theta(graph):
    before = graph.content_hash()
    graph.update_weights([0.5, 2.0])
    assert graph.content_hash() == before


def test_negative_coefficients_with_positive_rates_are_allowed():
    graph = Graph(1)
    one, two = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge_parameterized(two, 3.0, [-1.0])
    graph.update_weights([1.0])
    assert graph.expectation() == 0.5


def test_a_rejected_theta_leaves_the_weights(graph):
    graph.update_weights([0.5, 2.0])
    with pytest.raises(ValueError, match="-"):
        graph.update_weights([-5.0, 0.0])
    assert graph.expectation() == 0.325


def test_parameterised_rabbits_equal_constant_ones():
    graph = Graph(callback=models.rabbits_parameterised, n=4)
    graph.update_weights([1.0, 2.0, 4.0])
    assert graph.expectation() == Graph(callback=models.rabbits, n=4).expectation()
