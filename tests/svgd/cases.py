"""Fits with a known answer: model, data, prior, and the exact law of each parameter on the scale of theta."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from phasic import Graph, Observations, data
from phasic._demo import MUTATION_PRIOR, exact_mutation_rate
from phasic.svgd import Gamma, LogNormal, Normal
from scipy import stats

from tests.svgd.standins import Erlang, Gauss, Hypoexponential, Rates, log_hypoexponential


class Case(NamedTuple):
    model: Any
    values: Any
    prior: Any
    mean: np.ndarray
    sd: np.ndarray
    cdfs: list[Callable[[Any], Any]]
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed


def by_grid(grid: np.ndarray, log: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[Callable[[Any], Any]]]:
    """Mean, sd and cdfs of parameters on the grid exp(`grid`), from log densities of log theta there."""
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    theta, mean, sd, cdfs = np.exp(grid), [], [], []
    for axis in range(log.ndim):
        marginal = weight.sum(axis=tuple(i for i in range(log.ndim) if i != axis))
        mean.append((marginal * theta).sum())
        sd.append(np.sqrt((marginal * (theta - mean[-1]) ** 2).sum()))
        below = np.cumsum(marginal) - 0.5 * marginal
        cdfs.append(functools.partial(np.interp, xp=theta, fp=below))
    return np.asarray(mean), np.asarray(sd), cdfs


def erlang(n: int, rate: float, stages: int = 1) -> Case:
    """Gamma(2, 2 / rate) prior and n Erlang observations: the posterior is Gamma(2 + k n, 2 / rate + sum)."""
    values = np.random.RandomState(5).gamma(stages, 1.0 / rate, size=n)
    shape, posterior_rate = 2.0 + stages * n, 2.0 / rate + values.sum()
    exact = np.asarray([shape / posterior_rate]), np.asarray([np.sqrt(shape) / posterior_rate])
    law = stats.gamma(shape, scale=1.0 / posterior_rate)
    return Case(Erlang(stages), values, Gamma(2.0, 2.0 / rate), *exact, [law.cdf])


def eight_rates() -> Case:
    """Eight conjugate rates from 1e-4 to 1e3, seen 4 to 120 times."""
    rates = 10.0 ** np.linspace(-4, 3, 8)
    counts = np.asarray([4.0, 8.0, 16.0, 30.0, 60.0, 120.0, 10.0, 5.0])
    sums = np.random.RandomState(6).gamma(counts) / rates
    posterior_rates = 2.0 / rates + sums
    posteriors = [stats.gamma(2 + n, scale=1 / r) for n, r in zip(counts, posterior_rates, strict=True)]
    prior = [Gamma(2.0, 2.0 / r) for r in rates]
    mean, sd = ([getattr(p, f)() for p in posteriors] for f in ("mean", "std"))
    cdfs = [posterior.cdf for posterior in posteriors]
    return Case(Rates(counts, sums), [1.0], prior, np.asarray(mean), np.asarray(sd), cdfs)


def gauss(d: int) -> Case:
    """Correlated normal likelihood in d dimensions, Normal(0, 10) prior, no positivity."""
    random = np.random.RandomState(7)
    root = random.normal(size=(d, d))
    precision = np.linalg.inv(root @ root.T / d + 0.3 * np.eye(d))
    centre = 3.0 * random.normal(size=d)
    covariance = np.linalg.inv(precision + np.eye(d) / 100.0)
    mean = covariance @ precision @ centre
    sd = np.sqrt(np.diag(covariance))
    cdfs = [stats.norm(m, s).cdf for m, s in zip(mean, sd, strict=True)]
    model = Gauss(centre, precision)
    return Case(model, [1.0], Normal(0.0, 10.0), mean, sd, cdfs, {"positive_params": False})


def hypoexponential() -> Case:
    """Sum of two exponentials whose priors order the rates; exact moments by a grid on the log scale.

    The overlap of the labels is 0.0002, so the posterior has one mode and a thin tail (kurtosis 4).
    """
    random = np.random.RandomState(8)
    values = random.exponential(1.0, size=60) + random.exponential(0.25, size=60)
    g = np.linspace(-2.0, 3.5, 600)
    a, b = np.meshgrid(np.exp(g), np.exp(g), indexing="ij")
    log = sum(log_hypoexponential(a, b, t, np) for t in values)
    log = log - 0.5 * (g[:, None] / 0.3) ** 2 - 0.5 * ((g[None, :] - np.log(4.0)) / 0.3) ** 2
    priors = [LogNormal(0.0, 0.3), LogNormal(np.log(4.0), 0.3)]
    return Case(Hypoexponential(), values, priors, *by_grid(g, log))


def merge(state: Any, n: int) -> list[Any]:
    """Kingman's coalescent: every pair of lineages merges at rate theta."""
    if len(state) == 0:
        return [((n,), 1.0)]
    k = state[0]
    return [((k - 1,), [k * (k - 1) / 2])] if k > 1 else []


def coalescent() -> Case:
    """T_MRCA of 5 sequences, 40 times, LogNormal(0, 1) prior; exact by the closed form of the density.

    The density is a sum of exponentials with rates theta k (k - 1) / 2 (Tavaré 1984).
    """
    rates = np.asarray([1.0, 3.0, 6.0, 10.0])
    values = np.random.RandomState(9).exponential(1.0 / (1.7 * rates), size=(40, 4)).sum(axis=1)
    weights = np.asarray([np.prod([r / (r - a) for r in rates if r != a]) for a in rates])
    g = np.linspace(-1.5, 2.5, 2001)
    theta = np.exp(g)
    density = np.einsum("k,gkm->gm", weights, _exponentials(theta, rates, values))
    log = np.log(density).sum(axis=1) - 0.5 * g**2
    return Case(Graph(callback=merge, n=5).model(), values, LogNormal(0.0, 1.0), *by_grid(g, log))


def _exponentials(theta: np.ndarray, rates: np.ndarray, values: np.ndarray) -> np.ndarray:
    scaled = theta[:, None] * rates
    return scaled[:, :, None] * np.exp(-scaled[:, :, None] * values)


def kreitman() -> Case:
    """Mutation rate from 43 segregating sites of 11 genes (Kreitman 1983), exact by Tavaré's formula."""
    observed = data.kreitman_adh()
    tree = Graph(callback=_unit_merge, n=observed.sequences)
    graph = tree.discretize(lambda state: [state[0] / 2])
    exact = exact_mutation_rate()
    mass = exact.density * exact.grid
    below = np.cumsum(mass) / mass.sum()
    return Case(
        graph.model(rewards=graph.rewards),
        [float(observed.sites)],
        Gamma(*MUTATION_PRIOR),
        np.asarray([exact.mean]),
        np.asarray([exact.sd]),
        [functools.partial(np.interp, xp=exact.grid, fp=below)],
    )


def _unit_merge(state: Any, n: int) -> list[Any]:
    if len(state) == 0:
        return [((n,), 1.0)]
    k = state[0]
    return [((k - 1,), k * (k - 1) / 2)] if k > 1 else []


def leukaemia() -> Case:
    """Remissions under 6-MP, 12 of 21 censored (Freireich et al. 1963), as two stages of one rate."""
    arm = data.freireich("6-MP")
    seen = Observations.exact(arm.weeks[arm.observed]) + Observations.right(arm.weeks[~arm.observed])
    graph = Graph(1)
    stages = [graph.find_or_create_vertex([i]) for i in range(3)]
    graph.starting_vertex().add_edge(stages[0], 1.0)
    for one, next_one in itertools.pairwise(stages):
        one.add_edge_parameterized(next_one, 0.0, [1.0])
    g = np.linspace(-7.0, 0.0, 2001)
    theta = np.exp(g)[:, None]
    law = stats.gamma(2.0, scale=1.0 / theta)
    log = law.logpdf(arm.weeks[arm.observed]).sum(axis=1) + law.logsf(arm.weeks[~arm.observed]).sum(axis=1)
    log = log - 0.5 * (g - np.log(0.1)) ** 2
    return Case(graph.model(), seen, LogNormal(np.log(0.1), 1.0), *by_grid(g, log))


MAKERS = {
    "exponential, 5 observations": functools.partial(erlang, 5, 1.0),
    "exponential, 5 observations, rate 1e-3": functools.partial(erlang, 5, 1e-3),
    "exponential, 5 observations, rate 1e4": functools.partial(erlang, 5, 1e4),
    "exponential, 100 observations": functools.partial(erlang, 100, 1.0),
    "exponential, 100 observations, rate 1e-3": functools.partial(erlang, 100, 1e-3),
    "exponential, 100 observations, rate 1e4": functools.partial(erlang, 100, 1e4),
    "exponential, 10,000 observations": functools.partial(erlang, 10_000, 1.0),
    "exponential, 10,000 observations, rate 1e-3": functools.partial(erlang, 10_000, 1e-3),
    "exponential, 10,000 observations, rate 1e4": functools.partial(erlang, 10_000, 1e4),
    "Erlang, 5 stages": functools.partial(erlang, 50, 2.0, 5),
    "eight rates over seven decades": eight_rates,
    "hypoexponential": hypoexponential,
    "coalescent, time to the common ancestor": coalescent,
    "Kreitman's segregating sites": kreitman,
    "leukaemia with censoring": leukaemia,
    "ten correlated normals": functools.partial(gauss, 10),
}


@functools.cache
def case(name: str) -> Case:
    return MAKERS[name]()
