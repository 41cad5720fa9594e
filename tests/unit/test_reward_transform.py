"""Graphs whose absorption time is an accumulated reward."""

import numpy as np
import pytest
from phasic import Graph

from tests import models, named


def lineages(graph):
    return graph.states()[:, 0].astype(float)


def test_rates_are_divided_by_the_rewards():
    graph = Graph(callback=models.kingman, n=2)
    assert graph.reward_transform(lineages(graph)).expectation() == 2.0


def test_the_graph_itself_is_unchanged():
    graph = Graph(callback=models.kingman, n=5)
    before = graph.content_hash()
    graph.reward_transform(lineages(graph))
    assert graph.content_hash() == before


def test_rewards_of_one_change_nothing():
    graph = Graph(callback=models.rabbits, n=3)
    transformed = graph.reward_transform(np.ones(graph.vertices_length()))
    assert transformed.expectation() == pytest.approx(graph.expectation(), rel=1e-15)  # one division by one


def test_vertices_without_reward_are_gone():
    graph = Graph(callback=models.kingman, n=5)
    rewards = (graph.states()[:, 0] == 4).astype(float)
    transient = [v for v in graph.reward_transform(rewards).vertices()[1:] if v.edges()]
    assert [list(v.state()) for v in transient] == [[4]]


def test_a_vertex_without_reward_passes_its_initial_mass_on():
    graph = Graph(callback=models.kingman, n=3)
    rewards = (graph.states()[:, 0] == 2).astype(float)
    assert graph.reward_transform(rewards).expectation() == 1.0


def test_a_vertex_without_reward_before_absorption_leaves_an_atom():
    # with probability 3/4 the chain ends without having seen [2]
    graph = Graph(1)
    one, two, end = (graph.find_or_create_vertex([i]) for i in (1, 2, 3))
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(two, 1.0)
    one.add_edge(end, 3.0)
    two.add_edge(end, 5.0)
    assert graph.reward_transform([0.0, 0.0, 1.0, 0.0]).defect() == 0.75


def test_the_atom_is_in_the_cdf():
    graph = Graph(callback=models.rabbits, n=2)
    transformed = graph.reward_transform(graph.states()[:, 1].astype(float))
    assert transformed.cdf(0.0) == pytest.approx(2 / 3, rel=1e-15)


def test_rewards_of_zero_everywhere_leave_only_the_atom():
    graph = Graph(callback=models.kingman, n=3)
    assert graph.reward_transform(np.zeros(4)).defect() == pytest.approx(1.0, rel=1e-15)


def parameterised_rabbits(theta=None):
    graph = Graph(callback=models.rabbits_parameterised, n=2)
    if theta is not None:
        graph.update_parameterized_weights(theta)
    return graph


def test_positive_rewards_keep_the_parameters():
    graph = parameterised_rabbits()
    rewards = graph.states().sum(axis=1).astype(float)
    transformed = graph.reward_transform(rewards)
    transformed.update_parameterized_weights([1.0, 2.0, 4.0])
    graph.update_parameterized_weights([1.0, 2.0, 4.0])
    assert transformed.expectation() == pytest.approx(graph.expectation(rewards), rel=1e-15)


def test_parameters_are_kept_at_their_values():
    graph = parameterised_rabbits([1.0, 2.0, 4.0])
    assert repr(graph.reward_transform(np.ones(7))).endswith("theta=[1.0, 2.0, 4.0])")


def test_states_that_branch_by_theta_make_the_weights_constant():
    graph = parameterised_rabbits([1.0, 2.0, 4.0])
    assert not graph.reward_transform(graph.states()[:, 1].astype(float)).parameterized()


@pytest.mark.filterwarnings("ignore:this graph has")
def test_states_that_branch_by_theta_are_eliminated_at_ones_at_first():
    graph, other = parameterised_rabbits(), parameterised_rabbits([1.0, 1.0, 1.0])
    rewards = graph.states()[:, 1].astype(float)
    assert graph.reward_transform(rewards).content_hash() == other.reward_transform(rewards).content_hash()


@pytest.mark.parametrize("theta", [0.25, 3.0])
def test_states_whose_rates_share_a_parameter_are_eliminated_for_every_theta(theta):
    graph = Graph(callback=named.kingman_blocks, n=7)
    singletons, doubletons = graph.states()[:, 0].astype(float), graph.states()[:, 1].astype(float)
    transformed = [graph.reward_transform(rewards) for rewards in (singletons, doubletons)]
    for found, rewards in zip(transformed, (singletons, doubletons), strict=True):
        found.update_parameterized_weights([theta])
        graph.update_parameterized_weights([theta])
        assert found.moments(2) == pytest.approx(graph.moments(2, rewards), rel=1e-14)


def test_a_parameter_that_no_weight_depends_on_any_more_is_gone():
    graph = Graph(1)
    first, second, end = (graph.find_or_create_vertex([i]) for i in (2, 1, 0))
    graph.starting_vertex().add_edge(first, 1.0)
    first.add_edge_parameterized(second, 0.0, [1.0])
    second.add_edge(end, 2.0)
    graph.update_parameterized_weights([5.0])
    transformed = graph.reward_transform([0.0, 0.0, 1.0, 0.0])
    assert not transformed.parameterized()
    assert transformed.expectation() == 0.5


def test_a_cycle_of_vertices_without_reward_is_eliminated():
    graph = Graph(callback=models.rabbits, n=2)
    states = graph.states()
    # only (2, 0) counts; rabbits may come back to it through (1, 1)
    rewards = ((states[:, 0] == 2) & (states[:, 1] == 0)).astype(float)
    expected = graph.expected_residence_time()[graph.find_vertex([2, 0]).index()]
    assert graph.reward_transform(rewards).expectation() == pytest.approx(expected, rel=1e-14)


def test_a_constant_graph_can_be_transformed_twice():
    graph = Graph(callback=models.kingman, n=4)
    twice = graph.reward_transform(np.full(5, 2.0))
    twice = twice.reward_transform(np.full(twice.vertices_length(), 3.0))
    assert twice.expectation() == pytest.approx(6 * graph.expectation(), rel=1e-15)
