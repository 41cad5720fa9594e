"""Log-likelihoods as JAX functions, computed by XLA custom calls in Rust.

This module imports JAX, so the package imports it only where JAX is used.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.custom_derivatives import SymbolicZero
from jax.typing import ArrayLike

from phasic import _core, _recipes
from phasic._native import Tables
from phasic._native import log_likelihood as log_likelihood_of

_TARGET = "phasic_log_likelihood_v3"
_KEY_WORDS = 8
_OPERANDS = ("key", "theta", "lower", "upper", "weights", "rewards")

_registration = threading.Lock()
_registered: set[str] = set()


def register_targets() -> None:
    """Register every handler of the extension module with XLA, once per process.

    Any thread may call this at any time.
    """
    with _registration:
        for name, address in _core.xla_targets().items():
            if name not in _registered:
                capsule = jax.ffi.pycapsule(address)  # type: ignore[no-untyped-call]
                jax.ffi.register_ffi_target(name, capsule, platform="cpu")
                _registered.add(name)


def key_words(key: str) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Return a trace's key as the operand that names the trace in a program.

    Args:
        key: 64 hexadecimal digits.

    Returns:
        (8,) uint32, the key's bytes as little-endian words.

    Raises:
        ValueError: `key` is not 64 hexadecimal digits.
    """
    raw = bytes.fromhex(key)
    if len(raw) != 4 * _KEY_WORDS:
        raise ValueError(f"key: expected 64 hexadecimal digits, got {key!r}")
    return np.frombuffer(raw, dtype="<u4").astype(np.uint32)


def log_likelihood(
    key: ArrayLike,
    theta: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    weights: ArrayLike,
    rewards: ArrayLike,
    *,
    discrete: bool,
    rtol: float,
    tables: Tables | None = None,
) -> Array:
    """Weighted log-likelihood of observations under a recorded trace.

    The sum over i of `weights[i] * log p(i; theta)`: where both bounds are one value, its density or
    probability; else the probability of `lower[i] < T <= upper[i]`, as in `phasic.Observations`. Leading
    dimensions of all operands broadcast as in NumPy. Differentiable twice in `theta`, in every nesting of
    forward and reverse; works under jit, vmap (over any operand), scan and shard_map. One custom call
    evaluates a whole batch, in double precision whatever the operands' type.

    Args:
        key: (..., 8) uint32, the trace's key (see `key_words`). The trace must be registered in this process.
        theta: (..., p) parameters. Half precision and integers are converted to JAX's default float.
        lower: (..., m) observed times, or with `discrete` accumulated rewards; or lower bounds.
        upper: (..., m) the same values, or upper bounds.
        weights: (..., m) multiplicities of the observations, 0 for padding, negative for conditions.
        rewards: (..., n_vertices) reward of each vertex in canonical order, or (..., 0) for ones.
        discrete: probabilities of accumulated integer rewards instead of densities of absorption times.
        rtol: relative error allowed in a density, above 0 and below 1.
        tables: the graph for platforms without custom calls, of a continuous law, with operands that have no
            leading dimensions; None for the CPU alone.

    Returns:
        (...) log-likelihoods in theta's type: NaN for a NaN parameter, -inf for a negative rate or an
        impossible observation.

    Raises:
        ValueError: shapes do not fit, `key` is not uint32, `rtol` is out of range.
        TypeError: an operand is not real; a derivative in anything but `theta` is asked for.
        NotImplementedError: a third derivative is asked for.
        jax.errors.JaxRuntimeError: at run time, the trace is not registered (NOT_FOUND), or theta or rewards
            do not have the lengths that the trace asks for, or the law refuses the data (INVALID_ARGUMENT).
            From programs that ran before, JAX raises the same as ValueError.
    """
    rtol = float(rtol)
    if not 0.0 < rtol < 1.0:
        raise ValueError(f"rtol: expected a number above 0 and below 1, got {rtol}")
    register_targets()
    words = jnp.asarray(key)
    if words.dtype != jnp.uint32 or words.shape[-1:] != (_KEY_WORDS,):
        raise ValueError(
            f"key: expected uint32 of shape (..., {_KEY_WORDS}), got {words.dtype} of shape {words.shape}"
        )
    numbers = zip(_OPERANDS[1:], (theta, lower, upper, weights, rewards), strict=True)
    operands = _align(words, *(as_floats(name, operand) for name, operand in numbers))
    options = {"discrete": bool(discrete), "rtol": rtol}
    result: Array = _recipes.call_noted("log_likelihood", (*operands, tables), options)
    return result


def as_floats(name: str, operand: ArrayLike) -> Array:
    """Return an operand as float32 or float64 rows."""
    array = jnp.asarray(operand)
    if array.ndim == 0:
        raise ValueError(f"{name}: expected at least one dimension, got a scalar")
    if array.dtype in (jnp.float32, jnp.float64):
        return array
    if not (jnp.issubdtype(array.dtype, jnp.floating) or jnp.issubdtype(array.dtype, jnp.integer)):
        raise TypeError(f"{name}: expected real numbers, got {array.dtype}")
    return array.astype(float)


def _align(*operands: Array) -> tuple[Array, ...]:
    """Check shapes and give all operands the same number of leading dimensions.

    vmap prepends one to each operand; only then do they still align.
    """
    shapes = dict(zip(_OPERANDS, (x.shape for x in operands), strict=True))
    for name in ("upper", "weights"):
        if shapes[name][-1] != shapes["lower"][-1]:
            raise ValueError(
                f"lower and {name}: expected one of each per observation, "
                f"got lower of shape {shapes['lower']} and {name} of shape {shapes[name]}"
            )
    try:
        batch = jnp.broadcast_shapes(*(shape[:-1] for shape in shapes.values()))
    except ValueError as error:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"leading dimensions do not broadcast together: {listed}") from error
    return tuple(x.reshape((1,) * (len(batch) + 1 - x.ndim) + x.shape) for x in operands)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _value(discrete: bool, rtol: float, *operands: Any) -> Array:
    """Log-likelihood of aligned operands."""
    return _bind(0, discrete, rtol, operands)[0]


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _value_and_gradient(discrete: bool, rtol: float, *operands: Any) -> tuple[Array, ...]:
    """Log-likelihood and its gradient in theta, from one custom call."""
    return _bind(1, discrete, rtol, operands)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _with_hessian(discrete: bool, rtol: float, *operands: Any) -> tuple[Array, ...]:
    """Log-likelihood, gradient and Hessian in theta, from one custom call."""
    return _bind(2, discrete, rtol, operands)


def _value_jvp(
    discrete: bool, rtol: float, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Array, Array]:
    theta = _theta_alone(tangents)
    if isinstance(theta, SymbolicZero):
        value = _value(discrete, rtol, *primals)
        return value, jnp.zeros_like(value)
    value, gradient = _value_and_gradient(discrete, rtol, *primals)
    return value, jnp.sum(gradient * theta, axis=-1)


def _gradient_jvp(
    discrete: bool, rtol: float, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    theta = _theta_alone(tangents)
    if isinstance(theta, SymbolicZero):
        both = _value_and_gradient(discrete, rtol, *primals)
        return both, tuple(jnp.zeros_like(each) for each in both)
    value, gradient, hessian = _with_hessian(discrete, rtol, *primals)
    along = jnp.sum(gradient * theta, axis=-1), jnp.sum(hessian * theta[..., None, :], axis=-1)
    return (value, gradient), along


def _theta_alone(tangents: tuple[Any, ...]) -> Any:
    """The tangent of theta; nothing else may have one."""
    moving = dict(zip(_OPERANDS, tangents[:-1], strict=True))
    for name in ("lower", "upper", "weights", "rewards"):
        if not isinstance(moving[name], SymbolicZero):
            what = name if name in ("weights", "rewards") else "values"
            raise TypeError(
                f"log-likelihoods are differentiable in theta only, not in {what}; "
                f"pass jax.lax.stop_gradient({what}) if {what} depend on what you differentiate in"
            )
    return moving["theta"]


def _no_third_derivative(discrete: bool, rtol: float, primals: object, tangents: object) -> NoReturn:
    raise NotImplementedError(
        "There are no third derivatives of log-likelihoods. Take finite differences of second derivatives."
    )


_value.defjvp(_value_jvp, symbolic_zeros=True)
_value_and_gradient.defjvp(_gradient_jvp, symbolic_zeros=True)
_with_hessian.defjvp(_no_third_derivative, symbolic_zeros=True)


@functools.partial(jax.jit, static_argnames=("discrete", "rtol"), inline=True)
def _phasic_log_likelihood(*operands: Any, discrete: bool, rtol: float) -> Array:
    """Log-likelihood of aligned operands, compiled also when called outside jit.

    The function's name is part of such programs, and so of their keys in JAX's persistent cache.
    """
    value: Array = _value(discrete, rtol, *operands)
    return value


def _bind(order: int, discrete: bool, rtol: float, operands: tuple[Any, ...]) -> tuple[Array, ...]:
    """Add to a program the log-likelihood and up to `order` derivatives, in the way of its platform."""
    *arrays, tables = operands
    if tables is None:
        return _call(order, discrete, rtol, *arrays)
    found: tuple[Array, ...] = jax.lax.platform_dependent(
        *operands,
        cpu=lambda *operands: _call(order, discrete, rtol, *operands[:-1]),
        default=lambda *operands: _native_likelihood(order, *operands),
    )
    return found


def _native_likelihood(
    order: int,
    key: Array,
    theta: Array,
    lower: Array,
    upper: Array,
    weights: Array,
    rewards: Array,
    tables: Tables,
) -> tuple[Array, ...]:
    def value(theta: Array) -> Array:
        return log_likelihood_of(tables, theta, lower, upper, weights)

    found = [value(theta)]
    if order >= 1:
        found.append(jax.jacfwd(value)(theta))
    if order >= 2:
        found.append(jax.jacfwd(jax.jacfwd(value))(theta))
    return tuple(each.astype(theta.dtype) for each in found)


def _call(order: int, discrete: bool, rtol: float, *operands: Array) -> tuple[Array, ...]:
    """The custom call: log-likelihood, and up to `order` derivatives in theta."""
    if jax.sharding.get_abstract_mesh().manual_axes:
        operands = vary_together(operands)
    results = jax.eval_shape(functools.partial(_result_like, order), *operands)
    call: Callable[..., Sequence[Array]] = jax.ffi.ffi_call(_TARGET, results, vmap_method="expand_dims")
    # NumPy scalars keep 64 bits when JAX's x64 mode is off.
    return tuple(
        call(*operands, order=np.int64(order), discrete=np.int64(discrete), tolerance=np.float64(rtol))
    )


def _result_like(order: int, *operands: Array) -> tuple[Array, ...]:
    """Return arrays of the results' shapes and types.

    Only traced, never run: types taken from the operands carry what shard_map adds to them.
    """
    theta = operands[1]
    batch = jnp.broadcast_shapes(*(x.shape[:-1] for x in operands))
    value = jnp.broadcast_to(jnp.sum(theta, axis=-1), batch)
    p = theta.shape[-1]
    gradient = jnp.broadcast_to(theta, (*batch, p))
    hessian = jnp.broadcast_to(theta[..., None, :], (*batch, p, p))
    return (value, gradient, hessian)[: order + 1]


def vary_together(operands: tuple[Array, ...]) -> tuple[Array, ...]:
    """Make all operands vary over the same manual axes of shard_map, as ffi_call asks for.

    Concatenating with an empty array changes no element, and the result varies over the axes of both.
    """
    empty = jnp.concatenate([x.reshape(-1)[:0].astype(jnp.float32) for x in operands])
    return tuple(
        jnp.concatenate([x, empty.reshape((*x.shape[:-1], 0)).astype(x.dtype)], axis=-1) for x in operands
    )
