"""Points of a curve: close where it bends, so that the lines between them look like it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

MOST_POINTS = 1_000
#: Half a pixel of axes of 1,000 pixels, as a share of their width and height.
_HALF_PIXEL = 1 / 2_000
_INTERVALS = 64
#: The first points are also halfway to 0, again and again: there a law may rise or fall at once.
_HALVINGS = 20


def refined(
    curve: Callable[[Doubles], Doubles], end: float, breaks: Doubles | None = None
) -> tuple[Doubles, Doubles]:
    """Points from 0 to an end, (m,), and finite values there, of a curve that is drawn above 0.

    Where it breaks there is a point on either side.

    An interval in whose middle the curve is off the chord by more than half a pixel is halved, and so are
    those beside it, until they are narrower than half a pixel. Of the last round only the worst are halved
    where all would make more than 1,000 points.
    """
    near = end * 0.5 ** np.arange(1, _HALVINGS + 1)
    jumps = np.empty(0) if breaks is None else breaks[(breaks > 0) & (breaks < end)]
    even = np.linspace(0.0, end, _INTERVALS + 1)
    at = np.unique(np.concatenate([even, near, np.nextafter(jumps, 0.0), jumps]))
    values = curve(at)
    tried = np.ones(len(at) - 1, dtype=bool)
    while True:
        left = np.flatnonzero(tried & (np.diff(at) > _HALF_PIXEL * end))
        if not left.size:
            return at, values
        middles = 0.5 * (at[left] + at[left + 1])
        found = curve(middles)
        off = np.abs(found - 0.5 * (values[left] + values[left + 1]))
        bent = np.zeros(len(at) + 1, dtype=bool)
        bent[left + 1] = off > _HALF_PIXEL * max(values.max(), found.max())
        # The middles are computed: all are kept that there is room for.
        kept = np.sort(np.argsort(-off, kind="stable")[: MOST_POINTS - len(at)])
        beside = bent[:-2] | bent[1:-1] | bent[2:]
        halves = np.ones(len(at) - 1, dtype=np.int64)
        halves[left[kept]] = 2
        tried = np.repeat(beside, halves)
        at = np.insert(at, left[kept] + 1, middles[kept])
        values = np.insert(values, left[kept] + 1, found[kept])
        if len(at) >= MOST_POINTS:
            return at, values
