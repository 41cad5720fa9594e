"""What can be drawn from a model beside times: rewards, steps, states, paths. `benches.report` has the times.

python -m benches.python.sampling
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from phasic import Graph

from tests import models

N = 1_000_000
SHARE = 10
ROUNDS = 5


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def draw(graph: Graph) -> None:
    """Medians and ranges of each kind of draw."""
    states = graph.states().T.astype(float)
    draws: dict[str, Callable[[], object]] = {
        f"{len(states)} rewards": lambda: graph.sample(N, states, seed=1),
        "steps of the jump chain": lambda: chain.sample_discrete(N, seed=1),
        "vertex at time 1": lambda: graph.random_sample_stop_vertex(1.0, N, seed=1),
        "paths": lambda: graph.sample_paths(N // SHARE, seed=1),
        "one time": lambda: graph.sample(1, seed=1),
    }
    chain = graph.copy()
    chain.normalize()
    for name, draw in draws.items():
        taken = [seconds(draw) for _ in range(ROUNDS)]
        print(f"{name:>24}: {statistics.median(taken):.2g} s ({min(taken):.2g}–{max(taken):.2g})")


def main() -> None:
    print("two demes, 6 + 6 lineages, a million each (paths: a tenth)")
    draw(Graph(callback=models.two_demes, start=(6, 6), migration=0.5))


if __name__ == "__main__":
    main()
