"""Functions of theta with several values as JAX functions, computed by XLA custom calls in Rust.

This module imports JAX, so the package imports it only where JAX is used.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.custom_derivatives import SymbolicZero
from jax.typing import ArrayLike

from phasic import _native_functions as native
from phasic import _recipes
from phasic._ffi import as_floats, register_targets, vary_together
from phasic._native import Tables
from phasic._native_functions import FIRST, FIRST_ALONE, REWARDS, SECOND, VALUES, Function


def evaluate(
    function: Function,
    key: ArrayLike,
    theta: ArrayLike,
    points: ArrayLike | None = None,
    rewards: ArrayLike | None = None,
    tables: Tables | None = None,
) -> Array:
    """The function's values, differentiable twice in theta and points, once in rewards.

    Works under jit, vmap (over any operand), scan and shard_map, and every nesting of forward and reverse
    derivatives. One custom call evaluates a whole batch, in double precision whatever the operands' type.

    Args:
        function: What to compute.
        key: (8,) uint32, the trace's key.
        theta: (p,).
        points: (k,), for a function of points.
        rewards: (c * n_vertices,) in the trace's order, or None for ones.
        tables: The graph for platforms without custom calls; None for the CPU alone.

    Returns:
        (k,) in theta's type; NaN where theta makes a rate negative or the numbers do not exist.
    """
    register_targets()
    parameters = as_floats("theta", theta)
    nothing = jnp.zeros(0, parameters.dtype)
    operands = (
        parameters,
        nothing if points is None else as_floats("points", points),
        nothing if rewards is None else as_floats("rewards", rewards),
    )
    arguments = (jnp.asarray(key), *operands, tables)
    result: Array = _recipes.call_noted("law", arguments, {"function": function})
    return result


@functools.partial(jax.jit, static_argnames=("function",), inline=True)
def _compiled(*operands: Any, function: Function) -> Array:
    """Compiled also when called outside jit. The name is part of programs' keys in JAX's cache."""
    values: Array = _values(function, *operands)
    return values


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _values(function: Function, *operands: Any) -> Array:
    return _bind(VALUES, function, operands)[0]


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _with_first(function: Function, *operands: Any) -> tuple[Array, ...]:
    return _bind(FIRST, function, operands)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _with_rewards(function: Function, *operands: Any) -> tuple[Array, ...]:
    return _bind(REWARDS, function, operands)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _with_second(function: Function, *operands: Any) -> tuple[Array, ...]:
    return _bind(SECOND, function, operands)


def _values_jvp(
    function: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Array, Array]:
    _, theta, points, rewards, _ = tangents
    if isinstance(rewards, SymbolicZero):
        values, first = _with_first(function, *primals)
        return values, _along(function, first, theta, points)
    if function.target in FIRST_ALONE:
        raise _missing(f"derivatives of {_kind(function)} in rewards", "values")
    values, first, in_rewards = _with_rewards(function, *primals)
    along = jnp.sum(in_rewards * rewards[..., None, :], axis=-1).astype(values.dtype)
    return values, along + _along(function, first, theta, points)


def _first_jvp(
    function: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    _, theta, points, rewards, _ = tangents
    if not isinstance(rewards, SymbolicZero):
        _no_second_in_rewards()
    if function.target in FIRST_ALONE:
        raise _missing(f"second derivatives of {_kind(function)}", "first derivatives, such as jax.grad")
    values, first, second = _with_second(function, *primals)
    moved = _along(function, second, theta, points, between=1)
    return (values, first), (_along(function, first, theta, points), moved)


def _along(function: Function, derivatives: Array, theta: Any, points: Any, between: int = 0) -> Array:
    """Derivatives in the variables, their last axis, times the tangents of theta and of the points.

    `between`: axes between that of the values and the last.
    """
    n_parameters = derivatives.shape[-1] - function.of_points
    total = jnp.zeros(derivatives.shape[:-1], derivatives.dtype)
    if not isinstance(theta, SymbolicZero):
        spread = jnp.expand_dims(theta, tuple(range(-2 - between, -1)))
        total += jnp.sum(derivatives[..., :n_parameters] * spread, axis=-1)
    if not isinstance(points, SymbolicZero):
        if not function.of_points:
            raise TypeError("derivatives in counts, or in the data of a likelihood, are not available")
        total += derivatives[..., n_parameters] * jnp.expand_dims(points, tuple(range(-between, 0)))
    return total.astype(derivatives.dtype)


def _kind(function: Function) -> str:
    """What a function that has first derivatives alone is of."""
    if function.target.startswith("phasic_epochs_"):
        return "laws with epochs"
    return "laws of rewards" if "_reward_" in function.target else "probabilities of counts or states"


def _missing(derivatives: str, instead: str) -> NotImplementedError:
    return NotImplementedError(f"There are no {derivatives}. Take finite differences of {instead}.")


def _no_second_in_rewards(*_: object) -> NoReturn:
    raise _missing("second derivatives in rewards", "first derivatives")


def _no_third(*_: object) -> NoReturn:
    raise _missing("third derivatives", "second derivatives")


_values.defjvp(_values_jvp, symbolic_zeros=True)
_with_first.defjvp(_first_jvp, symbolic_zeros=True)
_with_rewards.defjvp(_no_second_in_rewards, symbolic_zeros=True)
_with_second.defjvp(_no_third, symbolic_zeros=True)


def _bind(wanted: int, function: Function, operands: tuple[Any, ...]) -> tuple[Array, ...]:
    """Add to a program the values and the derivatives that are wanted, in the way of its platform."""
    *arrays, tables = operands
    if tables is None:
        return _call(wanted, function, *arrays)
    found: tuple[Array, ...] = jax.lax.platform_dependent(
        *operands,
        cpu=lambda *operands: _call(wanted, function, *operands[:-1]),
        default=lambda *operands: native.derived(wanted, function, *operands[1:]),
    )
    return found


def _call(wanted: int, function: Function, *operands: Array) -> tuple[Array, ...]:
    """The custom call."""
    if jax.sharding.get_abstract_mesh().manual_axes:
        operands = vary_together(operands)
    results = jax.eval_shape(functools.partial(_result_like, wanted, function), *operands)
    call: Callable[..., Sequence[Array]] = jax.ffi.ffi_call(
        function.target, results, vmap_method="expand_dims"
    )
    # NumPy scalars keep 64 bits when JAX's x64 mode is off.
    return tuple(
        call(
            *operands,
            wanted=np.int64(wanted),
            power=np.int64(function.power),
            tolerance=np.float64(function.rtol),
        )
    )


def _result_like(wanted: int, function: Function, *operands: Any) -> tuple[Array, ...]:
    """Return arrays of the results' shapes and types.

    Only traced, never run: types taken from the operands carry what shard_map adds to them.
    """
    _, theta, _, rewards = operands
    batch = jnp.broadcast_shapes(*(x.shape[:-1] for x in operands))
    k, v = function.n_values, theta.shape[-1] + function.of_points

    def like(*shape: int) -> Array:
        one = jnp.sum(theta, axis=-1).reshape((*theta.shape[:-1], *(1 for _ in shape)))
        return jnp.broadcast_to(one, (*batch, *shape))

    further = {REWARDS: (k, rewards.shape[-1]), SECOND: (k, v, v)}
    shapes = [(k,), (k, v), further.get(wanted, ())][: 1 + min(wanted, 2)]
    return tuple(like(*shape) for shape in shapes)
