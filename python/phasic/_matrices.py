"""Graphs as matrices: an initial distribution and a sub-intensity matrix, and back."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check, _core
from phasic._check import Doubles
from phasic._structure import Structure

#: Spacing of doubles at 1, relative.
_EPSILON = float(np.finfo(np.float64).eps)


class MatrixRepresentation(NamedTuple):
    """A phase-type distribution as matrices, transient vertices in order of creation.

    Attributes:
        ipv: (n,) initial probabilities; what they leave of 1 is the probability of starting absorbed.
        sim: (n, n) sub-intensity matrix: rates off the diagonal, minus the exit rates on it.
        states: (n, state_length) states of the vertices.
        indices: (n,) positions of the vertices, counted from 1: `graph.vertex_at(indices[i] - 1)`.
    """

    ipv: Doubles
    sim: Doubles
    states: NDArray[np.int32]
    indices: NDArray[np.int32]


class Matrices(Structure):
    """Matrices of a graph; see `phasic.Graph`."""

    def as_matrices(self) -> MatrixRepresentation:
        """The graph at its parameters as dense matrices, of which the largest has n² entries.

        A loop from a vertex to itself is no transition in continuous time, and is left out.

        Raises:
            ValueError: The graph has parameters, and no values for them.
        """
        theta = self._current_theta()
        edges = [
            [(to, base + (float(theta @ row) if row else 0.0)) for to, base, row in self._builder.edges(v)]
            for v in range(self.vertices_length())
        ]
        transient = [v for v in range(1, len(edges)) if any(weight for _, weight in edges[v])]
        place = {vertex: i for i, vertex in enumerate(transient)}
        n = len(transient)
        ipv, sim = np.zeros(n), np.zeros((n, n))
        for to, weight in edges[0]:
            if to in place:
                ipv[place[to]] += weight
        for vertex, i in place.items():
            leaving = [(to, weight) for to, weight in edges[vertex] if to != vertex]
            for to, weight in leaving:
                if to in place:
                    sim[i, place[to]] += weight
            sim[i, i] = -math.fsum(weight for _, weight in leaving)
        indices = np.array(transient, dtype=np.int32)
        return MatrixRepresentation(ipv, sim, self.states()[indices], indices + 1)

    @classmethod
    def from_matrices(cls, ipv: ArrayLike, sim: ArrayLike, states: ArrayLike | None = None) -> Self:
        """The graph of an initial distribution and a sub-intensity matrix.

        The n transient vertices come first, in the order of the matrix, then one absorbing vertex. An exit
        rate so small that the rounding of its row hides it (n times 2e-16 of the diagonal) is taken as 0.

        Args:
            ipv: (n,) probabilities with a sum of at most 1, the rest starting absorbed.
            sim: (n, n): rates ≥ 0 off the diagonal; rows with sums of at most 0.
            states: (n, state_length) whole numbers, all different; default 0 to n − 1.

        Raises:
            ValueError: An argument is not what it must be; the first bad entry is named.
        """
        alpha, rates = _check.finite_vector("ipv", ipv), _check.doubles("sim", sim)
        n = alpha.size
        if rates.shape != (n, n):
            raise ValueError(
                f"sim has shape {rates.shape}: it must be square and of the dimension of ipv: ({n}, {n})"
            )
        _check.first("ipv", alpha, alpha >= 0, "at least 0")
        _check.first("sim", rates, np.isfinite(rates), "finite")
        total = math.fsum(alpha)
        if total > 1 + n * _EPSILON:
            raise ValueError(f"ipv sums to {total}: it must be at most 1")
        off_diagonal = ~np.eye(n, dtype=bool)
        _check.first("sim", rates, (rates >= 0) | ~off_diagonal, "a rate off the diagonal, at least 0")
        places = _states(states, n)
        builder = _core.GraphBuilder(places.shape[1])
        vertices = [builder.find_or_create(state) for state in places]
        if len(set(vertices)) != n:
            first, again = _twice(vertices)
            raise ValueError(f"states[{again}] is the state of states[{first}]: they must differ")
        absorbing = builder.find_or_create(_unused(builder, places))
        for vertex, probability in zip(vertices, alpha, strict=True):
            if probability:
                builder.add_edge(0, vertex, float(probability))
        for i, vertex in enumerate(vertices):
            for j in np.flatnonzero((rates[i] != 0) & off_diagonal[i]):
                builder.add_edge(vertex, vertices[j], float(rates[i, j]))
            leaving = -math.fsum(rates[i])
            hidden = n * _EPSILON * abs(rates[i, i])
            if leaving < -hidden:
                raise ValueError(f"row {i} of sim sums to {-leaving}: it must be at most 0")
            if leaving > hidden:
                builder.add_edge(vertex, absorbing, leaving)
            if not builder.edges(vertex):
                raise ValueError(f"row {i} of sim is 0: a transient state must be left at some rate")
        graph = cls._from_builder(builder)
        graph.validate()
        return graph


def _states(given: ArrayLike | None, n: int) -> NDArray[Any]:
    if given is None:
        return np.arange(n).reshape(n, 1)
    states = np.asarray(given)
    if states.ndim != 2 or len(states) != n or not states.shape[1]:
        raise ValueError(f"states has shape {states.shape}, but a row for each of {n} vertices is needed")
    return states


def _twice(vertices: list[int]) -> tuple[int, int]:
    """The first two positions that hold the same vertex."""
    seen: dict[int, int] = {}
    for i, vertex in enumerate(vertices):
        if vertex in seen:
            return seen[vertex], i
        seen[vertex] = i
    raise AssertionError("all vertices differ")


def _unused(builder: _core.GraphBuilder, states: NDArray[Any]) -> NDArray[Any]:
    """A state for the absorbing vertex: zeros, or the smallest number that repeats in no state."""
    width, value = states.shape[1], 0
    while builder.find(np.full(width, value)) is not None:
        value += 1
    return np.full(width, value)
