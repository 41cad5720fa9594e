"""The normal approximation of a posterior as particles, with its evidence and a grade."""

from __future__ import annotations

import time

import numpy as np

from phasic.svgd._importance import pareto_smooth
from phasic.svgd._mixture import Mixture, find
from phasic.svgd._modes import Floats
from phasic.svgd._posterior import Posterior
from phasic.svgd._settings import Settings
from phasic.svgd._target import Target

_LIMITS = {"pareto_k": 0.7, "mean_gap": 0.1, "sd_gap": 0.1}


def _grade(theta: Floats, log_ratio: Floats) -> dict[str, float]:
    """What importance weights exp(log_ratio) (n,) would change about equally weighted `theta` (n, d).

    `pareto_k` is the shape of the weights' tail, `mean_gap` the largest move of a mean in standard
    deviations, `sd_gap` the largest relative change of a standard deviation.
    """
    log_weights, shape = pareto_smooth(log_ratio)
    weight = np.exp(log_weights)
    sd = theta.std(axis=0)
    theta, sd = theta[:, sd > 0], sd[sd > 0]  # what is left is not fixed
    moved = weight @ theta
    spread = np.sqrt(weight @ (theta - moved) ** 2)
    return {
        "pareto_k": shape,
        "mean_gap": float(np.max(np.abs(moved - theta.mean(axis=0)) / sd)),
        "sd_gap": float(np.max(np.abs(spread / sd - 1.0))),
    }


def _verdict(grade: dict[str, float], arrived: bool) -> tuple[bool, str]:
    faults = []
    if not arrived:
        faults.append("the search ended at no maximum")
    if not grade["pareto_k"] < _LIMITS["pareto_k"]:
        faults.append(f"importance weights have a Pareto tail of shape {grade['pareto_k']:.2g}, limit 0.7")
    if not grade["mean_gap"] < _LIMITS["mean_gap"]:
        faults.append(f"importance weights move a mean by {grade['mean_gap']:.2g} sd, limit 0.1")
    if not grade["sd_gap"] < _LIMITS["sd_gap"]:
        change = 100 * grade["sd_gap"]
        faults.append(f"importance weights change a standard deviation by {change:.2g} %, limit 10 %")
    if faults:
        return False, f"normal approximation is not accurate: {'; '.join(faults)}; fit by svgd or nuts"
    return True, "normal approximation, which importance weights confirm"


def laplace(target: Target, settings: Settings) -> Posterior:
    """Particles of the normal approximation in z at the posterior's modes, mapped to theta.

    `converged` says whether importance weights of the particles leave means within 0.1 and standard
    deviations within 10 %. Diagnostics: `log_evidence`, `modes`, `mode_weights`, `log_density` of the
    particles, and the grade's numbers.
    """
    began = time.perf_counter()
    rng = np.random.default_rng(settings.seed)
    found = find(target, settings, rng)
    mixture = Mixture.at(found.modes)
    z, value, _, which = mixture.placed(found.evaluate, rng, settings.n_particles)
    theta = np.asarray(target.transform.to_theta(z))
    grade = _grade(theta, value - mixture.log_density(z))
    converged, reason = _verdict(grade, bool(found.arrived[np.unique(which)].all()))
    diagnostics = {
        "log_evidence": mixture.log_evidence,
        "modes": np.asarray(target.transform.to_theta(mixture.modes.z)),
        "mode_weights": mixture.modes.weights,
        "log_density": value,
        **grade,
        "gradient_evaluations": found.evaluate.evaluations,
    }
    seconds = time.perf_counter() - began
    return Posterior(
        theta, settings.names, converged, reason, diagnostics, 0, seconds, method="laplace", target=target
    )
