"""Functions of JAX made from graphs that older code wrote: initial weights, rewards, builders."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph, instantiate_from_trace, record_elimination_trace

from tests import models

TIMES = np.array([0.3, 1.0, 2.5])


def chain(initial):
    """Two stages of rates theta[0] and theta[1], with an initial edge made by `initial(graph, first)`."""
    graph = Graph(1)
    first, second, end = (graph.find_or_create_vertex([i]) for i in (3, 2, 1))
    initial(graph.starting_vertex(), first, second)
    first.add_edge_parameterized(second, 0.0, [1.0, 0.0])
    second.add_edge_parameterized(end, 0.0, [0.0, 1.0])
    return graph


def certain(start, first, second):
    start.add_edge(first, 1.0)


INITIAL = {
    "above one": lambda start, first, second: start.add_edge(first, 4.0),
    "theta": lambda start, first, second: start.add_edge_parameterized(first, 0.0, [1.0, 0.0]),
    "a sum": lambda start, first, second: start.add_edge_parameterized(first, 0.5, [1.0, 2.0]),
}


@pytest.mark.parametrize("initial", INITIAL)
def test_one_initial_edge_is_certain(initial):
    theta = np.array([2.0, 3.0])
    expected = Graph.pmf_from_graph(chain(certain))(theta, TIMES)
    assert_allclose(Graph.pmf_from_graph(chain(INITIAL[initial]))(theta, TIMES), expected, rtol=1e-13)
    built = Graph.pmf_from_graph_parameterized(lambda theta: chain(INITIAL[initial]))
    assert_allclose(built(theta, TIMES), expected, rtol=1e-12)


def test_initial_weights_that_share_a_factor_are_shares():
    def thirds(start, first, second):
        start.add_edge_parameterized(first, 0.0, [4.0, 0.0])
        start.add_edge_parameterized(second, 0.0, [2.0, 0.0])

    def probabilities(start, first, second):
        start.add_edge(first, 2 / 3)
        start.add_edge(second, 1 / 3)

    theta = np.array([2.0, 3.0])
    found = Graph.moments_from_graph(chain(thirds), 3)(theta)
    assert_allclose(found, Graph.moments_from_graph(chain(probabilities), 3)(theta), rtol=1e-13)


def test_initial_weights_below_one_leave_a_defect():
    graph = chain(lambda start, first, second: start.add_edge(first, 0.25))
    found = Graph.moments_from_graph(graph, 1)(np.array([1.0, 1.0]))
    assert_allclose(found, [0.5], rtol=1e-14)


def test_initial_weights_that_theta_mixes_are_probabilities():
    def mixed(start, first, second):
        start.add_edge_parameterized(first, 0.0, [1.0, 0.0])
        start.add_edge_parameterized(second, 1.0, [-1.0, 0.0])

    found = Graph.moments_from_graph(chain(mixed), 1)(np.array([0.25, 2.0]))
    assert_allclose(found, [0.25 * (4.0 + 0.5) + 0.75 * 0.5], rtol=1e-14)


def test_a_gradient_through_a_builder():
    def built(theta):
        return chain(INITIAL["theta"])

    pdf = Graph.pmf_from_graph_parameterized(built)
    theta = jnp.array([2.0, 3.0])
    found = jax.grad(lambda theta: pdf(theta, TIMES).sum())(theta)
    direct = Graph.pmf_from_graph(chain(certain))
    assert_allclose(found, jax.grad(lambda theta: direct(theta, TIMES).sum())(theta), rtol=1e-12)


def test_a_graph_without_parameters_needs_no_theta():
    graph = Graph(callback=models.kingman, n=4)
    assert_allclose(Graph.moments_from_graph(graph, 3)(), graph.moments(3), rtol=1e-13)
    densities, moments = Graph.pmf_and_moments_from_graph(graph)(TIMES)
    assert_allclose(densities, graph.pdf(TIMES), rtol=1e-10)
    assert_allclose(moments, graph.moments(2), rtol=1e-13)


# Rewards

THETA = np.array([2.0, 3.0])
REWARDS = np.array([[1.0, 1.0, 2.0, 0.0], [0.0, 3.0, 1.0, 0.0]])


@pytest.fixture(scope="module")
def both():
    return Graph.pmf_and_moments_from_graph_multivariate(chain(certain))


def test_rewards_by_row_and_by_column_are_the_same(both):
    for by_row, by_column in zip(both(THETA, TIMES, REWARDS), both(THETA, TIMES, REWARDS.T), strict=True):
        assert_allclose(by_row, by_column, rtol=1e-14)


def test_a_square_has_features_in_rows(both):
    square = np.vstack([REWARDS, REWARDS + 1])
    assert_allclose(both(THETA, TIMES, square)[1][0], both(THETA, TIMES, REWARDS[0])[1], rtol=1e-14)


def test_rewards_past_the_last_vertex_are_left_out(both):
    longer = np.append(REWARDS[0], 7.0)
    with pytest.warns(DeprecationWarning, match="past the last vertex"):
        found = both(THETA, TIMES, longer)[1]
    assert_allclose(found, both(THETA, TIMES, REWARDS[0])[1], rtol=1e-14)


def test_columns_past_the_last_vertex_are_left_out(both):
    longer = np.vstack([REWARDS.T, [7.0, 7.0]])
    with pytest.warns(DeprecationWarning, match="past the last vertex"):
        found = both(THETA, TIMES, longer)[1]
    assert_allclose(found, both(THETA, TIMES, REWARDS)[1], rtol=1e-14)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (3, 2), (2, 2, 4)])
def test_too_few_rewards_are_named(both, shape):
    with pytest.raises(ValueError, match=rf"\({', '.join(map(str, shape))}"):
        both(THETA, TIMES, np.ones(shape))


# Graphs at theta


def test_a_graph_at_theta_has_its_numbers():
    graph = chain(certain)
    graph.update_weights(THETA)
    for source in (graph, record_elimination_trace(graph)):
        fixed = instantiate_from_trace(source, THETA)
        assert not fixed.parameterized()
        assert_allclose(fixed.moments(3), graph.moments(3), rtol=1e-14)
        assert_allclose(fixed.expectation(REWARDS[1]), graph.expectation(REWARDS[1]), rtol=1e-14)


def test_a_graph_at_a_bad_theta_is_refused():
    with pytest.raises(ValueError, match="at least 0"):
        instantiate_from_trace(record_elimination_trace(chain(certain)), [-1.0, 1.0])


def test_times_of_several_features_tell_the_axis(both):
    longer = np.vstack([REWARDS.T, [7.0, 7.0]])[:, [0, 1, 0, 1]]
    times = np.ones((3, 4))
    with pytest.warns(DeprecationWarning, match="past the last vertex"):
        found = both(THETA, times, longer)[1]
    assert_allclose(found[:2], both(THETA, TIMES, REWARDS)[1], rtol=1e-14)
