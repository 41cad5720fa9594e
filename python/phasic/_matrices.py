"""Graphs as matrices: an initial distribution and a sub-intensity matrix, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check, _core
from phasic._check import Doubles
from phasic._structure import Structure

#: Spacing of doubles at 1, relative.
_EPSILON = float(np.finfo(np.float64).eps)
#: States of a dense matrix of 8 GiB.
_MOST_STATES = 1 << 15


class MatrixRepresentation(NamedTuple):
    """A phase-type distribution as matrices, as `Graph.as_matrices` gives them; transient vertices alone.

    Attributes:
        ipv: (n,) initial probabilities, in order of creation of the vertices; what they leave of 1 is the
            probability of starting absorbed.
        sim: (n, n) sub-intensity matrix: rates off the diagonal, minus the exit rates on it.
        states: (n, state_length) states of the vertices.
        indices: (n,) positions of the vertices, counted from 1: `graph.vertex_at(indices[i] - 1)`.

    Example:
        >>> graph = phasic.models.mm1k_busy_period(2)
        >>> graph.update_weights([1.0, 3.0])
        >>> ipv, sim, states, indices = graph.as_matrices()
        >>> ipv.tolist(), sim.tolist(), states.tolist()
        ([1.0, 0.0], [[-4.0, 1.0], [3.0, -3.0]], [[1], [2]])
    """

    ipv: Doubles
    sim: Doubles
    states: NDArray[np.int32]
    indices: NDArray[np.int32]


class Entries(NamedTuple):
    """The rates of a graph at its parameters, n transient vertices in order of creation, loops left out.

    Attributes:
        transient: (n,) the vertices.
        ipv: (n,) initial probabilities.
        rows, columns, rates: (m,) transitions between transient vertices, counted as in `transient`; those
            between the same two add up.
        exit_rates: (n,) rates of absorption.
        leaving: (n,) rates out of each vertex, of both kinds.
    """

    transient: NDArray[np.int64]
    ipv: Doubles
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    rates: Doubles
    exit_rates: Doubles
    leaving: Doubles


#: Columns, entries, and the exit rate of a row, or None where it is what the entries leave of 0.
Row = tuple[NDArray[Any], Doubles, float | None]


class Matrices(Structure):
    """Matrices of a graph; see `phasic.Graph`."""

    def _weights(self, theta: ArrayLike | None = None) -> list[list[tuple[int, float]]]:
        """Edges of each vertex as (target, weight at theta), by default the graph's own.

        Raises:
            ValueError: theta is not what it must be, or the graph has none.
        """
        if theta is None:
            checked = self._current_theta()
        else:
            checked = _check.theta_vector(theta, self.param_length())
            _core.defect(self._freeze(), checked)
        return [
            [(to, base + (float(checked @ row) if row else 0.0)) for to, base, row in self._builder.edges(v)]
            for v in range(self.vertices_length())
        ]

    def _entries(self, theta: ArrayLike | None = None) -> Entries:
        edges = self._weights(theta)
        transient = [v for v in range(1, len(edges)) if any(weight for _, weight in edges[v])]
        place = {vertex: i for i, vertex in enumerate(transient)}
        ipv, exit_rates, leaving = np.zeros((3, len(transient)))
        for to, weight in edges[0]:
            if to in place:
                ipv[place[to]] += weight
        inner = []
        for vertex, i in place.items():
            moves = [(to, weight) for to, weight in edges[vertex] if to != vertex and weight]
            inner += [(i, place[to], weight) for to, weight in moves if to in place]
            exit_rates[i] = math.fsum(weight for to, weight in moves if to not in place)
            leaving[i] = math.fsum(weight for _, weight in moves)
        rows = np.array([i for i, _, _ in inner], dtype=np.int64)
        columns = np.array([j for _, j, _ in inner], dtype=np.int64)
        rates = np.array([rate for _, _, rate in inner], dtype=np.float64)
        return Entries(np.array(transient, dtype=np.int64), ipv, rows, columns, rates, exit_rates, leaving)

    def as_matrices(self) -> MatrixRepresentation:
        """The graph at its parameters as dense matrices, of which the largest has n² entries.

        A loop from a vertex to itself is no transition in continuous time, and is left out. `to_scipy` has
        the same as sparse matrices.

        Returns:
            A named tuple `(ipv, sim, states, indices)` of n transient vertices in order of creation, with
            initial probabilities (n,); the sub-intensity matrix (n, n), with rates off the diagonal and minus
            the exit rates on it; states (n, state_length); and positions counted from 1, (n,).

        Raises:
            ValueError: A dense matrix would take more than 8 GiB.

        Example:
            >>> graph = phasic.models.kingman(3)
            >>> graph.update_parameterized_weights([1.0])
            >>> matrices = graph.as_matrices()
            >>> matrices.ipv.tolist(), matrices.sim.tolist()
            ([1.0, 0.0], [[-3.0, 3.0], [0.0, -1.0]])
        """
        entries = self._entries()
        n = entries.ipv.size
        if n > _MOST_STATES:
            size = 8 * n * n / 2**30
            raise ValueError(f"a matrix of {n:,} states takes {size:,.0f} GiB: to_scipy gives a sparse one")
        sim = np.zeros((n, n))
        np.add.at(sim, (entries.rows, entries.columns), entries.rates)
        sim[np.diag_indices(n)] = -entries.leaving
        indices = entries.transient.astype(np.int32)
        return MatrixRepresentation(entries.ipv, sim, self.states()[indices], indices + 1)

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

        Example:
            >>> graph = phasic.Graph.from_matrices([1.0, 0.0], [[-2.0, 2.0], [0.0, -4.0]])
            >>> graph.expectation()  # 1/2 + 1/4
            0.75
        """
        alpha, rates = _check.finite_vector("ipv", ipv), _check.doubles("sim", sim)
        n = alpha.size
        if rates.shape != (n, n):
            raise ValueError(
                f"sim has shape {rates.shape}: it must be square and of the dimension of ipv: ({n}, {n})"
            )
        _check.first("sim", rates, np.isfinite(rates), "finite")
        diagonal = np.eye(n, dtype=bool)
        _check.first("sim", rates, (rates >= 0) | diagonal, "a rate off the diagonal, at least 0")
        return cls._from_rows(alpha, ((np.arange(n), row, None) for row in rates), states)

    @classmethod
    def _from_rows(cls, alpha: Doubles, rows: Iterable[Row], states: ArrayLike | None) -> Self:
        """The graph of initial probabilities, and of the rows of a sub-intensity matrix, checked already."""
        _check.first("ipv", alpha, alpha >= 0, "at least 0")
        n, total = alpha.size, math.fsum(alpha)
        if total > 1 + n * _EPSILON:
            raise ValueError(f"ipv sums to {total}: it must be at most 1")
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
        for i, (vertex, (columns, rates, exit_rate)) in enumerate(zip(vertices, rows, strict=True)):
            for j, rate in zip(columns.tolist(), rates.tolist(), strict=True):
                if j != i and rate:
                    builder.add_edge(vertex, vertices[j], rate)
            if exit_rate is None:
                exit_rate = _exit_rate(i, rates, n * _EPSILON * abs(math.fsum(rates[columns == i])))
            if exit_rate:
                builder.add_edge(vertex, absorbing, exit_rate)
            if not builder.edges(vertex):
                raise ValueError(f"row {i} of sim is 0: a transient state must be left at some rate")
        graph = cls._from_builder(builder)
        graph.validate()
        return graph


def _exit_rate(i: int, rates: Doubles, hidden: float) -> float:
    """What the entries of row i leave of 0, or 0 where rounding hides it."""
    leaving = -math.fsum(rates)
    if leaving < -hidden:
        raise ValueError(f"row {i} of sim sums to {-leaving}: it must be at most 0")
    return leaving if leaving > hidden else 0.0


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
