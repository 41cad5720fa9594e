"""Chains of BlackJAX's No-U-Turn sampler: one compiled block of steps, of warm-up and of sampling alike."""

from __future__ import annotations

import functools
import importlib
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from phasic._optional import absent
from phasic.svgd._start import Whitening
from phasic.svgd._target import Target

BLOCK = 50
SLOW, SAMPLE = 1, 2  # stages of a step, beside 0: only the step size is adapted


def blackjax() -> ModuleType:
    """The package; ImportError says how to install it."""
    try:
        return importlib.import_module("blackjax")
    except ModuleNotFoundError as error:
        if error.name != "blackjax":
            raise
        raise absent("method='nuts'", "blackjax") from error


class Chain(NamedTuple):
    """One chain: BlackJAX's states of the sampler and of both adaptations, and what these have settled on."""

    state: Any
    step_adaptation: Any
    mass_adaptation: Any
    step_size: Any
    inverse_mass: Any


class Trail(NamedTuple):
    """What a block has passed: whitened positions (BLOCK, d), and for each draw four numbers (BLOCK,)."""

    x: Any
    log_density: Any
    divergent: Any
    gradients: Any
    acceptance: Any


@functools.cache
def _adaptations(acceptance: float) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """BlackJAX's dual averaging of the step size and estimate of the diagonal mass: init, update, final."""
    blackjax()
    from blackjax.adaptation.mass_matrix import mass_matrix_adaptation
    from blackjax.adaptation.step_size import dual_averaging_adaptation

    return dual_averaging_adaptation(acceptance), mass_matrix_adaptation(True)


def _adapted(chain: Chain, rate: Any, stage: Any, ends: Any, acceptance: float) -> Chain:
    """The chain after one step of warm-up, whose `ends` closes a slow window (Stan's reference manual)."""
    (da_init, da_update, da_final), (_, mm_update, mm_final) = _adaptations(acceptance)
    steps = da_update(chain.step_adaptation, rate)
    mass = lax.cond(
        stage == SLOW,
        lambda: mm_update(chain.mass_adaptation, chain.state.position),
        lambda: chain.mass_adaptation,
    )

    def close() -> tuple[Any, Any, Any]:
        settled = mm_final(mass)
        return da_init(da_final(steps)), settled, settled.inverse_mass_matrix

    steps, mass, inverse_mass = lax.cond(ends, close, lambda: (steps, mass, chain.inverse_mass))
    return Chain(chain.state, steps, mass, jnp.exp(steps.log_step_size), inverse_mass)


def _strong(chains: Chain) -> Chain:
    """The same chains in types that do not depend on where they come from, so that one program takes them."""
    strong: Chain = jax.tree.map(lambda each: lax.convert_element_type(each, each.dtype), chains)
    return strong


@functools.partial(jax.jit, static_argnames="acceptance")
def nuts_start(x: Any, log_density: Any, score: Any, *, acceptance: float) -> Chain:
    """Chains at the whitened points `x` (chains, d), with log densities (chains,) and scores (chains, d)."""
    from blackjax.mcmc.hmc import HMCState

    (da_init, _, _), (mm_init, _, _) = _adaptations(acceptance)

    def one(*state: Any) -> Chain:
        mass, step = mm_init(x.shape[1]), jnp.ones((), x.dtype)
        return Chain(HMCState(*state), da_init(step), mass, step, mass.inverse_mass_matrix)

    return _strong(jax.vmap(one)(x, log_density, score))


@functools.partial(jax.jit, static_argnames="acceptance")
def nuts_block(
    target: Target,
    whitening: Whitening,
    chains: Chain,
    key: Any,
    first: Any,
    stages: Any,
    ends: Any,
    steps: Any,
    *,
    acceptance: float,
) -> tuple[Chain, Trail]:
    """The first `steps` of up to `BLOCK` steps of all chains, of warm-up and of sampling alike.

    `stages` (BLOCK,) and `ends` (BLOCK,) are the schedule; a draw leaves step size and mass alone. The
    randomness of a step depends on its number, `first` + i, whatever the call that it comes in.
    """
    kernel = blackjax().nuts.build_kernel()

    def log_density(at: Any) -> Any:
        return target.log_density(whitening.to_z(at))

    def one(chain: Chain, key: Any, stage: Any, end: Any) -> tuple[Chain, Trail]:
        state, info = kernel(key, chain.state, log_density, chain.step_size, chain.inverse_mass)
        chain = chain._replace(state=state)
        chain = lax.cond(
            stage == SAMPLE,
            lambda: chain,
            lambda: _adapted(chain, info.acceptance_rate, stage, end, acceptance),
        )
        passed = Trail(
            state.position,
            state.logdensity,
            info.is_divergent,
            info.num_integration_steps,
            info.acceptance_rate,
        )
        return chain, passed

    count, d = chains.state.position.shape

    def advance(i: Any, carry: tuple[Chain, Trail]) -> tuple[Chain, Trail]:
        chains, trail = carry
        keys = jax.random.split(jax.random.fold_in(key, first + i), count)
        chains, passed = jax.vmap(one, in_axes=(0, 0, None, None))(chains, keys, stages[i], ends[i])
        return _strong(chains), jax.tree.map(lambda kept, new: kept.at[:, i].set(new), trail, passed)

    dtype = chains.state.position.dtype
    numbers = jnp.zeros((count, BLOCK), dtype)
    empty = Trail(
        jnp.zeros((count, BLOCK, d), dtype), numbers, numbers.astype(bool), numbers.astype(int), numbers
    )
    result: tuple[Chain, Trail] = lax.fori_loop(0, steps, advance, (chains, empty))
    return result
