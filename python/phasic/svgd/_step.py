"""SVGD as pure functions over an immutable state, and a compiled block of steps."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, PartitionSpec

from phasic._pytree import node_types
from phasic.svgd._kernel import Kernel
from phasic.svgd._monitor import RESIDUALS, residuals
from phasic.svgd._rows import by_rows
from phasic.svgd._start import Whitening
from phasic.svgd._target import Target

if TYPE_CHECKING:
    import optax

BLOCK = 25


class Moments(NamedTuple):
    """Adam's memory: steps taken, and running means of the updates (n, d) and of their squares (n, d)."""

    count: Any
    first: Any
    second: Any


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) with step size 1, in optax's two functions.

    It is written here so that a fit need not import optax, whose import takes a tenth of JAX's own.
    """

    decay: float = 0.9
    decay_of_squares: float = 0.999
    epsilon: float = 1e-8

    def init(self, x: Any) -> Moments:
        """No step taken."""
        return Moments(np.zeros((), np.int32), np.zeros(x.shape, x.dtype), np.zeros(x.shape, x.dtype))

    def update(self, gradient: Any, memory: Moments, x: Any) -> tuple[Any, Moments]:
        """The step to take, and what is remembered of it; `x` is not used."""
        del x
        count = memory.count + 1
        first = self.decay * memory.first + (1.0 - self.decay) * gradient
        second = self.decay_of_squares * memory.second + (1.0 - self.decay_of_squares) * gradient**2
        time = lax.convert_element_type(count, gradient.dtype)
        mean = first / (1.0 - self.decay**time)
        scale = lax.sqrt(second / (1.0 - self.decay_of_squares**time))
        return -mean / (scale + self.epsilon), Moments(count, first, second)


ADAM = Adam()

Optimizer: TypeAlias = "Adam | optax.GradientTransformation"


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    """Where a run of SVGD stands: an immutable pytree, from which `step` makes the next one.

    Attributes:
        x: (n, d) whitened particles.
        score: (n, d) gradients of the log density with respect to them.
        log_density: (n,).
        optimizer: The optimiser's memory.
        stuck: (n,) marks particles whose last move led to a log density or score that is not finite, and was
            undone.
        rejected: How many such moves there were since the start.
        count: Steps taken.

    Example:
        >>> from phasic.svgd import init
        >>> x = np.array([[-1.0], [1.0]])
        >>> state = init(x, score=-x, log_density=-0.5 * x[:, 0] ** 2)  # of the standard normal law
        >>> int(state.count), state.stuck.tolist()
        (0, [False, False])
    """

    x: Any
    score: Any
    log_density: Any
    optimizer: Any
    stuck: Any
    rejected: Any
    count: Any


def init(x: Any, score: Any, log_density: Any, optimizer: Optimizer = ADAM) -> State:
    """State of particles that have not moved yet.

    Args:
        x: (n, d) whitened particles.
        score: (n, d) gradients of the log density with respect to them.
        log_density: (n,).
        optimizer: An optax transformation; default Adam (Kingma & Ba 2015, algorithm 1).

    Example:
        >>> from phasic.svgd import init
        >>> x = np.array([[-1.0], [1.0]])
        >>> init(x, score=-x, log_density=-0.5 * x[:, 0] ** 2).x.tolist()  # of the standard normal law
        [[-1.0], [1.0]]
    """
    memory = optimizer.init(x) if isinstance(optimizer, Adam) else svgd_init(x, optimizer=optimizer)
    none = np.zeros((), np.int32)
    return State(x, score, log_density, memory, np.zeros(len(x), bool), none, none)


@functools.partial(jax.jit, static_argnames="optimizer")
def svgd_init(x: Any, *, optimizer: optax.GradientTransformation) -> Any:
    """An optimiser's memory before the first step."""
    return optimizer.init(x)


def step(
    target: Target,
    whitening: Whitening,
    kernel: Kernel,
    state: State,
    rate: Any,
    optimizer: Optimizer = ADAM,
    axis: str | None = None,
) -> tuple[State, Any]:
    """One step of SVGD: the next state, and the root-mean-square move in whitened units.

    A pure function, to be compiled by `jax.jit`. A particle whose new log density or score is not finite
    stays where it was.

    Args:
        target: The log posterior; that of a fit is `posterior.target`.
        whitening: Leads from the particles to the coordinates of the target.
        kernel: See `Kernel`.
        state: Where the particles are; `init` makes the first.
        rate: Size of the step, in whitened units.
        optimizer: As for `init`.
        axis: Of a mesh of devices; each has the whole state, and computes its share of the log densities and
            of the kernel.

    Source: Liu & Wang (2016), Stein variational gradient descent, Advances in Neural Information Processing
    Systems 29; the optimiser takes the direction as its gradient.

    Example:
        >>> from phasic.svgd import Kernel, Whitening, init, step
        >>> jax.config.update("jax_enable_x64", True)
        >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
        >>> target = graph.fit(np.full(98, 0.5), prior=prior, method="map").target  # Gamma(100, 50)
        >>> whitening, move = Whitening(np.log([2.0]), np.array([[0.1]])), jax.jit(step)
        >>> x = np.linspace(-2.0, 2.0, 16)[:, None]
        >>> value, gradient = target.value_and_gradient(whitening.to_z(x))
        >>> state = init(x, whitening.score(gradient), value)
        >>> for _ in range(200):
        ...     state, moved = move(target, whitening, Kernel(), state, 0.05)
        >>> bool(abs(np.exp(whitening.to_z(state.x)).mean() - 2) < 0.02)
        True
    """
    return _arrive(target, whitening, state, *_proposal(kernel, state, rate, optimizer, axis), axis)


def _proposal(
    kernel: Kernel, state: State, rate: Any, optimizer: Optimizer, axis: str | None
) -> tuple[Any, Any]:
    """Where the particles want to go (n, d), and the optimiser's memory of that."""
    direction = kernel.direction(state.x, state.score, axis)
    updates, memory = optimizer.update(-direction, state.optimizer, state.x)
    return state.x + rate * updates, memory


def _arrive(
    target: Target, whitening: Whitening, state: State, proposed: Any, memory: Any, axis: str | None
) -> tuple[State, Any]:
    """The state at the points `proposed` (n, d), as far as they have a log density, and the move there."""
    z = whitening.to_z(proposed)
    if axis is None:
        value, gradient = target.value_and_gradient(z)
    else:
        value, gradient = by_rows(lambda own: target.value_and_gradient(z[own]), len(z), axis)
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


@functools.partial(jax.jit, static_argnames=("optimizer", "kernel_types"))
def svgd_block(
    target: Target,
    whitening: Whitening,
    kernel: Kernel,
    state: State,
    rates: Any,
    steps: Any,
    *,
    optimizer: Optimizer,
    kernel_types: tuple[type, ...] = (),
) -> tuple[State, Any, dict[str, Any]]:
    """Compiled run of the first `steps` of up to `BLOCK` steps with sizes `rates` (BLOCK,).

    With no step, the particles get their log densities and scores anew where they are: the search for a
    start runs the same program as the fit, so that a process traces and loads one. `kernel_types` are the
    types of which a kernel is made, for `jax.jit` to tell them apart; see `node_types`.

    Returns the state, the movement of each step (BLOCK,), NaN for steps not taken, and the Stein residuals,
    NaN where no step was taken.
    """
    return _block(target, whitening, kernel, state, rates, steps, optimizer=optimizer, axis=None)


@functools.partial(jax.jit, static_argnames=("optimizer", "mesh", "kernel_types"))
def svgd_block_on_mesh(
    *operands: Any, optimizer: Optimizer, mesh: Mesh, kernel_types: tuple[type, ...]
) -> tuple[State, Any, dict[str, Any]]:
    """`svgd_block` by all devices of a mesh of one axis, each with the whole of the state and of the data.

    Axes along which values vary are not checked, so that a user's model may scan from a constant.
    """
    whole = PartitionSpec()  # type: ignore[no-untyped-call]
    block: Any = functools.partial(_block, optimizer=optimizer, axis=mesh.axis_names[0])
    shared: Any = jax.shard_map(block, mesh=mesh, in_specs=whole, out_specs=whole, check_vma=False)
    return shared(*operands)  # type: ignore[no-any-return]


def run_block(*operands: Any, optimizer: Optimizer, mesh: Mesh | None) -> tuple[State, Any, dict[str, Any]]:
    """`svgd_block` on one device, `mesh` None, or on several."""
    types = node_types(operands[2])
    if mesh is None:
        return svgd_block(*operands, optimizer=optimizer, kernel_types=types)  # type: ignore[no-any-return]
    return svgd_block_on_mesh(  # type: ignore[no-any-return]
        *operands, optimizer=optimizer, mesh=mesh, kernel_types=types
    )


def _block(
    target: Target,
    whitening: Whitening,
    kernel: Kernel,
    state: State,
    rates: Any,
    steps: Any,
    *,
    optimizer: Optimizer,
    axis: str | None,
) -> tuple[State, Any, dict[str, Any]]:
    moving = steps > 0

    def advance(i: Any, carry: tuple[State, Any]) -> tuple[State, Any]:
        current, movement = carry
        proposed, memory = lax.cond(
            moving,
            lambda: _proposal(kernel, current, rates[i], optimizer, axis),
            lambda: (current.x, current.optimizer),
        )
        following, distance = _arrive(target, whitening, current, proposed, memory, axis)
        return following, movement.at[i].set(distance)

    nowhere = (state, jnp.full_like(rates, jnp.nan))
    state, movement = lax.fori_loop(0, lax.max(steps, jnp.ones_like(steps)), advance, nowhere)
    numbers = lax.cond(
        moving,
        lambda: residuals(state.x, state.score, axis),
        lambda: dict.fromkeys(RESIDUALS, jnp.full((), jnp.nan, state.x.dtype)),
    )
    return state, movement, numbers
