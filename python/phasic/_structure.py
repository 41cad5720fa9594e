"""Building a graph: vertices, edges, parameters, and the recorded trace behind them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _core, _progress, _trace
from phasic._check import Doubles, finite_vector, position, positive, theta_vector
from phasic._dropped_arguments import refuse_arguments
from phasic._rule import Initial, with_ipv
from phasic._vertex import Vertex
from phasic._warn import warn
from phasic._weight_rule import WeightRule, product_rule, weighted

#: Vertices of a callback's state space unless `max_states` says otherwise.
MAX_STATES = 10_000_000

#: Arguments of older code that mean nothing: a graph is built anew, and its trace always cached.
_IGNORED = ("graph_cache", "cache_trace", "hierarchical")


class Structure:
    """Vertices and edges of a graph; see `phasic.Graph`."""

    #: The rule for single states that built the graph, and how many vertices it has been given.
    _single_rule: Callable[..., Any] | None
    _explored_to: int

    def __init__(
        self,
        state_length: int | Callable[..., Any] | Structure | None = None,
        callback: Callable[..., Any] | None = None,
        parameterized: bool | None = None,
        *,
        batched: bool = False,
        max_states: int = MAX_STATES,
        progress: bool | None = None,
        ipv: Initial | None = None,
        theta_dim: int | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(state_length, Structure) and callback is None:
            self._adopt_copy(state_length)
            return
        if callable(state_length) and callback is not None and not callable(callback) and ipv is None:
            callback, ipv = None, callback
        if callable(state_length) and callback is None:
            state_length, callback = None, state_length
        if (state_length is None) == (callback is None):
            given = "neither was" if callback is None else "both were"
            raise TypeError(f"Graph needs either state_length or callback, but {given} given")
        if callback is not None and not callable(callback):
            raise TypeError(f"callback is {callback!r}: it must be a function of a state")
        max_states = min(positive("max_states", max_states), sys.maxsize)
        parameters = None if theta_dim is None else positive("theta_dim", theta_dim)
        kwargs = {name: value for name, value in kwargs.items() if name not in _IGNORED}
        rule = None if callback is None else _rule(callback, kwargs, ipv, batched)
        if rule is not None:
            builder = _explored(rule, parameterized, batched, max_states, progress)
        elif ipv is not None:
            raise ValueError("ipv is only used with a callback: give the starting vertex edges instead")
        elif batched:
            raise TypeError("batched=True needs a callback: Graph(callback=..., batched=True)")
        elif kwargs:
            raise TypeError(f"Graph(state_length) takes no argument {next(iter(kwargs))!r}")
        else:
            builder = _core.GraphBuilder(positive("state_length", state_length))
        self._adopt(builder)
        if parameters is not None and self.parameterized() and parameters != self.param_length():
            raise ValueError(f"theta_dim is {parameters}, but edges have {self.param_length()} coefficients")
        if not batched:
            self._single_rule = rule
        self._explored_to = builder.n_vertices

    def _adopt(self, builder: _core.GraphBuilder) -> None:
        self._builder = builder
        #: The graph with its coefficients, while weights are those of a rule.
        self._general: _core.GraphBuilder | None = None
        self._theta: Doubles | None = None
        #: Whether it was said that parameters count as 1.
        self._said_ones = False
        self.is_discrete = False
        self._in_rewards = False  # whether times, or steps, are rewards of another graph
        self._rewards_of_events: NDArray[np.int64] | None = None
        self._outcomes: tuple[list[str], NDArray[np.int64]] | None = None
        self._single_rule = None
        self._explored_to = 0
        self._changed()

    def _adopt_copy(self, other: Structure) -> None:
        self._adopt(other._builder.copy())
        self._general = None if other._general is None else other._general.copy()
        self._theta = other._theta
        self.is_discrete = other.is_discrete
        self._in_rewards = other._in_rewards
        if other._rewards_of_events is not None:
            self._rewards_of_events = other._rewards_of_events.copy()
        self._outcomes = other._outcomes
        self._single_rule, self._explored_to = other._single_rule, other._explored_to

    def _changed(self) -> None:
        self._frozen: _core.FrozenGraph | None = None
        self._canonical: NDArray[np.uint32] | None = None
        self._original: NDArray[np.uint32] | None = None
        self._trace: _core.Trace | None = None

    @classmethod
    def _from_builder(cls, builder: _core.GraphBuilder) -> Self:
        graph = cls.__new__(cls)
        graph._adopt(builder)
        return graph

    # Vertices and edges

    def starting_vertex(self) -> Vertex:
        """Vertex 0, whose edges carry the initial distribution as probabilities.

        Example:
            >>> graph = phasic.models.kingman(4)
            >>> [edge.to().state().tolist() for edge in graph.starting_vertex().edges()]
            [[4]]
        """
        return Vertex(self, 0)

    def find_or_create_vertex(self, state: ArrayLike) -> Vertex:
        """The vertex with this state, created if there is none.

        `find_or_create_vertex` and `focv` are the same method.

        Args:
            state: (state_length,) whole numbers.

        Returns:
            The vertex, a view of the graph.

        Raises:
            ValueError: The state has another length, or an entry that is not a whole number of 32 bits.

        Example:
            >>> graph = phasic.Graph(1)
            >>> busy, idle = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
            >>> graph.starting_vertex().add_edge(busy, 1.0)
            >>> busy.add_edge(idle, 4.0)
            >>> graph.expectation()
            0.25
        """
        before = self._builder.n_vertices
        if self._general is not None and self._builder.find(state) is None:
            self._general_again()
        index = self._builder.find_or_create(state)
        if self._builder.n_vertices != before:
            self._changed()
        return Vertex(self, index)

    focv = find_or_create_vertex

    def create_vertex(self, state: ArrayLike) -> Vertex:
        """A new vertex with this state.

        Args:
            state: (state_length,) whole numbers.

        Returns:
            The vertex, a view of the graph.

        Raises:
            ValueError: As for `find_or_create_vertex`, or a vertex has this state: states name vertices.

        Example:
            >>> graph = phasic.Graph(2)
            >>> graph.create_vertex([3, 0]).index()
            1
            >>> graph.create_vertex([3, 0])
            Traceback (most recent call last):
            ...
            ValueError: a vertex has the state [3, 0] already, ...
        """
        if self.vertex_exists(state):
            raise ValueError(
                f"a vertex has the state {np.asarray(state).tolist()} already, and states name vertices: use "
                "find_or_create_vertex(), or lengthen the states by an entry that tells the two apart"
            )
        return self.find_or_create_vertex(state)

    def find_vertex(self, state: ArrayLike) -> Vertex:
        """The vertex with this state.

        Args:
            state: (state_length,) whole numbers.

        Raises:
            ValueError: As for `find_or_create_vertex`.
            KeyError: There is none; see `vertex_exists`.

        Example:
            >>> graph = phasic.models.tandem_queue(1, 1)
            >>> graph.find_vertex([0, 1]).state().tolist()
            [0, 1]
        """
        index = self._builder.find(state)
        if index is None:
            raise KeyError(f"no vertex has the state {np.asarray(state).tolist()}")
        return Vertex(self, index)

    def vertex_exists(self, state: ArrayLike) -> bool:
        """Whether a vertex has this state.

        Args:
            state: (state_length,) whole numbers.

        Raises:
            ValueError: As for `find_or_create_vertex`.

        Example:
            >>> graph = phasic.models.kingman(4)
            >>> graph.vertex_exists([2]), graph.vertex_exists([5])
            (True, False)
        """
        return self._builder.find(state) is not None

    def vertex_at(self, index: int | None = None, **old: object) -> Vertex:
        """The vertex at a position of `vertices()`.

        Args:
            index: From 0, the starting vertex, to `vertices_length() - 1`.

        Raises:
            IndexError: There is no such position.
            TypeError: The position is not an integer.

        Example:
            >>> phasic.models.kingman(4).vertex_at(2).state().tolist()
            [3]
        """
        refuse_arguments("Graph.vertex_at", old)
        index, length = position("index", index), self._builder.n_vertices
        if not 0 <= index < length:
            raise IndexError(f"vertex {index} does not exist: the graph has {length} vertices")
        return Vertex(self, index)

    def vertices(self) -> list[Vertex]:
        """All vertices in order of creation, the starting vertex first.

        Rewards, and results that have one entry per vertex, are in this order.

        Example:
            >>> [vertex.edges_length() for vertex in phasic.models.kingman(4).vertices()]
            [1, 1, 1, 1, 0]
        """
        return [Vertex(self, index) for index in range(self._builder.n_vertices)]

    def vertices_length(self) -> int:
        """Number of vertices, the starting vertex and absorbing ones included.

        Example:
            >>> phasic.models.kingman(4).vertices_length()  # the start, and 4, 3, 2 or 1 lineages
            5
        """
        return self._builder.n_vertices

    def __len__(self) -> int:
        return self.vertices_length()

    def __iter__(self) -> Iterator[Vertex]:
        return iter(self.vertices())

    def __bool__(self) -> bool:
        return True

    def edges_length(self) -> int:
        """Number of edges as inserted, those of the starting vertex included.

        Example:
            >>> phasic.models.repairable_system(2).edges_length()  # start → 2 ⇄ 1 → 0
            4
        """
        return self._builder.n_edges

    def states(self) -> NDArray[np.int32]:
        """States of all vertices, (n_vertices, state_length) int32; zeros for the starting vertex.

        Its columns, and functions of them, are rewards.

        Example:
            >>> graph = phasic.models.kingman(4)
            >>> graph.states()[:, 0].tolist()
            [0, 4, 3, 2, 1]
        """
        return self._builder.states()

    def state_length(self) -> int:
        """Number of entries of a state.

        Example:
            >>> phasic.models.tandem_queue(2, 3).state_length()
            2
        """
        return self._builder.state_length

    def _add_edge(self, source: int, to: Vertex, base: float, coefficients: Doubles | None) -> None:
        if not isinstance(to, Vertex) or to._graph is not self:
            raise ValueError(f"an edge must lead to a vertex of the same graph, not to {to!r}")
        self._general_again()
        before = self._builder.n_parameters
        self._builder.add_edge(source, to._index, base, coefficients)
        if self._builder.n_parameters != before:
            self._theta = None
        self._changed()

    def _set_weight(self, source: int, position: int, weight: float) -> None:
        self._builder.set_weight(source, position, weight)
        if self._general is not None and not self._general.edges(source)[position][2]:
            self._general.set_weight(source, position, weight)
        self._changed()

    # Parameters

    def param_length(self) -> int:
        """Length of theta, 0 if no edge depends on parameters.

        Example:
            >>> phasic.models.structured_coalescent((2, 2)).param_length()  # a rate of each deme and way
            4
        """
        return self._builder.n_parameters

    def parameterized(self) -> bool:
        """Whether any edge depends on parameters.

        `parameterized` and `is_parameterized` are the same method.

        Example:
            >>> phasic.models.erlang(3).parameterized()
            True
            >>> phasic.Graph.from_matrices([1.0], [[-3.0]]).parameterized()
            False
        """
        return self._builder.n_parameters > 0

    is_parameterized = parameterized

    def update_parameterized_weights(
        self, theta: ArrayLike, callback: WeightRule | None = None, log: bool = False
    ) -> None:
        """Set the parameters at which this graph answers.

        `update_parameterized_weights` and `update_weights` are the same method. Parameters are 1 before.

        With `callback` or `log` weights are no linear functions of theta: then this is a graph of constant
        weights, without parameters, until it gets other ones here.

        Args:
            theta: (param_length,), finite; what each is, and its unit, is what the coefficients of the edges
                say. Of any length for a callback.
            callback: `(theta, coefficients) -> weight` for each edge with coefficients; its base is added.
            log: Weights are the product of all `coefficients * theta`, not the sum.

        Raises:
            ValueError: theta has another length or is not finite, or it makes a weight negative or the
                initial probabilities exceed 1; the graph keeps the parameters that it had.

        Example:
            >>> graph = phasic.models.mm1k_busy_period(1)
            >>> graph.update_parameterized_weights([1.0, 4.0])  # arrivals, services
            >>> graph.expectation()
            0.25
        """
        general = self._builder if self._general is None else self._general
        # A graph that nothing enters yet has no distribution to check.
        entered = bool(general.edges(0))
        if callback is None and not log:
            checked = theta_vector(theta, general.n_parameters).copy()
            if entered:
                _core.defect(self._freeze() if self._general is None else general.freeze(), checked)
            self._general_again()
            self._theta = checked
            return
        rule = product_rule(theta, general.n_parameters) if callback is None else callback
        built = weighted(general, finite_vector("theta", theta), rule)
        if entered:
            _core.defect(built.freeze(), np.empty(0))
        self._builder, self._general, self._theta = built, general, None
        self._changed()

    update_weights = update_parameterized_weights

    def _general_again(self) -> None:
        """Leave the constant weights of a rule, for a change of vertices, edges or theta."""
        if self._general is not None:
            self._builder, self._general = self._general, None
            self._changed()

    def _current_theta(self) -> Doubles:
        if not self.parameterized():
            return np.empty(0)
        if self._theta is None:
            if not self._said_ones:
                self._said_ones = True
                warn(
                    f"this graph has {self.param_length()} parameters and no values for them: all are taken "
                    "as 1, as older versions did; call update_parameterized_weights(theta) first"
                )
            return np.ones(self.param_length())
        return self._theta

    # The frozen graph and its trace

    def validate(self) -> None:
        """Check the graph as every computation does.

        Raises:
            ValueError: No absorbing vertex can be reached from some vertex, or all rates out of it are 0; it
                is named. Or the initial probabilities sum to more than 1, if they do not wait for theta.

        Example:
            >>> graph = phasic.Graph(1)
            >>> left, right = graph.create_vertex([1]), graph.create_vertex([2])
            >>> left.add_edge(right, 1.0)
            >>> right.add_edge(left, 1.0)
            >>> graph.validate()
            Traceback (most recent call last):
            ...
            ValueError: ...
        """
        frozen = self._freeze()
        if self._theta is not None or not self.parameterized():
            _core.defect(frozen, self._current_theta())

    def content_hash(self) -> str:
        """64 hexadecimal digits that name the graph's content.

        Equal for graphs that differ only in the order in which vertices and edges were made or in the sign
        of zeros; theta is not part of it. The cache keeps a trace under this name.

        Raises:
            ValueError: As for `validate`.

        Example:
            >>> graph, other = phasic.models.erlang(2), phasic.models.erlang(2)
            >>> other.update_parameterized_weights([3.0])
            >>> graph.content_hash() == other.content_hash()
            True
        """
        return self._freeze().key

    def is_acyclic(self) -> bool:
        """Whether no state can be visited twice.

        Edges of weight 0 at every theta do not count. It is read off the recorded trace, where the graph is
        complete.

        Example:
            >>> phasic.models.kingman(4).is_acyclic(), phasic.models.repairable_system(2).is_acyclic()
            (True, False)
        """
        try:
            trace = self._recorded()
        except ValueError:
            return self._walked_acyclic()
        source, target, _, _ = trace.edges()
        return trace.n_components == trace.n_transient and not np.any(source == target)

    def _walked_acyclic(self) -> bool:
        """The same for a graph that is not complete, or too large to factor."""
        edges = self._builder.edges
        n = self.vertices_length()
        targets = [[to for to, base, row in edges(v) if base or any(row)] for v in range(n)]
        entries = [0] * n
        for to in chain.from_iterable(targets):
            entries[to] += 1
        # Kahn: take away vertices that nothing leads to; on a cycle none ever is one.
        free = [v for v in range(n) if not entries[v]]
        taken = 0
        while free:
            taken += 1
            for to in targets[free.pop()]:
                entries[to] -= 1
                if not entries[to]:
                    free.append(to)
        return taken == n

    def trace(self) -> _core.Trace:
        """The recorded elimination, from the cache if any process has recorded it before.

        It holds for every theta; see the concept page on elimination.

        Returns:
            A `phasic.Trace`.

        Raises:
            ValueError: As for `validate`.

        Example:
            >>> phasic.models.kingman(20).trace().multiply_adds  # without cycles nothing fills
            0
        """
        self._trace = _trace.load_or_record(self._freeze())
        return self._trace

    def copy(self) -> Self:
        """An independent copy, with the same parameters.

        `copy` and `clone` are the same method, and the module `copy` calls it.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([1.0])
            >>> other = graph.copy()
            >>> other.update_parameterized_weights([2.0])
            >>> graph.expectation(), other.expectation()
            (1.0, 0.5)
        """
        graph = type(self).__new__(type(self))
        graph._adopt_copy(self)
        return graph

    clone = copy
    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()

    def _freeze(self) -> _core.FrozenGraph:
        if self._frozen is None:
            self._frozen = self._builder.freeze()
            self._canonical = self._frozen.canonical()
            self._original = self._frozen.original()
        return self._frozen

    def _recorded(self) -> _core.Trace:
        if self._trace is None:
            self._trace = _trace.recorded(self._freeze(), self._builder.n_vertices)
        return self._trace

    def _absorbing(self, vertex: Vertex) -> int:
        """Canonical index of an absorbing vertex of this graph."""
        if not isinstance(vertex, Vertex):
            raise TypeError(f"vertex must be a vertex of this graph, not {vertex!r}")
        if vertex._graph is not self:
            raise ValueError(f"vertex must be a vertex of the same graph, not {vertex!r} of another")
        frozen = self._freeze()
        assert self._canonical is not None
        index = int(self._canonical[vertex.index()])
        if not frozen.is_absorbing(index):
            raise ValueError(f"{vertex!r} is not absorbing: it has edges out, or is the starting vertex")
        return index

    def _in_canonical_order(self, per_vertex: Doubles | None) -> Doubles | None:
        """Values in order of creation, reordered for the trace."""
        self._freeze()
        return None if per_vertex is None else per_vertex[self._original]

    def _in_creation_order(self, per_vertex: Doubles) -> Doubles:
        """Values from the trace, reordered for the user."""
        self._freeze()
        ordered: Doubles = per_vertex[self._canonical]
        return ordered

    def __repr__(self) -> str:
        theta = "" if self._theta is None else f", theta={self._theta.tolist()}"
        return (
            f"Graph({self.vertices_length()} vertices, {self.edges_length()} edges, "
            f"{self.param_length()} parameters{theta})"
        )


def _rule(
    callback: Callable[..., Any], kwargs: dict[str, Any], ipv: Initial | None, batched: bool
) -> Callable[..., Any]:
    rule = partial(callback, **kwargs) if kwargs else callback
    if ipv is None:
        return rule
    if batched:
        raise TypeError("batched=True takes no ipv: the callback gives the initial states")
    if hasattr(callback, "__ipv__"):
        raise ValueError("ipv is given twice: here, and by @with_ipv on the callback")
    return with_ipv(ipv)(rule)


def _explored(
    rule: Callable[..., Any],
    parameterized: bool | None,
    batched: bool,
    max_states: int,
    progress: bool | None,
) -> _core.GraphBuilder:
    explore = partial(_core.GraphBuilder.explore, rule, parameterized, max_states, batched=batched)
    if not _progress.wanted(progress):
        return explore()
    with _progress.BuildProgress() as report:
        return explore(report=report)
