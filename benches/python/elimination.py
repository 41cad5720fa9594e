"""Elimination against SciPy's SuperLU, on the same matrices in the same run.

Once: record and evaluate a model, against factoring and solving with the best of SuperLU's orderings.
Per theta: a batch of parameters through the trace, against refactoring for each.

    python benches/python/elimination.py
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from phasic import Graph
from scipy.sparse.linalg import splu

sys.path.insert(0, str(Path(__file__).parents[2]))

ORDERINGS = ("COLAMD", "MMD_AT_PLUS_A", "MMD_ATA")


def rabbits(states, n):
    """Batched: all transitions out of many states at once."""
    if not len(states):
        return None, np.array([[n, 0]]), np.ones(1)
    rows = np.arange(len(states))
    moves = []
    for island, flood in ((0, 1), (1, 2)):
        alive = rows[states[:, island] > 0]
        moved, flooded = states[alive].copy(), states[alive].copy()
        moved[:, island] -= 1
        moved[:, 1 - island] += 1
        flooded[:, island] = 0
        moves += [(alive, moved, 0), (alive, flooded, flood)]
    sources, targets, parameters = zip(*moves, strict=True)
    coefficients = np.eye(3)[np.repeat(parameters, [len(each) for each in sources])]
    return np.concatenate(sources), np.concatenate(targets), coefficients


def coalescent(state, n):
    """Block counts; theta is the rate of a pair."""
    if not len(state):
        return [((n,) + (0,) * (n - 1), 1.0)]
    state = tuple(state)
    moves = []
    for i in range(n):
        for j in range(i, n - 1 - i):
            pairs = state[i] * (state[i] - 1) / 2 if i == j else state[i] * state[j]
            if pairs:
                merged = list(state)
                merged[i] -= 1
                merged[j] -= 1
                merged[i + j + 1] += 1
                moves.append((merged, (pairs,)))
    return moves


def two_demes(state, n):
    """Lineages in two demes; theta is (coalescence, migration per lineage)."""
    if not len(state):
        return [((n, 0), 1.0)]
    here, there = state
    if here + there == 1:
        return []
    moves = []
    for k, merged, moved in (
        (here, (here - 1, there), (here - 1, there + 1)),
        (there, (here, there - 1), (here + 1, there - 1)),
    ):
        if k > 1:
            moves.append((merged, (k * (k - 1) / 2, 0)))
        if k:
            moves.append((moved, (0, k)))
    return moves


def tandem(state, k):
    """Two queues of capacity k until the second overflows; theta is (arrival, services)."""
    if not len(state):
        return [((0, 0), 1.0)]
    first, second = state
    if second > k:
        return []
    moves = []
    if first < k:
        moves.append(((first + 1, second), (1, 0, 0)))
    if first:
        moves.append(((0, k + 1) if second == k else (first - 1, second + 1), (0, 1, 0)))
    if second:
        moves.append(((first, second - 1), (0, 0, 1)))
    return moves


MODELS: dict[str, tuple[Callable[..., object], dict[str, int], list[float]]] = {
    "rabbits 445": (rabbits, {"n": 445}, [1.0, 2.0, 4.0]),
    "coalescent blocks 20": (coalescent, {"n": 20}, [1.0]),
    "2 demes x 20": (two_demes, {"n": 20}, [1.0, 0.7]),
    "tandem 100": (tandem, {"k": 100}, [1.0, 1.1, 1.3]),
}


def matrix(graph: Graph, theta: np.ndarray) -> tuple[sparse.csc_matrix, int]:
    """-S over the transient vertices, and the row of the initial state."""
    builder = graph._builder
    n = builder.n_vertices
    edges = [builder.edges(v) for v in range(n)]
    transient = [v for v in range(1, n) if edges[v]]
    index = {v: i for i, v in enumerate(transient)}
    rows, columns, values = [], [], []
    for v in transient:
        total = 0.0
        for target, base, coefficients in edges[v]:
            rate = base + float(np.dot(coefficients, theta[: len(coefficients)]))
            total += rate
            if target in index:
                rows.append(index[v])
                columns.append(index[target])
                values.append(-rate)
        rows.append(index[v])
        columns.append(index[v])
        values.append(total)
    return sparse.csc_matrix((values, (rows, columns)), shape=(len(transient),) * 2), index[edges[0][0][0]]


def median_seconds(action: Callable[[], object], runs: int) -> tuple[float, object]:
    times, result = [], None
    for _ in range(runs):
        start = time.perf_counter()
        result = action()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


def superlu(m: sparse.csc_matrix, start: int, ordering: str) -> float:
    return float(splu(m, permc_spec=ordering).solve(np.ones(m.shape[0]))[start])


def main() -> None:
    print(
        f"{'model':<22}{'states':>8}{'record+eval':>13}{'splu best':>11}{'ratio':>7}{'difference':>12}",
        end="",
    )
    print(f"{'per theta':>12}{'splu':>10}{'ratio':>7}{'value+grad':>12}")
    for name, (rule, options, theta) in MODELS.items():
        at = np.array(theta)
        graph = Graph(callback=rule, batched=rule is rabbits, **options)
        frozen = graph._builder.freeze()
        once, trace = median_seconds(frozen.record, 3)
        evaluated, mean = median_seconds(lambda trace=trace, at=at: trace.moments(at, 1)[0], 5)
        m, start = matrix(graph, at)
        runs = {
            ordering: median_seconds(lambda o=ordering, m=m, s=start: superlu(m, s, o), 2)
            for ordering in ORDERINGS[: 2 if m.shape[0] > 20_000 else 3]
        }
        best, value = min(runs.values(), key=lambda run: run[0])
        trace.batch(at[None, :])  # starts the threads
        thetas = at * np.linspace(0.9, 1.1, 96)[:, None]
        batch, _ = median_seconds(lambda trace=trace, t=thetas: trace.batch_values(t), 3)
        gradients, _ = median_seconds(lambda trace=trace, t=thetas: trace.batch(t), 3)
        print(
            f"{name:<22}{m.shape[0]:>8}{1e3 * (once + evaluated):>10.1f} ms{1e3 * best:>8.0f} ms"
            f"{best / (once + evaluated):>7.1f}{abs(mean / value - 1):>12.1e}"
            f"{1e3 * batch / len(thetas):>9.3f} ms{1e3 * best:>7.0f} ms"
            f"{best * len(thetas) / batch:>7.0f}{1e3 * gradients / len(thetas):>9.3f} ms"
        )


if __name__ == "__main__":
    main()
