"""Where the discrete chain is, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from phasic import _check
from phasic._check import Doubles
from phasic._structure import Structure


class Steps(Structure):
    """Vertices of the discrete chain after a number of steps; see `phasic.Graph`."""

    def stop_probability_discrete(self, jumps: int) -> Doubles:
        """Probability of being in each vertex after a number of steps of the discrete chain.

        Weights are probabilities as for `pmf_discrete`. A step costs the edges once.

        Args:
            jumps: A whole number ≥ 0; 0 gives the initial probabilities.

        Returns:
            The probabilities, (n_vertices,); 0 at the starting vertex and at absorbing ones.

        Raises:
            ValueError: `jumps` is no whole number ≥ 0, the weights of a vertex exceed 1.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])
            >>> graph.stop_probability_discrete(2).tolist()  # still in phase 1
            [0.0, 0.25, 0.0]
        """
        return self._after(jumps)[0]

    def accumulated_visits(self, jumps: int) -> Doubles:
        """Mean number of times that each vertex is held at the steps 0 to `jumps`, both included.

        `accumulated_visits`, `accumulated_visits_discrete` and `expected_visits_discrete` are the same
        method. Arguments and errors as for `stop_probability_discrete`.

        Returns:
            The means, (n_vertices,); 0 at the starting vertex and at absorbing ones.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])
            >>> graph.accumulated_visits(2).tolist()  # 1 + 1/2 + 1/4
            [0.0, 1.75, 0.0]
        """
        return self._after(jumps)[1]

    accumulated_visits_discrete = accumulated_visits
    expected_visits_discrete = accumulated_visits

    def _after(self, jumps: int) -> tuple[Doubles, Doubles]:
        """Probabilities after a number of steps, and their sum over all steps up to then."""
        count = int(_check.number("jumps", _check.counts("jumps", jumps)))
        chain = Chain(self)
        probability: Doubles = chain.initial
        total: Doubles = probability
        for _ in range(count):
            probability = chain.step(probability)
            total = total + probability
        return probability, total


class Chain:
    """The transitions of a graph's discrete chain between its transient vertices, at its parameters.

    Attributes:
        initial: (n_vertices,) probabilities at step 0, 0 at absorbing vertices.
        absorbed: Probability of starting absorbed.
    """

    def __init__(self, graph: Structure) -> None:
        graph.validate()
        n, theta = graph.vertices_length(), graph._current_theta()
        rows: list[tuple[int, int, float]] = []
        for start in range(n):
            for end, base, row in graph._builder.edges(start):
                rows.append((start, end, base + (float(theta @ row) if row else 0.0)))
        source = np.array([row[0] for row in rows], dtype=np.intp)
        target = np.array([row[1] for row in rows], dtype=np.intp)
        weight = np.array([row[2] for row in rows])
        sums = _summed(source, weight, n)
        inner = np.arange(n) > 0
        if graph._builder.normalized:
            weight = np.where(source > 0, weight / np.where(sums > 0, sums, 1.0)[source], weight)
            staying = np.zeros(n)
        else:
            rounding = 1 + 4 * n * np.finfo(np.float64).eps
            _check.first("sum of weights of vertex", sums, ~inner | (sums <= rounding), "at most 1")
            staying = np.where(inner, np.maximum(0.0, 1.0 - sums), 0.0)
        transient = inner & (sums > 0)
        self._staying = np.where(transient, staying, 0.0)
        kept = transient[target] & (source > 0)
        self._source, self._target, self._weight = source[kept], target[kept], weight[kept]
        first = (source == 0) & transient[target]
        self.initial = _summed(target[first], weight[first], n)
        self.absorbed = max(0.0, 1.0 - float(self.initial.sum()))
        leaving = ~transient[target] & (source > 0)
        self._exit = _summed(source[leaving], weight[leaving], n)

    def step(self, probability: Doubles) -> Doubles:
        """Probabilities one step later."""
        moved = _summed(self._target, probability[self._source] * self._weight, len(probability))
        return moved + self._staying * probability

    def absorbed_by(self, probability: Doubles) -> float:
        """Probability of being absorbed in the next step."""
        return float(probability @ self._exit)


def _summed(index: NDArray[np.intp], values: Doubles, length: int) -> Doubles:
    """(length,): at each index the sum of its values."""
    sums: NDArray[Any] = np.bincount(index, weights=values, minlength=length)
    return sums.astype(np.float64)
