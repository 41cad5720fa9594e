"""Models in pure JAX with known posteriors, each a pytree with `log_likelihood(theta, values, weights)`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

TRACES = {"count": 0}


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Erlang:
    """Erlang with `stages` stages of one unknown rate; with a Gamma prior the posterior is a Gamma.

    `key` is a leaf the answer depends on (a power of time), as the content hash of a real model is.
    """

    stages: int = field(default=1, metadata={"static": True})
    key: Any = field(default_factory=lambda: np.float64(1.0))

    @property
    def n_parameters(self) -> int:
        return 1

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        TRACES["count"] += 1
        values = values * self.key
        k = self.stages
        powers = (k - 1) * jnp.where(values > 0, jnp.log(jnp.where(values > 0, values, 1.0)), 0.0)
        return jnp.sum(weights * (k * jnp.log(theta[0]) + powers - theta[0] * values))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Rates:
    """Independent exponential samples, one rate each, known by their counts (d,) and sums (d,)."""

    counts: Any
    sums: Any

    @property
    def n_parameters(self) -> int:
        return int(np.size(self.counts))

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        return jnp.sum(self.counts * jnp.log(theta) - self.sums * theta)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Gauss:
    """A normal likelihood of theta itself with mean (d,) and precision (d, d)."""

    centre: Any
    precision: Any

    @property
    def n_parameters(self) -> int:
        return int(np.size(self.centre))

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        gap = theta - self.centre
        return -0.5 * gap @ self.precision @ gap


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Hypoexponential:
    """Sum of two exponentials with rates theta[0] and theta[1], stable where they coincide."""

    @property
    def n_parameters(self) -> int:
        return 2

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        return jnp.sum(weights * log_hypoexponential(theta[0], theta[1], values, jnp))


def log_hypoexponential(a: Any, b: Any, t: Any, xp: Any) -> Any:
    """Log of a b (exp(-b t) - exp(-a t)) / (a - b), as a b t exp(-b t) (1 - exp(-u)) / u, u = (a - b) t."""
    u = (a - b) * t
    small = xp.abs(u) < 1e-4
    safe = xp.where(small, 1.0, u)
    ratio = xp.where(small, 1.0 - u / 2.0 + u * u / 6.0, -xp.expm1(-safe) / safe)
    return xp.log(a) + xp.log(b) - b * t + xp.log(t) + xp.log(ratio)
