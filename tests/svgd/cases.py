"""Fits with a known answer: model, data, prior, exact mean and standard deviation on the scale of theta."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from phasic.svgd import Gamma, LogNormal, Normal
from scipy import stats

from tests.svgd.standins import Erlang, Gauss, Hypoexponential, Rates, log_hypoexponential


class Case(NamedTuple):
    model: Any
    values: Any
    prior: Any
    mean: np.ndarray
    sd: np.ndarray
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed


def erlang(n: int, rate: float, stages: int = 1) -> Case:
    """Gamma(2, 2 / rate) prior and n Erlang observations: the posterior is Gamma(2 + k n, 2 / rate + sum)."""
    values = np.random.RandomState(5).gamma(stages, 1.0 / rate, size=n)
    shape, posterior_rate = 2.0 + stages * n, 2.0 / rate + values.sum()
    exact = np.asarray([shape / posterior_rate]), np.asarray([np.sqrt(shape) / posterior_rate])
    return Case(Erlang(stages), values, Gamma(2.0, 2.0 / rate), *exact)


def eight_rates() -> Case:
    """Eight conjugate rates from 1e-4 to 1e3, seen 4 to 120 times."""
    rates = 10.0 ** np.linspace(-4, 3, 8)
    counts = np.asarray([4.0, 8.0, 16.0, 30.0, 60.0, 120.0, 10.0, 5.0])
    sums = np.random.RandomState(6).gamma(counts) / rates
    posterior_rates = 2.0 / rates + sums
    posteriors = [stats.gamma(2 + n, scale=1 / r) for n, r in zip(counts, posterior_rates, strict=True)]
    prior = [Gamma(2.0, 2.0 / r) for r in rates]
    mean, sd = ([getattr(p, f)() for p in posteriors] for f in ("mean", "std"))
    return Case(Rates(counts, sums), [1.0], prior, np.asarray(mean), np.asarray(sd))


def gauss(d: int) -> Case:
    """Correlated normal likelihood in d dimensions, Normal(0, 10) prior, no positivity."""
    random = np.random.RandomState(7)
    root = random.normal(size=(d, d))
    precision = np.linalg.inv(root @ root.T / d + 0.3 * np.eye(d))
    centre = 3.0 * random.normal(size=d)
    covariance = np.linalg.inv(precision + np.eye(d) / 100.0)
    mean = covariance @ precision @ centre
    sd = np.sqrt(np.diag(covariance))
    return Case(Gauss(centre, precision), [1.0], Normal(0.0, 10.0), mean, sd, {"positive_params": False})


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
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    mean = np.asarray([(weight * a).sum(), (weight * b).sum()])
    sd = np.sqrt(np.asarray([(weight * a**2).sum(), (weight * b**2).sum()]) - mean**2)
    return Case(Hypoexponential(), values, [LogNormal(0.0, 0.3), LogNormal(np.log(4.0), 0.3)], mean, sd)


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
    "ten correlated normals": functools.partial(gauss, 10),
}


@functools.cache
def case(name: str) -> Case:
    return MAKERS[name]()
