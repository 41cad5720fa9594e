"""Where labels of links go: off nodes, other labels and other links, as far as can be."""

from __future__ import annotations

from collections.abc import Sequence

from phasic.plot._layout import Point

Cubic = tuple[Point, Point, Point, Point]

#: Where on its link a label is tried, the middle first.
_TRIED = (0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78, 0.15, 0.85)
#: Of a link, for its direction.
_STEP = 0.01
#: Points of each curve that labels of other links keep off.
_SAMPLES = 12
#: Between labels, so that they do not read as one.
_APART = 3.0
#: The second time, what came later is known.
_PASSES = 2
#: How much worse it is to lie on a label or a node than on a point of a link.
_COVERED = 100


def labels(
    courses: Sequence[Sequence[Cubic]],
    sides: Sequence[int],
    sizes: Sequence[Point],
    nodes: Sequence[tuple[Point, Point]],
) -> list[Point]:
    """The middle of the label of each link, placed one after the other where least is in its way, twice.

    Args:
        courses: The curves of each link.
        sides: Where its label goes: 1 where across turns along, −1 on the other side, 0 on the link.
        sizes: Of each label.
        nodes: Middles and sizes.
    """
    boxes = _Near([*sizes, *(size for _, size in nodes)])
    for centre, size in nodes:
        boxes.add(-1, centre, size)
    lines = _Near(sizes)
    for link, curves in enumerate(courses):
        count = _SAMPLES * len(curves)
        for i in range(1, count):
            lines.add(link, _point(curves, i / count), (0.0, 0.0))
    found: dict[int, Point] = {}
    for _ in range(_PASSES):
        for link, (curves, side, size) in enumerate(zip(courses, sides, sizes, strict=True)):
            room = size[0] + _APART, size[1] + _APART
            if link in found and size[0] > 0:
                boxes.remove(link, found[link], room)
            found[link] = _best(link, curves, side, size, boxes, lines)
            if size[0] > 0:
                boxes.add(link, found[link], room)
    return list(found.values())


def _best(link: int, curves: Sequence[Cubic], side: int, size: Point, boxes: _Near, lines: _Near) -> Point:
    """The first of the places tried that has least in its way."""
    places = [_beside(curves, share, size, side) for share in _TRIED]
    if size[0] <= 0:
        return places[0]
    costs = []
    for at in places:
        costs.append(_COVERED * boxes.within(link, at, size) + lines.within(link, at, size))
        if not costs[-1]:
            return at
    return places[costs.index(min(costs))]


class _Near:
    """Boxes in cells as large as the largest, so that only neighbouring cells are searched."""

    def __init__(self, sizes: Sequence[Point]) -> None:
        wide, high = (max((size[i] for size in sizes), default=0.0) + _APART for i in (0, 1))
        self._cell = wide, high
        self._boxes: dict[tuple[int, int], list[tuple[int, Point, Point]]] = {}

    def _of(self, at: Point) -> tuple[int, int]:
        return int(at[0] // self._cell[0]), int(at[1] // self._cell[1])

    def add(self, owner: int, at: Point, size: Point) -> None:
        self._boxes.setdefault(self._of(at), []).append((owner, at, size))

    def remove(self, owner: int, at: Point, size: Point) -> None:
        self._boxes[self._of(at)].remove((owner, at, size))

    def within(self, owner: int, at: Point, size: Point) -> int:
        """How many boxes of others a box overlaps."""
        i, j = self._of(at)
        around = ((i + k, j + m) for k in (-1, 0, 1) for m in (-1, 0, 1))
        near = (box for cell in around for box in self._boxes.get(cell, ()))
        return sum(whose != owner and _overlap(at, size, *other) for whose, *other in near)


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


def _point(curves: Sequence[Cubic], share: float) -> Point:
    place = share * len(curves)
    index = min(int(place), len(curves) - 1)
    t = place - index
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    along, across = (sum(w * p[i] for w, p in zip(weights, curves[index], strict=True)) for i in (0, 1))
    return along, across


def _overlap(p: Point, size: Point, q: Point, other: Point) -> bool:
    return all(abs(p[i] - q[i]) < (size[i] + other[i]) / 2 for i in (0, 1))
