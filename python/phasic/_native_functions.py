"""The functions of `Laws` with their derivatives, as plain operations of JAX. This module imports JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from phasic import _native
from phasic._native import Tables

#: How many derivatives are wanted: see the handlers in rust/phasic-xla/src/handlers/jet.rs.
VALUES, FIRST, REWARDS, SECOND = range(4)
#: Functions that have first derivatives in theta and points alone.
FIRST_ALONE = frozenset(
    f"phasic_{name}_v1"
    for name in (
        *("pmf", "logpmf", "cdf_discrete", "sf_discrete", "occupancy"),
        *(f"{each}_reward" for each in ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf")),
        *(f"epochs_{each}" for each in ("pdf", "logpdf", "cdf", "sf", "logsf", "log_likelihood", "moments")),
    )
)


class Function(NamedTuple):
    """What a custom call computes.

    Attributes:
        target: The handler's name.
        n_values: How many values, k.
        power: The largest moment.
        rtol: Relative error allowed.
        of_points: Whether each value belongs to a point, and is differentiable in it.
    """

    target: str
    n_values: int
    power: int = 0
    rtol: float = 1e-10
    of_points: bool = False


def derived(
    wanted: int, function: Function, theta: Array, points: Array, rewards: Array, graph: Tables
) -> tuple[Array, ...]:
    """Values (k,), and as wanted first derivatives (k, v), those in rewards (k, r) or second ones (k, v, v).

    By forward mode: a pass for each variable. The points of the values are one variable, each its own.
    """
    dtype = theta.dtype

    def values(theta: Array, points: Array, rewards: Array) -> Array:
        return _VALUES_OF[function.target](function, graph, theta, points, rewards)

    def first(theta: Array, points: Array) -> Array:
        def at(theta: Array, points: Array) -> Array:
            return values(theta, points, rewards)

        return _gradient(at, function.of_points, theta, points)

    valid = points >= 0
    if function.of_points:
        points = jnp.where(valid, points, 0)
    found = [values(theta, points, rewards)]
    if wanted != VALUES:
        found.append(first(theta, points))
    if wanted == REWARDS:
        found.append(jax.jacfwd(values, argnums=2)(theta, points, rewards))
    if wanted == SECOND:
        found.append(_gradient(first, function.of_points, theta, points))
    if function.of_points:
        found = [jnp.where(valid.reshape(-1, *(1,) * (each.ndim - 1)), each, jnp.nan) for each in found]
    return tuple(each.astype(dtype) for each in found)


def _gradient(f: Callable[..., Array], of_points: bool, theta: Array, points: Array) -> Array:
    """Derivatives of f in theta, and in the points all at once, along a new last axis."""
    in_theta: Array = jax.jacfwd(f)(theta, points)
    if not of_points:
        return in_theta
    _, in_points = jax.jvp(lambda at: f(theta, at), (points,), (jnp.ones_like(points),))
    return jnp.concatenate([in_theta, in_points[..., None]], axis=-1)


def _or_ones(rewards: Array, graph: Tables) -> Array:
    return rewards if rewards.size else jnp.ones(graph.absorbing.shape[0], rewards.dtype)


def _moments(function: Function, graph: Tables, theta: Array, points: Array, rewards: Array) -> Array:
    return _native.moments(graph, theta, _or_ones(rewards, graph), function.power)


def _expectations(function: Function, graph: Tables, theta: Array, points: Array, rewards: Array) -> Array:
    rows = rewards.reshape(function.n_values, -1)
    return jax.vmap(lambda row: _native.moments(graph, theta, row, 1)[0])(rows)


def _covariance(function: Function, graph: Tables, theta: Array, points: Array, rewards: Array) -> Array:
    first, second = rewards.reshape(2, -1)
    return _native.covariance(graph, theta, first, second)[None]


def _laplace(function: Function, graph: Tables, theta: Array, points: Array, rewards: Array) -> Array:
    return _native.laplace(graph, theta, points, _or_ones(rewards, graph))


def _curve(index: int, logarithm: bool) -> Callable[[Function, Tables, Array, Array, Array], Array]:
    def curve(function: Function, graph: Tables, theta: Array, points: Array, rewards: Array) -> Array:
        found = _native.log_curves(graph, theta, points)[index]
        return found if logarithm else jnp.exp(found)

    return curve


def _occupancy(function: Function, graph: Tables, theta: Array, points: Array, rewards: Array) -> Array:
    return _native.occupancy(graph, theta, points[0])


_VALUES_OF: dict[str, Callable[[Function, Tables, Array, Array, Array], Array]] = {
    "phasic_moments_v1": _moments,
    "phasic_expectations_v1": _expectations,
    "phasic_covariance_v1": _covariance,
    "phasic_laplace_v1": _laplace,
    "phasic_occupancy_v1": _occupancy,
    "phasic_pdf_v1": _curve(0, False),
    "phasic_logpdf_v1": _curve(0, True),
    "phasic_sf_v1": _curve(1, False),
    "phasic_logsf_v1": _curve(1, True),
    "phasic_cdf_v1": _curve(2, False),
    "phasic_logcdf_v1": _curve(2, True),
}
