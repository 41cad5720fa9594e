"""From the runs of a fit to its posterior: parts weighed, particles apportioned, the verdict."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phasic.svgd import _parts
from phasic.svgd._evaluate import Measured
from phasic.svgd._grade import compare, grade
from phasic.svgd._modes import Modes
from phasic.svgd._monitor import LIMITS, Fault, faults_of_grade, verdict
from phasic.svgd._parts import Part
from phasic.svgd._posterior import Posterior
from phasic.svgd._settings import Settings
from phasic.svgd._target import Target
from phasic.svgd._walk import Run

Floats = NDArray[np.float64]


class Report:
    """Makes posteriors of the runs of a fit, one for each part."""

    def __init__(
        self,
        target: Target,
        settings: Settings,
        evaluate: Measured,
        modes: Modes,
        parts: list[Part],
        began: float,
    ) -> None:
        self._target = target
        self._settings = settings
        self._evaluate = evaluate
        self._modes = modes
        self._began = began
        self._searched = evaluate.largest
        self._parts = parts
        self._runs: dict[tuple[int, ...], Run] = {}
        self._steps = 0

    def missing(self) -> list[Part]:
        """Parts that have no run yet."""
        return [part for part in self._parts if part.key not in self._runs]

    def add(self, part: Part, run: Run) -> None:
        """Keep the run of a part."""
        self._runs[part.key] = run
        self._steps += run.done

    def joined(self) -> bool:
        """Join parts whose particles have crossed; whether there were any."""
        before = len(self._parts)
        if before > 1:
            self._parts = _parts.join(self._modes, self._parts, [run.z() for run in self._own()])
        return len(self._parts) < before

    def _own(self) -> list[Run]:
        return [self._runs[part.key] for part in self._parts]

    def partial(self, run: Run) -> Posterior:
        """The particles of a run under way, in a fit that is not over."""
        part = f" of part {len(self._runs) + 1} of {len(self._parts)}" if len(self._parts) > 1 else ""
        reason = f"stopped after {run.done} of {self._settings.n_iterations} steps{part}"
        value = np.asarray(run.state.log_density, dtype=np.float64)
        numbers = run.numbers()
        return self._posterior([run], run.z(), value, numbers, self._steps + run.done, False, reason)

    def final(self, rng: np.random.Generator) -> Posterior:
        """The result: each part has particles in proportion to its weight."""
        runs, parts = self._own(), self._parts
        ends = [run.z() for run in runs]
        pieces = _parts.pieces(self._modes, parts, ends)
        proposal = _parts.proposal(pieces, parts, ends)
        faults = [fault for i, run in enumerate(runs) for fault in self._named(i, run.faults())]
        transform, closely = self._target.transform, not faults
        given = grade(transform, self._evaluate, proposal, pieces, rng, closely=closely)
        sizes = [len(part.members) for part in parts]
        held = np.add.reduceat(given.shares, np.cumsum([0, *sizes[:-1]]))
        if len(parts) == 1:
            counts = np.asarray([self._settings.n_particles])
            z, value = ends[0], np.asarray(runs[0].state.log_density, dtype=np.float64)
        else:
            counts = _parts.apportion(held, self._settings.n_particles)
            z = np.concatenate(
                [_parts.thin(end, int(count)) for end, count in zip(ends, counts, strict=True) if count]
            )
            value = self._evaluate(z)[0]
        shares = np.bincount(pieces.nearest(z), minlength=len(pieces.weight)) / len(z)
        theta = np.asarray(self._target.transform.to_theta(z))
        grades = {"pareto_k": given.pareto_k, **compare(given, theta, shares.tolist())}
        converged, reason = verdict([*faults, *faults_of_grade(grades)])
        numbers = {
            **{name: max(run.numbers()[name] for run in runs) for name in LIMITS},
            **grades,
            "log_evidence": given.log_evidence,
            "importance_efficiency": given.efficiency,
            "importance_mean": given.mean,
            "importance_mean_error": given.mean_error,
            "importance_sd": given.sd,
            "importance_sd_error": given.sd_error,
            "part_weights": held,
        }
        return self._posterior(runs, z, value, numbers, self._steps, converged, reason, counts)

    def _named(self, i: int, faults: list[Fault]) -> list[Fault]:
        if len(self._parts) == 1:
            return faults
        return [Fault(f"part {i + 1}: {fault.text}", fault.remedies) for fault in faults]

    def _posterior(
        self,
        runs: list[Run],
        z: Floats,
        value: Floats,
        numbers: dict[str, Any],
        steps: int,
        converged: bool,
        reason: str,
        counts: NDArray[np.intp] | None = None,
    ) -> Posterior:
        transform = self._target.transform
        diagnostics = {
            **numbers,
            "stuck_particles": sum(run.stuck for run in runs),
            "rejected_moves": sum(int(run.state.rejected) for run in runs),
            "modes": np.asarray(transform.to_theta(self._modes.z)),
            "mode_weights": self._modes.weights,
            "log_density": value,
            "largest_searched": self._searched,
            "gradient_evaluations": self._evaluate.evaluations + steps * self._settings.n_particles,
        }
        history, history_steps = self._history(runs, counts)
        return Posterior(
            particles=np.asarray(transform.to_theta(z)),
            names=self._settings.names,
            converged=converged,
            reason=reason,
            diagnostics=diagnostics,
            n_steps=steps,
            seconds=time.perf_counter() - self._began,
            history=history,
            history_steps=history_steps,
            target=self._target,
        )

    def _history(
        self, runs: list[Run], counts: NDArray[np.intp] | None
    ) -> tuple[Floats | None, tuple[int, ...]]:
        """Snapshots (k, n, d) of theta and their steps: of every part as many particles as the result has.

        A part that stopped before others stays where it ended.
        """
        if counts is None:
            counts = np.asarray([self._settings.n_particles])
        longest = max((run.snapshots for run in runs), key=len)
        if not longest:
            return None, ()
        rows = [
            np.concatenate(
                [
                    run.snapshots[min(i, len(run.snapshots) - 1)][1][:c]
                    for run, c in zip(runs, counts, strict=True)
                ]
            )
            for i in range(len(longest))
        ]
        history = np.asarray(self._target.transform.to_theta(np.stack(rows)))
        return history, tuple(step for step, _ in longest)
