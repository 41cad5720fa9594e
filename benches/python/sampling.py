"""A million samples of models with about a hundred states, and of a large one, against NumPy.

The rival moves all walks at once, one jump at a time: an exponential number and a row of cumulated
probabilities for each. Where a million are drawn it draws a tenth of them, and its time is multiplied by ten.

    python -m benches.python.sampling
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from phasic import Graph

from tests import models

N = 1_000_000
SHARE = 10
ROUNDS = 5


class Simulator:
    """A plain simulator: exit rates, and targets with cumulated probabilities padded to the widest row."""

    def __init__(self, graph: Graph) -> None:
        rows = [[(edge.to().index(), edge.weight()) for edge in v.edges()] for v in graph.vertices()]
        shape = len(rows), max(map(len, rows))
        self.rates = np.array([sum(weight for _, weight in row) for row in rows])
        self.targets, self.cumulated = np.zeros(shape, np.int64), np.ones(shape)
        for vertex, row in enumerate(rows):
            for slot, (target, _) in enumerate(row):
                self.targets[vertex, slot:] = target
            if row:
                shares = np.cumsum([weight for _, weight in row]) / self.rates[vertex]
                self.cumulated[vertex, : len(row) - 1] = shares[:-1]

    def sample(self, n: int, random: np.random.Generator) -> np.ndarray:
        times, walks = np.zeros(n), np.arange(n)
        places = self._jump(np.zeros(n, np.int64), random)
        while True:
            going = self.rates[places] > 0
            walks, places = walks[going], places[going]
            if not walks.size:
                return times
            times[walks] += random.standard_exponential(walks.size) / self.rates[places]
            places = self._jump(places, random)

    def _jump(self, places: np.ndarray, random: np.random.Generator) -> np.ndarray:
        slots = (self.cumulated[places] <= random.random(places.size)[:, None]).sum(axis=1)
        return self.targets[places, np.minimum(slots, self.targets.shape[1] - 1)]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report(name: str, graph: Graph, n: int, share: int = SHARE) -> None:
    """Both in turn, `ROUNDS` times."""
    jumps = graph.expected_visits()[1:].sum() - 1
    rival, random = Simulator(graph), np.random.default_rng(1)
    ours, theirs = [], []
    for seed in range(ROUNDS):
        ours.append(seconds(lambda seed=seed: graph.sample(n, seed=seed)))
        theirs.append(seconds(lambda: rival.sample(n // share, random)) * share)
    print(
        f"{name:>24} {graph.vertices_length():>8} states {jumps:>6.0f} jumps {n:>8} samples:"
        f" phasic {statistics.median(ours):6.2f} s ({min(ours):.2f}–{max(ours):.2f}),"
        f" NumPy {statistics.median(theirs):7.1f} s ({min(theirs):.1f}–{max(theirs):.1f})"
    )


def others(graph: Graph) -> None:
    """What else can be drawn from the same model."""
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
    demes = Graph(callback=models.two_demes, start=(6, 6), migration=0.5)
    report("coalescent, n = 100", Graph(callback=models.kingman, n=100), N)
    report("two demes, 6 + 6", demes, N)
    report("tandem queue, 9 + 9", Graph(callback=models.tandem_queue, capacity=9), N)
    full = Graph(callback=models.tandem_queue, capacity=200, service=(1.0, 1.0))
    report("tandem queue, 200 + 200", full, 1000, share=1)
    print("two demes, a million each (paths: a tenth)")
    others(demes)


if __name__ == "__main__":
    main()
