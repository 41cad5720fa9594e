"""Discretization by the entries of a state, as October 2025 had it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph

from tests import models


@pytest.fixture
def graph():
    return Graph(callback=models.block_counting, n=4)


def test_events_of_a_kind_are_those_on_its_entry(graph):
    discrete, rewards = graph.discretize(reward_rate=0.5)
    # the mean number of events is the rate times the mean of the time-integral of the entry
    for kind, row in enumerate(rewards):
        expected = 0.5 * graph.expectation(graph.states()[:, kind].astype(float))
        assert_allclose(discrete.expectation_discrete(row), expected, rtol=1e-12)


def test_rewards_have_a_row_for_each_entry(graph):
    discrete, rewards = graph.discretize(reward_rate=0.5)
    assert rewards.shape == (graph.state_length(), discrete.vertices_length())
    assert_array_equal(rewards.sum(axis=0), discrete.rewards)


def test_skipped_entries_have_no_events(graph):
    _, rewards = graph.discretize(reward_rate=0.5, skip_slots=[0])
    assert rewards[0].sum() == 0
    assert rewards[1].sum() > 0


def test_skipped_vertices_have_no_events(graph):
    discrete, _ = graph.discretize(reward_rate=0.5, skip_states=[1])
    assert discrete.vertex_at(1).edges_length() == graph.vertex_at(1).edges_length()


def test_a_rate_is_needed_once(graph):
    with pytest.raises(TypeError, match="either rate or reward_rate"):
        graph.discretize()
    with pytest.raises(TypeError, match="either rate or reward_rate"):
        graph.discretize(1.0, reward_rate=1.0)


def test_skipping_goes_with_reward_rate(graph):
    with pytest.raises(TypeError, match="give a rate of 0 instead"):
        graph.discretize(1.0, skip_slots=[0])


@pytest.mark.parametrize("rate", [-1.0, np.nan])
def test_a_bad_rate_is_named(graph, rate):
    with pytest.raises(ValueError, match=f"reward_rate is {rate}"):
        graph.discretize(reward_rate=rate)
