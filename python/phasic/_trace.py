"""Where cache and computation meet: a trace is loaded if it is stored, else recorded and stored."""

from __future__ import annotations

import logging
import time
from weakref import WeakValueDictionary

from phasic import _core
from phasic.cache import default_manager

_log = logging.getLogger(__name__)

#: Below this, recording a graph again is cheaper than opening the cache.
CACHED_FROM_VERTICES = 2_000

#: What an elimination may take that nobody asked for by name.
LIMITS = _core.Limits()
#: What recording may take to cost less than writing the trace down.
CHEAP = _core.Limits(multiply_adds=1e9)

_live: WeakValueDictionary[str, _core.Trace] = WeakValueDictionary()


def recorded(frozen: _core.FrozenGraph, n_vertices: int) -> _core.Trace:
    """The trace of a graph, through the cache only where that is worth a file.

    Raises:
        TooLargeToFactor: Nobody has recorded it, and to do so is predicted to cost too much.
    """
    if n_vertices >= CACHED_FROM_VERTICES:
        return load_or_record(frozen, LIMITS)
    trace = _live.get(frozen.key)
    if trace is None:
        trace = _live[frozen.key] = frozen.record()
    return trace


def unstored(frozen: _core.FrozenGraph, n_vertices: int) -> _core.Trace:
    """As `recorded`, for a graph that is not eliminated: stored only if it is dear to record."""
    trace = _live.get(frozen.key)
    if trace is not None:
        return trace
    try:
        trace = frozen.record(CHEAP)
    except _core.TooLargeToFactor:
        return recorded(frozen, n_vertices)
    _live[frozen.key] = trace
    return trace


def load_or_record(frozen: _core.FrozenGraph, limits: _core.Limits | None = None) -> _core.Trace:
    """The trace of a graph; afterwards the cache holds it, unless the cache is off or cannot be written.

    Args:
        frozen: The graph.
        limits: Refuse to record what is predicted to exceed them.

    Raises:
        TooLargeToFactor: Nobody has recorded the graph, and it exceeds the limits.
    """
    stored = load(frozen.key)
    if stored is not None:
        return stored
    with default_manager().turn("trace", frozen.key):
        # Whoever had the turn before has stored it, unless this is the first.
        return load(frozen.key, counted=False) or _record(frozen, limits)


def _record(frozen: _core.FrozenGraph, limits: _core.Limits | None) -> _core.Trace:
    """Record a graph, if no live trace is of it, and store the trace."""
    start = time.perf_counter()
    trace = _live.get(frozen.key)
    seconds = None
    if trace is None:
        trace = _live[frozen.key] = frozen.record(limits)
        seconds = time.perf_counter() - start
    default_manager().put_trace(
        trace.key,
        trace.to_bytes(),
        metadata={
            "n_vertices": trace.n_vertices,
            "param_length": trace.n_parameters,
            "n_operations": trace.multiply_adds + trace.n_entries + trace.n_edges,
        },
        seconds=seconds,
    )
    return trace


def load(key: str, *, counted: bool = True) -> _core.Trace | None:
    """The stored trace with this content hash, or None. Bytes that are not that trace are deleted.

    ``counted=False`` leaves a miss out of the statistics, for who looks a second time.
    """
    manager = default_manager()
    data = manager.get_trace(key, counted=counted)
    if data is None:
        return None
    live = _live.get(key)
    if live is not None:
        return live
    try:
        trace = _core.Trace.from_bytes(data)
        if trace.key != key:
            raise _core.TraceFormatError(f"the entry of {key} holds the trace {trace.key}")
    except _core.TraceFormatError as error:
        _log.warning("cached trace %s… is unusable and is recorded again: %s", key[:12], error)
        manager.delete("trace", key)
        return None
    _live[key] = trace
    return trace
