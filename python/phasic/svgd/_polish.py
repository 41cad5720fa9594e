"""Metropolis moves of the particles of a fit, which make them draws of the posterior."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from phasic.svgd._arguments import check_count
from phasic.svgd._monitor import MODE_WEIGHT
from phasic.svgd._posterior import Posterior
from phasic.svgd._target import Target, float_type

_SQUARED_STEP = 1.44  # times d^(-1/3), in units of the covariance
_LARGEST_SCORE = 2.0  # times sqrt(d): longer whitened scores are cut to this
#: Diagnostics that stay true whatever particles do.
_KEPT = (
    *("modes", "mode_weights", "importance_mean", "importance_mean_error"),
    *("importance_sd", "importance_sd_error"),
)
_ACCEPTANCE, _NOISE = 0.15, 4.0


class Walkers(NamedTuple):
    """Points `z` (n, d), their log densities (n,) and gradients (n, d), and the moves taken so far (n,)."""

    z: Any
    value: Any
    gradient: Any
    accepted: Any


def _half_moved(target: Target, walkers: Walkers, others: Any, key: Any) -> Walkers:
    """One truncated Langevin move of each walker, scaled by the covariance of `others` (m, d).

    Roberts and Tweedie (1996), sections 1.4.1 and 1.4.2: propose z + h²/2 C grad + h C^(1/2) noise, with
    the whitened gradient cut in length, and accept by Metropolis and Hastings.
    """
    n, d = walkers.z.shape
    step = jnp.sqrt(_SQUARED_STEP / d ** (1.0 / 3.0))
    centred = others - jnp.mean(others, axis=0)
    factor = jnp.linalg.cholesky(centred.T @ centred / others.shape[0])
    normal_key, uniform_key = jax.random.split(key)
    noise = jax.random.normal(normal_key, (n, d), walkers.z.dtype)

    def drift(gradient: Any) -> Any:
        score = gradient @ factor
        length = jnp.sqrt(jnp.sum(score**2, axis=1, keepdims=True))
        return 0.5 * step * score * jnp.minimum(1.0, _LARGEST_SCORE * d**0.5 / jnp.maximum(length, 1e-30))

    forward = noise + drift(walkers.gradient)
    proposed = walkers.z + step * forward @ factor.T
    value, gradient = target.value_and_gradient(proposed)
    back = -forward - drift(gradient)
    log_ratio = value - walkers.value + 0.5 * jnp.sum(noise**2 - back**2, axis=1)
    good = jnp.isfinite(value) & jnp.all(jnp.isfinite(gradient) & jnp.isfinite(proposed), axis=1)
    threshold = jnp.log(jax.random.uniform(uniform_key, (n,), walkers.z.dtype))
    take = good & (threshold < log_ratio)
    return Walkers(
        jnp.where(take[:, None], proposed, walkers.z),
        jnp.where(take, value, walkers.value),
        jnp.where(take[:, None], gradient, walkers.gradient),
        walkers.accepted + take,
    )


@jax.jit
def metropolis_sweep(target: Target, walkers: Walkers, key: Any, number: Any) -> Walkers:
    """One move of every walker; `number` counts the sweeps.

    Each half moves with the covariance of the other, so that a move depends on nothing that it changes and
    the posterior stays invariant exactly (the split of Foreman-Mackey et al. 2013, section 3).
    """
    first, second = jax.random.split(jax.random.fold_in(key, number))
    even = jax.tree.map(lambda each: each[0::2], walkers)
    odd = jax.tree.map(lambda each: each[1::2], walkers)
    even = _half_moved(target, even, odd.z, first)
    odd = _half_moved(target, odd, even.z, second)
    result: Walkers = jax.tree.map(
        lambda all_, a, b: all_.at[0::2].set(a).at[1::2].set(b), walkers, even, odd
    )
    return result


@jax.jit
def metropolis_start(target: Target, z: Any) -> Walkers:
    """Walkers at `z` (n, d)."""
    value, gradient = target.value_and_gradient(z)
    return Walkers(z, value, gradient, jnp.zeros(z.shape[0], jnp.int32))


def metropolis(posterior: Posterior, *, moves: int = 20, seed: int = 0) -> Posterior:
    """The particles of a fit after `moves` Metropolis moves each.

    The moves leave the exact posterior invariant and act on every particle alone, so they repair what a fit
    has got wrong within a mode: a spread too small, a shape too round. The price is noise: particles of SVGD
    lie evenly, while these are draws, whose mean has a standard error of sd / sqrt(n). Between distant modes
    they do not move.

    Args:
        posterior: The result of a fit, with its target.
        moves: Moves of each particle, 2 or more.
        seed: Seed of the moves.

    Returns:
        A posterior whose `diagnostics` are `moves`; `acceptance`, the share of moves taken; `memory`, the
        largest correlation of a coordinate before and after, 0 if the moves were enough; `drift`, the largest
        change of a mean over the second half of the moves, in standard errors; and `log_density` (n,). Its
        `converged` says whether acceptance is at least 0.15, memory below 4 / sqrt(n) and drift below 4; with
        several modes, of a fit that was.

    Raises:
        ValueError: The posterior has no target, has fewer than 4 (d + 1) particles or is flat in a direction,
            or the log posterior is not finite at a particle.

    Source: Roberts & Tweedie (1996), Exponential convergence of Langevin distributions and their discrete
    approximations, Bernoulli 2, 341–363, for the moves; Foreman-Mackey et al. (2013), Publications of the
    Astronomical Society of the Pacific 125, 306–312, for moving one half by the spread of the other.

    Example:
        >>> jax.config.update("jax_enable_x64", True)
        >>> graph, waits = phasic.models.erlang(1), np.full(98, 0.5)
        >>> normal = graph.fit(waits, prior=phasic.Gamma(2.0, 1.0), method="laplace")
        >>> draws = phasic.metropolis(normal, moves=20, seed=1)
        >>> draws.method, bool(abs(draws.mean[0] - 2) < 0.15)  # of Gamma(100, 50)
        ('laplace+metropolis', True)
    """
    moves, seed = check_count("moves", moves, 2), check_count("seed", seed, 0)
    began = time.perf_counter()
    target = posterior._known_target("metropolis")
    start = np.asarray(target.transform.to_z(posterior.particles))
    n, d = start.shape
    if n < 4 * (d + 1):
        raise ValueError(f"metropolis needs at least {4 * (d + 1)} particles for {d} parameters, got {n}")
    if min(np.linalg.matrix_rank(half - half.mean(axis=0)) for half in (start[0::2], start[1::2])) < d:
        raise ValueError("the particles have no spread in some direction, so no moves can be scaled by it")
    walkers = metropolis_start(target, start.astype(float_type()))
    bad = np.flatnonzero(~np.isfinite(walkers.value) | ~np.isfinite(walkers.gradient).all(axis=1))
    if bad.size:
        where = np.array2string(posterior.particles[bad[0]], precision=4)
        raise ValueError(f"the log posterior or its gradient is not finite at particle {bad[0]}, {where}")
    key, halfway = jax.random.key(seed), walkers
    for number in range(moves):
        walkers = metropolis_sweep(target, walkers, key, np.int32(number))
        if number == moves // 2:
            halfway = walkers
    z = np.asarray(walkers.z, np.float64)
    numbers = {
        "acceptance": float(np.asarray(walkers.accepted).sum()) / (n * moves),
        "memory": _memory(start, z),
        "drift": _drift(_columns(halfway), _columns(walkers)),
    }
    converged, reason = _verdict(posterior, numbers, n, moves)
    kept = {key: posterior.diagnostics[key] for key in _KEPT if key in posterior.diagnostics}
    log_density = np.asarray(walkers.value, np.float64)
    return replace(
        posterior,
        particles=np.asarray(target.transform.to_theta(z)),
        converged=converged,
        reason=reason,
        diagnostics={**kept, "moves": moves, **numbers, "log_density": log_density},
        n_steps=posterior.n_steps + moves,
        seconds=posterior.seconds + time.perf_counter() - began,
        history=None,
        history_steps=(),
        method=f"{posterior.method}+metropolis",
    )


def _columns(walkers: Walkers) -> NDArray[np.float64]:
    """Coordinates and log densities, (n, d + 1)."""
    return np.column_stack([np.asarray(walkers.z, np.float64), np.asarray(walkers.value, np.float64)])


def _memory(start: NDArray[np.float64], end: NDArray[np.float64]) -> float:
    before, after = start - start.mean(axis=0), end - end.mean(axis=0)
    product = np.sum(before * after, axis=0)
    return float(np.max(np.abs(product) / np.sqrt(np.sum(before**2, axis=0) * np.sum(after**2, axis=0))))


def _drift(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    error = np.sqrt((before.var(axis=0) + after.var(axis=0)) / len(before))
    return float(np.max(np.abs(after.mean(axis=0) - before.mean(axis=0)) / error))


def _verdict(posterior: Posterior, numbers: dict[str, float], n: int, moves: int) -> tuple[bool, str]:
    faults = []
    if not numbers["acceptance"] >= _ACCEPTANCE:
        faults.append(f"only {100 * numbers['acceptance']:.2g} % of moves were taken, limit 15 %")
    limit = _NOISE / np.sqrt(n)
    if not numbers["memory"] < limit:
        faults.append(
            f"particles remember where they started, correlation {numbers['memory']:.2g}, limit {limit:.2g}"
        )
    if not numbers["drift"] < _NOISE:
        faults.append(f"means still move, by {numbers['drift']:.2g} standard errors, limit 4")
    weights = np.asarray(posterior.diagnostics.get("mode_weights", ()))
    if (weights > MODE_WEIGHT).sum() > 1 and not posterior.converged:
        faults.append("moves do not lead from mode to mode, and the fit before them was: " + posterior.reason)
    if faults:
        return False, f"not converged after {moves} Metropolis moves: " + "; ".join(faults)
    return True, f"converged: draws after {moves} Metropolis moves, acceptance {numbers['acceptance']:.2f}"
