"""Weights brought to sum 1."""

from __future__ import annotations

import numpy as np

from phasic._check import Doubles
from phasic._structure import Structure


class Weights(Structure):
    """Weights of edges, and their sums; see `phasic.Graph`."""

    def normalize(self) -> Doubles:
        """Make this its jump chain: the weights out of each vertex sum to 1.

        Constant weights are divided by their sum: those of the starting vertex if they exceed 1 together, for
        up to there they are probabilities, which leave a defect; and those of the others if the graph has no
        parameters. In a graph with parameters the other vertices keep their rates, functions in continuous
        time are those of these rates, and discrete functions divide by the sums at any theta.

        Returns:
            Factors, (n_vertices,), 1 over the sum by which weights were divided and 1 where they were not.
            Taken as rewards they restore the time, for `expectation(factors)` is the mean from before.

        Raises:
            ValueError: The weights out of a vertex have no finite sum.

        Example:
            >>> graph = phasic.Graph.from_matrices([1.0, 0.0], [[-2.0, 2.0], [0.0, -4.0]])
            >>> factors = graph.normalize()
            >>> factors.tolist(), graph.expectation(), graph.expectation(factors)
            ([1.0, 0.5, 0.25, 1.0], 2.0, 0.75)
        """
        factors = np.ones(self.vertices_length())
        first = 0 if sum(base for _, base, _ in self._builder.edges(0)) > 1 else 1
        for vertex in range(first, 1 if self.parameterized() else len(factors)):
            factors[vertex] = self._builder.divide_by_sum(vertex)
        self._builder.normalized = True
        self._changed()
        return factors

    def normalize_discrete(self) -> Doubles:
        """Rewards that count the steps of the discrete chain: ones, (n_vertices,). For code of older
        versions.

        Nothing has to be changed: what the weights of a vertex leave of 1 is the probability of staying.
        New code calls the functions that end in `_discrete` without rewards.

        Example:
            >>> phasic.models.erlang(2).normalize_discrete().tolist()
            [1.0, 1.0, 1.0, 1.0]
        """
        return np.ones(self.vertices_length())
