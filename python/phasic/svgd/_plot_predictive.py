"""The picture of a fitted law and its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic.svgd._law import FUNCTIONS
from phasic.svgd._plot_data import distribution_of
from phasic.svgd._pointwise import Seen, seen_by_kind
from phasic.svgd._predictive import Curve, check_function, curve, law_of_kind, values
from phasic.svgd._predictive_check import split_conditions
from phasic.svgd._rewarded import RewardedModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from phasic.svgd._target import Target

_POINTS = 200
_BEYOND = 1.15  # times the largest observation


def draw(
    panel: Axes,
    target: Target,
    particles: NDArray[np.float64],
    at: ArrayLike | None,
    function: str,
    probability: float,
    kind: int | None,
) -> None:
    """Draw into `panel`; `Posterior.plot_predictive` explains the arguments."""
    chosen, law = law_of_kind(target.model, kind, "plot_predictive")
    rows, condition = split_conditions(list(seen_by_kind(target))[chosen])
    check_function(function, FUNCTIONS)
    found = curve(law, particles, function, _points(rows) if at is None else at)
    if condition is not None:
        found = _conditional(found, values(law, particles, "cdf", np.maximum(condition, 0.0)))
    steps = law.discrete and function != "pdf"
    low, high = found.interval(probability)
    panel.fill_between(
        found.at,
        low,
        high,
        step="post" if steps else None,
        color="C0",
        alpha=0.25,
        label=f"{probability:.0%} of the particles",
    )
    style = "steps-post" if steps else "default"
    panel.plot(found.at, found.mean, color="C0", drawstyle=style, label="predictive")
    if function == "pdf":
        _draw_histogram(panel, rows)
    else:
        _draw_steps(panel, rows, np.inf if condition is None else condition[1], function)
    in_time = "count" if law.discrete else "time"
    panel.set_xlabel("reward" if isinstance(target.model, RewardedModel) else in_time)
    panel.set_ylabel("probability" if law.discrete and function == "pdf" else function)
    panel.legend(loc="best")


def _points(rows: Seen) -> NDArray[np.float64]:
    ends = np.concatenate([rows.lower, rows.upper])
    last = _BEYOND * max(float(ends[np.isfinite(ends)].max()), 1.0 if rows.model.discrete else 0.0)
    return np.arange(np.ceil(last) + 1.0) if rows.model.discrete else np.linspace(0.0, last, _POINTS)


def _conditional(found: Curve, ends: NDArray[np.float64]) -> Curve:
    """The curve under the condition that an observation lies between limits, whose cdf is `ends` (n, 2)."""
    low, high = ends.T[:, :, None]
    if found.function == "pdf":
        return Curve(found.function, found.at, found.values / (high - low))
    cdf = found.values if found.function == "cdf" else 1.0 - found.values
    share = (np.clip(cdf, low, high) - low) / (high - low)
    return Curve(found.function, found.at, share if found.function == "cdf" else 1.0 - share)


def _draw_steps(panel: Axes, rows: Seen, end: float, function: str) -> None:
    steps = distribution_of(rows, end)
    at = np.concatenate([[0.0], steps.at])
    low, high = (np.concatenate([[0.0], each]) for each in (steps.low, steps.high))
    if function == "sf":
        low, high = 1.0 - high, 1.0 - low
    if np.array_equal(low, high):
        panel.step(at, low, where="post", color="black", linewidth=1.0, label="data")
    else:
        panel.fill_between(
            at, low, high, step="post", color="black", alpha=0.25, label="data, between bounds"
        )


def _draw_histogram(panel: Axes, rows: Seen) -> None:
    if not np.array_equal(rows.lower, rows.upper):
        raise ValueError('censored data have no histogram: use function="cdf" or function="sf"')
    if rows.model.discrete:
        share = rows.count / rows.count.sum()
        panel.bar(rows.lower, share, width=0.8, color="black", alpha=0.25, label="data")
        return
    spread = np.repeat(rows.lower, np.maximum(1, np.rint(rows.count).astype(int)))
    edges = np.histogram_bin_edges(spread, bins="auto")
    panel.hist(
        rows.lower,
        bins=edges.tolist(),
        weights=rows.count,
        density=True,
        color="black",
        alpha=0.25,
        label="data",
    )
