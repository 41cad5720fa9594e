"""Discrete graphs whose number of steps is a whole reward."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models


def coin():
    """Stays with probability 1/2 until a step ends it."""
    graph = Graph(1)
    alive, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(alive, 1.0)
    alive.add_edge(end, 0.5)
    return graph


def test_a_reward_of_three_makes_three_steps():
    transformed = coin().reward_transform_discrete([0, 3, 0])
    assert_allclose(transformed.pmf_discrete([3, 4, 6, 9]), [0.5, 0.0, 0.25, 0.125], rtol=1e-15)


def test_the_result_is_discrete():
    assert coin().reward_transform_discrete([0, 2, 0]).is_discrete


def test_states_name_the_step():
    states = coin().reward_transform_discrete([0, 3, 0]).states().tolist()
    assert sorted(states[1:]) == [[0, 0], [1, 0], [1, 1], [1, 2]]


def test_rewards_of_one_keep_probabilities():
    graph = Graph(callback=models.coupons, n=4)
    ones = np.ones(graph.vertices_length())
    assert_allclose(
        graph.reward_transform_discrete(ones).pmf_discrete(range(30)),
        graph.pmf_discrete(range(30)),
        rtol=1e-15,
    )


def test_a_way_back_through_a_vertex_without_reward_is_a_step_again():
    # from 1 to 0 and back with probability 1/2 each time: visits to 1 are geometric
    graph = Graph(1)
    one, zero, end = (graph.find_or_create_vertex([i]) for i in (1, 0, 2))
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(zero, 0.5)
    one.add_edge(end, 0.5)
    zero.add_edge(one, 0.25)  # stays with probability 3/4
    transformed = graph.reward_transform_discrete([0, 1, 0, 0])
    assert_allclose(transformed.pmf_discrete([1, 2, 3]), [0.5, 0.25, 0.125], rtol=1e-15)


def test_events_of_a_discretised_chain():
    events = Graph(callback=models.kingman, n=6).discretize(lambda state: float(state[0]))
    transformed = events.reward_transform_discrete(events.rewards)
    expected = events.pmf_discrete(range(20), events.rewards)
    assert_allclose(transformed.pmf_discrete(range(20)), expected, rtol=1e-14)


def test_no_reward_at_all_leaves_only_the_atom():
    graph = coin().reward_transform_discrete([0, 0, 0])
    assert graph.pmf_discrete([0, 1]).tolist() == [1.0, 0.0]


def test_a_normalised_graph_keeps_its_parameters():
    graph = Graph(callback=models.rabbits_parameterised, n=2)
    graph.normalize()
    rewards = graph.states().sum(axis=1)
    transformed = graph.reward_transform_discrete(rewards)
    for theta in ([1.0, 2.0, 4.0], [3.0, 0.5, 1.0]):
        graph.update_parameterized_weights(theta)
        transformed.update_parameterized_weights(theta)
        expected = graph.pmf_discrete(range(20), rewards)
        assert_allclose(transformed.pmf_discrete(range(20)), expected, rtol=1e-14)


def test_a_probability_of_staying_makes_long_rewards_constant():
    graph = Graph(1)
    alive, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(alive, 1.0)
    alive.add_edge_parameterized(end, 0.0, [1.0])
    graph.update_parameterized_weights([0.5])
    assert graph.reward_transform_discrete([0, 1, 0]).parameterized()
    constant = graph.reward_transform_discrete([0, 2, 0])
    assert not constant.parameterized()
    assert_allclose(constant.pmf_discrete([2, 3, 4]), [0.5, 0.0, 0.25], rtol=1e-15)


def test_a_reward_that_is_not_whole():
    with pytest.raises(ValueError, match=r"rewards\[1\] is 1.5"):
        coin().reward_transform_discrete([0, 1.5, 0])


def test_more_steps_than_fit():
    with pytest.raises(ValueError, match=r"rewards\[\d\] is 1000000000: .* at most 1e8 steps"):
        coin().reward_transform_discrete([0, 1e9, 0])


def test_weights_above_one():
    graph = Graph(callback=models.kingman, n=4)
    with pytest.raises(ValueError, match="must not exceed 1"):
        graph.reward_transform_discrete(np.ones(5))


def test_rewards_are_needed():
    with pytest.raises(ValueError, match="reward_transform_discrete needs rewards"):
        coin().reward_transform_discrete([])
