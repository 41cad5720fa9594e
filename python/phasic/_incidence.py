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
    into = is_absorbing(trace)[target]
    passed = spent.copy()
    passed[0] = float(from_start)
    found = np.zeros(trace.n_vertices)
    np.add.at(found, target[into], passed[source[into]] * weights[into])
    if from_start:
        found[0] = max(0.0, 1.0 - weights[source == 0].sum())
    return found


def is_absorbing(trace: _core.Trace) -> NDArray[np.bool_]:
    """Whether a vertex has no edges out, (n_vertices,)."""
    found = np.ones(trace.n_vertices, dtype=np.bool_)
    found[trace.edges()[0]] = False
    found[0] = False
    return found
