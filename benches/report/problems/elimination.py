"""The expected time to absorption of a graph that is built: ours, SuperLU, an older phasic, Storm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benches.report import chains
from benches.report.problem import Case, Problem, Task, Way

THETA = {
    "rabbits_parameterised": [1.0, 2.0, 4.0],
    "kingman_blocks": [1.0],
    "demes": [1.0, 0.7],
    "tandem_queues": [1.0, 1.1, 1.3],
}


def graph(model: str, arguments: dict[str, Any]) -> Any:
    """A model of `tests.named`, or the rabbits, many states at once."""
    from phasic import Graph

    from tests import models_batched, named

    if model == "rabbits_parameterised":
        built = Graph(callback=models_batched.rabbits_parameterised, batched=True, **arguments)
    else:
        built = Graph(callback=getattr(named, model), **arguments)
    built.update_weights(THETA[model])
    return built


def inputs(model: str, arguments: dict[str, Any], folder: str) -> Task:
    """For who builds no graph from a rule of ours: edges as arrays, and Storm's format."""

    def write() -> None:
        built = graph(model, arguments)
        chains.write(built, folder)
        built.to_drn(f"{folder}/chain.drn")

    return Task(write)


def ours(model: str, arguments: dict[str, Any], folder: str) -> Task:
    builder, theta = graph(model, arguments)._builder, np.array(THETA[model])
    return Task(lambda: builder.freeze().record().moments(theta, 1)[0])


def negative(jumps: Any, exits: np.ndarray) -> Any:
    """-S, by columns."""
    import scipy.sparse as sparse

    return sparse.csc_matrix(sparse.diags(exits) - jumps)


def superlu(folder: str, **_: Any) -> Task:
    """With COLAMD, the fastest of its orderings for each of the cases."""
    from scipy.sparse.linalg import splu

    alpha, jumps, exits = chains.matrices(*chains.read(folder))
    matrix, ones = negative(jumps, exits), np.ones(len(alpha))
    return Task(lambda: alpha @ splu(matrix, permc_spec="COLAMD").solve(ones))


def exact(folder: str, **_: Any) -> Task:
    """SuperLU, refined with residuals of 50 digits until its corrections are below 1e-20.

    Exit rates are summed with 50 digits too: a rounded one is a rate of absorption that the model has not.
    """
    from scipy.sparse.linalg import splu

    def refine() -> float:
        import mpmath

        alpha, jumps, rounded = chains.matrices(*chains.read(folder))
        factors, start = splu(negative(jumps, rounded)), int(np.argmax(alpha))
        source, _, rates = chains.read(folder)
        with mpmath.workdps(50):
            _, heads = np.unique(source, return_index=True)
            exits = np.add.reduceat(np.array([mpmath.mpf(rate) for rate in rates]), heads)[1:]
            rows, columns = jumps.nonzero()
            entries = np.array([mpmath.mpf(rate) for rate in jumps.data])
            x = np.array([mpmath.mpf(0)] * len(exits))
            change = mpmath.mpf(1)
            while change > 1e-20:
                residual = 1 - exits * x
                np.add.at(residual, rows, entries * x[columns])
                size = max(map(abs, residual))
                correction = factors.solve((residual / size).astype(float)) * size
                x = x + correction
                change = abs(correction[start] / x[start])
            return float(x[start])

    return Task(refine)


def older(folder: str, **_: Any) -> Task:
    """phasic 0.32.1, whose graph keeps what it has eliminated: each call has a copy."""
    return Task(lambda copy: copy.expectation(), prepare=chains.older(folder).clone)


def storm(folder: str, solver: str | None = None, **_: Any) -> Task:
    """Storm's default, which bounds the error by 1e-6 of the value, or another of its solvers."""
    import stormpy

    model = stormpy.build_model_from_drn(str(Path(folder) / "chain.drn"))
    (formula,) = stormpy.parse_properties('T=? [F "absorbed"]')
    (start,) = model.initial_states
    environment = None
    if solver:
        environment = stormpy.Environment()
        kind = getattr(stormpy.environments.EquationSolverType, solver)
        environment.solver().set_linear_equation_solver_type(kind)
    return Task(lambda: stormpy.model_checking(model, formula, environment=environment).get_value(start))


PROBLEM = Problem(
    name="elimination",
    title="A mean, once",
    text=(
        "The expected time to absorption, from the graph in memory on: ours freezes, orders, records and "
        "evaluates. Storm is that of stormpy 2.0.0. SuperLU has the matrix given, and COLAMD, which is "
        "its best ordering here. Off by: against SuperLU refined with exit rates and residuals of 50 "
        "digits; a ratio counts below 1e-6, which Storm promises. Models: `tests/named.py` and the "
        "batched rabbits."
    ),
    module=__name__,
    inputs="inputs",
    tolerance=1e-6,
    cases=(
        Case(
            "rabbits 445, 99,680 states",
            {"model": "rabbits_parameterised", "arguments": {"n": 445}},
            {"model": "rabbits_parameterised", "arguments": {"n": 20}},
        ),
        Case("coalescent, blocks of 20, 626", {"model": "kingman_blocks", "arguments": {"n": 20}}),
        Case("2 demes × 20, 228", {"model": "demes", "arguments": {"lineages": [20, 0]}}),
        Case(
            "tandem 100 × 100, 10,201",
            {"model": "tandem_queues", "arguments": {"capacity": 100, "d": 2}},
            {"model": "tandem_queues", "arguments": {"capacity": 8, "d": 2}},
        ),
    ),
    ways=(
        Way("phasic", "ours"),
        Way("SciPy SuperLU", "superlu"),
        Way("phasic 0.32.1", "older", "phasic-0.32.1"),
        Way("Storm, its default", "storm", "stormpy"),
        Way("Storm, Eigen's solver", "storm", "stormpy", {"solver": "EIGEN"}),
        Way("50 digits", "exact", told=False),
    ),
)
