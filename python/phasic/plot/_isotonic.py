"""Intervals on a line, each as near as can be to where it wants to be."""

from __future__ import annotations

from collections.abc import Sequence


def spread(wanted: Sequence[float], widths: Sequence[float], low: float, high: float) -> list[float]:
    """Middles of intervals that keep their order, do not overlap and lie in [low, high].

    The sum of squares of what each is away from where it wants to be is least: without the ends an isotonic
    regression, solved by pooling adjacent violators, and with them its values clipped (Barlow & Brunk 1972,
    The isotonic regression problem and its dual, JASA 67:140).

    Args:
        wanted: Middles, in order of the intervals.
        widths: Of each interval.
        low, high: With room for all: high − low is at least the sum of widths.
    """
    starts, total = [], 0.0
    for width in widths:
        starts.append(total + width / 2)
        total += width
    # Less the widths before it, every interval may be in the same place: only the order counts.
    pools: list[tuple[float, int]] = []
    for want, start in zip(wanted, starts, strict=True):
        mean, count = want - start, 1
        while pools and pools[-1][0] >= mean:
            other, size = pools.pop()
            mean = (mean * count + other * size) / (count + size)
            count += size
        pools.append((mean, count))
    shifts = [min(max(mean, low), high - total) for mean, count in pools for _ in range(count)]
    return [start + shift for start, shift in zip(starts, shifts, strict=True)]
