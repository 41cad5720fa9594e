"""The numbers behind the plots of a posterior."""

from __future__ import annotations

from typing import NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from phasic.svgd._monitor import residuals
from phasic.svgd._pointwise import Seen
from phasic.svgd._start import Whitening
from phasic.svgd._target import Target, float_type

Floats = NDArray[np.float64]


class Steps(NamedTuple):
    """A distribution function of data: at each of `at` (k,) it jumps to between `low` and `high` (k,)."""

    at: Floats
    low: Floats
    high: Floats


def distribution_of(rows: Seen, end: float) -> Steps:
    """The data's own distribution function.

    Of exact and right-censored data (upper bounds of `end` or inf) that of Kaplan and Meier 1958, without
    censoring the share of data so far. With other censoring the share that is surely below, and that may be.
    """
    exact = rows.lower == rows.upper
    right = ~exact & (rows.upper >= end) & np.isfinite(rows.lower)
    if not (exact | right).all():
        total = rows.count.sum()
        at = np.unique(np.concatenate([rows.lower, rows.upper]))
        at = at[np.isfinite(at)]
        surely = np.array([rows.count[rows.upper <= t].sum() for t in at])
        maybe = np.array([rows.count[np.where(exact, rows.lower <= t, rows.lower < t)].sum() for t in at])
        return Steps(at, surely / total, maybe / total)
    at = np.unique(rows.lower[exact])
    events = np.array([rows.count[exact & (rows.lower == t)].sum() for t in at])
    at_risk = np.array([rows.count[rows.lower >= t].sum() for t in at])
    value = 1.0 - np.cumprod(1.0 - events / at_risk)
    return Steps(at, value, value)


def residuals_of(target: Target, history: Floats) -> dict[str, Floats]:
    """Stein residuals of each snapshot (k, n, d) of particles, (k,) each; see `phasic.svgd._monitor`.

    All are in coordinates whitened by the last snapshot, so that the numbers differ a little from those of
    the run, which whitens by the curvature at its start.
    """
    snapshots = np.asarray(target.transform.to_z(np.asarray(history, np.float64)))
    whitening = _whitening(snapshots[-1])
    found = [_of_snapshot(target, whitening, z.astype(float_type())) for z in snapshots]
    return {name: np.array([float(each[name]) for each in found]) for name in found[0]}


def movement_of(target: Target, history: Floats, steps: tuple[int, ...]) -> Floats:
    """Root-mean-square move per step between snapshots, (k - 1,), in posterior standard deviations."""
    snapshots = np.asarray(target.transform.to_z(np.asarray(history, np.float64)))
    scaled = snapshots / snapshots[-1].std(axis=0)
    distances = np.sqrt((np.diff(scaled, axis=0) ** 2).mean(axis=(1, 2)))
    return np.asarray(distances / np.diff(steps))


def _whitening(z: Floats) -> Whitening:
    try:
        factor = np.linalg.cholesky(np.atleast_2d(np.cov(z, rowvar=False)))
    except np.linalg.LinAlgError:
        raise ValueError(
            f"the {len(z)} particles of {z.shape[1]} parameters lie in fewer dimensions, where "
            "residuals have no scale: fit more particles"
        ) from None
    return Whitening(z.mean(axis=0), factor)


@jax.jit
def _of_snapshot(target: Target, whitening: Whitening, z: NDArray[np.floating]) -> dict[str, jax.Array]:
    _, gradient = target.value_and_gradient(z)
    x = jax.scipy.linalg.solve_triangular(whitening.factor, (z - whitening.centre).T, lower=True).T
    return residuals(x, whitening.score(gradient))
