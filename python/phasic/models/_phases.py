"""Phases in a row: Erlang, Coxian and hyper-Erlang distributions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from phasic import _check
from phasic._graph import Graph
from phasic.models._rules import Moves, at_least, counts, only


def erlang(k: int) -> Graph:
    """The sum of k exponential times of the same rate.

    States: `(phase,)`, from 1 to k, then k + 1, which is absorbing.

    theta: `(rate,)` of each phase. The mean is k / rate, the variance k / rate².

    Source: Bladt & Nielsen (2017), Matrix-Exponential Distributions in Applied Probability, chapter 3.

    Args:
        k: Phases, at least 1.

    Example:
        >>> graph = phasic.models.erlang(3)
        >>> graph.update_parameterized_weights([2.0])
        >>> round(graph.expectation(), 12), round(graph.variance(), 12)  # 3/2, 3/4
        (1.5, 0.75)

    Raises:
        ValueError: k is not a whole number, at least 1.
    """
    return Graph(callback=_erlang, k=at_least("k", k, 1))


def _erlang(state: Any, k: int) -> Moves:
    if len(state) == 0:
        return [((1,), 1.0)]
    phase = int(state[0])
    return [((phase + 1,), [1.0])] if phase <= k else []


def coxian(k: int) -> Graph:
    """Up to k phases in a row, after each of which the time may end.

    States: `(phase,)`, from 1 to k, then k + 1, which is absorbing.

    theta: `(onward 1, ..., onward k − 1, exit 1, ..., exit k)`: the rates at which phase i is left for phase
    i + 1, and for good; 2k − 1 in all. Every acyclic phase-type distribution of k phases is one of these.

    Source: Cox (1955), A use of complex probabilities in the theory of stochastic processes, Mathematical
    Proceedings of the Cambridge Philosophical Society 51, 313–319; Cumani (1982), On the canonical
    representation of homogeneous Markov processes modelling failure-time distributions, Microelectronics
    Reliability 22, 583–602.

    Args:
        k: Phases, at least 1.

    Example:
        >>> graph = phasic.models.coxian(2)
        >>> graph.update_parameterized_weights([1.0, 1.0, 4.0])  # half of the times end after phase 1
        >>> round(graph.expectation(), 12)  # 1/2 + 1/2 · 1/4
        0.625

    Raises:
        ValueError: k is not a whole number, at least 1.
    """
    return Graph(callback=_coxian, k=at_least("k", k, 1))


def _coxian(state: Any, k: int) -> Moves:
    if len(state) == 0:
        return [((1,), 1.0)]
    phase = int(state[0])
    if phase > k:
        return []
    size, end = 2 * k - 1, (k + 1,)
    moves = [((phase + 1,), only(phase - 1, 1.0, size))] if phase < k else []
    # from the last phase both lead to the same state, and only the exit is left
    return [*moves, (end, only(k - 2 + phase, 1.0, size))]


def hyper_erlang(shapes: Sequence[int], probabilities: ArrayLike) -> Graph:
    """A mixture of Erlang distributions: a branch is drawn, and its phases are gone through.

    States: `(branch, phase)`, branches counted from 1, phases from 1 to that branch's shape; then `(0, 0)`,
    which is absorbing.

    theta: `(rate 1, ..., rate m)`, of each phase of each branch. The mean is Σ probability · shape / rate.

    Source: Fang (2001), Hyper-Erlang distribution model and its application in wireless mobile networks,
    Wireless Networks 7, 211–219.

    Args:
        shapes: (m,) numbers of phases, at least 1.
        probabilities: (m,) of the branches, with sum 1.

    Example:
        >>> graph = phasic.models.hyper_erlang((1, 3), (0.25, 0.75))
        >>> graph.update_parameterized_weights([1.0, 6.0])
        >>> round(graph.expectation(), 12)  # 1/4 · 1/1 + 3/4 · 3/6
        0.625

    Raises:
        ValueError: A shape or probability is not what it must be, or there are not as many of both.
    """
    phases = counts("shapes", shapes, "a number of phases for each branch")
    for branch, shape in enumerate(phases):
        at_least(f"shapes[{branch}]", shape, 1)
    chances = _check.probabilities("probabilities", probabilities)
    if chances.shape != (len(phases),):
        raise ValueError(
            f"probabilities has shape {chances.shape}, but there are {len(phases)} shapes: ({len(phases)},)"
        )
    total = math.fsum(chances)
    if abs(total - 1) > 1e-12:
        raise ValueError(f"probabilities sum to {total}: they must sum to 1")
    return Graph(callback=_hyper_erlang, shapes=phases, probabilities=tuple(chances.tolist()))


def _hyper_erlang(state: Any, shapes: tuple[int, ...], probabilities: tuple[float, ...]) -> Moves:
    if len(state) == 0:
        return [((branch, 1), p) for branch, p in enumerate(probabilities, start=1) if p]
    branch, phase = state.tolist()
    if branch == 0:
        return []
    after = (branch, phase + 1) if phase < shapes[branch - 1] else (0, 0)
    return [(after, only(branch - 1, 1.0, len(shapes)))]
