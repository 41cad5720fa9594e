"""Vertices and edges as users hold them: small views of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic._check import finite_vector, number

if TYPE_CHECKING:
    from phasic._structure import Structure


class Vertex:
    """A vertex of a graph. Equal to another if both are the same vertex of the same graph."""

    __slots__ = ("_graph", "_index")

    def __init__(self, graph: Structure, index: int) -> None:
        self._graph = graph
        self._index = index

    def index(self) -> int:
        """Position in `graph.vertices()`; the starting vertex is 0."""
        return self._index

    def state(self) -> NDArray[np.int32]:
        """The state, (state_length,); zeros for the starting vertex."""
        return self._graph._builder.state(self._index)

    def add_edge(self, to: Vertex, weight: float) -> None:
        """Add an edge of constant weight: a rate, or from the starting vertex a probability.

        Edges between the same two vertices add up.

        Raises:
            ValueError: The weight is negative or not finite, or `to` is the starting vertex or a vertex of
                another graph.
        """
        self._graph._add_edge(self._index, to, number("weight", weight), None)

    ae = add_edge

    def add_edge_parameterized(self, to: Vertex, weight: float, edge_state: ArrayLike) -> None:
        """Add an edge of weight `weight + edge_state · theta`.

        Args:
            to: Where the edge leads.
            weight: The part that does not depend on theta.
            edge_state: One coefficient for each parameter; none for a constant weight.

        Raises:
            ValueError: As for `add_edge`, and if other edges have another number of coefficients.
        """
        coefficients = finite_vector("coefficients", edge_state)
        base = number("weight", weight)
        self._graph._add_edge(self._index, to, base, coefficients if coefficients.size else None)

    def edges(self) -> list[Edge]:
        """The edges out of this vertex, in order of insertion."""
        found = self._graph._builder.edges(self._index)
        return [Edge(self._graph, self._index, i, *edge) for i, edge in enumerate(found)]

    def parameterized_edges(self) -> list[Edge]:
        """The edges out of this vertex whose weights depend on theta."""
        return [edge for edge in self.edges() if edge.coefficients_length()]

    def edges_length(self) -> int:
        """Number of edges out of this vertex."""
        return len(self._graph._builder.edges(self._index))

    def rate(self) -> float:
        """Sum of the weights of the edges out of this vertex, at the graph's theta."""
        return float(sum(edge.weight() for edge in self.edges()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vertex):
            return NotImplemented
        return self._graph is other._graph and self._index == other._index

    def __hash__(self) -> int:
        return hash((id(self._graph), self._index))

    def __repr__(self) -> str:
        if self._index == 0:
            return "Vertex(0, starting)"
        kind = ", auxiliary" if self._graph._builder.is_auxiliary(self._index) else ""
        return f"Vertex({self._index}, state={tuple(self.state().tolist())}{kind})"


class Edge:
    """An edge of a graph, as it was inserted."""

    __slots__ = ("_base", "_coefficients", "_graph", "_position", "_source", "_target")

    def __init__(
        self,
        graph: Structure,
        source: int,
        position: int,
        target: int,
        base: float,
        coefficients: Sequence[float],
    ) -> None:
        self._graph = graph
        self._source = source
        self._position = position
        self._target = target
        self._base = base
        self._coefficients = np.array(coefficients, dtype=np.float64)

    def to(self) -> Vertex:
        """Where the edge leads."""
        return Vertex(self._graph, self._target)

    def base(self) -> float:
        """The part of the weight that does not depend on theta."""
        return self._base

    def coefficients(self) -> NDArray[np.float64]:
        """One coefficient for each parameter; none for a constant weight."""
        return self._coefficients

    def edge_state(self, length: int | None = None) -> NDArray[np.float64]:
        """The first coefficients, by default all of them."""
        return self._coefficients[:length]

    def coefficients_length(self) -> int:
        """Number of coefficients, 0 for a constant weight."""
        return self._coefficients.size

    def update_weight(self, weight: float) -> None:
        """Give this edge another constant weight.

        Raises:
            ValueError: The weight is negative or not finite, or depends on theta, which is then what to set.
        """
        if self._coefficients.size:
            raise ValueError(
                f"the weight of {self!r} depends on theta: set that with graph.update_weights(theta)"
            )
        checked = number("weight", weight)
        self._graph._builder.set_weight(self._source, self._position, checked)
        self._graph._changed()
        self._base = checked

    def weight(self) -> float:
        """The weight at the graph's theta.

        Raises:
            ValueError: The weight depends on theta, and the graph has none yet.
        """
        if not self._coefficients.size:
            return self._base
        return self._base + float(self._coefficients @ self._graph._current_theta())

    def __repr__(self) -> str:
        weight = f"{self._base:g}"
        if self._coefficients.size:
            weight += f" + {self._coefficients.tolist()} · theta"
        return f"Edge({self._source} → {self._target}, {weight})"
