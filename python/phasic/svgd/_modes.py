"""Posterior modes: damped Newton from several starts at once, with Hessians from differences of gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Evaluate = Callable[[Floats], tuple[Floats, Floats]]

_ITERATIONS = 50
_DECREMENT = 1e-4  # nats: a mode known to 0.014 posterior standard deviations, which is all a start needs
_DAMPING_LIMIT = 1e8
_LARGEST_MOVE = 4.0  # times max(1, |z|)
_LARGEST_LOG_MOVE = 1.0  # where theta is exponential in z: a likelihood may cost in proportion to theta
_DIFFERENCE = 0.02  # of the local length scale
_SAME_MODE = 0.5  # distance in posterior standard deviations
_FLOOR = 1e-10


@dataclass(frozen=True)
class Modes:
    """Local maxima of the log density, best Laplace evidence first.

    `z` (k, d), `log_density` (k,), `precision` (k, d, d) the positive definite curvature, `weights` (k,)
    the Laplace estimates of each mode's share of the posterior.
    """

    z: Floats
    log_density: Floats
    precision: Floats
    weights: Floats


@dataclass
class _Climb:
    """Where each of k starts stands (mutable, local to `find_modes`)."""

    z: Floats
    value: Floats
    gradient: Floats
    precision: Floats
    scale: Floats
    damping: Floats
    done: NDArray[np.bool_]


def _stencil(z: Floats, step: Floats) -> Floats:
    """The points z, z + h_i e_i, z - h_i e_i for each row: (k, 2 d + 1, d)."""
    offsets = step[:, :, None] * np.eye(z.shape[1])
    return np.concatenate([z[:, None], z[:, None] + offsets, z[:, None] - offsets], axis=1)


def _precision(gradients: Floats, step: Floats) -> Floats:
    """Minus the Hessian (k, d, d) from gradients on a stencil; one-sided where a side is not finite."""
    d = step.shape[1]
    centre, plus, minus = gradients[:, :1], gradients[:, 1 : d + 1], gradients[:, d + 1 :]
    good_plus = np.isfinite(plus).all(axis=2, keepdims=True)
    good_minus = np.isfinite(minus).all(axis=2, keepdims=True)
    rise = np.where(good_plus, plus, centre) - np.where(good_minus, minus, centre)
    sides = good_plus.astype(float) + good_minus
    rows = -rise / (np.maximum(sides, 1.0) * step[:, :, None])
    return np.asarray(0.5 * (rows + rows.transpose(0, 2, 1)))


def _positive(precision: Floats) -> tuple[Floats, Floats]:
    """Absolute eigenvalues, floored, and eigenvectors (saddle-free Newton, Dauphin et al. 2014)."""
    values, vectors = np.linalg.eigh(precision)
    size = np.abs(values)
    top = size.max(axis=-1, keepdims=True)
    return np.where(top > 0, np.maximum(size, _FLOOR * top), 1.0), vectors


def _measure(evaluate: Evaluate, z: Floats, scale: Floats) -> tuple[Floats, Floats, Floats]:
    """Values (k,), gradients (k, d) and precisions (k, d, d) at `z` (k, d), by one batch of evaluations."""
    step = _DIFFERENCE * scale
    points = _stencil(z, step)
    k, m, d = points.shape
    value, gradient = evaluate(points.reshape(k * m, d))
    gradient = gradient.reshape(k, m, d)
    value = value.reshape(k, m)[:, 0]
    usable = np.isfinite(value) & np.isfinite(gradient[:, 0]).all(axis=1)
    gradient[~usable] = 0.0
    return np.where(usable, value, -np.inf), gradient[:, 0], _precision(gradient, step)


def _scale(z: Floats, precision: Floats) -> Floats:
    """Length over which each coordinate's gradient changes by one unit of curvature, at most max(1, |z|)."""
    diagonal = np.abs(np.diagonal(precision, axis1=1, axis2=2))
    with np.errstate(divide="ignore"):
        local = 1.0 / np.sqrt(diagonal)
    return np.asarray(np.minimum(local, np.maximum(1.0, np.abs(z))))


def _propose(climb: _Climb, logarithmic: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Damped Newton moves (k, d), capped, and the undamped Newton decrements (k,) in nats."""
    values, vectors = _positive(climb.precision)
    along = np.einsum("kij,ki->kj", vectors, climb.gradient)
    decrement = 0.5 * np.sum(along**2 / values, axis=1)
    move = np.einsum("kij,kj->ki", vectors, along / (values * (1.0 + climb.damping[:, None])))
    room = np.where(logarithmic, _LARGEST_LOG_MOVE, _LARGEST_MOVE * np.maximum(1.0, np.abs(climb.z)))
    excess = np.max(np.abs(move) / room, axis=1, keepdims=True)
    return move / np.maximum(excess, 1.0), decrement


def find_modes(
    evaluate: Evaluate,
    starts: Floats,
    precision_of_values: float,
    logarithmic: NDArray[np.bool_] | None = None,
) -> Modes:
    """Climb from every row of `starts` (k, d), all of finite log density, and merge what meets.

    `evaluate` maps points (m, d) to log densities (m,) and gradients (m, d) and may return -inf and NaN;
    each iteration calls it once, with 2 d + 1 points per start still climbing. `precision_of_values` is the
    relative rounding error of the log density. `logarithmic` (d,) marks coordinates whose exponential is the
    parameter (default none): they move by at most 1 in an iteration, so that no climb visits parameters far
    larger than those it has been through. Starts that have not arrived after 50 iterations count only
    if none has.
    """
    if logarithmic is None:
        logarithmic = np.zeros(starts.shape[1], dtype=bool)
    scale = np.ones(starts.shape)
    value, gradient, precision = _measure(evaluate, starts, scale)
    k = len(starts)
    climb = _Climb(starts.copy(), value, gradient, precision, scale, np.zeros(k), np.zeros(k, dtype=bool))
    for _ in range(_ITERATIONS):
        climb.scale = _scale(climb.z, climb.precision)
        move, decrement = _propose(climb, logarithmic)
        climb.done = (decrement < _DECREMENT) & (climb.damping == 0)
        go = np.flatnonzero(~climb.done & (climb.damping < _DAMPING_LIMIT))
        if go.size == 0:
            break
        z = climb.z[go] + move[go]
        value, gradient, precision = _measure(evaluate, z, climb.scale[go])
        slack = 10.0 * precision_of_values * np.abs(climb.value[go])
        better = value >= climb.value[go] - slack
        up = go[better]
        climb.z[up], climb.value[up] = z[better], value[better]
        climb.gradient[up], climb.precision[up] = gradient[better], precision[better]
        climb.damping[up] = np.where(climb.damping[up] < 0.1, 0.0, climb.damping[up] / 8.0)
        worse = go[~better]
        climb.damping[worse] = np.maximum(8.0 * climb.damping[worse], 1.0)
    arrived = climb.done & (np.linalg.eigvalsh(climb.precision).min(axis=1) > 0)
    if not arrived.any():
        arrived = np.arange(k) == np.argmax(climb.value)
    return _merge(climb, np.flatnonzero(arrived))


def _merge(climb: _Climb, members: NDArray[Any]) -> Modes:
    """Keep one of each group of equal modes, ordered by Laplace evidence."""
    values, vectors = _positive(climb.precision[members])
    evidence = climb.value[members] - 0.5 * np.sum(np.log(values), axis=1)
    precision = np.einsum("kij,kj,klj->kil", vectors, values, vectors)
    kept: list[int] = []
    for i in np.argsort(-evidence, kind="stable"):
        gaps = [climb.z[members[i]] - climb.z[members[j]] for j in kept]
        near = [gap @ precision[j] @ gap < _SAME_MODE**2 for gap, j in zip(gaps, kept, strict=True)]
        if not any(near):
            kept.append(int(i))
    share = np.exp(evidence[kept] - evidence[kept[0]])
    chosen = members[kept]
    return Modes(climb.z[chosen], climb.value[chosen], precision[kept], share / share.sum())
