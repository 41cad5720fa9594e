"""Roots of many increasing functions at once, each kept between two ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from phasic._check import Doubles

#: Bisection alone ends within this many halvings of any interval of doubles.
_MOST = 200
#: Widths at which a root is found, relative and absolute.
_WIDTH = 4 * np.finfo(np.float64).eps


def roots(function: Callable[[Doubles, NDArray[np.bool_]], Doubles], low: Doubles, high: Doubles) -> Doubles:
    """Where an increasing `function` crosses 0 between `low` and `high` (m,), to a few units of rounding.

    Entry by entry: `function(x, which)` gets numbers x for the entries `which` (m,), true where wanted.
    By inverse quadratic interpolation where that is safe, otherwise by bisection: Chandrupatla (1997), A new
    hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function without using
    derivatives, Advances in Engineering Software 28, 145–149. All entries share the calls. Infinite values
    will do. An entry that is not below 0 at `low` is found there, and one not above 0 at `high` there.
    """
    a, b, every = low.copy(), high.copy(), np.ones(low.shape, dtype=np.bool_)
    at_a, at_b = np.minimum(function(a, every), 0.0), np.maximum(function(b, every), 0.0)
    c, at_c, t = a, at_a, np.full(a.shape, 0.5)
    for _ in range(_MOST):
        best = np.where(np.abs(at_a) < np.abs(at_b), a, b)
        least = np.minimum(np.abs(at_a), np.abs(at_b))
        width = np.abs(b - a)
        done = (least == 0) | (width <= _WIDTH * np.maximum(np.abs(best), 1.0))
        if done.all():
            break
        x = np.where(done, best, a + t * (b - a))
        at_x = np.where(best == a, at_a, at_b)
        at_x[~done] = function(x[~done], ~done)
        same = np.sign(at_x) == np.sign(at_a)
        c, at_c = np.where(same, a, b), np.where(same, at_a, at_b)
        b, at_b = np.where(same, b, a), np.where(same, at_b, at_a)
        a, at_a = x, at_x
        with np.errstate(all="ignore"):
            t = _step(a, b, c, at_a, at_b, at_c)
    return best


def _step(a: Doubles, b: Doubles, c: Doubles, at_a: Doubles, at_b: Doubles, at_c: Doubles) -> Doubles:
    """Where between a and b to look next, as a share of the way."""
    xi, phi = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
    safe = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
    bent = at_a / (at_b - at_a) * at_c / (at_b - at_c)
    bent = bent + (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
    least = np.minimum(0.5, 0.5 * _WIDTH * np.maximum(np.abs(a), 1.0) / np.abs(b - a))
    found: Doubles = np.clip(np.where(safe & np.isfinite(bent), bent, 0.5), least, 1 - least)
    return found
