"""Graphs as directed graphs of networkx."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check, _core
from phasic._matrices import Matrices
from phasic._optional import absent


class Networks(Matrices):
    """A graph as a `networkx.DiGraph`; see `phasic.Graph`."""

    def to_networkx(self, theta: ArrayLike | None = None) -> Any:
        """The graph as a `networkx.DiGraph`, for its algorithms, drawings and file formats.

        Nodes are the positions of `vertices()`, 0 the starting vertex, with the attributes `state`, a tuple,
        and `absorbing`. Edges have `base` and `coefficients`, a tuple, empty where the weight is constant;
        and `weight`, at theta, if there is one. Edges between the same two vertices are added up. The graph
        has the attribute `start`, which is 0, and, if there is one, `theta`, a tuple.

        Args:
            theta: (param_length,); None: the graph's own, if it has any.

        Returns:
            The `networkx.DiGraph`.

        Raises:
            ImportError: networkx is not there (extra `interchange`).
            ValueError: theta is not what it must be, or this is a discretized graph, whose auxiliary vertices
                share their states.

        Example:
            >>> network = phasic.models.kingman(3).to_networkx(theta=[2.0])
            >>> network.nodes[1]["state"], network.edges[1, 2]["weight"]  # three lineages, 3 pairs at rate 2
            ((3,), 6.0)
        """
        if self.is_discrete:
            raise ValueError("a discretized graph has vertices that share a state: convert its original")
        at = self._theta if theta is None else theta
        known = at is not None or not self.parameterized()
        network = _networkx().DiGraph(start=0)
        if at is not None:
            network.graph["theta"] = tuple(_check.theta_vector(at, self.param_length()).tolist())
        weights = self._weights(at) if known else None
        for index, state in enumerate(self.states().tolist()):
            edges = self._builder.edges(index)
            network.add_node(index, state=tuple(state), absorbing=index > 0 and not edges)
        for source in range(self.vertices_length()):
            for position, (target, base, row) in enumerate(self._builder.edges(source)):
                before = network.get_edge_data(source, target, {"base": 0.0, "coefficients": ()})
                edge = {"base": before["base"] + base, "coefficients": _sum(before["coefficients"], row)}
                if weights is not None:
                    edge["weight"] = before.get("weight", 0.0) + weights[source][position][1]
                network.add_edge(source, target, **edge)
        return network

    @classmethod
    def from_networkx(cls, network: Any, initial: Mapping[Hashable, float] | None = None) -> Self:
        """The graph of a directed graph of networkx.

        Nodes may be anything. A node without edges out is absorbing. The weight of an edge is its attribute
        `base`, and `coefficients` of theta if it has some; an edge without `base` has the constant `weight`.
        Edges of a multigraph add up. Vertices are created in the order of the nodes.

        Args:
            network: A `networkx.DiGraph` or `MultiDiGraph`. The nodes' attributes `state` are the states, all
                different; if none has one, they are `(0,)`, `(1,)`, … in the order of the nodes.
            initial: Probabilities of nodes to start in; default: the edges out of the node that the graph's
                attribute `start` names, which is then the starting vertex.

        Raises:
            ValueError: The network is not directed, has no start, or an attribute is not what it must be;
                node or edge is named.

        Example:
            >>> import networkx
            >>> network = networkx.DiGraph()
            >>> network.add_weighted_edges_from([("ill", "well", 3.0), ("ill", "dead", 1.0)])
            >>> phasic.Graph.from_networkx(network, initial={"ill": 1.0}).expectation()  # 1 / (3 + 1)
            0.25
        """
        if not network.is_directed():
            raise ValueError("the network is not directed: give a DiGraph, in which edges are transitions")
        start = network.graph.get("start") if initial is None else None
        if initial is None and start not in network:
            raise ValueError(
                "the network has no attribute 'start' that names one of its nodes: "
                "pass initial={node: probability}"
            )
        chain = [node for node in network if initial is not None or node != start]
        states = _states(network, chain)
        builder = _core.GraphBuilder(states.shape[1])
        vertex: dict[Hashable, int] = {} if initial is not None else {start: 0}
        named: dict[int, Hashable] = {}
        for node, state in zip(chain, states, strict=True):
            vertex[node] = builder.find_or_create(state)
            if vertex[node] in named:
                raise ValueError(
                    f"node {node!r} has the state {state.tolist()} of node {named[vertex[node]]!r}: "
                    "states must differ"
                )
            named[vertex[node]] = node
        for node, probability in (initial or {}).items():
            if node not in vertex:
                raise ValueError(f"initial names {node!r}, which is no node of the network")
            builder.add_edge(0, vertex[node], _check.number(f"initial[{node!r}]", probability))
        for source, target, edge in network.edges(data=True):
            builder.add_edge(vertex[source], vertex[target], *_weight(source, target, edge))
        graph = cls._from_builder(builder)
        graph.validate()
        if network.graph.get("theta") is not None:
            graph.update_parameterized_weights(network.graph["theta"])
        return graph


def _networkx() -> ModuleType:
    try:
        import networkx
    except ImportError as error:
        raise absent("to_networkx", "networkx") from error
    module: ModuleType = networkx
    return module


def _sum(first: tuple[float, ...], second: list[float]) -> tuple[float, ...]:
    """Coefficients of two edges together; a constant weight has none."""
    if not first or not second:
        return first or tuple(second)
    return tuple(a + b for a, b in zip(first, second, strict=True))


def _states(network: Any, nodes: list[Hashable]) -> Any:
    given = [network.nodes[node].get("state") for node in nodes]
    if all(state is None for state in given):
        return np.arange(len(nodes)).reshape(-1, 1)
    for node, state in zip(nodes, given, strict=True):
        if state is None or np.ndim(state) != 1 or len(state) != len(given[0]):
            raise ValueError(f"node {node!r} has the state {state!r}: all states must have one length")
    return np.asarray(given)


def _weight(source: Hashable, target: Hashable, edge: Mapping[str, Any]) -> tuple[float, Any]:
    """Base and coefficients of an edge."""
    name = f"edge {source!r} → {target!r}"
    given = edge.get("base", edge.get("weight"))
    if given is None:
        raise ValueError(
            f"{name} has no weight: give it the attribute 'weight', or 'base' and 'coefficients'"
        )
    coefficients = edge.get("coefficients", ())
    row = _check.finite_vector(f"the coefficients of {name}", coefficients) if len(coefficients) else None
    return _check.number(f"the weight of {name}", given), row
