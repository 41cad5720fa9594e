"""Convergence of a set of particles, judged by numbers that are zero for a perfect one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from phasic.svgd._kernel import median_of_pairs, squared_distances

LIMITS = {"stein_mean": 0.02, "stein_second": 0.05, "ksd_ratio": 1.0, "movement": 1e-3}
RESIDUALS = ("stein_mean", "stein_second", "ksd_ratio")
STEADY_STEPS = 10
STUCK_SHARE = 0.01
MODE_WEIGHT = 0.01

_MEANING = {
    "stein_mean": "largest mean score",
    "stein_second": "largest entry of mean(score x') + I",
    "ksd_ratio": "kernel Stein discrepancy over its value for independent draws",
    "movement": f"largest root-mean-square move in the last {STEADY_STEPS} steps",
}


def residuals(x: Any, score: Any) -> dict[str, Any]:
    """Stein residuals of whitened particles `x` (n, d) with scores (n, d), three scalars.

    `stein_mean` R1 = max |mean s|; `stein_second` R2 = max |mean(s x') + I|; `ksd_ratio` K = squared kernel
    Stein discrepancy with the IMQ kernel (Gorham and Mackey 2017) divided by its expectation under
    independent draws, mean k_p(x_i, x_i) / n, so that K = 1 is the noise of n exact draws.
    """
    n, d = x.shape
    first = jnp.max(jnp.abs(jnp.mean(score, axis=0)))
    second = jnp.max(jnp.abs(score.T @ x / n + jnp.eye(d, dtype=x.dtype)))
    r2 = squared_distances(x)
    h = median_of_pairs(r2)
    u = 1.0 + r2 / h
    own = jnp.sum(score * x, axis=1)
    cross = score @ x.T
    along = own[:, None] + own[None, :] - cross - cross.T
    stein = (score @ score.T) / jnp.sqrt(u) + (along + d) / (h * u**1.5) - 3.0 * r2 / (h**2 * u**2.5)
    return {
        "stein_mean": first,
        "stein_second": second,
        "ksd_ratio": jnp.mean(stein) / (jnp.mean(jnp.diagonal(stein)) / n),
    }


def assess(
    numbers: Mapping[str, float], steps: int, stuck: int, n: int, mode_weights: Sequence[float]
) -> tuple[bool, str]:
    """Whether a run has converged, and why or why not in one sentence.

    `numbers` holds the keys of `LIMITS` after `steps` steps; `stuck` of `n` particles could not make their
    last move; `mode_weights` are the estimated weights of the posterior's modes, of which the particles
    cover the first.
    """
    faults = [
        f"{_MEANING[key]} is {numbers[key]:.2g}, limit {limit:g}"
        for key, limit in LIMITS.items()
        if not numbers[key] < limit
    ]
    if steps < STEADY_STEPS:
        faults.append(f"only {steps} steps taken, of at least {STEADY_STEPS}")
    if stuck > STUCK_SHARE * n:
        faults.append(f"{stuck} of {n} particles could not move (log density or its gradient not finite)")
    others = [w for w in mode_weights[1:] if w > MODE_WEIGHT]
    if others:
        shares = ", ".join(f"{w:.2g}" for w in mode_weights if w > MODE_WEIGHT)
        faults.append(f"{1 + len(others)} modes with weights about {shares}; the particles cover the first")
    if faults:
        return False, "not converged: " + "; ".join(faults)
    return True, "converged: Stein residuals, discrepancy and movement are within their limits"
