"""Posteriors made by hand, of chains whose laws have closed forms."""

import itertools

import numpy as np
from phasic import Graph
from phasic.svgd import LogNormal, Posterior
from scipy import stats

PRIOR = LogNormal(0.0, 1.0)


def stages(k):
    """A chain of `k` stages of one rate: Erlang."""
    graph = Graph(1)
    vertices = [graph.find_or_create_vertex([i]) for i in range(k + 1)]
    graph.starting_vertex().add_edge(vertices[0], 1.0)
    for here, there in itertools.pairwise(vertices):
        here.add_edge_parameterized(there, 0.0, [1.0])
    return graph


def trials():
    """Steps until the first success: geometric from 1 on."""
    graph = stages(1)
    graph.is_discrete = True
    return graph


def bare(particles, names=("rate",), **fields):
    """A posterior without target."""
    given = {
        "converged": True,
        "reason": "converged: by hand",
        "diagnostics": {},
        "n_steps": 5,
        "seconds": 0.1,
        **fields,
    }
    return Posterior(particles=np.asarray(particles, dtype=np.float64), names=names, **given)


def of_data(model, data, particles, names=("rate",), prior=PRIOR, **options):
    """Particles (n, d) with a model and data; options as for `Posterior.with_target`."""
    return bare(particles, names).with_target(model, data, prior, **options)


def conjugate(k, data, n=64):
    """The posterior of `stages(k)` for exact data and a flat log rate, as `n` quantiles of its Gamma law."""
    levels = (np.arange(n) + 0.5) / n
    particles = stats.gamma.ppf(levels, k * len(data), scale=1.0 / np.sum(data))
    return of_data(stages(k).model(), data, particles[:, None])
