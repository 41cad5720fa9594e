"""The host's side of a fit: the parts of a posterior, their starts, and blocks of compiled steps."""

from __future__ import annotations

import functools
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
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
from phasic.svgd._monitor import MODE_WEIGHT, STEADY_STEPS, Fault, faults_of_run
from phasic.svgd._parts import Part, divide, start
from phasic.svgd._start import Whitening, place, search
from phasic.svgd._step import ADAM, BLOCK, State, init, svgd_block
from phasic.svgd._target import Target, float_type

if TYPE_CHECKING:
    import optax

    from phasic.svgd._posterior import Posterior

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

    The posterior is divided into parts that particles cannot cross between; see `_parts`. Each is a fit of
    its own by the same program, which stops at the first multiple of `BLOCK` steps at which the monitor is
    satisfied, or after `n_iterations`. Parts whose particles have crossed to another's modes are joined and
    fitted anew. Importance sampling then weighs the parts and grades the particles.
    """
    from phasic.cache import enable_jax_cache
    from phasic.svgd._report import Report

    enable_jax_cache()
    warn_if_single_precision()
    rng = np.random.default_rng(settings.seed)
    n = settings.n_particles
    optimizer = ADAM if settings.optimizer is None else settings.optimizer
    evaluate = Evaluator(target, n, settings.kernel, optimizer)
    began = time.perf_counter()
    _log.info("searching for modes")
    with noted(evaluate.recipe):
        modes = search(target, evaluate, rng, n, settings.theta_init, float(np.finfo(float_type()).eps))
    _log.debug("%d evaluations at up to theta = %.3g", evaluate.evaluations, evaluate.largest)
    _log.debug("%d modes, log density %s, Laplace weights %s", len(modes.z), modes.log_density, modes.weights)
    report = Report(target, settings, evaluate, modes, divide(modes, evaluate, MODE_WEIGHT), began)
    while True:
        for part in report.missing():
            whitening, x = start(modes, part, rng, n)
            for run in walk(target, settings, evaluate, whitening, x, kernel_of(settings.kernel, part)):
                yield report.partial(run)
            report.add(part, run)
        if not report.joined():
            break
    yield report.final(rng)


def kernel_of(kernel: Kernel, part: Part) -> Kernel:
    """The kernel for a part: a bilinear term would pull several modes towards one normal shape."""
    several = len(part.members) > 1 and kernel.kind == "imq+bilinear"
    return replace(kernel, kind="imq") if several else kernel


@dataclass
class Run:
    """Where the particles of one part stand (mutable, local to a fit)."""

    whitening: Whitening
    state: State
    residuals: dict[str, float] = field(default_factory=dict)
    movement: list[float] = field(default_factory=list)
    done: int = 0
    converged: bool = False
    snapshots: list[tuple[int, NDArray[np.float64]]] = field(default_factory=list)

    def z(self) -> NDArray[np.float64]:
        """Particles (n, d) in the target's coordinates."""
        return np.asarray(self.whitening.to_z(np.asarray(self.state.x, dtype=np.float64)))

    def numbers(self) -> dict[str, float]:
        """What the monitor judges: the Stein residuals, and the largest of the last moves."""
        return {**self.residuals, "movement": max(self.movement[-STEADY_STEPS:], default=np.nan)}

    @property
    def stuck(self) -> int:
        """How many particles could not make their last move."""
        return int(np.sum(np.asarray(self.state.stuck)))

    def faults(self) -> list[Fault]:
        """What the monitor has against these particles."""
        return faults_of_run(self.numbers(), self.done, self.stuck, len(self.state.x))


def walk(
    target: Target,
    settings: Settings,
    evaluate: Evaluator,
    whitening: Whitening,
    x: NDArray[np.float64],
    kernel: Kernel,
) -> Iterator[Run]:
    """Move particles `x` (n, d) of one part, handing out the run after every compiled call."""
    dtype = float_type()
    optimizer = ADAM if settings.optimizer is None else settings.optimizer
    x, value, score = place(evaluate, whitening, x)
    narrow = Whitening(whitening.centre.astype(dtype), whitening.factor.astype(dtype))
    state = init(x.astype(dtype), score.astype(dtype), value.astype(dtype), optimizer)
    run = Run(whitening, state)
    stride = max(1, settings.n_iterations // _SNAPSHOTS) if settings.keep_history else BLOCK
    if settings.keep_history:
        run.snapshots.append((0, run.z()))
    per_call = 1
    while run.done < settings.n_iterations and not run.converged:
        done = run.done
        take = min(per_call, BLOCK - done % BLOCK, stride - done % stride, settings.n_iterations - done)
        called = time.perf_counter()
        rates = step_sizes(settings, done).astype(dtype)
        run.state, movement, numbers = svgd_block(
            target, narrow, kernel, run.state, rates, np.int32(take), optimizer=optimizer
        )
        run.movement.extend(np.asarray(movement, dtype=np.float64)[:take].tolist())
        run.residuals = {name: float(value) for name, value in numbers.items()}
        run.done += take
        seconds = (time.perf_counter() - called) / take
        per_call = 1 if run.done == 1 else int(np.clip(_SECONDS_PER_CALL / seconds, 1, BLOCK))
        faults = run.faults()
        run.converged = not faults and run.done % BLOCK == 0
        if settings.keep_history and run.done % stride == 0:
            run.snapshots.append((run.done, run.z()))
        _log.debug("step %d: %s", run.done, faults)
        yield run


def put_on_device(target: Target) -> Target:
    """The target with its data as JAX arrays, so that they are sent once, and its model as data need it."""
    dtype = float_type()
    data = (target.values, target.weights)
    if isinstance(target.values, Observations):
        narrowed(target.values, dtype)
    values, weights = jax.tree.map(lambda v: jax.device_put(np.asarray(v, dtype=dtype)), data)
    model = target.model._for_data() if type(target.model) is Model else target.model
    return Target(model, values, weights, target.prior, target.transform)
