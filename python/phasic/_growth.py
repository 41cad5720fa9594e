"""Graphs that go on after they were built: more vertices of a rule, another initial distribution."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from phasic._check import finite_vector, number, position, positive
from phasic._structure import Structure


class Growth(Structure):
    """Changes of a graph that is there; see `phasic.Graph`."""

    def extend(
        self, callback: Callable[..., Any] | None = None, vertex_index: int | None = None, **kwargs: Any
    ) -> None:
        """Explore on from vertices that were added by hand.

        Every vertex from `vertex_index` on is given to the rule, and so is every vertex that comes with it.

        Args:
            callback: The rule, as for `Graph`; default the one that the graph was built with.
            vertex_index: The first vertex to explore; default the first one that the rule has not made.
            **kwargs: Passed to the rule, over those that it was built with.

        Raises:
            ValueError: The graph was not built with a rule for single states, and none is given; or the rule
                returns what it must not.

        Example:
            >>> rule = lambda state: [(state - 1, float(state[0]))] if state[0] else []
            >>> graph = phasic.Graph(rule, ipv=[1])
            >>> _ = graph.find_or_create_vertex([3])
            >>> graph.extend()
            >>> graph.states().ravel().tolist()
            [0, 1, 0, 3, 2]
        """
        rule = self._single_rule if callback is None else callback
        if rule is None:
            raise ValueError(
                "the graph was not built with a callback for single states: give one, extend(callback=...)"
            )
        rule = partial(rule, **kwargs) if kwargs else rule
        index = self._explored_to if vertex_index is None else position("vertex_index", vertex_index)
        index = max(index, 1)
        while index < self.vertices_length():
            vertex = self.vertex_at(index)
            for state, *weights in rule(vertex.state()):
                if not 1 <= len(weights) <= 2:
                    raise ValueError(
                        f"the callback returned {len(weights) + 1} entries for a transition from state "
                        f"{vertex.state().tolist()}: (state, rate), (state, coefficients) or (state, base, "
                        "coefficients) is needed"
                    )
                target = self.find_or_create_vertex(state)
                if len(weights) == 2:
                    vertex.add_edge_parameterized(target, *weights)
                else:
                    vertex.add_edge(target, weights[0])
            index += 1
        self._explored_to = self.vertices_length()

    def set_param_length(self, param_length: int) -> None:
        """Say how many parameters there are, in code of older versions; the coefficients of edges tell it.

        Args:
            param_length: At least 1. Before an edge has coefficients this means nothing.

        Raises:
            ValueError: Edges have another number of coefficients.

        Example:
            >>> graph = phasic.models.birth_death(2)
            >>> graph.set_param_length(2)
        """
        given, own = positive("param_length", param_length), self.param_length()
        if own and given != own:
            raise ValueError(f"param_length is {given}, but edges have {own} coefficients")

    def update_ipv(self, ipv: ArrayLike) -> None:
        """Set the initial probabilities.

        Args:
            ipv: One for each edge out of the starting vertex, in order of insertion.

        Raises:
            ValueError: Their number is another one, one of them is negative or not finite, they exceed 1, or
                an initial probability depends on theta.

        Example:
            >>> graph = phasic.models.hyper_erlang((1, 1), (0.5, 0.5))
            >>> graph.update_parameterized_weights([1.0, 1.0])
            >>> graph.update_ipv([0.25, 0.5])
            >>> graph.defect()
            0.25
        """
        given, edges = finite_vector("ipv", ipv), self.starting_vertex().edges()
        if given.size != len(edges):
            raise ValueError(
                f"ipv has shape {given.shape}, but {len(edges)} edges leave the starting vertex: "
                f"({len(edges)},)"
            )
        if (given < 0).any() or given.sum() > 1 + np.finfo(float).eps * given.size:
            raise ValueError(f"ipv is {given.tolist()}: probabilities are not negative, and sum to at most 1")
        for edge, probability in zip(edges, given, strict=True):
            edge.update_weight(number("ipv", probability))
