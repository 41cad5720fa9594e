"""Distributions of NumPyro as priors."""

import re
import subprocess
import sys

import numpy as np
import numpyro.distributions as nd
import pytest
from numpyro.distributions.transforms import OrderedTransform
from phasic.svgd import Beta, Dirichlet, Gamma, HalfCauchy, LogNormal, Normal, Uniform, svgd
from phasic.svgd._numpyro import read_numpyro
from scipy import stats

from tests.svgd.standins import TRACES, Erlang, Gauss, Rates
from tests.svgd.test_groups import COUNTS, Multinomial, check

VALUES = np.random.RandomState(0).exponential(1.0, size=100)
MODEL = Rates(np.asarray([30.0, 40.0]), np.asarray([10.0, 20.0]))

PAIRS = [
    (nd.Gamma, (2.0, 3.0), Gamma),
    (nd.LogNormal, (0.5, 0.7), LogNormal),
    (nd.HalfCauchy, (2.0,), HalfCauchy),
    (nd.Normal, (-1.0, 2.0), Normal),
    (nd.Uniform, (-1.0, 3.0), Uniform),
    (nd.Beta, (2.0, 5.0), Beta),
]
each = pytest.mark.parametrize(("theirs", "numbers", "ours"), PAIRS, ids=lambda p: getattr(p, "__name__", ""))


@each
def test_distribution_that_we_have_too_is_read_as_ours(theirs, numbers, ours):
    prior = read_numpyro(theirs(*numbers))
    assert type(prior) is ours
    theta = np.asarray(prior.quantile(np.linspace(0.05, 0.95, 7)))
    np.testing.assert_allclose(prior.log_density(theta), theirs(*numbers).log_prob(theta), rtol=1e-10)


OTHERS = [
    (nd.HalfNormal(2.0), stats.halfnorm(scale=2.0)),
    (nd.InverseGamma(3.0, 2.0), stats.invgamma(3.0, scale=2.0)),
    (nd.Exponential(2.0), stats.expon(scale=0.5)),
    (nd.TruncatedNormal(1.0, 2.0, low=0.5, high=4.0), stats.truncnorm(-0.25, 1.5, loc=1.0, scale=2.0)),
]


@pytest.mark.parametrize(("theirs", "exact"), OTHERS, ids=lambda p: type(p).__name__)
def test_density_support_and_starts_of_another_distribution(theirs, exact):
    prior = read_numpyro(theirs)
    np.testing.assert_allclose(prior.support, exact.support(), rtol=1e-12)
    points = exact.ppf(np.linspace(0.05, 0.95, 7))
    np.testing.assert_allclose(prior.log_density(points), exact.logpdf(points), rtol=1e-10, atol=1e-12)
    starts = prior.quantile((np.arange(1000) + 0.5) / 1000)
    # Quantiles or draws from a fixed seed; a wrong distribution gives p below 1e-6.
    assert stats.kstest(starts, exact.cdf).pvalue > 1e-3


def test_starts_of_two_parameters_differ():
    prior = read_numpyro(nd.InverseGamma(2.0, 1.0))
    assert not np.allclose(prior.quantile(np.linspace(0.1, 0.8, 9)), prior.quantile(np.linspace(0.2, 0.9, 9)))


@pytest.mark.parametrize(
    "prior",
    [
        nd.Gamma(2.0, 1.0),
        [nd.Gamma(2.0, 1.0), Gamma(2.0, 1.0)],
        {"a": Gamma(2.0, 1.0), "b": nd.Gamma(2.0, 1.0)},
        nd.Gamma(np.asarray([2.0, 2.0]), 1.0),
    ],
    ids=["one for all", "mixed", "by name", "batch"],
)
def test_fit_is_that_with_our_own(prior):
    posterior = svgd(MODEL, [1.0], prior=prior)
    check(posterior, [stats.gamma(32.0, scale=1 / 11.0), stats.gamma(42.0, scale=1 / 21.0)])


def test_vector_takes_its_parameters_and_their_transform():
    posterior = svgd(Multinomial(COUNTS), [1.0], prior=nd.Dirichlet(np.asarray([2.0, 1.0, 3.0, 1.0])))
    a = COUNTS + np.asarray([2.0, 1.0, 3.0, 1.0])
    check(posterior, [stats.beta(each, a.sum() - each) for each in a])


def test_normal_vector_of_any_sign():
    centre, covariance = np.asarray([1.0, -2.0]), np.asarray([[1.0, 0.6], [0.6, 2.0]])
    flat = Gauss(np.zeros(2), np.zeros((2, 2)))
    posterior = svgd(flat, [1.0], prior=nd.MultivariateNormal(centre, covariance), positive_params=False)
    check(posterior, [stats.norm(1.0, 1.0), stats.norm(-2.0, np.sqrt(2.0))])


def test_other_numbers_run_the_same_program_and_give_their_answer():
    svgd(Erlang(), VALUES, prior=nd.Exponential(2.0))
    before = TRACES["count"]
    mean = svgd(Erlang(), VALUES, prior=nd.Exponential(50.0)).mean[0]
    assert TRACES["count"] == before
    assert mean == pytest.approx(101.0 / (50.0 + VALUES.sum()), rel=1e-3)


def test_fixed_parameter_beside_it():
    posterior = svgd(MODEL, [1.0], prior=nd.Exponential(1.0), fixed={0: 1.0})
    exact = stats.gamma(41.0, scale=1 / 21.0)
    assert abs(posterior.mean[1] - exact.mean()) < 0.03 * exact.std()


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        (nd.Poisson(2.0), "prior numpyro.distributions.Poisson is of whole numbers; parameters are not"),
        (nd.LKJ(3), "prior numpyro.distributions.LKJ has batch shape () and event shape (3, 3): give"),
        (
            nd.TransformedDistribution(nd.MultivariateNormal(np.zeros(2), np.eye(2)), OrderedTransform()),
            "prior numpyro.distributions.TransformedDistribution has support",
        ),
        (nd.Gamma(np.ones(3), 1.0), "prior has 3 entries, the model has 2 parameters"),
    ],
)
def test_unusable_distribution_is_named(prior, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        svgd(MODEL, [1.0], prior=prior)


def test_batch_of_distributions_cannot_be_taken_apart():
    with pytest.raises(ValueError, match="cannot be taken apart"):
        svgd(MODEL, [1.0], prior=nd.Exponential(np.ones(2)), fixed={0: 1.0})


def test_a_fit_with_our_own_imports_no_numpyro(subprocess_environment):
    code = (
        "import sys\nfrom phasic.svgd import Gamma, svgd\nfrom tests.svgd.standins import Erlang\n"
        "import jax; jax.config.update('jax_enable_x64', True)\n"
        "svgd(Erlang(), [1.0, 2.0], prior=Gamma(2.0, 1.0))\nassert 'numpyro' not in sys.modules\n"
    )
    environment = subprocess_environment | {"PYTHONPATH": ":".join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_dirichlets_of_both_kinds_agree():
    theta = np.asarray([0.2, 0.3, 0.5])
    numbers = np.asarray([1.0, 2.0, 0.5])
    ours = read_numpyro(nd.Dirichlet(numbers))
    assert isinstance(ours, Dirichlet)
    np.testing.assert_allclose(ours.log_density(theta), nd.Dirichlet(numbers).log_prob(theta), rtol=1e-12)
