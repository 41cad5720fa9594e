"""`EpochLaw`: a law whose parameters change at fixed times, as functions of JAX. This module imports JAX."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from phasic._ffi import as_floats
from phasic._functions import evaluate
from phasic._native_functions import Function


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class EpochLaw:
    """The law of a model whose theta changes at fixed times; made by `Model.epochs`.

    A pytree. Its functions work under jit, vmap (over any argument), scan and shard_map, on the CPU. Each is
    differentiable once, in every theta, in the starts, and a curve in its times, by forward and reverse mode:
    a sweep back for each value (`log_likelihood`: one in all). Computed in float64; results have the type of
    the thetas. NaN where a rate is negative, or the starts do not increase from 0.

    Exact from epoch to epoch, as `Graph.epochs`, which also changes graphs and maps states. Source: the
    concepts page on densities, "From epoch to epoch".

    Attributes:
        key: The trace's content hash, (8,) uint32.
        original: (n_vertices,) int32: where the trace's vertices are in the graph.
        thetas: (e, p).
        starts: (e,), the first 0.
        n_vertices: Vertices of the trace.
        rtol: Relative truncation error.

    Example:
        >>> model = phasic.models.erlang(1).model()
        >>> def mean(start):
        ...     return model.epochs([[0.0], [2.0]], jnp.array([0.0, start])).expectation()
        >>> value, slope = jax.value_and_grad(mean)(1.0)  # of start + 1 / 2
        >>> round(float(value), 4), round(float(slope), 4)
        (1.5, 1.0)
    """

    key: Any
    original: Any
    thetas: Any
    starts: Any
    n_vertices: int = field(metadata={"static": True})
    rtol: float = field(metadata={"static": True})

    def pdf(self, time: ArrayLike) -> Array:
        """Density of the absorption time, in the shape of `time`; NaN at negative times.

        Example:
            >>> law = phasic.models.erlang(1).model().epochs([[0.0], [2.0]], [0.0, 1.0])
            >>> law.pdf(jnp.array([0.5, 1.0])).round(4).tolist()
            [0.0, 2.0]
        """
        return self._curve("pdf", time)

    def logpdf(self, time: ArrayLike) -> Array:
        """Logarithm of `pdf`, right where that underflows.

        Example:
            >>> law = phasic.models.erlang(1).model().epochs([[0.0], [1.0]], [0.0, 1.0])
            >>> round(float(law.logpdf(1001.0)), 4), float(law.pdf(1001.0))
            (-1000.0, 0.0)
        """
        return self._curve("logpdf", time)

    def cdf(self, time: ArrayLike) -> Array:
        """Distribution function, its atom at 0 included, in the shape of `time`.

        Example:
            >>> law = phasic.models.kingman(2).model().epochs([[1.0], [4.0]], [0.0, 1.0])
            >>> np.round(law.cdf(jnp.array([1.0, 2.0])).tolist(), 4).tolist()  # 1 − exp(−1), 1 − exp(−5)
            [0.6321, 0.9933]
        """
        return self._curve("cdf", time)

    def sf(self, time: ArrayLike) -> Array:
        """Survival function, right in the far tail, in the shape of `time`.

        Example:
            >>> law = phasic.models.repairable_system(1).model().epochs([[0.1, 0.0], [0.4, 0.0]], [0.0, 10.0])
            >>> round(float(law.sf(15.0)), 4)  # exp(−10 · 0.1 − 5 · 0.4)
            0.0498
        """
        return self._curve("sf", time)

    def logsf(self, time: ArrayLike) -> Array:
        """Logarithm of `sf`, right where that underflows.

        Example:
            >>> law = phasic.models.kingman(2).model().epochs([[1.0], [4.0]], [0.0, 1.0])
            >>> round(float(law.logsf(1001.0)), 4)  # −1 − 4 · 1000
            -4001.0
        """
        return self._curve("logsf", time)

    def log_likelihood(self, times: ArrayLike, weights: ArrayLike | None = None) -> Array:
        """Sum of weights times `logpdf`, a scalar, differentiable in thetas and starts.

        Args:
            times: (m,), finite.
            weights: (m,); default 1 each, 0 for padding.

        Raises:
            ValueError: A shape does not fit; given and expected shapes are named.

        Example:
            >>> law = phasic.models.kingman(2).model().epochs([[1.0], [4.0]], [0.0, 1.0])
            >>> round(float(law.log_likelihood(jnp.array([0.5, 2.0]))), 4)  # −0.5, and log(4) − 1 − 4
            -4.1137
        """
        at = jnp.asarray(times)
        if at.ndim != 1:
            raise ValueError(f"times has shape {at.shape}, but one dimension is needed")
        counts = jnp.ones(at.shape, at.dtype) if weights is None else jnp.asarray(weights)
        if counts.shape != at.shape:
            raise ValueError(f"weights has shape {counts.shape}, but times has shape {at.shape}")
        points = jnp.concatenate([at, counts])
        return self._evaluate(Function("phasic_epochs_log_likelihood_v1", 1, rtol=self.rtol), points)[0]

    def moments(self, power: int, rewards: ArrayLike | None = None) -> Array:
        """E[Y], ... E[Y^power] of the reward collected until absorption, (power,).

        Args:
            power: The largest moment, 1 or more.
            rewards: (n_vertices,), or (e, n_vertices) for each epoch its own, in the order of the graph;
                default ones. At least 0 unless power is 1. No variables of derivatives.

        Raises:
            ValueError: A power or shape is not what it must be.

        Example:
            >>> law = phasic.models.erlang(1).model().epochs([[0.0], [2.0]], [0.0, 1.0])
            >>> law.moments(2).round(4).tolist()  # mean 1.5, variance 0.25
            [1.5, 2.5]
        """
        if power < 1:
            raise ValueError(f"power is {power}: it must be at least 1")
        function = Function("phasic_epochs_moments_v1", power, power=power, rtol=self.rtol)
        if rewards is None:
            return self._evaluate(function, None)
        given, shape = jnp.asarray(rewards), (self.n_vertices,)
        if given.shape not in (shape, (len(self.starts), *shape)):
            raise ValueError(
                f"rewards has shape {given.shape}, but the law needs {shape}, or one row for each epoch"
            )
        ordered = given[..., jnp.asarray(self.original)]
        return self._evaluate(function, None, ordered.reshape(-1))

    def expectation(self, rewards: ArrayLike | None = None) -> Array:
        """E[Y] of the reward collected until absorption, a scalar. Arguments as for `moments`.

        Example:
            >>> law = phasic.models.erlang(2).model().epochs([[0.0], [2.0]], [0.0, 1.0])
            >>> round(float(law.expectation([0, 1, 0, 0])), 4)  # time in the first phase
            1.5
        """
        return self.moments(1, rewards)[0]

    def expectations(self, rewards: ArrayLike) -> Array:
        """E of several rewards collected until absorption, (k,), by one custom call.

        That makes a pass for each reward, on all cores, and with derivatives a sweep back for each. Where
        only a weighted sum is needed, `expectation` of the summed rewards is one pass: `weights @ rewards`.

        Args:
            rewards: (k, n_vertices), or (k, e, n_vertices) for each epoch its own, in the order of the graph.
                No variables of derivatives.

        Raises:
            ValueError: A shape is not what it must be.

        Example:
            >>> law = phasic.models.erlang(2).model().epochs([[0.0], [2.0]], [0.0, 1.0])
            >>> law.expectations([[0, 1, 0, 0], [0, 0, 1, 0]]).round(4).tolist()  # time in each phase
            [1.5, 0.5]
        """
        given, n, e = jnp.asarray(rewards), self.n_vertices, len(self.starts)
        if given.shape[1:] not in ((n,), (e, n)):
            raise ValueError(
                f"rewards has shape {given.shape}, but the law needs (k, {n}), or for each epoch its own "
                f"(k, {e}, {n})"
            )
        values: Array = jax.vmap(self.expectation)(given)
        return values

    def _curve(self, name: str, time: ArrayLike) -> Array:
        at = jnp.asarray(time)
        function = Function(f"phasic_epochs_{name}_v1", at.size, rtol=self.rtol, of_points=True)
        return self._evaluate(function, at.reshape(-1)).reshape(at.shape)

    def _evaluate(self, function: Function, points: Array | None, rewards: Array | None = None) -> Array:
        thetas, starts = as_floats("thetas", self.thetas), jnp.asarray(self.starts)
        variables = jnp.concatenate([thetas.reshape(-1), starts.astype(thetas.dtype)])
        return evaluate(function, self.key, variables, points, rewards)
