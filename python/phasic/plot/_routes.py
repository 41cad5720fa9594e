"""The course of links between placed nodes: cubic curves, and where their labels go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from phasic.plot._labels import Cubic, labels
from phasic.plot._layout import Layout, Point

#: How far apart the two directions between a pair of nodes run, and how wide a loop is.
_APART = 8.0
_LOOP = 22.0
#: How far links reach out at the end of a row.
TURN = 40.0


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
    courses, sides = [], []
    for (source, target), bends in zip(links, layout.bends, strict=True):
        shift = 0.0
        if source != target and (target, source) in both:
            shift = _APART if source < target else -_APART
        curves, side = _course(layout, source, target, bends, sizes, shift)
        courses.append(curves)
        sides.append(side)
    nodes = list(zip(layout.centres, sizes, strict=True))
    places = labels(courses, sides, label_sizes, nodes)
    return [Route(curves, label) for curves, label in zip(courses, places, strict=True)]


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
        # The outer of two directions turns further out.
        inside = shift * to * way * (1 if q[1] > p[1] else -1)
        reach = abs(q[0] - p[0]) / 2 if to == on else TURN - inside
        curves.append((p, (p[0] + to * reach, p[1]), (q[0] - on * reach, q[1]), q))
    return tuple(curves)
