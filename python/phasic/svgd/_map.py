"""The mode of the posterior density of theta."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from phasic.svgd._mixture import find
from phasic.svgd._posterior import Posterior
from phasic.svgd._settings import Settings
from phasic.svgd._target import Target, target_node


@target_node
@dataclass(frozen=True)
class ThetaTarget(Target):
    """The same posterior as a density of theta: without the Jacobian of the change of variables."""

    @classmethod
    def of(cls, target: Target) -> ThetaTarget:
        """The density of theta of a target."""
        return cls(**{each.name: getattr(target, each.name) for each in fields(target)})

    def log_density(self, z: Any) -> Any:
        """Log posterior density of theta (not normalised) at one point `z` (d,)."""
        return super().log_density(z) - self.transform.log_jacobian(z)


def maximum(target: Target, settings: Settings) -> Posterior:
    """The mode of the posterior density of theta, as one particle.

    Diagnostics: every local maximum that was found, `modes` (k, d) with `log_density` (k,), best first.
    """
    began = time.perf_counter()
    found = find(ThetaTarget.of(target), settings, np.random.default_rng(settings.seed))
    order = np.argsort(-found.modes.log_density, kind="stable")
    theta = np.asarray(target.transform.to_theta(found.modes.z[order]))
    height = found.modes.log_density[order]
    arrived = bool(found.arrived[order[0]])
    if arrived:
        others = f" of {len(theta)} that were found" if len(theta) > 1 else ""
        reason = f"the highest mode{others}, log density {height[0]:.6g}; a point, so its sd is 0"
    else:
        reason = "no maximum was reached: the density of theta may rise to the edge of its support"
    diagnostics = {
        "modes": theta,
        "log_density": height,
        "gradient_evaluations": found.evaluate.evaluations,
    }
    seconds = time.perf_counter() - began
    return Posterior(
        theta[:1].copy(),
        settings.names,
        arrived,
        reason,
        diagnostics,
        0,
        seconds,
        method="map",
        target=target,
    )
