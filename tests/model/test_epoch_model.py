"""Models whose parameters say how theta changes in time, and their fits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Gamma, Graph, Observations
from phasic.svgd import svgd
from scipy import stats

from tests import models
from tests.svgd.posteriors import of_data

SPLIT = 0.5
THETA = np.array([1.0, 4.0])
CURVES = ("pdf", "logpdf", "cdf", "sf", "logsf")


def two_rates(theta):
    """Rates before and after a time."""
    return theta[:, None], [0.0, SPLIT]


def when(theta):
    """A rate, and the time from which on it is four times that."""
    return jnp.stack([theta[:1], 4.0 * theta[:1]]), jnp.stack([0.0, theta[1]])


@pytest.fixture(scope="module")
def pair():
    return Graph(callback=models.kingman_parameterised, n=2)


@pytest.fixture(scope="module")
def times(pair):
    return pair.epochs([(0.0, THETA[:1]), (SPLIT, THETA[1:])]).sample(150, seed=5)


@pytest.mark.parametrize("name", CURVES)
def test_functions_are_those_of_the_law(pair, name):
    at = np.array([0.2, 0.5, 1.7])
    law = pair.epochs([(0.0, THETA[:1]), (SPLIT, THETA[1:])])
    model = pair.model().epoch_model(two_rates)
    assert_allclose(jax.jit(getattr(model, name))(THETA, at), getattr(law, name)(at), rtol=1e-9)


def test_likelihoods_differentiate_in_rates_and_starts(pair):
    model, at = pair.model().epoch_model(when), jnp.array([0.2, 1.5])
    # log r − 0.2 r, and log 4 r − r s − 4 r (1.5 − s), at r = 2 and s = 1/2
    slopes = jax.grad(model.log_likelihood)(jnp.array([2.0, 0.5]), at, jnp.array([1.0, 3.0]))
    assert_allclose(slopes, [4 / 2.0 - 0.2 - 3 * (0.5 + 4.0), 3 * 3 * 2.0], rtol=1e-9)


def test_vmap_is_one_after_the_other(pair, times):
    model = pair.model().epoch_model(two_rates)
    thetas = THETA * np.array([[0.5], [1.0], [2.0]])
    found = jax.vmap(model.log_likelihood, (0, None))(thetas, times)
    assert_allclose(found, [model.log_likelihood(theta, times) for theta in thetas], rtol=1e-12)


def test_a_fit_is_the_conjugate_posterior(pair, times):
    model = pair.model().epoch_model(two_rates)
    posterior = svgd(model, times, prior={"before": Gamma(2.0, 1.0), "after": Gamma(2.0, 0.5)})
    early = times < SPLIT
    shapes = 2.0 + np.array([early.sum(), (~early).sum()])
    rates = np.array([1.0 + np.minimum(times, SPLIT).sum(), 0.5 + np.maximum(times - SPLIT, 0).sum()])
    exact = stats.gamma(shapes, scale=1.0 / rates)
    assert posterior.converged
    # The bar for SVGD: a twentieth of a standard deviation for means, and 5 % for standard deviations.
    assert np.all(np.abs(posterior.mean - exact.mean()) < 0.05 * exact.std())
    assert_allclose(posterior.sd, exact.std(), rtol=0.05)
    assert posterior.names == ("before", "after")
    assert posterior.predictive_check().passed


def test_a_wrong_law_is_flagged(pair, times):
    one = pair.model().epoch_model(lambda theta: (theta[:, None], [0.0]))
    check = of_data(one, times, [[len(times) / times.sum()]]).predictive_check()
    assert not check.passed


def test_predictive_draws_have_the_law(pair, times):
    posterior = of_data(
        pair.model().epoch_model(two_rates), times, [THETA], ("before", "after"), Gamma(2.0, 1.0)
    )
    drawn = posterior.predictive(4000, seed=2)
    law = pair.epochs([(0.0, THETA[:1]), (SPLIT, THETA[1:])])
    assert stats.kstest(drawn, law.cdf).pvalue > 1e-3
    assert_allclose(posterior.predictive_curve("sf", [1.0]).values, [[law.sf(1.0)]], rtol=1e-9)


def test_log_likelihoods_of_observations_are_log_densities(pair, times):
    model = pair.model().epoch_model(two_rates)
    table = of_data(model, times, [THETA], ("before", "after"), Gamma(2.0, 1.0)).log_likelihoods()
    total = (table.values @ table.count)[0]
    assert total == pytest.approx(float(model.log_likelihood(THETA, times)), rel=1e-9)


def test_what_is_refused(pair):
    with pytest.raises(TypeError, match="rule must be a function of theta"):
        pair.model().epoch_model([0.0, 1.0])
    with pytest.raises(ValueError, match=r"thetas has shape \(2,\)"):
        pair.model().epoch_model(lambda theta: (theta, [0.0, 1.0])).pdf(THETA, 1.0)
    with pytest.raises(ValueError, match="discrete"):
        pair.model(discrete=True).epoch_model(two_rates)
    censored = Observations(np.array([0.5]), np.array([np.inf]), np.array([1.0]))
    with pytest.raises(TypeError, match="exact times only"):
        pair.model().epoch_model(two_rates).log_likelihood(THETA, censored)
