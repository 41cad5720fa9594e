"""Posteriors with several modes: all are found, and each has its share of the particles."""

import functools

import jax
import numpy as np
import pytest
from phasic.svgd import LogNormal, svgd
from phasic.svgd._modes import Modes
from phasic.svgd._parts import Part, apportion, divide, join, thin
from phasic.svgd._start import exchanged, normal_particles
from phasic.svgd._transform import Transform

from tests.svgd.standins import Hypoexponential, log_hypoexponential

LIMIT_OF_SHARE = 0.05


def two_rates(n):
    random = np.random.RandomState(n)
    return random.exponential(1.0, size=n) + random.exponential(0.25, size=n)


@functools.cache
def exact(n, means, sigma):
    """Mean (2,), sd (2,) and P(theta[0] > theta[1]) given `two_rates(n)`, by a grid on the log scale."""
    values = two_rates(n)
    g = np.linspace(-3.5, 5.0, 301)
    a, b = np.meshgrid(np.exp(g), np.exp(g), indexing="ij")
    log = sum(log_hypoexponential(np.maximum(a, b), np.minimum(a, b), t, np) for t in values)
    log = log - 0.5 * ((g[:, None] - means[0]) / sigma) ** 2 - 0.5 * ((g[None] - means[1]) / sigma) ** 2
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    mean = np.asarray([(weight * a).sum(), (weight * b).sum()])
    sd = np.sqrt(np.asarray([(weight * a**2).sum(), (weight * b**2).sum()]) - mean**2)
    return mean, sd, np.tril(weight, -1).sum() + 0.5 * np.trace(weight)


# From one mode with a ridge (30 observations) over modes that particles still cross between to ones apart.
@pytest.mark.parametrize("n", [30, 60, 200, 1000])
@pytest.mark.parametrize("means", [(0.5, 0.5), (0.4, 0.6)])
@pytest.mark.parametrize("seed", [0, 1])
def test_both_orders_of_two_stages_are_found_with_their_weights(n, means, seed):
    values = two_rates(n)
    mean, sd, share = exact(n, means, 0.6)
    posterior = svgd(Hypoexponential(), values, prior=[LogNormal(m, 0.6) for m in means], seed=seed)
    assert posterior.converged, posterior.reason
    assert abs(np.mean(posterior.particles[:, 0] > posterior.particles[:, 1]) - share) < LIMIT_OF_SHARE
    np.testing.assert_allclose((posterior.mean - mean) / sd, 0.0, atol=0.05)
    np.testing.assert_allclose(posterior.sd / sd, 1.0, atol=0.04)


# With sigma = 1 the tails are those of the prior, and 128 particles cannot carry their second moment.
@pytest.mark.parametrize("seed", [0, 1])
def test_tails_too_heavy_for_the_particles_are_noticed(seed):
    values = two_rates(30)
    _, sd, share = exact(30, (0.5, 0.5), 1.0)
    posterior = svgd(Hypoexponential(), values, prior=LogNormal(0.5, 1.0), seed=seed)
    assert abs(np.mean(posterior.particles[:, 0] > posterior.particles[:, 1]) - share) < LIMIT_OF_SHARE
    assert (posterior.sd < 0.95 * sd).all()
    assert not posterior.converged
    assert "n_particles" in posterior.reason


def test_evidence_of_two_modes_is_that_of_the_grid():
    values = two_rates(200)
    g = np.linspace(-2.0, 4.0, 401)
    a, b = np.meshgrid(np.exp(g), np.exp(g), indexing="ij")
    log = sum(log_hypoexponential(np.maximum(a, b), np.minimum(a, b), t, np) for t in values)
    log = log - 0.5 * (g[:, None] - 0.5) ** 2 - 0.5 * (g[None] - 0.5) ** 2 - np.log(2.0 * np.pi)
    evidence = np.logaddexp.reduce(log.ravel()) + 2.0 * np.log(g[1] - g[0])
    posterior = svgd(Hypoexponential(), values, prior=LogNormal(0.5, 1.0))
    np.testing.assert_allclose(posterior.diagnostics["log_evidence"], evidence, atol=0.02)


def modes_at(z, weights):
    z = np.asarray(z, dtype=float)
    return Modes(z, np.zeros(len(z)), np.tile(np.eye(z.shape[1]), (len(z), 1, 1)), np.asarray(weights))


def mixture(z):
    """Log density of two unit normals at -4 and 4, in one dimension."""
    value = np.logaddexp(-0.5 * (z[:, 0] - 4.0) ** 2, -0.5 * (z[:, 0] + 4.0) ** 2)
    return value, z


@pytest.mark.parametrize(("place", "groups"), [(1.0, 1), (4.0, 2)])
def test_a_valley_divides_modes(place, groups):
    def evaluate(z):
        return np.logaddexp(-0.5 * (z[:, 0] - place) ** 2, -0.5 * (z[:, 0] + place) ** 2), z

    parts = divide(modes_at([[-place], [place]], [0.5, 0.5]), evaluate, 0.01)
    assert len(parts) == groups
    assert sorted(np.concatenate([part.members for part in parts]).tolist()) == [0, 1]


def test_modes_of_no_weight_get_no_particles():
    parts = divide(modes_at([[-4.0], [4.0]], [0.999, 0.001]), mixture, 0.01)
    assert [part.members.tolist() for part in parts] == [[0]]


def test_parts_whose_particles_have_crossed_are_joined():
    modes = modes_at([[-4.0], [4.0], [20.0]], [0.4, 0.3, 0.3])
    parts = [Part(np.asarray([i])) for i in range(3)]
    crossed = [np.asarray([[-4.0]] * 90 + [[4.0]] * 10), np.full((100, 1), 4.0), np.full((100, 1), 20.0)]
    assert [sorted(part.members.tolist()) for part in join(modes, parts, crossed)] == [[0, 1], [2]]


def test_whole_numbers_add_up_and_follow_the_shares():
    counts = apportion(np.asarray([0.334, 0.333, 0.333]), 100)
    assert counts.tolist() == [34, 33, 33]
    assert apportion(np.asarray([1.0, 0.0]), 7).tolist() == [7, 0]


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("count", [20, 64, 100])
def test_thinning_keeps_mean_and_covariance(d, count):
    z = 3.0 + 2.0 * normal_particles(np.random.default_rng(0), 128, d)
    kept = thin(z, count)
    assert kept.shape == (count, d)
    np.testing.assert_allclose(kept.mean(axis=0), z.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(np.cov(kept.T, bias=True), np.cov(z.T, bias=True), atol=1e-10)


def test_thinning_to_all_changes_nothing():
    z = normal_particles(np.random.default_rng(0), 16, 2)
    assert thin(z, 16) is z


def test_exchanges_stay_within_one_kind_and_the_support():
    transform = Transform.from_kinds(["log", "logit", "log"])
    theta = np.asarray([[2.0, 0.3, 5.0]])
    others = transform.to_theta(exchanged(transform, transform.to_z(theta)))
    np.testing.assert_allclose(others, [[5.0, 0.3, 2.0]], rtol=1e-12)


def test_one_parameter_has_nothing_to_exchange():
    assert exchanged(Transform.from_kinds(["log"]), np.zeros((1, 1))).shape == (0, 1)


def test_history_follows_the_particles_of_the_result():
    posterior = svgd(
        Hypoexponential(), two_rates(1000), prior=LogNormal(0.5, 0.6), n_particles=32, return_history=True
    )
    assert len(posterior.diagnostics["part_weights"]) == 2
    assert posterior.history is not None and posterior.history.shape[1:] == posterior.particles.shape
    assert len(posterior.history_steps) == len(posterior.history)
    assert jax.tree.all(jax.tree.map(lambda v: bool(np.isfinite(v).all()), posterior.history))
