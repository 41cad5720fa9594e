"""The same vertices and edges with other weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from phasic import _core
from phasic._check import Doubles, number, theta_vector

#: `(theta, coefficients) -> weight`.
WeightRule = Callable[[Doubles, Doubles], float]


def product_rule(theta: ArrayLike, n_parameters: int) -> WeightRule:
    """The product of all `coefficients * theta`, for a theta of the right length."""
    theta_vector(theta, n_parameters)
    return lambda theta, coefficients: float(np.prod(coefficients * theta))


def weighted(builder: _core.GraphBuilder, theta: Doubles, rule: WeightRule) -> _core.GraphBuilder:
    """Constant weights by a rule.

    Raises:
        ValueError: No edge has coefficients, or a weight is negative or not finite.
    """
    if not builder.n_parameters:
        raise ValueError("no edge has coefficients of theta: all weights are constant")

    def weight(base: float, row: list[float]) -> tuple[float, None]:
        return base + (number("weight", rule(theta, np.array(row))) if row else 0.0), None

    return reweighted(builder, weight)


def widened(builder: _core.GraphBuilder, n_parameters: int) -> _core.GraphBuilder:
    """More parameters, on which no edge depends yet."""
    zeros = [0.0] * (n_parameters - builder.n_parameters)
    return reweighted(builder, lambda base, row: (base, np.array(row + zeros) if row else None))


def reweighted(
    builder: _core.GraphBuilder, weight: Callable[[float, list[float]], tuple[float, Doubles | None]]
) -> _core.GraphBuilder:
    """Weights that are a function of the old ones: of base and coefficients, base and coefficients."""
    built = _core.GraphBuilder(builder.state_length)
    for vertex in range(1, builder.n_vertices):
        built.find_or_create(builder.state(vertex), auxiliary=builder.is_auxiliary(vertex))
    for source in range(builder.n_vertices):
        for target, base, row in builder.edges(source):
            built.add_edge(source, target, *weight(base, row))
    built.normalized = builder.normalized
    return built
