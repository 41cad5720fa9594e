"""Densities: errors, cost on stiff chains, and a likelihood against SciPy's.

python -m benches.python.distributions
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import mpmath
import numpy as np
import scipy.sparse as sparse
from phasic import Epochs, Graph
from scipy.sparse.linalg import expm_multiply

from benches.report import chains
from tests import models, named
from tests.reference import adapters, precise


def seconds(action: Callable[[], object], runs: int = 5) -> float:
    """Median time of an action."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


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
        ("coalescent 20", Graph(callback=models.kingman_parameterised, n=20), [1.0]),
    ]
    for migration in (1e-3, 1.0, 1e5, 1e7):
        cases.append(
            (
                f"2 demes × 5, migration {migration:.0e}",
                Graph(callback=named.demes, lineages=(5, 0)),
                [1.0, migration],
            )
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
    graph = Graph(callback=models.kingman_parameterised, n=n)
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
    graph = Graph(callback=named.demes, lineages=(20, 0))
    print("\n| 2 demes × 20, migration | q·t up to | 100 densities | methods |\n| --- | --- | --- | --- |")
    for migration in (1.0, 1e2, 1e4, 1e6):
        graph.update_weights([1.0, migration])
        times = np.geomspace(0.05, 8, 100) * graph.expectation()
        took = seconds(lambda times=times: graph.pdf(times))
        methods = ", ".join(sorted(set(graph.explain("pdf", times).methods)))
        print(f"| {migration:.0e} | {20 * migration * times[-1]:.0e} | {1e3 * took:.1f} ms | {methods} |")


def stiff_occupancy() -> None:
    """Where the chain is at a time, and where it was until then."""
    graph, time = Graph(callback=named.demes, lineages=(20, 0)), 1.0
    print("\n| 2 demes × 20, migration | q·t | occupancy | accumulated time |\n| --- | --- | --- | --- |")
    for migration in (1.0, 1e2, 1e4, 1e6, 1e8):
        graph.update_weights([1.0, migration])
        q = max(vertex.rate() for vertex in graph.vertices())
        at = seconds(lambda: graph.state_probability(time))
        until = seconds(lambda: graph.accumulated_visiting_time(time))
        print(f"| {migration:.0e} | {q * time:.0e} | {1e3 * at:.1f} ms | {1e3 * until:.1f} ms |")


def stiff_epochs() -> None:
    """Three epochs, of which the last is not stiff; 100 times in all of them."""
    graph = Graph(callback=named.demes, lineages=(20, 0))
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
    graph = Graph(callback=named.demes, lineages=(n, 0))
    theta = np.array([1.0, 0.5])
    graph.update_weights(theta)
    alpha, jumps, exits = chains.matrices(*chains.edges(graph))
    s, start = sparse.csr_matrix(jumps - sparse.diags(exits)), int(np.argmax(alpha))
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


def main() -> None:
    far_tails()
    stiff_errors()
    total_length()
    stiffness()
    stiff_occupancy()
    stiff_epochs()
    likelihood()


if __name__ == "__main__":
    main()
