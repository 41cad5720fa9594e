"""Density and distribution function at a hundred times."""

from __future__ import annotations

from typing import Any

import numpy as np

from benches.report import chains
from benches.report.problem import Case, Problem, Task, Way

COUNT = 100


def times(last: float) -> np.ndarray:
    """Equally spaced, so that SciPy can go from each to the next by the same matrix."""
    return np.linspace(last / COUNT, last, COUNT)


def graph(lineages: list[int], migration: float) -> Any:
    """One deme: Kingman's coalescent. Two demes: lineages that move too."""
    from phasic import Graph

    from tests import models

    if len(lineages) == 1:
        return Graph(callback=models.kingman, n=lineages[0])
    return Graph(callback=models.two_demes, start=tuple(lineages), migration=migration)


def inputs(lineages: list[int], migration: float, last: float, folder: str) -> Task:
    return Task(lambda: chains.write(graph(lineages, migration), folder))


def sub_intensity(folder: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """alpha, S and the rates of absorption."""
    alpha, jumps, exits = chains.matrices(*chains.read(folder))
    return alpha, jumps.toarray() - np.diag(exits), exits - np.asarray(jumps.sum(axis=1)).ravel()


def ours(lineages: list[int], migration: float, last: float, folder: str) -> Task:
    built, at = graph(lineages, migration), times(last)
    return Task(lambda: np.concatenate([built.pdf(at), built.cdf(at)]))


def exponential(last: float, folder: str, **_: Any) -> Task:
    """SciPy's expm of one step, then a hundred products."""
    from scipy.linalg import expm

    alpha, s, exits = sub_intensity(folder)

    def both() -> np.ndarray:
        step, row, rows = expm(s * last / COUNT), alpha, []
        for _ in range(COUNT):
            row = row @ step
            rows.append(row)
        return np.concatenate([np.array(rows) @ exits, 1 - np.sum(rows, axis=1)])

    return Task(both)


def multiply(last: float, folder: str, **_: Any) -> Task:
    """SciPy's expm_multiply, all times in one call."""
    import scipy.sparse as sparse
    from scipy.sparse.linalg import expm_multiply

    alpha, s, exits = sub_intensity(folder)
    transposed = sparse.csr_matrix(s.T)

    def both() -> np.ndarray:
        rows = expm_multiply(transposed, alpha, last / COUNT, last, COUNT, endpoint=True)
        return np.concatenate([rows @ exits, 1 - rows.sum(axis=1)])

    return Task(both)


def older(last: float, folder: str, **_: Any) -> Task:
    """phasic 0.32.1, its own choice of steps; a copy for each call, since a graph keeps its steps."""
    at = times(last)
    return Task(lambda copy: np.concatenate([copy.pdf(at), copy.cdf(at)]), prepare=chains.older(folder).clone)


def phasedist(last: float, folder: str, **_: Any) -> Task:
    """PhaseDist, one time after the other."""
    from phasedist import dist

    alpha, s, _ = sub_intensity(folder)
    law, at = dist(initdist=alpha, phgen=s), times(last)

    def both() -> np.ndarray:
        curves = [[law.getdensity(t) for t in at], [law.getcumprob(t) for t in at]]
        return np.array(curves, float).ravel()

    return Task(both)


def phasegen(lineages: list[int], migration: float, last: float, folder: str) -> Task:
    """phasegen's tree height, from the demography on; it keeps what it has computed, and so begins anew."""
    import phasegen

    phasegen.logging.getLogger("phasegen").setLevel("ERROR")
    names = ["a", "b"][: len(lineages)]
    moves = {("a", "b"): migration, ("b", "a"): migration} if len(names) == 2 else {}

    def both(samples: list[int], at: np.ndarray) -> np.ndarray:
        demography = phasegen.Demography(pop_sizes=dict.fromkeys(names, 1), migration_rates=moves)
        law = phasegen.Coalescent(n=dict(zip(names, samples, strict=True)), demography=demography).tree_height
        return np.concatenate([law.pdf(at), law.cdf(at)])

    both([2, 0][: len(names)], np.ones(2))  # compiles
    return Task(lambda: both(lineages, times(last)))


def _case(name: str, lineages: list[int], migration: float, last: float, **more: Any) -> Case:
    return Case(name, {"lineages": lineages, "migration": migration, "last": last}, **more)


PROBLEM = Problem(
    name="densities",
    title="Density and distribution function at 100 times",
    text=(
        "Times are equally spaced up to 8 means, for which SciPy takes one exponential and a hundred "
        "products. Off by: the largest difference from ours, over the largest value. Ours are asked for "
        "1e-10, their default, and differ from exact values by "
        "[no more](measurements.md#distribution-functions)."
    ),
    module=__name__,
    inputs="inputs",
    cases=(
        _case(
            "coalescent 50",
            [50],
            0.0,
            16.0,
            quick={"lineages": [5], "migration": 0.0, "last": 8.0},
        ),
        _case("2 demes × 5, migration 1, 18 states", [5, 0], 1.0, 30.0),
        _case("2 demes × 20, migration 1, 228 states", [20, 0], 1.0, 30.0),
        _case("2 demes × 20, migration 10⁴", [20, 0], 1e4, 30.0),
    ),
    ways=(
        Way("phasic", "ours"),
        Way("SciPy expm, once", "exponential"),
        Way("SciPy expm_multiply", "multiply"),
        Way("phasic 0.32.1", "older", "phasic-0.32.1"),
        Way("PhaseDist 0.2.1", "phasedist", "phasedist"),
        Way("phasegen 2.2.0", "phasegen", "phasegen"),
    ),
)
