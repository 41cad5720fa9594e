"""Where nodes go: in layers, ordered by barycentres, each near its neighbours and none over another.

The steps are those of Sugiyama, Tagawa & Toda (1981), Methods for visual understanding of hierarchical system
structures, IEEE Trans. SMC 11:109. Coordinates are (along, across): along the layers' order, and across it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from phasic.plot._fold import Fold, fold
from phasic.plot._isotonic import spread
from phasic.plot._tracks import Span, spans, tracks

_SWEEPS = 12
#: More bends than that are not worth their time: links are drawn straight.
_MOST_BENDS = 5_000
#: How much a link pulls its ends to one line: between nodes, a node and a bend, and two bends. Source:
#: Gansner, Koutsofios, North & Vo 1993, A technique for drawing directed graphs, IEEE TSE 19:214.
_STRAIGHT = (1, 2, 8)

Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Centres of nodes; points between the ends of each link; the area of each group.

    Nodes take the sizes that they were given; `extent` is that of all in both directions, from 0 on. `way` is
    1 for a layer after which the next one lies further along, and −1 in a row that goes back.
    """

    layer: list[int]
    way: list[int]
    centres: list[Point]
    bends: list[list[Point]]
    areas: dict[int, tuple[Point, Point]]
    extent: Point


@dataclass(frozen=True)
class Room:
    """The least space between layers and between nodes of a layer, and of rows where pictures are folded.

    `turn` is None where they are not.
    """

    along: float
    across: float
    between: float = 0.0
    turn: float | None = None
    border: float = 0.0


def arrange(
    layer: Sequence[int],
    sizes: Sequence[Point],
    links: Sequence[tuple[int, int]],
    group: Sequence[int | None],
    least: Sequence[Point],
    room: Room,
) -> Layout:
    """Places for nodes of sizes (along, across).

    Args:
        layer: Of each node, from 0.
        sizes: Of each node.
        links: Pairs of nodes.
        group: Of each node, from 0, or None: no other node is in the area of a group.
        least: The least size of the area of each group.
        room: Space between nodes.
    """
    n = len(sizes)
    track = tracks(layer, group, links)
    chains = _chains(layer, links)
    across = [size[1] + room.across for size in sizes] + [room.across / 2] * (sum(map(len, chains)))
    track_of, layer_of = list(track), list(layer)
    neighbours: list[list[int]] = [[] for _ in across]
    for (source, target), chain in zip(links, chains, strict=True):
        step = 1 if layer[target] >= layer[source] else -1
        layer_of += [layer[source] + step * (i + 1) for i in range(len(chain))]
        track_of += _between(track[source], track[target], len(chain))
        stops = [source, *chain, target]
        for u, v in pairwise(stops):
            if u != v:
                neighbours[u].append(v)
                neighbours[v].append(u)
    rows: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for v, place in enumerate(layer_of):
        rows[place].append(v)
    _order(rows, layer_of, track_of, neighbours)
    span = spans(layer, group)
    narrowest = [0.0] * (max(track, default=0) + 1)
    for v, of in enumerate(group):
        if of is not None:
            narrowest[track[v]] = max(narrowest[track[v]], least[of][1])
    bands = _bands(rows, track_of, across, narrowest)
    pulls = [[(u, _STRAIGHT[(v >= n) + (u >= n)]) for u in near] for v, near in enumerate(neighbours)]
    position = _positions(rows, layer_of, track_of, across, pulls, bands)
    ends = _along(rows, sizes, span, least, room.along)
    high = bands[-1][1]
    folded = Fold([0] * len(rows), 0.0, 0.0)
    if room.turn is not None:
        folded = fold(ends, high, list(span.values()), room.between, room.turn, room.border)
    paper = _Paper(ends, high, folded)
    places = [paper.at(at, 0.5 * sum(ends[at]), position[v]) for v, at in enumerate(layer_of)]
    bends = [[places[v] for v in chain] for chain in chains]
    areas = {}
    for v, of in enumerate(group):
        if of is not None and of not in areas:
            first, last = span[of]
            corners = (
                paper.at(first, ends[first][0], bands[track[v]][0]),
                paper.at(last, ends[last][1], bands[track[v]][1]),
            )
            areas[of] = corners
    way = [1 - 2 * (row % 2) for row in folded.row]
    return Layout(list(layer), way, places[:n], bends, areas, paper.extent)


class _Paper:
    """Where points of layers are, once the layers lie in rows."""

    def __init__(self, ends: Sequence[Point], high: float, folded: Fold) -> None:
        self._row, self._step = folded.row, high + folded.between
        self._turn = folded.turn
        count = max(folded.row, default=0) + 1
        first = [folded.row.index(row) for row in range(count)] if ends else []
        self._start = [ends[at][0] for at in first]
        last = [*(at - 1 for at in first[1:]), len(ends) - 1]
        self._length = max((ends[b][1] - ends[a][0] for a, b in zip(first, last, strict=False)), default=0.0)
        self.extent = self._length + 2 * folded.turn, count * self._step - folded.between

    def at(self, layer: int, along: float, across: float) -> Point:
        row = self._row[layer]
        inside = along - self._start[row]
        if row % 2:
            inside = self._length - inside
        return inside + self._turn, across + row * self._step


def _between(first: int, last: int, count: int) -> list[int]:
    """Whole numbers at equal steps between two."""
    return [first + round((last - first) * (i + 1) / (count + 1)) for i in range(count)]


def _chains(layer: Sequence[int], links: Sequence[tuple[int, int]]) -> list[list[int]]:
    """For each link the numbers of its bends, one in each layer that it passes; they follow the nodes'."""
    lengths = [max(abs(layer[t] - layer[s]) - 1, 0) for s, t in links]
    if sum(lengths) > _MOST_BENDS:
        return [[] for _ in links]
    chains, used = [], len(layer)
    for length in lengths:
        chains.append(list(range(used, used + length)))
        used += length
    return chains


def _order(
    rows: list[list[int]], layer: Sequence[int], track: Sequence[int], neighbours: Sequence[Sequence[int]]
) -> None:
    """Sort each layer by track and by the mean place of neighbours in the layer before, to and fro."""
    place = [0.0] * len(layer)
    for row in rows:
        row.sort(key=lambda v: track[v])
        for i, v in enumerate(row):
            place[v] = i / len(row)
    for sweep in range(_SWEEPS):
        step = 1 if sweep % 2 == 0 else -1
        for row in rows[::step]:
            keys = {}
            for v in row:
                before = [place[u] for u in neighbours[v] if (layer[v] - layer[u]) * step > 0]
                keys[v] = track[v], sum(before) / len(before) if before else place[v]
            row.sort(key=keys.__getitem__)
            for i, v in enumerate(row):
                place[v] = i / len(row)


def _bands(
    rows: Sequence[Sequence[int]],
    track: Sequence[int],
    across: Sequence[float],
    least: Sequence[float],
) -> list[tuple[float, float]]:
    """(low, high) of each track: as wide as what its fullest layer needs, one beside the other."""
    widths = list(least)
    for row in rows:
        needed = [0.0] * len(least)
        for v in row:
            needed[track[v]] += across[v]
        widths = [max(a, b) for a, b in zip(widths, needed, strict=True)]
    found, low = [], 0.0
    for width in widths:
        found.append((low, low + width))
        low += width
    return found


def _positions(
    rows: Sequence[Sequence[int]],
    layer: Sequence[int],
    track: Sequence[int],
    across: Sequence[float],
    pulls: Sequence[Sequence[tuple[int, int]]],
    bands: Sequence[tuple[float, float]],
) -> list[float]:
    """Of each node across: as near to the weighted mean of its neighbours as order, gaps and bands allow.

    The last sweep looks back only, so that what follows one node alone is on a line with it.
    """
    position = [0.5 * (bands[at][0] + bands[at][1]) for at in track]
    for sweep in range(_SWEEPS + 1):
        if sweep == _SWEEPS:
            pulls = [[(u, pull) for u, pull in near if layer[u] < layer[v]] for v, near in enumerate(pulls)]
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            for at, (low, high) in enumerate(bands):
                members = [v for v in row if track[v] == at]
                wanted = [
                    sum(position[u] * pull for u, pull in pulls[v]) / sum(pull for _, pull in pulls[v])
                    if pulls[v]
                    else position[v]
                    for v in members
                ]
                widths = [across[v] for v in members]
                for v, value in zip(members, spread(wanted, widths, low, high), strict=True):
                    position[v] = value
    return position


def _along(
    rows: Sequence[Sequence[int]],
    sizes: Sequence[Point],
    span: Mapping[int, Span],
    least: Sequence[Point],
    gap: float,
) -> list[Point]:
    """(start, end) of each layer: as deep as its nodes, and as its groups need for their least sizes."""
    depth = [max((sizes[v][0] for v in row if v < len(sizes)), default=0.0) for row in rows]
    for of, (first, last) in span.items():
        for at in range(first, last + 1):
            depth[at] = max(depth[at], (least[of][0] - gap * (last - first)) / (last - first + 1))
    found: list[Point] = []
    for deep in depth:
        start = found[-1][1] + gap if found else 0.0
        found.append((start, start + deep))
    return found
