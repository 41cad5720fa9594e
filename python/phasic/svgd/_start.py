"""Where SVGD starts: candidates, the best mode, whitening by its curvature, spread-out normal particles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from phasic.svgd._impossible import blame
from phasic.svgd._layout import Layout
from phasic.svgd._modes import Evaluate, Floats, Modes, find_modes
from phasic.svgd._normal import normal_quantile
from phasic.svgd._target import Target, data_scale, largest_entry
from phasic.svgd._transform import Transform

_MAX_STARTS = 8
_DATA_SPREAD = 2.0  # standard deviation, in z, of candidates around the scale of the data
_HALVINGS = 40
_CENTRAL = (0.1, 0.9)  # candidates lie between these quantiles
_GROUPS = 8
_JUMP = 3.0  # largest ratio of sizes within a group
_HOPELESS = 20.0  # nats below the best
_MAX_ROUNDS = 3  # of exchanges
_MAX_CLIMBERS = 64


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Whitening:
    """The affine map z = centre + factor x, to coordinates in which a posterior is about standard normal.

    Attributes:
        centre: (d,), a mode of the posterior, in unconstrained coordinates z.
        factor: (d, d), a root of its covariance there, which is `factor @ factor.T`.

    Example:
        >>> from phasic.svgd import Whitening
        >>> whitening = Whitening(centre=np.array([1.0]), factor=np.array([[0.5]]))
        >>> whitening.to_z(np.array([[0.0], [2.0]])).tolist()
        [[1.0], [2.0]]
    """

    centre: Any
    factor: Any

    def to_z(self, x: Any) -> Any:
        """Unconstrained coordinates (n, d) of whitened points `x` (n, d).

        Example:
            >>> from phasic.svgd import Whitening
            >>> whitening = Whitening(np.array([1.0, 2.0]), np.array([[3.0, 0.0], [4.0, 5.0]]))
            >>> whitening.to_z(np.array([[1.0, 0.0]])).tolist()
            [[4.0, 6.0]]
        """
        return self.centre + x @ self.factor.T

    def score(self, gradient: Any) -> Any:
        """Gradients with respect to x from gradients with respect to z, both (n, d).

        Example:
            >>> from phasic.svgd import Whitening
            >>> Whitening(np.array([1.0]), np.array([[0.5]])).score(np.array([[4.0]])).tolist()
            [[2.0]]
        """
        return gradient @ self.factor


def latin_uniform(rng: np.random.Generator, n: int, d: int) -> Floats:
    """Latin hypercube (n, d): each column permutes the midpoints (i + 1/2) / n (McKay et al. 1979)."""
    order = rng.permuted(np.tile(np.arange(n)[:, None], (1, d)), axis=0)
    points: Floats = (order + 0.5) / n
    return points


def normal_particles(rng: np.random.Generator, n: int, d: int) -> Floats:
    """Latin-hypercube standard normal points (n, d) with mean 0 and, for n > d, covariance I exactly."""
    x: Floats = normal_quantile(latin_uniform(rng, n, d))
    x -= x.mean(axis=0)
    if n > d:
        factor = np.linalg.cholesky(x.T @ x / n)
        x = np.linalg.solve(factor, x.T).T
    return x


def candidates(target: Target, rng: np.random.Generator, n: int) -> Floats:
    """Points (at most `n`, d) in z to look for modes from: prior quantiles, and the scale of the data.

    Rates have the unit of 1 / observation, so half of the points lie around theta = 1 / mean(values) on the
    log scale. The tails are left out: a likelihood may cost in proportion to theta, and a climb gets there
    if it must.
    """
    d = target.dim
    low_q, high_q = _CENTRAL

    def central(count: int) -> Floats:
        return low_q + (high_q - low_q) * latin_uniform(rng, count, d)

    drawn = target.prior.quantile(central(max(1, n // 2)))
    low, high = target.transform.support
    if drawn is None:
        drawn = np.empty((0, d))
    else:
        drawn = target.transform.to_z(drawn[((drawn > low) & (drawn < high)).all(axis=1)])
    around = data_scale(target) + _DATA_SPREAD * normal_quantile(central(n - len(drawn)))
    return np.concatenate([drawn, around])


def survey(evaluate: Evaluate, points: Floats, size: Floats, given: int) -> tuple[Floats, Floats]:
    """Log densities (m,) and gradients (m, d) at `points` (m, d), in groups by increasing `size` (m,).

    Stops at a group in which every point is worse than half of those before it and far below the best: what
    follows is likely worse still, and may cost more. The points left out get -inf. The first `given` are
    always evaluated.
    """
    value, gradient = np.full(len(points), -np.inf), np.zeros(points.shape)
    if given:
        value[:given], gradient[:given] = evaluate(points[:given])
    order = given + np.argsort(size[given:], kind="stable")
    most = max(1, len(order) // _GROUPS)
    while order.size:
        near = int(np.sum(size[order[:most]] <= _JUMP * size[order[0]]))
        group, order = order[: max(1, near)], order[max(1, near) :]
        before = value[given:]
        finite = before[np.isfinite(before)]
        value[group], gradient[group] = evaluate(points[group])
        best = value[group].max()
        if finite.size and best < np.median(finite) and best < finite.max() - _HOPELESS:
            break
    return value, gradient


def choose_starts(points: Floats, value: Floats, gradient: Floats, given: int, count: int) -> Floats:
    """Of `points` (m, d), the first `given` and others up to `count`: the best, and some further down.

    Only points of finite log density `value` (m,) and `gradient` (m, d) are taken.
    """
    good = np.isfinite(value) & np.isfinite(gradient).all(axis=1)
    first = np.flatnonzero(good[:given])
    ranked = np.argsort(-np.where(good, value, -np.inf), kind="stable")[: int(good.sum())]
    rest = ranked[~np.isin(ranked, first)]
    places = np.unique(np.round(np.linspace(0.0, np.sqrt(max(len(rest) - 1, 0)), count) ** 2).astype(int))
    chosen = np.concatenate([first, rest[places] if rest.size else rest])[: max(count, len(first))]
    return np.asarray(points[chosen])


def search(
    target: Target,
    evaluate: Evaluate,
    rng: np.random.Generator,
    n: int,
    theta_init: Floats | None,
    precision_of_values: float,
) -> Modes:
    """Modes of `target`, found from candidates and from the rows of `theta_init` (k, d).

    Raises ValueError, with some of the parameters tried, if the log posterior is finite at none of them.
    """
    d = target.dim
    given = np.empty((0, d)) if theta_init is None else target.transform.to_z(theta_init)
    points = np.concatenate([given, candidates(target, rng, n)])
    value, gradient = survey(evaluate, points, largest_entry(target.transform, points), len(given))
    starts = choose_starts(points, value, gradient, len(given), min(_MAX_STARTS, max(1, n // (2 * d + 1))))
    if len(starts) == 0:
        thetas = target.transform.to_theta(points)
        tried = "; ".join(np.array2string(theta, precision=4) for theta in thetas[:3])
        raise ValueError(
            f"the log posterior or its gradient is not finite at any of {len(points)} starting points, "
            f"for example at theta = {tried}{blame(target, thetas)}; check that the model can produce the "
            "observations, or give theta_init"
        )
    logarithmic = np.asarray([kind != "identity" for kind in target.transform.kinds])
    modes = find_modes(evaluate, starts, precision_of_values, logarithmic)
    for _ in range(_MAX_ROUNDS):
        others = exchanged(target.transform, modes.z)
        value, gradient = evaluate(others) if len(others) else (np.empty(0), others)
        near = np.isfinite(gradient).all(axis=1) & (value > modes.log_density.max() - _HOPELESS)
        found = len(modes.z)
        if near.any():
            climbers = np.concatenate([modes.z, others[near]])[:_MAX_CLIMBERS]
            modes = find_modes(evaluate, climbers, precision_of_values, logarithmic)
        if len(modes.z) <= found:
            break
    return modes


def exchanged(transform: Transform | Layout, z: Floats) -> Floats:
    """Points like `z` (k, d) with two parameters exchanged, for every two of one kind: (m, d).

    Stages of a phase-type model often have no order of their own. Where the labels of two can be exchanged,
    so can the parameters, and there is a mode for each order: climbs from random starts may miss one of
    equal weight.
    """
    theta = transform.to_theta(z)
    low, high = transform.support
    swapped = []
    for a, i in enumerate(transform.singles):
        for b, j in enumerate(transform.singles[:a]):
            if transform.kinds[a] == transform.kinds[b]:
                other = theta.copy()
                other[:, [i, j]] = theta[:, [j, i]]
                swapped.append(other)
    if not swapped:
        return np.empty((0, z.shape[1]))
    points = np.unique(np.concatenate(swapped), axis=0)
    inside = ((points > low) & (points < high)).all(axis=1)
    return np.asarray(transform.to_z(points[inside]))


def place(evaluate: Evaluate, to_z: Callable[[Floats], Floats], x: Floats) -> tuple[Floats, Floats, Floats]:
    """Points `x` (n, d) drawn towards 0 until `to_z(x)` has a finite log density and gradient.

    Returns the points, their log densities (n,) and the gradients in z (n, d).
    """
    value, gradient = evaluate(to_z(x))
    for _ in range(_HALVINGS):
        bad = ~(np.isfinite(value) & np.isfinite(gradient).all(axis=1))
        if not bad.any():
            break
        x = np.where(bad[:, None], 0.5 * x, x)
        value, gradient = evaluate(to_z(x))
    return x, value, gradient
