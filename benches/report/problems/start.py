"""What a process pays at its start: imports, and a first fit that an earlier process has made before."""

from __future__ import annotations

import importlib

from benches.report.problem import Case, Problem, Task, Way


def imported(folder: str, module: str) -> Task:
    return Task(lambda: importlib.import_module(module), answer=lambda _: None)


PROBLEM = Problem(
    name="start",
    title="Imports",
    text=(
        "In fresh processes, all files in the page cache. phasic imports JAX where it is first needed; "
        "the ratio to it says what a second process of ours pays less until then."
    ),
    module=__name__,
    process="warm",
    error="none",
    cases=(Case("import", {}, {}),),
    ways=(
        Way("phasic", "imported", options={"module": "phasic"}),
        Way("NumPy", "imported", options={"module": "numpy"}),
        Way("SciPy's sparse solvers", "imported", options={"module": "scipy.sparse.linalg"}),
        Way("JAX", "imported", options={"module": "jax"}),
        Way("phasic 0.32.1", "imported", "phasic-0.32.1", {"module": "phasic"}),
        Way("phasegen 2.2.0", "imported", "phasegen", {"module": "phasegen"}),
        Way("PhaseDist 0.2.1", "imported", "phasedist", {"module": "phasedist"}),
        Way("stormpy 2.0.0", "imported", "stormpy", {"module": "stormpy"}),
    ),
)
