"""Importance sampling of a posterior, and what its weights say about themselves.

Weights are smoothed by a Pareto tail (PSIS: Vehtari, Simpson, Gelman, Yao and Gabry 2024). The tail's shape k
grades the proposal: below 0.7 its estimates can be trusted, above they cannot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from phasic.svgd._modes import Evaluate, Floats
from phasic.svgd._normal import normal_quantile
from phasic.svgd._start import latin_uniform

_DEGREES = 2  # the fewest with a mean, and with quantiles of chi square in closed form: -2 log(1 - u)
_PRIOR_SIZE, _PRIOR_SHAPE = 10.0, 0.5
_LOG_2PI = math.log(2.0 * math.pi)


@dataclass(frozen=True)
class Proposal:
    """A mixture with shares (k,) of parts at `centre` (k, d) with covariance roots `factor` (k, d, d).

    Every part is half normal and half Student with two degrees of freedom. The normal half fits where the
    posterior is nearly normal, in any dimension; the other half bounds the weights where its tails are heavy.
    """

    shares: Floats
    centre: Floats
    factor: Floats

    def draw(self, rng: np.random.Generator, m: int) -> Floats:
        """Points (m, d), stratified: a Latin hypercube over the coordinates, the parts and their halves."""
        d = self.centre.shape[1]
        u = latin_uniform(rng, m, d + 2)
        part = np.searchsorted(np.cumsum(self.shares)[:-1], u[:, 0], side="right")
        x: Floats = normal_quantile(u[:, 1 : d + 1])
        radius = 2.0 * u[:, d + 1] - 1.0
        student = radius > 0
        x[student] /= np.sqrt(-np.log1p(-radius[student]))[:, None]
        points: Floats = self.centre[part] + np.einsum("mij,mj->mi", self.factor[part], x)
        return points

    def log_density(self, z: Floats) -> Floats:
        """Log density (m,) at `z` (m, d)."""
        d = z.shape[1]
        gap = (z[None] - self.centre[:, None]).transpose(0, 2, 1)
        r2 = np.sum(np.linalg.solve(self.factor, gap) ** 2, axis=1)
        scale = np.log(np.abs(np.diagonal(self.factor, axis1=1, axis2=2))).sum(axis=1)
        normal = -0.5 * (r2 + d * _LOG_2PI)
        student = (
            math.lgamma(0.5 * (_DEGREES + d))
            - math.lgamma(0.5 * _DEGREES)
            - 0.5 * d * math.log(_DEGREES * math.pi)
            - 0.5 * (_DEGREES + d) * np.log1p(r2 / _DEGREES)
        )
        halves = np.logaddexp(normal, student) - math.log(2.0)
        log: Floats = np.logaddexp.reduce(halves + (np.log(self.shares) - scale)[:, None], axis=0)
        return log


def pareto_smooth(log_weights: Floats) -> tuple[Floats, float]:
    """Smoothed log weights (m,), normalized to sum 1, and the shape k of their tail.

    The largest min(m / 5, 3 sqrt(m)) weights are replaced by quantiles of the generalized Pareto
    distribution that fits them (Vehtari et al. 2024, algorithm 1). The shape is infinite if fewer than five
    weights are positive, and without a tail (equal weights) minus infinity.
    """
    finite = np.where(np.isfinite(log_weights), log_weights, -np.inf)
    m = len(finite)
    if np.sum(np.isfinite(finite)) < 5:
        return np.full(m, -math.log(m)), math.inf
    log = finite - finite.max()
    length = min(m // 5, math.ceil(3.0 * math.sqrt(m)))
    order = np.argsort(log, kind="stable")
    tail, cut = order[-length:], log[order[-length - 1]]
    excess = np.exp(log[tail]) - math.exp(cut)
    if length < 5 or not excess[0] >= 0 or excess[-1] <= 1e-14:
        return _normalized(log), -math.inf
    excess = np.maximum(excess, 1e-300)
    shape, scale = _fit_pareto(excess)
    q = (np.arange(length) + 0.5) / length
    smooth = -scale * np.log1p(-q) if shape == 0 else scale * np.expm1(-shape * np.log1p(-q)) / shape
    log = log.copy()
    log[tail] = np.minimum(np.log(smooth + math.exp(cut)), 0.0)
    return _normalized(log), shape


def _normalized(log: Floats) -> Floats:
    normalized: Floats = log - np.logaddexp.reduce(log)
    return normalized


def _fit_pareto(excess: Floats) -> tuple[float, float]:
    """Shape and scale of a generalized Pareto distribution for ascending excesses (Zhang and Stephens 2009).

    The shape is drawn towards 0.5 as by ten more observations (Vehtari et al. 2024, appendix G).
    """
    n = len(excess)
    count = 30 + math.isqrt(n)
    b = 1.0 - np.sqrt(count / (np.arange(count) + 0.5))
    b = b / (3.0 * excess[int(n / 4 + 0.5) - 1]) + 1.0 / excess[-1]
    shapes = np.mean(np.log1p(-b[:, None] * excess), axis=1)
    likelihood = n * (np.log(-b / shapes) - shapes - 1.0)
    weight = np.exp(likelihood - np.logaddexp.reduce(likelihood))
    best = float(weight @ b)
    shape = float(np.mean(np.log1p(-best * excess)))
    scale = -shape / best
    return (n * shape + _PRIOR_SIZE * _PRIOR_SHAPE) / (n + _PRIOR_SIZE), scale


class Sample(NamedTuple):
    """Draws of a proposal with their weights.

    `z` (m, d); `log_weights` (m,), smoothed, of sum 1 within each replicate; `pareto_k`; `log_evidence`, the
    log of the posterior's normalizing constant in the units of its log density; `replicates`, how many
    stratified samples of equal size follow one another.
    """

    z: Floats
    log_weights: Floats
    pareto_k: float
    log_evidence: float
    replicates: int

    @property
    def efficiency(self) -> float:
        """Effective sample size over the number of draws: 1 for a proposal that is the posterior."""
        w = np.exp(self.log_weights)
        return float(w.sum() ** 2 / (w @ w) / len(w))

    def estimates(self, values: Floats) -> Floats:
        """Each replicate's weighted means of `values` (m, ...): (replicates, ...)."""
        shape = (self.replicates, -1, *values.shape[1:])
        w = np.exp(self.log_weights).reshape(self.replicates, -1)
        w = w / w.sum(axis=1, keepdims=True)
        means: Floats = np.einsum("rm,rm...->r...", w, values.reshape(shape))
        return means


def sample(
    evaluate: Evaluate, proposal: Proposal, rng: np.random.Generator, m: int, replicates: int
) -> Sample:
    """Draw `replicates` stratified samples of `m` points each, and weigh them by the posterior."""
    z = np.concatenate([proposal.draw(rng, m) for _ in range(replicates)])
    value, _ = evaluate(z)
    ratio = value - proposal.log_density(z)
    log_weights, shape = pareto_smooth(ratio)
    good = np.where(np.isfinite(ratio), ratio, -np.inf)
    evidence = float(np.logaddexp.reduce(good) - math.log(len(good)))
    return Sample(z, log_weights, shape, evidence, replicates)


def moments(z: Floats) -> tuple[Floats, Floats]:
    """Mean (d,) and a lower root (d, d) of the covariance of points `z` (n, d)."""
    centre = z.mean(axis=0)
    gap = z - centre
    covariance = gap.T @ gap / len(z)
    ridge = 1e-12 * np.trace(covariance) / z.shape[1] + np.finfo(np.float64).tiny
    return centre, np.linalg.cholesky(covariance + ridge * np.eye(z.shape[1]))
