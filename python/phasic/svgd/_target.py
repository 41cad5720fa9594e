"""The log posterior in unconstrained coordinates, and its compiled value and gradient for many points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from phasic._pytree import node_types
from phasic.svgd._data import mean_observation
from phasic.svgd._joint_prior import JointPrior
from phasic.svgd._layout import Layout
from phasic.svgd._transform import Transform


class LikelihoodModel(Protocol):
    """What is asked of a model: a JAX pytree with this method, differentiable once and open to `vmap`."""

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        """Sum of weights (m,) times log densities at `values` (m,), for one `theta` (p,): a scalar.

        Or `values` are `phasic.Observations`, and `weights` is None.
        """


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class DensityModel:
    """A model given as a function `(theta, values) -> densities`, or `-> (densities, anything)`.

    The function is static: what it closes over is fixed at first use. Its densities are logged as they come,
    so one that underflows to 0 makes the likelihood -inf; a model with `log_likelihood` has no such limit.
    """

    function: Callable[[Any, Any], Any] = field(metadata={"static": True})

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        """Sum of weights times log densities."""
        result = self.function(theta, values)
        density = result[0] if isinstance(result, tuple) else result
        safe = jnp.where(density > 0, density, 1.0)
        log = jnp.where(density > 0, jnp.log(safe), -jnp.inf)
        return jnp.sum(jnp.where(weights > 0, weights * log, 0.0))


_T = TypeVar("_T", bound="Target")


def target_node(cls: type[_T]) -> type[_T]:
    """Make a target a pytree whose structure has the types of all that is in it; see `node_types`."""

    def flatten(target: _T) -> tuple[tuple[Any, ...], tuple[type, ...]]:
        parts = (target.model, target.values, target.weights, target.prior, target.transform)
        return parts, node_types(parts)

    jax.tree_util.register_pytree_node(cls, flatten, lambda _, parts: cls(*parts))
    return cls


@target_node
@dataclass(frozen=True)
class Target:
    """Log posterior density in unconstrained coordinates z: likelihood, prior of theta(z) and log-Jacobian.

    A pytree. Model, data and the prior's numbers are its leaves, so every compiled function takes them as
    arguments: other data of the same shapes run the same program and give their own answer. The types of all
    that is in it are part of its structure, so that models of equal fields are not taken for one another.

    Attributes:
        model: With `log_likelihood(theta, values, weights)`.
        values: (m,) distinct observations, or `phasic.Observations`.
        weights: (m,), how often each was seen; None for `phasic.Observations`, which have their own.
        prior: With `log_density(theta)`.
        transform: Leads from z (d,) to theta (p,).

    Example:
        >>> jax.config.update("jax_enable_x64", True)
        >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
        >>> target = graph.fit(np.full(98, 0.5), prior=prior, method="map").target
        >>> target.transform.kinds, round(abs(float(jax.grad(target.log_density)(np.log([2.0]))[0])), 6)
        (('log',), 0.0)
    """

    model: Any
    values: Any
    weights: Any
    prior: JointPrior
    transform: Transform | Layout

    @property
    def dim(self) -> int:
        """Number of coordinates z, those of the free parameters.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.coxian(2), phasic.Gamma(2.0, 1.0)
            >>> graph.fit([0.5, 1.5], prior=prior, fixed={0: 1.0}, method="map").target.dim
            2
        """
        return len(self.transform.kinds)

    def log_density(self, z: Any) -> Any:
        """Log posterior density (not normalised) at one point `z` (d,).

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
            >>> target = graph.fit(np.full(98, 0.5), prior=prior, method="map").target
            >>> at, origin = target.log_density(np.log([2.0])), target.log_density(np.zeros(1))
            >>> round(float(at - origin), 4)  # of 100 z - 50 e^z: 100 log 2 - 50
            19.3147
        """
        theta = self.transform.to_theta(z)
        likelihood = self.model.log_likelihood(theta, self.values, self.weights)
        return likelihood + self.prior.log_density(theta) + self.transform.log_jacobian(z)

    def value_and_gradient(self, z: Any) -> tuple[Any, Any]:
        """Log densities (n,) and gradients (n, d) at the points `z` (n, d), in one `vmap`.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
            >>> target = graph.fit(np.full(98, 0.5), prior=prior, method="map").target
            >>> value, gradient = target.value_and_gradient(np.log([[1.0], [3.0]]))
            >>> gradient[:, 0].round(6).tolist()  # 100 - 50 e^z
            [50.0, -50.0]
        """
        value, gradient = jax.vmap(jax.value_and_grad(self.log_density))(z)
        return value, gradient


def data_scale(target: Target) -> NDArray[np.float64]:
    """A point z (d,) at the scale of the data: rates of 1 / mean observation, 0 for what is no rate."""
    mean = mean_observation(target.values, target.weights)
    scale = -np.log(mean) if mean > 0 else 0.0
    return np.asarray([scale if kind == "log" else 0.0 for kind in target.transform.kinds])


def total_weights(target: Target) -> NDArray[np.float64]:
    """Weights of the distinct observations, (m,)."""
    return np.asarray(target.values.weights if target.weights is None else target.weights)


def largest_entry(transform: Transform | Layout, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest |theta| of each point (m,) at `z` (m, d)."""
    with np.errstate(over="ignore"):
        return np.asarray(np.abs(transform.to_theta(z)).max(axis=1))


def float_type() -> np.dtype[Any]:
    """JAX's floating-point type: float64, or float32 while `jax_enable_x64` is off."""
    return np.dtype(jax.dtypes.canonicalize_dtype(np.float64))


def as_model(model: Any) -> Any:
    """`model` itself if it has `log_likelihood`, or a `DensityModel` around a function.

    Raises TypeError for anything else, and for a model that JAX does not know as a pytree.
    """
    if hasattr(model, "log_likelihood"):
        if jax.tree_util.all_leaves([model]):
            kind = type(model).__name__
            raise TypeError(
                f"model is of the class {kind}, which JAX does not know as a pytree: register it by "
                "jax.tree_util.register_dataclass or jax.tree_util.register_pytree_node, or pass a function "
                "(theta, values) -> densities"
            )
        return model
    if callable(model):
        return DensityModel(model)
    raise TypeError(f"model must have a log_likelihood method or be a function, got {model!r}")
