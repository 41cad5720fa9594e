"""Initial weights of older code, which count relative to one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from phasic._graph import Graph

#: How far rows of weights may be from multiples of one another, relative.
_PROPORTIONAL = 1e-12


def relative_initial(graph: Graph) -> Graph:
    """The graph with probabilities instead of initial weights that exceed 1 or depend on theta.

    Older code divided initial weights by their sum. That is a constant distribution where they are all
    multiples of one function of theta, as with one edge out of the starting vertex. Where they are not, and
    where constant ones sum to at most 1, the graph is given back as it is: then weights are probabilities.
    """
    edges = graph._builder.edges(0)
    p = graph.param_length()
    rows = np.array([[base, *(row or [0.0] * p)] for _, base, row in edges]).reshape(-1, 1 + p)
    total = rows.sum(axis=0)
    if not np.any(total) or (total[0] <= 1 and not rows[:, 1:].any()):
        return graph
    largest = int(np.argmax(np.abs(total)))
    shares = rows[:, largest] / total[largest]
    if (shares < 0).any() or not np.allclose(
        rows, np.outer(shares, total), rtol=_PROPORTIONAL, atol=_PROPORTIONAL * float(np.abs(rows).max())
    ):
        return graph
    taken = graph.serialize()
    targets = np.array([target for target, _, _ in edges], dtype=np.float64)
    # Coefficients of zero keep the number of parameters.
    zeros = np.zeros((len(targets), p))
    taken["start_edges"] = np.column_stack([targets, shares]) if not p else np.empty((0, 2))
    taken["start_param_edges"] = np.column_stack([targets, shares, zeros]) if p else np.empty((0, 2))
    return type(graph).from_serialized(taken)
