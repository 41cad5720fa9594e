"""Block-counting coalescents in the forms that a model can take, for tests and examples of older code.

A state counts lineages by the samples that descend from them; two lineages join at rate 1. New code has
`phasic.models.block_counting`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phasic._graph import Graph
from phasic._rule import with_ipv

_State = NDArray[np.int32]


def coalescent_callback(state: _State) -> list[tuple[_State, float]]:
    """The rule with rates; its initial state is given apart."""
    return list(_joined(state))


def coalescent_callback_parameterized(state: _State) -> list[tuple[_State, list[float]]]:
    """The rule with rates that are multiples of the only parameter."""
    return [(new, [rate]) for new, rate in _joined(state)]


#: The rule for four samples, with the initial distribution as a pair and as a state.
coalescent_callback_with_ipv: Callable[..., Any] = with_ipv([([4, 0, 0, 0], 1)])(coalescent_callback)
coalescent_callback_with_abbr_ipv: Callable[..., Any] = with_ipv([4, 0, 0, 0])(coalescent_callback)


def coalescent_manual_construction(nr_samples: int) -> Graph:
    """The same graph, vertex by vertex."""
    graph = Graph(nr_samples)
    first = graph.find_or_create_vertex([nr_samples] + [0] * (nr_samples - 1))
    graph.starting_vertex().add_edge(first, 1.0)
    index = 1
    while index < graph.vertices_length():
        vertex = graph.vertex_at(index)
        for new, rate in _joined(vertex.state()):
            vertex.add_edge(graph.find_or_create_vertex(new), rate)
        index += 1
    return graph


def bin_coef(n: Any) -> Any:
    """Number of pairs among n, entry by entry."""
    n = np.asarray(n)
    return n * (n - 1) / 2


def _joined(state: _State) -> Iterator[tuple[_State, float]]:
    """States after two lineages joined, with rates."""
    kinds = np.flatnonzero(state)
    for i in kinds:
        for j in kinds[kinds >= i]:
            pairs = state[i] * (state[j] - (i == j)) / (1 + (i == j))
            if pairs > 0:
                new = state.copy()
                new[i] -= 1
                new[j] -= 1
                new[i + j + 1] += 1
                yield new, float(pairs)
