"""The host's side of a fit: start, blocks of compiled steps, and a posterior after each block."""

from __future__ import annotations

import functools
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from numpy.typing import NDArray

from phasic._model import Model
from phasic._observations import Observations
from phasic._pytree import narrowed
from phasic._recipes import noted
from phasic.svgd._evaluate import Evaluator
from phasic.svgd._kernel import Kernel
from phasic.svgd._modes import Modes
from phasic.svgd._monitor import LIMITS, STEADY_STEPS, assess
from phasic.svgd._posterior import Posterior
from phasic.svgd._start import Whitening, normal_particles, place, search, whiten
from phasic.svgd._step import ADAM, BLOCK, State, init, svgd_block
from phasic.svgd._target import Target, float_type

if TYPE_CHECKING:
    import optax

_log = logging.getLogger(__name__)

PEAK_RATE = 0.15
_RATE_FALL = 0.01
_HORIZON = 300
_SECONDS_PER_CALL = 0.5  # so that Ctrl-C is answered within a second
_SNAPSHOTS = 50


@dataclass(frozen=True)
class Settings:
    """How to run: counts, step sizes (`rate`, the cosine's peak or a schedule), kernel, optimiser, seed."""

    n_particles: int
    n_iterations: int
    rate: float | Callable[[int], Any]
    optimizer: optax.GradientTransformation | None
    kernel: Kernel
    seed: int
    theta_init: NDArray[np.float64] | None
    names: tuple[str, ...]
    keep_history: bool


@functools.cache
def warn_if_single_precision() -> None:
    """Warn, once in a process, when JAX computes in float32."""
    if float_type() == np.float32:
        warnings.warn(
            "JAX is in single precision, which costs the fit accuracy. Before the first use of JAX call "
            'jax.config.update("jax_enable_x64", True)',
            UserWarning,
            stacklevel=2,
        )


def step_sizes(settings: Settings, first: int) -> NDArray[np.float64]:
    """Sizes of the steps first, first + 1, ... of one block, (BLOCK,).

    A number is the peak of a cosine that falls to 1 % of it over the first 300 steps (or all, if fewer) and
    stays there. A user's optimiser has its own step size, so these are 1.
    """
    if settings.optimizer is not None:
        return np.ones(BLOCK)
    steps = np.arange(first, first + BLOCK)
    if callable(settings.rate):
        return np.asarray([float(settings.rate(int(i))) for i in steps])
    share = np.minimum(steps / max(1, min(_HORIZON, settings.n_iterations) - 1), 1.0)
    return np.asarray(settings.rate * (_RATE_FALL + (1.0 - _RATE_FALL) * 0.5 * (1.0 + np.cos(np.pi * share))))


def blocks(target: Target, settings: Settings) -> Iterator[Posterior]:
    """Fit, handing out the posterior after every compiled call; the last one is the result.

    Stops at the first multiple of `BLOCK` steps at which the monitor is satisfied, or after `n_iterations`.
    """
    from phasic.cache import enable_jax_cache

    enable_jax_cache()
    warn_if_single_precision()
    began = time.perf_counter()
    rng = np.random.default_rng(settings.seed)
    n, d = settings.n_particles, target.dim
    dtype = float_type()
    optimizer = ADAM if settings.optimizer is None else settings.optimizer
    evaluate = Evaluator(target, n, settings.kernel, optimizer)
    _log.info("searching for modes")
    with noted(evaluate.recipe):
        modes = search(target, evaluate, rng, n, settings.theta_init, float(np.finfo(dtype).eps))
    _log.debug("%d evaluations at up to theta = %.3g", evaluate.evaluations, evaluate.largest)
    _log.debug("%d modes, log density %s, Laplace weights %s", len(modes.z), modes.log_density, modes.weights)
    map_whitening = whiten(modes)
    x, value, score = place(evaluate, map_whitening, normal_particles(rng, n, d))
    whitening = Whitening(map_whitening.centre.astype(dtype), map_whitening.factor.astype(dtype))
    state = init(x.astype(dtype), score.astype(dtype), value.astype(dtype), optimizer)
    report = _Report(target, settings, modes, map_whitening, evaluate.evaluations, evaluate.largest, began)
    stride = max(1, settings.n_iterations // _SNAPSHOTS) if settings.keep_history else BLOCK
    report.snapshot(0, x)
    done, per_call, converged = 0, 1, False
    while done < settings.n_iterations and not converged:
        take = min(per_call, BLOCK - done % BLOCK, stride - done % stride, settings.n_iterations - done)
        called = time.perf_counter()
        rates = step_sizes(settings, done).astype(dtype)
        state, movement, numbers = svgd_block(
            target, whitening, settings.kernel, state, rates, np.int32(take), optimizer=optimizer
        )
        report.movement.extend(np.asarray(movement, dtype=np.float64)[:take].tolist())
        done += take
        seconds = (time.perf_counter() - called) / take
        per_call = 1 if done == 1 else int(np.clip(_SECONDS_PER_CALL / seconds, 1, BLOCK))
        posterior = report.posterior(state, numbers, done)
        converged = posterior.converged and done % BLOCK == 0
        if settings.keep_history and done % stride == 0:
            report.snapshot(done, np.asarray(state.x))
        finished = converged or done == settings.n_iterations
        _log.debug("step %d: %s", done, posterior.reason)
        yield (
            report.posterior(state, numbers, done)
            if finished
            else report.posterior(
                state, numbers, done, f"stopped after {done} of {settings.n_iterations} steps"
            )
        )


class _Report:
    """Turns the state of a run into a `Posterior`."""

    def __init__(
        self,
        target: Target,
        settings: Settings,
        modes: Modes,
        whitening: Whitening,
        evaluations: int,
        largest: float,
        began: float,
    ) -> None:
        self._target = target
        self._settings = settings
        self._modes = modes
        self._whitening = whitening
        self._evaluations = evaluations
        self._largest = largest
        self._began = began
        self._snapshots: list[tuple[int, NDArray[np.float64]]] = []
        self.movement: list[float] = []

    def _theta(self, x: Any) -> NDArray[np.float64]:
        z = self._whitening.to_z(np.asarray(x, dtype=np.float64))
        return np.asarray(self._target.transform.to_theta(z))

    def snapshot(self, step: int, x: Any) -> None:
        """Keep the particles of this step, if history is wanted."""
        if self._settings.keep_history:
            self._snapshots.append((step, self._theta(x)))

    def posterior(
        self, state: State, residuals: dict[str, Any], done: int, cut: str | None = None
    ) -> Posterior:
        """The posterior at `state`; `cut` says that the run is not over."""
        numbers = {name: float(value) for name, value in residuals.items()}
        numbers["movement"] = max(self.movement[-STEADY_STEPS:])
        stuck = int(np.sum(np.asarray(state.stuck)))
        weights = self._modes.weights.tolist()
        converged, reason = assess(numbers, done, stuck, self._settings.n_particles, weights)
        if cut is not None:
            converged, reason = False, cut
        diagnostics = {
            **{name: numbers[name] for name in LIMITS},
            "stuck_particles": stuck,
            "rejected_moves": int(state.rejected),
            "modes": np.asarray(self._target.transform.to_theta(self._modes.z)),
            "mode_weights": self._modes.weights,
            "log_density": np.asarray(state.log_density, dtype=np.float64),
            "largest_searched": self._largest,
            "gradient_evaluations": self._evaluations + done * self._settings.n_particles,
        }
        kept = bool(self._snapshots)
        return Posterior(
            particles=self._theta(state.x),
            names=self._settings.names,
            converged=converged,
            reason=reason,
            diagnostics=diagnostics,
            n_steps=done,
            seconds=time.perf_counter() - self._began,
            history=np.stack([x for _, x in self._snapshots]) if kept else None,
            history_steps=tuple(step for step, _ in self._snapshots),
            target=self._target,
        )


def put_on_device(target: Target) -> Target:
    """The target with its data as JAX arrays, so that they are sent once, and its model as data need it."""
    dtype = float_type()
    data = (target.values, target.weights)
    if isinstance(target.values, Observations):
        narrowed(target.values, dtype)
    values, weights = jax.tree.map(lambda v: jax.device_put(np.asarray(v, dtype=dtype)), data)
    model = target.model._for_data() if type(target.model) is Model else target.model
    return Target(model, values, weights, target.prior, target.transform)
