"""Laws of samples on random chains. Seeds are drawn with the chains, and the same in every run."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from tests import strategies

N = 4000
SMALLEST_P = 1e-6  # fifty chains a test
seeds = st.integers(0, 2**64)


def positive_edges(graph):
    """Pairs of vertices between which there is a way, the starting vertex included."""
    return {
        (vertex.index(), edge.to().index())
        for vertex in graph.vertices()
        for edge in vertex.edges()
        if edge.weight() > 0
    }


@given(strategies.chains(decades=(-1, 1)), seeds)
def test_times_follow_the_distribution_function(model, seed):
    graph = model.graph()
    samples = graph.sample(N, seed=seed)
    alive = 1 - graph.defect()
    started = samples[samples > 0]
    assert stats.binomtest(started.size, N, alive).pvalue > SMALLEST_P
    assert stats.kstest(started, lambda t: 1 - graph.sf(t) / alive).pvalue > SMALLEST_P


@given(strategies.discrete_chains(), seeds)
def test_steps_follow_their_distribution_function(model, seed):
    graph = model.graph()
    rewards = model.per_vertex(graph, model.rewards).astype(int)
    samples = graph.sample_discrete(N, rewards, seed=seed)
    for count in range(6):
        expected = min(graph.cdf_discrete(count, rewards), 1.0)
        assert stats.binomtest(int(np.sum(samples <= count)), N, expected).pvalue > SMALLEST_P


@given(strategies.discrete_chains(), st.integers(0, 8), seeds)
def test_places_after_steps(model, jumps, seed):
    graph = model.graph()
    chain = model.dense_discrete()
    vertices = graph.random_sample_discrete_stop_vertex(jumps, N, seed=seed)
    expected = chain.alpha @ np.linalg.matrix_power(chain.T, jumps)
    for vertex, probability in zip(model.indices(graph), expected, strict=False):
        count = int(np.sum(vertices == vertex))
        assert stats.binomtest(count, N, float(np.clip(probability, 0, 1))).pvalue > SMALLEST_P


@given(strategies.chains(decades=(-1, 1)), seeds)
def test_paths_go_along_edges(model, seed):
    graph = model.graph()
    allowed = positive_edges(graph)
    leaves = {vertex for vertex, _ in allowed}
    paths = graph.sample_paths(100, seed=seed)
    for path in paths:
        assert path.vertices[0] == 0 and path.times[0] == 0
        steps = zip(path.vertices[:-1].tolist(), path.vertices[1:].tolist(), strict=True)
        assert set(steps) <= allowed
        assert path.vertices[-1] not in leaves or len(path.vertices) == 1
        assert np.all(np.diff(path.times[1:]) > 0)
    assert_array_equal([path.times[-1] for path in paths], graph.sample(100, seed=seed))


@given(strategies.chains(decades=(-1, 1)), seeds)
def test_rewards_are_sums_over_paths(model, seed):
    graph = model.graph()
    rewards = np.random.default_rng(seed).normal(size=(3, graph.vertices_length()))
    expected = [
        rewards[:, path.vertices[:-1]] @ np.diff(path.times) for path in graph.sample_paths(50, seed=seed)
    ]
    # sums of at most some hundred stays, of either sign
    assert_allclose(graph.sample(50, rewards, seed=seed), expected, rtol=1e-12, atol=1e-12)


@given(strategies.chains(decades=(-1, 1)), seeds)
def test_the_order_of_creation_does_not_matter(model, seed):
    graph = model.graph()
    other = model.graph(order=list(reversed(range(model.n + model.a))), edges=model.edges[::-1])
    assert_array_equal(graph.sample(100, seed=seed), other.sample(100, seed=seed))
    path, mirrored = graph.sample_path(seed=seed), other.sample_path(seed=seed)
    assert_array_equal(graph.states()[path.vertices], other.states()[mirrored.vertices])
