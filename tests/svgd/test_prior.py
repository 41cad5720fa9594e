"""Priors are normalised densities of theta with matching quantiles and draws."""

import re

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phasic.svgd import Beta, Gamma, HalfCauchy, LogNormal, Normal, Uniform, svgd
from phasic.svgd._read_prior import as_own, read_prior
from phasic.svgd._restrictions import read_restrictions
from scipy import integrate, stats

from tests.svgd.standins import Erlang

PAIRS = [
    (LogNormal(0.3, 0.7), stats.lognorm(0.7, scale=np.exp(0.3))),
    (Gamma(2.5, 3.0), stats.gamma(2.5, scale=1 / 3.0)),
    (HalfCauchy(2.0), stats.halfcauchy(scale=2.0)),
    (Normal(-1.0, 2.0), stats.norm(-1.0, 2.0)),
    (Uniform(-1.0, 3.0), stats.uniform(-1.0, 4.0)),
    (Beta(2.0, 5.0), stats.beta(2.0, 5.0)),
]
log_density = jax.jit(lambda prior, theta: prior.log_density(theta))


def joint_prior(prior, dim):
    return read_prior(prior, read_restrictions([f"theta[{i}]" for i in range(dim)]))


each = pytest.mark.parametrize(("prior", "exact"), PAIRS, ids=lambda p: type(p).__name__)


@each
def test_log_density_is_scipys(prior, exact):
    theta = exact.ppf(np.linspace(0.01, 0.99, 9))
    np.testing.assert_allclose(log_density(prior, theta), exact.logpdf(theta), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "prior", [p for p, _ in PAIRS if np.isfinite(p.support[0])], ids=lambda p: type(p).__name__
)
def test_density_is_zero_and_has_no_nan_gradient_outside_the_support(prior):
    value, gradient = jax.value_and_grad(log_density, argnums=1)(prior, prior.support[0] - 1.0)
    assert value == -np.inf
    assert not np.isnan(gradient)


@each
def test_quantiles_are_scipys(prior, exact):
    q = np.linspace(0.01, 0.99, 9)
    np.testing.assert_allclose(prior.quantile(q), exact.ppf(q), rtol=1e-9)


@each
def test_draws_follow_the_distribution(prior, exact):
    draws = np.asarray(prior.sample(jax.random.key(0), (2000,)))
    # The seed is fixed; a wrong distribution gives p below 1e-6.
    assert stats.kstest(draws, exact.cdf).pvalue > 1e-3


@each
def test_density_integrates_to_one(prior, exact):
    low, high = exact.ppf(1e-6), exact.ppf(1 - 1e-4)
    total, _ = integrate.quad(lambda t: np.exp(log_density(prior, t)), low, high, limit=200)
    # The interval leaves out 1.01e-4.
    assert abs(total - 1.0) < 2e-4


intervals = st.tuples(st.floats(1e-3, 0.9), st.floats(1.05, 1e3), st.floats(0.5, 0.99))


@pytest.mark.parametrize("kind", [LogNormal, Gamma, Normal])
@given(intervals)
def test_interval_holds_its_probability_with_equal_tails(kind, given_interval):
    low, ratio, probability = given_interval
    prior = kind.from_interval(low, low * ratio, probability=probability)
    tails = np.asarray([0.5 * (1 - probability), 0.5 * (1 + probability)])
    # The normal's low end may be a hundredth of its standard deviation, and shapes reach 1e4: 4 digits lost.
    np.testing.assert_allclose(prior.quantile(tails), [low, low * ratio], rtol=1e-10)


@given(st.floats(0.01, 0.95), st.floats(0.05, 0.95), st.floats(0.5, 0.99))
def test_beta_interval_holds_its_probability_with_equal_tails(low, share, probability):
    high = low + share * (1 - low)
    prior = Beta.from_interval(low, high, probability=probability)
    below, above = stats.beta(prior.a, prior.b).cdf(low), stats.beta(prior.a, prior.b).sf(high)
    np.testing.assert_allclose([below, above], 0.5 * (1 - probability), rtol=1e-8)


def test_intervals_of_several_parameters_make_one_prior_of_arrays():
    prior = Gamma.from_interval([0.1, 1.0], [1.0, 30.0])
    np.testing.assert_allclose(prior.quantile(np.full(2, 0.025)), [0.1, 1.0], rtol=1e-10)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (LogNormal, (0.0, 1.0), "from_interval needs 0 < low < high, got low=0.0, high=1.0"),
        (LogNormal, (2.0, 1.0), "from_interval needs 0 < low < high, got low=2.0, high=1.0"),
        (Gamma, (1.0, np.inf), "from_interval needs 0 < low < high, got low=1.0, high=inf"),
        (Normal, (2.0, 1.0), "from_interval needs low < high, got low=2.0, high=1.0"),
        (Beta, (0.5, 1.0), "from_interval needs 0 < low < high < 1, got low=0.5, high=1.0"),
        (LogNormal, (1.0, 2.0, 1.0), "probability must lie between 0 and 1, got 1.0"),
    ],
)
def test_bad_interval_is_refused(kind, arguments, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        kind.from_interval(*arguments)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Gamma(-1.0, 1.0), "shape"),
        (lambda: Gamma(1.0, np.nan), "rate"),
        (lambda: Normal(np.inf, 1.0), "mean"),
        (lambda: Uniform(2.0, 1.0), "low"),
        (lambda: LogNormal(0.0, 0.0), "sigma"),
    ],
)
def test_bad_number_is_named(make, name):
    with pytest.raises(ValueError, match=name):
        make()


def test_one_distribution_speaks_for_every_parameter():
    theta = np.asarray([0.5, 1.5, 2.0])
    joint = joint_prior(Gamma(2.0, 1.0), 3)
    np.testing.assert_allclose(log_density(joint, theta), stats.gamma(2.0).logpdf(theta).sum(), rtol=1e-12)


def test_sequence_holds_one_distribution_for_each_parameter():
    joint = joint_prior([Gamma(2.0, 1.0), Beta(2.0, 2.0)], 2)
    expected = stats.gamma(2.0).logpdf(0.7) + stats.beta(2.0, 2.0).logpdf(0.4)
    np.testing.assert_allclose(log_density(joint, np.asarray([0.7, 0.4])), expected, rtol=1e-12)


def test_function_gets_theta():
    assert joint_prior(lambda theta: -theta[1], 2).log_density(np.asarray([1.0, 3.0])) == -3.0


def test_sequence_of_the_wrong_length_names_both():
    with pytest.raises(ValueError, match="prior has 1 entries, the model has 2"):
        joint_prior([Gamma(2.0, 1.0)], 2)


@pytest.mark.parametrize("prior", [3.0, "reference", [1.0]])
def test_other_things_are_no_prior(prior):
    with pytest.raises(TypeError, match="prior"):
        joint_prior(prior, 1)


FROZEN = [
    (stats.gamma(2.0, scale=0.5), Gamma(2.0, 2.0)),
    (stats.gamma(2.0), Gamma(2.0, 1.0)),
    (stats.gamma(a=3.0, scale=0.5), Gamma(3.0, 2.0)),
    (stats.gamma(2.0, 0.0, 0.5), Gamma(2.0, 2.0)),
    (stats.expon(scale=4.0), Gamma(1.0, 0.25)),
    (stats.lognorm(0.7, scale=np.exp(0.3)), LogNormal(0.3, 0.7)),
    (stats.norm(-1.0, 2.0), Normal(-1.0, 2.0)),
    (stats.uniform(1.0, 2.0), Uniform(1.0, 3.0)),
    (stats.beta(2.0, 5.0), Beta(2.0, 5.0)),
    (stats.halfcauchy(scale=3.0), HalfCauchy(3.0)),
]


@pytest.mark.parametrize(("theirs", "ours"), FROZEN)
def test_a_frozen_distribution_of_scipy_is_one_of_ours(theirs, ours):
    own = as_own(theirs)
    assert type(own) is type(ours)
    points = theirs.ppf([0.1, 0.5, 0.9])
    # Its logarithms of numbers of about 1, each rounded.
    np.testing.assert_allclose(own.log_density(points), theirs.logpdf(points), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(own.log_density(points), ours.log_density(points), rtol=1e-14, atol=1e-14)


def test_frozen_distributions_in_a_sequence_and_by_name():
    given = [Gamma(2.0, 1.0), stats.gamma(3.0), None]
    assert as_own(given) == [Gamma(2.0, 1.0), Gamma(3.0, 1.0), None]
    assert as_own({"a": stats.expon()}) == {"a": Gamma(1.0, 1.0)}


def test_a_frozen_distribution_gives_the_same_fit():
    values = [0.5, 1.5, 0.7]
    theirs, ours = (svgd(Erlang(), values, prior=prior) for prior in (stats.gamma(2.0), Gamma(2.0, 1.0)))
    assert theirs.particles.tobytes() == ours.particles.tobytes()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            stats.weibull_min(2.0),
            "prior is scipy.stats.weibull_min; of SciPy only beta, .*NumPyro",
        ),
        (stats.poisson(2.0), "prior is scipy.stats.poisson; of SciPy only"),
        (stats.gamma(2.0, loc=1.0), "prior is scipy.stats.gamma, which must have loc=0"),
        (stats.beta(2.0, 2.0, scale=3.0), "scipy.stats.beta, which must have loc=0 and scale=1"),
        (stats.gamma, "prior is scipy.stats.gamma without its numbers"),
        ([Gamma(2.0, 1.0), stats.t(3.0)], r"prior\[1\] is scipy.stats.t;"),
        (LogNormal, r"prior is the class LogNormal: give a distribution with its numbers, LogNormal\(…\)"),
        ({"rate": Gamma}, r"prior\['rate'\] is the class Gamma"),
        (3.0, r"prior must be a distribution of phasic.svgd \(Beta, .*NumPyro.*scipy.*function, got 3.0"),
        ([1.0], r"prior\[0\] is 1.0, but must be a distribution of phasic.svgd"),
    ],
    ids=[
        "another law",
        "whole numbers",
        "shifted",
        "stretched",
        "not frozen",
        "in a list",
        "a class",
        "a class by name",
        "a number",
        "numbers in a list",
    ],
)
def test_what_is_no_prior_is_told_what_counts(given, message):
    with pytest.raises(TypeError, match=message):
        svgd(Erlang(), [0.5, 1.5], prior=given)


def test_missing_prior_names_what_to_give():
    with pytest.raises(ValueError, match="from_interval"):
        joint_prior(None, 1)
