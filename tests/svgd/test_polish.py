"""Metropolis moves: what they keep, what they repair, and what they say."""

from dataclasses import replace

import numpy as np
import pytest
from phasic.svgd import LogNormal, fit, metropolis, svgd

from tests.svgd.cases import case, hypoexponential
from tests.svgd.standins import Hypoexponential

N = 4000


def posterior_with(name, particles):
    """The fit of a case with other particles."""
    c = case(name)
    start = svgd(c.model, c.values, prior=c.prior, n_iterations=1, **c.options)
    return replace(start, particles=particles, converged=True)


def gamma_draws(name, n=N):
    c = case(name)
    shape, rate = (c.mean / c.sd) ** 2, c.mean / c.sd**2
    return np.random.default_rng(1).gamma(shape, 1.0 / rate, size=(n, 1))


def gauss_draws(n=N):
    c = case("ten correlated normals")
    covariance = np.linalg.inv(np.asarray(c.model.precision) + np.eye(10) / 100.0)
    return np.random.default_rng(2).multivariate_normal(c.mean, covariance, size=n)


EXACT = {
    "exponential, 5 observations": gamma_draws,
    "exponential, 5 observations, rate 1e-3": gamma_draws,
    "Erlang, 5 stages": gamma_draws,
    "ten correlated normals": lambda name: gauss_draws(),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_draws_stay_exact_draws(name):
    c = case(name)
    moved = metropolis(posterior_with(name, EXACT[name](name)), moves=6)
    # 4,000 draws: standard errors of 0.016 in the mean and 0.011 to 0.016 in the spread, four of which are
    # allowed for the largest of ten.
    np.testing.assert_allclose((moved.mean - c.mean) / c.sd, 0.0, atol=0.065)
    np.testing.assert_allclose(moved.sd / c.sd, 1.0, atol=0.065)
    assert moved.diagnostics["acceptance"] > 0.6


@pytest.mark.parametrize("factor", [0.1, 4.0])
@pytest.mark.parametrize("name", EXACT)
def test_wrong_spread_is_repaired(name, factor):
    c = case(name)
    exact = np.log(EXACT[name](name)) if name in EXACT and not c.options else EXACT[name](name)
    z = exact.mean(axis=0) + factor * (exact - exact.mean(axis=0))
    moved = metropolis(posterior_with(name, z if c.options else np.exp(z)), moves=60)
    np.testing.assert_allclose((moved.mean - c.mean) / c.sd, 0.0, atol=0.065)
    np.testing.assert_allclose(moved.sd / c.sd, 1.0, atol=0.065)
    assert moved.converged, moved.reason


def test_skew_posterior_of_two_rates():
    c = hypoexponential()
    start = fit(c.model, c.values, prior=c.prior, method="laplace", n_particles=N)
    moved = metropolis(start, moves=30)
    # As above; the kurtosis of 4 makes the spread's standard error 0.014.
    np.testing.assert_allclose((moved.mean - c.mean) / c.sd, 0.0, atol=0.065)
    np.testing.assert_allclose(moved.sd / c.sd, 1.0, atol=0.065)


def test_same_seed_gives_the_same_bits():
    start = posterior_with("exponential, 5 observations", gamma_draws("exponential, 5 observations", 101))
    first, second, other = (metropolis(start, moves=3, seed=s).particles for s in (1, 1, 2))
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != other.tobytes()


def test_too_few_moves_are_noticed():
    name = "ten correlated normals"
    moved = metropolis(posterior_with(name, gauss_draws()), moves=2)
    assert not moved.converged
    assert "remember where they started" in moved.reason


def test_means_that_still_move_are_noticed():
    name = "exponential, 5 observations"
    far = 30.0 * gamma_draws(name, 1000)
    moved = metropolis(posterior_with(name, far), moves=3)
    assert not moved.converged
    assert "means still move" in moved.reason


def test_a_lost_mode_stays_a_fault():
    start = svgd(Hypoexponential(), case("hypoexponential").values, prior=LogNormal(0.5, 0.6))
    one_mode = replace(
        start, converged=False, diagnostics={**start.diagnostics, "mode_weights": np.array([0.5, 0.5])}
    )
    moved = metropolis(one_mode, moves=20)
    assert not moved.converged
    assert "from mode to mode" in moved.reason
    np.testing.assert_array_equal(moved.diagnostics["importance_sd"], start.diagnostics["importance_sd"])


def test_a_posterior_without_target_is_refused():
    start = replace(posterior_with("exponential, 5 observations", np.ones((9, 1))), target=None)
    with pytest.raises(ValueError, match=r"metropolis needs the model and data.*posterior\.with_target"):
        metropolis(start)


@pytest.mark.parametrize(
    ("particles", "message"),
    [
        (np.ones((7, 1)), "at least 8 particles for 1 parameters, got 7"),
        (np.ones((9, 1)), "no spread"),
        (np.append(np.arange(1.0, 9.0), 1e308)[:, None], "not finite at particle 8"),
    ],
)
def test_particles_that_cannot_move_are_refused(particles, message):
    with pytest.raises(ValueError, match=message):
        metropolis(posterior_with("exponential, 5 observations", particles))


def test_one_move_is_refused():
    with pytest.raises(ValueError, match="moves must be at least 2"):
        metropolis(posterior_with("exponential, 5 observations", np.ones((9, 1))), moves=1)
