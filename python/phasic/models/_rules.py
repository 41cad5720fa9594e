"""What the transition rules share: types, coefficients of one parameter, sizes at the door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from phasic import _check

#: What a rule returns: states, with the coefficients of theta in the rate that leads to each, or for the
#: initial states with a probability.
Moves = Sequence[tuple[tuple[int, ...], list[float] | float]]


def only(place: int, coefficient: float, size: int) -> list[float]:
    """Coefficients of a rate that is `coefficient * theta[place]`."""
    return [coefficient if i == place else 0.0 for i in range(size)]


def pairs(count: int) -> float:
    """Number of pairs among `count` things."""
    return count * (count - 1) / 2


def at_least(name: str, given: Any, least: int) -> int:
    """A whole number that is not below `least`."""
    checked = _check.positive(name, given)
    if checked < least:
        raise ValueError(f"{name} is {given}: it must be a whole number, at least {least}")
    return checked


def counts(name: str, given: Sequence[int], must: str) -> tuple[int, ...]:
    """One or more whole numbers, none negative, as a tuple."""
    checked = _check.counts(name, given)
    if checked.ndim != 1 or not checked.size:
        raise ValueError(f"{name} has shape {checked.shape}, but {must} is needed")
    return tuple(int(count) for count in checked)
