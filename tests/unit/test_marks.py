"""Marks on a chain: closed forms, far tails, shapes and bad input."""

import math

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models
from tests.reference import closed_forms, truth


@pytest.fixture
def tree():
    return Graph(callback=models.kingman, n=10)


@pytest.fixture
def blocks():
    return Graph(callback=models.block_counting, n=5)


def lineages(graph):
    return graph.states()[:, 0].astype(float)


def branches(graph):
    """Number of branches with i descendants, one row for each i < n."""
    return graph.states()[:, :-1].T.astype(float)


def exponential(rate):
    graph = Graph(1)
    alive, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(alive, 1.0)
    alive.add_edge(end, rate)
    return graph


# Closed forms


@pytest.mark.parametrize("k", range(4))
def test_segregating_sites(tree, k):
    expected = float(truth.TAVARE_10_2[k])
    assert tree.pmf_marked(k, lineages(tree)) == pytest.approx(expected, rel=1e-14)


def test_segregating_sites_of_the_spectrum(blocks):
    # every branch has some number of descendants: all types together are the mutations of the tree
    expected = np.cumsum([float(closed_forms.segregating_sites_pmf(5, 2, k)) for k in range(20)])
    assert_allclose(blocks.cdf_marked(range(20), branches(blocks)), expected, rtol=1e-14)


def test_singletons_alone_are_a_marginal_of_the_joint_table(blocks):
    rows, rate = branches(blocks)[[0, 3]], 0.5
    joint = blocks.table_marked([6, 400], rows, rate).sum(axis=1)
    # fewer than 1e-20 of the trees have more than 400 mutations on their deepest branch
    assert_allclose(joint, blocks.marginals_marked(6, rows, rate)[0], rtol=1e-13)


def test_mean_spectrum(blocks):
    table = blocks.marginals_marked(2000, branches(blocks), 0.1)
    # E of the number of sites with i descendants is theta / i with theta = 0.2
    assert_allclose(table @ np.arange(2001), [0.2 / i for i in range(1, 5)], rtol=1e-13)


def test_marks_on_an_exponential_time_are_geometric():
    found = exponential(3.0).pmf_marked(range(5), rate=2.0)
    assert_allclose(found, [0.6 * 0.4**k for k in range(5)], rtol=1e-15)


def test_watterson_moments(tree):
    mean, variance = (
        float(f(10, 2))
        for f in (closed_forms.segregating_sites_mean, closed_forms.segregating_sites_variance)
    )
    assert_allclose(tree.moments_marked(2, lineages(tree)), [mean, variance + mean**2], rtol=1e-14)


# Far tails


@pytest.mark.parametrize("k", [100, 3000, 20_000])
def test_logarithms_where_probabilities_underflow(tree, k):
    exact = closed_forms.segregating_sites_pmf(10, 2, k)
    with mpmath.workdps(30):
        expected = float(mpmath.log(mpmath.mpf(exact.numerator) / exact.denominator))
    assert tree.logpmf_marked(k, lineages(tree)) == pytest.approx(expected, rel=1e-13)


def test_no_mark_at_all_at_a_huge_rate():
    # P(S = 0) = prod i / (i + theta), far below the smallest double: states early and late differ as much
    graph = Graph(callback=models.kingman, n=600)
    expected = sum(math.log(i / (i + 2000)) for i in range(1, 600))
    assert expected < -1000
    assert graph.logpmf_marked(0, lineages(graph), 1000.0) == pytest.approx(expected, rel=1e-13)


def test_survival_in_the_far_tail():
    found = exponential(3.0).sf_marked([10, 700], rate=2.0)
    assert_allclose(found, [0.4**11, 0.4**701], rtol=1e-12)


def test_gradients_where_probabilities_underflow():
    # log P(K = k) = log(1 - q) + k log q with q = m / (m + r): derivatives -1 / r... in r and m
    graph = Graph(1)
    alive, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(alive, 1.0)
    alive.add_edge_parameterized(end, 0.0, [1.0])
    k, r, m = 5000, 3.0, 2.0
    found, in_rate = graph.log_likelihood_marked_gradient([r], [k], rate=m)
    assert found.value == pytest.approx(math.log(0.6) + k * math.log(0.4), rel=1e-14)
    assert found.theta[0] == pytest.approx(1 / r - (k + 1) / (r + m), rel=1e-12)
    assert in_rate == pytest.approx(k / m - (k + 1) / (r + m), rel=1e-12)


# Zeros and atoms


def test_a_rate_of_zero_leaves_no_marks(tree):
    assert_allclose(tree.pmf_marked([0, 1, 7], lineages(tree), 0.0), [1.0, 0.0, 0.0], rtol=1e-15)


def test_a_chain_that_starts_absorbed_has_no_marks():
    graph = Graph(1)
    alive, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(alive, 0.25)
    alive.add_edge(end, 1.0)
    assert_allclose(graph.pmf_marked([0, 1]), [0.75 + 0.125, 0.0625], rtol=1e-15)


def test_impossible_data_have_no_gradient(tree):
    found, in_rate = tree.log_likelihood_marked_gradient([], [1], np.zeros(tree.vertices_length()))
    assert found.value == -math.inf
    assert math.isnan(in_rate)


def test_marks_keep_falling_on_a_chain_that_may_never_end():
    graph = Graph(1)
    first, trap, end = (graph.find_or_create_vertex([i]) for i in range(3))
    graph.starting_vertex().add_edge(first, 1.0)
    first.add_edge(trap, 1.0)
    first.add_edge(end, 1.0)
    trap.add_edge_parameterized(end, 0.0, [1.0])
    graph.update_parameterized_weights([0.0])
    # with probability 1/2 infinitely many marks
    assert graph.pmf_marked(0) == pytest.approx(1 / 3, rel=1e-15)
    assert graph.sf_marked(50) == pytest.approx(0.5, rel=1e-15)


def test_a_trap_without_marks_is_an_error():
    graph = Graph(1)
    first, trap, end = (graph.find_or_create_vertex([i]) for i in range(3))
    graph.starting_vertex().add_edge(first, 1.0)
    first.add_edge(trap, 1.0)
    first.add_edge(end, 1.0)
    trap.add_edge_parameterized(end, 0.0, [1.0])
    graph.update_parameterized_weights([0.0])
    rewards = np.zeros(4)
    rewards[first.index()] = 1.0
    with pytest.raises(ValueError, match=r"never leave"):
        graph.pmf_marked(0, rewards)


# Shapes


def test_one_count_gives_a_number(tree):
    assert isinstance(tree.pmf_marked(3, lineages(tree)), float)


@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3)])
def test_counts_of_any_shape(tree, shape):
    assert tree.pmf_marked(np.zeros(shape), lineages(tree)).shape == shape
    assert tree.sf_marked(np.zeros(shape), lineages(tree)).shape == shape


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_rows_of_counts_of_any_shape(blocks, shape):
    assert blocks.pmf_marked(np.zeros((*shape, 4)), branches(blocks)).shape == shape


def test_a_row_of_rewards_is_one_type(tree):
    rows = lineages(tree)[None, :]
    assert tree.pmf_marked([[2]], rows)[0] == tree.pmf_marked(2, lineages(tree))


def test_the_derivative_in_the_rate_has_the_shape_of_the_rate(blocks):
    data, rows = [[1, 1, 0, 0]], branches(blocks)
    one = blocks.log_likelihood_marked_gradient([], data, rows, 0.5)[1]
    many = blocks.log_likelihood_marked_gradient([], data, rows, [0.5] * 4)[1]
    assert one == pytest.approx(many.sum(), rel=1e-15)


def test_weights_repeat_observations(tree):
    r = lineages(tree)
    repeated = tree.log_likelihood_marked([], [3, 3, 5], r)
    assert tree.log_likelihood_marked([], [3, 5, 9], r, weights=[2, 1, 0]) == pytest.approx(
        repeated, rel=1e-15
    )


# Bad input


@pytest.mark.parametrize("counts, message", [([1.5], r"counts\[0\] is 1.5"), ([0, -1], r"counts\[1\] is -1")])
def test_bad_counts(tree, counts, message):
    with pytest.raises(ValueError, match=message):
        tree.pmf_marked(counts, lineages(tree))


def test_a_row_of_counts_of_the_wrong_length(blocks):
    with pytest.raises(ValueError, match=r"counts has shape \(3,\), but there are 4 types of mark"):
        blocks.pmf_marked([1, 2, 3], branches(blocks))


@pytest.mark.parametrize("rate", [-1.0, math.inf, math.nan])
def test_bad_rates(tree, rate):
    with pytest.raises(ValueError, match=f"rate is {rate}"):
        tree.pmf_marked(0, lineages(tree), rate)


def test_as_many_rates_as_types(blocks):
    with pytest.raises(ValueError, match=r"rate has shape \(3,\), but there are 4 types"):
        blocks.table_marked(1, branches(blocks), [1.0, 2.0, 3.0])


def test_negative_rewards(tree):
    with pytest.raises(ValueError, match=r"rewards\[2\] is -1"):
        tree.pmf_marked(0, np.where(np.arange(11) == 2, -1.0, 1.0))


def test_a_table_too_large_for_memory(blocks):
    with pytest.raises(ValueError, match=r"table of counts has more than \d+ cells"):
        blocks.table_marked(999, branches(blocks))


def test_data_of_the_wrong_shape(blocks):
    with pytest.raises(ValueError, match=r"data has shape \(2,\), but there are 4 types of mark: \(k, 4\)"):
        blocks.log_likelihood_marked([], [1, 2], branches(blocks))


def test_a_theta_of_the_wrong_length(tree):
    with pytest.raises(ValueError, match="theta has shape"):
        tree.log_likelihood_marked([1.0], [1], lineages(tree))


def test_a_discretised_chain_gives_the_same_law(tree):
    events = tree.discretize(lambda state: float(state[0]))
    expected = events.pmf_discrete(range(40), events.rewards)
    assert_allclose(tree.pmf_marked(range(40), lineages(tree)), expected, rtol=1e-14)
