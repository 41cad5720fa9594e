"""Transition rules whose initial distribution is given apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

#: A state, or pairs of states and probabilities.
Initial = Sequence[Any]


def with_ipv(ipv: Initial) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a transition rule with its initial distribution, so that it is never called with no state.

    Args:
        ipv: One initial state, as whole numbers, or pairs `(state, probability)`.

    Raises:
        TypeError: `ipv` is neither.
        ValueError: `ipv` is empty.

    Example:
        >>> @phasic.with_ipv([3])
        ... def deaths(state):
        ...     return [(state - 1, float(state[0]))] if state[0] else []
        >>> round(phasic.Graph(deaths).expectation(), 6)  # 1/3 + 1/2 + 1
        1.833333
    """
    pairs = initial_pairs(ipv)

    def decorate(rule: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(state: Any = (), **kwargs: Any) -> Any:
            return list(pairs) if not len(state) else rule(state, **kwargs)

        wrapper.__wrapped__ = rule  # type: ignore[attr-defined]
        wrapper.__ipv__ = pairs  # type: ignore[attr-defined]
        wrapper.__doc__ = rule.__doc__
        return wrapper

    return decorate


def initial_pairs(ipv: Initial) -> list[tuple[list[int], float]]:
    """The initial distribution as pairs."""
    if isinstance(ipv, str) or not isinstance(ipv, Sequence | np.ndarray):
        raise TypeError(
            f"ipv must be a list, such as [5] or [([5, 0], 1.0)]: got {ipv!r}, a {type(ipv).__name__}"
        )
    if not len(ipv):
        raise ValueError("ipv must be non-empty: give the initial state, or pairs of state and probability")
    if all(isinstance(entry, Integral) for entry in ipv):
        return [([int(entry) for entry in ipv], 1.0)]
    return [_pair(i, given) for i, given in enumerate(ipv)]


def _pair(i: int, given: Any) -> tuple[list[int], float]:
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != 2:
        raise TypeError(
            f"ipv must be a list of ints, one state, or a list of pairs of state and probability: ipv[{i}] "
            f"is {given!r}"
        )
    state, probability = given
    if not isinstance(state, Sequence | np.ndarray) or isinstance(state, str):
        raise TypeError(f"ipv[{i}][0] must be a list, the state, not {state!r}")
    if not isinstance(probability, Real):
        raise TypeError(f"ipv[{i}][1] must be a number, the probability, not {probability!r}")
    return list(state), float(probability)
