"""The coalescent: heights, branch lengths, spectra, mutations, demes and loci."""

import numpy as np
import pytest
from phasic import Graph

from tests import models
from tests.reference import closed_forms, truth

SOLVE = 1e-14  # subtraction-free sums of at most a few hundred terms
DIFFERENCE = 1e-13  # variances and covariances lose at most two digits to the difference of moments
TOLERANCE = 1e-10  # the default tolerance of pdf and cdf


def lineages(graph):
    """Rewards: the number of lineages."""
    return graph.states()[:, 0].astype(float)


@pytest.mark.parametrize("n", [2, 3, 10, 100])
def test_height_mean(n):
    expected = float(closed_forms.kingman_height_mean(n))
    assert Graph(callback=models.kingman, n=n).expectation() == pytest.approx(expected, rel=SOLVE)


@pytest.mark.parametrize("n", [2, 3, 10, 100])
def test_height_variance(n):
    expected = float(closed_forms.kingman_height_variance(n))
    assert Graph(callback=models.kingman, n=n).variance() == pytest.approx(expected, rel=DIFFERENCE)


@pytest.mark.parametrize("n", [4, 10])
def test_height_mean_over_partitions(n):
    expected = float(closed_forms.kingman_height_mean(n))
    assert Graph(callback=models.block_counting, n=n).expectation() == pytest.approx(expected, rel=SOLVE)


@pytest.mark.parametrize("n", [2, 3, 10, 100])
def test_length_mean(n):
    graph = Graph(callback=models.kingman, n=n)
    expected = float(closed_forms.kingman_length_mean(n))
    assert graph.expectation(lineages(graph)) == pytest.approx(expected, rel=SOLVE)


@pytest.mark.parametrize("n", [2, 3, 10, 100])
def test_length_variance(n):
    graph = Graph(callback=models.kingman, n=n)
    expected = float(closed_forms.kingman_length_variance(n))
    assert graph.variance(lineages(graph)) == pytest.approx(expected, rel=DIFFERENCE)


@pytest.mark.parametrize("x", [0.01, 0.5, 3.0, 10.0, 60.0])
@pytest.mark.parametrize("n", [2, 5, 20, 60])
def test_length_cdf_by_reward_transform(n, x):
    graph = Graph(callback=models.kingman, n=n)
    cdf = graph.reward_transform(lineages(graph)).cdf(x)
    assert cdf == pytest.approx(closed_forms.kingman_length_cdf(n, x), rel=TOLERANCE)


@pytest.mark.parametrize("x", [0.01, 0.5, 3.0, 10.0, 60.0, 400.0])
@pytest.mark.parametrize("n", [2, 5, 20, 60])
def test_length_pdf_by_reward_transform(n, x):
    graph = Graph(callback=models.kingman, n=n)
    pdf = graph.reward_transform(lineages(graph)).pdf(x)
    assert pdf == pytest.approx(closed_forms.kingman_length_pdf(n, x), rel=TOLERANCE)


@pytest.mark.parametrize("i", [1, 2, 5, 9])
def test_branch_length_by_descendants(i):
    graph = Graph(callback=models.block_counting, n=10)
    expected = float(closed_forms.kingman_branch_mean(i))
    assert graph.expectation(graph.states()[:, i - 1].astype(float)) == pytest.approx(expected, rel=SOLVE)


@pytest.mark.parametrize("pair", truth.FU5_COVARIANCES)
def test_fu_covariances(pair):
    graph = Graph(callback=models.block_counting, n=5)
    i, j = pair
    covariance = graph.covariance(*graph.states()[:, [i - 1, j - 1]].astype(float).T)
    assert covariance == pytest.approx(float(truth.FU5_COVARIANCES[pair]), rel=DIFFERENCE)


def mutations(n, theta):
    """Kingman's coalescent with mutations at rate theta/2 per lineage, as a discrete graph."""
    return Graph(callback=models.kingman, n=n).discretize(lambda state: theta / 2 * int(state[0]))


@pytest.mark.parametrize("k", range(4))
def test_tavare_printed_values(k):
    graph = mutations(10, 2.0)
    # positive recursions over twenty vertices
    assert graph.pmf_discrete(k, graph.rewards) == pytest.approx(float(truth.TAVARE_10_2[k]), rel=1e-13)


@pytest.mark.parametrize("n, theta, k", [(2, 0.5, 3), (5, 4.0, 0), (12, 1.0, 25), (20, 3.0, 6)])
def test_segregating_sites(n, theta, k):
    graph = mutations(n, theta)
    expected = float(closed_forms.segregating_sites_pmf(n, theta, k))
    assert graph.pmf_discrete(k, graph.rewards) == pytest.approx(expected, rel=1e-12)  # 25 steps of 40 sums


def test_segregating_sites_mean():
    graph = mutations(12, 3.0)
    expected = float(closed_forms.segregating_sites_mean(12, 3))
    assert graph.expectation_discrete(graph.rewards) == pytest.approx(expected, rel=DIFFERENCE)


def test_segregating_sites_variance():
    graph = mutations(12, 3.0)
    expected = float(closed_forms.segregating_sites_variance(12, 3))
    assert graph.variance_discrete(graph.rewards) == pytest.approx(expected, rel=DIFFERENCE)


@pytest.mark.parametrize("migration", [0.01, 1.0, 1e6])
def test_height_within_a_deme_does_not_depend_on_migration(migration):
    graph = Graph(callback=models.two_demes, start=(2, 0), migration=migration)
    assert graph.expectation() == pytest.approx(2.0, rel=SOLVE)


@pytest.mark.parametrize("migration", [0.01, 1.0, 1e6])
def test_height_between_demes(migration):
    graph = Graph(callback=models.two_demes, start=(1, 1), migration=migration)
    assert graph.expectation() == pytest.approx(2.0 + 1.0 / (2 * migration), rel=SOLVE)


@pytest.mark.parametrize("recombination", [0.1, 1.0, 10.0])
def test_two_locus_correlation(recombination):
    graph = Graph(callback=models.two_loci, recombination=recombination)
    both, first, second = graph.states().T
    one, two = (both + first == 2).astype(float), (both + second == 2).astype(float)
    correlation = graph.covariance(one, two) / graph.variance(one)
    expected = float(closed_forms.two_locus_correlation(recombination))
    assert correlation == pytest.approx(expected, rel=DIFFERENCE)


@pytest.mark.parametrize("t0, size", [(0.5, 10.0), (2.0, 0.1)])
def test_height_after_a_change_of_size(t0, size):
    graph = Graph(callback=models.kingman, n=2)
    before = np.sum(graph.accumulated_visiting_time(t0))
    mean = before + size * (1.0 - graph.cdf(t0))
    assert mean == pytest.approx(closed_forms.two_epoch_height_mean(t0, size), rel=TOLERANCE)
