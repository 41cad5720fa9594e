"""Models of genealogies in `phasic.models` against what is known of them in closed form.

Tolerance 1e-12: elimination never subtracts, and these chains have at most a few hundred states, so that
rounding stays below their number times 1e-16.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic.models import (
    isolation_with_migration,
    join_demes,
    kingman,
    structured_coalescent,
    two_locus_arg,
)

from tests import strategies

SIZES = [2, 3, 5, 10]


def at(graph, *theta):
    graph.update_parameterized_weights(theta)
    return graph


def harmonic(n):
    return math.fsum(1 / i for i in range(1, n))


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("n", SIZES)
def test_mean_time_to_the_common_ancestor(n, blocks):
    assert_allclose(at(kingman(n, blocks=blocks), 1.0).expectation(), 2 * (1 - 1 / n), rtol=1e-12)


@pytest.mark.parametrize("n", SIZES)
def test_variance_of_the_time_to_the_common_ancestor(n):
    variance = math.fsum(4 / (k * (k - 1)) ** 2 for k in range(2, n + 1))
    # the variance is a difference of moments that are at most 20 times as large
    assert_allclose(at(kingman(n), 1.0).variance(), variance, rtol=2e-11)


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("n", SIZES)
def test_mean_total_branch_length(n, blocks):
    graph = at(kingman(n, blocks=blocks), 1.0)
    lineages = graph.states().sum(axis=1).astype(float)
    assert_allclose(graph.expectation(lineages), 2 * harmonic(n), rtol=1e-12)


@pytest.mark.parametrize("i", [1, 2, 5])
def test_branches_with_i_descendants_have_mean_length_2_over_i(i):
    graph = at(kingman(6, blocks=True), 1.0)
    assert_allclose(graph.expectation(graph.states()[:, i - 1].astype(float)), 2 / i, rtol=1e-12)


def test_blocks_are_the_partitions_of_n():
    assert len(kingman(7, blocks=True)) == 15 + 1  # and the starting vertex


@given(strategies.rates(-1, 1), strategies.rates(-2, 2), st.integers(2, 5))
def test_lineages_of_one_deme_meet_after_as_many_units_as_there_are_demes(merger, migration, demes):
    graph = at(structured_coalescent((2,) + (0,) * (demes - 1), symmetric=True), merger, migration)
    # Strobeck (1987)
    assert_allclose(graph.expectation(), demes / merger, rtol=1e-12)


@given(strategies.rates(-1, 1), strategies.rates(-2, 2), st.integers(2, 5))
def test_lineages_of_two_demes_must_first_come_to_one(merger, migration, demes):
    graph = at(structured_coalescent((1, 1) + (0,) * (demes - 2), symmetric=True), merger, migration)
    # in different demes they come together at rate 2 m: either one moves to the other's deme
    assert_allclose(graph.expectation(), demes / merger + 1 / (2 * migration), rtol=1e-12)


def test_rates_of_each_deme_that_are_the_same_are_the_symmetric_model():
    apart = at(structured_coalescent((2, 1, 1)), *[1.5] * 3, *[0.3] * 6)
    alike = at(structured_coalescent((2, 1, 1), symmetric=True), 1.5, 0.3)
    assert_allclose(apart.moments(3), alike.moments(3), rtol=1e-12)


def test_rates_of_migration_are_in_order():
    # one lineage in deme 1, one in deme 3; only 1→2 and 2→3 are open, in a row
    theta = [9.0, 9.0, 4.0, 0.5, 0.0, 0.0, 2.0, 0.0, 0.0]
    graph = structured_coalescent((1, 0, 1))
    stuck = [*theta[:3], *(max(rate, 1e-300) for rate in theta[3:])]
    assert_allclose(at(graph, *stuck).expectation(), 1 / 0.5 + 1 / 2.0 + 1 / 4.0, rtol=1e-12)


def test_one_deme_is_kingmans_coalescent():
    assert_allclose(
        at(structured_coalescent((4,)), 1.5).moments(3), at(kingman(4), 1.5).moments(3), rtol=1e-12
    )


@given(st.floats(0.0, 50.0))
def test_covariance_of_the_heights_at_two_loci(rho):
    graph = at(two_locus_arg(2), 1.0, rho / 2)
    both, first, second = graph.states().T
    covariance = graph.covariance((both + first > 1).astype(float), (both + second > 1).astype(float))
    # covariances are exact to 1e-12 of the product of the means, which is 1
    assert_allclose(covariance, (rho + 18) / (rho**2 + 13 * rho + 18), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [2, 4, 6])
@pytest.mark.parametrize("recombination", [0.0, 0.3, 20.0])
def test_either_locus_has_kingmans_tree(n, recombination):
    graph = at(two_locus_arg(n), 1.0, recombination)
    both, first, second = graph.states().T
    for lineages in (both + first, both + second):
        lengths = np.where(lineages > 1, lineages, 0).astype(float)
        assert_allclose(graph.expectation(lengths), 2 * harmonic(n), rtol=1e-12)


def im_law(split, theta, ancestral):
    demes, ancestors = isolation_with_migration(1, 1), at(kingman(2), ancestral)
    return demes.epochs([(0.0, theta), (split, ancestors, join_demes)])


@given(st.floats(0.1, 5.0), strategies.rates(-1, 1))
def test_without_migration_nobody_meets_before_the_split(split, ancestral):
    law = im_law(split, [1.0, 1.0, 0.0, 0.0], ancestral)
    # the vector handed over at the split is exact to 1e-12
    assert_allclose(law.expectation(), split + 1 / ancestral, rtol=1e-11)


def test_a_split_long_ago_leaves_two_demes():
    theta = [1.0, 1.0, 0.5, 0.5]
    # beyond t = 400 there is less than exp(−0.19 · 400) = 1e-33 of probability
    assert_allclose(im_law(400.0, theta, 1.0).expectation(), 2 + 1 / (2 * 0.5), rtol=1e-11)


def test_a_split_just_now_leaves_one_population():
    assert_allclose(im_law(1e-13, [1.0, 1.0, 0.5, 0.5], 2.0).expectation(), 0.5, rtol=1e-11)


def test_demes_of_a_split_are_those_of_the_structured_coalescent():
    assert isolation_with_migration(3, 2).content_hash() == structured_coalescent((3, 2)).content_hash()


BAD = {
    "one lineage": (lambda: kingman(1), "n is 1: it must be a whole number, at least 2"),
    "half a lineage": (lambda: kingman(2.5), "n is 2.5: it must be a whole number"),
    "negative count": (lambda: structured_coalescent((2, -1)), r"lineages\[1\] is -1.0"),
    "no ancestor": (lambda: structured_coalescent((1, 0)), r"lineages is \(1, 0\): 2 or more"),
    "no demes": (lambda: structured_coalescent(()), r"lineages has shape \(0,\)"),
    "one symmetric deme": (lambda: structured_coalescent((3,), symmetric=True), "see kingman"),
    "no ancestor of a split": (lambda: isolation_with_migration(0, 1), r"\(n1, n2\) is \(0, 1\)"),
    "one chromosome": (lambda: two_locus_arg(1), "n is 1"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_sizes_are_named(fault):
    make, message = BAD[fault]
    with pytest.raises(ValueError, match=message):
        make()
