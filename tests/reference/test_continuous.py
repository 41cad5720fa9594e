"""The continuous oracles against known answers."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import scipy.stats

from tests import models
from tests.reference import closed_forms, truth

PRINTED = 1e-12  # answers printed with about 15 digits
NINE_DECIMALS = 5e-10
SOLVE = 1e-12  # dense solves of a few well-conditioned states


@pytest.fixture(scope="module")
def rabbits():
    return models.explore(models.rabbits, n=2)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_rabbit_expectation_is_the_exact_rational(n):
    model, _ = models.explore(models.rabbits, n=n)
    assert model.dense(exact=True).expectation() == truth.RABBIT_EXPECTATIONS[n]


def test_rabbit_moments(rabbits):
    moments = rabbits[0].dense(exact=True).moments(3)
    np.testing.assert_allclose(moments.astype(float), truth.RABBIT2_MOMENTS, rtol=PRINTED)


def test_rabbit_variance(rabbits):
    assert float(rabbits[0].dense(exact=True).variance()) == pytest.approx(
        truth.RABBIT2_VARIANCE, rel=PRINTED
    )


def test_rabbit_reward_moments(rabbits):
    model, states = rabbits
    moments = model.dense().moments(2, [right for _, right in states[: model.n]])
    np.testing.assert_allclose(moments, truth.RABBIT2_RIGHT_MOMENTS, rtol=PRINTED)


def test_rabbit_zero_reward_probability(rabbits):
    model, states = rabbits
    transformed = model.dense(exact=True).reward_transform([right for _, right in states[: model.n]])
    assert transformed.defect == truth.RABBIT2_RIGHT_ZERO


def test_rabbit_covariance(rabbits):
    model, states = rabbits
    left, right = np.array(states[: model.n]).T
    covariance = model.dense(exact=True).covariance(left, right)
    assert float(covariance) == pytest.approx(truth.RABBIT2_COVARIANCE, rel=PRINTED)


def test_rabbit_laplace_transform(rabbits):
    assert rabbits[0].dense().laplace(1.0) == pytest.approx(truth.RABBIT2_LAPLACE_AT_1, rel=PRINTED)


@pytest.mark.parametrize("t", [0.2, 1.0])
def test_rabbit_cdf(rabbits, t):
    assert rabbits[0].dense().cdf(t) == pytest.approx(truth.RABBIT2_CDF[t], rel=PRINTED)


@pytest.mark.parametrize("t", [0.2, 1.0])
def test_rabbit_pdf(rabbits, t):
    assert rabbits[0].dense().pdf(t) == pytest.approx(truth.RABBIT2_PDF[t], rel=PRINTED)


@pytest.mark.parametrize("t", [0.2, 1.0])
def test_precise_pdf_agrees_with_scipy(rabbits, t):
    assert float(rabbits[0].dense(exact=True).precise_pdf(t)) == pytest.approx(
        truth.RABBIT2_PDF[t], rel=PRINTED
    )


def test_precise_cdf_agrees_with_scipy(rabbits):
    cdf = rabbits[0].dense(exact=True).precise_cdf(1.0)
    assert float(cdf) == pytest.approx(truth.RABBIT2_CDF[1.0], rel=PRINTED)


@pytest.mark.parametrize("state", truth.RABBIT2_OCCUPANCY_AT_0_2)
def test_rabbit_occupancy(rabbits, state):
    model, states = rabbits
    occupancy = model.dense().occupancy(0.2)[states.index(state)]
    assert occupancy == pytest.approx(truth.RABBIT2_OCCUPANCY_AT_0_2[state], abs=NINE_DECIMALS)


def test_rabbit_accumulated_time(rabbits):
    model, states = rabbits
    time = model.dense().accumulated(0.05) @ [right for _, right in states[: model.n]]
    assert time == pytest.approx(truth.RABBIT2_RIGHT_TIME_TO_0_05, rel=PRINTED)


def test_precise_left_tail_is_relative():
    model, _ = models.explore(models.erlang, k=8, rate=2.0)
    # t^7 2^8 exp(-2t) / 7! at t = 1e-6
    with mpmath.workdps(50):
        t = mpmath.mpf(1e-6)
        expected = 2**8 * t**7 * mpmath.exp(-2 * t) / mpmath.factorial(7)
        error = abs(model.dense(exact=True).precise_pdf(1e-6) / expected - 1)
    assert error < 1e-45


def test_precise_right_tail_is_relative():
    model, _ = models.explore(models.erlang, k=3, rate=1.0)
    with mpmath.workdps(50):
        t = mpmath.mpf(400)
        expected = t**2 * mpmath.exp(-t) / 2
        error = abs(model.dense(exact=True).precise_pdf(400.0) / expected - 1)
    assert error < 1e-45


def test_stiff_rates_do_not_hurt_the_precise_pdf():
    rates = (1e6, 1.0, 2e6)
    model, _ = models.explore(models.hypoexponential, rates=rates)
    expected = closed_forms.hypoexponential_pdf(rates, 0.5)
    assert abs(model.dense(exact=True).precise_pdf(0.5) / expected - 1) < 1e-40


@pytest.mark.parametrize("n", [2, 5, 9])
def test_kingman_height(n):
    model, _ = models.explore(models.kingman, n=n)
    chain = model.dense(exact=True)
    assert (chain.expectation(), chain.variance()) == (
        closed_forms.kingman_height_mean(n),
        closed_forms.kingman_height_variance(n),
    )


@pytest.mark.parametrize("x", [0.5, 3.0, 12.0])
def test_total_branch_length_by_reward_transform(x):
    model, states = models.explore(models.kingman, n=6)
    lineages = [state[0] for state in states[: model.n]]
    cdf = model.dense().reward_transform(lineages).cdf(x)
    assert cdf == pytest.approx(closed_forms.kingman_length_cdf(6, x), rel=SOLVE)


@pytest.mark.parametrize("pair", truth.FU5_COVARIANCES)
def test_fu_covariances(pair):
    model, states = models.explore(models.block_counting, n=5)
    blocks = np.array(states[: model.n])
    i, j = pair
    covariance = model.dense(exact=True).covariance(blocks[:, i - 1], blocks[:, j - 1])
    assert covariance == truth.FU5_COVARIANCES[pair]


@pytest.mark.parametrize("start, expected", [((2, 0), 2), ((1, 1), 2 + Fraction(1, 2 * Fraction(0.25)))])
def test_two_demes(start, expected):
    model, _ = models.explore(models.two_demes, start=start, migration=0.25)
    assert model.dense(exact=True).expectation() == expected


@pytest.mark.parametrize("recombination", [0.5, 4.0])
def test_two_loci(recombination):
    model, states = models.explore(models.two_loci, recombination=recombination)
    states = np.array(states[: model.n])
    first, second = (states[:, 0] + states[:, 1] == 2), (states[:, 0] + states[:, 2] == 2)
    chain = model.dense(exact=True)
    correlation = chain.covariance(first.astype(int), second.astype(int)) / chain.variance(first.astype(int))
    assert correlation == closed_forms.two_locus_correlation(recombination)


def test_coxian_mean():
    model, _ = models.explore(models.coxian)
    expected = closed_forms.coxian_mean((3, 2, 1), (Fraction(1, 2), Fraction(1, 4)))
    assert model.dense(exact=True).expectation() == expected


def test_erlang_pdf_is_the_gamma_density():
    model, _ = models.explore(models.erlang, k=4, rate=2.5)
    assert model.dense().pdf(1.3) == pytest.approx(scipy.stats.gamma.pdf(1.3, 4, scale=0.4), rel=SOLVE)


def test_hyperexponential_cdf():
    model, _ = models.explore(models.hyperexponential)
    expected = closed_forms.hyperexponential_cdf((0.25, 0.75), (1.0, 10.0), 0.7)
    assert model.dense().cdf(0.7) == pytest.approx(expected, rel=SOLVE)


def test_birth_death_in_rationals():
    model, _ = models.explore(models.birth_death, n=9, birth=3.0, death=2.0)
    assert model.dense(exact=True).expectation() == closed_forms.birth_death_mean(9, 3, 2)


def test_stability_chain_in_rationals():
    model, _ = models.explore(models.reset_chain, n=30)
    assert model.dense(exact=True).expectation() == closed_forms.reset_chain_mean_steps(30)


@pytest.mark.parametrize("n", [10, 20])
def test_block_counting_states_are_partitions(n):
    _model, states = models.explore(models.block_counting, n=n)
    assert len(states) == truth.PARTITIONS[n]


@pytest.mark.parametrize("n", [2, 7])
def test_rabbit_state_count(n):
    _, states = models.explore(models.rabbits, n=n)
    assert len(states) == (n + 1) * (n + 2) // 2
