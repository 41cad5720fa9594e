"""Discrete laws: steps, staying, self-loops, normalisation and integer rewards."""

import numpy as np
import pytest
from phasic import Graph

from tests import models


@pytest.fixture
def graph():
    """[1] goes to [2] with 1/2 and to the end with 1/4; [2] goes to the end with 1/2."""
    graph = Graph(1)
    one, two, end = (graph.find_or_create_vertex([i]) for i in (1, 2, 3))
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(two, 0.5)
    one.add_edge(end, 0.25)
    two.add_edge(end, 0.5)
    return graph


def test_the_missing_part_of_a_row_stays_put(graph):
    # stay 1/4 then end 1/4, or [2] 1/2 then end 1/2
    assert graph.pmf_discrete(2) == 0.3125


def test_no_step_no_absorption(graph):
    assert graph.pmf_discrete(0) == 0.0


def test_defect_is_the_probability_of_zero():
    graph = Graph(callback=models.hyperexponential, probabilities=(0.25, 0.5), rates=(0.5, 0.5))
    assert graph.pmf_discrete(0) == 0.25


def test_a_self_loop_is_a_real_step():
    graph = Graph(1)
    one, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(one, 0.75)
    one.add_edge(end, 0.25)
    assert graph.pmf_discrete(3) == 0.140625


def test_normalize_makes_the_jump_chain():
    graph = Graph(callback=models.kingman, n=4)
    graph.normalize()
    assert graph.pmf_discrete(3) == 1.0


def test_normalize_counts_self_loops():
    graph = Graph(1)
    one, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(one, 3.0)
    one.add_edge(end, 1.0)
    graph.normalize()
    assert graph.pmf_discrete(2) == 0.1875


@pytest.mark.parametrize("named", [r"1\.5", r"\[?1\]?"])
def test_a_row_above_one_names_its_sum_and_state(named):
    graph = Graph(1)
    one, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(end, 1.5)
    with pytest.raises(ValueError, match=named):
        graph.pmf_discrete(1)


def test_thirds_sum_to_one():
    graph = Graph(1)
    one, *ends = (graph.find_or_create_vertex([i]) for i in range(1, 12))
    graph.starting_vertex().add_edge(one, 1.0)
    for end in ends:
        one.add_edge(end, 0.1)  # ten times 0.1 is not exactly one
    assert graph.pmf_discrete(1) == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize("function", ["pmf_discrete", "cdf_discrete"])
@pytest.mark.parametrize("k", [2, np.int64(2)], ids=repr)
def test_a_scalar_gives_a_float(graph, function, k):
    assert isinstance(getattr(graph, function)(k), float)


@pytest.mark.parametrize("function", ["pmf_discrete", "cdf_discrete"])
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 2)])
def test_an_array_gives_an_array_of_its_shape(graph, function, shape):
    assert getattr(graph, function)(np.full(shape, 2)).shape == shape


def test_counts_may_come_in_any_order(graph):
    np.testing.assert_array_equal(
        graph.pmf_discrete([5, 0, 2, 2]), [graph.pmf_discrete(k) for k in (5, 0, 2, 2)]
    )


@pytest.mark.parametrize("k", [-1, 1.5, float("nan")])
@pytest.mark.parametrize("function", ["pmf_discrete", "cdf_discrete"])
def test_a_count_must_be_a_non_negative_integer(graph, function, k):
    with pytest.raises(ValueError, match=f"(?i){k}"):
        getattr(graph, function)(k)


def test_cdf_sums_the_pmf(graph):
    # six positive terms
    assert graph.cdf_discrete(5) == pytest.approx(sum(graph.pmf_discrete(range(6))), rel=1e-15)


def test_a_reward_of_zero_does_not_count(graph):
    # only steps out of [2]: none with probability 1/3, otherwise geometric
    rewards = [0, 0, 1, 0]
    np.testing.assert_allclose(graph.pmf_discrete([0, 1, 2], rewards), [1 / 3, 1 / 3, 1 / 6], rtol=1e-15)


def test_a_reward_of_two_counts_twice(graph):
    np.testing.assert_array_equal(graph.pmf_discrete([2, 3, 4], [0, 2, 2, 0]), [0.25, 0.0, 0.3125])


def test_rewards_of_the_starting_and_absorbing_vertices_are_ignored(graph):
    assert graph.pmf_discrete(2, [7, 1, 1, 7]) == graph.pmf_discrete(2)


@pytest.mark.parametrize("rewards, named", [([0, 0.5, 1, 0], "1"), ([0, 1, -1, 0], "2")])
def test_a_reward_that_is_no_natural_number_names_its_index(graph, rewards, named):
    with pytest.raises(ValueError, match=rf"\b{named}\b"):
        graph.pmf_discrete(1, rewards)


@pytest.mark.parametrize("named", ["2", "4"])
def test_rewards_of_the_wrong_length_name_both(graph, named):
    with pytest.raises(ValueError, match=rf"\b{named}\b"):
        graph.pmf_discrete(1, [1, 1])


def test_expectation(graph):
    # E = 1 + E/4 + 1/2 * 2
    assert graph.expectation_discrete() == pytest.approx(8 / 3, rel=1e-15)


def test_variance_of_a_geometric():
    graph = Graph(callback=models.successes, r=1, p=0.25)
    assert graph.variance_discrete() == pytest.approx(12.0, rel=1e-14)  # second moment 28 minus 16


@pytest.mark.parametrize("power, expected", [(1, 4.0), (2, 28.0), (3, 292.0)])
def test_moments_of_a_geometric(power, expected):
    graph = Graph(callback=models.successes, r=1, p=0.25)
    assert graph.moments_discrete(3)[power - 1] == pytest.approx(expected, rel=1e-14)


def test_expectation_with_rewards(graph):
    # [1] is left 4/3 times, [2] is left 2/3 * 2 times
    assert graph.expectation_discrete([0, 3, 1, 0]) == pytest.approx(16 / 3, rel=1e-15)


def test_no_way_to_an_absorbing_vertex():
    graph = Graph(1)
    one = graph.find_or_create_vertex([1])
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(one, 0.5)
    with pytest.raises(ValueError, match="1"):
        graph.expectation_discrete()
