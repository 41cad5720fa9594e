"""Isolation with migration: two populations that were one."""

from __future__ import annotations

from typing import Any

from phasic._graph import Graph
from phasic.models._rules import counts
from phasic.models._structured import structured_coalescent


def isolation_with_migration(n1: int, n2: int) -> Graph:
    """Two demes that exchange migrants since they split: the chain from today back to the split.

    States: `(lineages in deme 1, lineages in deme 2)`, first `(n1, n2)`.

    theta: `(coalescence 1, coalescence 2, migration 1→2, migration 2→1)`: rates of a pair in each deme, and
    of one lineage that moves, backward in time, as for `structured_coalescent`, which this is until then.

    Before the split, all lineages are in one population, `kingman(n1 + n2)`. Join the two with `join_demes`
    as map between the epochs, and the time of the split as start of the second. Migration may be 0 there:
    then nobody meets a lineage of the other deme since the split.

    Source: Nielsen & Wakeley (2001), Distinguishing migration from isolation, Genetics 158, 885–896; as a
    continuous-time Markov chain, Hobolth, Andersen & Mailund (2011), Genetics 187, 1241–1243.

    Args:
        n1, n2: Lineages sampled in each deme, 2 or more in all.

    Example:
        >>> demes, ancestors = phasic.models.isolation_with_migration(1, 1), phasic.models.kingman(2)
        >>> ancestors.update_parameterized_weights([1.0])
        >>> split = 0.7
        >>> law = demes.epochs([(0.0, [1.0, 1.0, 0.0, 0.0]), (split, ancestors, phasic.models.join_demes)])
        >>> round(law.expectation(), 9)  # nobody meets before the split: 0.7 + 1
        1.7

    Raises:
        ValueError: n1 or n2 is not a count, or they sum to less than 2.
    """
    sample = counts("(n1, n2)", (n1, n2), "a count for each deme")
    if sum(sample) < 2:
        raise ValueError(f"(n1, n2) is {sample}: 2 lineages or more in all are needed")
    return structured_coalescent(sample)


def join_demes(state: Any) -> tuple[int, ...]:
    """The state of `kingman` that holds all lineages of a state of several demes: a map between epochs.

    Args:
        state: (d,) lineages in each deme.

    Returns:
        `(lineages,)`.

    Example:
        >>> phasic.models.join_demes(np.array([2, 3]))
        (5,)
    """
    return (int(state.sum()),)
