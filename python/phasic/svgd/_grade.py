"""A second opinion on finished particles: importance sampling of the posterior, which knows no kernel."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from phasic.svgd._importance import Proposal, Sample, sample
from phasic.svgd._modes import Evaluate, Floats
from phasic.svgd._parts import Pieces

REPLICATES = 8
_DRAWS = 128  # in each replicate, at first
_DOUBLINGS = 3
_ENOUGH = 0.01  # standard error of a standard deviation, relative, at which more draws are not worth while
_LARGEST_SHAPE = 0.5  # of the weights' tail, above which it is measured better
_NO_WEIGHT = 1e-30  # of the largest
_ERRORS = 2.0  # standard errors that a difference may be due to


class Grade(NamedTuple):
    """Estimates by importance sampling, each with its standard error over replicates.

    `theta` (m, d) the draws, with `weights` (m,) of sum 1; `mean` and `sd` (d,) of theta; `shares` (k,) of
    the posterior's pieces; `pareto_k`, `efficiency` and `log_evidence` as in `Sample`.
    """

    theta: Floats
    weights: Floats
    mean: Floats
    mean_error: Floats
    sd: Floats
    sd_error: Floats
    shares: Floats
    share_error: Floats
    pareto_k: float
    efficiency: float
    log_evidence: float


def grade(
    transform: Any,
    evaluate: Evaluate,
    proposal: Proposal,
    pieces: Pieces,
    rng: np.random.Generator,
    *,
    closely: bool = True,
) -> Grade:
    """Weigh draws of a proposal that was fitted to the particles, in eight stratified samples.

    1,024 in all, and up to 8,192 where the standard deviations are not known to a percent or the tail of the
    weights looks heavy: there the posterior's tails are heavy, or its proposal poor. Not so unless `closely`.
    """
    for doubling in range(_DOUBLINGS + 1 if closely else 1):
        drawn = sample(evaluate, proposal, rng, _DRAWS << doubling, REPLICATES)
        given = _estimate(transform, pieces, drawn)
        if np.all(given.sd_error <= _ENOUGH * given.sd) and given.pareto_k < _LARGEST_SHAPE:
            break
    return given


def _estimate(transform: Any, pieces: Pieces, drawn: Sample) -> Grade:
    with np.errstate(over="ignore"):
        theta = transform.to_theta(drawn.z)
    weights = np.exp(drawn.log_weights)
    weights = weights / weights.sum()
    # The far draws of a proposal have no weight, and may have no finite square.
    seen = weights > _NO_WEIGHT * weights.max()
    theta = np.where(seen[:, None], theta, theta[np.argmax(weights)])
    # What is constant, as a fixed parameter, is its own mean to the last bit.
    centre = np.where(np.ptp(theta, axis=0) == 0, theta[0], weights @ theta)
    owned = (pieces.nearest(drawn.z)[:, None] == np.arange(len(pieces.weight))).astype(np.float64)
    first = drawn.estimates(theta - centre)
    second = drawn.estimates((theta - centre) ** 2)
    sd = np.sqrt(np.maximum(second - first**2, 0.0))
    shares = drawn.estimates(owned)
    return Grade(
        theta=theta,
        weights=weights,
        mean=centre + first.mean(axis=0),
        mean_error=_error(first),
        sd=np.sqrt(np.maximum(second.mean(axis=0) - first.mean(axis=0) ** 2, 0.0)),
        sd_error=_error(sd),
        shares=shares.mean(axis=0),
        share_error=_error(shares),
        pareto_k=drawn.pareto_k,
        efficiency=drawn.efficiency,
        log_evidence=drawn.log_evidence,
    )


def _error(replicates: Floats) -> Floats:
    """Standard error of the mean of `replicates` (r, ...)."""
    return np.asarray(replicates.std(axis=0, ddof=1) / np.sqrt(len(replicates)))


def compare(given: Grade, particles: Floats, shares: Sequence[float]) -> Mapping[str, float]:
    """How far particles (n, d) on the scale of theta lie from a grade, beyond what its errors explain.

    `mean_gap` in standard deviations, `sd_gap` relative, each the largest over the parameters; `tail_gap`,
    how much more of a parameter's variance lies beyond the outermost particles than a normal law has there;
    `share_gap`, the largest over the pieces, of which the particles hold `shares` (k,). Constants have no
    gap.
    """
    inferred = given.sd > 0
    scale = np.where(inferred, given.sd, np.inf)

    def largest(gap: Floats, error: Floats) -> float:
        return float(np.max(np.maximum(np.abs(gap) - _ERRORS * error, 0.0), initial=0.0))

    return {
        "mean_gap": largest((particles.mean(axis=0) - given.mean) / scale, given.mean_error / scale),
        "sd_gap": largest(particles.std(axis=0) / scale - inferred, given.sd_error / scale),
        "tail_gap": float(np.max(_beyond(given, particles))) - _normal_share_beyond(len(particles)),
        "share_gap": largest(np.asarray(shares) - given.shares, given.share_error),
    }


def _beyond(given: Grade, particles: Floats) -> Floats:
    """Share (d,) of each parameter's variance that draws beyond the outermost particles (n, d) make."""
    outside = (given.theta < particles.min(axis=0)) | (given.theta > particles.max(axis=0))
    squares = given.weights[:, None] * (given.theta - given.mean) ** 2
    total = squares.sum(axis=0)
    return np.asarray(np.sum(squares * outside, axis=0) / np.where(total > 0, total, 1.0))


def _normal_share_beyond(n: int) -> float:
    """The same of a normal law and its quantiles at (i - 1/2) / n."""
    law = statistics.NormalDist()
    end = law.inv_cdf(1.0 - 0.5 / n)
    return 2.0 * (end * law.pdf(end) + 0.5 / n)
