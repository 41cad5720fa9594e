"""The discrete chain step by step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models, strategies

# sums of products of positive numbers, over at most twelve steps of five states
ENTRYWISE = 1e-13


@given(strategies.discrete_chains(), st.integers(0, 12))
def test_what_is_not_absorbed_is_somewhere(model, jumps):
    graph = model.graph()
    left = graph.stop_probability_discrete(jumps).sum()
    assert_allclose(left, graph.sf_discrete(jumps), rtol=1e-12, atol=1e-15)


@given(strategies.discrete_chains())
def test_contexts_give_the_distribution(model):
    graph = model.graph()
    context = graph.distribution_context_discrete()
    for jumps in range(8):
        assert context.jumps() == jumps
        assert_allclose(context.pmf(), graph.pmf_discrete(jumps), rtol=1e-12, atol=1e-15)
        assert_allclose(context.cdf(), graph.cdf_discrete(jumps), rtol=1e-12, atol=1e-15)
        assert_allclose(context.stop_probability(), graph.stop_probability_discrete(jumps), rtol=ENTRYWISE)
        assert_allclose(context.accumulated_visits(), graph.accumulated_visits(jumps), rtol=ENTRYWISE)
        context.step()


def test_visits_add_up_the_steps():
    graph = Graph(callback=models.successes)
    expected = sum(graph.stop_probability_discrete(jumps) for jumps in range(6))
    assert_allclose(graph.accumulated_visits_discrete(5), expected, rtol=ENTRYWISE)


def test_visits_end_as_expected_steps():
    graph = Graph(callback=models.coxian)
    graph.normalize()
    assert_allclose(graph.expected_visits_discrete(50).sum(), graph.expectation_discrete(), rtol=ENTRYWISE)


def test_numbers_of_version_0_32():
    graph = Graph(1)
    one, two, end = (graph.find_or_create_vertex([i]) for i in (1, 2, 3))
    graph.starting_vertex().add_edge(one, 2.0)
    graph.starting_vertex().add_edge(two, 2.0)
    one.add_edge(two, 3.0)
    one.add_edge(end, 1.0)
    two.add_edge(end, 5.0)
    graph.normalize()
    assert graph.stop_probability_discrete(1).tolist() == [0.0, 0.0, 0.375, 0.0]
    assert graph.accumulated_visits(1).tolist() == [0.0, 0.5, 0.875, 0.0]


@pytest.mark.parametrize("jumps", [-1, 0.5, np.nan])
def test_bad_jumps_are_named(jumps):
    with pytest.raises(ValueError, match=f"jumps is {jumps}"):
        Graph(callback=models.successes).stop_probability_discrete(jumps)


def test_weights_above_one_are_refused():
    with pytest.raises(ValueError, match="at most 1"):
        Graph(callback=models.kingman, n=4).accumulated_visits(1)


def test_batches_are_the_functions_of_arrays():
    graph = Graph(callback=models.kingman, n=4)
    times = np.linspace(0.0, 3.0, 7)
    assert np.array_equal(graph.pdf_batch(times), graph.pdf(times))
    assert np.array_equal(graph.cdf_batch(times), graph.cdf(times))
    assert np.array_equal(graph.moments_batch([3, 1]), graph.moments(3)[[2, 0]])
    graph.normalize()
    assert np.array_equal(graph.dph_pmf_batch([2, 3]), [0.0, 1.0])
    assert np.array_equal(graph.dph_cdf_batch([2, 3]), [0.0, 1.0])


def test_a_batch_of_bad_powers_is_named():
    with pytest.raises(ValueError, match=r"powers\[1\] is 0"):
        Graph(callback=models.kingman, n=3).moments_batch([1, 0])
