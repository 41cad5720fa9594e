"""Simulation-based calibration (Talts et al. 2018): over draws of the prior, ranks of the truth are uniform.

The same fits tell how often the verdict raises a false alarm.
"""

import functools

import numpy as np
import pytest
from phasic import Graph
from phasic.svgd import Gamma, LogNormal, svgd
from scipy import stats

from tests.svgd.standins import Erlang

REPLICATES = 200
PARTICLES = 127  # 128 ranks, in eight bins
BINS = 8


def exponential(random):
    rate = random.gamma(2.0)
    return Erlang(), random.exponential(1.0 / rate, size=5), Gamma(2.0, 1.0), [rate]


@functools.cache
def coalescent_model():
    def merge(state, n):
        if len(state) == 0:
            return [((n,), 1.0)]
        k = state[0]
        return [((k - 1,), [k * (k - 1) / 2])] if k > 1 else []

    graph = Graph(callback=merge, n=5)
    return graph, graph.model()


def coalescent(random):
    graph, model = coalescent_model()
    rate = float(np.exp(0.5 * random.normal()))
    graph.update_parameterized_weights([rate])
    times = np.asarray(graph.sample(10, seed=int(random.integers(2**31))))
    return model, times, LogNormal(0.0, 0.5), [rate]


@functools.cache
def ranks_and_verdicts(simulate):
    random = np.random.default_rng(11)
    ranks, verdicts = [], []
    for _ in range(REPLICATES):
        model, values, prior, truth = simulate(random)
        posterior = svgd(model, values, prior=prior, n_particles=PARTICLES)
        ranks.append(int(np.sum(posterior.particles[:, 0] < truth[0])))
        verdicts.append(posterior.converged)
    return np.asarray(ranks), np.asarray(verdicts)


both = pytest.mark.parametrize("simulate", [exponential, coalescent])


@both
def test_ranks_of_the_truth_are_uniform(simulate):
    ranks, _ = ranks_and_verdicts(simulate)
    counts = np.bincount(ranks * BINS // (PARTICLES + 1), minlength=BINS)
    assert stats.chisquare(counts).pvalue > 0.01, counts


@both
def test_nine_tenths_intervals_hold_the_truth_in_nine_of_ten(simulate):
    ranks, _ = ranks_and_verdicts(simulate)
    inside = np.mean((ranks >= 0.05 * (PARTICLES + 1)) & (ranks < 0.95 * (PARTICLES + 1)))
    # A binomial share of 200 has a standard deviation of 0.021.
    assert abs(inside - 0.9) < 0.065


@both
def test_good_fits_are_called_good(simulate):
    _, verdicts = ranks_and_verdicts(simulate)
    assert np.mean(~verdicts) <= 0.02
