"""Normal approximations at the posterior's modes: their mixture, its evidence, and a grade of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from phasic._recipes import noted
from phasic.svgd._evaluate import Evaluator
from phasic.svgd._importance import pareto_smooth
from phasic.svgd._modes import Evaluate, Floats, Modes
from phasic.svgd._parts import apportion
from phasic.svgd._posterior import Posterior
from phasic.svgd._run import Settings, warn_if_single_precision
from phasic.svgd._start import normal_particles, search
from phasic.svgd._target import Target, float_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEWTON_STEPS = 10
_FINE = 1e-12  # nats by which a mode may still rise: 1.4e-6 posterior standard deviations
_ARRIVED = 1e-6
_HALVINGS = 40
_LIMITS = {"pareto_k": 0.7, "mean_gap": 0.1, "sd_gap": 0.1}


@dataclass(frozen=True)
class Mixture:
    """Normal laws at the modes, in z, weighted by their Laplace evidence (Tierney and Kadane 1986).

    `covariance_root` (k, d, d) has precision[i] = (root[i] root[i]')^-1; `log_evidence` is of the posterior,
    the log of the sum over modes of exp(log density) (2 pi)^(d/2) |precision|^(-1/2).
    """

    modes: Modes
    covariance_root: Floats
    log_evidence: float

    @classmethod
    def at(cls, modes: Modes) -> Mixture:
        """The mixture at `modes`, which gets its weights anew."""
        d = modes.z.shape[1]
        lower = np.linalg.cholesky(modes.precision)
        log_determinant = 2.0 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
        evidence = modes.log_density + 0.5 * (d * np.log(2.0 * np.pi) - log_determinant)
        total = float(np.logaddexp.reduce(evidence))
        weighted = Modes(modes.z, modes.log_density, modes.precision, np.exp(evidence - total))
        return cls(weighted, np.linalg.inv(lower).transpose(0, 2, 1), total)

    def particles(self, rng: np.random.Generator, n: int) -> tuple[Floats, NDArray[np.intp]]:
        """Latin-hypercube normal points (n, d) in z, and the mode (n,) of each."""
        count = apportion(self.modes.weights, n)
        d = self.modes.z.shape[1]
        parts = [
            self.modes.z[i] + normal_particles(rng, int(m), d) @ self.covariance_root[i].T
            for i, m in enumerate(count)
            if m
        ]
        return np.concatenate(parts), np.repeat(np.arange(len(count)), count)

    def log_density(self, z: Floats) -> Floats:
        """Log density of the mixture at `z` (n, d): (n,)."""
        d = z.shape[1]
        gap = z - self.modes.z[:, None]
        square = np.einsum("kni,kij,knj->kn", gap, self.modes.precision, gap)
        log_root = np.log(np.abs(np.linalg.det(self.covariance_root)))[:, None]
        each = -0.5 * square - log_root - 0.5 * d * np.log(2.0 * np.pi)
        with np.errstate(divide="ignore"):
            log_weights = np.log(self.modes.weights)[:, None]
        return np.asarray(np.logaddexp.reduce(log_weights + each, axis=0))


def refine(evaluate: Evaluate, modes: Modes) -> tuple[Modes, NDArray[np.bool_]]:
    """Modes to 1.4e-6 standard deviations, by Newton steps with the curvature that is known.

    Returns the modes, and which of them (k,) are local maxima that were reached.
    """
    z = modes.z.copy()
    value, gradient = evaluate(z)
    for _ in range(_NEWTON_STEPS):
        move = np.linalg.solve(modes.precision, gradient[:, :, None])[:, :, 0]
        gain = 0.5 * np.sum(move * gradient, axis=1)
        if not (gain > _FINE).any():
            break
        proposed, slope = evaluate(z + move)
        up = (gain > _FINE) & np.isfinite(slope).all(axis=1) & (proposed >= value - _ARRIVED)
        if not up.any():
            break
        z[up], value[up], gradient[up] = (z + move)[up], proposed[up], slope[up]
    move = np.linalg.solve(modes.precision, gradient[:, :, None])[:, :, 0]
    arrived = 0.5 * np.sum(move * gradient, axis=1) < _ARRIVED
    return Modes(z, value, modes.precision, modes.weights), arrived


@dataclass(frozen=True)
class Found:
    """What a search for modes has given: the modes, whether each was reached, and the evaluator used."""

    modes: Modes
    arrived: NDArray[np.bool_]
    evaluate: Evaluator


def find(target: Target, settings: Settings, rng: np.random.Generator) -> Found:
    """Search for the modes of `target`, as a fit by SVGD does, and refine them."""
    from phasic.cache import enable_jax_cache

    enable_jax_cache()
    warn_if_single_precision()
    evaluate = Evaluator(target, settings.n_particles, settings.kernel)
    rounding = float(np.finfo(float_type()).eps)
    with noted(evaluate.recipe):
        modes = search(target, evaluate, rng, settings.n_particles, settings.theta_init, rounding)
    return Found(*refine(evaluate, modes), evaluate)


def place(
    evaluate: Evaluate, mixture: Mixture, z: Floats, which: NDArray[np.intp]
) -> tuple[Floats, Floats, Floats]:
    """Points `z` (n, d) drawn towards their modes until finite, log densities (n,) and gradients (n, d)."""
    centre = mixture.modes.z[which]
    value, gradient = evaluate(z)
    for _ in range(_HALVINGS):
        bad = ~(np.isfinite(value) & np.isfinite(gradient).all(axis=1))
        if not bad.any():
            break
        z = np.where(bad[:, None], 0.5 * (z + centre), z)
        value, gradient = evaluate(z)
    return z, value, gradient


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
    z, which = mixture.particles(rng, settings.n_particles)
    z, value, _ = place(found.evaluate, mixture, z, which)
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


@jax.tree_util.register_dataclass
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
