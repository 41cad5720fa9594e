"""Which vertices are reached, paths given where they end, and laws of the vertex before the end."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph, ffi_wrappers

from tests import models

#: Old code leaves parameters as they are: at 1.
pytestmark = pytest.mark.filterwarnings("ignore:this graph has")


@pytest.fixture
def fork():
    """From 1 to 2 at rate 3, to 3 at rate 1; back from 2 at rate 1, and to 4 at rate 4."""
    graph = Graph(1)
    one, two, left, right = (graph.find_or_create_vertex([i]) for i in (1, 2, 3, 4))
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(two, [3.0])
    one.add_edge(left, [1.0])
    two.add_edge(right, [4.0])
    two.add_edge(one, [1.0])
    return graph


#: Probability of ending in vertex 3 from vertex 1: p = 1/4 + 3/4 · 1/5 · p.
LEFT = 0.25 / (1 - 0.15)


def test_probabilities_of_an_end(fork):
    assert_allclose(fork.backward_probabilities([3]), [LEFT, LEFT, LEFT / 5, 1.0, 0.0], rtol=1e-14)


def test_probabilities_of_any_of_several(fork):
    assert_allclose(fork.backward_probabilities([3, 4, 3]), np.ones(5), rtol=1e-14)


def test_probabilities_of_passing_through(fork):
    assert_allclose(fork.backward_probabilities([2]), [0.75, 0.75, 1.0, 0.0, 0.0], rtol=1e-14)


@pytest.mark.parametrize(("targets", "kind"), [([], ValueError), ([0], ValueError), ([7], IndexError)])
def test_bad_targets_are_refused(fork, targets, kind):
    with pytest.raises(kind):
        fork.backward_probabilities(targets)


def test_a_reward_is_collected_with_the_probability_of_a_visit(fork):
    assert_allclose(fork.reward_visit_probability([0, 0, 2.0, 0, 0]), 0.75, rtol=1e-14)
    assert fork.reward_visit_probability([0.0] * 5) == 0.0
    assert_allclose(fork.reward_visit_probability([0, 0, 2.0, 0, 0], theta=[5.0]), 0.75, rtol=1e-14)


def test_conditioned_paths_end_where_they_must(fork):
    paths = fork.sample_path_conditioned([3], 200, seed=1)
    assert {int(path["vertex_indices"][-1]) for path in paths} == {3}


def test_conditioned_paths_take_the_time_of_those(fork):
    given = np.array([path.times[-1] for path in fork.sample_path_conditioned([3], 4000, seed=2)])
    every = fork.sample_paths(20000, seed=3)
    kept = np.array([path.times[-1] for path in every if path.vertices[-1] == 3])
    error = np.hypot(given.std() / np.sqrt(given.size), kept.std() / np.sqrt(kept.size))
    assert abs(given.mean() - kept.mean()) < 4 * error  # four standard errors of the difference


def test_a_path_cannot_be_conditioned_on_a_vertex_that_is_left(fork):
    with pytest.raises(ValueError, match="not absorbing"):
        fork.sample_path_conditioned([2])


def test_a_path_cannot_be_conditioned_on_what_is_never_reached(fork):
    fork.find_or_create_vertex([9])
    with pytest.raises(ValueError, match=r"no path ends in any of the vertices \[5\]"):
        fork.sample_path_conditioned([5])


def test_several_paths_are_a_list_of_dictionaries(fork):
    one, several = fork.sample_path(seed=1), fork.sample_path(3, seed=1)
    assert isinstance(one, dict) and isinstance(several, list)
    assert_array_equal(one["vertex_indices"], one.vertices)
    assert_array_equal(several[0]["entry_times"], one["entry_times"])
    assert len(several) == 3


def test_vertices_before_the_end_are_marked(fork):
    assert_array_equal(fork.absorbing_state_rewards(), [0, 1, 1, 0, 0])


def test_occupancy_is_of_time_or_of_steps(fork):
    assert_array_equal(fork.accumulated_occupancy(2.0), fork.accumulated_visiting_time(2.0))
    discrete = fork.discretize(0.5)
    assert_array_equal(discrete.accumulated_occupancy(3), discrete.accumulated_visits(3))


def test_times_of_some_vertices(fork):
    assert_array_equal(fork.expected_sojourn_time(indices=[2, 1]), fork.expected_sojourn_time()[[2, 1]])
    found = ffi_wrappers.compute_sojourn_times_ffi(fork.serialize(), jnp.array([2.0]), jnp.array([2, 1]))
    fork.update_weights([2.0])
    assert_allclose(found, fork.expected_sojourn_time(indices=[2, 1]), rtol=1e-13)


# The vertex before the end


@pytest.fixture(scope="module")
def joint():
    rule = models.erlang_parameterised
    return Graph(callback=rule, k=2).joint_prob_graph(reward_limit=2)


def test_probabilities_are_those_of_the_table(joint):
    joint.update_weights([1.0, 0.5])
    table = joint.joint_prob_table()
    function = Graph.pmf_from_graph_joint_index(joint)
    found, zeros = function(jnp.array([1.0, 0.5]), table["t_vertex_index"])
    assert_allclose(found, table["prob"], rtol=1e-12)
    assert zeros.tolist() == [0.0, 0.0]


def test_left_out_vertices_are_conditioned_on(joint):
    joint.update_weights([1.0, 0.5])
    table = joint.joint_prob_table()
    vertices = table["t_vertex_index"]
    function = Graph.pmf_from_graph_joint_index(joint, exclude_vertices=vertices[:1])
    found, _ = function(jnp.array([1.0, 0.5]), vertices[1:])
    assert_allclose(found, table["prob"][1:] / (1 - table["prob"][0]), rtol=1e-12)


def test_vertices_may_be_given_before(joint):
    vertices = np.array(joint.joint_prob_table()["t_vertex_index"])[[1, 0, 1]]
    given = Graph.pmf_from_graph_joint_index(joint, observed_indices=vertices)
    asked = Graph.pmf_from_graph_joint_index(joint)
    theta = jnp.array([1.0, 0.5])
    assert_allclose(given(theta)[0], asked(theta, vertices)[0], rtol=1e-14)
    slope = jax.jit(jax.grad(lambda theta: jnp.log(given(theta)[0]).sum()))(theta)
    rule = jax.vmap(lambda theta: jnp.log(asked(theta, vertices)[0]).sum())
    step = 1e-5
    ends = [rule(theta + step * sign * jnp.eye(2)) for sign in (1, -1)]
    assert_allclose(slope, (ends[0] - ends[1]) / (2 * step), rtol=1e-7)  # error of second order in the step


def test_no_rewards_and_no_constant_graphs(joint):
    with pytest.raises(ValueError, match="take no rewards"):
        Graph.pmf_from_graph_joint_index(joint)(jnp.ones(2), jnp.array([1]), jnp.ones(3))
    with pytest.raises(ValueError, match="has no parameters"):
        Graph.pmf_from_graph_joint_index(Graph(callback=models.kingman, n=3))
