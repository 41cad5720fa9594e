"""Importance sampling with Pareto-smoothed weights, and the grade it gives to particles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phasic.svgd import Gamma, svgd
from phasic.svgd._grade import compare, grade
from phasic.svgd._importance import Proposal, moments, pareto_smooth, sample
from phasic.svgd._parts import Pieces
from scipy import stats
from scipy.special import gammaln

from tests.svgd.cases import case
from tests.svgd.standins import Erlang


def normal_proposal(centre, factor):
    centre = np.atleast_1d(np.asarray(centre, dtype=float))
    return Proposal(np.ones(1), centre[None], np.atleast_2d(np.asarray(factor, dtype=float))[None])


@pytest.mark.parametrize("d", [1, 3])
def test_density_of_a_proposal_is_that_of_its_two_halves(d):
    random = np.random.default_rng(1)
    factor = np.linalg.cholesky(np.eye(d) + 0.3)
    proposal = Proposal(np.asarray([0.3, 0.7]), random.normal(size=(2, d)), np.stack([factor, 2.0 * factor]))
    z = random.normal(size=(5, d))
    expected = np.zeros(5)
    for share, centre, root in zip(proposal.shares, proposal.centre, proposal.factor, strict=True):
        covariance = root @ root.T
        expected += 0.5 * share * stats.multivariate_normal(centre, covariance).pdf(z)
        expected += 0.5 * share * stats.multivariate_t(centre, covariance, df=2).pdf(z)
    np.testing.assert_allclose(proposal.log_density(z), np.log(expected), rtol=1e-12)


def test_draws_follow_their_density():
    proposal = Proposal(np.asarray([0.3, 0.7]), np.asarray([[0.0], [5.0]]), np.asarray([[[1.0]], [[2.0]]]))
    z = proposal.draw(np.random.default_rng(0), 4000)[:, 0]

    def cdf(x):
        halves = [0.5 * (stats.norm(m, s).cdf(x) + stats.t(2, m, s).cdf(x)) for m, s in ((0, 1), (5, 2))]
        return 0.3 * halves[0] + 0.7 * halves[1]

    assert stats.kstest(z, cdf).pvalue > 0.01


def test_a_target_that_is_the_proposal_has_equal_weights():
    proposal = normal_proposal([1.0, 2.0], np.diag([1.0, 3.0]))
    drawn = sample(lambda z: (proposal.log_density(z) + 7.0, z), proposal, np.random.default_rng(0), 100, 2)
    np.testing.assert_allclose(drawn.efficiency, 1.0, rtol=1e-12)
    np.testing.assert_allclose(drawn.log_evidence, 7.0, atol=1e-12)
    assert drawn.pareto_k == -np.inf


# Weights 1 / u^k of uniform u have a tail of shape k; 20,000 of them tell it to about 0.05.
@pytest.mark.parametrize("shape", [0.2, 0.5, 0.8, 1.2])
def test_the_shape_of_a_pareto_tail_is_found(shape):
    u = np.random.default_rng(3).uniform(size=20_000)
    _, found = pareto_smooth(-shape * np.log(u))
    assert abs(found - shape) < 0.15


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.5), st.integers(60, 400))
def test_smoothed_weights_add_up_and_keep_their_order(seed, shape, m):
    log = shape * np.random.default_rng(seed).exponential(size=m)
    smooth, _ = pareto_smooth(log)
    np.testing.assert_allclose(np.exp(smooth).sum(), 1.0, rtol=1e-10)
    assert np.all(np.diff(smooth[np.argsort(log, kind="stable")]) >= -1e-9)


def test_draws_outside_of_the_support_count_as_nothing():
    log = np.concatenate([np.full(50, -np.inf), np.zeros(50), [np.nan]])
    smooth, _ = pareto_smooth(log)
    np.testing.assert_allclose(np.exp(smooth[50:100]).sum(), 1.0)


def test_nothing_but_zeros_is_no_sample():
    _, shape = pareto_smooth(np.full(100, -np.inf))
    assert shape == np.inf


@pytest.mark.parametrize("name", ["exponential, 5 observations", "eight rates over seven decades"])
def test_a_good_fit_agrees_with_importance_sampling(name):
    c = case(name)
    found = svgd(c.model, c.values, prior=c.prior).diagnostics
    assert found["pareto_k"] < 0.7
    np.testing.assert_allclose((found["importance_mean"] - c.mean) / c.sd, 0.0, atol=0.05)
    np.testing.assert_allclose(found["importance_sd"] / c.sd, 1.0, atol=0.05)


def test_evidence_of_a_conjugate_fit():
    values = case("exponential, 100 observations").values
    n, total, shape, rate = len(values), values.sum(), 2.0, 2.0
    exact = shape * np.log(rate) - gammaln(shape) + gammaln(shape + n) - (shape + n) * np.log(rate + total)
    posterior = svgd(Erlang(), values, prior=Gamma(shape, rate))
    np.testing.assert_allclose(posterior.diagnostics["log_evidence"], exact, atol=0.02)


def graded(particles, log_density):
    """The grade of particles (n, 1) on the identity scale, of a posterior with this log density."""
    centre, factor = moments(particles)
    pieces = Pieces(centre[None], factor[None], np.ones(1))

    class Identity:
        @staticmethod
        def to_theta(z):
            return z

    found = grade(
        Identity,
        lambda z: (log_density(z[:, 0]), z),
        Proposal(np.ones(1), centre[None], factor[None]),
        pieces,
        np.random.default_rng(0),
    )
    return compare(found, particles, [1.0])


@pytest.mark.parametrize(("scale", "shift", "fault"), [(0.8, 0.0, "sd_gap"), (1.0, 0.2, "mean_gap")])
def test_particles_that_are_too_narrow_or_shifted_are_told(scale, shift, fault):
    x = shift + scale * stats.norm.ppf((np.arange(128) + 0.5) / 128)[:, None]
    assert graded(x, lambda z: -0.5 * z**2)[fault] > 0.1


def test_right_particles_are_not_blamed():
    x = stats.norm.ppf((np.arange(128) + 0.5) / 128)[:, None]
    assert max(graded(x, lambda z: -0.5 * z**2).values()) < 0.03


def test_weights_of_a_cauchy_tail_are_not_trusted():
    # A proposal a thousand times too narrow, whose Student half has a lighter tail than the target.
    x = 1e-3 * stats.norm.ppf((np.arange(128) + 0.5) / 128)[:, None]
    centre, factor = moments(x)
    proposal = Proposal(np.ones(1), centre[None], factor[None])
    drawn = sample(lambda z: (-np.log1p(z[:, 0] ** 2), z), proposal, np.random.default_rng(0), 128, 8)
    assert drawn.pareto_k > 0.7
