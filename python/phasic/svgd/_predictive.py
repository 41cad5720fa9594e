"""What a posterior says about further data: draws, and curves with their spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check
from phasic.svgd._law import FUNCTIONS, Law, law_quantiles, laws, simulator
from phasic.svgd._pointwise import curves
from phasic.svgd._target import float_type

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """A function of the law at every particle.

    Attributes:
        function: "pdf" (for counts, their probability), "cdf", "sf" or "ppf", the quantiles.
        at: (m,), times, counts or rewards; probabilities for "ppf".
        values: (n, m).

    Example:
        >>> jax.config.update("jax_enable_x64", True)
        >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
        >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
        >>> curve = posterior.predictive_curve("sf", [0.5, 1.0])
        >>> curve.function, curve.values.shape  # at each of 128 particles
        ('sf', (128, 2))
    """

    function: str
    at: Floats
    values: Floats

    @property
    def mean(self) -> Floats:
        """The posterior predictive function, (m,): the mean over particles.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> posterior.predictive_curve("sf", [0.5]).mean.round(2).tolist()  # (50 / 50.5)^100
            [0.37]
        """
        return np.asarray(self.values.mean(axis=0))

    def interval(self, probability: float = 0.9) -> Floats:
        """Lower and upper ends, (2, m), that hold `probability` of the particles' values at each point.

        Args:
            probability: Above 0 and below 1.

        Raises:
            ValueError: The probability is out of its range.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> low, high = posterior.predictive_curve("sf", [0.5]).interval(0.9)[:, 0]
            >>> bool(0.3 < low < 0.32 and 0.42 < high < 0.44)  # exp(−θ / 2), θ of Gamma(100, 50)
            True
        """
        if not 0.0 < probability < 1.0:
            raise ValueError(f"probability must lie between 0 and 1, got {probability!r}")
        tail = 0.5 * (1.0 - probability)
        return np.asarray(np.quantile(self.values, [tail, 1.0 - tail], axis=0, method="hazen"))


def law_of_kind(model: Any, kind: int | None, wanted: str) -> tuple[int, Law]:
    """Which kind is meant, and its law.

    Raises:
        TypeError: The model is not phasic's, which `wanted` needs.
        ValueError: There is no such kind, or there are several and none is named.
    """
    known = laws(model)
    if not known:
        raise TypeError(
            f"{wanted} needs the law of a phasic.Model (graph.model()) or EpochModel "
            f"(graph.model().epoch_model(rule)), and the model is {model!r}"
        )
    if kind is None and len(known) > 1:
        raise ValueError(f"there are {len(known)} kinds of observations: say which by kind=0, …")
    chosen = _check.position("kind", 0 if kind is None else kind)
    if not 0 <= chosen < len(known):
        raise ValueError(f"kind is {kind}: it must be from 0 to {len(known) - 1}")
    return chosen, known[chosen]


def draws(law: Law, particles: Floats, n: int, seed: int) -> Floats:
    """`n` draws of the posterior predictive law, (n,), in random order.

    Every particle gives n / n_particles of them, rounded up for some and down for others.
    """
    ours, *theirs = sequence(seed).spawn(1 + len(particles))
    random = np.random.default_rng(ours)
    share, extra = divmod(n, len(particles))
    counts = np.full(len(particles), share)
    counts[random.permutation(len(particles))[:extra]] += 1
    ready = simulator(law)
    used = ((theta, k, own) for theta, k, own in zip(particles, counts.tolist(), theirs, strict=True) if k)
    parts = [ready.draw(theta, k, own) for theta, k, own in used]
    return random.permutation(np.concatenate(parts)) if parts else np.empty(0)


def replicates(law: Law, particles: Floats, m: int, seed: int) -> Floats:
    """A data set of `m` draws for each particle, (n, m)."""
    ready, seeds = simulator(law), sequence(seed).spawn(len(particles))
    return np.stack([ready.draw(theta, m, own) for theta, own in zip(particles, seeds, strict=True)])


def curve(law: Law, particles: Floats, function: str, at: ArrayLike) -> Curve:
    """A function of the law at each particle. `Posterior.predictive_curve` explains the arguments."""
    check_function(function, (*FUNCTIONS, "ppf"))
    points = np.atleast_1d(_check.doubles("at", at))
    if points.ndim != 1:
        raise ValueError(f"at has shape {points.shape}, but one dimension is needed")
    if function == "ppf":
        _check.first("at", points, (points >= 0) & (points <= 1), "a probability, from 0 to 1")
        return Curve(function, points, np.stack([law_quantiles(law, theta, points) for theta in particles]))
    (_check.counts if law.discrete else _check.times)("at", points)
    return Curve(function, points, values(law, particles, function, points))


def check_function(function: str, known: tuple[str, ...]) -> None:
    """Raise ValueError unless a function of a law is one of those that are known."""
    if function not in known:
        raise ValueError(f"function must be one of {', '.join(known)}, got {function!r}")


def values(law: Law, particles: Floats, function: str, at: Floats) -> Floats:
    """A function of the law at each particle, (n, m), without a look at the arguments."""
    dtype = float_type()
    found = curves(law, jnp.asarray(particles, dtype), jnp.asarray(at, dtype), name=function)
    return np.asarray(found, np.float64)


def sequence(seed: int) -> np.random.SeedSequence:
    """Where randomness comes from; TypeError or ValueError if `seed` is no whole number of at least 0."""
    chosen = _check.position("seed", seed)
    if chosen < 0:
        raise ValueError(f"seed is {seed}: it must be at least 0")
    return np.random.SeedSequence(chosen)
