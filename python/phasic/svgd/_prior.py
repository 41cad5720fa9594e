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
    """Log-normal: log(theta) is normal with mean `mu` and standard deviation `sigma`.

    Its median is exp(`mu`), in the unit of theta.

    Attributes:
        mu: A number, or (d,) for d parameters.
        sigma: The same, positive.

    Raises:
        ValueError: `mu` is not finite, or `sigma` is not positive and finite.

    Example:
        >>> prior = phasic.LogNormal(mu=0.0, sigma=1.0)
        >>> round(float(prior.quantile(0.5)), 12)
        1.0
    """

    mu: Any = field(metadata=_ANY_SIGN)
    sigma: Any

    @classmethod
    def from_interval(cls, low: ArrayLike, high: ArrayLike, probability: float = 0.95) -> LogNormal:
        """The log-normal with `probability` between `low` and `high` and equal tails outside.

        Args:
            low: Lower end, in the unit of theta; a number, or (d,).
            high: Upper end.
            probability: Of theta between the two.

        Returns:
            The distribution. Its median is the geometric mean of the ends.

        Raises:
            ValueError: Unless 0 < low < high and 0 < probability < 1.

        Example:
            >>> prior = phasic.LogNormal.from_interval(0.1, 10.0)
            >>> prior.quantile([0.025, 0.5, 0.975]).round(9).tolist()
            [0.1, 1.0, 10.0]
        """
        a, b, tail = read_interval(low, high, probability, 0.0)
        z = float(normal_quantile(1.0 - tail))
        return cls(mu=0.5 * (np.log(a) + np.log(b)), sigma=(np.log(b) - np.log(a)) / (2.0 * z))

    support = (0.0, math.inf)

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`, same shape; -inf where it is not positive.

        Example:
            >>> prior = phasic.LogNormal(0.0, 1.0)
            >>> round(float(prior.log_density(1.0)), 4)  # -log(2 pi) / 2
            -0.9189
        """
        inside = theta > 0
        log = jnp.log(jnp.where(inside, theta, 1.0))
        constant = jnp.log(self.sigma) + 0.5 * _LOG_2PI
        return _where(inside, -0.5 * ((log - self.mu) / self.sigma) ** 2 - log - constant)

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws.

        Args:
            key: Of `jax.random`; equal keys give equal draws.
            shape: Of the result. With (d,) numbers it must end in d.

        Example:
            >>> draws = phasic.LogNormal(0.0, 0.5).sample(jax.random.key(1), (10_000,))
            >>> bool(abs(jnp.log(draws).std() - 0.5) < 0.05)
            True
        """
        return jnp.exp(self.mu + self.sigma * jax.random.normal(key, shape))

    def quantile(self, q: Any) -> Any:
        """Quantiles at the probabilities `q`, same shape, computed by NumPy.

        Example:
            >>> quantiles = phasic.LogNormal(1.0, 2.0).quantile([0.5, 1.0])
            >>> np.log(quantiles).tolist()
            [1.0, inf]
        """
        return np.exp(self.mu + self.sigma * normal_quantile(q))


@register_prior
@dataclass(frozen=True)
class Gamma(_Numbers):
    """Gamma: density proportional to theta^(`shape` - 1) exp(-`rate` theta); mean `shape` / `rate`.

    The conjugate prior of the rate of exponential times: n of them, of sum s, make it
    Gamma(`shape` + n, `rate` + s).

    Attributes:
        shape: A positive number, or (d,) for d parameters.
        rate: The same, in the unit of 1 / theta.

    Raises:
        ValueError: `shape` or `rate` is not positive and finite.

    Example:
        >>> jax.config.update("jax_enable_x64", True)
        >>> waits = [0.1, 0.2, 0.3, 0.4, 0.8, 1.2]  # 6 of sum 3
        >>> posterior = phasic.models.erlang(1).svgd(waits, prior=phasic.Gamma(shape=2.0, rate=1.0))
        >>> round(float(posterior.mean[0]), 2)  # (2 + 6) / (1 + 3)
        2.0
    """

    shape: Any
    rate: Any

    @classmethod
    def from_interval(cls, low: ArrayLike, high: ArrayLike, probability: float = 0.95) -> Gamma:
        """The Gamma distribution with `probability` between `low` and `high` and equal tails outside.

        Args:
            low: Lower end, in the unit of theta; a number, or (d,).
            high: Upper end.
            probability: Of theta between the two.

        Raises:
            ValueError: Unless 0 < low < high and 0 < probability < 1.

        Example:
            >>> prior = phasic.Gamma.from_interval(1.0, 3.0, probability=0.9)
            >>> prior.quantile([0.05, 0.95]).round(9).tolist()
            [1.0, 3.0]
        """
        return cls(*gamma_numbers(*read_interval(low, high, probability, 0.0)))

    support = (0.0, math.inf)

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`, same shape; -inf where it is not positive.

        Example:
            >>> prior = phasic.Gamma(1.0, 2.0)  # exponential with rate 2
            >>> round(float(prior.log_density(1.0)), 4)  # log 2 - 2
            -1.3069
        """
        inside = theta > 0
        safe = jnp.where(inside, theta, 1.0)
        constant = self.shape * jnp.log(self.rate) - gammaln(self.shape)
        return _where(inside, (self.shape - 1.0) * jnp.log(safe) - self.rate * safe + constant)

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws.

        Args:
            key: Of `jax.random`; equal keys give equal draws.
            shape: Of the result. With (d,) numbers it must end in d.

        Example:
            >>> draws = phasic.Gamma(4.0, 2.0).sample(jax.random.key(1), (10_000,))
            >>> bool(abs(draws.mean() - 2) < 0.1)
            True
        """
        return jax.random.gamma(key, jnp.asarray(self.shape, dtype=float), shape) / self.rate

    def quantile(self, q: Any) -> Any:
        """Quantiles at the probabilities `q`, same shape, computed by SciPy.

        Example:
            >>> round(float(phasic.Gamma(1.0, 2.0).quantile(0.5)), 6)  # log(2) / 2
            0.346574
        """
        from scipy import special  # costs what a fifth of JAX does: only for those who ask

        return special.gammaincinv(self.shape, q) / self.rate


@register_prior
@dataclass(frozen=True)
class HalfCauchy(_Numbers):
    """Half-Cauchy: density 2 / (pi `scale` (1 + (theta / `scale`)^2)) for theta > 0.

    Its median is `scale`; it has no mean. A prior with a heavy tail for a scale of which little is known
    (Gelman 2006, Bayesian Analysis 1, 515–534).

    Attributes:
        scale: A positive number, or (d,) for d parameters, in the unit of theta.

    Raises:
        ValueError: `scale` is not positive and finite.

    Example:
        >>> prior = phasic.HalfCauchy(scale=3.0)
        >>> round(float(prior.quantile(0.5)), 12)
        3.0
    """

    scale: Any

    support = (0.0, math.inf)

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`, same shape; -inf where it is not positive.

        Example:
            >>> density = np.exp(phasic.HalfCauchy(1.0).log_density(1.0))
            >>> round(float(density * np.pi), 5)  # 2 / (pi (1 + 1))
            1.0
        """
        constant = math.log(2.0 / math.pi) - jnp.log(self.scale)
        return _where(theta > 0, constant - jnp.log1p((theta / self.scale) ** 2))

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws.

        Args:
            key: Of `jax.random`; equal keys give equal draws.
            shape: Of the result. With (d,) numbers it must end in d.

        Example:
            >>> draws = phasic.HalfCauchy(1.0).sample(jax.random.key(1), (10_000,))
            >>> bool(abs((draws < 1.0).mean() - 0.5) < 0.05)
            True
        """
        return self.scale * jnp.abs(jax.random.cauchy(key, shape))

    def quantile(self, q: Any) -> Any:
        """Quantiles at the probabilities `q`, same shape, computed by NumPy.

        Example:
            >>> phasic.HalfCauchy(1.0).quantile([0.0, 0.5]).round(12).tolist()
            [0.0, 1.0]
        """
        return self.scale * np.tan(0.5 * math.pi * np.asarray(q))


@register_prior
@dataclass(frozen=True)
class Normal(_Numbers):
    """Normal with the given `mean` and `sd`; a fit cuts it off at 0 where parameters are positive.

    For parameters of any sign, call a fit with `positive_params=False`.

    Attributes:
        mean: A number, or (d,) for d parameters.
        sd: The same, positive.

    Raises:
        ValueError: `mean` is not finite, or `sd` is not positive and finite.

    Example:
        >>> prior = phasic.Normal(mean=2.0, sd=0.5)
        >>> round(float(prior.quantile(0.975)), 2)  # 2 + 1.96 · 0.5
        2.98
    """

    mean: Any = field(metadata=_ANY_SIGN)
    sd: Any

    @classmethod
    def from_interval(cls, low: ArrayLike, high: ArrayLike, probability: float = 0.95) -> Normal:
        """The normal distribution with `probability` between `low` and `high` and equal tails outside.

        Args:
            low: Lower end; a number, or (d,).
            high: Upper end.
            probability: Of theta between the two.

        Raises:
            ValueError: Unless low < high and 0 < probability < 1.

        Example:
            >>> prior = phasic.Normal.from_interval(-1.96, 1.96)
            >>> round(float(prior.mean), 3), round(float(prior.sd), 3)
            (0.0, 1.0)
        """
        a, b, tail = read_interval(low, high, probability)
        return cls(mean=0.5 * (a + b), sd=(b - a) / (2.0 * float(normal_quantile(1.0 - tail))))

    support = (-math.inf, math.inf)

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`, same shape.

        Example:
            >>> round(float(phasic.Normal(0.0, 1.0).log_density(0.0)), 4)  # -log(2 pi) / 2
            -0.9189
        """
        return -0.5 * ((theta - self.mean) / self.sd) ** 2 - jnp.log(self.sd) - 0.5 * _LOG_2PI

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws.

        Args:
            key: Of `jax.random`; equal keys give equal draws.
            shape: Of the result. With (d,) numbers it must end in d.

        Example:
            >>> draws = phasic.Normal(5.0, 1.0).sample(jax.random.key(1), (10_000,))
            >>> bool(abs(draws.mean() - 5) < 0.1)
            True
        """
        return self.mean + self.sd * jax.random.normal(key, shape)

    def quantile(self, q: Any) -> Any:
        """Quantiles at the probabilities `q`, same shape, computed by NumPy.

        Example:
            >>> phasic.Normal(5.0, 1.0).quantile([0.5, 1.0]).tolist()
            [5.0, inf]
        """
        return self.mean + self.sd * normal_quantile(q)


@register_prior
@dataclass(frozen=True)
class Uniform(_Numbers):
    """Uniform: the same density everywhere between `low` and `high`, none outside.

    A fit keeps to the part where parameters are positive, unless `positive_params=False`.

    Attributes:
        low: A number, or (d,) for d parameters.
        high: The same, above `low`.

    Raises:
        ValueError: An end is not finite, or `low` is not below `high`.

    Example:
        >>> jax.config.update("jax_enable_x64", True)
        >>> prior = phasic.Uniform(low=0.0, high=10.0)
        >>> mode = phasic.models.erlang(1).fit([0.25, 0.75], prior=prior, method="map").mean
        >>> round(float(mode[0]), 4)  # that of the likelihood, 2 observations / sum 1
        2.0
    """

    low: Any = field(metadata=_ANY_SIGN)
    high: Any = field(metadata=_ANY_SIGN)

    def __post_init__(self) -> None:
        """Check that low < high."""
        super().__post_init__()
        if not np.all(np.asarray(self.low) < np.asarray(self.high)):
            raise ValueError(f"Uniform: low must be below high, got low={self.low!r}, high={self.high!r}")

    @property
    def support(self) -> tuple[Any, Any]:
        """Ends of the support, `(low, high)`.

        Example:
            >>> phasic.Uniform(0.0, 4.0).support
            (0.0, 4.0)
        """
        return self.low, self.high

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`, same shape; -inf outside the support.

        Example:
            >>> density = np.exp(phasic.Uniform(0.0, 4.0).log_density(np.array([1.0, 5.0])))
            >>> density.round(5).tolist()
            [0.25, 0.0]
        """
        inside = (theta >= self.low) & (theta <= self.high)
        return _where(inside, -jnp.log(self.high - self.low))

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws.

        Args:
            key: Of `jax.random`; equal keys give equal draws.
            shape: Of the result. With (d,) ends it must end in d.

        Example:
            >>> draws = phasic.Uniform(2.0, 3.0).sample(jax.random.key(1), (100,))
            >>> bool(draws.min() >= 2) and bool(draws.max() <= 3)
            True
        """
        return self.low + (self.high - self.low) * jax.random.uniform(key, shape)

    def quantile(self, q: Any) -> Any:
        """Quantiles at the probabilities `q`, same shape, computed by NumPy.

        Example:
            >>> phasic.Uniform(0.0, 4.0).quantile([0.25, 0.5]).tolist()
            [1.0, 2.0]
        """
        return self.low + (self.high - self.low) * np.asarray(q)


@register_prior
@dataclass(frozen=True)
class Beta(_Numbers):
    """Beta: density proportional to theta^(`a` - 1) (1 - theta)^(`b` - 1) on (0, 1); mean `a` / (`a` + `b`).

    A prior of a probability. A fit takes it to unconstrained coordinates by the logit.

    Attributes:
        a: A positive number, or (d,) for d parameters.
        b: The same.

    Raises:
        ValueError: `a` or `b` is not positive and finite.

    Example:
        >>> prior = phasic.Beta(a=2.0, b=1.0)  # distribution function theta^2
        >>> round(float(prior.quantile(0.25)), 9)
        0.5
    """

    a: Any
    b: Any

    @classmethod
    def from_interval(cls, low: ArrayLike, high: ArrayLike, probability: float = 0.95) -> Beta:
        """The Beta distribution with `probability` between `low` and `high` and equal tails outside.

        Args:
            low: Lower end; a number, or (d,).
            high: Upper end.
            probability: Of theta between the two.

        Raises:
            ValueError: Unless 0 < low < high < 1 and 0 < probability < 1.

        Example:
            >>> prior = phasic.Beta.from_interval(0.2, 0.6, probability=0.9)
            >>> prior.quantile([0.05, 0.95]).round(9).tolist()
            [0.2, 0.6]
        """
        return cls(*beta_numbers(*read_interval(low, high, probability, 0.0, 1.0)))

    support = (0.0, 1.0)

    def log_density(self, theta: Any) -> Any:
        """Log density at each entry of `theta`, same shape; -inf outside of (0, 1).

        Example:
            >>> density = np.exp(phasic.Beta(2.0, 1.0).log_density(0.25))  # 2 theta
            >>> round(float(density), 5)
            0.5
        """
        inside = (theta > 0) & (theta < 1)
        safe = jnp.where(inside, theta, 0.5)
        density = (self.a - 1.0) * jnp.log(safe) + (self.b - 1.0) * jnp.log1p(-safe) - betaln(self.a, self.b)
        return _where(inside, density)

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws.

        Args:
            key: Of `jax.random`; equal keys give equal draws.
            shape: Of the result. With (d,) numbers it must end in d.

        Example:
            >>> draws = phasic.Beta(3.0, 1.0).sample(jax.random.key(1), (10_000,))
            >>> bool(abs(draws.mean() - 0.75) < 0.05)
            True
        """
        return jax.random.beta(key, jnp.asarray(self.a, dtype=float), self.b, shape)

    def quantile(self, q: Any) -> Any:
        """Quantiles at the probabilities `q`, same shape, computed by SciPy.

        Example:
            >>> round(float(phasic.Beta(1.0, 1.0).quantile(0.3)), 9)  # uniform
            0.3
        """
        from scipy import special

        return special.betaincinv(self.a, self.b, q)
