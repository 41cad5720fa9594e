"""The JAX oracle against closed forms and against finite differences of itself."""

import jax
import numpy as np
import pytest
import scipy.stats

from tests import models
from tests.reference import likelihood


@pytest.fixture(autouse=True, scope="module")
def double_precision():
    with jax.enable_x64(True):
        yield


def erlang(k):
    edges = [(i, i + 1, 0.0, (1.0,)) for i in range(k)]
    return models.EdgeModel(k, 1, {0: 1.0}, edges, p=1, theta=(2.0,))


def test_erlang_log_density():
    model = erlang(3)
    times = np.array([0.3, 2.0])
    values = likelihood.log_densities(np.array([2.0]), *model.likelihood_arrays(), times)
    np.testing.assert_allclose(values, scipy.stats.gamma.logpdf(times, 3, scale=0.5), rtol=1e-12)  # one expm


def test_padding_changes_nothing():
    model = erlang(3)
    times = np.array([0.3, 2.0])
    plain = likelihood.log_densities(np.array([2.0]), *model.likelihood_arrays(), times)
    padded = likelihood.log_densities(np.array([2.0]), *model.likelihood_arrays(size=6), times)
    np.testing.assert_allclose(padded, plain, rtol=1e-13)  # another order of summation


def test_erlang_gradient():
    model, times = erlang(3), np.array([0.3, 2.0])
    jacobian = likelihood.log_density_jacobian(np.array([2.0]), *model.likelihood_arrays(), times)
    np.testing.assert_allclose(jacobian[:, 0], 3 / 2.0 - times, rtol=1e-12)  # d/dr (k log r - r t)


def test_padding_with_parameters_changes_nothing():
    model = erlang(3)
    times = np.array([0.3, 2.0])
    plain = likelihood.log_densities(np.array([2.0]), *model.likelihood_arrays(), times)
    padded = likelihood.log_densities(
        np.array([2.0, 5.0, 7.0]), *model.likelihood_arrays(parameters=3), times
    )
    np.testing.assert_allclose(padded, plain, rtol=1e-13)  # another order of summation


def test_geometric_log_pmf():
    arrays, counts = erlang(1).likelihood_arrays(), np.array([1, 4])
    values = likelihood.log_pmf(np.array([0.25]), *arrays, np.array([1]), counts, largest=4, normalized=False)
    np.testing.assert_allclose(values, np.log([0.25, 0.25 * 0.75**3]), rtol=1e-14)  # a handful of products


def test_geometric_gradient():
    arrays, counts = erlang(1).likelihood_arrays(), np.array([1, 4])
    jacobian = likelihood.log_pmf_jacobian(
        np.array([0.25]), *arrays, np.array([1]), counts, largest=4, normalized=False
    )
    # d/dp of log p and of log p + 3 log(1 - p) at 1/4
    np.testing.assert_allclose(jacobian[:, 0], [4.0, 0.0], rtol=0, atol=1e-13)


def test_rewards_of_two_and_zero():
    # two stages left with probabilities 1/4: the first pays nothing, the second two a step
    edges = [(0, 1, 0.0, (1.0,)), (1, 2, 0.0, (1.0,))]
    arrays = models.EdgeModel(2, 1, {0: 1.0}, edges, p=1).likelihood_arrays()
    values = likelihood.log_pmf(
        np.array([0.25]), *arrays, np.array([0, 2]), np.array([2, 4]), largest=4, normalized=False
    )
    np.testing.assert_allclose(values, np.log([0.25, 0.25 * 0.75]), rtol=1e-14)  # a handful of products
