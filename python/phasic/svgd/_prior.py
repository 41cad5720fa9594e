"""Prior distributions: densities of theta itself. The change of variables to z is the transform's alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, TypeVar, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import betaln, gammaln
from numpy.typing import ArrayLike

from phasic.svgd._intervals import beta_numbers, gamma_numbers, read_interval
from phasic.svgd._normal import normal_quantile

_LOG_2PI = math.log(2.0 * math.pi)
_T = TypeVar("_T")
_ANY_SIGN = {"positive": False}


@runtime_checkable
class Distribution(Protocol):
    """What a prior for one parameter (or, with array-valued numbers, for several) offers."""

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`, same shape; -inf outside the support."""

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws, an array of `shape`."""

    def quantile(self, q: Any) -> Any:
        """Quantiles at the probabilities `q`, same shape, computed by NumPy."""

    @property
    def support(self) -> tuple[Any, Any]:
        """Ends of the support."""


def register_prior(cls: type[_T]) -> type[_T]:
    """Make a frozen dataclass a pytree whose numbers are leaves; rebuilding one skips the argument checks."""
    names = [f.name for f in fields(cls)]  # type: ignore[arg-type]

    def flatten(prior: _T) -> tuple[tuple[Any, ...], None]:
        return tuple(getattr(prior, name) for name in names), None

    def unflatten(_: None, leaves: tuple[Any, ...]) -> _T:
        prior = object.__new__(cls)
        for name, leaf in zip(names, leaves, strict=True):
            object.__setattr__(prior, name, leaf)
        return prior

    jax.tree_util.register_pytree_node(cls, flatten, unflatten)
    return cls


@dataclass(frozen=True)
class _Numbers:
    """Numbers (or `(d,)` arrays) that define a distribution, checked on construction."""

    def __post_init__(self) -> None:
        for f in fields(self):
            value = np.asarray(getattr(self, f.name), dtype=np.float64)
            positive = f.metadata.get("positive", True)
            if not np.all(np.isfinite(value) & (value > (0.0 if positive else -np.inf))):
                need = "positive and finite" if positive else "finite"
                given = getattr(self, f.name)
                raise ValueError(f"{type(self).__name__}: {f.name} must be {need}, got {given!r}")
            object.__setattr__(self, f.name, float(value) if value.ndim == 0 else value)


def _where(inside: Any, density: Any) -> Any:
    return jnp.where(inside, density, -jnp.inf)


@register_prior
@dataclass(frozen=True)
class LogNormal(_Numbers):
    """log(theta) is normal with mean `mu` and standard deviation `sigma`."""

    mu: Any = field(metadata=_ANY_SIGN)
    sigma: Any

    @classmethod
    def from_interval(cls, low: ArrayLike, high: ArrayLike, probability: float = 0.95) -> LogNormal:
        """The log-normal with `probability` between `low` and `high` and equal tails outside.

        Raises ValueError unless 0 < low < high and 0 < probability < 1.
        """
        a, b, tail = read_interval(low, high, probability, 0.0)
        z = float(normal_quantile(1.0 - tail))
        return cls(mu=0.5 * (np.log(a) + np.log(b)), sigma=(np.log(b) - np.log(a)) / (2.0 * z))

    support = (0.0, math.inf)

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`."""
        inside = theta > 0
        log = jnp.log(jnp.where(inside, theta, 1.0))
        constant = jnp.log(self.sigma) + 0.5 * _LOG_2PI
        return _where(inside, -0.5 * ((log - self.mu) / self.sigma) ** 2 - log - constant)

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws."""
        return jnp.exp(self.mu + self.sigma * jax.random.normal(key, shape))

    def quantile(self, q: Any) -> Any:
        """Quantiles at `q`."""
        return np.exp(self.mu + self.sigma * normal_quantile(q))


@register_prior
@dataclass(frozen=True)
class Gamma(_Numbers):
    """Density proportional to theta^(shape - 1) exp(-rate theta); mean shape / rate."""

    shape: Any
    rate: Any

    @classmethod
    def from_interval(cls, low: ArrayLike, high: ArrayLike, probability: float = 0.95) -> Gamma:
        """The Gamma distribution with `probability` between `low` and `high` and equal tails outside.

        Raises ValueError unless 0 < low < high and 0 < probability < 1.
        """
        return cls(*gamma_numbers(*read_interval(low, high, probability, 0.0)))

    support = (0.0, math.inf)

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`."""
        inside = theta > 0
        safe = jnp.where(inside, theta, 1.0)
        constant = self.shape * jnp.log(self.rate) - gammaln(self.shape)
        return _where(inside, (self.shape - 1.0) * jnp.log(safe) - self.rate * safe + constant)

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws."""
        return jax.random.gamma(key, jnp.asarray(self.shape, dtype=float), shape) / self.rate

    def quantile(self, q: Any) -> Any:
        """Quantiles at `q`."""
        from scipy import special  # costs what a fifth of JAX does: only for those who ask

        return special.gammaincinv(self.shape, q) / self.rate


@register_prior
@dataclass(frozen=True)
class HalfCauchy(_Numbers):
    """Density 2 / (pi scale (1 + (theta / scale)^2)) for theta > 0; its median is `scale`, it has no mean."""

    scale: Any

    support = (0.0, math.inf)

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`."""
        constant = math.log(2.0 / math.pi) - jnp.log(self.scale)
        return _where(theta > 0, constant - jnp.log1p((theta / self.scale) ** 2))

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws."""
        return self.scale * jnp.abs(jax.random.cauchy(key, shape))

    def quantile(self, q: Any) -> Any:
        """Quantiles at `q`."""
        return self.scale * np.tan(0.5 * math.pi * np.asarray(q))


@register_prior
@dataclass(frozen=True)
class Normal(_Numbers):
    """Normal with the given `mean` and `sd`; cut off at 0 where parameters are positive."""

    mean: Any = field(metadata=_ANY_SIGN)
    sd: Any

    @classmethod
    def from_interval(cls, low: ArrayLike, high: ArrayLike, probability: float = 0.95) -> Normal:
        """The normal distribution with `probability` between `low` and `high` and equal tails outside.

        Raises ValueError unless low < high and 0 < probability < 1.
        """
        a, b, tail = read_interval(low, high, probability)
        return cls(mean=0.5 * (a + b), sd=(b - a) / (2.0 * float(normal_quantile(1.0 - tail))))

    support = (-math.inf, math.inf)

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`."""
        return -0.5 * ((theta - self.mean) / self.sd) ** 2 - jnp.log(self.sd) - 0.5 * _LOG_2PI

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws."""
        return self.mean + self.sd * jax.random.normal(key, shape)

    def quantile(self, q: Any) -> Any:
        """Quantiles at `q`."""
        return self.mean + self.sd * normal_quantile(q)


@register_prior
@dataclass(frozen=True)
class Uniform(_Numbers):
    """Constant density between `low` and `high`."""

    low: Any = field(metadata=_ANY_SIGN)
    high: Any = field(metadata=_ANY_SIGN)

    def __post_init__(self) -> None:
        """Check that low < high."""
        super().__post_init__()
        if not np.all(np.asarray(self.low) < np.asarray(self.high)):
            raise ValueError(f"Uniform: low must be below high, got low={self.low!r}, high={self.high!r}")

    @property
    def support(self) -> tuple[Any, Any]:
        """`(low, high)`."""
        return self.low, self.high

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`."""
        inside = (theta >= self.low) & (theta <= self.high)
        return _where(inside, -jnp.log(self.high - self.low))

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws."""
        return self.low + (self.high - self.low) * jax.random.uniform(key, shape)

    def quantile(self, q: Any) -> Any:
        """Quantiles at `q`."""
        return self.low + (self.high - self.low) * np.asarray(q)


@register_prior
@dataclass(frozen=True)
class Beta(_Numbers):
    """Density proportional to theta^(a - 1) (1 - theta)^(b - 1) on (0, 1)."""

    a: Any
    b: Any

    @classmethod
    def from_interval(cls, low: ArrayLike, high: ArrayLike, probability: float = 0.95) -> Beta:
        """The Beta distribution with `probability` between `low` and `high` and equal tails outside.

        Raises ValueError unless 0 < low < high < 1 and 0 < probability < 1.
        """
        return cls(*beta_numbers(*read_interval(low, high, probability, 0.0, 1.0)))

    support = (0.0, 1.0)

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`."""
        inside = (theta > 0) & (theta < 1)
        safe = jnp.where(inside, theta, 0.5)
        density = (self.a - 1.0) * jnp.log(safe) + (self.b - 1.0) * jnp.log1p(-safe) - betaln(self.a, self.b)
        return _where(inside, density)

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws."""
        return jax.random.beta(key, jnp.asarray(self.a, dtype=float), self.b, shape)

    def quantile(self, q: Any) -> Any:
        """Quantiles at `q`."""
        from scipy import special

        return special.betaincinv(self.a, self.b, q)
