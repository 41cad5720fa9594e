"""Long pictures in several rows: every other row goes back, so that all links between rows are short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: A picture more than this many times as long as it is high is folded.
_STRIP = 8.0
#: Rows are no longer than that, or than `_SHAPE` times the height of all rows.
_PAGE = 680.0
_SHAPE = 2.5


@dataclass(frozen=True)
class Fold:
    """The row of each layer, from 0, and the space between rows and at their ends."""

    row: list[int]
    between: float
    turn: float


def fold(
    layers: Sequence[tuple[float, float]],
    high: float,
    whole: Sequence[tuple[int, int]],
    between: float,
    turn: float,
    border: float,
) -> Fold:
    """Rows for layers, one where the picture is no strip.

    Args:
        layers: (start, end) of each layer along.
        high: Of a row.
        whole: First and last layers that have to be in one row.
        between: Space between rows.
        turn: Space at the ends of rows, where links turn.
        border: Space around the picture.
    """
    length = layers[-1][1] if layers else 0.0
    one = Fold([0] * len(layers), between, 0.0)
    if length + border <= _STRIP * (high + border):
        return one
    breaks = [not any(a < i <= b for a, b in whole) for i in range(len(layers))]
    for count in range(2, len(layers) + 1):
        limit = max(_PAGE, _SHAPE * (count * (high + between) + border))
        rows = _rows(layers, breaks, limit - 2 * turn)
        if max(rows) + 1 <= count:
            # As many rows of about the same length.
            even = _rows(layers, breaks, length / (max(rows) + 1))
            rows = even if max(even) == max(rows) else rows
            return Fold(rows, between, turn) if max(rows) else one
    return one


def _rows(layers: Sequence[tuple[float, float]], breaks: Sequence[bool], limit: float) -> list[int]:
    """The row of each layer: each row takes layers while they fit, and to where it may end."""
    pieces: list[tuple[int, int]] = []
    for i, free in enumerate(breaks):
        if free or not pieces:
            pieces.append((i, i))
        else:
            pieces[-1] = pieces[-1][0], i
    found: list[int] = []
    row, start = 0, 0.0
    for first, last in pieces:
        if found and layers[last][1] - start > limit:
            row += 1
            start = layers[first][0]
        found += [row] * (last - first + 1)
    return found
