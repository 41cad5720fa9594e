"""A linear birth–death process until extinction."""

from __future__ import annotations

from typing import Any

from phasic._graph import Graph
from phasic.models._rules import Moves, at_least


def birth_death(n: int, *, start: int = 1) -> Graph:
    """The time to extinction of a population of at most n, whose members give birth and die independently.

    States: `(members,)`, first `start`; births stop at n, and 0 is absorbing.

    theta: `(birth, death)`, the rates of one member.

    From i members to i − 1 takes in the mean the sum over j from i to n of
    birth^(j − i) / (j · death^(j − i + 1)); the mean time to extinction is the sum of these up to `start`.

    Source: Kendall (1948), On the generalized "birth-and-death" process, Annals of Mathematical Statistics
    19, 1–15; first-passage times as in Karlin & Taylor (1975), A First Course in Stochastic Processes,
    chapter 4.

    Args:
        n: The most members.
        start: How many there are at first, from 1 to n.

    Example:
        >>> graph = phasic.models.birth_death(2)
        >>> graph.update_parameterized_weights([1.0, 2.0])
        >>> round(graph.expectation(), 12)  # 1/2 + 1/8
        0.625

    Raises:
        ValueError: n or start is not a whole number, at least 1, or start is above n.
    """
    most, first = at_least("n", n, 1), at_least("start", start, 1)
    if first > most:
        raise ValueError(f"start is {start}: it must be at most n, which is {n}")
    return Graph(callback=_birth_death, n=most, start=first)


def _birth_death(state: Any, n: int, start: int) -> Moves:
    if len(state) == 0:
        return [((start,), 1.0)]
    members = int(state[0])
    births = [((members + 1,), [float(members), 0.0])] if 0 < members < n else []
    deaths = [((members - 1,), [0.0, float(members)])] if members else []
    return births + deaths
