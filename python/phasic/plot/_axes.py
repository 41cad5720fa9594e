"""Axes of matplotlib to draw into, without any state of `matplotlib.pyplot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from phasic._optional import absent

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def axes(given: Any, shape: tuple[int, ...], size: tuple[float, float], **options: Any) -> Any:
    """The user's Axes as an array of `shape`, or those of a new Figure of `size` in inches.

    Raises:
        ImportError: matplotlib is not there.
        ValueError: What is given is not such an array.
    """
    try:
        from matplotlib.axes import Axes
        from matplotlib.figure import Figure
    except ImportError as error:
        raise absent("a plot", "matplotlib") from error
    if given is None:
        made = Figure(figsize=size, layout="constrained")
        rows, columns = (*shape, 1, 1)[:2]
        return np.reshape(np.asarray(made.subplots(rows, columns, **options), dtype=object), shape)
    own = np.asarray(given, dtype=object)
    if own.shape != shape or not all(isinstance(each, Axes) for each in own.flat):
        wanted = f"an array of shape {shape} of matplotlib Axes" if shape else "a matplotlib Axes"
        raise ValueError(f"ax must be {wanted}, got {given!r}")
    return own


def figure(drawn: Any) -> Figure:
    """The Figure that Axes belong to."""
    found: Figure = np.asarray(drawn, dtype=object).flat[0].get_figure(root=True)
    return found
