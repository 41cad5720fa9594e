"""Whether a checkpoint is of the run that is about to start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from phasic.svgd._checkpoint import Checkpoint, identity
from phasic.svgd._settings import Settings, step_sizes
from phasic.svgd._sharded import must_agree, several_processes
from phasic.svgd._start import Whitening
from phasic.svgd._step import ADAM, BLOCK, State, run_block
from phasic.svgd._target import Target, float_type
from phasic.svgd._walk import Run


def opened(target: Target, settings: Settings, like: State) -> Checkpoint:
    """The checkpoint of a fit, with what its file holds, if there is one.

    Raises ValueError if the file is of another fit, or if processes that share a fit were given different
    ones.
    """
    shared, kernel = several_processes(settings.mesh), settings.kernel
    whose: dict[str, Any] = {}
    if shared or settings.checkpoint is not None:
        whose = identity(
            target,
            n_particles=settings.n_particles,
            seed=settings.seed,
            kernel=[kernel.kind, None if kernel.bandwidth is None else float(kernel.bandwidth)],
            optimizer=str(jax.tree_util.tree_structure(like.optimizer)),
            theta_init=None if settings.theta_init is None else settings.theta_init.tolist(),
            return_history=settings.keep_history,
        )
    if shared:
        chosen = {"n_iterations": settings.n_iterations, "checkpoint": settings.checkpoint is not None}
        must_agree({**whose, **chosen, "learning_rate": step_sizes(settings, 0).tolist()})

    def rates(count: int, horizon: int) -> NDArray[np.float64]:
        return step_sizes(replace(settings, horizon=horizon), 0, count)

    file = Checkpoint(settings.checkpoint, whose, rates, shared)
    file.read(like)
    if file.done > settings.n_iterations:
        raise ValueError(
            f"{file.path} is of a run of {file.done} steps, n_iterations is {settings.n_iterations}: "
            "give more of them"
        )
    for run in file.runs.values():
        _must_be_of(target, settings, run, file)
    return file


def _must_be_of(target: Target, settings: Settings, run: Run, file: Checkpoint) -> None:
    """ValueError unless the particles of a checkpoint have the log densities that it says.

    That finds whatever no digest tells, such as another function for a model or a prior.
    """
    dtype = float_type()
    whitening = Whitening(run.whitening.centre.astype(dtype), run.whitening.factor.astype(dtype))
    still = (target, whitening, settings.kernel, run.state, np.zeros(BLOCK, dtype), np.int32(0))
    optimizer = ADAM if settings.optimizer is None else settings.optimizer
    state, _, _ = run_block(*still, optimizer=optimizer, mesh=settings.mesh)
    found, stored = np.asarray(state.log_density), np.asarray(run.state.log_density)
    slack = np.sqrt(np.finfo(dtype).eps) * (1.0 + np.abs(stored))  # rounding on another machine is far less
    if np.asarray(state.stuck).any() or (np.abs(found - stored) > slack).any():
        raise ValueError(
            f"{file.path} is the checkpoint of another run: its particles have other log densities here, so "
            "the model, the data or the prior have changed; delete it, or give another path"
        )
