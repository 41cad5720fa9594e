"""Vertices and edges as users hold them: small views of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic._check import finite_vector, number

if TYPE_CHECKING:
    from phasic._structure import Structure


class Vertex:
    """A vertex of a graph; equal to another if both are the same vertex of the same graph.

    A view of the graph, which holds the numbers: `Graph.find_or_create_vertex`, `Graph.vertices` and
    `Graph.starting_vertex` give one.

    Example:
        >>> graph = phasic.Graph(1)
        >>> works, failed = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
        >>> graph.starting_vertex().add_edge(works, 1.0)
        >>> works.add_edge(failed, 0.5)
        >>> graph.expectation()
        2.0
    """

    __slots__ = ("_graph", "_index")

    def __init__(self, graph: Structure, index: int) -> None:
        self._graph = graph
        self._index = index

    def index(self) -> int:
        """Position in `graph.vertices()`; the starting vertex is 0.

        Example:
            >>> graph = phasic.models.erlang(3)
            >>> graph.starting_vertex().index(), graph.find_vertex([2]).index()
            (0, 2)
        """
        return self._index

    def state(self) -> NDArray[np.int32]:
        """The state, (state_length,) int32; zeros for the starting vertex.

        Example:
            >>> graph = phasic.models.hyper_erlang((1, 2), (0.3, 0.7))
            >>> [vertex.state().tolist() for vertex in graph.vertices()]
            [[0, 0], [1, 1], [2, 1], [0, 0], [2, 2]]
        """
        return self._graph._builder.state(self._index)

    def add_edge(self, to: Vertex, weight: float | ArrayLike) -> None:
        """Add an edge of constant weight: a rate, or from the starting vertex a probability.

        Edges between the same two vertices add up.

        Args:
            to: Where the edge leads.
            weight: A number, or one coefficient for each parameter as for `add_edge_parameterized`. From the
                starting vertex coefficients count as their sum: initial probabilities do not change with
                theta.

        Raises:
            ValueError: The weight is negative or not finite, or `to` is the starting vertex or a vertex of
                another graph; or other edges have another number of coefficients.

        Example:
            >>> graph = phasic.Graph(1)
            >>> works, failed = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
            >>> works.add_edge(failed, 0.25)
            >>> works.add_edge(failed, 0.5)
            >>> works.rate()
            0.75
        """
        if np.ndim(weight):
            if self._index:
                return self.add_edge_parameterized(to, 0.0, weight)
            weight = float(finite_vector("coefficients", weight).sum())
        self._graph._add_edge(self._index, to, number("weight", weight), None)

    ae = add_edge

    def add_edge_parameterized(self, to: Vertex, weight: float, edge_state: ArrayLike) -> None:
        """Add an edge of weight `weight + edge_state · theta`.

        Args:
            to: Where the edge leads.
            weight: The part that does not depend on theta.
            edge_state: One coefficient for each parameter; none for a constant weight.

        Raises:
            ValueError: As for `add_edge`, or other edges have another number of coefficients.

        Example:
            >>> graph = phasic.Graph(1)
            >>> works, failed = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
            >>> graph.starting_vertex().add_edge(works, 1.0)
            >>> works.add_edge_parameterized(failed, 0.5, [2.0])
            >>> graph.update_weights([0.25])
            >>> works.rate()  # 0.5 + 2 · 0.25
            1.0
        """
        coefficients = finite_vector("coefficients", edge_state)
        base = number("weight", weight)
        self._graph._add_edge(self._index, to, base, coefficients if coefficients.size else None)

    def edges(self) -> list[Edge]:
        """The edges out of this vertex, in order of insertion.

        Example:
            >>> graph = phasic.models.repairable_system(2)
            >>> graph.find_vertex([1]).edges()  # the last component fails, or the other one is repaired
            [Edge(2 → 3, 0 + [1.0, 0.0] · theta), Edge(2 → 1, 0 + [0.0, 1.0] · theta)]
        """
        found = self._graph._builder.edges(self._index)
        return [Edge(self._graph, self._index, i, *edge) for i, edge in enumerate(found)]

    def parameterized_edges(self) -> list[Edge]:
        """The edges out of this vertex whose weights depend on theta.

        Example:
            >>> graph = phasic.models.kingman(3)
            >>> graph.starting_vertex().parameterized_edges(), graph.find_vertex([3]).parameterized_edges()
            ([], [Edge(1 → 2, 0 + [3.0] · theta)])
        """
        return [edge for edge in self.edges() if edge.coefficients_length()]

    def edges_length(self) -> int:
        """Number of edges out of this vertex; none leave an absorbing one.

        Example:
            >>> graph = phasic.models.mm1k_busy_period(3)
            >>> [graph.find_vertex([customers]).edges_length() for customers in (0, 1, 3)]
            [0, 2, 1]
        """
        return len(self._graph._builder.edges(self._index))

    def rate(self) -> float:
        """Sum of the weights of the edges out of this vertex, at the graph's theta.

        Example:
            >>> graph = phasic.models.birth_death(5)
            >>> graph.update_weights([1.0, 2.0])
            >>> graph.find_vertex([3]).rate()  # 3 · (1 + 2)
            9.0
        """
        return float(sum(edge.weight() for edge in self.edges()))

    def __getattr__(self, name: str) -> NoReturn:
        from phasic._dropped import refuse

        refuse("phasic.Vertex", name)

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
    """An edge of a graph, as it was inserted; `Vertex.edges` gives them.

    Its weight is `base + coefficients · theta`: a rate, or from the starting vertex a probability.

    Example:
        >>> graph = phasic.models.kingman(3)
        >>> graph.update_weights([2.0])
        >>> edge = graph.find_vertex([3]).edges()[0]
        >>> edge.to(), edge.weight()
        (Vertex(2, state=(2,)), 6.0)
    """

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
        """Where the edge leads.

        Example:
            >>> graph = phasic.models.kingman(4)
            >>> graph.starting_vertex().edges()[0].to()
            Vertex(1, state=(4,))
        """
        return Vertex(self._graph, self._target)

    def base(self) -> float:
        """The part of the weight that does not depend on theta.

        Example:
            >>> graph = phasic.models.hyper_erlang((1, 2), (0.25, 0.75))
            >>> [edge.base() for edge in graph.starting_vertex().edges()]
            [0.25, 0.75]
        """
        return self._base

    def coefficients(self) -> NDArray[np.float64]:
        """One coefficient for each parameter, (param_length,); (0,) for a constant weight.

        Example:
            >>> graph = phasic.models.repairable_system(3)
            >>> graph.find_vertex([3]).edges()[0].coefficients().tolist()  # three may fail
            [3.0, 0.0]
        """
        return self._coefficients

    def edge_state(self, length: int | None = None) -> NDArray[np.float64]:
        """The first `length` coefficients, by default all; `coefficients` under the name of older versions.

        Example:
            >>> edge = phasic.models.repairable_system(3).find_vertex([3]).edges()[0]
            >>> edge.edge_state(1).tolist(), edge.edge_state().tolist()
            ([3.0], [3.0, 0.0])
        """
        return self._coefficients[:length]

    def coefficients_length(self) -> int:
        """Number of coefficients, 0 for a constant weight.

        Example:
            >>> graph = phasic.models.tandem_queue(1, 1)
            >>> start, arrival = graph.vertices()[0].edges()[0], graph.vertices()[1].edges()[0]
            >>> start.coefficients_length(), arrival.coefficients_length()
            (0, 3)
        """
        return self._coefficients.size

    def update_weight(self, weight: float) -> None:
        """Give this edge another constant weight.

        Args:
            weight: At least 0.

        Raises:
            ValueError: The weight is negative or not finite; or the edge's weight depends on theta, which is
                then what to set.

        Example:
            >>> graph = phasic.Graph.from_matrices([1.0], [[-2.0]])
            >>> graph.vertices()[1].edges()[0].update_weight(4.0)
            >>> graph.expectation()
            0.25
        """
        if self._coefficients.size:
            raise ValueError(
                f"the weight of {self!r} depends on theta: set that with graph.update_weights(theta)"
            )
        checked = number("weight", weight)
        self._graph._set_weight(self._source, self._position, checked)
        self._base = checked

    def weight(self) -> float:
        """The weight at the graph's theta.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_weights([0.5])
            >>> graph.find_vertex([1]).edges()[0].weight()
            0.5
        """
        if not self._coefficients.size:
            return self._base
        return self._base + float(self._coefficients @ self._graph._current_theta())

    def __getattr__(self, name: str) -> NoReturn:
        from phasic._dropped import refuse

        refuse("phasic.Edge", name)

    def __repr__(self) -> str:
        weight = f"{self._base:g}"
        if self._coefficients.size:
            weight += f" + {self._coefficients.tolist()} · theta"
        return f"Edge({self._source} → {self._target}, {weight})"
