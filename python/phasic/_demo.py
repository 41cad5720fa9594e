"""The two fits of `phasic demo`: models, data, and an exact posterior to compare with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phasic import data
from phasic._graph import Graph
from phasic.cache import default_manager
from phasic.svgd import Gamma, LogNormal, Posterior

#: Prior of the mutation rate: mean 50, so that a tenth to ten times the estimate is well inside.
MUTATION_PRIOR = (1.0, 0.02)
#: Prior of each Coxian rate per week: median 1/10, 95 % within a factor of 3.2 either way.
COXIAN_PRIOR = (float(np.log(0.1)), 0.6)


@dataclass(frozen=True)
class Stage:
    """Seconds that a stage took, and the hits and misses of each cache layer meanwhile."""

    name: str
    seconds: float
    layers: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Fit:
    """One posterior with how it came to be."""

    title: str
    model: str
    prior: str
    graph: Graph
    posterior: Posterior
    stages: list[Stage] = field(default_factory=list)


@dataclass(frozen=True)
class Exact:
    """A posterior on a grid: (k,) points, (k,) density."""

    grid: NDArray[np.float64]
    density: NDArray[np.float64]
    mean: float
    sd: float
    interval: tuple[float, float]


def kingman(state: NDArray[np.int32], n: int) -> list[tuple[list[int], float]]:
    """Number of lineages: each pair merges at rate 1."""
    if not len(state):
        return [([n], 1.0)]
    (lineages,) = state
    return [([lineages - 1], lineages * (lineages - 1) / 2)] if lineages > 1 else []


def coxian(state: NDArray[np.int32]) -> list[tuple[list[int], Any]]:
    """Two phases: out of each at its own rate, from the first to the second at a third. 3 absorbs."""
    if not len(state):
        return [([1], 1.0)]
    return {
        1: [([2], [1.0, 0.0, 0.0]), ([3], [0.0, 1.0, 0.0])],
        2: [([3], [0.0, 0.0, 1.0])],
        3: [],
    }[int(state[0])]


def fit_mutation_rate(seed: int, progress: bool) -> Fit:
    """Posterior of theta from the number of mutations on the tree of Kreitman's sequences."""
    observed = data.kreitman_adh()
    stages: list[Stage] = []
    with _timed(stages, "build"):
        tree = Graph(callback=kingman, n=observed.sequences)
        graph = tree.discretize(lambda state: [state[0] / 2])
    with _timed(stages, "trace"):
        graph.trace()
    with _timed(stages, "fit"):
        posterior = graph.svgd(
            [observed.sites],
            rewards=graph.rewards,
            prior=Gamma(*MUTATION_PRIOR),
            names=["theta"],
            seed=seed,
            progress=progress,
        )
    return Fit(
        f"Kreitman (1983): {observed.sequences} Adh sequences, {observed.sites} segregating sites",
        "Kingman coalescent, mutations at rate theta/2 on every lineage",
        "theta ~ Gamma(shape {}, rate {})".format(*MUTATION_PRIOR),
        graph,
        posterior,
        stages,
    )


def fit_remissions(seed: int, progress: bool) -> Fit:
    """Posterior of a two-phase Coxian from remission times of the placebo group."""
    weeks = data.freireich("placebo").weeks
    stages: list[Stage] = []
    with _timed(stages, "build"):
        graph = Graph(callback=coxian)
    with _timed(stages, "trace"):
        graph.trace()
    with _timed(stages, "fit"):
        posterior = graph.svgd(
            weeks,
            prior=LogNormal(*COXIAN_PRIOR),
            names=["1 to 2", "1 to end", "2 to end"],
            seed=seed,
            progress=progress,
        )
    return Fit(
        f"Freireich et al. (1963): {weeks.size} remissions under placebo, in weeks",
        "Coxian with two phases, rates per week",
        "each rate ~ LogNormal(log 0.1, 0.6)",
        graph,
        posterior,
        stages,
    )


def exact_mutation_rate() -> Exact:
    """The posterior of `fit_mutation_rate` by quadrature on log theta."""
    observed = data.kreitman_adh()
    shape, rate = MUTATION_PRIOR
    grid = np.exp(np.linspace(np.log(1e-3), np.log(1e3), 8001))
    weight = tavare(observed.sites, observed.sequences, grid) * grid ** (shape - 1) * np.exp(-rate * grid)
    mass = weight * grid
    cumulative = np.concatenate([[0.0], np.cumsum((mass[1:] + mass[:-1]) / 2)])
    step = np.log(grid[1] / grid[0])
    total = cumulative[-1]
    mean = float(np.trapezoid(mass * grid, dx=step) / (total * step))
    second = float(np.trapezoid(mass * grid**2, dx=step) / (total * step))
    low, high = np.interp([0.05, 0.95], cumulative / total, grid)
    return Exact(grid, weight / (total * step), mean, (second - mean**2) ** 0.5, (float(low), float(high)))


def tavare(sites: int, n: int, theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(S = sites) among n sequences at mutation rate theta (Tavaré 1984, equation 9.5)."""
    terms = [(-1) ** (i - 1) * comb(n - 2, i - 1) * (theta / (i + theta)) ** (sites + 1) for i in range(1, n)]
    return np.asarray((n - 1) / theta * np.sum(terms, axis=0))


@contextmanager
def _timed(stages: list[Stage], name: str) -> Iterator[None]:
    before, start = _layers(), time.perf_counter()
    yield
    seconds, after = time.perf_counter() - start, _layers()
    used = {
        layer: (hits - before.get(layer, (0, 0))[0], misses - before.get(layer, (0, 0))[1])
        for layer, (hits, misses) in after.items()
    }
    stages.append(Stage(name, seconds, {layer: counts for layer, counts in used.items() if any(counts)}))


def _layers() -> dict[str, tuple[int, int]]:
    stats = default_manager().stats()
    return {layer: (int(counts["hits"]), int(counts["misses"])) for layer, counts in stats.items()}


#: The fits of the demo, in order.
FITS: tuple[Callable[[int, bool], Fit], ...] = (fit_mutation_rate, fit_remissions)
