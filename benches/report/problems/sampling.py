"""Samples of the time to absorption; the plain simulator moves all walks at once, one jump at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from benches.report import chains
from benches.report.problem import Case, Problem, Task, Way

N = 100_000


def graph(model: str, arguments: dict[str, Any]) -> Any:
    from phasic import Graph

    from tests import models

    return Graph(callback=getattr(models, model), **arguments)


def inputs(model: str, arguments: dict[str, Any], samples: int, folder: str) -> Task:
    """Edges for those who have no rule; the exact mean and standard deviation, which all are judged by."""

    def write() -> None:
        built = graph(model, arguments)
        chains.write(built, folder)
        np.save(f"{folder}/law.npy", [built.mean(), built.std()])

    return Task(write)


def off(samples: Any, folder: str) -> float:
    """How far the mean is from the exact one, in its standard errors."""
    mean, sd = np.load(f"{folder}/law.npy")
    return float(abs(np.mean(samples) - mean) / sd * np.sqrt(np.size(samples)))


def seeds() -> Any:
    return iter(range(1, 10**9))


def ours(model: str, arguments: dict[str, Any], samples: int, folder: str) -> Task:
    built, seed = graph(model, arguments), seeds()
    return Task(lambda: built.sample(samples, seed=next(seed)), answer=lambda drawn: off(drawn, folder))


class Simulator:
    """Exit rates, and targets with cumulated probabilities padded to the widest row."""

    def __init__(self, folder: str) -> None:
        source, target, rate = chains.read(folder)
        n = int(max(source.max(), target.max())) + 1
        rows: list[list[tuple[int, float]]] = [[] for _ in range(n)]
        for i, j, x in zip(source.tolist(), target.tolist(), rate.tolist(), strict=True):
            rows[i].append((j, x))
        shape = n, max(map(len, rows))
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
        return np.asarray(self.targets[places, np.minimum(slots, self.targets.shape[1] - 1)])


def numpy(samples: int, folder: str, **_: Any) -> Task:
    rival, random = Simulator(folder), np.random.default_rng(1)
    return Task(lambda: rival.sample(samples, random), answer=lambda drawn: off(drawn, folder))


def older(samples: int, folder: str, **_: Any) -> Task:
    built = chains.older(folder)
    return Task(lambda: built.sample(samples), answer=lambda drawn: off(drawn, folder))


def _case(name: str, model: str, samples: int, quick: int | None = None, **arguments: Any) -> Case:
    options = {"model": model, "arguments": arguments, "samples": samples}
    return Case(name, options, None if quick is None else options | {"samples": quick})


PROBLEM = Problem(
    name="sampling",
    title="Sampling",
    text=(
        "Times to absorption, a new seed for each call. Off by: the sample's mean from the exact one, in "
        "standard errors."
    ),
    module=__name__,
    inputs="inputs",
    error="given",
    tolerance=5.0,
    cases=(
        _case("coalescent 100, 100,000 samples", "kingman", N, quick=1000, n=100),
        _case("two demes, 6 + 6, 100,000", "two_demes", N, start=(6, 6), migration=0.5),
        _case("tandem queue, 9 + 9, 100,000", "tandem_queue", N, capacity=9),
        _case(
            "tandem queue, 200 + 200, 1,000",
            "tandem_queue",
            1000,
            capacity=200,
            service=(1.0, 1.0),
        ),
    ),
    ways=(
        Way("phasic", "ours"),
        Way("NumPy, all walks at once", "numpy"),
        Way("phasic 0.32.1", "older", "phasic-0.32.1"),
    ),
)
