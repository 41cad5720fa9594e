"""The oracle of densities of rewards against closed forms."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from tests import models
from tests.reference import joint, reward_densities
from tests.reference.continuous import DenseChain

# digits asked of the oracle, and what is left of them after a few more operations
DIGITS, NEAR = 20, 1e-17


def chain_of(initial, edges, n):
    return DenseChain.from_edges(initial, edges, range(n), [n], exact=True)


def downton(rate1, rate2, again):
    """Two states in turn, ending after the second with probability 1 - again: one reward for each."""
    edges = [(0, 1, rate1), (1, 0, rate2 * again), (1, 2, rate2 * (1 - again))]
    return chain_of({0: 1}, edges, 2), [1, 0], [0, 1]


def downton_pdf(rate1, rate2, again, x, y):
    """Downton (1970): sums of N exponentials each, N geometric, have a density with a Bessel function."""
    a, b, r = (mpmath.mpf(Fraction(v).numerator) / Fraction(v).denominator for v in (rate1, rate2, again))
    bessel = mpmath.besseli(0, 2 * mpmath.sqrt(r * a * b * x * y))
    return (1 - r) * a * b * mpmath.exp(-a * x - b * y) * bessel


@pytest.mark.parametrize("x, y", [(0.5, 0.25), (3, 1), (0.01, 20)])
def test_bivariate_exponential(x, y):
    rates = Fraction(3, 2), Fraction(2), Fraction(3, 4)
    found = reward_densities.joint_pdf(*downton(*rates), x, y, DIGITS)
    with mpmath.workdps(40):
        expected = downton_pdf(*rates, mpmath.mpf(x), mpmath.mpf(y))
    assert abs(found / expected - 1) < NEAR


def test_one_reward_after_the_other():
    # (Y1, Y2) are independent: exponential times exponential
    chain = chain_of({0: 1}, [(0, 1, 3), (1, 2, 5)], 2)
    found = reward_densities.joint_pdf(chain, [1, 0], [0, 2], 0.5, 0.25, DIGITS)
    assert float(found) == pytest.approx(3 * np.exp(-1.5) * 2.5 * np.exp(-0.625), rel=1e-15)


def test_joint_distribution_of_independent_rewards():
    chain = chain_of({0: 1}, [(0, 1, 3), (1, 2, 5)], 2)
    found = reward_densities.joint_cdf(chain, [1, 0], [0, 2], 0.5, 0.25, DIGITS)
    assert float(found) == pytest.approx(np.expm1(-1.5) * np.expm1(-0.625), rel=1e-15)


def test_joint_distribution_near_zero_is_the_atom():
    # from 0 straight to the end with probability 1/4
    chain = chain_of({0: Fraction(1, 2)}, [(0, 1, 3), (0, 2, 1), (1, 2, 5)], 2)
    first, second = [0, 1], [0, 0]
    found = reward_densities.joint_cdf(chain, first, second, 0, 1, DIGITS)
    assert joint.atom(chain, first) == Fraction(5, 8)
    assert abs(found - Fraction(5, 8)) < NEAR


def test_marginal_density_is_that_of_the_transformed_chain():
    model, states = models.explore(models.rabbits, n=2)
    chain = model.dense(exact=True)
    right = [state[1] for state in states[: model.n]]
    expected = chain.reward_transform(right).precise_pdf(Fraction(1, 4), DIGITS)
    assert abs(reward_densities.pdf(chain, right, 0.25, DIGITS) / expected - 1) < NEAR


def test_joint_density_integrates_to_the_marginal():
    chain, first, second = downton(Fraction(3, 2), Fraction(2), Fraction(1, 2))
    nodes, weights = np.polynomial.legendre.leggauss(24)
    values = [reward_densities.joint_pdf(chain, first, second, 1, 8 * (1 + u), 10) for u in nodes]
    # the density falls like exp(-2 y + 2 sqrt(3 y / 2)): e^-22 is beyond 16
    total = float(8 * (weights @ np.array(values, dtype=float)))
    assert total == pytest.approx(float(reward_densities.pdf(chain, first, 1, 10)), rel=1e-8)


def test_mean_given_a_value_of_the_bivariate_exponential():
    # given Y1 = x the number of rounds is one plus Poisson with mean again * rate1 * x
    chain, first, second = downton(Fraction(3, 2), Fraction(2), Fraction(3, 4))
    found = reward_densities.mean_given_value(chain, second, first, 2, DIGITS)
    assert abs(found - (1 + mpmath.mpf(9) / 4) / 2) < NEAR


def test_mean_given_a_value_where_states_share_rewards():
    # the first reward is the time, the second three times it
    chain = chain_of({0: 1}, [(0, 1, 3), (1, 2, 5)], 2)
    found = reward_densities.mean_given_value(chain, [3, 3], [1, 1], 0.5, DIGITS)
    assert abs(found - mpmath.mpf(3) / 2) < NEAR
