"""Which absorbing vertex a chain has ended in: time spent, times the rates into each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from phasic import _core
from phasic._check import Doubles


def absorbed(trace: _core.Trace, theta: Doubles, spent: Doubles, *, from_start: bool = True) -> Doubles:
    """Probability of having been absorbed in each vertex while these times were spent, (n_vertices,).

    In the trace's order, as `spent` (n_vertices,) is. With `from_start`, what starts in an absorbing vertex
    is there, and the starting vertex has what the initial probabilities leave of 1. All terms are positive.
    """
    source, target, base, coefficients = trace.edges()
    weights = base + coefficients @ theta
    if trace.normalized:
        weights = weights / np.bincount(source, weights, trace.n_vertices)[source]
    into = _without_edges(source, trace.n_vertices)[target]
    passed = spent.copy()
    passed[0] = float(from_start)
    found = np.zeros(trace.n_vertices)
    np.add.at(found, target[into], passed[source[into]] * weights[into])
    if from_start:
        found[0] = max(0.0, 1.0 - weights[source == 0].sum())
    return found


def is_absorbing(trace: _core.Trace) -> NDArray[np.bool_]:
    """Whether a vertex is absorbing, (n_vertices,)."""
    return _without_edges(trace.edges()[0], trace.n_vertices)


def _without_edges(source: NDArray[np.uint32], n: int) -> NDArray[np.bool_]:
    """Vertices from which no edge leads, but for the starting one."""
    found = np.ones(n, dtype=np.bool_)
    found[source] = False
    found[0] = False
    return found
