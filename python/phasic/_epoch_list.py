"""The epochs of a chain as users list them, checked, with their graphs and traces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check, _core, _maps, _trace
from phasic._check import Doubles

if TYPE_CHECKING:
    from phasic._graph import Graph


@dataclass(frozen=True, eq=False)
class Epoch:
    """From `start` on, a chain is this graph at this theta: an entry of the list that `Graph.epochs` takes.

    Attributes:
        start: When the epoch begins; it lasts until the next one does, the last one for ever.
        theta: (param_length,); None: the graph's own parameters.
        graph: A `Graph`, or a transition rule to build one from; None: the graph of the epoch before.
        map: What happens to each state as the epoch begins: `map(state)` gets a state of the graph before,
            (state_length,) int32, and returns a state of this epoch's graph, or a list of
            `(state, probability)`. None: every state stays what it is.
        batched: The map gets (k, state_length) states and returns (k, state_length) states, or
            `(source_row, target_states, probabilities)`: (m,), (m, state_length), (m,).

    Example:
        >>> off, on = phasic.Epoch(0.0, theta=[0.0]), phasic.Epoch(1.0, theta=[2.0])
        >>> law = phasic.models.erlang(1).epochs([off, on])
        >>> round(law.expectation(), 9)
        1.5
    """

    start: float
    theta: ArrayLike | None = None
    graph: Graph | Callable[..., Any] | None = None
    map: Callable[..., Any] | None = None
    batched: bool = False


class EpochList:
    """What all layers of `phasic.Epochs` know."""

    def __init__(self, graph: Graph, epochs: Sequence[Any], rtol: float) -> None:
        listed = [_as_epoch(index, given) for index, given in enumerate(epochs)]
        graphs, thetas, entries = [], [], []
        for index, epoch in enumerate(listed):
            before = graph
            graph = _graph_of(graph, epoch.graph)
            with _maps.naming(index):
                theta = graph._current_theta() if epoch.theta is None else _theta(epoch.theta, graph)
            mapped = _maps.between(index, before, graph, epoch.map, batched=epoch.batched)
            graphs.append(graph)
            thetas.append(theta.copy())
            start = _check.number(f"the start of epochs[{index}]", epoch.start)
            entries.append((start, theta, mapped))
        traces = [_recorded(each, last=each is graph) for each in graphs]
        rows = [
            (start, trace, theta, mapped)
            for (start, theta, mapped), trace in zip(entries, traces, strict=True)
        ]
        self._rows, self._rtol = rows, _check.rtol(rtol)
        self._core = _core.Epochs(rows, self._rtol)
        self.graphs = tuple(graphs)
        self.thetas = tuple(thetas)
        self.starts = np.array([entry[0] for entry in entries])
        self._orders = [Order(each) for each in graphs]

    def __len__(self) -> int:
        return len(self.graphs)

    def __repr__(self) -> str:
        return f"Epochs({len(self)} from {self.starts.tolist()})"

    def _one_graph(self) -> bool:
        return all(graph is self.graphs[0] for graph in self.graphs)

    def _rewards(self, rewards: Any) -> list[Doubles] | None:
        if rewards is None:
            return None
        listed = self._listed(rewards, 1)
        found = [(order, _check.reward_vector(each, order.n)) for order, each in listed]
        return [np.ones(order.n) if each is None else each[order.original] for order, each in found]

    def _listed(self, rewards: Any, dimensions: int) -> list[tuple[Order, Any]]:
        """Each epoch's order with its rewards, of this many dimensions."""
        if len(rewards) and np.ndim(rewards[0]) == dimensions:
            if len(rewards) != len(self):
                raise ValueError(f"rewards has entries for {len(rewards)} epochs, but there are {len(self)}")
            return list(zip(self._orders, rewards, strict=True))
        if not self._one_graph():
            raise ValueError("the epochs have different graphs: give a list of rewards, one per epoch")
        return [(order, rewards) for order in self._orders]


class Order:
    """Between the vertices of a graph, as it is now, and those of its trace."""

    def __init__(self, graph: Graph) -> None:
        graph._freeze()
        assert graph._canonical is not None and graph._original is not None
        self.canonical: NDArray[np.uint32] = graph._canonical
        self.original: NDArray[np.uint32] = graph._original
        self.n = len(self.canonical)

    def back(self, values: Doubles) -> Doubles:
        ordered: Doubles = values[self.canonical]
        return ordered


def _as_epoch(index: int, given: Any) -> Epoch:
    if isinstance(given, Epoch):
        return given
    if not isinstance(given, tuple) or len(given) not in (2, 3):
        raise ValueError(
            f"epochs[{index}] is {given!r}: it must be (start, theta), (start, graph), "
            "(start, theta or graph, map) or an Epoch"
        )
    start, what = given[:2]
    mapped = given[2] if len(given) == 3 else None
    if callable(what) or _is_graph(what):
        return Epoch(start, graph=what, map=mapped)
    return Epoch(start, theta=what, map=mapped)


def _is_graph(given: Any) -> bool:
    from phasic._graph import Graph

    return isinstance(given, Graph)


def _graph_of(before: Graph, given: Any) -> Graph:
    if given is None:
        return before
    if _is_graph(given):
        found: Graph = given
        return found
    return type(before)(callback=given)


def _recorded(graph: Graph, *, last: bool) -> _core.Trace:
    """The trace of an epoch's graph: only the last one is solved by elimination."""
    if graph._trace is not None or last:
        return graph._recorded()
    return _trace.unstored(graph._freeze(), graph.vertices_length())


def _theta(given: ArrayLike, graph: Graph) -> Doubles:
    return _check.theta_vector(given, graph.param_length())
