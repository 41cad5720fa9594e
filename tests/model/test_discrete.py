"""Discrete models as JAX functions."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models
from tests.reference import closed_forms

COUNTS = np.array([0, 2, 5, 2])


@pytest.fixture(scope="module")
def graph():
    return Graph(callback=models.kingman, n=6).discretize(lambda state: [0.5 * int(state[0])])


@pytest.fixture(scope="module")
def model(graph):
    return graph.model(rewards=graph.rewards)


@pytest.mark.parametrize("kind", [int, float])
def test_value(model, kind):
    expected = sum(np.log(float(closed_forms.segregating_sites_pmf(6, 2.5, k))) for k in COUNTS.tolist())
    # sums of positive terms
    assert_allclose(model.log_likelihood(np.array([2.5]), COUNTS.astype(kind)), expected, rtol=1e-13)


def test_jit(model):
    compiled = jax.jit(model.log_likelihood)
    plain = model.log_likelihood(np.array([2.5]), COUNTS)
    assert_allclose(compiled(np.array([2.5]), COUNTS), plain, rtol=1e-15)


def test_gradient(graph, model):
    gradient = jax.grad(lambda theta: model.log_likelihood(theta, COUNTS))(np.array([2.5]))
    expected = graph.log_likelihood_gradient([2.5], COUNTS, rewards=graph.rewards)
    assert_allclose(gradient, expected, rtol=1e-14)


def test_vmap(model):
    thetas = np.array([[0.5], [1.0], [4.0]])
    stacked = np.stack([model.log_likelihood(theta, COUNTS) for theta in thetas])
    mapped = jax.vmap(lambda theta: model.log_likelihood(theta, COUNTS))(thetas)
    np.testing.assert_array_equal(mapped, stacked)


def test_row_sums_above_one_have_no_likelihood():
    model = Graph(callback=models.erlang_parameterised, k=2).model(discrete=True)
    value = jax.jit(lambda theta: model.log_likelihood(theta, np.array([3.0])))(np.array([1.5]))
    assert not np.isfinite(value)


def test_the_largest_theta_grows_with_the_counts(model):
    gradient = jax.grad(lambda theta: model.log_likelihood(theta, np.array([40.0, 50.0])))(np.array([2.5]))
    assert gradient[0] > 0
