"""Distributions with a closed form, in the body and far out in the tails."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from phasic import Graph

from tests import models
from tests.reference import closed_forms

SOLVE = 1e-14  # subtraction-free sums of a few terms
TOLERANCE = 1e-10  # the default tolerance of pdf and cdf


@pytest.mark.parametrize("rate", [1e-12, 0.3, 1.0, 7.5, 1e12])
def test_exponential_mean(rate):
    assert Graph(callback=models.erlang, k=1, rate=rate).expectation() == pytest.approx(1 / rate, rel=1e-15)


@pytest.mark.parametrize("x", [0.0, 1e-9, 0.5, 3.0, 100.0, 700.0])
def test_exponential_pdf(x):
    graph = Graph(callback=models.erlang, k=1, rate=1.0)
    assert graph.pdf(x) == pytest.approx(np.exp(-x), rel=TOLERANCE)


@pytest.mark.parametrize("x", [1e-9, 0.5, 3.0, 100.0])
def test_exponential_cdf(x):
    graph = Graph(callback=models.erlang, k=1, rate=1.0)
    assert graph.cdf(x) == pytest.approx(-np.expm1(-x), rel=TOLERANCE)


@pytest.mark.parametrize("power", [1, 2, 3, 4])
@pytest.mark.parametrize("k", [1, 4, 30])
def test_erlang_moments(k, power):
    expected = closed_forms.erlang_moments(k, Fraction(5, 2), 4)[power - 1]
    moments = Graph(callback=models.erlang, k=k, rate=2.5).moments(4)
    assert moments[power - 1] == pytest.approx(float(expected), rel=SOLVE)


@pytest.mark.parametrize("x", [1e-3, 0.1, 1.0, 2.0, 10.0, 50.0])
@pytest.mark.parametrize("k", [2, 10, 100])
def test_erlang_pdf(k, x):
    graph = Graph(callback=models.erlang, k=k, rate=k / 2)
    assert graph.pdf(x) == pytest.approx(scipy.stats.gamma.pdf(x, k, scale=2 / k), rel=TOLERANCE)


@pytest.mark.parametrize("x", [1e-3, 0.1, 1.0, 2.0, 10.0])
@pytest.mark.parametrize("k", [2, 10, 100])
def test_erlang_cdf(k, x):
    graph = Graph(callback=models.erlang, k=k, rate=k / 2)
    assert graph.cdf(x) == pytest.approx(scipy.stats.gamma.cdf(x, k, scale=2 / k), rel=TOLERANCE)


@pytest.mark.parametrize("deviations", [10, 50, 200])
@pytest.mark.parametrize("k", [1, 5, 20, 100])
def test_erlang_log_density_far_to_the_right(k, deviations):
    x = k + deviations * np.sqrt(k)
    log_density = Graph(callback=models.erlang_parameterised, k=k).log_likelihood([1.0], [x])
    # far below the smallest double for k = 100; the tolerance is the demanded twelve digits
    assert log_density == pytest.approx(scipy.stats.gamma.logpdf(x, k), rel=1e-12)


@pytest.mark.parametrize("fraction", [1e-12, 1e-6, 1e-3])
@pytest.mark.parametrize("k", [1, 5, 20, 100])
def test_erlang_log_density_far_to_the_left(k, fraction):
    x = k * fraction
    log_density = Graph(callback=models.erlang_parameterised, k=k).log_likelihood([1.0], [x])
    # relative to the larger of one and the value: k = 1 has a log-density of about x itself
    assert log_density == pytest.approx(scipy.stats.gamma.logpdf(x, k), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("deviations", [10, 50, 200])
@pytest.mark.parametrize("k", [1, 5])
def test_erlang_survival_far_to_the_right(k, deviations):
    x = k + deviations * np.sqrt(k)
    graph = Graph(callback=models.erlang, k=k, rate=1.0)
    assert graph.sf(x) == pytest.approx(scipy.stats.gamma.sf(x, k), rel=1e-12)  # the demanded twelve digits


@pytest.mark.parametrize("gap", [1.0, 1e-3, 1e-8, 1e-15])
@pytest.mark.parametrize("x", [0.01, 1.0, 30.0])
def test_hypoexponential_with_nearly_equal_rates(gap, x):
    rates = (1.0, 1.0 + gap, 3.0)
    graph = Graph(callback=models.hypoexponential, rates=rates)
    expected = float(closed_forms.hypoexponential_pdf(rates, x, digits=90))
    assert graph.pdf(x) == pytest.approx(expected, rel=TOLERANCE)


@pytest.mark.parametrize("x", [0.0, 0.02, 1.0, 40.0])
def test_hyperexponential_pdf(x):
    graph = Graph(callback=models.hyperexponential, probabilities=(0.25, 0.75), rates=(1.0, 10.0))
    expected = closed_forms.hyperexponential_pdf((0.25, 0.75), (1.0, 10.0), x)
    assert graph.pdf(x) == pytest.approx(expected, rel=TOLERANCE)


@pytest.mark.parametrize("x", [1e-6, 0.02, 1.0, 40.0])
def test_hyperexponential_cdf(x):
    graph = Graph(callback=models.hyperexponential, probabilities=(0.25, 0.75), rates=(1.0, 10.0))
    expected = closed_forms.hyperexponential_cdf((0.25, 0.75), (1.0, 10.0), x)
    assert graph.cdf(x) == pytest.approx(expected, rel=TOLERANCE)


def test_coxian_mean():
    expected = closed_forms.coxian_mean((3, 2, 1), (Fraction(1, 2), Fraction(1, 4)))
    assert Graph(callback=models.coxian).expectation() == pytest.approx(float(expected), rel=SOLVE)


@pytest.mark.parametrize("rho", [1.5, 20.0])
def test_birth_death_mean(rho):
    expected = closed_forms.birth_death_mean(200, rho, 1)
    graph = Graph(callback=models.birth_death, n=200, birth=rho, death=1.0)
    # up to 8e256, where a plain solve has no digit left
    assert graph.expectation() == pytest.approx(float(expected), rel=1e-13)


@pytest.mark.parametrize("k", [0, 1, 2, 10, 300])
def test_geometric(k):
    graph = Graph(callback=models.successes, r=1, p=0.25)
    expected = float(closed_forms.geometric_pmf(0.25, k))
    assert graph.pmf_discrete(k) == pytest.approx(expected, rel=1e-13)  # k roundings of the same sign


@pytest.mark.parametrize("k", [0, 2, 3, 10, 300])
def test_negative_binomial(k):
    graph = Graph(callback=models.successes, r=3, p=0.25)
    expected = float(closed_forms.negative_binomial_pmf(3, 0.25, k))
    assert graph.pmf_discrete(k) == pytest.approx(expected, rel=1e-13)  # k roundings of the same sign


@pytest.mark.parametrize("k", [4, 6, 20])
def test_coupon_collector_cdf(k):
    graph = Graph(callback=models.coupons, n=4)
    expected = float(closed_forms.coupon_collector_cdf(4, k))
    assert graph.cdf_discrete(k) == pytest.approx(expected, rel=1e-13)  # k roundings of the same sign


@pytest.mark.parametrize("n", [2, 4, 50])
def test_coupon_collector_mean(n):
    graph = Graph(callback=models.coupons, n=n)
    expected = float(closed_forms.coupon_collector_mean(n))
    # staying probabilities 1 - (n - i)/n are rounded by the model itself
    assert graph.expectation_discrete() == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("n", [5, 50, 300])
def test_reset_chain_mean(n):
    expected = float(closed_forms.reset_chain_mean_steps(n))
    # up to 4e90; subtraction-free elimination holds 1e-13 where a plain solve has no digit left
    assert Graph(callback=models.reset_chain, n=n).expectation() == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("n", [5, 50, 300])
def test_reset_chain_mean_in_steps(n):
    expected = float(closed_forms.reset_chain_mean_steps(n))
    assert Graph(callback=models.reset_chain, n=n).expectation_discrete() == pytest.approx(
        expected, rel=1e-13
    )
