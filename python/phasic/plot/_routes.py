"""The course of links between placed nodes: cubic curves, and where their labels go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from phasic.plot._layout import Layout, Point

#: How far apart the two directions between a pair of nodes run, and how wide a loop is.
_APART = 8.0
_LOOP = 22.0
#: How far links reach out at the end of a row.
TURN = 40.0
#: Of a link, for its direction.
_STEP = 0.01
#: Where on its link a label is tried, the middle first.
_TRIED = (0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78)

Cubic = tuple[Point, Point, Point, Point]


@dataclass(frozen=True)
class Route:
    """Cubic Bézier curves, each beginning where the one before ends, and the middle of the label."""

    curves: tuple[Cubic, ...]
    label: Point


def routes(
    layout: Layout,
    links: Sequence[tuple[int, int]],
    sizes: Sequence[Point],
    label_sizes: Sequence[Point],
) -> list[Route]:
    """The course of each link, in (along, across); labels keep off nodes and one another where they can.

    The two directions between a pair of nodes run beside each other, each with its label on its own side.
    """
    both = set(links)
    taken = _Taken([*sizes, *label_sizes])
    for centre, size in zip(layout.centres, sizes, strict=True):
        taken.add(centre, size)
    found = []
    for (source, target), bends, size in zip(links, layout.bends, label_sizes, strict=True):
        shift = 0.0
        if source != target and (target, source) in both:
            shift = _APART if source < target else -_APART
        curves, side = _course(layout, source, target, bends, sizes, shift)
        label = _place(curves, size, side, taken)
        taken.add(label, size)
        found.append(Route(curves, label))
    return found


def _course(
    layout: Layout, source: int, target: int, bends: Sequence[Point], sizes: Sequence[Point], shift: float
) -> tuple[tuple[Cubic, ...], int]:
    """The curves, and the side of the label: 1 where across turns along, −1 for the other, 0 for on them."""
    own = (shift > 0) - (shift < 0)
    way = (layout.layer[target] > layout.layer[source]) - (layout.layer[target] < layout.layer[source])
    if source == target:
        return (_loop(layout.centres[source], sizes[source]),), 0
    if way:
        return _through(layout, source, target, bends, sizes, shift, way), own * way
    low, high = sorted((layout.centres[source][1], layout.centres[target][1]))
    beside = any(
        layer == layout.layer[source] and low < centre[1] < high
        for layer, centre in zip(layout.layer, layout.centres, strict=True)
    )
    if beside:
        return (_around(layout, source, target, sizes, 1 if shift >= 0 else -1),), 0
    up = 1 if layout.centres[target][1] > layout.centres[source][1] else -1
    (a, c), (b, d) = layout.centres[source], layout.centres[target]
    begin = a + shift, c + up * sizes[source][1] / 2
    end = b + shift, d - up * sizes[target][1] / 2
    third = (end[1] - begin[1]) / 3
    return ((begin, (begin[0], begin[1] + third), (end[0], end[1] - third), end),), -up * (own or 1)


def _loop(centre: Point, size: Point) -> Cubic:
    a, side = centre[0], centre[1] - size[1] / 2
    return (a - 6, side), (a - 14, side - _LOOP), (a + 14, side - _LOOP), (a + 6, side)


def _around(layout: Layout, source: int, target: int, sizes: Sequence[Point], side: int) -> Cubic:
    """Between two nodes of a layer with others between them."""
    (a, c), (b, d) = layout.centres[source], layout.centres[target]
    begin, end = (a + side * sizes[source][0] / 2, c), (b + side * sizes[target][0] / 2, d)
    out = max(begin[0] * side, end[0] * side) * side + side * 2 * _LOOP
    return begin, (out, c), (out, d), end


def _through(
    layout: Layout,
    source: int,
    target: int,
    bends: Sequence[Point],
    sizes: Sequence[Point],
    shift: float,
    way: int,
) -> tuple[Cubic, ...]:
    """From layer to layer; where the row ends, around its end."""
    (a, c), (b, d) = layout.centres[source], layout.centres[target]
    first, last = layout.layer[source], layout.layer[target]
    ways = [way * layout.way[first + way * i] for i in range(len(bends) + 1)] + [way * layout.way[last]]
    points = [(a + ways[0] * sizes[source][0] / 2, c), *bends, (b - ways[-1] * sizes[target][0] / 2, d)]
    # In a row that goes back the two directions change sides, so that they do not cross at its ends.
    stops = [(along, across + shift * to * way) for (along, across), to in zip(points, ways, strict=True)]
    curves = []
    for (p, to), (q, on) in pairwise(zip(stops, ways, strict=True)):
        reach = abs(q[0] - p[0]) / 2 if to == on else TURN
        curves.append((p, (p[0] + to * reach, p[1]), (q[0] - on * reach, q[1]), q))
    return tuple(curves)


def _place(curves: Sequence[Cubic], size: Point, side: int, taken: _Taken) -> Point:
    """The first of the places tried where no label or node is, else the middle."""
    places = [_beside(curves, share, size, side) for share in _TRIED]
    return next((at for at in places if taken.free(at, size)), places[0])


def _beside(curves: Sequence[Cubic], share: float, size: Point, side: int) -> Point:
    """The middle of a label of a size that touches the curve there from a side."""
    along, across = _point(curves, share)
    if not side:
        return along, across
    before, after = _point(curves, share - _STEP), _point(curves, share + _STEP)
    u, v = after[0] - before[0], after[1] - before[1]
    length = (u * u + v * v) ** 0.5 or 1.0
    u, v = -side * v / length, side * u / length
    off = (abs(u) * size[0] + abs(v) * size[1]) / 2 + 1.0
    return along + u * off, across + v * off


class _Taken:
    """Where labels are, in cells as large as the largest, so that only neighbouring cells are searched."""

    def __init__(self, sizes: Sequence[Point]) -> None:
        wide, high = (max((size[i] for size in sizes), default=0.0) for i in (0, 1))
        self._cell = wide or 1.0, high or 1.0
        self._labels: dict[tuple[int, int], list[tuple[Point, Point]]] = {}

    def _of(self, at: Point) -> tuple[int, int]:
        return int(at[0] // self._cell[0]), int(at[1] // self._cell[1])

    def add(self, at: Point, size: Point) -> None:
        self._labels.setdefault(self._of(at), []).append((at, size))

    def free(self, at: Point, size: Point) -> bool:
        i, j = self._of(at)
        around = ((i + k, j + m) for k in (-1, 0, 1) for m in (-1, 0, 1))
        near = (label for cell in around for label in self._labels.get(cell, ()))
        return not any(_overlap(at, size, *other) for other in near)


def _point(curves: Sequence[Cubic], share: float) -> Point:
    place = share * len(curves)
    index = min(int(place), len(curves) - 1)
    t = place - index
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    along, across = (sum(w * p[i] for w, p in zip(weights, curves[index], strict=True)) for i in (0, 1))
    return along, across


def _overlap(p: Point, size: Point, q: Point, other: Point) -> bool:
    return all(abs(p[i] - q[i]) < (size[i] + other[i]) / 2 for i in (0, 1))
