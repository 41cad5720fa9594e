"""Functions of JAX under the names and shapes of older code."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph, evaluate_trace_jax, record_elimination_trace, trace_to_log_likelihood
from phasic.ffi_wrappers import compute_moments_ffi, compute_pmf_and_moments_ffi, compute_pmf_ffi

from tests import models

THETA = np.array([1.0, 2.0, 0.5])
TIMES = np.array([0.3, 1.0, 2.5])


@pytest.fixture(scope="module")
def graph():
    graph = Graph(callback=models.rabbits_parameterised, n=3)
    graph.update_weights(THETA)
    return graph


@pytest.fixture(scope="module")
def rewards(graph):
    return np.random.default_rng(1).uniform(0.1, 2.0, (2, graph.vertices_length()))


def transformations(function, theta):
    """jit, grad, vmap and all of them, of a function of theta with an array as value."""
    expected = function(theta)
    assert_allclose(jax.jit(function)(theta), expected, rtol=1e-13)
    several = jnp.stack([theta, 2 * theta])
    assert_allclose(jax.vmap(function)(several)[0], expected, rtol=1e-13)
    slopes = jax.jit(jax.vmap(jax.grad(lambda theta: function(theta).sum())))(several)
    step = 1e-6
    differences = [
        (function(theta + step * unit).sum() - function(theta - step * unit).sum()) / (2 * step)
        for unit in np.eye(len(theta))
    ]
    assert_allclose(slopes[0], differences, rtol=1e-6, atol=1e-8)


def test_densities(graph):
    pdf = Graph.pmf_from_graph(graph)
    assert_allclose(pdf(THETA, TIMES), graph.pdf(TIMES), rtol=1e-10)
    transformations(lambda theta: pdf(theta, TIMES), THETA)
    assert_allclose(compute_pmf_ffi(graph, THETA, TIMES), graph.pdf(TIMES), rtol=1e-10)
    assert_allclose(compute_pmf_ffi(graph.model(), THETA, TIMES), graph.pdf(TIMES), rtol=1e-10)


def test_densities_without_parameters():
    graph = Graph(callback=models.kingman, n=4)
    pdf = Graph.pmf_from_graph(graph)
    assert_allclose(pdf(TIMES), graph.pdf(TIMES), rtol=1e-10)
    assert_allclose(jax.jit(pdf)(TIMES), graph.pdf(TIMES), rtol=1e-10)


def test_probabilities_of_counts():
    graph = Graph(callback=models.rabbits_parameterised, n=2)
    graph.normalize()
    theta, counts = np.array([0.2, 0.3, 0.1]), np.array([4, 5, 6])
    graph.update_weights(theta)
    pmf = Graph.pmf_from_graph(graph, discrete=True)
    assert_allclose(pmf(theta, counts), graph.pmf_discrete(counts), rtol=1e-12)
    transformations(lambda theta: pmf(theta, counts), theta)
    whole = np.arange(graph.vertices_length()) % 3
    both = Graph.pmf_and_moments_from_graph(graph, discrete=True)
    found, moments = both(theta, counts, whole)
    assert_allclose(found, graph.pmf_discrete(counts, whole), rtol=1e-12)
    assert_allclose(moments, graph.moments_discrete(2, whole), rtol=1e-12)
    assert_allclose(compute_pmf_ffi(graph.model(discrete=False), theta, counts, True), pmf(theta, counts))


def test_moments(graph):
    moments = Graph.moments_from_graph(graph, nr_moments=3)
    assert_allclose(moments(THETA), graph.moments(3), rtol=1e-12)
    transformations(moments, THETA)
    assert_allclose(compute_moments_ffi(graph, THETA, 3), graph.moments(3), rtol=1e-12)


def test_densities_and_moments_of_rewards(graph, rewards):
    both = Graph.pmf_and_moments_from_graph(graph, nr_moments=2)
    assert_allclose(both(THETA, TIMES)[0], graph.pdf(TIMES), rtol=1e-10)
    assert_allclose(both(THETA, TIMES)[1], graph.moments(2), rtol=1e-12)
    found, moments = both(THETA, TIMES, rewards[0])
    assert_allclose(found, graph.pdf_reward(TIMES, rewards[0]), rtol=1e-9)
    assert_allclose(moments, graph.moments(2, rewards[0]), rtol=1e-12)
    transformations(lambda theta: both(theta, TIMES, rewards[0])[0], THETA)
    transformations(lambda theta: both(theta, TIMES, rewards[0])[1], THETA)
    again = compute_pmf_and_moments_ffi(graph, THETA, TIMES, 2, rewards=rewards[0])
    assert_allclose(again[0], found, rtol=1e-13)
    assert_allclose(again[1], moments, rtol=1e-13)


def test_several_features(graph, rewards):
    both = Graph.pmf_and_moments_from_graph_multivariate(graph, nr_moments=2)
    for times in (TIMES, np.stack([TIMES, 2 * TIMES], axis=1)):
        found, moments = both(THETA, times, rewards)
        assert found.shape == (3, 2)
        assert moments.shape == (2, 2)
        for i, row in enumerate(rewards):
            at = times if times.ndim == 1 else times[:, i]
            assert_allclose(found[:, i], graph.pdf_reward(at, row), rtol=1e-9)
            assert_allclose(moments[i], graph.moments(2, row), rtol=1e-12)
    transformations(lambda theta: both(theta, TIMES, rewards)[0], THETA)
    assert_allclose(both(THETA, TIMES, rewards.T)[0], both(THETA, TIMES, rewards)[0], rtol=1e-13)
    with pytest.raises(ValueError, match=r"the model needs \(features, "):
        both(THETA, TIMES, rewards[:, :2])
    with pytest.raises(ValueError, match="2 rows, one per feature"):
        both(THETA, np.ones((3, 3)), rewards)


def erlang(theta):
    graph = Graph(1)
    first, second, end = (graph.find_or_create_vertex([i]) for i in (2, 1, 0))
    graph.starting_vertex().add_edge(first, 1.0)
    first.add_edge(second, float(theta[0]) + 0.5)
    second.add_edge(end, 2 * float(theta[1]))
    return graph


def test_graphs_that_a_function_builds():
    pdf = Graph.pmf_from_graph_parameterized(erlang)
    theta = np.array([0.7, 1.3])
    assert_allclose(pdf(theta, TIMES), erlang(theta).pdf(TIMES), rtol=1e-10)
    transformations(lambda theta: pdf(theta, TIMES), theta)


def squared(theta):
    return erlang([theta[0] ** 2, theta[1]])


def test_graphs_that_are_not_affine_are_refused():
    with pytest.raises(ValueError, match="no affine function of theta"):
        Graph.pmf_from_graph_parameterized(squared)(np.array([0.7, 1.3]), TIMES)
    wide = Graph.pmf_from_graph_parameterized(
        lambda theta: Graph(callback=models.kingman, n=int(theta[0]) + 2)
    )
    with pytest.raises(ValueError, match="other edges at another theta"):
        wide(np.array([1.0]), TIMES)


def test_log_likelihoods_of_traces(graph, rewards):
    trace = record_elimination_trace(graph, theta_dim=3, reward_length=None, enable_rewards=True)
    value = trace_to_log_likelihood(trace, TIMES, None, 100, use_cpp=False)
    assert_allclose(value(THETA), graph.logpdf(TIMES).sum(), rtol=1e-10)
    transformations(value, THETA)
    value = trace_to_log_likelihood(trace, TIMES, reward_vector=rewards[0])
    assert_allclose(value(THETA), graph.logpdf_reward(TIMES, rewards[0]).sum(), rtol=1e-9)
    transformations(value, THETA)
    with pytest.raises(ValueError, match="theta_dim is 2, but the graph has 3"):
        record_elimination_trace(graph, theta_dim=2)


def test_jump_chains_of_traces(graph):
    trace = record_elimination_trace(graph)
    found = evaluate_trace_jax(trace, THETA)
    for vertex in graph.vertices():
        edges = {edge.to().index(): edge.weight() for edge in vertex.edges()}
        index, total = vertex.index(), sum(edges.values())
        assert found["vertex_rates"][index] == pytest.approx(1 / total if total else 0.0, rel=1e-12)
        given = dict(zip(found["vertex_targets"][index], found["edge_probs"][index].tolist(), strict=True))
        assert given == pytest.approx({to: weight / total for to, weight in edges.items()}, rel=1e-12)
    transformations(lambda theta: evaluate_trace_jax(trace, theta)["vertex_rates"], THETA)
    with pytest.raises(ValueError, match=r"params has shape \(2,\)"):
        evaluate_trace_jax(trace, THETA[:2])


def test_what_is_no_model_is_refused(graph):
    with pytest.raises(TypeError, match=r"phasic\.Graph or phasic\.Model is needed, not int"):
        compute_pmf_ffi(3, THETA, TIMES)


#: A coalescent of four lineages, as version 0.32.1 answers.
OLD_THETA, OLD_TIMES = np.array([0.7]), np.array([[1.0, 2.0], [np.nan, 1.0], [0.5, np.nan]])
OLD_REWARDS = np.array([[0.0, 4.0, 3.0, 2.0, 0.0], [0.0, 1.0, 1.0, 1.0, 0.0]])
#: That version steps through time: at its own choice of steps it is right to a hundredth.
STEPPED = 0.015
OLD_DENSITIES = [[0.06445217, 0.27954269], [np.nan, 0.38138312], [0.02262804, np.nan]]
OLD_MOMENTS = [[5.23809524, 38.54875283], [2.14285714, 6.91609977]]


@pytest.fixture(scope="module")
def coalescent():
    graph = Graph(callback=models.kingman_parameterised, n=4)
    assert [list(vertex.state()) for vertex in graph.vertices()][1:] == [[4], [3], [2], [1]]
    return graph


def test_several_features_with_missing_entries(coalescent):
    both = Graph.pmf_and_moments_from_graph_multivariate(coalescent, nr_moments=2)
    densities, moments = both(OLD_THETA, OLD_TIMES, OLD_REWARDS)
    assert_allclose(densities, OLD_DENSITIES, rtol=STEPPED)
    assert_allclose(moments, OLD_MOMENTS, rtol=1e-8)  # as printed


def test_missing_entries_have_no_part_in_derivatives(coalescent):
    both = Graph.pmf_and_moments_from_graph_multivariate(coalescent)

    def value(theta, times, rewards):
        return jnp.nansum(jnp.log(both(theta, times, rewards)[0]))

    slope = jax.jit(jax.grad(value))(OLD_THETA, OLD_TIMES, OLD_REWARDS)
    seen = [(OLD_TIMES[~np.isnan(OLD_TIMES[:, i]), i], OLD_REWARDS[i]) for i in range(2)]
    alone = sum(jax.grad(value)(OLD_THETA, *each) for each in seen)
    assert_allclose(slope, alone, rtol=1e-12)


def test_one_number_is_taken_for_an_array(coalescent):
    densities, moments = Graph.pmf_and_moments_from_graph(coalescent)(0.7, 1.0)
    assert (densities.shape, moments.shape) == ((1,), (2,))
    assert Graph.moments_from_graph(coalescent, 3)(0.7).shape == (3,)


def test_jump_chains_are_those_of_older_code(coalescent):
    found = evaluate_trace_jax(record_elimination_trace(coalescent, theta_dim=1), OLD_THETA)
    assert_allclose(found["vertex_rates"], [1.0, 0.23809524, 0.47619048, 1.42857143, 0.0], rtol=1e-7)
    assert [row.tolist() for row in found["edge_probs"]] == [[1.0], [1.0], [1.0], [1.0], []]
    assert found["vertex_targets"] == [[1], [2], [3], [4], []]


#: What `Graph.serialize` of version 0.32.1 gives for two phases that are left with coefficients.
SERIALIZED = {
    "states": [[0], [3], [2], [1]],
    "edges": [],
    "start_edges": [[1.0, 0.7], [2.0, 0.3]],
    "param_edges": [[1.0, 2.0, 1.0, 2.0], [2.0, 3.0, 5.0, 0.0]],
    "start_param_edges": [],
    "param_length": 2,
    "state_length": 1,
    "weight_mode": "linear",
}


@pytest.mark.parametrize("written", [dict, json.dumps])
def test_graphs_that_older_code_took_apart(written):
    theta, structure = np.array([0.5, 0.25]), written(SERIALIZED)
    # phases of rates 1 and 2.5, the first of them passed by with probability 0.3
    expected = 0.7 * 2.5 / 1.5 * (np.exp(-TIMES) - np.exp(-2.5 * TIMES)) + 0.3 * 2.5 * np.exp(-2.5 * TIMES)
    assert_allclose(compute_pmf_ffi(structure, theta, TIMES, False, 100), expected, rtol=1e-9)
    assert_allclose(compute_moments_ffi(structure, theta, 1), [0.7 + 0.4], rtol=1e-12)


def test_graphs_of_other_weights_are_refused():
    with pytest.raises(ValueError, match="mode 'callback' are not linear in theta"):
        compute_moments_ffi({**SERIALIZED, "weight_mode": "callback"}, np.ones(2), 1)
