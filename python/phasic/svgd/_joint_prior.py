"""One prior density for the whole parameter vector, whatever form the user gave it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from phasic.svgd._prior import Distribution

#: For each parameter of a part, the parameters that have its value: itself, and those tied to it.
Slots = tuple[tuple[int, ...], ...]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Independent:
    """Independent parameters: a tuple with one distribution each, or a single one for all `dim`."""

    parts: tuple[Distribution, ...]
    dim: int = field(metadata={"static": True})

    def log_density(self, theta: Any) -> Any:
        """Joint log density at one vector `theta` (d,): a scalar."""
        if len(self.parts) == 1:
            return jnp.sum(self.parts[0].log_density(theta))
        return jnp.sum(jnp.stack([part.log_density(theta[i]) for i, part in enumerate(self.parts)]))

    def quantile(self, q: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Marginal quantiles at `q` (m, d), by NumPy."""
        if len(self.parts) == 1:
            return np.asarray(self.parts[0].quantile(q), dtype=np.float64)
        return np.stack([np.asarray(part.quantile(q[:, i])) for i, part in enumerate(self.parts)], axis=1)

    @property
    def support(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ends of each parameter's support, `(low, high)`, each `(d,)`."""
        ends = [part.support for part in self.parts]
        low = np.broadcast_to(np.asarray([e[0] for e in ends], dtype=np.float64).ravel(), (self.dim,))
        return low, np.broadcast_to(np.asarray([e[1] for e in ends], dtype=np.float64).ravel(), (self.dim,))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Placed:
    """Independent parts, some of several parameters, where others are fixed, tied or in order.

    A density of the free parameters: fixed ones have none, tied ones one together. Members of an `ordered`
    group are those of their parts, given that they increase; the probability of that, a constant, is left
    out.

    Attributes:
        parts: Distributions of one parameter or of a vector.
        places: Where the parameters of each part are.
        ordered: Groups of parameters that increase.
        dim: Number of all parameters.
    """

    parts: tuple[Any, ...]
    places: tuple[Slots, ...] = field(metadata={"static": True})
    ordered: tuple[tuple[int, ...], ...] = field(metadata={"static": True})
    dim: int = field(metadata={"static": True})

    def log_density(self, theta: Any) -> Any:
        """Joint log density at one vector `theta` (p,): a scalar."""
        densities = []
        for part, slots in zip(self.parts, self.places, strict=True):
            own = np.asarray([copies[0] for copies in slots])
            densities.append(part.log_density(theta[own[0]] if part_size(part) is None else theta[own]))
        return jnp.sum(jnp.stack(densities))

    def quantile(self, q: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Points (m, p) that follow the prior where `q` (m, free) is uniform; fixed parameters are 0."""
        theta, at = np.zeros((len(q), self.dim)), 0
        for part, slots in zip(self.parts, self.places, strict=True):
            if part_size(part) is None:
                drawn, at = np.asarray(part.quantile(q[:, at]))[:, None], at + 1
            else:
                count = len(slots) - (part.group == "simplex")
                drawn, at = np.asarray(part.quantile(q[:, at : at + count])), at + count
            for i, copies in enumerate(slots):
                theta[:, copies] = drawn[:, [i]]
        for group in self.ordered:
            theta[:, group] = np.sort(theta[:, group], axis=1)
        return theta

    @property
    def support(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ends of each parameter's support, `(low, high)`, each (p,); the whole line for fixed ones."""
        ends = np.full((2, self.dim), [[-np.inf], [np.inf]])
        for part, slots in zip(self.parts, self.places, strict=True):
            for i, copies in enumerate(slots):
                for row, end in zip(ends, part.support, strict=True):
                    row[list(copies)] = np.broadcast_to(end, len(slots))[i]
        return ends[0], ends[1]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class FunctionPrior:
    """A Python function `theta (d,) -> log density`, static: what it closes over is fixed at first use."""

    function: Callable[[Any], Any] = field(metadata={"static": True})
    dim: int = field(metadata={"static": True})

    def log_density(self, theta: Any) -> Any:
        """Log density at one vector `theta` (d,): a scalar (a vector result is summed)."""
        return jnp.sum(self.function(theta))

    def quantile(self, q: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Unknown for a function: None."""
        return None

    @property
    def support(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The whole line; positivity comes from the transform."""
        return np.full(self.dim, -np.inf), np.full(self.dim, np.inf)


JointPrior = Independent | Placed | FunctionPrior


def part_size(part: Any) -> int | None:
    """How many parameters a distribution is of: None for one, or for any number alike."""
    size: int | None = getattr(part, "size", None)
    return size
