"""A population of three sizes in turn: the time to the common ancestor, against its closed form."""

from __future__ import annotations

from typing import Any

import numpy as np

from benches.report.problem import Case, Problem, Task, Way

STARTS, SIZES = (0.0, 0.5, 1.5), (1.0, 0.2, 5.0)
AT = np.linspace(0.1, 10.0, 100)


def ours(n: int, folder: str) -> Task:
    from phasic import Graph

    from tests import models

    graph = Graph(callback=models.kingman_parameterised, n=n)
    rates = [(start, [1 / size]) for start, size in zip(STARTS, SIZES, strict=True)]
    return Task(lambda: graph.epochs(rates).cdf(AT))


def phasegen(n: int, folder: str) -> Task:
    """From the demography on, since it keeps what it has computed."""
    import phasegen

    phasegen.logging.getLogger("phasegen").setLevel("ERROR")
    sizes = {"a": dict(zip(STARTS, SIZES, strict=True))}

    def cdf(samples: int) -> Any:
        demography = phasegen.Demography(pop_sizes=sizes)
        return phasegen.Coalescent(n={"a": samples}, demography=demography).tree_height.cdf(AT)

    cdf(2)  # compiles
    return Task(lambda: cdf(n))


def exact(n: int, folder: str) -> Task:
    """The distribution function with one size, at the time that runs as fast as pairs merge; 60 digits."""

    def curve() -> list[float]:
        import mpmath

        with mpmath.workdps(60):
            rates = [mpmath.mpf(k * (k - 1)) / 2 for k in range(2, n + 1)]
            weights = [mpmath.fprod(q / (q - r) for q in rates if q != r) for r in rates]
            terms = list(zip(weights, rates, strict=True))
            return [
                float(1 - mpmath.fsum(w * mpmath.exp(-r * operational(t)) for w, r in terms))
                for t in AT.tolist()
            ]

    return Task(curve)


def operational(t: float) -> Any:
    """The integral of one over the size until t."""
    import mpmath

    ends = (*STARTS[1:], float("inf"))
    spans = [min(t, end) - start for start, end in zip(STARTS, ends, strict=True) if t > start]
    return mpmath.fsum(mpmath.mpf(span) / size for span, size in zip(spans, SIZES, strict=False))


PROBLEM = Problem(
    name="epochs",
    title="Epochs",
    text=(
        "Distribution function at 100 times of the time to the common ancestor, in a population of size "
        "1, from 0.5 on 0.2, from 1.5 on 5. Off by: the largest difference from the closed form with 60 "
        "digits."
    ),
    module=__name__,
    cases=(
        Case("coalescent 10", {"n": 10}, {"n": 4}),
        Case("coalescent 50", {"n": 50}),
    ),
    ways=(
        Way("phasic", "ours"),
        Way("phasegen 2.2.0", "phasegen", "phasegen"),
        Way("closed form", "exact", told=False),
    ),
)
