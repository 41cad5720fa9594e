"""Distribution functions by matplotlib: lines in time, stems and steps for counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from phasic.plot._refine import refined

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from phasic._distribution import Distribution
    from phasic._epoch_quantiles import EpochQuantiles

Doubles = NDArray[np.float64]

#: What is left of what did not start absorbed, where a plot ends.
_LEFT = 0.005
_MOST_COUNTS = 1_000
_NAMES = {"pdf": "density", "cdf": "probability of being absorbed", "sf": "probability of not being absorbed"}


def draw(
    panel: Axes,
    graph: Distribution,
    curve: str,
    at: Doubles | None,
    discrete: bool,
    line: dict[str, Any],
) -> None:
    """Draw "pdf", "cdf" or "sf" of a graph into Axes, at given or at fitting points."""
    if discrete:
        _counts(panel, graph, curve, at, line)
        _finish(panel, line)
    else:
        draw_times(panel, graph, curve, at, line, unit="reward" if graph._in_rewards else "time")


def points(at: Doubles) -> Doubles:
    """Where to draw, as a user gives it, checked."""
    if at.ndim != 1 or not at.size:
        raise ValueError(f"at has shape {at.shape}, but one dimension with a value is needed")
    return at


def draw_times(
    panel: Axes,
    law: Distribution | EpochQuantiles,
    curve: str,
    at: Doubles | None,
    line: dict[str, Any],
    *,
    breaks: Doubles | None = None,
    unit: str = "time",
) -> None:
    """Draw a function of time into Axes, on both sides of times at which it may jump."""
    atom = law.defect()
    function = getattr(law, curve)
    if at is None:
        end = 1.0 if atom >= 1 else law.isf(_LEFT * (1 - atom))
        times, values = refined(function, end, breaks)
    else:
        times = np.sort(at)
        values = function(times)
    (drawn,) = panel.plot(times, values, **line)
    if atom > 0 and times[0] == 0:
        start = 1.0 if curve == "sf" else 0.0
        end = 1.0 - atom if curve == "sf" else atom
        colour = drawn.get_color()
        label = f"atom of {atom:.4g} at 0"
        panel.plot([0.0, 0.0], [start, end], color=colour, linestyle=":" if curve != "pdf" else "-")
        panel.plot([0.0], [end], "o", color=colour, clip_on=False, label=label)
    panel.set_xlabel(unit)
    panel.set_ylabel(_NAMES[curve])
    _finish(panel, line)


def _finish(panel: Axes, line: dict[str, Any]) -> None:
    panel.set_ylim(bottom=0.0)
    if "label" in line or panel.get_legend_handles_labels()[0]:
        panel.legend(loc="best")


def _counts(panel: Axes, graph: Distribution, curve: str, at: Doubles | None, line: dict[str, Any]) -> None:
    if at is None:
        last = int(graph.ppf_discrete(1 - _LEFT * (1 - graph.cdf_discrete(0.0))))
        counts = np.unique(np.round(np.linspace(0.0, max(last, 1), min(max(last, 1) + 1, _MOST_COUNTS))))
    else:
        counts = np.unique(at)
    if curve == "pdf":
        values = graph.pmf_discrete(counts)
        (heads,) = panel.plot(counts, values, **{"marker": "o", "linestyle": "none", **line})
        panel.vlines(counts, 0.0, values, color=heads.get_color(), linewidth=1.0)
    else:
        values = graph.cdf_discrete(counts) if curve == "cdf" else graph.sf_discrete(counts)
        panel.plot(counts, values, **{"drawstyle": "steps-post", "marker": ".", **line})
    panel.set_xlabel("reward" if graph._in_rewards else "steps")
    panel.set_ylabel("probability" if curve == "pdf" else _NAMES[curve])
