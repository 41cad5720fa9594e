"""The same mean for many parameters: a trace that is evaluated, against a factorization for each."""

from __future__ import annotations

from typing import Any

import numpy as np

from benches.report.problem import Problem, Task, Way

from .elimination import PROBLEM as ELIMINATION
from .elimination import THETA, graph, inputs, superlu

__all__ = ["PROBLEM", "inputs", "superlu"]

COUNT = 96


def thetas(model: str) -> np.ndarray:
    """(96, params), the first of which is the model's own."""
    return np.array(THETA[model]) * np.linspace(1.0, 1.2, COUNT)[:, None]


def ours(model: str, arguments: dict[str, Any], folder: str) -> Task:
    trace, many = graph(model, arguments)._builder.freeze().record(), thetas(model)
    return Task(lambda: trace.batch_values(many), per=COUNT, answer=lambda values: float(values[0]))


def with_gradients(model: str, arguments: dict[str, Any], folder: str) -> Task:
    trace, many = graph(model, arguments)._builder.freeze().record(), thetas(model)
    return Task(lambda: trace.batch(many), per=COUNT, answer=lambda both: float(both[0][0]))


def older(model: str, arguments: dict[str, Any], folder: str) -> Task:
    """phasic 0.32.1, one parameter after the other; its graph is built from the model's rule."""
    import phasic

    from tests import models, named

    rule = getattr(named, model, None) or getattr(models, model)
    ((first, _),) = rule([], **arguments)

    def moves(state: Any) -> list[Any]:
        return [(to, coefficients) for to, _, coefficients in rule(state, **arguments)]

    built = phasic.Graph(moves, ipv=[(list(first), 1.0)], graph_cache=False)

    def one(theta: np.ndarray) -> float:
        built.update_weights(theta)
        return float(built.expectation())

    many = thetas(model)
    return Task(lambda: [one(many[1]), one(many[0])], per=2, answer=lambda values: values[1])


PROBLEM = Problem(
    name="parameters",
    title="A mean for each of many parameters",
    text=(
        "The same models, whose rates are linear in θ. Ours evaluates its trace for 96 θ at once, on all "
        "cores; SuperLU factors anew, and phasic 0.32.1 updates its weights. Times are for one θ. Off by: "
        "against ours."
    ),
    module=__name__,
    inputs="inputs",
    cases=ELIMINATION.cases,
    ways=(
        Way("phasic", "ours"),
        Way("phasic, value and gradient", "with_gradients"),
        Way("SciPy SuperLU", "superlu"),
        Way("phasic 0.32.1", "older", "phasic-0.32.1"),
    ),
)
