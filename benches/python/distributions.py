"""Densities against their rivals: error, cost on stiff chains, likelihoods, and phasegen's cdf.

    python -m benches.python.distributions [--phasegen PYTHON]

PYTHON is the interpreter of an environment with phasegen 2.2.0 of its own.
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import time
from collections.abc import Callable

import mpmath
import numpy as np
import scipy.sparse as sparse
from phasic import Epochs, Graph
from scipy.sparse.linalg import expm_multiply

from benches.python.elimination import matrix
from tests import models
from tests.reference import adapters, precise

RIVAL = """
import time
import numpy as np
import phasegen as pg
coalescent = pg.Coalescent(n={n})
times = np.linspace(0.05, 8, 100)
start = time.perf_counter()
values = coalescent.tree_height.cdf(times)
once = time.perf_counter() - start
print(once, *values)
"""


def seconds(action: Callable[[], object], runs: int = 5) -> float:
    """Median time of an action."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def two_demes(state, n):
    """Lineages in two demes; theta is (coalescence, migration)."""
    if not len(state):
        return [((n, 0), 1.0)]
    here, there = state
    if here + there == 1:
        return []
    moves = []
    for k, merged, moved in (
        (here, (here - 1, there), (here - 1, there + 1)),
        (there, (here, there - 1), (here + 1, there - 1)),
    ):
        if k > 1:
            moves.append((merged, (k * (k - 1) / 2, 0)))
        if k:
            moves.append((moved, (0, k)))
    return moves


def kingman(state, n):
    """Number of lineages; theta scales the rate of a pair."""
    if not len(state):
        return [((n,), 1.0)]
    (k,) = state
    return [((k - 1,), (k * (k - 1) / 2,))] if k > 1 else []


def chain(rates: list[float]) -> Graph:
    """One state after the other."""
    graph = Graph(1)
    vertices = [graph.find_or_create_vertex([i]) for i in range(len(rates) + 1)]
    graph.starting_vertex().add_edge(vertices[0], 1.0)
    for i, rate in enumerate(rates):
        vertices[i].add_edge(vertices[i + 1], rate)
    return graph


def far_tails() -> None:
    print("| law | 200 standard deviations | relative error of logpdf | of logsf |")
    print("| --- | --- | --- | --- |")
    mpmath.mp.dps = 60
    for k in (1, 5, 50):
        graph = chain([2.0] * k)
        t = graph.mean() + 200 * graph.std()
        density = k * math.log(2) + (k - 1) * mpmath.log(t) - 2 * mpmath.mpf(t) - mpmath.loggamma(k)
        survival = mpmath.log(mpmath.gammainc(k, 2 * mpmath.mpf(t), regularized=True))
        print_tail(f"Erlang {k}", graph, t, density, survival)
    for n in (10, 50):
        rates = [mpmath.mpf(i * (i - 1)) / 2 for i in range(n, 1, -1)]
        graph = chain([float(rate) for rate in rates])
        t = graph.mean() + 200 * graph.std()
        weights = [mpmath.fprod(q / (q - r) for q in rates if q != r) for r in rates]
        terms = [c * mpmath.exp(-r * mpmath.mpf(t)) for c, r in zip(weights, rates, strict=True)]
        density = mpmath.log(mpmath.fsum(r * x for r, x in zip(rates, terms, strict=True)))
        print_tail(f"coalescent {n}", graph, t, density, mpmath.log(mpmath.fsum(terms)))


def print_tail(name: str, graph: Graph, t: float, density: mpmath.mpf, survival: mpmath.mpf) -> None:
    errors = [
        float(abs(got / exact - 1)) for got, exact in ((graph.logpdf(t), density), (graph.logsf(t), survival))
    ]
    print(f"| {name} | {t:.1f} | {errors[0]:.0e} | {errors[1]:.0e} |")


def stiff_errors() -> None:
    """Over a grid of q·t from 1 to 1e8, where the density is above 1e-30 of its largest."""
    print("\n| law | q·t up to | error of pdf | of cdf | of sf |\n| --- | --- | --- | --- | --- |")
    cases: list[tuple[str, Graph, list[float]]] = [
        ("rabbits 3", Graph(callback=models.rabbits_parameterised, n=3), [1.0, 2.0, 4.0]),
        ("rabbits 3, floods of 1e-4", Graph(callback=models.rabbits_parameterised, n=3), [1.0, 1e-4, 1e-4]),
        ("coalescent 20", Graph(callback=kingman, n=20), [1.0]),
    ]
    for migration in (1e-3, 1.0, 1e5, 1e7):
        cases.append(
            (f"2 demes × 5, migration {migration:.0e}", Graph(callback=two_demes, n=5), [1.0, migration])
        )
    for name, graph, theta in cases:
        graph.update_weights(theta)
        law = adapters.from_graph(graph, exact=True)
        exits = [-sum(row) for row in law.S]
        q = float(max(-law.S[i, i] for i in range(len(law.S))))
        times = np.geomspace(1.0, 1e8, 33) / q
        times = times[graph.logpdf(times) > np.max(graph.logpdf(times)) + np.log(1e-30)]
        errors = np.zeros(3)
        for t in times:
            at = precise.occupancy(law.alpha, law.S, t, 60)
            density, survival = (precise.dot(at, weights, 60) for weights in (exits, [1] * len(exits)))
            got = [graph.pdf(t), graph.cdf(t), graph.sf(t)]
            exact = [density, 1 - survival, survival]
            errors = np.maximum(errors, [float(abs(g / e - 1)) for g, e in zip(got, exact, strict=True)])
        told = " | ".join(f"{error:.0e}" for error in errors)
        print(f"| {name} | {q * times[-1]:.0e} | {told} |")


def total_length(n: int = 50) -> None:
    graph = Graph(callback=kingman, n=n)
    graph.update_weights([1.0])
    rewarded = graph.reward_transform([0.0, *(float(s[0]) for s in graph.states()[1:])])
    times = np.geomspace(0.05, 60, 40)
    exact = [
        float((n - 1) / mpmath.mpf(2) * mpmath.exp(-x / 2) * (1 - mpmath.exp(-x / 2)) ** (n - 2))
        for x in map(mpmath.mpf, times)
    ]
    error = np.max(np.abs(rewarded.pdf(times) / exact - 1))
    print(f"\ntotal branch length, n = {n}: relative error {error:.0e}, density down to {min(exact):.0e}")


def stiffness() -> None:
    graph = Graph(callback=two_demes, n=20)
    print("\n| 2 demes × 20, migration | q·t up to | 100 densities | methods |\n| --- | --- | --- | --- |")
    for migration in (1.0, 1e2, 1e4, 1e6):
        graph.update_weights([1.0, migration])
        times = np.geomspace(0.05, 8, 100) * graph.expectation()
        took = seconds(lambda times=times: graph.pdf(times))
        methods = ", ".join(sorted(set(graph.explain("pdf", times).methods)))
        print(f"| {migration:.0e} | {20 * migration * times[-1]:.0e} | {1e3 * took:.1f} ms | {methods} |")


def stiff_occupancy() -> None:
    """Where the chain is at a time, and where it was until then."""
    graph, time = Graph(callback=two_demes, n=20), 1.0
    print("\n| 2 demes × 20, migration | q·t | occupancy | accumulated time |\n| --- | --- | --- | --- |")
    for migration in (1.0, 1e2, 1e4, 1e6, 1e8):
        graph.update_weights([1.0, migration])
        q = max(vertex.rate() for vertex in graph.vertices())
        at = seconds(lambda: graph.state_probability(time))
        until = seconds(lambda: graph.accumulated_visiting_time(time))
        print(f"| {migration:.0e} | {q * time:.0e} | {1e3 * at:.1f} ms | {1e3 * until:.1f} ms |")


def stiff_epochs() -> None:
    """Three epochs, of which the last is not stiff; 100 times in all of them."""
    graph = Graph(callback=two_demes, n=20)
    data = np.exp(np.random.default_rng(1).uniform(np.log(0.1), np.log(6.0), 100))
    print("\n| 2 demes × 20, migration | log-likelihood | all gradients |\n| --- | --- | --- |")
    for migration in (1.0, 1e3, 1e6, 1e8):
        thetas = ([1.0, migration], [2.0, 3 * migration], [0.5, 1.0])

        def made(thetas=thetas) -> Epochs:
            return graph.epochs(list(zip((0.0, 0.5, 1.5), thetas, strict=True)))

        value = seconds(lambda made=made: made().log_likelihood(data))
        slopes = seconds(lambda made=made: made().log_likelihood_gradient(data))
        print(f"| {migration:.0e} | {1e3 * value:.0f} ms | {1e3 * slopes:.0f} ms |")


def likelihood(n: int = 43, m: int = 10_000) -> None:
    graph = Graph(callback=two_demes, n=n)
    theta = np.array([1.0, 0.5])
    graph.update_weights(theta)
    negative, start = matrix(graph, theta)
    s = -sparse.csr_matrix(negative)
    mean = graph.expectation()
    data = np.random.default_rng(1).exponential(mean, m)
    ours = seconds(lambda: graph.log_likelihood_gradient(theta, data))
    exits = -np.asarray(s.sum(axis=1)).ravel()
    few = np.sort(data[:20])

    def rival() -> float:
        return float(sum(np.log(expm_multiply(s * t, exits)[start]) for t in few))

    theirs = seconds(rival, 1) * m / len(few)
    print(
        f"\nlog-likelihood of {m:,} times, 2 demes × {n} ({s.shape[0]} states): value and gradient "
        f"{1e3 * ours:.1f} ms; expm_multiply, value alone, {theirs:.1f} s ({len(few)} times, scaled up); "
        f"ratio {theirs / ours:.0f}"
    )


def phasegen(python: str, n: int = 50) -> None:
    graph = Graph(callback=kingman, n=n)
    graph.update_weights([1.0])
    times = np.linspace(0.05, 8, 100)
    ours = seconds(lambda: graph.cdf(times))
    told = subprocess.run([python, "-c", RIVAL.format(n=n)], capture_output=True, text=True, check=True)
    once, *values = map(float, told.stdout.split())
    difference = np.max(np.abs(np.array(values) - graph.cdf(times)))
    print(
        f"\ncdf at 100 times, Kingman {n}: {1e3 * ours:.2f} ms; phasegen {1e3 * once:.0f} ms; ratio "
        f"{once / ours:.0f}; largest difference {difference:.0e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phasegen", metavar="PYTHON")
    options = parser.parse_args()
    far_tails()
    stiff_errors()
    total_length()
    stiffness()
    stiff_occupancy()
    stiff_epochs()
    likelihood()
    if options.phasegen:
        phasegen(options.phasegen)


if __name__ == "__main__":
    main()
