"""What a seed decides, and what it does not."""

import subprocess
import sys

import numpy as np
import pytest
from phasic import Graph
from scipy import stats

from tests import models
from tests.unit.test_interrupt import seconds_until_stopped


@pytest.fixture
def graph():
    return Graph(callback=models.rabbits, n=4)


def same(first, second):
    return np.array_equal(first, second)


@pytest.mark.parametrize("seed", [0, 7, 2**200, [1, 2, 3], np.int64(5), np.random.SeedSequence(9)])
def test_a_seed_repeats_a_sample(graph, seed):
    assert same(graph.sample(1000, seed=seed), graph.sample(1000, seed=seed))


def test_seeds_give_different_samples(graph):
    assert not same(graph.sample(10, seed=1), graph.sample(10, seed=2))
    assert not same(graph.sample(10), graph.sample(10))


def test_a_generator_moves_on(graph):
    generator = np.random.default_rng(3)
    first = graph.sample(10, seed=generator)
    assert not same(first, graph.sample(10, seed=generator))
    assert same(first, graph.sample(10, seed=3))


def test_global_state_is_not_touched(graph):
    np.random.seed(1)
    expected = np.random.random(3)
    np.random.seed(1)
    graph.sample(10)
    assert same(np.random.random(3), expected)


@pytest.mark.parametrize("n", [0, 1, 127, 128, 129, 1024, 5000])
def test_a_short_sample_begins_a_long_one(graph, n):
    long = graph.sample(10_000, seed=4)
    assert same(graph.sample(n, seed=4), long[:n])
    assert same([path.times[-1] for path in graph.sample_paths(min(n, 1025), seed=4)], long[: min(n, 1025)])


def test_streams_are_unrelated(graph):
    # 128 walks share a stream: neighbours at that distance must not know of each other
    samples = graph.sample(128 * 2000, seed=5)
    for lag in (1, 8, 127, 128, 129, 1024):
        assert stats.pearsonr(samples[:-lag], samples[lag:]).pvalue > 1e-4
    assert np.unique(samples).size == samples.size


THREADS = """
import hashlib
import numpy as np
from phasic import Graph
from tests import models

graph = Graph(callback=models.two_demes, start=(3, 2))
paths = graph.sample_paths(3000, seed=1)
parts = [
    graph.sample(20_000, seed=1),
    graph.sample(5_001, graph.states().T, seed=1),
    graph.random_sample_stop_vertex([0.1, 1.0, np.inf], 3000, seed=1),
    paths.offsets, paths.vertices, paths.times,
]
print(hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest())
"""


def test_threads_do_not_change_a_byte(subprocess_environment, request):
    digests = set()
    for threads in ("1", "2", "5"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", THREADS],
            env=subprocess_environment | {"RAYON_NUM_THREADS": threads},
            cwd=request.config.rootpath,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1 and len(digests.pop()) == 64


# As scipy.stats


def test_rvs_has_the_shapes_of_scipy(graph):
    assert isinstance(graph.rvs(), float)
    assert graph.rvs(3).shape == (3,)
    assert graph.rvs(size=(2, 3)).shape == (2, 3)
    assert graph.rvs((0, 3)).shape == (0, 3)
    steps = graph.discretize(1.0)
    assert isinstance(steps.rvs(), int)
    assert steps.rvs(4).dtype == np.int64


def test_rvs_follows_the_law(graph):
    assert stats.kstest(graph.rvs(50_000, random_state=6), graph.cdf).pvalue > 1e-4


def test_rvs_takes_the_global_state(graph):
    np.random.seed(7)
    first = graph.rvs(5)
    second = graph.rvs(5, random_state=np.random)
    np.random.seed(7)
    assert same(graph.rvs(5), first)
    assert same(graph.rvs(5, random_state=None), second)
    assert same(graph.rvs(5, random_state=np.random.RandomState(7)), first)


@pytest.mark.parametrize("make", [lambda: 8, lambda: np.random.default_rng(8)])
def test_rvs_takes_seeds_and_generators(graph, make):
    assert same(graph.rvs(5, random_state=make()), graph.sample(5, seed=make()))


# A sampler is kept


def test_a_changed_graph_is_sampled_anew():
    graph = Graph(callback=models.kingman_parameterised, n=3)
    graph.update_parameterized_weights([1.0])
    first = graph.sample(10, seed=9)
    graph.update_parameterized_weights([2.0])
    np.testing.assert_allclose(graph.sample(10, seed=9), first / 2, rtol=1e-15)
    graph.find_vertex([2]).add_edge_parameterized(graph.find_vertex([1]), 0.0, [1e6])
    assert np.all(graph.sample(10, seed=9) < first)


def test_sampling_needs_no_elimination(graph):
    graph.sample(10)
    graph.sample_paths(10)
    assert graph._trace is None


def test_an_endless_walk_stops():
    graph = Graph(1)
    one, two, end = (graph.find_or_create_vertex([i]) for i in (1, 2, 3))
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge(two, 1.0)
    two.add_edge(one, 1.0)
    two.add_edge(end, 1e-18)
    assert seconds_until_stopped(lambda: graph.sample(1)) < 1.0
    assert seconds_until_stopped(lambda: graph.sample_paths(1)) < 1.0
    assert seconds_until_stopped(lambda: graph.random_sample_stop_vertex(1e18, 10)) < 1.0
