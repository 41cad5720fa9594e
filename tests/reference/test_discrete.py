"""The discrete oracles against closed forms, in rationals where they are exact."""

from fractions import Fraction

import pytest

from tests import models
from tests.reference import closed_forms, truth
from tests.reference.discrete import DenseDiscreteChain


def mutation_chain(n, theta):
    """Kingman's coalescent with a mutation state beside every number of lineages; rewards count mutations."""
    edges = []
    for k in range(2, n + 1):
        edges += [
            (k, k - 1, Fraction(k * (k - 1), 2)),
            (k, -k, Fraction(theta) * k / 2),
            (-k, k, Fraction(1)),
        ]
    transient = [*range(2, n + 1), *range(-n, -1)]
    chain = DenseDiscreteChain.from_edges({n: 1}, edges, transient, [1], normalized=True, exact=True)
    return chain, [int(state < 0) for state in transient]


@pytest.mark.parametrize("k", range(4))
def test_tavare_formula(k):
    assert closed_forms.segregating_sites_pmf(10, 2, k) == truth.TAVARE_10_2[k]


@pytest.mark.parametrize("k", range(4))
def test_tavare_is_a_convolution_of_geometrics(k):
    law = [Fraction(1), *[Fraction(0)] * k]
    for i in range(1, 10):
        q = Fraction(2, i + 2)
        law = [sum(law[j] * (1 - q) * q ** (m - j) for j in range(m + 1)) for m in range(k + 1)]
    assert law[k] == truth.TAVARE_10_2[k]


@pytest.mark.parametrize("k", range(4))
def test_mutation_counts_follow_tavare(k):
    chain, rewards = mutation_chain(6, 2)
    assert chain.pmf(k, rewards)[k] == closed_forms.segregating_sites_pmf(6, 2, k)


def test_mutation_mean_is_watterson():
    chain, rewards = mutation_chain(6, 3)
    assert chain.expectation(rewards) == closed_forms.segregating_sites_mean(6, 3)


def test_mutation_variance_is_watterson():
    chain, rewards = mutation_chain(6, 3)
    assert chain.variance(rewards) == closed_forms.segregating_sites_variance(6, 3)


@pytest.mark.parametrize("k", [1, 2, 7])
def test_geometric(k):
    model, _ = models.explore(models.successes, r=1, p=0.25)
    assert model.dense_discrete(exact=True).pmf(k)[k] == closed_forms.geometric_pmf(0.25, k)


@pytest.mark.parametrize("k", [2, 3, 10])
def test_negative_binomial(k):
    model, _ = models.explore(models.successes, r=3, p=0.25)
    assert model.dense_discrete(exact=True).pmf(k)[k] == closed_forms.negative_binomial_pmf(3, 0.25, k)


@pytest.mark.parametrize("k", [3, 4, 12])
def test_coupon_collector(k):
    model, _ = models.explore(models.coupons, n=4)
    assert model.dense_discrete(exact=True).cdf(k)[k] == closed_forms.coupon_collector_cdf(4, k)


def test_coupon_collector_mean():
    model, _ = models.explore(models.coupons, n=4)
    assert model.dense_discrete(exact=True).expectation() == closed_forms.coupon_collector_mean(4)


def test_integer_rewards_scale_the_count():
    model, _ = models.explore(models.successes, r=2, p=0.5)
    chain = model.dense_discrete(exact=True)
    assert chain.pmf(12, [3, 3])[12] == chain.pmf(4)[4]


def test_moments_agree_with_the_pmf():
    model, _ = models.explore(models.successes, r=2, p=0.5)
    chain = model.dense_discrete()
    pmf = chain.pmf(200, [1, 2])
    # 2^-100 of the mass lies beyond 200
    assert chain.moments(3, [1, 2])[2] == pytest.approx(sum(k**3 * p for k, p in enumerate(pmf)), rel=1e-12)
