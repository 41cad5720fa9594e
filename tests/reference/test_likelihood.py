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


def test_geometric_log_pmf():
    base, coefficients, alpha = erlang(1).likelihood_arrays()
    values = likelihood.log_pmf(
        np.array([0.25]), base, coefficients, alpha, [1], np.array([1, 4]), normalized=False
    )
    np.testing.assert_allclose(values, np.log([0.25, 0.25 * 0.75**3]), rtol=1e-14)  # a handful of products


def test_discrete_gradient():
    base, coefficients, alpha = erlang(1).likelihood_arrays()

    def total(theta):
        return likelihood.log_pmf(
            theta, base, coefficients, alpha, [1], np.array([1, 4]), normalized=False
        ).sum()

    # d/dp (2 log p + 3 log(1 - p)) at 1/4
    np.testing.assert_allclose(jax.grad(total)(np.array([0.25])), [8.0 - 4.0], rtol=1e-13)
