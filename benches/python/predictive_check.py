"""How often the predictive check rejects right and wrong models, and what looking at a posterior costs.

Posteriors are exact: 64 quantiles of the Gamma law that a flat logarithm of the rate leaves.

    python -m benches.python.predictive_check
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import jax
import numpy as np
from phasic import Graph, Observations
from phasic.svgd import LogNormal, Posterior
from scipy import stats

from tests.svgd.posteriors import conjugate, of_data

REPLICATES = 400
ROUNDS = 7
PAIRS = ((2, 2, 300), (2, 2, 50), (2, 1, 100), (2, 3, 300), (2, 3, 400), (3, 4, 300))


def kingman(state: np.ndarray, n: int) -> list:
    if not len(state):
        return [((n,), 1.0)]
    (k,) = state
    return [((k - 1,), [k * (k - 1) / 2])] if k > 1 else []


def rejections(true: int, fitted: int, n: int) -> str:
    random = np.random.default_rng(1)
    data = random.gamma(true, size=(REPLICATES, n))
    p_values = np.array([conjugate(fitted, row).predictive_check().p_value for row in data])
    shares = " | ".join(f"{np.mean(p_values < level):.1%}" for level in (0.01, 0.05))
    return f"| {true} | {fitted} | {n} | {shares} |"


def milliseconds(function: Callable[[], object]) -> float:
    function()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        function()
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times)


def coalescent(censored: bool) -> Posterior:
    """1,000 times to the common ancestor of ten, and 128 particles."""
    graph = Graph(callback=kingman, n=10)
    graph.update_weights([1.0])
    times = graph.sample(1000, seed=1)
    end = np.quantile(times, 0.8)
    seen = Observations.exact(times[times <= end]) + Observations.right(np.full(200, end))
    particles = stats.norm.ppf((np.arange(128) + 0.5) / 128, 1.0, 0.03)[:, None]
    return of_data(graph.model(), seen if censored else times, particles, prior=LogNormal(0.0, 1.0))


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    print("| stages | fitted | observations | p < 0.01 | p < 0.05 |")
    for pair in PAIRS:
        print(rejections(*pair), flush=True)
    exact, censored = coalescent(False), coalescent(True)
    for name, run in {
        "log_likelihoods": exact.log_likelihoods,
        "log_likelihoods, a fifth censored": censored.log_likelihoods,
        "predictive_check": exact.predictive_check,
        "predictive, 10,000 draws": lambda: exact.predictive(10_000),
        "predictive_curve, 200 times": lambda: exact.predictive_curve("sf", np.linspace(0.0, 6.0, 200)),
    }.items():
        print(f"| {name} | {milliseconds(run):.0f} ms |")


if __name__ == "__main__":
    main()
