"""Warnings that point at the line of the user who caused them."""

from __future__ import annotations

import sys
import warnings


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the innermost line outside of phasic."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("phasic."):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level)
