"""Whether bytes are the trace that a key stands for, for whoever holds bytes that nobody vouches for."""

from __future__ import annotations

import numpy as np

from phasic import _core

#: Recordings above this many multiply-adds are not evaluated to be checked.
_CHEAP = 10**9
_ATTEMPTS = 3
#: Nothing is subtracted, so an equation of k terms is off by about k times 1e-16 of its largest; measured are
#: 6e-16, and what is cheap to evaluate has no equation of more than 1e5 terms.
_TOLERANCE = 1e-10


def problem(key: str, data: bytes, metadata: dict[str, int], deep: bool = False) -> str | None:
    """Why ``data`` is not the trace of the graph with content hash ``key``, or None.

    Args:
        key: 64 hexadecimal digits; the hash is computed again from the graph in the trace.
        data: a trace file.
        metadata: counts stored with it, which must be those of the trace.
        deep: Also evaluate it, at up to three random parameters, and compare with the equations of its graph.
    """
    try:
        trace = _core.Trace.from_bytes(data)
    except _core.TraceFormatError as error:
        return str(error)
    if trace.key != key:
        return f"it holds the trace {trace.key}"
    counts = {"n_vertices": trace.n_vertices, "param_length": trace.n_parameters}
    for name, count in counts.items():
        if metadata.get(name, count) != count:
            return f"its header states {metadata[name]} as {name}, it has {count}"
    if deep and trace.multiply_adds <= _CHEAP and residual(trace) > _TOLERANCE:
        return "its waiting times do not solve the equations of its graph"
    return None


def residual(trace: _core.Trace) -> float:
    """Largest relative residual of R(v) w(v) = 1 + Σ rate(v, u) w(u), the equations of the waiting times w.

    At three parameters between 1/2 and 2 drawn from the trace's key; those at which a rate is negative or a
    waiting time infinite tell nothing and are left out.
    """
    generator = np.random.default_rng(int(trace.key[:16], 16))
    sources, targets, bases, coefficients = trace.edges()
    worst = 0.0
    for _ in range(_ATTEMPTS):
        theta = generator.uniform(0.5, 2.0, trace.n_parameters)
        try:
            waiting = trace.waiting(theta)
        except ValueError:
            continue
        weights = np.asarray(bases) + np.asarray(coefficients).reshape(len(bases), -1) @ theta
        if not np.all(np.isfinite(waiting)):
            continue
        leaving = np.bincount(sources, weights, trace.n_vertices)
        right = np.bincount(sources, weights * waiting[targets], trace.n_vertices) + 1.0
        inside = (leaving > 0) & (np.arange(trace.n_vertices) > 0)
        left = (leaving * waiting)[inside]
        worst = max(worst, float(np.max(np.abs(left - right[inside]) / left, initial=0.0)))
    return worst
