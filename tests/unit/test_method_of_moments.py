"""`Graph.method_of_moments`: known answers, laws, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phasic import Graph, Observations

from tests import models


def chain(stages):
    """A chain of stages, of which stage i leaves at the rate of parameter stages[i]."""
    graph = Graph(1)
    count = max(stages) + 1
    vertices = [graph.find_or_create_vertex([i + 1]) for i in range(len(stages))]
    vertices.append(graph.find_or_create_vertex([0]))
    graph.starting_vertex().add_edge(vertices[0], 1.0)
    for i, parameter in enumerate(stages):
        vertices[i].add_edge_parameterized(vertices[i + 1], 0.0, np.eye(count)[parameter].tolist())
    return graph


def steps():
    """A discrete chain that ends with probability theta in each step."""
    graph = Graph(1)
    here, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(here, 1.0)
    here.add_edge_parameterized(end, 0.0, [1.0])
    return graph


def with_moments(first, second):
    """Two values, equally often, with these raw moments."""
    root = np.sqrt(second - first**2)
    return [first - root, first + root]


@given(st.floats(1e-6, 1e6), st.integers(1, 6))
def test_rate_of_an_erlang_law_is_stages_over_the_mean(rate, stages):
    mean = stages / rate
    found = chain([0] * stages).method_of_moments([0.5 * mean, 1.5 * mean])
    # One equation, solved to 1e-13 in the logarithm.
    np.testing.assert_allclose(found, [rate], rtol=1e-11)


@given(st.floats(1e-3, 1e3), st.floats(1.2, 1e2))
def test_rates_of_a_hypoexponential_law_of_two_stages(rate, ratio):
    rates = np.array([rate, rate * ratio])
    mean = (1.0 / rates).sum()
    second = (1.0 / rates**2).sum() + mean**2
    found = chain([0, 1]).method_of_moments(with_moments(mean, second))
    # Near equal rates the second moment is flat in their difference, which amplifies 1e-13 by up to 1e3.
    np.testing.assert_allclose(np.sort(found), rates, rtol=1e-8)


@given(st.floats(1e-4, 1e4))
def test_scaling_time_scales_the_rates(unit):
    graph = chain([0, 1, 1])
    times = np.array([0.4, 1.0, 1.7, 2.9, 0.6])
    np.testing.assert_allclose(
        graph.method_of_moments(times * unit) * unit, graph.method_of_moments(times), rtol=1e-7
    )


def test_multiplicities_equal_repeated_observations():
    graph = chain([0, 1])
    repeated = graph.method_of_moments([1.0, 1.0, 1.0, 3.0])
    np.testing.assert_allclose(graph.method_of_moments([1.0, 3.0], weights=[3, 1]), repeated, rtol=1e-12)


def test_moments_that_no_rates_have_are_matched_as_well_as_can_be():
    # A variance below half of the squared mean: two equal rates come closest.
    found = chain([0, 1]).method_of_moments(with_moments(2.0, 4.2))
    assert abs(np.log(found[0] / found[1])) < 0.01


def test_fewer_moments_than_parameters_are_matched():
    graph = chain([0, 1])
    graph.update_weights(graph.method_of_moments([1.0, 2.0], order=1))
    assert graph.expectation() == pytest.approx(1.5, rel=1e-11)


def test_more_moments_than_parameters_are_fitted_by_least_squares():
    graph, data = chain([0]), [0.1, 0.5, 1.4]
    wanted = [np.log(np.mean(np.power(data, k))) / k for k in (1, 2, 3)]
    # log E[T^k] / k of an exponential law is log(k!) / k - log rate.
    unit = [np.log(f) / k for k, f in ((1, 1.0), (2, 2.0), (3, 6.0))]
    rate = np.exp(np.mean(unit) - np.mean(wanted))
    np.testing.assert_allclose(graph.method_of_moments(data, order=3), [rate], rtol=1e-9)


def test_success_probability_of_a_discrete_chain():
    # A geometric number of steps has mean 1 / theta.
    found = steps().method_of_moments([1, 2, 3, 10], discrete=True)
    np.testing.assert_allclose(found, [1 / 4.0], rtol=1e-11)


def test_rewards_are_what_the_data_are():
    graph = Graph(callback=models.kingman_parameterised, n=4)
    lineages = np.maximum(graph.states()[:, 0], 0).astype(float)
    found = graph.method_of_moments([1.0, 3.0], rewards=lineages)
    graph.update_weights(found)
    assert graph.expectation(lineages) == pytest.approx(2.0, rel=1e-11)


@pytest.mark.parametrize(
    "data",
    [Observations.exact([1.0]) + Observations.right([2.0]), Observations.exact([1.0], truncated=(0.5, None))],
)
def test_censored_and_truncated_data_are_refused_with_the_remedy(data):
    with pytest.raises(ValueError, match=r"needs exact values: fit them by their likelihood, Graph\.fit"):
        chain([0]).method_of_moments(data)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": [0.0, 0.0]}, "data are all 0"),
        ({"data": [1.0, -1.0]}, r"data\[1\] is -1"),
        ({"data": [1.0], "order": 0}, "order is 0"),
        ({"data": [1.0], "weights": [0.0]}, "no weight"),
    ],
)
def test_bad_argument_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        chain([0]).method_of_moments(**arguments)


def test_a_graph_without_parameters_is_refused():
    graph = Graph(1)
    graph.starting_vertex().add_edge(graph.find_or_create_vertex([0]), 1.0)
    with pytest.raises(ValueError, match="no parameters to fit"):
        graph.method_of_moments([1.0])
