"""`EpochModel`: a law with epochs as a function of parameters, to be fitted. This module imports JAX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from phasic._epoch_law import EpochLaw
from phasic._observations import Observations

if TYPE_CHECKING:
    from phasic._model import Model


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class EpochModel:
    """A model whose parameters say how theta changes in time; made by `Model.epoch_model`.

    A pytree, which `phasic.svgd.svgd` and other samplers fit: its parameters are those of `rule`, whatever
    they stand for (sizes, times of events, growth), and it has a law at each of them. Its functions work and
    differentiate as those of `EpochLaw`.

    Attributes:
        model: The `Model` of the chain.
        rule: `rule(theta (p,))` returns `(thetas (e, q), starts (e,))`, as `Model.epochs` takes them. It must
            be a function of JAX; what it closes over is fixed at first use.

    Example:
        >>> def bottleneck(theta):  # rates of a pair of lineages before and after time 1
        ...     return theta[:, None], [0.0, 1.0]
        >>> model = phasic.models.kingman(2).model().epoch_model(bottleneck)
        >>> jax.grad(model.log_likelihood)(jnp.array([1.0, 4.0]), jnp.array([0.5, 2.0])).round(4).tolist()
        [-0.5, -0.75]
    """

    model: Model
    rule: Callable[[Any], tuple[Any, Any]] = field(metadata={"static": True})

    @property
    def discrete(self) -> bool:
        """Whether data are counts of steps: never.

        Example:
            >>> phasic.models.kingman(2).model().epoch_model(lambda t: (t[:, None], [0.0, 1.0])).discrete
            False
        """
        return False

    def law(self, theta: ArrayLike) -> EpochLaw:
        """The law at one theta (p,).

        Raises:
            ValueError: `rule` returned other shapes than `Model.epochs` takes; they are named.

        Example:
            >>> model = phasic.models.kingman(2).model().epoch_model(lambda t: (t[:, None], [0.0, 1.0]))
            >>> round(float(model.law([1.0, 4.0]).expectation()), 4)  # 1 − 3 / 4e
            0.7241
        """
        return self.model.epochs(*self.rule(jnp.asarray(theta)))

    def log_likelihood(self, theta: ArrayLike, values: ArrayLike, weights: ArrayLike | None = None) -> Array:
        """Sum of weights times `logpdf` at one theta, a scalar: one sweep back for its gradient.

        Args:
            theta: (p,).
            values: (m,) finite times.
            weights: (m,); default 1 each, 0 for padding.

        Raises:
            TypeError: Values are `Observations`, of which a model with epochs has no likelihood.
            ValueError: A shape does not fit; given and expected shapes are named.

        Example:
            >>> model = phasic.models.kingman(2).model().epoch_model(lambda t: (t[:, None], [0.0, 1.0]))
            >>> round(float(model.log_likelihood([1.0, 4.0], [0.5, 2.0])), 4)  # −0.5, and log(4) − 1 − 4
            -4.1137
        """
        if isinstance(values, Observations):
            raise TypeError("a model with epochs has likelihoods of exact times only, not of Observations")
        return self.law(theta).log_likelihood(values, weights)

    def pdf(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Density at one theta, in the shape of `time`.

        Example:
            >>> model = phasic.models.kingman(2).model().epoch_model(lambda t: (t[:, None], [0.0, 1.0]))
            >>> round(float(model.pdf([1.0, 4.0], 2.0)), 4)  # 4 exp(−1 − 4)
            0.027
        """
        return self.law(theta).pdf(time)

    def logpdf(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Logarithm of `pdf`.

        Example:
            >>> model = phasic.models.kingman(2).model().epoch_model(lambda t: (t[:, None], [0.0, 1.0]))
            >>> round(float(model.logpdf([1.0, 4.0], 2.0)), 4)  # log(4) − 1 − 4
            -3.6137
        """
        return self.law(theta).logpdf(time)

    def cdf(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Distribution function at one theta, in the shape of `time`.

        Example:
            >>> model = phasic.models.kingman(2).model().epoch_model(lambda t: (t[:, None], [0.0, 1.0]))
            >>> round(float(model.cdf([1.0, 4.0], 1.0)), 4)  # 1 − exp(−1)
            0.6321
        """
        return self.law(theta).cdf(time)

    def sf(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Survival function at one theta, in the shape of `time`.

        Example:
            >>> model = phasic.models.kingman(2).model().epoch_model(lambda t: (t[:, None], [0.0, 1.0]))
            >>> round(float(model.sf([1.0, 4.0], 2.0)), 4)  # exp(−1 − 4)
            0.0067
        """
        return self.law(theta).sf(time)

    def logsf(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Logarithm of `sf`.

        Example:
            >>> model = phasic.models.kingman(2).model().epoch_model(lambda t: (t[:, None], [0.0, 1.0]))
            >>> round(float(model.logsf([1.0, 4.0], 1001.0)), 4)
            -4001.0
        """
        return self.law(theta).logsf(time)
