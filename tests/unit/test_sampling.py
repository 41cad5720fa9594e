"""Samples against the exact laws. Seeds are fixed, so a test that passes once always does.

P-values below 1e-4 fail: chance alone would need thousands of such tests.
"""

import numpy as np
import pytest
from phasic import Graph
from scipy import stats

from tests import models

SMALLEST_P = 1e-4
N = 100_000


def built(rule, **kwargs):
    return Graph(callback=rule, **kwargs)


def with_loops():
    """Rates with self-loops, two ways to end, a defect carried by an edge, and one carried by none."""
    graph = Graph(1)
    one, two, end, other = (graph.find_or_create_vertex([i]) for i in (1, 2, 3, 4))
    start = graph.starting_vertex()
    start.add_edge(one, 0.5)
    start.add_edge(two, 0.2)
    start.add_edge(end, 0.1)
    one.add_edge(one, 0.3)
    one.add_edge(two, 0.25)
    one.add_edge(other, 0.125)
    two.add_edge(two, 0.5)
    two.add_edge(one, 0.25)
    two.add_edge(end, 0.25)
    return graph


CONTINUOUS = {
    "kingman": built(models.kingman, n=10),
    "rabbits": built(models.rabbits, n=4),
    "coxian": built(models.coxian),
    "hyperexponential": built(models.hyperexponential, rates=(1.0, 1e5)),
    "two demes": built(models.two_demes, start=(2, 2), migration=0.01),
    "fast migration": built(models.two_demes, start=(2, 2), migration=30.0),
    "birth and death": built(models.birth_death, n=5),
    "block counting": built(models.block_counting, n=6),
}


def assert_follows(samples, cdf):
    assert stats.kstest(samples, cdf).pvalue > SMALLEST_P


def assert_counts(observed, probabilities):
    """Chi-square of counts, (m,), against probabilities, (m,); what these leave of 1 is not seen.

    Cells of fewer than five expected counts are joined with the next larger one.
    """
    assert not np.any(observed[probabilities == 0])
    order = np.argsort(probabilities)[::-1]
    cells = []
    for count, expected in zip(observed[order], np.sum(observed) * probabilities[order], strict=True):
        if cells and cells[-1][1] < 5:
            cells[-1] += count, expected
        else:
            cells.append(np.array([count, expected]))
    if len(cells) > 1 and cells[-1][1] < 5:
        last = cells.pop()
        cells[-1] += last
    counts, expected = np.array(cells).T
    statistic = np.sum((counts - expected) ** 2 / expected)
    assert stats.chi2.sf(statistic, max(len(cells) - 1, 1)) > SMALLEST_P


# Times and rewards


@pytest.mark.parametrize("name", CONTINUOUS)
def test_times_follow_the_distribution_function(name):
    graph = CONTINUOUS[name]
    assert_follows(graph.sample(N, seed=1), graph.cdf)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_rewards_follow_the_transformed_law(name):
    graph = CONTINUOUS[name]
    rewards = np.arange(graph.vertices_length()) % 3
    samples = graph.sample(N, rewards, seed=3)
    transformed = graph.reward_transform(rewards)
    zero = np.array([np.sum(samples == 0), np.sum(samples > 0)])
    above = 1 - transformed.defect()
    assert_counts(zero, np.array([transformed.defect(), above]))
    assert_follows(samples[samples > 0], lambda x: 1 - transformed.sf(x) / above)


def test_the_tail_is_exponential_however_far():
    graph = built(models.hypoexponential, rates=(0.5,))
    samples = graph.sample(4_000_000, seed=4)
    far = samples[samples > 20.0]
    # e^-10 of four million
    assert abs(far.size - 181.6) < 5 * np.sqrt(181.6)
    assert_follows(far - 20.0, stats.expon(scale=2.0).cdf)
    near = samples[samples < 1e-3]
    assert_follows(near, lambda x: np.expm1(-x / 2) / np.expm1(-5e-4))


def test_a_defect_is_an_atom_at_zero():
    graph = with_loops()
    samples = graph.sample(N, seed=5)
    assert_counts(np.bincount(samples > 0), np.array([graph.defect(), 1 - graph.defect()]))
    alive = 1 - graph.defect()
    assert_follows(samples[samples > 0], lambda t: 1 - graph.sf(t) / alive)


def test_parameters_move_the_law():
    graph = built(models.kingman_parameterised, n=5)
    for theta in ([1.0], [0.01]):
        graph.update_parameterized_weights(theta)
        assert_follows(graph.sample(N, seed=6), graph.cdf)


def test_covariances_of_many_rewards():
    graph = built(models.block_counting, n=5)
    rewards = graph.states().T[:4].astype(float)
    samples = graph.sample(N, rewards, seed=7)
    assert samples.shape == (N, 4)
    centred = samples - graph.expectations(rewards)
    products = centred[:, :, None] * centred[:, None, :]
    error = products.std(axis=0) / np.sqrt(N)
    assert np.all(np.abs(products.mean(axis=0) - graph.covariances(rewards)) < 5 * error)


def test_multivariate_samples_have_a_row_for_each_reward():
    graph = built(models.block_counting, n=5)
    states = graph.states()
    samples = graph.sample_multivariate(1000, states, seed=8)
    np.testing.assert_array_equal(samples, graph.sample(1000, states.T, seed=8).T)
    assert samples.shape == (states.shape[1], 1000)
    steps = built(models.successes).sample_multivariate_discrete(10, np.ones((5, 2), int), seed=8)
    assert steps.shape == (2, 10) and steps.dtype == np.int64


def test_rewards_of_starting_and_absorbing_vertices_do_not_count():
    graph = built(models.rabbits, n=2)
    rewards = np.ones(graph.vertices_length())
    expected = graph.sample(100, rewards, seed=9)
    ends = [v.index() for v in graph.vertices() if not v.edges()]
    rewards[[0, *ends]] = 1e9
    np.testing.assert_array_equal(graph.sample(100, rewards, seed=9), expected)


# Steps


def normalised(graph):
    graph.normalize()
    return graph


DISCRETE = {
    "successes": built(models.successes),
    "coupons": built(models.coupons, n=5),
    "reset": built(models.reset_chain, n=3),
    "loops": with_loops(),
    "jump chain": normalised(built(models.two_demes, start=(2, 1))),
    "jump chain with loops": normalised(with_loops()),
}


@pytest.mark.parametrize("name", DISCRETE)
def test_steps_follow_their_probabilities(name):
    graph = DISCRETE[name]
    samples = graph.sample_discrete(N, seed=10)
    assert samples.dtype == np.int64
    observed = np.bincount(samples, minlength=20)
    assert_counts(observed, graph.pmf_discrete(np.arange(observed.size)))


@pytest.mark.parametrize("name", DISCRETE)
def test_rewards_of_steps_follow_their_probabilities(name):
    graph = DISCRETE[name]
    rewards = np.random.default_rng(11).integers(0, 3, graph.vertices_length())
    observed = np.bincount(graph.sample_discrete(N, rewards, seed=12), minlength=20)
    assert_counts(observed, graph.pmf_discrete(np.arange(observed.size), rewards))


def test_mutations_on_a_tree():
    graph = built(models.kingman, n=6).discretize(lambda state: state[0] / 2)
    observed = np.bincount(graph.sample_discrete(N, graph.rewards, seed=13))
    assert_counts(observed, graph.pmf_discrete(np.arange(observed.size), graph.rewards))


def test_real_rewards_of_steps_are_real():
    graph = built(models.successes)
    rewards = np.full(graph.vertices_length(), -0.5)
    samples = graph.sample_discrete(100, rewards, seed=14)
    np.testing.assert_array_equal(samples, -0.5 * graph.sample_discrete(100, seed=14))


def test_long_stays_cost_nothing():
    # a thousand million steps each on average; the law is exponential to nine digits
    graph = built(models.successes, r=1, p=1e-9)
    samples = graph.sample_discrete(N, seed=15)
    assert_follows(samples.astype(float), stats.expon(scale=1e9).cdf)


# Where the chain is


def places(graph, vertices):
    return np.bincount(vertices, minlength=graph.vertices_length())


@pytest.mark.parametrize("time", [0.0, 0.1, 1.0, 4.0])
@pytest.mark.parametrize("name", ["rabbits", "two demes", "hyperexponential", "birth and death"])
def test_places_follow_the_state_probabilities(name, time):
    graph = CONTINUOUS[name]
    observed = places(graph, graph.random_sample_stop_vertex(time, N, seed=16))
    ends = [v.index() for v in graph.vertices() if v.index() and not v.edges()]
    observed = np.append(np.delete(observed, ends), observed[ends].sum())
    probabilities = np.append(np.delete(graph.state_probability(time), ends), graph.cdf(time))
    assert_counts(observed, probabilities)


def test_at_infinity_the_chain_is_absorbed():
    graph = with_loops()
    observed = places(graph, graph.random_sample_stop_vertex(np.inf, N, seed=17))
    ends = [graph.absorption_probability(graph.find_vertex([i]))[0] for i in (3, 4)]
    assert_counts(observed, np.array([1 - sum(ends), 0, 0, *ends]))


@pytest.mark.parametrize("jumps", [0, 1, 2, 7])
@pytest.mark.parametrize("name", DISCRETE)
def test_places_after_steps(name, jumps):
    graph = DISCRETE[name]
    vertices = graph.random_sample_discrete_stop_vertex(jumps, N, seed=18)
    loose = [v.index() for v in graph.vertices() if v.index() == 0 or not v.edges()]
    gone = np.isin(vertices, loose).sum()
    absorbed = graph.cdf_discrete(jumps)
    assert_counts(np.array([gone, N - gone]), np.array([absorbed, 1 - absorbed]))


def test_times_of_any_shape_are_independent():
    graph = CONTINUOUS["rabbits"]
    times = np.array([[0.1, 0.1], [0.1, np.inf]])
    vertices = graph.random_sample_stop_vertex(times, 2000, seed=19)
    assert vertices.shape == (2000, 2, 2) and vertices.dtype == np.int64
    at_once = graph.random_sample_stop_vertex(times, seed=19)
    np.testing.assert_array_equal(at_once, vertices[0])
    assert isinstance(graph.random_sample_stop_vertex(0.5, seed=19), int)
    absorbing = [v.index() for v in graph.vertices() if v.index() and not v.edges()]
    assert np.isin(vertices[:, 1, 1], absorbing).all()
    assert not np.isin(vertices[:, 0, 0], absorbing).all()
    same = np.mean(vertices[:, 0, 0] == vertices[:, 0, 1])
    probabilities = places(graph, vertices[:, 0, 0]) / 2000
    assert abs(same - np.sum(probabilities**2)) < 0.06


# Paths


def test_paths_end_when_samples_say():
    for graph, discrete in ((CONTINUOUS["rabbits"], False), (DISCRETE["loops"], True)):
        paths = graph.sample_paths(500, discrete=discrete, seed=20)
        ends = [path.times[-1] for path in paths]
        draw = graph.sample_discrete if discrete else graph.sample
        np.testing.assert_array_equal(ends, draw(500, seed=20))


def test_a_path_is_a_walk_over_states():
    graph = built(models.kingman, n=4)
    path = graph.sample_path(seed=21)
    assert graph.states()[path.vertices].tolist() == [[0], [4], [3], [2], [1]]
    assert path.times[0] == path.times[1] == 0
    assert np.all(np.diff(path.times[1:]) > 0)


def test_each_place_is_that_of_its_own_time():
    graph = CONTINUOUS["kingman"]
    vertices = graph.random_sample_stop_vertex([0.0, np.inf, 0.0], 1000, seed=24)
    first, last = graph.find_vertex([10]).index(), graph.find_vertex([1]).index()
    np.testing.assert_array_equal(vertices, np.tile([first, last, first], (1000, 1)))


@pytest.mark.parametrize("discrete", [False, True])
def test_self_loops_are_no_entries(discrete):
    for path in with_loops().sample_paths(500, discrete=discrete, seed=25):
        assert np.all(np.diff(path.vertices) != 0)


def test_visits_of_paths():
    graph = built(models.rabbits, n=3)
    paths = graph.sample_paths(N, seed=22)
    visits = np.bincount(paths.vertices) / N
    # Five standard errors, with no more than a few visits to each vertex.
    np.testing.assert_allclose(visits, graph.expected_visits(), atol=5 * 3 / np.sqrt(N))


def test_paths_are_a_sequence():
    paths = built(models.kingman, n=4).sample_paths(5, seed=23)
    assert len(paths) == len(list(paths)) == 5
    np.testing.assert_array_equal(paths[-1].times, paths[4].times)
    assert [path.vertices.tolist() for path in paths[1:3]] == [paths[i].vertices.tolist() for i in (1, 2)]
    with pytest.raises(IndexError, match="path 5 does not exist: there are 5"):
        paths[5]
