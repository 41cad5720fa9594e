"""Refined modes of a posterior, and the mixture of normal laws at them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phasic.svgd._evaluate import Evaluator
from phasic.svgd._modes import Evaluate, Floats, Modes
from phasic.svgd._parts import apportion
from phasic.svgd._run import search_for_modes, warn_if_single_precision
from phasic.svgd._settings import Settings
from phasic.svgd._start import normal_particles, place
from phasic.svgd._target import Target

_NEWTON_STEPS = 10
_FINE = 1e-12  # nats by which a mode may still rise: 1.4e-6 posterior standard deviations
_ARRIVED = 1e-6


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
    modes = search_for_modes(target, settings, evaluate, rng)
    return Found(*refine(evaluate, modes), evaluate)


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

    def placed(
        self, evaluate: Evaluate, rng: np.random.Generator, n: int
    ) -> tuple[Floats, Floats, Floats, NDArray[np.intp]]:
        """`particles` drawn towards their modes until finite; log densities (n,), gradients (n, d), modes."""
        z, which = self.particles(rng, n)
        centre = self.modes.z[which]
        x, value, gradient = place(evaluate, lambda x: centre + x, z - centre)
        return centre + x, value, gradient, which

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
