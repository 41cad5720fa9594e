"""Discrete laws under the names of `scipy.stats`, against its frozen distributions."""

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph

from tests import models

# The number of throws until the third success: three more than failures.
FAILURES = scipy.stats.nbinom(3, 0.25, loc=3)
COUNTS = np.array([[3, 0, 50], [7, 400, 2]])
ENTRYWISE = 1e-12  # positive recursions


@pytest.fixture
def throws():
    return Graph(callback=models.successes, r=3, p=0.25)


@pytest.mark.parametrize("function", ["pmf", "cdf", "sf", "logpmf"])
def test_a_function_of_scipy(throws, function):
    got = getattr(throws, f"{function}_discrete")(COUNTS)
    assert_allclose(got, getattr(FAILURES, function)(COUNTS), rtol=ENTRYWISE)


@pytest.mark.parametrize("p", [1e-6, 0.3, 0.5, 0.99, 1 - 1e-12, 1.0])
def test_a_quantile_of_scipy(throws, p):
    assert throws.ppf_discrete(p) == FAILURES.ppf(p)


def test_the_quantile_of_zero_is_zero(throws):
    assert throws.quantile_discrete(0.0) == 0.0


def test_quantiles_invert_the_distribution_function(throws):
    counts = np.arange(3, 60)
    assert_array_equal(throws.ppf_discrete(throws.cdf_discrete(counts)), counts)


def test_the_far_tail_does_not_cancel(throws):
    # below the spacing of doubles around 1
    assert throws.sf_discrete(300) == pytest.approx(FAILURES.sf(300), rel=1e-11)


def test_a_logarithm_far_below_the_smallest_double(throws):
    k = 20_000
    expected = np.log((k - 1) * (k - 2) / 2) + 3 * np.log(0.25) + (k - 3) * np.log(0.75)
    assert throws.pmf_discrete(k) == 0.0
    assert throws.logpmf_discrete(k) == pytest.approx(expected, rel=ENTRYWISE)


def test_the_largest_total_of_a_graph_without_loops():
    graph = Graph(callback=models.kingman, n=5)
    graph.normalize()
    assert_array_equal(graph.ppf_discrete([0.5, 1.0]), [4.0, 4.0])


def test_rewards_count(throws):
    rewards = np.full(throws.vertices_length(), 2.0)
    assert_allclose(throws.sf_discrete([7, 8], rewards), FAILURES.sf([3, 4]), rtol=ENTRYWISE)
    assert throws.ppf_discrete(0.5, rewards) == 2 * FAILURES.ppf(0.5)


def test_vertices_without_reward_are_not_counted():
    # mutations among ten sequences with theta = 2, as in Tavaré (1984)
    tree = Graph(callback=models.kingman, n=10)
    graph = tree.discretize(lambda state: float(state[0]))
    counts = np.arange(40)
    pmf = graph.pmf_discrete(counts, graph.rewards)
    assert_allclose(graph.sf_discrete(counts, graph.rewards), 1 - np.cumsum(pmf), rtol=0, atol=1e-14)


def test_a_defect_is_a_total_of_zero():
    graph = Graph(callback=models.hyperexponential, probabilities=(0.25, 0.5), rates=(0.5, 0.5))
    assert (graph.sf_discrete(0), graph.ppf_discrete(0.25), graph.ppf_discrete(0.26)) == (0.75, 0.0, 1.0)


@pytest.mark.parametrize("p", [-0.1, 1.5, np.nan])
def test_a_probability_that_is_none(throws, p):
    with pytest.raises(ValueError, match=r"p\[1\] is"):
        throws.ppf_discrete([0.2, p])


@pytest.mark.parametrize("function", ["sf_discrete", "logpmf_discrete"])
@pytest.mark.parametrize("count", [-1, 0.5, np.nan, np.inf])
def test_a_count_that_is_none(throws, function, count):
    with pytest.raises(ValueError, match=r"jumps\[0\] is"):
        getattr(throws, function)([count])
