"""Events laid on a chain, counted by a discrete graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from phasic import _check
from phasic._structure import Structure
from phasic._weight_rule import widened


class Events(Structure):
    """Discrete graphs that count events; see `phasic.Graph`."""

    @property
    def rewards(self) -> NDArray[np.int64]:
        """Rewards that count the events of `discretize`: 1 at auxiliary vertices, (n_vertices,) int64.

        Raises:
            AttributeError: This graph was not made by `discretize`.

        Example:
            >>> mutations = phasic.models.kingman(2).discretize(lambda state: 0.5 * state[0])
            >>> mutations.rewards.tolist()  # start, two lineages, one lineage, a mutation of two
            [0, 0, 0, 1]
        """
        if self._rewards_of_events is None:
            raise AttributeError("only a graph made by discretize() has rewards of its own")
        return self._rewards_of_events

    @overload
    def discretize(
        self, rate: float | Callable[..., Any], skip_existing: bool = ..., **kwargs: Any
    ) -> Self: ...
    @overload
    def discretize(
        self, *, reward_rate: float, skip_states: Sequence[int] = ..., skip_slots: Sequence[int] = ...
    ) -> tuple[Self, NDArray[np.int64]]: ...
    def discretize(
        self,
        rate: float | Callable[..., Any] | None = None,
        skip_existing: bool = False,
        *,
        reward_rate: float | None = None,
        skip_states: Sequence[int] = (),
        skip_slots: Sequence[int] = (),
        **kwargs: Any,
    ) -> Self | tuple[Self, NDArray[np.int64]]:
        """A discrete graph that counts events laid on this one at a rate.

        Every transient vertex gets an auxiliary vertex with the same state, entered at `rate` and left back
        at once. The result is normalized, `is_discrete` is True, and its `rewards` are 1 at auxiliary
        vertices: `pmf_discrete(k, rewards)` is the probability of k events until absorption. With a rate per
        lineage of theta / 2 these are the mutations on a coalescent tree. Ask the graph that it was made
        from about time: functions in continuous time take an auxiliary vertex for a state of rate 1.

        `pmf_marked` has the law of the same counts without auxiliary vertices, for rates that are data; a
        rate here may depend on theta, so that it can be fitted.

        Args:
            rate: A rate per unit of time for every vertex, or `rate(state, **kwargs)`: a rate, or one
                coefficient of theta for each parameter; past those of the graph they are of new parameters.
            skip_existing: Leave vertices that have an auxiliary vertex as they are.
            reward_rate: For code of older versions, instead of `rate`: events by the entries of a state, at
                `reward_rate` times entry j an event of kind j, for every positive entry. The answer is then
                the graph and its rewards, (state_length, n_vertices): row j is 1 at the auxiliary vertices of
                kind j.
            skip_states: With `reward_rate`, indices of vertices on which no events fall.
            skip_slots: With `reward_rate`, entries that have none.
            **kwargs: Passed to `rate`.

        Raises:
            ValueError: The graph is discrete already, or a rate is not a number ≥ 0 or one coefficient for
                each parameter.
            TypeError: Neither or both of `rate` and `reward_rate` are given.

        Example:
            >>> mutations = phasic.models.kingman(2).discretize(lambda state: 0.5 * state[0])
            >>> mutations.update_parameterized_weights([1.0])  # mutate or merge, both at rate 1
            >>> mutations.pmf_discrete([0, 1, 2], mutations.rewards).round(6).tolist()
            [0.5, 0.25, 0.125]
        """
        if self.is_discrete and not skip_existing:
            raise ValueError("this graph is discrete already: discretize the one that it was made from")
        if (rate is None) == (reward_rate is None):
            raise TypeError("discretize needs either rate or reward_rate")
        if reward_rate is not None:
            each = _check.times("reward_rate", reward_rate)
            return self._discretized_by_entry(float(each), set(skip_states), set(skip_slots))
        if skip_states or skip_slots:
            raise TypeError("skip_states and skip_slots go with reward_rate: give a rate of 0 instead")
        builder = self._builder.copy()
        auxiliaries = [builder.is_auxiliary(v) for v in range(builder.n_vertices)]
        for vertex in self._transient():
            state = builder.state(vertex)
            if auxiliaries[vertex] or (skip_existing and builder.find(state, auxiliary=True) is not None):
                continue
            given = rate(state, **kwargs) if callable(rate) else rate
            weight = _check.doubles("rate", given)
            base, coefficients = (float(weight), None) if weight.ndim == 0 else (0.0, weight)
            if self.parameterized() and weight.size > builder.n_parameters:
                builder = widened(builder, weight.size)
            auxiliary = builder.find_or_create(state, auxiliary=True)
            builder.add_edge(vertex, auxiliary, base, coefficients)
            builder.add_edge(auxiliary, vertex, 1.0)
            auxiliaries.append(True)
        return self._from_builder(builder)._counting(np.array(auxiliaries).astype(np.int64), self)

    def _discretized_by_entry(
        self, rate: float, skip_states: set[int], skip_slots: set[int]
    ) -> tuple[Self, NDArray[np.int64]]:
        graph = self._from_builder(self._builder.copy())
        builder, width = graph._builder, self.state_length()
        kinds = [-1] * builder.n_vertices
        for vertex in self._transient():
            state = builder.state(vertex)
            for slot in np.flatnonzero(state > 0).tolist():
                if vertex in skip_states or slot in skip_slots:
                    continue
                # Auxiliary vertices of one state differ in the entry that their events are of.
                own = state if width == 1 else np.array([vertex, slot, *[0] * (width - 2)])
                auxiliary = builder.find_or_create(own, auxiliary=True)
                builder.add_edge(vertex, auxiliary, rate * float(state[slot]))
                builder.add_edge(auxiliary, vertex, 1.0)
                kinds.append(slot)
        rewards = (np.array(kinds) == np.arange(width)[:, None]).astype(np.int64)
        return graph._counting(rewards.sum(axis=0), self), rewards

    def _transient(self) -> list[int]:
        """Indices of the vertices that can be left."""
        edges = self._builder.edges
        return [v for v in range(1, self.vertices_length()) if any(b or any(row) for _, b, row in edges(v))]

    def _counting(self, rewards: NDArray[np.int64], origin: Structure) -> Self:
        """This graph, normalized, as the discrete one whose rewards count events on another."""
        self._builder.normalized = True
        self._changed()
        self._theta = origin._theta if self.param_length() == origin.param_length() else None
        self.is_discrete = True
        self._rewards_of_events = rewards
        return self
