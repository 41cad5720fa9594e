"""The host's side of a fit: the parts of a posterior, their starts, and blocks of compiled steps."""

from __future__ import annotations

import functools
import logging
import time
import warnings
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import jax
import numpy as np
from jax.sharding import Mesh

from phasic._model import Model
from phasic._observations import Observations
from phasic._pytree import narrowed
from phasic._recipes import noted
from phasic.svgd._checkpoint import Found
from phasic.svgd._evaluate import Evaluator
from phasic.svgd._kernel import Kernel
from phasic.svgd._modes import Modes
from phasic.svgd._monitor import MODE_WEIGHT, heavy_tails
from phasic.svgd._parts import Part, divide, start
from phasic.svgd._resume import opened
from phasic.svgd._settings import Settings
from phasic.svgd._sharded import on_devices
from phasic.svgd._start import search
from phasic.svgd._step import ADAM
from phasic.svgd._target import Target, float_type
from phasic.svgd._walk import begin, walk

if TYPE_CHECKING:
    from phasic.svgd._posterior import Posterior

_log = logging.getLogger(__name__)


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


def blocks(target: Target, settings: Settings) -> Iterator[Posterior]:
    """Fit, handing out the posterior after every compiled call; the last one is the result.

    Where the number of particles was left to phasic and tails are too heavy for it, the fit is made again
    with four times as many.
    """
    began = time.perf_counter()
    last, found = yield from _blocks(target, settings, began)
    if settings.more_for_tails and heavy_tails(last.diagnostics):
        _log.info("tails are too heavy for %d particles: taking four times as many", settings.n_particles)
        spent = replace(found, evaluations=last.diagnostics["gradient_evaluations"])
        more = replace(settings, n_particles=4 * settings.n_particles)
        yield from _blocks(target, more, began, spent)


def _blocks(
    target: Target, settings: Settings, began: float, known: Found | None = None
) -> Generator[Posterior, None, tuple[Posterior, Found]]:
    """One fit, which searches for modes unless they are `known`; its result, and what the search found.

    The posterior is divided into parts that particles cannot cross between; see `_parts`. Each is a fit of
    its own by the same program, see `walk`. Parts whose particles have crossed to another's modes are joined
    and fitted anew. Importance sampling then weighs the parts and grades the particles.
    """
    from phasic.cache import enable_jax_cache
    from phasic.svgd._report import Report

    enable_jax_cache()
    warn_if_single_precision()
    rng = np.random.default_rng(settings.seed)
    n = settings.n_particles
    optimizer = ADAM if settings.optimizer is None else settings.optimizer
    evaluate = Evaluator(target, n, settings.kernel, optimizer, settings.mesh)
    file = opened(target, settings, evaluate.nowhere)
    if file.found is not None:
        found, began = file.found, file.resume(rng, began)
        _log.info("going on after %d steps from %s", file.done, file.path)
        settings = replace(settings, horizon=found.horizon)
    else:
        found = _found(target, settings, evaluate, rng) if known is None else known
        file.start(found, rng, began)
    evaluate.evaluations, evaluate.largest = found.evaluations, found.largest
    modes = found.modes
    report = Report(target, settings, evaluate, modes, divide(modes, evaluate, MODE_WEIGHT), began)
    try:
        while True:
            for part in report.missing():
                whitening, x = start(modes, part, rng, n)
                run = file.runs.get(part.key)
                if run is None:
                    run = begin(evaluate, whitening, x, optimizer, settings.keep_history)
                else:
                    evaluate.evaluations += run.placed
                for _ in walk(target, settings, run, kernel_of(settings.kernel, part)):
                    if not run.lost:
                        file.offer(part.key, run)
                    yield report.partial(run)
                report.add(part, run)
            if not report.joined():
                break
    finally:
        file.flush()
    last = report.final(rng)
    yield last
    return last, found


def _found(target: Target, settings: Settings, evaluate: Evaluator, rng: np.random.Generator) -> Found:
    modes = search_for_modes(target, settings, evaluate, rng)
    return Found(modes, evaluate.evaluations, evaluate.largest, settings.horizon)


def search_for_modes(
    target: Target, settings: Settings, evaluate: Evaluator, rng: np.random.Generator
) -> Modes:
    """The modes that every method starts from."""
    _log.info("searching for modes")
    precision = float(np.finfo(float_type()).eps)
    with noted(evaluate.recipe):
        modes = search(target, evaluate, rng, settings.n_particles, settings.theta_init, precision)
    _log.debug("%d evaluations at up to theta = %.3g", evaluate.evaluations, evaluate.largest)
    _log.debug("%d modes, log density %s, Laplace weights %s", len(modes.z), modes.log_density, modes.weights)
    return modes


def kernel_of(kernel: Kernel, part: Part) -> Kernel:
    """The kernel for a part: a bilinear term would pull several modes towards one normal shape."""
    several = len(part.members) > 1 and kernel.kind == "imq+bilinear"
    return replace(kernel, kind="imq") if several else kernel


def put_on_device(target: Target, mesh: Mesh | None = None) -> Target:
    """The target with its data as JAX arrays, so that they are sent once, and its model as data need it."""
    dtype = float_type()
    data = (target.values, target.weights)
    if isinstance(target.values, Observations):
        narrowed(target.values, dtype)
    values, weights = on_devices(jax.tree.map(lambda v: np.asarray(v, dtype=dtype), data), mesh)
    model = target.model._for_data() if type(target.model) is Model else target.model
    return Target(model, values, weights, target.prior, target.transform)
