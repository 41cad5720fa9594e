"""Whether the data look like data of the fitted model: probability integral transforms, tested."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, eval_legendre, kolmogorov

from phasic.svgd._law import Law
from phasic.svgd._pointwise import Seen
from phasic.svgd._predictive import sequence, values

Floats = NDArray[np.float64]

_LEVEL = 0.01
_LARGEST_P = 0.99
#: Share of the particles whose p-values count as the highest among them.
_LOWEST = 0.25
_ORDERS = (1, 2, 3, 4)


@dataclass(frozen=True, eq=False)
class PredictiveCheck:
    """How well the data agree with what the posterior predicts.

    Attributes:
        statistic: Kolmogorov and Smirnov's distance, the largest gap between the distribution functions of
            data and model; the median over the particles.
        p_value: Small if the data contradict the model; below x at most in a share of x of right models.
        reason: The same in a sentence.
        pit: (n,) in ascending order: how far up the predictive distribution each observation lies, 0 to 1;
            uniform if the model is right. At random between its bounds for a count or a censored one.

    Example:
        >>> jax.config.update("jax_enable_x64", True)
        >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
        >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
        >>> found = posterior.predictive_check()  # exponential times are not all one
        >>> found.p_value < 1e-6, found.pit.shape
        (True, (98,))
    """

    statistic: float
    p_value: float
    reason: str
    pit: Floats = field(repr=False)

    @property
    def passed(self) -> bool:
        """Whether the p-value is at least 0.01.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> posterior.predictive_check().passed
            False
        """
        return self.p_value >= _LEVEL

    def __str__(self) -> str:
        return self.reason


def check(seen: Seen, particles: Floats, seed: int) -> PredictiveCheck:
    """Test data of one kind, whose model is a `Law`, against the particles.

    At theta drawn from the posterior, the distribution function maps data of a right model to independent
    uniform numbers, since (theta, data) then have the law of the theta that made the data, and these data
    (Johnson 2007, Bayesian Analysis 2, 719–733; Gosselin 2011). So each particle gives valid p-values, unlike
    the mean over them, which has seen the data twice and is conservative. There are two of them: that of
    Kolmogorov and Smirnov sees any difference, and Neyman's smooth test (1937) of order 4 sees a wrong spread
    or skewness in half as many data. They depend on each other, and the Cauchy combination (Liu & Xie 2020,
    JASA 115, 393–402) joins them all. Those above 0.99 count as 0.99, lest one of them outweighs the rest,
    and those of the lowest quarter of the particles as the highest among them: a right model has all small
    p-values together, and a few particles that are no draws of the posterior must not decide. Where counts
    and censored observations lie between their bounds is drawn for each particle anew, so that no single draw
    decides either.
    """
    rows, condition = split_conditions(seen)
    repeats = whole_counts(rows.count)
    lower, upper = _bounds(rows, condition, particles)
    random = np.random.default_rng(sequence(seed))
    share = random.random(int(repeats.sum()))
    distances, p_values = np.empty(len(particles)), np.empty((len(particles), 2))
    mean = np.zeros(len(share))
    for i, (low, high) in enumerate(zip(lower, upper, strict=True)):
        start = np.repeat(low, repeats)
        width = np.repeat(high, repeats) - start
        mean += (start + share * width) / len(particles)
        pit = start + random.random(len(share)) * width
        distances[i] = _distance(np.sort(pit))
        p_values[i] = _of_distance(distances[i], len(pit)), _of_moments(pit)
    p_value = _combined(np.maximum(p_values, np.quantile(p_values, _LOWEST, axis=0)))
    statistic = float(np.median(distances))
    reason = _reason(statistic, p_value, mean, rows, repeats)
    return PredictiveCheck(statistic, p_value, reason, np.sort(mean))


def split_conditions(seen: Seen) -> tuple[Seen, tuple[float, float] | None]:
    """Observations without the rows that say under which condition they could be seen, and that condition.

    Raises:
        ValueError: There are several conditions, and it is not known which observation has which.
    """
    condition = seen.count < 0
    if not condition.any():
        return seen, None
    rows = Seen(
        seen.model, seen.lower[~condition], seen.upper[~condition], seen.count[~condition], seen.censored
    )
    limits = (float(seen.lower[condition][0]), float(seen.upper[condition][0]))
    if condition.sum() > 1 or not np.isclose(-seen.count[condition][0], rows.count.sum()):
        raise ValueError(
            "observations are truncated in several ways, and the fit does not keep which is of which: this "
            "needs data that are all truncated at the same limits, or none"
        )
    return rows, limits


def whole_counts(count: Floats) -> NDArray[np.int64]:
    """How often each observation was seen, as integers; ValueError if a weight is no whole number."""
    repeats = np.rint(count)
    if not np.allclose(repeats, count, rtol=1e-6, atol=0.0):
        i = int(np.argmax(np.abs(repeats - count)))
        raise ValueError(f"an observation has weight {count[i]:g}: whole numbers are needed, of times seen")
    return repeats.astype(np.int64)


def _bounds(rows: Seen, condition: tuple[float, float] | None, particles: Floats) -> tuple[Floats, Floats]:
    """What the distribution functions of all particles say below and up to each observation, (n, m) each."""
    law: Law = rows.model
    exact = rows.lower == rows.upper
    below = np.where(exact, rows.lower - 1.0, rows.lower) if law.discrete else rows.lower
    upper = _cdf(law, particles, rows.upper)
    lower = upper if np.array_equal(below, rows.upper) else _cdf(law, particles, below)
    if condition is None:
        return lower, upper
    low, high = _cdf(law, particles, np.array(condition)).T[:, :, None]

    def conditional(cdf: Floats) -> Floats:
        return np.asarray((np.clip(cdf, low, high) - low) / (high - low))

    return conditional(lower), conditional(upper)


def _cdf(law: Law, particles: Floats, at: Floats) -> Floats:
    """Distribution functions (n, m) at points that may be negative or infinite."""
    inside = np.isfinite(at) & (at >= 0)
    table = np.broadcast_to(np.where(at > 0, 1.0, 0.0), (len(particles), len(at))).copy()
    if inside.any():
        table[:, inside] = values(law, particles, "cdf", at[inside])
    bounded: Floats = np.clip(table, 0.0, 1.0)
    return bounded


def _distance(ascending: Floats) -> float:
    """Kolmogorov and Smirnov's distance of numbers in ascending order from the uniform law."""
    n = len(ascending)
    steps = np.arange(n + 1) / n
    return float(max((steps[1:] - ascending).max(), (ascending - steps[:-1]).max()))


def _of_distance(distance: float, n: int) -> float:
    """P-value of a distance among n numbers: the limiting law with the correction of Stephens 1970 for n."""
    root = np.sqrt(n)
    return float(kolmogorov((root + 0.12 + 0.11 / root) * distance))


def _of_moments(pit: Floats) -> float:
    """P-value of Neyman's smooth test: sums of orthonormal polynomials, squared, are nearly χ²."""
    sums = [np.sqrt((2 * k + 1) / len(pit)) * eval_legendre(k, 2.0 * pit - 1.0).sum() for k in _ORDERS]
    return float(chdtrc(len(_ORDERS), np.sum(np.square(sums))))


def _combined(p_values: Floats) -> float:
    """Tail of the Cauchy law at the mean of the p-values' Cauchy scores."""
    score = np.mean(1.0 / np.tan(np.pi * np.clip(p_values, 1e-300, _LARGEST_P)))
    return float(0.5 - np.arctan(score) / np.pi) if score < 1e8 else float(1.0 / (np.pi * score))


def _reason(statistic: float, p_value: float, pit: Floats, rows: Seen, repeats: NDArray[np.int64]) -> str:
    n = len(pit)
    numbers = f"largest gap {statistic:.3g} over {n} observations, p = {p_value:.2g}"
    if p_value >= _LEVEL:
        return f"no misfit found: {numbers}"
    order = np.argsort(pit)
    ascending, steps = pit[order], np.arange(n + 1) / n
    above, below = steps[1:] - ascending, ascending - steps[:-1]
    i = int(np.argmax(np.maximum(above, below)))
    data = steps[i + 1] if above[i] > below[i] else steps[i]
    at = float(np.repeat(np.where(np.isfinite(rows.upper), rows.upper, rows.lower), repeats)[order][i])
    return (
        f"the model does not fit: {numbers}; up to about {at:.3g} lie {data:.0%} of the data, and "
        f"{ascending[i]:.0%} of what the posterior predicts"
    )
