"""The parts of a posterior: modes that a valley of low density divides, each given particles of its own.

A kernel sees one length scale. Particles of a narrow mode far from another would be of one point to it, so
each part is a fit of its own, in coordinates whitened by its own curvature. How much of the posterior each
holds is not for particles to say, which cannot cross a valley: importance sampling weighs the parts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from phasic.svgd._importance import Proposal, moments
from phasic.svgd._modes import Evaluate, Floats, Modes
from phasic.svgd._start import Whitening, normal_particles

_POINTS = 15  # on the way from one mode to another
_VALLEY = 6.0  # nats below the lower mode
_CROSSED = 0.02  # share of a part's particles
_OVER_ALL = 0.25  # of the draws, for the valleys between modes


class Part(NamedTuple):
    """Modes (indices into `Modes`) that particles can cross between."""

    members: NDArray[np.intp]

    @property
    def key(self) -> tuple[int, ...]:
        """Its members, whatever their order."""
        return tuple(sorted(self.members.tolist()))


def divide(modes: Modes, evaluate: Evaluate, least: float) -> list[Part]:
    """Group the modes of weight above `least` by the valleys between them; the heaviest part comes first.

    Two modes belong together if the log density, on the straight way between them, never falls 6 nats below
    the lower of them.
    """
    kept = np.flatnonzero(modes.weights >= min(least, modes.weights.max()))
    label = np.arange(len(kept))
    pairs = [(i, j) for i in range(len(kept)) for j in range(i)]
    if pairs:
        way = np.linspace(0.0, 1.0, _POINTS + 2)[1:-1, None]
        points = [modes.z[kept[i]] + way * (modes.z[kept[j]] - modes.z[kept[i]]) for i, j in pairs]
        value = evaluate(np.concatenate(points))[0].reshape(len(pairs), _POINTS).min(axis=1)
        for (i, j), lowest in zip(pairs, value, strict=True):
            if lowest > min(modes.log_density[kept[i]], modes.log_density[kept[j]]) - _VALLEY:
                label[label == label[i]] = label[j]
    return [Part(kept[label == group]) for group in dict.fromkeys(label.tolist())]


def join(modes: Modes, parts: list[Part], runs: list[Floats]) -> list[Part]:
    """Parts whose particles (n, d) have crossed to another's modes become one with it; the others stay."""
    members = np.concatenate([part.members for part in parts])
    owner = np.repeat(np.arange(len(parts)), [len(part.members) for part in parts])
    roots = _roots(modes.precision[members])
    label = np.arange(len(parts))
    for i, z in enumerate(runs):
        share = np.bincount(owner[nearest(z, modes.z[members], roots)], minlength=len(parts)) / len(z)
        for j in np.flatnonzero(share > _CROSSED):
            label[label == label[j]] = label[i]
    groups = [np.flatnonzero(label == group) for group in dict.fromkeys(label.tolist())]
    return [Part(np.concatenate([parts[i].members for i in group])) for group in groups]


def start(modes: Modes, part: Part, rng: np.random.Generator, n: int) -> tuple[Whitening, Floats]:
    """Whitening by the curvature of a part, and particles (n, d) in it.

    Of one mode: its normal approximation. Of several: the mixture's covariance, and particles of each mode
    in proportion to its weight.
    """
    d = modes.z.shape[1]
    centres, factors = modes.z[part.members], _roots(modes.precision[part.members])
    if len(part.members) == 1:
        return Whitening(centres[0], factors[0]), normal_particles(rng, n, d)
    weights = modes.weights[part.members] / modes.weights[part.members].sum()
    counts = apportion(weights, n)
    z = np.concatenate(
        [
            centre + normal_particles(rng, count, d) @ factor.T
            for centre, factor, count in zip(centres, factors, counts, strict=True)
            if count
        ]
    )
    centre = weights @ centres
    gap = centres - centre
    within = np.einsum("k,kij,klj->il", weights, factors, factors)
    factor = np.linalg.cholesky(within + np.einsum("k,ki,kj->ij", weights, gap, gap))
    return Whitening(centre, factor), np.linalg.solve(factor, (z - centre).T).T


def _roots(precision: Floats) -> Floats:
    """Roots (k, d, d) of covariances: factor factor' = precision^-1."""
    return np.asarray(np.linalg.inv(np.linalg.cholesky(precision)).transpose(0, 2, 1))


def apportion(shares: Floats, n: int) -> NDArray[np.intp]:
    """Whole numbers of sum `n` in proportion to `shares` (k,), by largest remainders."""
    exact = n * shares / shares.sum()
    counts: NDArray[np.intp] = np.floor(exact).astype(np.intp)
    short = n - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:short]] += 1
    return counts


class Pieces(NamedTuple):
    """One normal shape for each mode of each part: `centre` (k, d), `factor` (k, d, d), `weight` (k,)."""

    centre: Floats
    factor: Floats
    weight: Floats

    def nearest(self, z: Floats) -> NDArray[np.intp]:
        """For each point (n, d) the piece whose density, all of equal weight, is the highest there: (n,)."""
        return nearest(z, self.centre, self.factor)


def pieces(modes: Modes, parts: list[Part], runs: list[Floats]) -> Pieces:
    """The moments of the particles (n, d) nearest to each mode, and the modes' Laplace weights.

    A mode with fewer than 2 d + 2 particles keeps its own place and curvature.
    """
    centres, factors = [], []
    for part, z in zip(parts, runs, strict=True):
        roots = _roots(modes.precision[part.members])
        near = nearest(z, modes.z[part.members], roots)
        for k, (member, root) in enumerate(zip(part.members, roots, strict=True)):
            own = z[near == k]
            centre, factor = moments(own) if len(own) > 2 * z.shape[1] + 1 else (modes.z[member], root)
            centres.append(centre)
            factors.append(factor)
    members = np.concatenate([part.members for part in parts])
    return Pieces(np.stack(centres), np.stack(factors), modes.weights[members])


def proposal(given: Pieces, parts: list[Part], runs: list[Floats]) -> Proposal:
    """The pieces, none of a share below 0.1 of the largest; for a part of several also one over all of it."""
    shares = np.maximum(given.weight, 0.1 * given.weight.max())
    shares = shares / shares.sum()
    wide = [moments(z) for part, z in zip(parts, runs, strict=True) if len(part.members) > 1]
    if not wide:
        return Proposal(shares, given.centre, given.factor)
    over = np.full(len(wide), _OVER_ALL / len(wide))
    return Proposal(
        np.concatenate([(1.0 - _OVER_ALL) * shares, over]),
        np.concatenate([given.centre, [centre for centre, _ in wide]]),
        np.concatenate([given.factor, [factor for _, factor in wide]]),
    )


def nearest(z: Floats, centres: Floats, factors: Floats) -> NDArray[np.intp]:
    """For each point (n,) the piece whose normal density, all of equal weight, is the highest there."""
    gap = (z[None] - centres[:, None]).transpose(0, 2, 1)
    r2 = np.sum(np.linalg.solve(factors, gap) ** 2, axis=1)
    scale = np.log(np.abs(np.diagonal(factors, axis1=1, axis2=2))).sum(axis=1)
    closest: NDArray[np.intp] = np.argmin(0.5 * r2 + scale[:, None], axis=0)
    return closest


def thin(z: Floats, count: int) -> Floats:
    """`count` of the points `z` (n, d), spread as all are, with the mean and covariance of all.

    Chosen one by one to bring the energy distance to all points down (herding: Chen, Welling and Smola 2010),
    in coordinates whitened by the points; then moved by the affine map that restores the first two moments,
    where there are enough of them to have a covariance.
    """
    if count == len(z):
        return z
    centre, root = moments(z)
    x = np.linalg.solve(root, (z - centre).T).T
    distance = np.sqrt(np.maximum(np.sum((x[:, None] - x[None]) ** 2, axis=2), 0.0))
    aim, taken = distance.mean(axis=1), np.zeros(len(x))
    chosen: list[int] = []
    for i in range(count):
        score = aim - taken / (i + 1)
        score[chosen] = np.inf
        chosen.append(int(np.argmin(score)))
        taken += distance[:, chosen[-1]]
    kept = x[np.sort(chosen)]
    if count > 2 * z.shape[1] + 1:
        middle, own = moments(kept)
        kept = np.linalg.solve(own, (kept - middle).T).T
    return np.asarray(centre + kept @ root.T)
