"""Where nodes go: in layers, ordered by barycentres, each near its neighbours and none over another.

The steps are those of Sugiyama, Tagawa & Toda (1981), Methods for visual understanding of hierarchical system
structures, IEEE Trans. SMC 11:109. Coordinates are (along, across): along the layers' order, and across it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from phasic.plot._isotonic import spread
from phasic.plot._layers import layers

_SWEEPS = 12
#: More bends than that are not worth their time: links are drawn straight.
_MOST_BENDS = 5_000

Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Centres of nodes; points between the ends of each link; (low, high) across of each lane.

    Nodes take the sizes that they were given; `extent` is that of all in both directions, from 0 on.
    """

    layer: list[int]
    centres: list[Point]
    bends: list[list[Point]]
    lanes: list[tuple[float, float]]
    extent: Point


def arrange(
    sizes: Sequence[Point],
    links: Sequence[tuple[int, int]],
    lane: Sequence[int],
    gap_along: float,
    gap_across: float,
    least: Sequence[float] = (0.0,),
) -> Layout:
    """Places for nodes of sizes (along, across).

    Args:
        sizes: Of each node.
        links: Pairs of nodes.
        lane: Of each node, from 0: lanes lie side by side, and each has a band of its own.
        gap_along, gap_across: The least space between layers and between nodes of a layer.
        least: The least width across of each lane.
    """
    n = len(sizes)
    layer = layers(n, links)
    chains = _chains(layer, links, straight=len(least) > 1)
    across = [size[1] for size in sizes] + [0.0] * (sum(map(len, chains)))
    lane_of = [*lane, *([0] * (len(across) - n))]
    layer_of = list(layer)
    neighbours: list[list[int]] = [[] for _ in across]
    for (source, target), chain in zip(links, chains, strict=True):
        step = 1 if layer[target] >= layer[source] else -1
        layer_of += [layer[source] + step * (i + 1) for i in range(len(chain))]
        stops = [source, *chain, target]
        for u, v in pairwise(stops):
            if u != v:
                neighbours[u].append(v)
                neighbours[v].append(u)
    rows: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for v, place in enumerate(layer_of):
        rows[place].append(v)
    _order(rows, layer_of, lane_of, neighbours)
    lanes = _lanes(rows, lane_of, across, gap_across, least)
    position = _positions(rows, lane_of, across, neighbours, lanes, gap_across)
    along, end = _along(rows, sizes, gap_along)
    places = [(along[place], position[v]) for v, place in enumerate(layer_of)]
    bends = [[places[v] for v in chain] for chain in chains]
    return Layout(layer, places[:n], bends, lanes, (end, lanes[-1][1]))


def _chains(layer: Sequence[int], links: Sequence[tuple[int, int]], *, straight: bool) -> list[list[int]]:
    """For each link the numbers of its bends, one in each layer that it passes; they follow the nodes'."""
    lengths = [max(abs(layer[t] - layer[s]) - 1, 0) for s, t in links]
    if straight or sum(lengths) > _MOST_BENDS:
        return [[] for _ in links]
    chains, used = [], len(layer)
    for length in lengths:
        chains.append(list(range(used, used + length)))
        used += length
    return chains


def _order(
    rows: list[list[int]], layer: Sequence[int], lane: Sequence[int], neighbours: Sequence[Sequence[int]]
) -> None:
    """Sort each layer by lane and by the mean place of neighbours in the layer before, to and fro."""
    place = [0.0] * len(layer)
    for row in rows:
        row.sort(key=lambda v: lane[v])
        for i, v in enumerate(row):
            place[v] = i / len(row)
    for sweep in range(_SWEEPS):
        step = 1 if sweep % 2 == 0 else -1
        for row in rows[::step]:
            keys = {}
            for v in row:
                before = [place[u] for u in neighbours[v] if (layer[v] - layer[u]) * step > 0]
                keys[v] = lane[v], sum(before) / len(before) if before else place[v]
            row.sort(key=keys.__getitem__)
            for i, v in enumerate(row):
                place[v] = i / len(row)


def _lanes(
    rows: Sequence[Sequence[int]],
    lane: Sequence[int],
    across: Sequence[float],
    gap: float,
    least: Sequence[float],
) -> list[tuple[float, float]]:
    """(low, high) of each lane: as wide as what its fullest layer needs, one beside the other."""
    widths = list(least)
    for row in rows:
        needed = [0.0] * len(least)
        for v in row:
            needed[lane[v]] += across[v] + gap
        widths = [max(a, b) for a, b in zip(widths, needed, strict=True)]
    found, low = [], 0.0
    for width in widths:
        found.append((low, low + width))
        low += width + (gap if len(least) > 1 else 0.0)
    return found


def _positions(
    rows: Sequence[Sequence[int]],
    lane: Sequence[int],
    across: Sequence[float],
    neighbours: Sequence[Sequence[int]],
    lanes: Sequence[tuple[float, float]],
    gap: float,
) -> list[float]:
    """Of each node across: as near to the mean of its neighbours as order, gaps and lanes allow."""
    position = [0.5 * (lanes[at][0] + lanes[at][1]) for at in lane]
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            for at, (low, high) in enumerate(lanes):
                members = [v for v in row if lane[v] == at]
                wanted = [
                    sum(position[u] for u in neighbours[v]) / len(neighbours[v])
                    if neighbours[v]
                    else position[v]
                    for v in members
                ]
                widths = [across[v] + gap for v in members]
                for v, value in zip(members, spread(wanted, widths, low, high), strict=True):
                    position[v] = value
    return position


def _along(rows: Sequence[Sequence[int]], sizes: Sequence[Point], gap: float) -> tuple[list[float], float]:
    """The middle of each layer, and where the last one ends."""
    middles: list[float] = []
    end = 0.0
    for row in rows:
        depth = max((sizes[v][0] for v in row if v < len(sizes)), default=0.0)
        start = end + gap if middles else 0.0
        middles.append(start + depth / 2)
        end = start + depth
    return middles, end
