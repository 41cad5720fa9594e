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
    tries = []
    for link, (curves, side, size) in enumerate(zip(courses, sides, sizes, strict=True)):
        places = [_beside(curves, share, size, side) for share in (_TRIED if size[0] > 0 else _TRIED[:1])]
        tries.append([(at, lines.within(link, at, size)) for at in places])
    found = [places[0][0] for places in tries]
    shown = [link for link, size in enumerate(sizes) if size[0] > 0]
    for again in range(_PASSES):
        for link in shown:
            size = sizes[link]
            room = size[0] + _APART, size[1] + _APART
            if again:
                boxes.remove(link, found[link], room)
            found[link] = _best(tries[link], size, boxes)
            boxes.add(link, found[link], room)
    return found


def _best(tries: Sequence[tuple[Point, int]], size: Point, boxes: _Near) -> Point:
    """The first of the places, with points of links there, that has least in its way."""
    costs = []
    for at, crossed in tries:
        costs.append(_COVERED * boxes.within(None, at, size) + crossed)
        if not costs[-1]:
            break
    return tries[costs.index(min(costs))][0]


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

    def within(self, owner: int | None, at: Point, size: Point) -> int:
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
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    (p, u), (q, v), (r, w), (s, z) = curves[index]
    return a * p + b * q + c * r + d * s, a * u + b * v + c * w + d * z


def _overlap(p: Point, size: Point, q: Point, other: Point) -> bool:
    return 2 * abs(p[0] - q[0]) < size[0] + other[0] and 2 * abs(p[1] - q[1]) < size[1] + other[1]
