"""A system of components that fail and are repaired."""

from __future__ import annotations

from typing import Any

from phasic._graph import Graph
from phasic.models._rules import Moves, at_least, only


def repairable_system(n: int, *, needed: int = 1, repairers: int = 1) -> Graph:
    """The time to failure of a `needed`-out-of-n system of equal components, all of them working at first.

    States: `(working components,)`, from n down; absorbing when fewer than `needed` work. Working components
    fail independently, spares too; each repairer mends one at a time.

    theta: `(failure, repair)`: the rate of one component, and of one repairer.

    Two components of which one is needed last (3 failure + repair) / (2 failure²) in the mean.

    Source: Barlow & Proschan (1975), Statistical Theory of Reliability and Life Testing; Trivedi (2002),
    Probability and Statistics with Reliability, Queuing, and Computer Science Applications, chapter 8.

    Args:
        n: Components, at least 1.
        needed: How many must work, from 1 to n.
        repairers: How many components can be under repair at once, at least 1.

    Example:
        >>> graph = phasic.models.repairable_system(2)
        >>> graph.update_parameterized_weights([0.5, 10.0])
        >>> round(graph.expectation(), 9)  # (3 · 0.5 + 10) / (2 · 0.5²)
        23.0

    Raises:
        ValueError: n, needed or repairers is not a whole number, at least 1, or needed is above n.
    """
    if at_least("needed", needed, 1) > at_least("n", n, 1):
        raise ValueError(f"needed is {needed}: it must be at most n, which is {n}")
    crew = at_least("repairers", repairers, 1)
    return Graph(callback=_repairable, n=int(n), needed=int(needed), repairers=crew)


def _repairable(state: Any, n: int, needed: int, repairers: int) -> Moves:
    if len(state) == 0:
        return [((n,), 1.0)]
    working = int(state[0])
    if working < needed:
        return []
    moves = [((working - 1,), only(0, float(working), 2))]
    if working < n:
        moves.append(((working + 1,), only(1, float(min(repairers, n - working)), 2)))
    return moves
