"""Weights of edges as text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def number(value: float) -> str:
    """Four significant digits."""
    return f"{value:.4g}"


def formula(base: float, coefficients: Sequence[float], names: Sequence[str]) -> str:
    """`base + coefficients · theta`, such as "1 + 2·θ[0]"; terms that are 0 are left out, unless all are."""
    terms = [number(base)] if base else []
    for coefficient, name in zip(coefficients, names, strict=True):
        if coefficient:
            size = abs(coefficient)
            term = name if size == 1 else f"{number(size)}·{name}"
            sign = "−" if coefficient < 0 else "+"
            terms.append(f" {sign} {term}" if terms else f"{'−' if coefficient < 0 else ''}{term}")
    return "".join(terms) or "0"


def value(base: float, coefficients: Sequence[float], theta: np.ndarray) -> str:
    """The weight at theta."""
    return number(base + float(np.dot(coefficients, theta)) if len(coefficients) else base)
