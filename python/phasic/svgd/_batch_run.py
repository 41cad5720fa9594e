"""The host's side of a fit in batches."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace

import jax
import numpy as np
from numpy.typing import NDArray

from phasic.svgd._evaluate import Evaluator
from phasic.svgd._kernel import Kernel
from phasic.svgd._minibatch import MeanEvaluator, anchored, decaying, order, split
from phasic.svgd._modes import Modes, find_modes
from phasic.svgd._monitor import MODE_WEIGHT, residuals
from phasic.svgd._parts import divide, start
from phasic.svgd._posterior import Posterior
from phasic.svgd._run import kernel_of, warn_if_single_precision
from phasic.svgd._settings import Settings, step_sizes
from phasic.svgd._start import Whitening, place, search
from phasic.svgd._step import ADAM, BLOCK, init, run_block
from phasic.svgd._target import Target, float_type
from phasic.svgd._walk import Run

_log = logging.getLogger(__name__)

_LEAST_WEIGHT = 1e-3  # of a mode of the first batch that is looked for in all data

svgd_residuals = jax.jit(residuals)


def batch_blocks(target: Target, settings: Settings, batch: int) -> Iterator[Posterior]:
    """Fit with one batch of the data at each step, handing out the posterior every `BLOCK` steps.

    As `blocks`, but all `n_iterations` are taken, with falling sizes. A search on the first batch and a climb
    on all data give the modes; all data judge the last particles. One program serves all batches.

    Raises ValueError for several devices or a checkpoint, which batches do not have.
    """
    if settings.mesh is not None or settings.checkpoint is not None:
        raise ValueError("batch goes with one device and without a checkpoint")
    from phasic.cache import enable_jax_cache
    from phasic.svgd._report import Report

    enable_jax_cache()
    warn_if_single_precision()
    began = time.perf_counter()
    rng = np.random.default_rng(settings.seed)
    settings = replace(settings, rate=decaying(settings.rate, settings.n_iterations))
    batches = split(target, batch, rng)
    _log.info("searching for modes of %d batches", len(batches))
    whole = MeanEvaluator([Evaluator(each, settings.n_particles, settings.kernel) for each in batches])
    modes = _modes(batches[0], whole, settings, rng)
    report = Report(target, settings, whole, modes, divide(modes, whole, MODE_WEIGHT), began)
    while True:
        for part in report.missing():
            whitening, x = start(modes, part, rng, settings.n_particles)
            own = anchored(batches, target.transform.to_theta(modes.z[part.members[0]]))
            kernel = kernel_of(settings.kernel, part)
            for run in _walk(own, whole, settings, kernel, whitening, x, rng):
                yield report.partial(run)
            report.add(part, run)
        if not report.joined():
            break
    yield report.final(rng)


def _modes(first: Target, whole: MeanEvaluator, settings: Settings, rng: np.random.Generator) -> Modes:
    """Modes of all data, from those of the first batch."""
    eps = float(np.finfo(float_type()).eps)
    found = search(first, whole.parts[0], rng, settings.n_particles, settings.theta_init, eps)
    logarithmic = np.asarray([kind != "identity" for kind in first.transform.kinds])
    return find_modes(whole, found.z[found.weights > _LEAST_WEIGHT], eps, logarithmic)


def _walk(
    batches: list[Target],
    whole: MeanEvaluator,
    settings: Settings,
    kernel: Kernel,
    whitening: Whitening,
    x: NDArray[np.float64],
    rng: np.random.Generator,
) -> Iterator[Run]:
    """Move particles `x` (n, d), a batch at a step, and measure them on all data in the end."""
    dtype = float_type()
    x, value, gradient = place(whole, whitening.to_z, x)
    score = whitening.score(gradient)
    narrow = Whitening(whitening.centre.astype(dtype), whitening.factor.astype(dtype))
    run = Run(whitening, init(x.astype(dtype), score.astype(dtype), value.astype(dtype), ADAM))
    if settings.keep_history:
        run.snapshots.append((0, run.z()))
    for i in order(len(batches), rng):
        rates = step_sizes(settings, run.done).astype(dtype)
        run.state, movement, numbers = run_block(
            batches[i], narrow, kernel, run.state, rates, np.int32(1), optimizer=ADAM, mesh=None
        )
        run.movement.append(float(movement[0]))
        run.done += 1
        if run.done == settings.n_iterations:
            break
        if run.done % BLOCK == 0:
            run.residuals = {name: float(value) for name, value in numbers.items()}
            if settings.keep_history:
                run.snapshots.append((run.done, run.z()))
            yield run
    value, gradient = whole(run.z())
    score = whitening.score(gradient)
    lost = ~(np.isfinite(value) & np.isfinite(score).all(axis=1))
    run.state = replace(run.state, log_density=value, stuck=np.asarray(run.state.stuck) | lost)
    numbers = svgd_residuals(run.state.x, score.astype(dtype))
    run.residuals = {name: float(value) for name, value in numbers.items()}
    run.converged = not run.faults()
    if settings.keep_history:
        run.snapshots.append((run.done, run.z()))
    yield run
