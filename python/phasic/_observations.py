"""`Observations`: exact, censored, truncated, grouped and weighted data for likelihoods."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check
from phasic._check import Doubles

#: Lower and upper limits of what could be seen at all.
Truncation = tuple[ArrayLike | None, ArrayLike | None]

_EVERYTHING = (-np.inf, np.inf)


@dataclass(frozen=True, eq=False)
class Observations:
    """What is known of absorption times, or of counts of a discrete chain.

    Made by `exact`, `right`, `left`, `durations`, `interval` and `grouped`, and joined by `+`. Every
    observation may have a weight, the number of times that it was seen, and limits `truncated=(low, high)`:
    it could be seen only because low < T ≤ high, so its likelihood is conditional on that. Bounds are open
    below and closed above, as in `scipy.stats.CensoredData`: right-censored at c means T > c, left-censored
    T ≤ c.

    The log-likelihood is the sum over rows of `weights · log p`. A row with equal bounds is an exact value,
    with its density or probability; another the event lower < T ≤ upper; a condition is a row of negative
    weight.

    Attributes:
        lower: (m,), −inf where T = 0 is included.
        upper: (m,), inf where there is no bound.
        weights: (m,).

    Example:
        >>> stays = phasic.models.erlang(1)
        >>> seen = phasic.Observations.exact([1.0]) + phasic.Observations.right([2.0])
        >>> round(stays.log_likelihood([0.5], seen), 6)  # log(0.5) − 0.5 · 1, and −0.5 · 2
        -2.193147
    """

    lower: Any
    upper: Any
    weights: Any

    @classmethod
    def exact(
        cls, times: ArrayLike, *, weights: ArrayLike | None = None, truncated: Truncation | None = None
    ) -> Observations:
        """Times that were seen.

        Args:
            times: (m,), finite and ≥ 0; whole numbers for a discrete law.
            weights: (m,), finite and ≥ 0; default 1 each.
            truncated: Limits (low, high), each a number, (m,) numbers or None: only low < T ≤ high could be
                seen. Delayed entry at a time is `(entry, None)`.

        Raises:
            ValueError: A number is not what it must be, or a truncation excludes an observation; the first
                is named.

        Example:
            >>> late = phasic.Observations.exact([3.0], truncated=(1.0, None))  # unseen before 1
            >>> round(phasic.models.erlang(1).log_likelihood([0.5], late), 6)  # log(0.5) − 0.5 · (3 − 1)
            -1.693147
        """
        at = _finite("times", times)
        return _conditional(("times", at), at, at, weights, truncated)

    @classmethod
    def right(
        cls, times: ArrayLike, *, weights: ArrayLike | None = None, truncated: Truncation | None = None
    ) -> Observations:
        """Right-censored: T > time, as when a study ends before the event. Arguments as for `exact`.

        Example:
            >>> running = phasic.Observations.right([2.0, 4.0])
            >>> round(phasic.models.erlang(1).log_likelihood([0.5], running), 9)  # −0.5 · (2 + 4)
            -3.0
        """
        at = _finite("times", times)
        return _conditional(("times", at), at, np.full(at.shape, np.inf), weights, truncated)

    @classmethod
    def durations(
        cls,
        times: ArrayLike,
        observed: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        truncated: Truncation | None = None,
    ) -> Observations:
        """Two columns, as survival data often come: exact where the event was observed, else right-censored.

        Args:
            times: (m,), to the event, or to where it was last known not to have happened.
            observed: (m,), True or 1 where the event was observed, False or 0 where not.
            weights, truncated: As for `exact`.

        Raises:
            ValueError: As for `exact`, or `observed` has other entries.

        Example:
            >>> seen = phasic.Observations.durations([1.0, 2.0], [True, False])
            >>> round(phasic.models.erlang(1).log_likelihood([0.5], seen), 6)  # log(0.5) − 0.5 · (1 + 2)
            -2.193147
        """
        at, event = _finite("times", times), np.atleast_1d(np.asarray(observed))
        if event.shape != at.shape:
            raise ValueError(f"observed has shape {event.shape}, but times has shape {at.shape}")
        flags = _check.doubles("observed", event)
        _check.first("observed", flags, (flags == 0) | (flags == 1), "True or False, or 1 or 0")
        upper = np.where(flags == 1, at, np.inf)
        return _conditional(("times", at), at, upper, weights, truncated)

    @classmethod
    def left(
        cls, times: ArrayLike, *, weights: ArrayLike | None = None, truncated: Truncation | None = None
    ) -> Observations:
        """Left-censored: T ≤ time, the atom at 0 included. Arguments as for `exact`.

        Example:
            >>> failed = phasic.Observations.left([2.0])
            >>> round(phasic.models.erlang(1).log_likelihood([0.5], failed), 6)  # log(1 − exp(−1))
            -0.458675
        """
        at = _finite("times", times)
        return _conditional(("times", at), np.full(at.shape, -np.inf), at, weights, truncated)

    @classmethod
    def interval(
        cls,
        lower: ArrayLike,
        upper: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        truncated: Truncation | None = None,
    ) -> Observations:
        """Interval-censored: lower < T ≤ upper.

        Args:
            lower: (m,), ≥ 0; 0 leaves out the atom at 0, −inf takes it in (left-censored).
            upper: (m,), at least the lower bounds; equal ones are exact, inf is right-censored.
            weights, truncated: As for `exact`.

        Raises:
            ValueError: As for `exact`, or lower > upper.

        Example:
            >>> seen = phasic.Observations.interval([1.0], [2.0])  # it worked at 1, and no longer at 2
            >>> round(phasic.models.erlang(1).log_likelihood([1.0], seen), 6)  # log(exp(−1) − exp(−2))
            -1.458675
        """
        low, high = _vector("lower", lower), _vector("upper", upper)
        if low.shape != high.shape:
            raise ValueError(f"upper has shape {high.shape}, but lower has shape {low.shape}")
        _check.first(
            "lower", low, (low >= 0) & np.isfinite(low) | (low == -np.inf), "finite and ≥ 0, or -inf"
        )
        _check.first("upper", high, high >= 0, "at least 0")
        _check.first("upper", high, ~(low > high), "at least the lower bound")
        return _conditional(("lower", low), low, high, weights, truncated)

    @classmethod
    def grouped(
        cls, edges: ArrayLike, counts: ArrayLike, *, truncated: Truncation | None = None
    ) -> Observations:
        """Counts in bins, of which bin i is edges[i] < T ≤ edges[i + 1].

        Args:
            edges: (k + 1,), ascending, ≥ 0; the first may be −inf, to take in T = 0, and the last inf.
            counts: (k,), finite and ≥ 0.
            truncated: As for `exact`; for a histogram of what fell between its edges `(edges[0], edges[-1])`.

        Raises:
            ValueError: As for `exact`, or edges are not ascending.

        Example:
            >>> table = phasic.Observations.grouped([0.0, 1.0, 2.0], [3, 1])
            >>> value = phasic.models.erlang(1).log_likelihood([np.log(2)], table)
            >>> round(float(value / np.log(2)), 9)  # three times probability 1/2, and once 1/4
            -5.0
        """
        at, seen = _vector("edges", edges), _vector("counts", counts)
        if at.size != seen.size + 1:
            raise ValueError(
                f"edges has shape {at.shape}, but {seen.size} counts need ({seen.size + 1},): one edge more"
            )
        _check.first("edges", at, (at >= 0) | (at == -np.inf), "at least 0, or -inf")
        ascending = np.concatenate([[True], at[1:] > at[:-1]])
        _check.first("edges", at, ascending, "above the edge before it")
        return cls.interval(
            at[:-1], at[1:], weights=_multiplicities(seen, seen.shape, "counts"), truncated=truncated
        )

    @classmethod
    def of(cls, data: Any, weights: ArrayLike | None = None, *, name: str = "data") -> Observations:
        """Data in any form: `Observations`, `scipy.stats.CensoredData`, or (m,) exact values.

        Args:
            data: The data.
            weights: (m,) multiplicities of exact values; default 1 each.
            name: What an error calls the data.

        Raises:
            ValueError: Data of no known form, none at all, or weights beside `Observations`, which have
                their own.

        Example:
            >>> from scipy.stats import CensoredData
            >>> phasic.Observations.of(CensoredData([0.4, 0.9], right=[6.0]))
            Observations(3 rows: 2 exact, 1 right-censored; total weight 3)
        """
        if isinstance(data, Observations):
            if weights is not None:
                raise ValueError(f"weights belong into {name}: Observations.exact(times, weights=weights)")
            if not np.size(data.weights):
                raise ValueError(f"{name} is empty: at least one observation is needed")
            return data
        censored = _from_scipy(data)
        if censored is not None:
            return cls.of(censored, weights, name=name)
        return cls.exact(_exact_values(name, data), weights=weights)

    def __add__(self, other: Observations) -> Observations:
        """All observations of both."""
        if not isinstance(other, Observations):
            return NotImplemented
        pairs = ((self.lower, other.lower), (self.upper, other.upper), (self.weights, other.weights))
        return Observations(*(np.concatenate(pair) for pair in pairs))

    def __repr__(self) -> str:
        lower, upper, weights = (np.asarray(each) for each in (self.lower, self.upper, self.weights))
        exact, left, right = lower == upper, np.isneginf(lower), np.isposinf(upper)
        kinds = {
            "exact": exact,
            "right-censored": right & ~left,
            "left-censored": left,
            "between bounds": ~(exact | left | right),
        }
        counted = ((int(np.sum(kind & (weights >= 0))), name) for name, kind in kinds.items())
        told = [f"{count} {name}" for count, name in counted if count]
        told += [f"{count} conditions"] if (count := int(np.sum(weights < 0))) else []
        total = self._seen()[1].sum()
        return f"Observations({weights.size} rows: {', '.join(told)}; total weight {total:g})"

    def _seen(self) -> tuple[Doubles, Doubles]:
        """A value near each observation (the middle of its bounds, or its only one), and its weight."""
        seen = np.asarray(self.weights) > 0
        low, high = np.maximum(np.asarray(self.lower)[seen], 0.0), np.asarray(self.upper)[seen]
        middle = np.where(np.isfinite(high), 0.5 * (low + np.where(np.isfinite(high), high, 0.0)), low)
        return middle, np.asarray(self.weights)[seen]

    def _must_be_whole(self, name: str) -> None:
        """Raise unless all bounds are whole numbers, for a discrete law."""
        for bound in (np.asarray(self.lower), np.asarray(self.upper)):
            whole = ~np.isfinite(bound) | (bound == np.floor(bound))
            _check.first(name, bound, whole, "a whole number, at least 0")

    def _must_survive(self, dtype: Any) -> None:
        """Raise if bounds that differ are one number in a narrower type."""
        low, high = np.asarray(self.lower), np.asarray(self.upper)
        lost = (low < high) & (low.astype(dtype) == high.astype(dtype))
        if lost.any():
            i = int(np.argmax(lost))
            raise ValueError(
                f"the bounds {low[i]} and {high[i]} are one number in {np.dtype(dtype).name}: call "
                'jax.config.update("jax_enable_x64", True) before the first use of JAX'
            )


def _conditional(
    named: tuple[str, Doubles],
    lower: Doubles,
    upper: Doubles,
    weights: ArrayLike | None,
    truncated: Truncation | None,
) -> Observations:
    """Observations and, as rows of negative weight, the probability that they could be seen."""
    counts = np.ones(lower.shape) if weights is None else _multiplicities(weights, lower.shape)
    low, high = _limits(truncated, lower.shape)
    if (np.isneginf(low) & np.isposinf(high)).all():
        return Observations(lower.copy(), upper.copy(), counts)
    exact = lower == upper
    # What an open end leaves out of the limits was not possible; a closed end must lie within them.
    inside = np.where(exact, (low < lower) & (upper <= high), (lower < high) & (upper > low))
    inside &= (np.isneginf(lower) | (lower >= low)) & (np.isposinf(upper) | (upper <= high))
    if not inside.all():
        i = int(np.argmin(inside))
        name, values = named
        raise ValueError(
            f"{name}[{i}] is {values[i]}: its truncation, {low[i]} < T ≤ {high[i]}, excludes the observation"
        )
    limits, which = np.unique(np.stack([low, high]), axis=1, return_inverse=True)
    totals = np.bincount(which.ravel(), weights=counts, minlength=limits.shape[1])
    open_below, open_above = ~exact & np.isneginf(lower), ~exact & np.isposinf(upper)
    return Observations(
        np.concatenate([np.where(open_below, low, lower), limits[0]]),
        np.concatenate([np.where(open_above, high, upper), limits[1]]),
        np.concatenate([counts, -totals]),
    )


def _limits(truncated: Truncation | None, shape: tuple[int, ...]) -> tuple[Doubles, Doubles]:
    if truncated is None:
        truncated = (None, None)
    if not isinstance(truncated, tuple | list) or len(truncated) != 2:
        raise ValueError(
            f"truncated is {truncated!r}: it must be a pair (low, high), None where there is none"
        )
    ends = []
    for name, given, none in zip(("low", "high"), truncated, _EVERYTHING, strict=True):
        end = _check.doubles(f"truncated {name}", none if given is None else given)
        if end.ndim > 1 or (end.ndim and end.shape != shape):
            raise ValueError(f"truncated {name} has shape {end.shape}, but the observations have {shape}")
        _check.first(f"truncated {name}", end, (end >= 0) | (end == none), "at least 0, or None")
        ends.append(np.broadcast_to(end, shape))
    low, high = ends
    _check.first("truncated high", high, low < high, "above the lower limit")
    return low, high


def _vector(name: str, given: ArrayLike) -> Doubles:
    array = np.atleast_1d(_check.doubles(name, given))
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}, but one dimension is needed")
    return array


def _finite(name: str, given: ArrayLike) -> Doubles:
    array = _vector(name, given)
    _check.first(name, array, array >= 0, "at least 0")
    _check.first(name, array, np.isfinite(array), "finite")
    return array


def _multiplicities(given: ArrayLike, shape: tuple[int, ...], name: str = "weights") -> Doubles:
    if np.asarray(given).dtype == np.bool_:
        raise ValueError(
            f"{name} are True and False: give numbers, or Observations.durations(times, observed)"
        )
    counts = _check.finite_vector(name, given)
    if counts.shape != shape:
        raise ValueError(f"{name} has shape {counts.shape}, but the observations have {shape}")
    _check.first(name, counts, counts >= 0, "at least 0")
    return counts


def _exact_values(name: str, data: Any) -> Doubles:
    if isinstance(data, dict | set):
        _unknown(name, f"is of type {type(data).__name__}")
    values = np.atleast_1d(_check.doubles(name, data))
    if values.ndim != 1 or not values.size:
        _unknown(name, f"has shape {values.shape}, but one dimension with at least one entry is needed")
    return _finite(name, values)


def _unknown(name: str, problem: str) -> NoReturn:
    raise ValueError(
        f"{name} {problem}: give exact values as (m,) numbers, and others as phasic.Observations or "
        "scipy.stats.CensoredData"
    )


def _from_scipy(data: Any) -> Observations | None:
    """The same observations if data is a `scipy.stats.CensoredData`, whose module is then loaded."""
    module = sys.modules.get("scipy.stats")
    if module is None or not isinstance(data, module.CensoredData):
        return None
    interval = np.asarray(data._interval, dtype=np.float64).reshape(-1, 2)
    return (
        Observations.exact(data._uncensored)
        + Observations.right(data._right)
        + Observations.left(data._left)
        + Observations.interval(interval[:, 0], interval[:, 1])
    )
