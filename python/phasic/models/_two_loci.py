"""The ancestral recombination graph of two loci."""

from __future__ import annotations

from typing import Any

from phasic._graph import Graph
from phasic.models._rules import Moves, at_least, only, pairs


def two_locus_arg(n: int) -> Graph:
    """Coalescence and recombination of two loci until each has found its common ancestor.

    States: `(lineages ancestral at both loci, only at the first, only at the second)`, first `(n, 0, 0)`.
    Absorbing when each locus has one lineage left: `(1, 0, 0)` or `(0, 1, 1)`.

    theta: `(coalescence, recombination)`: the rate of a pair of lineages, and the rate at which one lineage
    with both loci splits: 1 and ρ/2 in units of 2N generations, ρ = 4Nr.

    The height of the tree at a locus is the reward that is 1 while that locus has more than one lineage. For
    n = 2 the heights have covariance (ρ + 18) / (ρ² + 13ρ + 18) (Griffiths 1981, Theoretical Population
    Biology 19, 169–186; Hudson 1983, Theoretical Population Biology 23, 183–201).

    Source: Simonsen & Churchill (1997), A Markov chain model of coalescence with recombination, Theoretical
    Population Biology 52, 43–59; for n lineages Hudson (1983).

    Args:
        n: Lineages sampled, at least 2.

    Example:
        >>> graph = phasic.models.two_locus_arg(2)
        >>> graph.update_parameterized_weights([1.0, 0.5])
        >>> both, first, second = graph.states().T
        >>> heights = (both + first > 1).astype(float), (both + second > 1).astype(float)
        >>> round(graph.covariance(*heights), 12) == round(19 / 32, 12)
        True

    Raises:
        ValueError: n is not a whole number, at least 2.
    """
    return Graph(callback=_two_loci, n=at_least("n", n, 2))


def _two_loci(state: Any, n: int) -> Moves:
    if len(state) == 0:
        return [((n, 0, 0), 1.0)]
    both, first, second = state.tolist()
    if both + first == 1 and both + second == 1:
        return []
    rates = [
        ((both - 1, first, second), pairs(both)),
        ((both, first - 1, second), both * first + pairs(first)),
        ((both, first, second - 1), both * second + pairs(second)),
        ((both + 1, first - 1, second - 1), float(first * second)),
    ]
    moves = [(after, only(0, rate, 2)) for after, rate in rates if rate]
    if both:
        moves.append(((both - 1, first + 1, second + 1), only(1, float(both), 2)))
    return moves
