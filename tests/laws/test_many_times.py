"""Log-likelihoods of thousands of exact times, which few points stand for, against sums over the times."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models, strategies
from tests.laws.test_likelihoods import assert_gradient, two_demes

RTOL = 1e-10  # the default: of each density, so the absolute error of its logarithm

seeds = st.integers(0, 2**32 - 1)


def times_for(graph, seed, m=2000):
    """Times about the mean, some of them far below and above it."""
    draw = np.random.default_rng(seed)
    return graph.expectation() * draw.gamma(2.0, 0.5, m)


def assert_sums(graph, theta, times):
    logs, found = graph.logpdf(times), graph.log_likelihood(theta, times)
    # and the rounding of sums
    assert_allclose(found, logs.sum(), rtol=0, atol=2 * RTOL * len(times) + 1e-13 * np.abs(logs).sum())
    each = graph.logpdf_gradient(times).theta
    assert_gradient(graph.log_likelihood_gradient(theta, times), each)


@settings(max_examples=20)
@given(strategies.parameterised_models(max_states=5), seeds)
def test_sums_over_random_models(model, seed):
    graph = model.graph()
    graph.update_parameterized_weights(model.theta)
    assert_sums(graph, model.theta, times_for(graph, seed))


@settings(max_examples=10)
@given(st.integers(2, 30), st.floats(1e-3, 1e3), seeds)
def test_sums_over_coalescents(n, theta, seed):
    graph = Graph(callback=models.kingman_parameterised, n=n)
    graph.update_weights([theta])
    assert_sums(graph, [theta], times_for(graph, seed))


@settings(max_examples=10)
@given(st.floats(1e-3, 1e3), seeds)
def test_sums_over_gentle_and_stiff_demes(migration, seed):
    graph, theta = two_demes(migration)
    graph.update_parameterized_weights(theta)
    assert_sums(graph, theta, times_for(graph, seed))


@pytest.mark.parametrize("mean", [1e-9, 1.0, 1e9])
def test_times_that_are_nearly_equal(mean):
    graph = Graph(1)
    here, gone = (graph.find_or_create_vertex([i]) for i in range(2))
    graph.starting_vertex().add_edge(here, 1.0)
    here.add_edge_parameterized(gone, 0.0, [1.0])
    times = mean + np.spacing(mean) * np.arange(100)
    # log(theta) - theta t, summed: 1e-13 for the rounding of 100 terms
    rate = 0.5 / mean
    expected = len(times) * np.log(rate) - rate * times.sum()
    assert_allclose(graph.log_likelihood([rate], times), expected, rtol=1e-13)
    slope = (1 / rate - times).sum()
    assert_allclose(graph.log_likelihood_gradient([rate], times), [slope], rtol=1e-11)


@pytest.mark.parametrize("t", [0.5, 3.0, 40.0])
def test_gradient_in_a_rate_that_is_zero(t):
    graph = Graph(1)
    first, second, gone = (graph.find_or_create_vertex([i]) for i in range(3))
    graph.starting_vertex().add_edge(first, 1.0)
    first.add_edge_parameterized(second, 0.0, [1.0, 0.0])
    second.add_edge_parameterized(gone, 0.0, [1.0, 0.0])
    first.add_edge_parameterized(gone, 0.0, [0.0, 1.0])
    # by hand: f = x exp(-(1 + x) t) + exp(-t) (1 - exp(-x t)) / x, at x = 0
    assert_allclose(graph.log_likelihood_gradient([1.0, 0.0], [t]), [2 - t, 1 / t - t / 2], rtol=1e-9)
