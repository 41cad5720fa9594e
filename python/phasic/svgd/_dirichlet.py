"""The Dirichlet distribution: a prior for probabilities that sum to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln
from numpy.typing import NDArray

from phasic.svgd._prior import register_prior


@register_prior
@dataclass(frozen=True)
class Dirichlet:
    """Dirichlet: density proportional to the product of theta_i^(concentration_i - 1) on a sum of one.

    A density of the first k - 1 members. It is the prior of k parameters at once, which a fit then keeps on
    the simplex; ones give the uniform distribution.

    Attributes:
        concentration: (k,) positive numbers, k at least 2.

    Raises:
        ValueError: `concentration` is no vector of at least two positive and finite numbers.

    Example:
        >>> from phasic.svgd import svgd
        >>> jax.config.update("jax_enable_x64", True)
        >>> seen = np.repeat([0.0, 1.0, 2.0], [12, 5, 3])  # patients of three groups
        >>> share = lambda theta, group: theta[group.astype(int)]
        >>> posterior = svgd(share, seen, prior=phasic.Dirichlet([1.0, 1.0, 1.0]))
        >>> bool(np.abs(posterior.mean - np.array([13, 6, 4]) / 23).max() < 0.003)
        True
    """

    concentration: Any

    group = "simplex"
    support = (0.0, 1.0)

    def __post_init__(self) -> None:
        """Check the numbers. Raises ValueError unless they are at least two, positive and finite."""
        value = np.asarray(self.concentration, dtype=np.float64)
        if value.ndim != 1 or value.size < 2 or not np.all(np.isfinite(value) & (value > 0)):
            raise ValueError(
                "Dirichlet: concentration must be a vector of at least two positive and finite numbers, "
                f"got {self.concentration!r}"
            )
        object.__setattr__(self, "concentration", value)

    @property
    def size(self) -> int:
        """How many parameters it is a prior of, k.

        Example:
            >>> phasic.Dirichlet([1.0, 1.0, 1.0]).size
            3
        """
        return int(np.shape(self.concentration)[0])

    def log_density(self, theta: Any) -> Any:
        """Log density at `theta` (..., k), whose sum is taken to be one: (...).

        -inf where an entry is not positive.

        Example:
            >>> prior = phasic.Dirichlet([1.0, 1.0, 1.0])  # uniform on a triangle of area 1/2
            >>> round(float(np.exp(prior.log_density(np.array([0.2, 0.3, 0.5])))), 5)
            2.0
        """
        inside = jnp.all(theta > 0, axis=-1)
        logs = jnp.log(jnp.where(theta > 0, theta, 1.0))
        constant = gammaln(jnp.sum(self.concentration)) - jnp.sum(gammaln(self.concentration))
        return jnp.where(inside, jnp.sum((self.concentration - 1.0) * logs, axis=-1) + constant, -jnp.inf)

    def sample(self, key: Any, shape: tuple[int, ...]) -> Any:
        """Independent draws, of the given shape and k more entries each.

        Args:
            key: Of `jax.random`; equal keys give equal draws.
            shape: How many draws.

        Example:
            >>> draws = phasic.Dirichlet([1.0, 2.0, 3.0]).sample(jax.random.key(1), (5,))
            >>> draws.shape, bool(np.allclose(draws.sum(axis=1), 1))
            ((5, 3), True)
        """
        return jax.random.dirichlet(key, jnp.asarray(self.concentration, dtype=float), shape)

    def quantile(self, q: Any) -> NDArray[np.float64]:
        """Points (m, k) from `q` (m, k - 1), which have this distribution if those are uniform.

        Each member in turn takes a Beta share of what is left (Rosenblatt 1952, Annals of Mathematical
        Statistics 23, 470–472).

        Example:
            >>> phasic.Dirichlet([1.0, 1.0]).quantile([[0.3]]).round(9).tolist()
            [[0.3, 0.7]]
        """
        from scipy import special

        a = np.asarray(self.concentration)
        after = np.cumsum(a[::-1])[::-1][1:]
        shares = special.betaincinv(a[:-1], after, np.asarray(q))
        left = np.cumprod(1.0 - shares, axis=-1)
        none = np.ones_like(left[..., :1])
        return np.asarray(np.concatenate([shares, none], axis=-1) * np.concatenate([none, left], axis=-1))
