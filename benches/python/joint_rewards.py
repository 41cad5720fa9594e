"""The joint law of two rewards: processor time of a hundred points, and errors.

python -m benches.python.joint_rewards

The points are ten by ten multiples, 0.1 to 1 or 0.2 to 4, of the means of two branch lengths. Errors are
the largest that are told.
"""

import time

import numpy as np
from phasic import Graph


def block_counting(state, n):
    """Kingman's coalescent as counts of branches by number of descendants."""
    if len(state) == 0:
        return [([n] + [0] * (n - 1), 1.0)]
    moves = []
    for i in range(n):
        for j in range(i, n):
            pairs = state[i] * (state[i] - 1) / 2 if i == j else state[i] * state[j]
            if pairs:
                after = np.array(state)
                after[i] -= 1
                after[j] -= 1
                after[i + j + 1] += 1
                moves.append((after.tolist(), float(pairs)))
    return moves


def two_demes(state, n, migration=0.3):
    """n lineages in either deme."""
    if len(state) == 0:
        return [([n, n], 1.0)]
    i, j = state
    if i + j == 1:
        return []
    moves = [([i - 1, j + 1], i * migration), ([i + 1, j - 1], j * migration)]
    moves += [([i - 1, j], i * (i - 1) / 2), ([i, j - 1], j * (j - 1) / 2)]
    return [(to, float(rate)) for to, rate in moves if rate]


def external_and_internal(n: int) -> tuple[Graph, np.ndarray]:
    graph = Graph(callback=block_counting, n=n)
    states = graph.states()
    live = states.sum(axis=1) > 1
    return graph, np.where(live, np.array([states[:, 0], states[:, 1:].sum(axis=1)]), 0).astype(float)


def in_either_deme(n: int) -> tuple[Graph, np.ndarray]:
    graph = Graph(callback=two_demes, n=n)
    states = graph.states()
    return graph, np.where(states.sum(axis=1) > 1, states.T, 0).astype(float)


def measure(name: str, graph: Graph, rewards: np.ndarray, shares: np.ndarray) -> None:
    first, second = (graph.expectation(row) for row in rewards)
    y1, y2 = first * shares[:, None], second * shares
    for law in (graph.joint_pdf, graph.joint_cdf, graph.joint_sf):
        start = time.process_time()
        found = law(y1, y2, rewards)
        took = time.process_time() - start
        print(
            f"{name:28} {law.__name__:10} {took:8.2f} s  told {found.errors.max():.0e}"
            f"  values {found.values.min():.0e} to {found.values.max():.0e}",
            flush=True,
        )


def main() -> None:
    near, far = np.linspace(0.1, 1, 10), np.linspace(0.2, 4, 10)
    measure("coalescent 10", *external_and_internal(10), far)
    measure("2 demes × 5, near", *in_either_deme(5), near)
    measure("2 demes × 10, near", *in_either_deme(10), near)


if __name__ == "__main__":
    main()
