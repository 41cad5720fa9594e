"""Graphs whose states hold counts of events too, and the table of their joint probabilities."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from phasic import _check, _core
from phasic._dropped_arguments import refuse_arguments
from phasic._structure import Structure

if TYPE_CHECKING:
    from phasic._state_indexing import StateIndexer

#: All entries of the states of the two vertices beside those of the model: beyond the limits, and the end.
_BEYOND, _END = -2, -1


class JointGraph(Structure):
    """Counts of events as part of the state; see `phasic.Graph`."""

    def joint_prob_graph(
        self,
        base_graph_indexer: StateIndexer | None = None,
        reward_only: Sequence[str] | None = None,
        reward_rates_callback: None = None,
        mutation_rate: float = 1.0,
        reward_limit: int | None = None,
        tot_reward_limit: float = math.inf,
        discrete: bool = True,
    ) -> Self:
        """The graph of states and counts of events, whose `joint_prob_table` is their joint distribution.

        For code of older versions: `pmf_marked` and `table_marked` answer the same without a larger graph.

        While the chain is in a state with s[i] in entry i, events of kind i fall at the rate
        `s[i] · mutation_rate · theta[-1]`: the new graph has one parameter more than this one. Its states
        are those of this graph, followed by the counts. Every way to absorb, with its counts, is a vertex
        left at rate 1, so that `expected_sojourn_time` there is its probability. There are as many
        vertices as states of this graph times counts within the limits.

        Args:
            base_graph_indexer: Names of the entries of a state, in one set of properties. Events are then
                counted by the value of each property, instead of by entry.
            reward_only: The properties, or without an indexer the entries, that count; default all.
            reward_rates_callback: Refused, with what to use instead.
            mutation_rate: A factor of all rates.
            reward_limit: The largest count of one kind.
            tot_reward_limit: The largest sum of all counts.
            discrete: What `is_discrete` shall be.

        Raises:
            ValueError: There is no limit, the graph has no parameters, or the indexer is of other states.

        Example:
            >>> graph = phasic.models.kingman(2).joint_prob_graph(mutation_rate=0.5, reward_limit=2)
            >>> graph.update_parameterized_weights([1.0, 1.0])  # mergers, mutations
            >>> graph.joint_prob_table()["prob"].round(6).tolist()
            [0.5, 0.25, 0.125]
        """
        if reward_rates_callback is not None:
            refuse_arguments("Graph.joint_prob_graph", {"reward_rates_callback": reward_rates_callback})
        if reward_limit is None and tot_reward_limit == math.inf:
            raise ValueError("counts need a limit: give reward_limit or tot_reward_limit")
        if not self.parameterized():
            raise ValueError("joint_prob_graph needs a graph with parameters: give its edges coefficients")
        names, kinds = _kinds(base_graph_indexer, reward_only, self.state_length())
        scale = float(_check.times("mutation_rate", mutation_rate))
        limit = math.inf if reward_limit is None else _check.number("reward_limit", reward_limit)
        total = _check.number("tot_reward_limit", tot_reward_limit)
        states, p = self.states(), self.param_length()
        edges = [self._builder.edges(v) for v in range(len(states))]
        builder = _core.GraphBuilder(states.shape[1] + len(names))
        none = (0,) * len(names)
        waiting: deque[tuple[int, tuple[int, ...]]] = deque()
        known: dict[tuple[int, tuple[int, ...]], int] = {}

        def vertex(base: int, counts: tuple[int, ...]) -> int:
            key = base, counts
            if key not in known:
                known[key] = builder.find_or_create([*states[base], *counts])
                waiting.append(key)
            return known[key]

        def add(source: int, target: int, weight: float, row: Sequence[float]) -> None:
            builder.add_edge(source, target, weight, np.array([*(row or [0.0] * p), 0.0]))

        for target, weight, row in edges[0]:
            add(0, vertex(target, none), weight, row)
        beyond = builder.find_or_create([_BEYOND] * builder.state_length)
        end = builder.find_or_create([_END] * builder.state_length)
        builder.add_edge(beyond, end, 1.0)
        outcomes: list[int] = []
        while waiting:
            base, counts = waiting.popleft()
            here = known[base, counts]
            if not edges[base]:
                builder.add_edge(here, end, 1.0)
                outcomes.append(here)
                continue
            for target, weight, row in edges[base]:
                add(here, vertex(target, counts), weight, row)
            for kind, entry in kinds:
                rate = scale * float(states[base, entry])
                if rate > 0:
                    more = tuple(count + (i == kind) for i, count in enumerate(counts))
                    inside = more[kind] <= limit and sum(more) <= total
                    target = vertex(base, more) if inside else beyond
                    builder.add_edge(here, target, 0.0, np.array([*[0.0] * p, rate]))
        builder.normalized = True
        graph = self._from_builder(builder)
        graph.is_discrete = discrete
        graph._outcomes = names, np.array(sorted(outcomes))
        return graph

    def joint_prob_table(self) -> NDArray[Any]:
        """Joint probabilities of the counts, at the graph's parameters.

        For code of older versions: `table_marked` gives the same of the graph without counts.

        Returns:
            An (outcomes,) array of records, with an integer field for each kind of event, then `prob` and
            `t_vertex_index`, the index of the vertex. `pandas.DataFrame(table)` is the table of older code.
            What the probabilities leave of 1 is that of counts beyond the limits.

        Raises:
            ValueError: This graph was not made by `joint_prob_graph`.

        Example:
            >>> graph = phasic.models.kingman(2).joint_prob_graph(mutation_rate=0.5, reward_limit=1)
            >>> graph.update_parameterized_weights([1.0, 3.0])
            >>> table = graph.joint_prob_table()
            >>> table["entry_0"].tolist(), table["prob"].round(6).tolist()  # 1/4 and 3/4 · 1/4
            ([0, 1], [0.25, 0.1875])
        """
        if self._outcomes is None:
            raise ValueError("joint_prob_table needs a graph that joint_prob_graph() made")
        names, vertices = self._outcomes
        fields = [*((name, np.int64) for name in names), ("prob", np.float64), ("t_vertex_index", np.int64)]
        table = np.zeros(len(vertices), dtype=fields)
        counts = self.states()[vertices][:, -len(names) :]
        for i, name in enumerate(names):
            table[name] = counts[:, i]
        trace, theta = self._recorded(), self._current_theta()
        table["prob"] = self._in_creation_order(trace.residence(theta))[vertices]
        table["t_vertex_index"] = vertices
        return table


def _kinds(
    indexer: StateIndexer | None, only: Sequence[str] | None, width: int
) -> tuple[list[str], list[tuple[int, int]]]:
    """Names of the kinds of events, and pairs of a kind and an entry of the state that has such events."""
    if indexer is None:
        wanted = None if only is None else {str(each) for each in only}
        chosen = [i for i in range(width) if wanted is None or str(i) in wanted]
        return [f"entry_{i}" for i in chosen], list(enumerate(chosen))
    if indexer.state_length != width or len(indexer.property_sets()) != 1:
        raise ValueError(
            f"the indexer is of states with {indexer.state_length} entries in {len(indexer.property_sets())} "
            f"sets, but one set is needed, and the graph's states have {width}"
        )
    (properties,) = indexer.property_sets()
    names: list[str] = []
    kinds: list[tuple[int, int]] = []
    for each in properties.properties:
        if only is not None and each.name not in only:
            continue
        for value in range(each.min_value, each.max_value + 1):
            entries = np.atleast_1d(properties.props_to_index({each.name: value}))
            kinds.extend((len(names), int(entry)) for entry in entries)
            names.append(f"{each.name}_{value}")
    if not names:
        raise ValueError(f"reward_only is {only}: no property is left to count")
    return names, kinds
