"""Distributions that hold a given probability in a given interval, with equal tails outside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_LOG_SHAPE = (-7.0, 35.0)  # exp of these is far narrower and wider than any interval that doubles tell apart
_HALVINGS = 60  # beyond the spacing of doubles


def read_interval(
    low: ArrayLike, high: ArrayLike, probability: float, least: float = -np.inf, most: float = np.inf
) -> tuple[Floats, Floats, float]:
    """Ends of the interval, and the probability of each tail.

    Raises ValueError unless least < low < high < most, all finite, and 0 < probability < 1.
    """
    a, b = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if not (np.all(np.isfinite(a) & np.isfinite(b)) and np.all((least < a) & (a < b) & (b < most))):
        ends = [f"{least:g}", "low", "high", f"{most:g}"]
        need = " < ".join(end for end in ends if "inf" not in end)
        raise ValueError(f"from_interval needs {need}, got low={low!r}, high={high!r}")
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability must lie between 0 and 1, got {probability!r}")
    return a, b, 0.5 * (1.0 - probability)


def gamma_numbers(low: Floats, high: Floats, tail: float) -> tuple[Floats, Floats]:
    """Shape and rate of the Gamma distribution with `tail` below `low` and above `high`.

    The ratio of its two quantiles falls with the shape alone.
    """
    from scipy import special

    def excess(log_shape: Floats) -> Floats:
        shape = np.exp(log_shape)
        with np.errstate(divide="ignore"):
            spread = np.log(special.gammainccinv(shape, tail)) - np.log(special.gammaincinv(shape, tail))
        return np.asarray(spread - np.log(high / low))

    shape = np.exp(_root(excess, *(np.full(low.shape, end) for end in _LOG_SHAPE)))
    return shape, special.gammaincinv(shape, tail) / low


def beta_numbers(low: Floats, high: Floats, tail: float) -> tuple[Floats, Floats]:
    """Both numbers of the Beta distribution with `tail` below `low` and above `high`.

    For each total a + b one mean gives the lower tail; the upper tail then falls with the total.
    """
    from scipy import special

    def mean(total: Floats) -> Floats:
        def below(at: Floats) -> Floats:
            return np.asarray(special.betainc(total * at, total * (1.0 - at), low) - tail)

        return _root(below, np.full(low.shape, 0.0), np.full(low.shape, 1.0))

    def excess(log_total: Floats) -> Floats:
        total = np.exp(log_total)
        at = mean(total)
        return np.asarray(special.betaincc(total * at, total * (1.0 - at), high) - tail)

    total = np.exp(_root(excess, *(np.full(low.shape, end) for end in _LOG_SHAPE)))
    at = mean(total)
    return total * at, total * (1.0 - at)


def _root(falling: Callable[[Floats], Floats], low: Floats, high: Floats) -> Floats:
    """Where a falling function of each entry passes 0, by halving."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        above = falling(middle) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return 0.5 * (low + high)
