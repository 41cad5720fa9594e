"""The run of one part of a posterior: particles that are moved by blocks of compiled steps."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from phasic.svgd._evaluate import Evaluator
from phasic.svgd._kernel import Kernel
from phasic.svgd._monitor import RESIDUALS, STEADY_STEPS, Fault, astray, diverged, faults_of_run
from phasic.svgd._settings import Settings, step_sizes
from phasic.svgd._sharded import several_processes
from phasic.svgd._start import Whitening, place
from phasic.svgd._step import ADAM, BLOCK, Optimizer, State, init, run_block
from phasic.svgd._target import Target, float_type

_log = logging.getLogger(__name__)

_SECONDS_PER_CALL = 0.5  # so that Ctrl-C is answered within a second
_SNAPSHOTS = 50


@dataclass
class Run:
    """Where the particles of one part stand (mutable, local to a fit).

    `placed` counts the evaluations before the first step; `lost` particles, if most are, have gone astray
    since the last multiple of `BLOCK` steps, and `divergence` says that the run stopped for it.
    """

    whitening: Whitening
    state: State
    residuals: dict[str, float] = field(default_factory=dict)
    movement: list[float] = field(default_factory=list)
    done: int = 0
    converged: bool = False
    snapshots: list[tuple[int, NDArray[np.float64]]] = field(default_factory=list)
    placed: int = 0
    lost: int = 0
    divergence: Fault | None = None

    def copy(self) -> Run:
        """The same, apart from what happens to this one."""
        return replace(self, movement=list(self.movement), snapshots=list(self.snapshots))

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
        own = [] if self.divergence is None else [self.divergence]
        return own + faults_of_run(self.numbers(), self.done, self.stuck, len(self.state.x))


def begin(
    evaluate: Evaluator, whitening: Whitening, x: NDArray[np.float64], optimizer: Optimizer, history: bool
) -> Run:
    """Particles `x` (n, d) of a part before their first step."""
    dtype, before = float_type(), evaluate.evaluations
    x, value, gradient = place(evaluate, whitening.to_z, x)
    score = whitening.score(gradient)
    run = Run(whitening, init(x.astype(dtype), score.astype(dtype), value.astype(dtype), optimizer))
    run.residuals = dict.fromkeys(RESIDUALS, np.nan)
    run.placed = evaluate.evaluations - before
    if history:
        run.snapshots.append((0, run.z()))
    return run


def walk(target: Target, settings: Settings, run: Run, kernel: Kernel) -> Iterator[Run]:
    """Move the particles of a run, handing it out after every compiled call.

    Ends at the first multiple of `BLOCK` steps at which the monitor is satisfied, or nine in ten particles
    have gone astray, which leaves those of the multiple before, or after `n_iterations`. How many steps a
    call takes changes nothing of what happens. A run that is at its end takes no step.
    """
    dtype, last = float_type(), settings.n_iterations
    optimizer = ADAM if settings.optimizer is None else settings.optimizer
    narrow = Whitening(run.whitening.centre.astype(dtype), run.whitening.factor.astype(dtype))
    stride = max(1, last // _SNAPSHOTS) if settings.keep_history else BLOCK
    # Processes that share a fit take equal calls, whatever their clocks say.
    alone = not several_processes(settings.mesh)
    per_call, good = 1 if alone else BLOCK, run.copy()
    run.converged = run.done > 0 and run.done % BLOCK == 0 and not run.faults()
    while run.done < last and not run.converged:
        done = run.done
        take = min(per_call, BLOCK - done % BLOCK, stride - done % stride, last - done)
        called = time.perf_counter()
        rates = step_sizes(settings, done).astype(dtype)
        operands = (target, narrow, kernel, run.state, rates, np.int32(take))
        run.state, movement, numbers = run_block(*operands, optimizer=optimizer, mesh=settings.mesh)
        run.movement.extend(np.asarray(movement, dtype=np.float64)[:take].tolist())
        run.residuals = {name: float(value) for name, value in numbers.items()}
        run.done += take
        seconds = (time.perf_counter() - called) / take
        if alone:
            per_call = 1 if run.done == 1 else int(np.clip(_SECONDS_PER_CALL / seconds, 1, BLOCK))
        run.lost = astray(np.asarray(run.state.x), np.asarray(run.state.stuck))
        at_stop = run.done % BLOCK == 0 or run.done == last
        if run.lost and at_stop:
            _restore(run, good, diverged(run.lost, run.done, good.done))
            yield run
            return
        faults = run.faults()
        run.converged = not faults and run.done % BLOCK == 0
        if settings.keep_history and run.done % stride == 0:
            run.snapshots.append((run.done, run.z()))
        if at_stop:
            good = run.copy()
        _log.debug("step %d: %s", run.done, faults)
        yield run


def _restore(run: Run, good: Run, why: Fault) -> None:
    """Give a run that diverged what it had when it was good."""
    run.state, run.residuals, run.movement = good.state, good.residuals, good.movement
    run.done, run.snapshots = good.done, good.snapshots
    run.lost, run.converged, run.divergence = 0, False, why
