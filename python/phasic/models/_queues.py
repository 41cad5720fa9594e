"""Queues with room for a few customers."""

from __future__ import annotations

from typing import Any

from phasic._graph import Graph
from phasic.models._rules import Moves, at_least, only


def mm1k_busy_period(k: int) -> Graph:
    """How long the server of an M/M/1/k queue is busy once a customer has come to an empty system.

    States: `(customers,)`, first 1, at most k with the one in service; an arrival who finds k is lost. With 0
    the server is idle again: absorbing.

    theta: `(arrival, service)`, rates. The mean is (1 + ρ + … + ρ^(k − 1)) / service, ρ = arrival / service.

    Source: Takács (1962), Introduction to the Theory of Queues; first-passage times of a birth–death chain
    as in Karlin & Taylor (1975), A First Course in Stochastic Processes, chapter 4.

    Args:
        k: Room for customers, that in service included, at least 1.

    Example:
        >>> graph = phasic.models.mm1k_busy_period(3)
        >>> graph.update_parameterized_weights([1.0, 2.0])
        >>> round(graph.expectation(), 12)  # (1 + 1/2 + 1/4) / 2
        0.875

    Raises:
        ValueError: k is not a whole number, at least 1.
    """
    return Graph(callback=_busy_period, k=at_least("k", k, 1))


def _busy_period(state: Any, k: int) -> Moves:
    if len(state) == 0:
        return [((1,), 1.0)]
    customers = int(state[0])
    arrivals = [((customers + 1,), [1.0, 0.0])] if 0 < customers < k else []
    services = [((customers - 1,), [0.0, 1.0])] if customers else []
    return arrivals + services


def tandem_queue(k1: int, k2: int) -> Graph:
    """The time until two queues in a row, empty at first, lose a customer.

    States: `(customers at the first server, at the second)`, up to k1 and k2 with those in service. A full
    second queue blocks the first server. An arrival who finds k1 customers at the first is lost:
    `(k1 + 1, 0)`, which is absorbing.

    theta: `(arrival, service 1, service 2)`, rates.

    Source: Neuts (1981), Matrix-Geometric Solutions in Stochastic Models, for buffer models; blocking before
    service as in Perros (1994), Queueing Networks with Blocking.

    Args:
        k1, k2: Room at each server, at least 1.

    Example:
        >>> graph = phasic.models.tandem_queue(1, 1)
        >>> graph.update_parameterized_weights([1.0, 0.0, 1.0])  # the first server never ends
        >>> round(graph.expectation(), 12)  # the second arrival is lost
        2.0

    Raises:
        ValueError: k1 or k2 is not a whole number, at least 1.
    """
    return Graph(callback=_tandem, k1=at_least("k1", k1, 1), k2=at_least("k2", k2, 1))


def _tandem(state: Any, k1: int, k2: int) -> Moves:
    if len(state) == 0:
        return [((0, 0), 1.0)]
    first, second = state.tolist()
    if first > k1:
        return []
    moves = [((first + 1, second) if first < k1 else (k1 + 1, 0), only(0, 1.0, 3))]
    if first and second < k2:
        moves.append(((first - 1, second + 1), only(1, 1.0, 3)))
    if second:
        moves.append(((first, second - 1), only(2, 1.0, 3)))
    return moves
