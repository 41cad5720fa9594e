"""Rules with their initial distribution apart, coefficients as weights, and graphs that grow."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph, callback, test_utils, with_ipv

from tests import models

#: Old code leaves parameters as they are: at 1.
pytestmark = pytest.mark.filterwarnings("ignore:this graph has")


def down(state, rate=1.0):
    return [(state - 1, rate * state[0])] if state[0] > 0 else []


def down_by_theta(state):
    return [(state - 1, [float(state[0])])] if state[0] > 0 else []


@pytest.mark.parametrize("ipv", [[3], [([3], 1.0)], [[[3], 1]], np.array([3])])
def test_an_initial_state_may_be_given_apart(ipv):
    graph = Graph(down, ipv=ipv)
    assert_allclose(graph.expectation(), 1 + 1 / 2 + 1 / 3, rtol=1e-14)


def test_an_initial_distribution_may_be_given_by_position():
    graph = Graph(down, [([2], 0.5), ([1], 0.25)])
    assert graph.defect() == 0.25
    assert_allclose(graph.expectation(), 0.5 * 1.5 + 0.25, rtol=1e-14)


@pytest.mark.parametrize("decorate", [with_ipv, callback])
def test_a_decorated_rule_needs_nothing_more(decorate):
    graph = Graph(decorate([3])(down), rate=2.0)
    assert_allclose(graph.expectation(), (1 + 1 / 2 + 1 / 3) / 2, rtol=1e-14)


def test_a_decorated_rule_can_be_called():
    rule = with_ipv([3])(down)
    assert rule([]) == [([3], 1.0)]
    assert rule(np.array([2])) == [(np.array([1]), 2.0)]
    assert rule.__wrapped__ is down


def test_older_options_mean_nothing():
    graph = Graph(down, ipv=[3], graph_cache=False, cache_trace=False, hierarchical=False)
    assert graph.vertices_length() == 5


BAD = {
    "text": ("five", TypeError, "ipv must be a list"),
    "a number": (5, TypeError, "ipv must be a list"),
    "empty": ([], ValueError, "ipv must be non-empty"),
    "mixed": ([5, [1, 2]], TypeError, "ipv must be a list of ints"),
    "no state": ([[42, 1.0]], TypeError, r"ipv\[0\]\[0\] must be a list"),
    "no probability": ([[[5], "half"]], TypeError, r"ipv\[0\]\[1\] must be a number"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_initial_distribution_is_named(fault):
    ipv, kind, message = BAD[fault]
    with pytest.raises(kind, match=message):
        with_ipv(ipv)


def test_an_initial_distribution_is_given_once():
    with pytest.raises(ValueError, match="ipv is given twice"):
        Graph(with_ipv([3])(down), ipv=[3])


def test_an_initial_distribution_needs_a_rule():
    with pytest.raises(ValueError, match="ipv is only used with a callback"):
        Graph(1, ipv=[3])


def test_a_batched_rule_gives_its_own_initial_states():
    with pytest.raises(TypeError, match="takes no ipv"):
        Graph(down, ipv=[3], batched=True)


def test_theta_dim_is_the_number_of_coefficients():
    assert Graph(down_by_theta, ipv=[2], theta_dim=1).param_length() == 1
    with pytest.raises(ValueError, match="theta_dim is 2, but edges have 1"):
        Graph(down_by_theta, ipv=[2], theta_dim=2)
    with pytest.raises(ValueError, match="theta_dim is 0"):
        Graph(down_by_theta, ipv=[2], theta_dim=0)


def test_a_stated_number_of_parameters_is_checked():
    graph = Graph(1)
    graph.set_param_length(3)
    graph = Graph(down_by_theta, ipv=[2])
    graph.set_param_length(1)
    with pytest.raises(ValueError, match="param_length is 2, but edges have 1"):
        graph.set_param_length(2)


# Coefficients in place of a weight


def test_coefficients_are_weights():
    graph = Graph(1)
    one, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(end, [2.0, 0.5])
    graph.update_weights([3.0, 4.0])
    assert one.rate() == 8.0


def test_parameters_are_one_at_first():
    graph = Graph(down_by_theta, ipv=[2])
    assert_allclose(graph.expectation(), 1.5, rtol=1e-14)


def test_initial_coefficients_count_as_their_sum():
    graph = Graph(1)
    one, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(one, [0.25, 0.25])
    one.add_edge(end, [1.0, 1.0])
    graph.update_weights([3.0, 4.0])
    assert graph.defect() == 0.5


# Weights by a rule


def test_weights_by_a_rule_at_theta():
    graph = Graph(down_by_theta, ipv=[2])
    graph.update_weights([0.5], callback=lambda theta, c: np.exp(theta @ c))
    assert_allclose(graph.expectation(), np.exp(-0.5) + np.exp(-1.0), rtol=1e-14)


def test_products_of_theta_and_coefficients():
    graph = Graph(1)
    one, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    one.add_edge(end, [2.0, 3.0])
    graph.update_weights([1.0, 2.0], log=True)
    assert one.edges()[0].weight() == 12.0


def test_theta_of_a_rule_may_have_any_length():
    graph = Graph(down_by_theta, ipv=[2])
    graph.update_weights([], callback=lambda theta, c: 4.0 + theta.size)
    assert graph.expectation() == 0.5


def test_coefficients_come_back_with_the_next_theta():
    graph = Graph(down_by_theta, ipv=[2])
    graph.update_weights([0.5], callback=lambda theta, c: 7.0)
    assert graph.param_length() == 0
    graph.update_weights([2.0])
    assert_allclose(graph.expectation(), 0.75, rtol=1e-14)


def test_a_new_edge_brings_coefficients_back():
    graph = Graph(down_by_theta, ipv=[2])
    graph.update_weights([0.5], callback=lambda theta, c: 7.0)
    graph.vertex_at(1).add_edge(graph.find_or_create_vertex([9]), [1.0])
    assert graph.param_length() == 1


def test_copies_keep_weights_by_a_rule():
    graph = Graph(down_by_theta, ipv=[2])
    graph.update_weights([0.5], callback=lambda theta, c: 4.0)
    other = graph.copy()
    assert other.expectation() == 0.5
    other.update_weights([2.0])
    assert (graph.expectation(), other.param_length()) == (0.5, 1)


@pytest.mark.parametrize(("weight", "message"), [(-1.0, "weight -1"), (np.nan, "NaN"), (None, "weight")])
def test_a_bad_weight_of_a_rule_is_named(weight, message):
    graph = Graph(down_by_theta, ipv=[2])
    with pytest.raises(ValueError, match=message):
        graph.update_weights([1.0], callback=lambda theta, c: weight)
    assert_allclose(graph.expectation(), 1.5, rtol=1e-14)


def test_a_rule_needs_coefficients():
    with pytest.raises(ValueError, match="no edge has coefficients"):
        Graph(down, ipv=[2]).update_weights([1.0], callback=lambda theta, c: 1.0)


# Growth


def test_a_graph_explores_on_from_a_new_vertex():
    graph = Graph(down, ipv=[2])
    graph.update_ipv([0.5])
    graph.starting_vertex().add_edge(graph.find_or_create_vertex([4]), 0.5)
    graph.extend()
    assert_array_equal(graph.states().ravel(), [0, 2, 1, 0, 4, 3])
    assert_allclose(graph.expectation(), 0.5 * 1.5 + 0.5 * (1.5 + 1 / 3 + 1 / 4), rtol=1e-14)


def test_another_rule_explores_on():
    graph = Graph(1)
    graph.starting_vertex().add_edge(graph.find_or_create_vertex([3]), 1.0)
    graph.extend(down, vertex_index=1, rate=2.0)
    assert_allclose(graph.expectation(), (1 + 1 / 2 + 1 / 3) / 2, rtol=1e-14)
    graph.extend(down)
    assert graph.vertices_length() == 5


def test_bases_and_coefficients_explore_on():
    graph = Graph(1)
    graph.starting_vertex().add_edge(graph.find_or_create_vertex([1]), 1.0)
    graph.extend(lambda s: [(s - 1, 1.0, [2.0])] if s[0] else [], vertex_index=1)
    graph.update_weights([3.0])
    assert graph.vertex_at(1).rate() == 7.0


def test_exploring_on_needs_a_rule():
    with pytest.raises(ValueError, match="was not built with a callback"):
        Graph(1).extend()


def test_a_rule_that_returns_too_much_is_named():
    graph = Graph(1)
    graph.find_or_create_vertex([3])
    with pytest.raises(ValueError, match=r"returned 4 entries for a transition from state \[3\]"):
        graph.extend(lambda s: [(s - 1, 1.0, [2.0], 5)], vertex_index=1)


def test_initial_probabilities_are_set_in_order():
    graph = Graph(down, ipv=[([2], 0.5), ([1], 0.5)])
    graph.update_ipv([0.25, 0.5])
    assert_allclose(graph.expectation(), 0.25 * 1.5 + 0.5, rtol=1e-14)
    assert graph.defect() == 0.25


@pytest.mark.parametrize(
    ("ipv", "message"),
    [
        ([1.0], r"ipv has shape \(1,\), but 2 edges"),
        ([0.5, 0.75], "sum to at most 1"),
        ([-0.5, 0.5], "not negative"),
        ([np.nan, 0.5], "ipv"),
    ],
)
def test_bad_initial_probabilities_are_named(ipv, message):
    graph = Graph(down, ipv=[([2], 0.5), ([1], 0.5)])
    with pytest.raises(ValueError, match=message):
        graph.update_ipv(ipv)
    assert graph.defect() == 0


# Discretization with a parameter of its own


def test_rates_of_events_may_have_a_parameter_of_their_own():
    graph = Graph(down_by_theta, ipv=[3])
    discrete = graph.discretize(lambda state: [0.0, float(state[0])])
    discrete.update_weights([2.0, 0.5])
    graph.update_weights([2.0])
    events = 0.5 * graph.expectation(graph.states().ravel().astype(float))
    assert_allclose(discrete.expectation_discrete(discrete.rewards), events, rtol=1e-13)


def test_vertices_with_events_can_be_skipped():
    discrete = Graph(down, ipv=[3]).discretize(0.5)
    again = discrete.discretize(0.25, skip_existing=True)
    assert again.content_hash() == discrete.content_hash()
    assert_array_equal(again.rewards, discrete.rewards)


# Examples of older code


def test_examples_are_the_block_counting_coalescent():
    made = test_utils.coalescent_manual_construction(4)
    for other in (
        Graph(test_utils.coalescent_callback, ipv=[4, 0, 0, 0]),
        Graph(test_utils.coalescent_callback_with_ipv),
        Graph(test_utils.coalescent_callback_with_abbr_ipv),
        Graph(callback=models.block_counting, n=4),
    ):
        assert_allclose(other.moments(3), made.moments(3), rtol=1e-14)
    by_theta = Graph(test_utils.coalescent_callback_parameterized, ipv=[4, 0, 0, 0])
    assert_allclose(by_theta.moments(3), made.moments(3), rtol=1e-14)
    assert test_utils.bin_coef([2, 4]).tolist() == [1, 6]
