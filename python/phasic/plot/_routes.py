"""The course of links between placed nodes: cubic curves, and where their labels go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from phasic.plot._layout import Layout, Point

#: How far apart the two directions between a pair of nodes run, and how wide a loop is.
_APART = 8.0
_LOOP = 22.0
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
    """The course of each link, in (along, across); labels keep off one another where they can."""
    both = set(links)
    taken = _Taken(label_sizes)
    found = []
    for (source, target), bends, size in zip(links, layout.bends, label_sizes, strict=True):
        shift = 0.0
        if source != target and (target, source) in both:
            shift = _APART if source < target else -_APART
        curves = _curves(layout, source, target, bends, sizes, shift)
        label = _place(curves, size, taken)
        taken.add(label, size)
        found.append(Route(curves, label))
    return found


def _curves(
    layout: Layout, source: int, target: int, bends: Sequence[Point], sizes: Sequence[Point], shift: float
) -> tuple[Cubic, ...]:
    (a, c), (b, d) = layout.centres[source], layout.centres[target]
    half, half_target = sizes[source][0] / 2, sizes[target][0] / 2
    if source == target:
        side = c - sizes[source][1] / 2
        return (((a - 6, side), (a - 14, side - _LOOP), (a + 14, side - _LOOP), (a + 6, side)),)
    way = (layout.layer[target] > layout.layer[source]) - (layout.layer[target] < layout.layer[source])
    if way == 0:
        side = 1 if shift >= 0 else -1
        begin, end = (a + side * half, c), (b + side * half_target, d)
        out = max(begin[0] * side, end[0] * side) * side + side * 2 * _LOOP
        return ((begin, (out, c), (out, d), end),)
    stops = [
        (a + way * half, c + shift),
        *((along, across + shift) for along, across in bends),
        (b - way * half_target, d + shift),
    ]
    curves = []
    for p, q in pairwise(stops):
        reach = (q[0] - p[0]) / 2
        curves.append((p, (p[0] + reach, p[1]), (q[0] - reach, q[1]), q))
    return tuple(curves)


def _place(curves: Sequence[Cubic], size: Point, taken: _Taken) -> Point:
    """The first of the places tried where no label is, else the middle."""
    for share in _TRIED:
        at = _point(curves, share)
        if taken.free(at, size):
            return at
    return _point(curves, _TRIED[0])


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
