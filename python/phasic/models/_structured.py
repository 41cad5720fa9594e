"""The structured coalescent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from phasic._graph import Graph
from phasic.models._rules import Moves, counts, only, pairs


def structured_coalescent(lineages: Sequence[int], *, symmetric: bool = False) -> Graph:
    """The time to the common ancestor of lineages in d demes that exchange migrants, backward in time.

    States: `(lineages in deme 1, ..., lineages in deme d)`, first as given; absorbing with one lineage left.

    theta, with `symmetric=True`: `(coalescence, migration)`, the rate of a pair in the same deme, and the
    rate at which one lineage moves to one other deme. Otherwise `(coalescence in deme 1, ..., in deme d,
    migration 1→2, 1→3, ..., 2→1, 2→3, ...)`, d + d (d − 1) rates; a lineage moves i→j, backward in time,
    when it was born to a parent of deme j. In units of 2N generations, N the diploids of a deme, coalescence
    is 1 and a scaled rate M = 4Nm to all other demes is M / (2 (d − 1)) to one.

    Two lineages of one deme meet after d / coalescence in the mean, whatever the symmetric migration
    (Strobeck 1987, Genetics 117, 149–153).

    Source: Notohara (1990), The coalescent and the genealogical process in geographically structured
    population, Journal of Mathematical Biology 29, 59–75.

    Args:
        lineages: (d,) lineages sampled in each deme, 2 or more in all.
        symmetric: Whether all demes, and all pairs of demes, have the same rates.

    Example:
        >>> graph = phasic.models.structured_coalescent((2, 0), symmetric=True)
        >>> graph.update_parameterized_weights([1.0, 0.01])
        >>> round(graph.expectation(), 9)  # 2 demes, however rarely lineages move
        2.0

    Raises:
        ValueError: lineages are not counts, or sum to less than 2, or are of one deme with `symmetric=True`.
    """
    sample = counts("lineages", lineages, "a count for each deme")
    if sum(sample) < 2:
        raise ValueError(f"lineages is {sample}: 2 or more in all are needed, for there to be an ancestor")
    if symmetric and len(sample) == 1:
        raise ValueError(f"lineages is {sample}: symmetric=True needs two or more demes; see kingman for one")
    return Graph(callback=_demes, sample=sample, symmetric=symmetric)


def _demes(state: Any, sample: tuple[int, ...], symmetric: bool) -> Moves:
    if len(state) == 0:
        return [(sample, 1.0)]
    if state.sum() == 1:
        return []
    d, moves = len(state), []
    size = 2 if symmetric else d * d
    for deme, k in enumerate(state.tolist()):
        if k > 1:
            merger = 0 if symmetric else deme
            moves.append((_moved(state, deme, None), only(merger, pairs(k), size)))
        for rank, other in enumerate(o for o in range(d) if o != deme):
            if k > 0:
                migration = 1 if symmetric else d + deme * (d - 1) + rank
                moves.append((_moved(state, deme, other), only(migration, float(k), size)))
    return moves


def _moved(state: Any, source: int, target: int | None) -> tuple[int, ...]:
    """The state after one lineage left a deme, to another one or into a common ancestor."""
    after = state.tolist()
    after[source] -= 1
    if target is not None:
        after[target] += 1
    return tuple(after)
