"""Distributions of NumPyro as priors. NumPyro is not imported here: who has its objects has it already."""

from __future__ import annotations

import sys
import zlib
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from phasic.svgd._dirichlet import Dirichlet
from phasic.svgd._prior import Beta, Gamma, HalfCauchy, LogNormal, Normal, Uniform

#: Distributions that have one of our own, and their numbers in its order.
_OWN: dict[str, tuple[Any, tuple[str, ...]]] = {
    "Beta": (Beta, ("concentration1", "concentration0")),
    "Dirichlet": (Dirichlet, ("concentration",)),
    "Gamma": (Gamma, ("concentration", "rate")),
    "HalfCauchy": (HalfCauchy, ("scale",)),
    "LogNormal": (LogNormal, ("loc", "scale")),
    "Normal": (Normal, ("loc", "scale")),
    "Uniform": (Uniform, ("low", "high")),
}
_GROUPS = {"simplex": "simplex", "positive_ordered_vector": "ordered"}


def is_numpyro(given: Any) -> bool:
    """Whether `given` is a `numpyro.distributions.Distribution`."""
    module = sys.modules.get("numpyro.distributions")
    return module is not None and isinstance(given, module.Distribution)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class NumpyroPrior:
    """A distribution of NumPyro as prior of one parameter, of several alike, or of a vector of `size`.

    `group` is the map that its support needs, "simplex" or "ordered", or None. The distribution's numbers are
    leaves, so that others run the same program.
    """

    distribution: Any
    size: int | None = field(metadata={"static": True})
    group: str | None = field(metadata={"static": True})

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`, or at each vector on its last axis."""
        return self.distribution.log_prob(theta)

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws."""
        return self.distribution.sample(key, shape)

    def quantile(self, q: Any) -> Any:
        """Quantiles at `q`; draws, from a seed that `q` gives, where the distribution offers no quantiles."""
        at = np.asarray(q, dtype=np.float64)
        if self.size is None:
            try:
                return np.asarray(self.distribution.icdf(jnp.asarray(at)), dtype=np.float64)
            except (NotImplementedError, ImportError):  # some quantiles need a further package
                pass
        key = jax.random.key(zlib.crc32(at.tobytes()))
        inner = len(self.distribution.batch_shape) + (self.size is not None)
        draws = self.distribution.sample(key, at.shape[: at.ndim - inner])
        return np.asarray(draws, dtype=np.float64)

    @property
    def support(self) -> tuple[Any, Any]:
        """Ends of the support of each entry."""
        constraint = self.distribution.support
        base = getattr(constraint, "base_constraint", constraint)
        ends = []
        for name, none in (("lower_bound", -np.inf), ("upper_bound", np.inf)):
            end = getattr(base, name, None)
            ends.append(none if end is None else np.asarray(end, dtype=np.float64))
        return ends[0], ends[1]


def read_numpyro(distribution: Any) -> Any:
    """The prior that `distribution` is: one of our own if there is one, or a `NumpyroPrior`.

    Our own have quantiles without a further package.

    Raises:
        ValueError: Its values are whole numbers, matrices, or of a support without a transform.
    """
    module = sys.modules["numpyro.distributions"]
    constraints, name = module.constraints, type(distribution).__name__
    support = distribution.support
    if support.is_discrete:
        raise ValueError(f"prior numpyro.distributions.{name} is of whole numbers; parameters are not")
    shape = distribution.event_shape
    if len(shape) > 1 or (shape and distribution.batch_shape):
        raise ValueError(
            f"prior numpyro.distributions.{name} has batch shape {distribution.batch_shape} and event shape "
            f"{shape}: give distributions of single parameters or of one vector"
        )
    if name in _OWN and type(distribution) is getattr(module, name):
        own, numbers = _OWN[name]
        return own(*(np.asarray(getattr(distribution, each), dtype=np.float64) for each in numbers))
    base = getattr(support, "base_constraint", support)
    group = next((_GROUPS[each] for each in _GROUPS if support is getattr(constraints, each)), None)
    plain = base is constraints.real or hasattr(base, "lower_bound")
    if group is None and not plain:
        raise ValueError(f"prior numpyro.distributions.{name} has support {support}, which has no transform")
    arrays = jax.tree_util.tree_map(lambda leaf: np.asarray(leaf, dtype=np.float64), distribution)
    return NumpyroPrior(arrays, shape[0] if shape else None, group)
