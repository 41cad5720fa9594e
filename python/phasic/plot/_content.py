"""From a graph to its picture: labels, colours, groups, and what stands for many vertices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from phasic.plot import _colours, _weights
from phasic.plot._components import Parts, parts
from phasic.plot._picture import Kind, Link, Node, Picture, Scale

if TYPE_CHECKING:
    from phasic._structure import Structure

State = Any
#: An edge of the graph: source, target, base and coefficients.
_Edge = tuple[int, int, float, tuple[float, ...]]

#: The fewest nodes that a summary can have: the start, what is between, and the absorbing vertices.
FEWEST_NODES = 3


def picture(
    graph: Structure,
    *,
    subgraphfun: Callable[[State], object] | None,
    max_nodes: int,
    nodelabel: Callable[[State], object] | None,
    edgelabel: str | None,
    names: Sequence[str] | None,
    color: ArrayLike | Callable[[State], object] | None,
    rainbow: bool,
) -> Picture:
    """What `Graph.plot` shows of a graph; its arguments are described there."""
    n = graph.vertices_length()
    edges = _edges(graph)
    kinds = _kinds(graph)
    labels = _Labels(graph, nodelabel)
    values = _values(graph, color, kinds)
    notes: tuple[str, ...] = ()
    if n > max_nodes:
        sources = np.array([edge[0] for edge in edges], dtype=np.int64)
        targets = np.array([edge[1] for edge in edges], dtype=np.int64)
        shown = parts(n, sources, targets, kinds, max_nodes)
        notes = (f"{n} vertices shown as {shown.count} nodes, {shown.what} (max_nodes={max_nodes})",)
    else:
        shown = Parts(np.arange(n, dtype=np.int64), n, "vertices")
    members: list[list[int]] = [[] for _ in range(shown.count)]
    for v, part in enumerate(shown.of.tolist()):
        members[part].append(v)
    colours = _Colours([[values[v] for v in part] for part in members])
    grouped = subgraphfun if n <= max_nodes else None
    nodes = tuple(
        _node(labels, kinds, part, colours.fills[i], grouped, graph) for i, part in enumerate(members)
    )
    links = _links(shown, edges, _edge_text(graph, edgelabel, names), rainbow)
    return Picture(nodes, links, colours.scale, colours.key, notes)


def _edges(graph: Structure) -> list[_Edge]:
    """One edge for each pair of vertices: edges between the same two add up."""
    found: list[_Edge] = []
    for source in range(graph.vertices_length()):
        sums: dict[int, tuple[float, tuple[float, ...]]] = {}
        for target, base, row in graph._builder.edges(source):
            if target in sums:
                before, others = sums[target]
                row = [a + b for a, b in zip(others, row, strict=True)] if others and row else [*others, *row]
                base += before
            sums[target] = base, tuple(row)
        found += [(source, target, base, row) for target, (base, row) in sums.items()]
    return found


def _kinds(graph: Structure) -> list[Kind]:
    kinds: list[Kind] = ["start"]
    for v in range(1, graph.vertices_length()):
        kinds.append("transient" if graph._builder.edges(v) else "absorbing")
    return kinds


class _Labels:
    """The text of a vertex."""

    def __init__(self, graph: Structure, nodelabel: Callable[[State], object] | None) -> None:
        self._graph = graph
        self._of = nodelabel

    def label(self, vertex: int) -> str:
        if vertex == 0:
            return "start"
        state = self._graph._builder.state(vertex)
        return ",".join(map(str, state.tolist())) if self._of is None else str(self._of(state))

    def title(self, vertex: int) -> str:
        if vertex == 0:
            return "vertex 0: starting vertex"
        state = ", ".join(map(str, self._graph._builder.state(vertex).tolist()))
        return f"vertex {vertex}: ({state})"


def _node(
    labels: _Labels,
    kinds: Sequence[Kind],
    members: Sequence[int],
    fill: str | None,
    subgraphfun: Callable[[State], object] | None,
    graph: Structure,
) -> Node:
    first = members[0]
    if len(members) == 1:
        group = None
        if subgraphfun is not None and kinds[first] == "transient":
            group = str(subgraphfun(graph._builder.state(first)))
        return Node(labels.label(first), kinds[first], labels.title(first), fill, group)
    title = f"{len(members)} vertices, first {labels.title(first)}"
    kind: Kind = "absorbing" if kinds[first] == "absorbing" else "transient"
    word = "absorbing states" if kind == "absorbing" else "states"
    return Node(f"{len(members)} {word}", kind, title, fill)


def _edge_text(
    graph: Structure, edgelabel: str | None, names: Sequence[str] | None
) -> Callable[[_Edge], str]:
    """The function that writes the label of an edge.

    Raises:
        ValueError: The label is of an unknown sort, or names are not one for each parameter.
    """
    p = graph.param_length()
    chosen = edgelabel
    if chosen == "auto":
        chosen = "formula" if p else "weight"
    if chosen not in ("formula", "weight", None):
        raise ValueError(f"edgelabel is {edgelabel!r}: it must be 'auto', 'formula', 'weight' or None")
    if isinstance(names, str) or (names is not None and len(names) != p):
        raise ValueError(f"names is {names!r}: give one for each of {p} parameters")
    called = [f"θ[{i}]" for i in range(p)] if names is None else [str(name) for name in names]
    if chosen is None:
        return lambda edge: ""
    if chosen == "weight":
        theta = graph._current_theta()
        return lambda edge: _weights.value(edge[2], edge[3], theta)
    return lambda edge: _weights.formula(edge[2], edge[3], called if edge[3] else ())


def _links(
    shown: Parts, edges: Sequence[_Edge], text: Callable[[_Edge], str], rainbow: bool
) -> tuple[Link, ...]:
    """A link for each pair of nodes with edges, and inside a node for several vertices with edges."""
    between: dict[tuple[int, int], list[_Edge]] = {}
    of = shown.of.tolist()
    for edge in edges:
        between.setdefault((of[edge[0]], of[edge[1]]), []).append(edge)
    links = []
    for i, ((source, target), found) in enumerate(between.items()):
        label = text(found[0]) if len(found) == 1 else f"{len(found)} edges"
        colour = _colours.CATEGORIES[i % len(_colours.CATEGORIES)] if rainbow else None
        links.append(Link(source, target, label, colour))
    return tuple(links)


def _values(
    graph: Structure, color: ArrayLike | Callable[[State], object] | None, kinds: Sequence[Kind]
) -> list[float | str | None]:
    """What colours each vertex: a number, a category, or nothing.

    A function is not asked about the starting vertex, which has no state.

    Raises:
        ValueError: There is not one value for each vertex, or numbers and categories are mixed.
    """
    n = graph.vertices_length()
    if color is None:
        return [None] * n
    if callable(color):
        given = [None] + [color(graph._builder.state(v)) for v in range(1, n)]
    else:
        array = np.asarray(color)
        if array.shape != (n,):
            raise ValueError(f"color has shape {array.shape}, but a value for each of {n} vertices is needed")
        given = array.tolist()
    values = [_value(each) for each in given]
    if len({type(each) for each in values if each is not None}) > 1:
        raise ValueError("color gives numbers for some vertices and words for others: give either")
    return values


def _value(given: object) -> float | str | None:
    if given is None or isinstance(given, str):
        return given
    number = float(given)  # type: ignore[arg-type]
    return number if np.isfinite(number) else None


class _Colours:
    """The fill of each node, with the scale or the key that explains it."""

    def __init__(self, values: Sequence[Sequence[float | str | None]]) -> None:
        means = [_common(each) for each in values]
        numbers = [each for each in means if isinstance(each, float)]
        words = list(dict.fromkeys(each for each in means if isinstance(each, str)))
        colour_of = {word: _colours.CATEGORIES[i % len(_colours.CATEGORIES)] for i, word in enumerate(words)}
        self.key = tuple(colour_of.items())
        low, high = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
        self.scale = Scale(low, high, _colours.VIRIDIS) if numbers else None
        self.fills: list[str | None] = []
        for each in means:
            if isinstance(each, float):
                self.fills.append(_colours.at(_share(each, low, high)))
            else:
                self.fills.append(None if each is None else colour_of[each])


def _common(values: Sequence[float | str | None]) -> float | str | None:
    """The mean of numbers, or the word that all share."""
    numbers = [each for each in values if isinstance(each, float)]
    if numbers:
        return sum(each / len(numbers) for each in numbers)
    return values[0] if len(set(values)) == 1 else None


def _share(value: float, low: float, high: float) -> float:
    """Where a value is between two, in [0, 1], also where their difference overflows."""
    return min(max((value / 2 - low / 2) / (high / 2 - low / 2), 0.0), 1.0) if high > low else 0.5
