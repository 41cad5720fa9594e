"""Graphs that count events falling on a chain."""

import numpy as np
import pytest
from phasic import Graph

from tests import models
from tests.reference import closed_forms


@pytest.fixture
def graph():
    return Graph(callback=models.kingman, n=4)


def test_the_result_is_discrete(graph):
    assert graph.discretize(1.0).is_discrete


def test_a_plain_graph_is_not_discrete(graph):
    assert not graph.is_discrete


def test_the_graph_itself_is_unchanged(graph):
    before = graph.content_hash()
    graph.discretize(1.0)
    assert graph.content_hash() == before


def test_every_transient_vertex_gets_an_auxiliary_one(graph):
    assert graph.discretize(1.0).vertices_length() == graph.vertices_length() + 3


def test_rewards_mark_the_auxiliary_vertices(graph):
    assert np.sum(graph.discretize(1.0).rewards) == 3


def test_rewards_have_one_entry_per_vertex(graph):
    discrete = graph.discretize(1.0)
    assert np.shape(discrete.rewards) == (discrete.vertices_length(),)


def test_auxiliary_vertices_keep_the_state(graph):
    discrete = graph.discretize(1.0)
    auxiliary = discrete.states()[np.asarray(discrete.rewards) == 1, 0]
    assert sorted(auxiliary.tolist()) == [2, 3, 4]


@pytest.mark.parametrize("k", [0, 1, 5])
def test_a_constant_rate(k):
    # one stage of rate 1, events at rate 3: k events with probability (3/4)^k / 4
    discrete = Graph(callback=models.kingman, n=2).discretize(3.0)
    assert discrete.pmf_discrete(k, discrete.rewards) == pytest.approx(0.75**k * 0.25, rel=1e-15)


def test_a_rate_that_depends_on_the_state(graph):
    discrete = graph.discretize(lambda state: 0.5 * int(state[0]))
    expected = float(closed_forms.segregating_sites_mean(4, 1))
    assert discrete.expectation_discrete(discrete.rewards) == pytest.approx(expected, rel=1e-14)


def test_keyword_arguments_reach_the_rate(graph):
    discrete = graph.discretize(lambda state, theta: theta / 2 * int(state[0]), theta=3.0)
    expected = float(closed_forms.segregating_sites_mean(4, 3))
    assert discrete.expectation_discrete(discrete.rewards) == pytest.approx(expected, rel=1e-14)


def test_a_rate_of_zero_at_some_states(graph):
    discrete = graph.discretize(lambda state: 1.0 if state[0] == 2 else 0.0)
    assert discrete.expectation_discrete(discrete.rewards) == pytest.approx(1.0, rel=1e-15)


def test_steps_without_rewards_count_every_vertex():
    # two steps per event and one to the end
    discrete = Graph(callback=models.kingman, n=2).discretize(3.0)
    assert discrete.expectation_discrete() == pytest.approx(7.0, rel=1e-15)


@pytest.mark.parametrize("k", [0, 3])
def test_a_rate_of_coefficients(graph, k):
    discrete = graph.discretize(lambda state: [0.5 * int(state[0])])
    discrete.update_parameterized_weights([2.0])
    expected = float(closed_forms.segregating_sites_pmf(4, 2, k))
    assert discrete.pmf_discrete(k, discrete.rewards) == pytest.approx(expected, rel=1e-13)


def test_a_rate_of_coefficients_on_a_parameterised_graph():
    graph = Graph(callback=models.erlang_parameterised, k=1)
    discrete = graph.discretize(lambda state: [3.0])
    discrete.update_parameterized_weights([5.0])
    assert discrete.pmf_discrete(1, discrete.rewards) == pytest.approx(0.1875, rel=1e-15)


@pytest.mark.parametrize("rate, name", [(-1.0, "-1"), (float("nan"), "nan"), (float("inf"), "inf")])
def test_a_bad_rate(graph, rate, name):
    with pytest.raises(ValueError, match=f"(?i){name}"):
        graph.discretize(rate)


def test_an_exception_of_the_rate_is_passed_on(graph):
    def rate(state):
        raise ZeroDivisionError(f"at {state}")

    with pytest.raises(ZeroDivisionError):
        graph.discretize(rate)


def test_a_discretised_graph_cannot_be_discretised_again(graph):
    # its auxiliary vertices already stand for the states that new ones would stand for
    with pytest.raises(ValueError, match="discret"):
        graph.discretize(1.0).discretize(1.0)


def test_events_on_a_chain_with_a_cycle():
    graph = Graph(callback=models.rabbits, n=2)
    discrete = graph.discretize(2.0)
    # a Poisson process of rate 2 over the absorption time
    expected = 2.0 * graph.expectation()
    assert discrete.expectation_discrete(discrete.rewards) == pytest.approx(expected, rel=1e-14)
