"""Kingman's coalescent."""

from __future__ import annotations

from typing import Any

from phasic._graph import Graph
from phasic.models._rules import Moves, at_least, pairs


def kingman(n: int, *, blocks: bool = False) -> Graph:
    """The time to the most recent common ancestor of n lineages; every pair coalesces at the same rate.

    States: `(lineages,)`, from n down to 1. With `blocks=True`, `(a_1, ..., a_n)`, where a_i lineages have i
    descendants in the sample; there are as many states as partitions of n.

    theta: `(coalescence,)`, the rate of a pair: 1 in units of 2N generations (diploids).

    The mean is 2 (1 − 1/n) / theta. With the number of lineages as reward, `graph.states().sum(axis=1)` in
    both forms, the total branch length has mean 2 (1 + 1/2 + … + 1/(n − 1)) / theta. With blocks, the reward
    `graph.states()[:, i - 1]` is the length of branches with i descendants: the site-frequency spectrum.

    Source: Kingman (1982), The coalescent, Stochastic Processes and their Applications 13, 235–248; block
    counts as in Hobolth, Siri-Jégousse & Bladt (2019), Theoretical Population Biology 127, 16–32.

    Args:
        n: Lineages sampled, at least 2.
        blocks: Whether a state tells how many descendants each lineage has.

    Example:
        >>> graph = phasic.models.kingman(5)
        >>> graph.update_parameterized_weights([1.0])
        >>> round(graph.expectation(), 12)  # 2 (1 − 1/5)
        1.6

    Raises:
        ValueError: n is not a whole number, at least 2.
    """
    return Graph(callback=_blocks if blocks else _lineages, n=at_least("n", n, 2))


def _lineages(state: Any, n: int) -> Moves:
    if len(state) == 0:
        return [((n,), 1.0)]
    lineages = int(state[0])
    return [((lineages - 1,), [pairs(lineages)])] if lineages > 1 else []


def _blocks(state: Any, n: int) -> Moves:
    if len(state) == 0:
        return [((n,) + (0,) * (n - 1), 1.0)]
    moves = []
    for i in range(n):
        for j in range(i, n - i - 1):  # blocks of i + 1 and of j + 1 make one of i + j + 2
            ways = pairs(int(state[i])) if i == j else float(state[i] * state[j])
            if ways:
                merged = state.tolist()
                merged[i] -= 1
                merged[j] -= 1
                merged[i + j + 1] += 1
                moves.append((tuple(merged), [ways]))
    return moves
