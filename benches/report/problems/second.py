"""What the first fit of a second process pays, above the import of JAX."""

from __future__ import annotations

import importlib
from typing import Any

from benches.report.problem import Case, Problem, Task, Way


def imported(folder: str, **_: Any) -> Task:
    return Task(lambda: importlib.import_module("jax"), answer=lambda _: None)


def fit(folder: str, count: int, gamma: bool) -> Task:
    """One step of `Graph.svgd`, which looks for a start by several hundred evaluations."""

    def step() -> Any:
        import jax

        jax.config.update("jax_enable_x64", True)
        import phasic

        from tests import named

        times = [0.31, 0.84, 1.12, 0.22, 2.41, 0.67, 1.93, 0.45] * 13
        times = [t * (1 + i / 8192) for i, t in enumerate(times)][:count]
        graph = phasic.Graph(callback=named.kingman_blocks, n=10)
        prior = phasic.Gamma(2.0, 1.0) if gamma else None
        return graph.svgd(times, prior=prior, n_particles=100, n_iterations=1, progress=False)

    return Task(step, answer=lambda _: None)


PROBLEM = Problem(
    name="second",
    title="The first fit of a process",
    text=(
        "From the start of Python to one step of SVGD with 100 particles, the search for a start "
        "included, for the coalescent of ten lineages. The second process finds trace and compiled "
        "programs in the cache; the first compiles them. A `Gamma` prior imports `scipy.special`."
    ),
    module=__name__,
    process="warm",
    clock="process",
    error="none",
    cases=(
        Case("8 times, default prior", {"count": 8, "gamma": False}),
        Case("100 times, default prior", {"count": 100, "gamma": False}, {"count": 8, "gamma": False}),
        Case("100 times, `Gamma` prior", {"count": 100, "gamma": True}),
    ),
    ways=(
        Way("`import jax` and nothing else", "imported"),
        Way("phasic, second process", "fit", quick=False),
        Way("phasic, first process", "fit", quick=False, process="fresh"),
    ),
)
