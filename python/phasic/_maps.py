"""Maps between the state spaces of two epochs, as a function of states gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from phasic import _check
from phasic._check import Doubles

if TYPE_CHECKING:
    from phasic._graph import Graph

#: Sources and targets as canonical indices, and probabilities.
Arrays = tuple[NDArray[np.uint32], NDArray[np.uint32], Doubles]


@contextmanager
def naming(index: int) -> Iterator[None]:
    """Say which epoch an error is about."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"epochs[{index}]: {error}") from error


def between(
    index: int, before: Graph, after: Graph, rule: Callable[..., Any] | None, *, batched: bool
) -> Arrays | None:
    """The map into an epoch; None where every vertex stays what it is.

    Raises:
        ValueError: A state is sent to no state of the next graph, probabilities are not what they must be, or
            states with edges of their own in one graph are absorbing in the other.
    """
    if rule is None and (before is after or index == 0):
        return None
    for graph in (before, after):
        graph._freeze()
        _no_auxiliary(index, graph)
    sources = _transient(before)
    states = before.states()[sources]
    if rule is None:
        _none_revives(index, before, after)
        rows, targets, probabilities = np.arange(len(sources)), states, np.ones(len(sources))
    elif batched:
        rows, targets, probabilities = _from_arrays(index, rule(states), len(states), after.state_length())
    else:
        rows, targets, probabilities = _one_by_one(index, rule, states, after.state_length())
    found = _find(index, after, states, rows, targets)
    assert before._canonical is not None and after._canonical is not None
    return before._canonical[sources[rows]], after._canonical[found], probabilities


def _transient(graph: Graph) -> NDArray[np.int64]:
    """Vertices in order of creation, without the starting and the absorbing ones."""
    frozen = graph._freeze()
    assert graph._canonical is not None
    order = graph._canonical.tolist()
    return np.array([v for v in range(1, len(order)) if not frozen.is_absorbing(order[v])], dtype=np.int64)


def _no_auxiliary(index: int, graph: Graph) -> None:
    if graph.is_discrete:
        raise ValueError(f"epochs[{index}]: a discretized graph has no map to or from it: map its original")


def _none_revives(index: int, before: Graph, after: Graph) -> None:
    """States that have ended must not go on, for they do not by themselves."""
    if before.state_length() != after.state_length():
        return
    lives = after.states()[_transient(after)]
    frozen, order = before._freeze(), before._canonical
    assert order is not None
    for state, vertex in zip(lives, before._builder.find_all(lives).tolist(), strict=True):
        if vertex > 0 and frozen.is_absorbing(int(order[vertex])):
            raise ValueError(
                f"state {_shown(state)} is absorbing before epochs[{index}] and not in it: give it an edge "
                "before, whose rate is 0 at that epoch's theta, or a map that says where states go"
            )


def _from_arrays(
    index: int, given: Any, n: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], Doubles]:
    if isinstance(given, tuple):
        if len(given) != 3:
            raise ValueError(
                f"the map into epochs[{index}] returned a tuple of {len(given)}: it must be "
                "(source_row, target_states, probabilities)"
            )
        rows, targets, probabilities = given
    else:
        rows, targets, probabilities = np.arange(n), given, np.ones(n)
    rows, targets = np.asarray(rows), _whole(index, targets)
    probabilities = _check.finite_vector("the map's probabilities", probabilities)
    shapes = (rows.shape, targets.shape, probabilities.shape)
    if targets.ndim != 2 or shapes != ((len(targets),), (len(targets), length), (len(targets),)):
        raise ValueError(
            f"the map into epochs[{index}] returned shapes {shapes}: with k transitions they must be "
            f"(k,), (k, {length}) and (k,)"
        )
    if rows.dtype.kind not in "iu" or (len(rows) and not 0 <= rows.min() <= rows.max() < n):
        raise ValueError(f"the map into epochs[{index}] returned source rows that are not below {n}")
    return rows.astype(np.int64), targets, probabilities


def _one_by_one(
    index: int, rule: Callable[..., Any], states: NDArray[np.int32], length: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], Doubles]:
    rows, targets, probabilities = [], [], []
    for row, state in enumerate(states):
        given = rule(state)
        for target, probability in given if _weighted(given) else [(given, 1.0)]:
            if np.shape(target) != (length,):
                raise ValueError(
                    f"the map into epochs[{index}] sends state {_shown(state)} to {target!r}: it must be a "
                    f"state with {length} entries, or a list of (state, probability)"
                )
            rows.append(row)
            targets.append(target)
            probabilities.append(_check.number("a probability of the map", probability))
    shaped = _whole(index, targets).reshape(len(rows), length)
    return np.array(rows, dtype=np.int64), shaped, np.array(probabilities, dtype=np.float64)


def _weighted(given: Any) -> bool:
    """Whether this is a list of (state, probability), not a state."""
    return isinstance(given, list) and all(
        isinstance(each, tuple) and len(each) == 2 and np.ndim(each[0]) == 1 for each in given
    )


def _whole(index: int, targets: Any) -> NDArray[np.int32]:
    array = np.asarray(targets)
    if array.dtype == np.int32:
        return np.ascontiguousarray(array)
    whole = array.astype(np.int32) if array.dtype.kind in "iufb" else None
    if whole is None or not np.array_equal(whole, array):
        raise ValueError(f"the map into epochs[{index}] returned states that are not whole numbers")
    return np.ascontiguousarray(whole)


def _find(
    index: int,
    after: Graph,
    states: NDArray[np.int32],
    rows: NDArray[np.int64],
    targets: NDArray[np.int32],
) -> NDArray[np.int64]:
    if targets.shape[1] != after.state_length():
        raise ValueError(
            f"epochs[{index}] has states of {after.state_length()} entries, and the epoch before of "
            f"{targets.shape[1]}: give a map"
        )
    found = after._builder.find_all(targets)
    if len(found) and found.min() < 0:
        bad = int(np.argmin(found))
        raise ValueError(
            f"the map into epochs[{index}] sends state {_shown(states[rows[bad]])} to "
            f"{_shown(targets[bad])}, which is no state of that epoch's graph"
        )
    return found


def _shown(state: NDArray[np.int32]) -> tuple[int, ...]:
    return tuple(state.tolist())
