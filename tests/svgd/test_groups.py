"""Groups of parameters: increasing ones and simplices. Inverse, Jacobian, exact posteriors."""

import re
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phasic.svgd import Beta, Dirichlet, Gamma, svgd
from phasic.svgd._groups import GROUPS
from phasic.svgd._parameters import lay_out, read_transforms
from phasic.svgd._read_prior import read_prior
from phasic.svgd._restrictions import read_restrictions
from scipy import stats

from tests.svgd.standins import Rates

NAMES = ("a", "b", "c", "d", "e", "f", "g", "h")
each_kind = pytest.mark.parametrize("kind", GROUPS)
coordinates = st.lists(st.floats(-8, 8), min_size=3, max_size=3).map(np.asarray)


def layout(prior=None, transforms=None, fixed=None, tied=None):
    restrictions = read_restrictions(NAMES, fixed, tied)
    wishes = read_transforms(transforms, NAMES)
    joint = read_prior(prior, restrictions, positive=True, ordered=wishes.ordered)
    return joint, lay_out(joint, restrictions, wishes, positive=True)


SIMPLEX_PRIOR = [Gamma(2.0, 1.0), Dirichlet([1.0, 2.0, 0.5]), *[Gamma(2.0, 1.0)] * 3, Beta(2.0, 2.0)]
JOINT, MIXED = layout(SIMPLEX_PRIOR, {("e", "f"): "ordered"}, fixed={"g": 3.5})
square = jax.jit(jax.jacfwd(lambda z: MIXED.to_theta(z)[np.asarray([0, 7, 1, 2, 4, 5])]))


@each_kind
@given(z=coordinates)
def test_to_z_inverts_to_theta(kind, z):
    theta = GROUPS[kind].to_theta(np, z)
    # A gap of exp(-8) beside sums of exp(8) keeps 9 of 16 digits.
    np.testing.assert_allclose(GROUPS[kind].to_z(np, theta), z, rtol=1e-8, atol=1e-8)


@each_kind
@given(z=coordinates)
def test_log_jacobian_is_that_of_automatic_differentiation(kind, z):
    group = GROUPS[kind]
    jacobian = jax.jacfwd(lambda z: group.to_theta(jnp, z)[: len(z)])(jnp.asarray(z))
    np.testing.assert_allclose(
        group.log_jacobian(np, z), np.linalg.slogdet(jacobian)[1], rtol=1e-9, atol=1e-9
    )


@each_kind
@given(z=coordinates)
def test_numpy_and_jax_agree(kind, z):
    for function in (GROUPS[kind].to_theta, GROUPS[kind].log_jacobian):
        np.testing.assert_allclose(function(np, z), function(jnp, jnp.asarray(z)), rtol=1e-12, atol=1e-12)


@given(z=coordinates)
def test_ordered_members_are_positive_and_increase(z):
    theta = GROUPS["ordered"].to_theta(np, z)
    assert theta[0] > 0
    assert (np.diff(theta) > 0).all()


@given(z=st.lists(st.floats(-100, 100), min_size=3, max_size=3).map(np.asarray))
def test_simplex_members_are_positive_and_sum_to_one(z):
    theta = GROUPS["simplex"].to_theta(np, z)
    assert (theta > 0).all()
    assert theta.sum() == pytest.approx(1.0, rel=1e-13)


def test_equal_members_of_a_simplex_are_at_zero():
    np.testing.assert_allclose(GROUPS["simplex"].to_theta(np, np.zeros(4)), 0.2, rtol=1e-15)


@given(z=st.lists(st.floats(-5, 5), min_size=6, max_size=6).map(np.asarray))
def test_layout_inverts_and_has_the_jacobian_of_its_free_parameters(z):
    theta = MIXED.to_theta(z)
    assert theta[6] == 3.5
    np.testing.assert_allclose(MIXED.to_z(theta), z, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(MIXED.to_theta(jnp.asarray(z)), theta, rtol=1e-12)
    expected = np.linalg.slogdet(square(z))[1]
    np.testing.assert_allclose(MIXED.log_jacobian(z), expected, rtol=1e-9, atol=1e-9)


def test_points_of_the_prior_lie_in_its_support_in_order_and_sum_to_one():
    points = JOINT.quantile(np.random.default_rng(0).random((500, 6)))
    low, high = MIXED.support
    assert ((points > low) & (points < high)).all()
    assert (points[:, 4] < points[:, 5]).all()
    np.testing.assert_allclose(points[:, 1:4].sum(axis=1), 1.0, rtol=1e-14)
    assert np.isfinite(MIXED.to_z(points)).all()


def test_quantiles_of_a_dirichlet_follow_it():
    prior = Dirichlet([1.0, 2.0, 0.5])
    points = prior.quantile(np.random.default_rng(1).random((4000, 2)))
    for i, a in enumerate([1.0, 2.0, 0.5]):
        # The seed is fixed; a wrong distribution gives p below 1e-6.
        assert stats.kstest(points[:, i], stats.beta(a, 3.5 - a).cdf).pvalue > 1e-3


def test_density_of_a_dirichlet_is_scipys():
    points = np.asarray([[0.2, 0.3, 0.5], [1e-9, 0.5, 0.5 - 1e-9]])
    expected = [stats.dirichlet([1.0, 2.0, 0.5]).logpdf(point) for point in points]
    np.testing.assert_allclose(Dirichlet([1.0, 2.0, 0.5]).log_density(points), expected, rtol=1e-12)


def test_dirichlet_is_drawn_from():
    draws = np.asarray(Dirichlet([1.0, 2.0, 0.5]).sample(jax.random.key(0), (2000,)))
    assert stats.kstest(draws[:, 1], stats.beta(2.0, 1.5).cdf).pvalue > 1e-3


@pytest.mark.parametrize("numbers", [[1.0], 2.0, [1.0, 0.0], [1.0, np.nan], [[1.0, 1.0]]])
def test_bad_concentration_is_refused(numbers):
    with pytest.raises(ValueError, match="Dirichlet: concentration must be"):
        Dirichlet(numbers)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Multinomial:
    """Counts (k,) of k outcomes with probabilities theta."""

    counts: Any

    @property
    def n_parameters(self):
        return int(np.size(self.counts))

    def log_likelihood(self, theta, values, weights):
        return jnp.sum(self.counts * jnp.log(theta))


def check(posterior, exact):
    """Against SciPy's distributions, to the accuracy of a fit with default settings (see test_accuracy)."""
    assert posterior.converged, posterior.reason
    for mean, sd, each in zip(posterior.mean, posterior.sd, exact, strict=True):
        assert abs(mean - each.mean()) < 0.03 * each.std()
        assert abs(sd / each.std() - 1) < 0.04


COUNTS = np.asarray([8.0, 20.0, 3.0, 40.0])


def test_multinomial_with_a_dirichlet_prior_has_a_dirichlet_posterior():
    prior = Dirichlet([2.0, 1.0, 3.0, 1.0])
    a = COUNTS + prior.concentration
    posterior = svgd(Multinomial(COUNTS), [1.0], prior=prior)
    check(posterior, [stats.beta(each, a.sum() - each) for each in a])
    np.testing.assert_allclose(posterior.particles.sum(axis=1), 1.0, rtol=1e-13)


def test_simplex_of_two_is_a_probability_and_its_complement():
    def likelihood(theta, values):
        return theta[0] ** 8 * (1 - theta[0]) ** 20 + 0.0 * values

    alone = svgd(likelihood, [1.0], prior=Beta(2.0, 3.0), theta_dim=1)
    both = svgd(Multinomial(COUNTS[:2]), [1.0], prior=[Dirichlet([2.0, 3.0])])
    # The same density in the same coordinate.
    np.testing.assert_allclose(both.particles[:, 0], alone.particles[:, 0], rtol=1e-6)


def test_prior_function_of_a_simplex():
    posterior = svgd(
        Multinomial(COUNTS), [1.0], prior=lambda theta: 0.0 * theta[0], transforms=[("simplex", 4)]
    )
    a = COUNTS + 1.0
    check(posterior, [stats.beta(each, a.sum() - each) for each in a])


def test_order_of_separate_rates_changes_nothing():
    sums = np.asarray([60.0, 20.0, 4.0])
    model = Rates(np.full(3, 60.0), sums)
    posterior = svgd(model, [1.0], prior=Gamma(2.0, 1.0), transforms=[("ordered", 3)])
    # Twelve standard deviations apart, the order holds by itself.
    check(posterior, [stats.gamma(62.0, scale=1 / (1 + s)) for s in sums])


def test_ordered_rates_of_a_flat_likelihood_are_order_statistics():
    model = Rates(np.zeros(2), np.zeros(2))
    posterior = svgd(model, [1.0], prior=Gamma(30.0, 30.0), transforms=[("ordered", 2)])
    assert (np.diff(posterior.particles, axis=1) > 0).all()
    x = np.linspace(0.0, 3.0, 20001)
    pdf, cdf = stats.gamma.pdf(x, 30.0, scale=1 / 30.0), stats.gamma.cdf(x, 30.0, scale=1 / 30.0)
    for i, density in enumerate([2 * pdf * (1 - cdf), 2 * pdf * cdf]):
        mean = np.trapezoid(x * density, x)
        sd = np.sqrt(np.trapezoid((x - mean) ** 2 * density, x))
        # The logarithm of the gap between two equal rates has a long left tail, which 128 particles carry
        # less well: a twentieth of a standard deviation.
        assert abs(posterior.mean[i] - mean) < 0.05 * sd
        assert abs(posterior.sd[i] / sd - 1) < 0.05


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e6])
def test_scaling_time_scales_ordered_rates(unit):
    sums = np.asarray([60.0, 20.0])
    fits = [
        svgd(Rates(np.full(2, 60.0), sums * u), [u], prior=Gamma(2.0, u), transforms=[("ordered", 2)])
        for u in (1.0, unit)
    ]
    # Equal but for rounding in the search for the mode and in 100 steps.
    np.testing.assert_allclose(fits[1].particles * unit, fits[0].particles, rtol=1e-6)


BAD = {
    "wrong length": (
        {"transforms": [("ordered", 3)]},
        "transforms has 3 entries, the model has 4 parameters",
    ),
    "no group": (
        {"transforms": ["log", "log", "ordered", "log"]},
        "transforms[2] is 'ordered'; choose one of identity, log, logit; groups are (\"ordered\", k) or "
        '{(names): "ordered"}',
    ),
    "unknown group": (
        {"transforms": [("sorted", 4)]},
        "transforms[0] is ('sorted', 4); choose one of identity, log, logit, or (\"ordered\", k) or "
        '("simplex", k) for the next k parameters',
    ),
    "group of one": (
        {"transforms": ["log", "log", "log", ("ordered", 1)]},
        "transforms[3] is ('ordered', 1), but a group has two parameters or more",
    ),
    "unknown name": ({"transforms": {"x": "log"}}, "transforms names 'x', but the parameters are a, b, c, d"),
    "twice": ({"transforms": {"a": "log", ("a", "b"): "ordered"}}, "transforms names a twice"),
    "simplex without its prior": (
        {"transforms": {("a", "b"): "simplex"}},
        "a, b sum to one: give them one prior, a Dirichlet, or a function of theta",
    ),
    "fixed member": (
        {"transforms": {("a", "b"): "ordered"}, "fixed": {"b": 1.0}},
        "b is fixed, and cannot be in the ordered group a, b",
    ),
    "tied member": (
        {"transforms": {("a", "b"): "ordered"}, "tied": [("b", "c")]},
        "b is tied, and cannot be in the ordered group a, b",
    ),
    "against the prior": (
        {"transforms": {("a", "b"): "ordered"}, "prior": Dirichlet(np.ones(4))},
        "transforms has the ordered group a, b, but their prior is of another group",
    ),
    "kind against the prior": (
        {"transforms": {"a": "log"}, "prior": Dirichlet(np.ones(4))},
        "a has transform 'log', but its prior is of a group",
    ),
    "start out of order": (
        {"transforms": {("a", "b"): "ordered"}, "theta_init": [2.0, 1.0, 1.0, 1.0]},
        "theta_init is [2.0, 1.0, 1.0, 1.0], but parameters in order must increase",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_group_is_named(fault):
    change, message = BAD[fault]
    arguments = {"prior": Gamma(2.0, 1.0), "names": ["a", "b", "c", "d"]} | change
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        svgd(Multinomial(COUNTS), [1.0], **arguments)
