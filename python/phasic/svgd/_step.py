"""SVGD as pure functions over an immutable state, and a compiled block of steps."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from phasic.svgd._kernel import Kernel
from phasic.svgd._monitor import residuals
from phasic.svgd._start import Whitening
from phasic.svgd._target import Target

BLOCK = 25

ADAM: optax.GradientTransformation = optax.chain(optax.scale_by_adam(), optax.scale(-1.0))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    """Whitened particles `x` (n, d), their scores (n, d) and log densities (n,), and the optimiser's state.

    `stuck` (n,) marks particles whose last move led to a log density or score that is not finite, and was
    undone; `rejected` counts such moves since the start, `count` the steps.
    """

    x: Any
    score: Any
    log_density: Any
    optimizer: Any
    stuck: Any
    rejected: Any
    count: Any


def init(x: Any, score: Any, log_density: Any, optimizer: optax.GradientTransformation = ADAM) -> State:
    """State of particles that have not moved yet."""
    start: State = svgd_init(x, score, log_density, optimizer=optimizer)
    return start


@functools.partial(jax.jit, static_argnames="optimizer")
def svgd_init(x: Any, score: Any, log_density: Any, *, optimizer: optax.GradientTransformation) -> State:
    """Compiled `init`."""
    n = x.shape[0]
    none = jnp.zeros((), jnp.int32)
    return State(x, score, log_density, optimizer.init(x), jnp.zeros(n, bool), none, none)


def step(
    target: Target,
    whitening: Whitening,
    kernel: Kernel,
    state: State,
    rate: Any,
    optimizer: optax.GradientTransformation = ADAM,
) -> tuple[State, Any]:
    """One SVGD step of size `rate`: the next state, and the root-mean-square move in whitened units.

    A particle whose new log density or score is not finite stays where it was.
    """
    phi = kernel.direction(state.x, state.score)
    updates, memory = optimizer.update(-phi, state.optimizer, state.x)
    proposed = state.x + rate * updates
    value, gradient = target.value_and_gradient(whitening.to_z(proposed))
    score = whitening.score(gradient)
    good = jnp.isfinite(value) & jnp.all(jnp.isfinite(score) & jnp.isfinite(proposed), axis=1)
    x = jnp.where(good[:, None], proposed, state.x)
    movement = jnp.sqrt(jnp.mean((x - state.x) ** 2))
    following = State(
        x=x,
        score=jnp.where(good[:, None], score, state.score),
        log_density=jnp.where(good, value, state.log_density),
        optimizer=memory,
        stuck=~good,
        rejected=state.rejected + jnp.sum(~good, dtype=jnp.int32),
        count=state.count + 1,
    )
    return following, movement


@functools.partial(jax.jit, static_argnames="optimizer")
def svgd_block(
    target: Target,
    whitening: Whitening,
    kernel: Kernel,
    state: State,
    rates: Any,
    steps: Any,
    *,
    optimizer: optax.GradientTransformation,
) -> tuple[State, Any, dict[str, Any]]:
    """Compiled run of the first `steps` of up to `BLOCK` steps with sizes `rates` (BLOCK,).

    Returns the state, the movement of each step (BLOCK,), NaN for steps not taken, and the Stein residuals.
    """

    def advance(i: Any, carry: tuple[State, Any]) -> tuple[State, Any]:
        current, movement = carry
        following, move = step(target, whitening, kernel, current, rates[i], optimizer)
        return following, movement.at[i].set(move)

    state, movement = lax.fori_loop(0, steps, advance, (state, jnp.full_like(rates, jnp.nan)))
    return state, movement, residuals(state.x, state.score)
