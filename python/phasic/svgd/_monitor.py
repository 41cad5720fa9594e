"""Convergence of a set of particles, judged by numbers that are zero for a perfect one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from phasic.svgd._kernel import at_once, median_distance, median_of_pairs, squared_distances
from phasic.svgd._rows import by_rows, in_blocks

LIMITS = {"stein_mean": 0.02, "stein_second": 0.05, "ksd_ratio": 1.0, "movement": 1e-3}
GRADE_LIMITS = {"pareto_k": 0.7, "mean_gap": 0.05, "sd_gap": 0.04, "tail_gap": 0.2, "share_gap": 0.05}
RESIDUALS = ("stein_mean", "stein_second", "ksd_ratio")
STEADY_STEPS = 10
STUCK_SHARE = 0.01
MODE_WEIGHT = 0.01
FAR = 1e4
MOST = 0.9

_MEANING = {
    "stein_mean": "largest mean score",
    "stein_second": "largest entry of mean(score x') + I",
    "ksd_ratio": "kernel Stein discrepancy over its value for independent draws",
    "movement": f"largest root-mean-square move in the last {STEADY_STEPS} steps",
}
_GRADES = {
    "pareto_k": "shape k of the tail of importance weights",
    "mean_gap": "distance of a mean from importance sampling's, in standard deviations beyond its error,",
    "sd_gap": "relative difference of a standard deviation from importance sampling's, beyond its error,",
    "tail_gap": "share of a variance beyond the outermost particles, more than a normal law's,",
    "share_gap": "difference of a mode's share of particles from its weight, beyond its error,",
}
_TOLD = 4  # faults, of which there may be four for each part

_PRIOR = "a prior that leaves out parameters the model cannot take"
_SMALLER = "smaller steps (learning_rate)"
_STEPS = "more steps (n_iterations), with the default kernel and step sizes"
_WEIGHTED = (
    'mean and sd of importance sampling, diagnostics["importance_mean"] and ["importance_sd"], with their '
    "errors beside them"
)
_MOVES = "Metropolis moves, phasic.metropolis or fit(polish=20)"
_SAMPLER = 'a sampler, fit(method="nuts")'
_QUANTILES = "quantiles away from the tail instead of standard deviations"
_PARTICLES = "more particles (n_particles)"
_HELP = ". What may help: "
_ORDER = (_PRIOR, _SMALLER, _STEPS, _WEIGHTED, _MOVES, _SAMPLER, _QUANTILES, _PARTICLES)
_REMEDIES = {
    "mean_gap": {_WEIGHTED, _MOVES, _SAMPLER, _PARTICLES},
    "sd_gap": {_WEIGHTED, _MOVES, _SAMPLER, _PARTICLES},
    "tail_gap": {_WEIGHTED, _QUANTILES, _PARTICLES},
}


def residuals(x: Any, score: Any, axis: str | None = None) -> dict[str, Any]:
    """Stein residuals of whitened particles `x` (n, d) with scores (n, d), three scalars.

    `stein_mean` R1 = max |mean s|; `stein_second` R2 = max |mean(s x') + I|; `ksd_ratio` K = squared kernel
    Stein discrepancy with the IMQ kernel (Gorham and Mackey 2017) divided by its expectation under
    independent draws, mean k_p(x_i, x_i) / n, so that K = 1 is the noise of n exact draws.

    Pairs of many particles, or with a mesh `axis` of devices, are summed as in `Kernel.direction`.
    """
    n, d = x.shape
    first = jnp.max(jnp.abs(jnp.mean(score, axis=0)))
    second = jnp.max(jnp.abs(score.T @ x / n + jnp.eye(d, dtype=x.dtype)))
    if at_once(n, axis):
        r2 = squared_distances(x)
        h = median_of_pairs(r2)
        u = 1.0 + r2 / h
        own = jnp.sum(score * x, axis=1)
        cross = score @ x.T
        along = own[:, None] + own[None, :] - cross - cross.T
        stein = (score @ score.T) / jnp.sqrt(u) + (along + d) / (h * u**1.5) - 3.0 * r2 / (h**2 * u**2.5)
        mean, own = jnp.mean(stein), jnp.mean(jnp.diagonal(stein))
    else:
        x, score = jnp.asarray(x), jnp.asarray(score)
        h = median_distance(x)

        def rows(own: Any) -> Any:
            return jnp.mean(_stein_rows(squared_distances(x, own), h, x, score, own), axis=1)

        mean = jnp.mean(by_rows(lambda own: in_blocks(rows, own, n), n, axis))
        own = jnp.mean(jnp.sum(score**2, axis=1)) + d / h
    return {"stein_mean": first, "stein_second": second, "ksd_ratio": mean / (own / n)}


def _stein_rows(r2: Any, h: Any, x: Any, score: Any, own: Any) -> Any:
    """Rows `own` (m,) of the matrix k_p(x_i, x_j), (m, n), at squared distances `r2` (m, n).

    Powers are taken as products, which halves the time of 10,000 particles.
    """
    share = 1.0 / (1.0 + r2 / h)
    k = jnp.sqrt(share)
    slope = k * share / h
    length = jnp.sum(score * x, axis=1)
    along = length[own, None] + length[None, :] - score[own] @ x.T - x[own] @ score.T
    return (score[own] @ score.T) * k + (along + x.shape[1]) * slope - 3.0 * r2 * (slope * share / h)


class ConvergenceWarning(UserWarning):
    """A fit ended without having converged. Its text is the `reason` of the result.

    Make it an error where a script must stop.

    Example:
        >>> import warnings
        >>> from phasic.svgd import ConvergenceWarning
        >>> jax.config.update("jax_enable_x64", True)
        >>> warnings.simplefilter("error", ConvergenceWarning)
        >>> try:
        ...     phasic.models.erlang(1).svgd([0.5, 1.5], prior=phasic.Gamma(2.0, 2.0), n_iterations=5)
        ... except ConvergenceWarning as warning:
        ...     print(warning)
        not converged: ...
    """


class Fault(NamedTuple):
    """What is wrong with a fit, and what would help."""

    text: str
    remedies: Collection[str]


def faults_of_run(numbers: Mapping[str, float], steps: int, stuck: int, n: int) -> list[Fault]:
    """What the monitor has against `n` particles after `steps` steps; `stuck` could not make their last move.

    `numbers` holds the keys of `LIMITS`.
    """
    faults = [
        Fault(f"{_MEANING[key]} is {numbers[key]:.2g}, limit {limit:g}", {_STEPS, _PARTICLES})
        for key, limit in LIMITS.items()
        if not numbers[key] < limit
    ]
    if steps < STEADY_STEPS:
        faults.append(Fault(f"only {steps} steps taken, of at least {STEADY_STEPS}", {_STEPS}))
    if stuck > STUCK_SHARE * n:
        text = f"{stuck} of {n} particles could not move (log density or its gradient not finite)"
        faults.append(Fault(text, {_PRIOR}))
    return faults


def astray(x: NDArray[Any], stuck: NDArray[np.bool_]) -> int:
    """How many particles are lost, if they are nine in ten, and else 0.

    Lost is a particle whose last move led to no finite log density (`stuck`), or that is further than `FAR`
    posterior standard deviations from the mode in whitened coordinates `x` (n, d). In a run that explodes all
    are; an edge of the support may hold up two thirds in one that does not.
    """
    lost = int(np.sum(stuck | (np.abs(x).max(axis=1) > FAR)))
    return lost if lost >= MOST * len(x) else 0


def diverged(lost: int, step: int, kept: int) -> Fault:
    """What to say where so many particles went astray by `step`, and those of step `kept` are the result."""
    text = (
        f"diverged, by step {step} {lost} particles have no finite log density or gradient, or are further "
        f"than {FAR:g} sd from the mode; the last good ones are kept, of step {kept}"
    )
    return Fault(text, {_SMALLER})


def faults_of_grade(numbers: Mapping[str, float]) -> list[Fault]:
    """What importance sampling has against the particles; `numbers` holds the keys of `GRADE_LIMITS`.

    Where its weights have no heavy tail, its own moments are the nearest remedy.
    """
    works = numbers["pareto_k"] < GRADE_LIMITS["pareto_k"]
    faults = []
    for key, limit in GRADE_LIMITS.items():
        if not numbers[key] < limit:
            remedies = _REMEDIES.get(key, {_SAMPLER, _PARTICLES})
            text = f"{_GRADES[key]} is {numbers[key]:.2g}, limit {limit:g}"
            faults.append(Fault(text, remedies if works else remedies - {_WEIGHTED}))
    return faults


def heavy_tails(numbers: Mapping[str, float]) -> bool:
    """Whether nothing but second moments is wrong with particles: what more of them would mend."""
    moved = all(numbers[key] < limit for key, limit in LIMITS.items())
    return moved and not all(numbers[key] < GRADE_LIMITS[key] for key in ("sd_gap", "tail_gap"))


def verdict(faults: Sequence[Fault]) -> tuple[bool, str]:
    """Whether a fit has converged, and why, or why not and what would help."""
    if not faults:
        return True, "converged: Stein residuals, movement and importance sampling are within their limits"
    remedies = sorted({each for fault in faults for each in fault.remedies}, key=_ORDER.index)
    texts = list(dict.fromkeys(fault.text for fault in faults))
    if len(texts) > _TOLD:
        texts[_TOLD:] = [f"and {len(texts) - _TOLD} more"]
    return False, f"not converged: {'; '.join(texts)}{_HELP}{'; or '.join(remedies)}"


def without_remedies(reason: str) -> str:
    """What a verdict says, but for what may help."""
    return reason.partition(_HELP)[0]
