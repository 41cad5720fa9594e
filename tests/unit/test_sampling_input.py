"""What sampling refuses, and what it says."""

import re

import numpy as np
import pytest
from phasic import Graph

from tests import models


@pytest.fixture
def graph():
    return Graph(callback=models.rabbits, n=2)


def refused(message, error=ValueError):
    return pytest.raises(error, match=re.escape(message))


@pytest.mark.parametrize("n", [-1, 1.5, np.nan, "ten", True, None, [3]])
def test_a_number_of_draws_that_is_none(graph, n):
    with refused("it must be a whole number, at least 0"):
        graph.sample(n)
    with refused("it must be a whole number, at least 0"):
        graph.sample_paths(n)


def test_a_size_with_a_bad_entry(graph):
    with refused("size is"):
        graph.rvs((2, -3))


def test_more_than_memory_holds(graph):
    with pytest.raises(MemoryError):
        graph.sample(10**15)
    with pytest.raises(MemoryError):
        graph.sample_paths(10**15)


@pytest.mark.parametrize("seed", [-1, 1.5, "abc", {}])
def test_seeds_that_numpy_refuses(graph, seed):
    with refused(f"seed is {seed!r}", (TypeError, ValueError)):
        graph.sample(1, seed=seed)


def test_rewards_of_a_wrong_length(graph):
    with refused("rewards has shape (3,), but the graph has 7 vertices"):
        graph.sample(1, [1, 2, 3])
    with refused("rewards has shape (7, 2), but the graph has 7 vertices: (k, 7)"):
        graph.sample_discrete(1, np.ones((7, 2)))


def test_rewards_that_are_not_finite(graph):
    with refused("rewards[2] is nan: it must be finite"):
        graph.sample(1, [0, 0, np.nan, 0, 0, 0, 0])
    with refused("rewards[1][0] is inf: it must be finite"):
        graph.sample(1, [[0] * 7, [np.inf] + [0] * 6])


@pytest.mark.parametrize("rewards", [None, np.ones(7), np.ones((2, 7))])
def test_multivariate_rewards_of_a_wrong_shape(graph, rewards):
    with refused("but the graph has 7 vertices: (7, k); sample(n, rewards) takes (k, 7)"):
        graph.sample_multivariate(1, rewards)


def test_times_that_are_none(graph):
    with refused("time[1] is -1.0: it must be at least 0"):
        graph.random_sample_stop_vertex([0.0, -1.0])
    with refused("time is nan"):
        graph.random_sample_stop_vertex(np.nan)
    with refused("jumps is 1.5: it must be a whole number, at least 0"):
        graph.random_sample_discrete_stop_vertex(1.5)


@pytest.mark.filterwarnings("ignore:this graph has")
def test_parameters_are_one_at_first():
    graph = Graph(callback=models.kingman_parameterised, n=3)
    before = graph.sample(5, seed=1)
    graph.update_weights([1.0])
    assert before.tolist() == graph.sample(5, seed=1).tolist()


@pytest.mark.parametrize(
    "draw",
    [
        Graph.sample,
        Graph.sample_path,
        Graph.rvs,
        lambda graph: graph.sample(0),
        lambda graph: graph.random_sample_stop_vertex(1.0),
    ],
)
def test_a_class_that_is_never_left(draw):
    graph = Graph(1)
    end, on, trap = (graph.find_or_create_vertex([i]) for i in range(3))
    graph.starting_vertex().add_edge(on, 1.0)
    on.add_edge(trap, 1.0)
    on.add_edge(end, 1.0)
    trap.add_edge_parameterized(end, 0.0, [1.0])
    graph.update_parameterized_weights([0.0])
    with refused("the chain can enter state (2) and never leave it"):
        draw(graph)


def test_no_way_out():
    graph = Graph(1)
    graph.starting_vertex().add_edge(graph.find_or_create_vertex([1]), 1.0)
    graph.find_vertex([1]).add_edge(graph.find_vertex([1]), 1.0)
    with refused("no absorbing vertex can be reached from state (1)"):
        graph.sample()


def test_rates_that_are_no_probabilities(graph):
    with refused("as probabilities of a discrete chain they must not exceed 1"):
        graph.sample_discrete()


def test_a_count_that_is_not_exact():
    graph = Graph(callback=models.successes, r=1, p=1e-20)
    with refused("beyond 2**53"):
        graph.sample_discrete(10, seed=1)
    ones = np.ones(graph.vertices_length())
    assert np.all(graph.sample_discrete(10, ones, seed=1) > 2.0**53)


def test_a_graph_of_no_transient_vertex():
    graph = Graph(1)
    graph.starting_vertex().add_edge(graph.find_or_create_vertex([1]), 0.5)
    assert not graph.sample(100).any()
    assert set(graph.random_sample_stop_vertex(1.0, 1000, seed=1)) == {0, 1}
