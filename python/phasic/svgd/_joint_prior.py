"""One prior density for the whole parameter vector, whatever form the user gave it in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from phasic.svgd._prior import Distribution

NO_PRIOR = (
    "prior is required: a prior in the units of your parameters, for example "
    "prior=phasic.svgd.LogNormal.from_interval(low, high) with the range you find plausible"
)


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


JointPrior = Independent | FunctionPrior


def prior_length(prior: Any) -> int | None:
    """How many parameters `prior` speaks of, or None if it fits any number."""
    if isinstance(prior, Sequence) and not isinstance(prior, str):
        return len(prior)
    if isinstance(prior, Distribution):
        sizes = {np.size(leaf) for leaf in jax.tree_util.tree_leaves(prior) if np.ndim(leaf) == 1}
        return sizes.pop() if len(sizes) == 1 else None
    return None


def joint_prior(prior: Any, dim: int) -> JointPrior:
    """Read a user's `prior` for `dim` parameters.

    It may be one distribution (for every parameter), a sequence with one distribution each, or a function
    `theta -> log density`, where theta (d,) is on the scale the model sees. Raises ValueError for a
    sequence of another length, TypeError for anything else.
    """
    if prior is None:
        raise ValueError(NO_PRIOR)
    length = prior_length(prior)
    if length is not None and length != dim:
        raise ValueError(f"prior has {length} entries, the model has {dim} parameters")
    if isinstance(prior, Distribution) and not jax.tree_util.all_leaves([prior]):
        return Independent((_as_arrays(prior),), dim)
    if isinstance(prior, Sequence) and not isinstance(prior, str):
        for i, part in enumerate(prior):
            if not isinstance(part, Distribution) or jax.tree_util.all_leaves([part]):
                raise TypeError(f"prior[{i}] is {part!r}, not one of the distributions of phasic.svgd")
        return Independent(tuple(_as_arrays(part) for part in prior), dim)
    if callable(prior):
        return FunctionPrior(prior, dim)
    raise TypeError(f"prior must be a distribution, a sequence of them or a function, got {prior!r}")


def _as_arrays(prior: Distribution) -> Distribution:
    """Numbers as float64 arrays, so that equal shapes always mean equal programs."""
    converted: Distribution = jax.tree_util.tree_map(lambda leaf: np.asarray(leaf, dtype=np.float64), prior)
    return converted
