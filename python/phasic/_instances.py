"""A graph with numbers for weights, from a model and theta. This module imports JAX."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check
from phasic._dropped_arguments import refuse_arguments
from phasic._graph import Graph
from phasic._model import Model


def instantiate_from_trace(trace: Model | Graph, params: ArrayLike | None = None, **old: object) -> Graph:
    """The graph of a model with its weights at theta, its vertices numbered 0, 1, … for states.

    For code of older versions: `Graph.update_weights` sets the weights of a graph, `Model` needs no graph.

    Args:
        trace: What `record_elimination_trace` gave; or a graph, whose states are kept.
        params: (p,); None for a graph without parameters.

    Raises:
        ValueError: Theta has another length, or makes a weight negative.

    Example:
        >>> graph = phasic.instantiate_from_trace(phasic.models.kingman(3), [2.0])
        >>> graph.parameterized(), graph.find_vertex([3]).rate()
        (False, 6.0)
    """
    refuse_arguments("instantiate_from_trace", old)
    if isinstance(trace, Graph):
        return _at(trace, params)
    recorded, original = trace.trace(), np.asarray(trace.original)
    source, target, base, coefficients = recorded.edges()
    graph = Graph(1)
    for vertex in range(1, recorded.n_vertices):
        graph.find_or_create_vertex([vertex])
    theta = _check.theta_vector(() if params is None else params, trace.n_parameters)
    weights = base + coefficients @ theta
    _check.first("weights at params", weights, weights >= 0, "at least 0")
    for start, end, weight in zip(original[source], original[target], weights, strict=True):
        graph.vertex_at(int(start)).add_edge(graph.vertex_at(int(end)), float(weight))
    graph._builder.normalized = recorded.normalized
    return graph


def _at(graph: Graph, params: ArrayLike | None) -> Graph:
    """A copy with constant weights."""
    theta = _check.theta_vector(() if params is None else params, graph.param_length())
    taken = graph.serialize()
    for name, sources in (("edges", 1), ("start_edges", 0)):
        rows = taken.pop(f"param_{name}" if sources else "start_param_edges")
        if rows.size:
            ends, weights = rows[:, : 1 + sources], rows[:, 1 + sources] + rows[:, 2 + sources :] @ theta
            taken[name] = np.vstack([taken[name], np.column_stack([ends, weights])])
    taken["param_length"] = 0
    taken.pop("theta", None)
    return Graph.from_serialized(taken)


__all__ = ["instantiate_from_trace"]
