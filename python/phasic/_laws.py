"""What a law says as functions of JAX: more methods of `Model`. This module imports JAX."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from phasic._functions import evaluate
from phasic._native_functions import Function


class Laws:
    """Numbers of a law, as functions of theta; see `phasic.Model`."""

    key: Any
    rewards: Any
    original: Any
    tables: Any
    n_parameters: int
    n_vertices: int
    discrete: bool
    rtol: float

    def moments(self, theta: ArrayLike, power: int, rewards: ArrayLike | None = None) -> Array:
        """E[Y], E[Y²], ... E[Y^power] of the accumulated reward Y, (power,); per step of a discrete model.

        Args:
            theta: (p,).
            power: The largest moment, 1 or more.
            rewards: (n_vertices,); default ones, for the time or the number of steps.

        Raises:
            ValueError: A power or shape is not what it must be; given and expected shapes are named.

        Example:
            >>> model = phasic.models.erlang(2).model()
            >>> model.moments([2.0], 2).round(4).tolist()  # mean 1, variance 1/2
            [1.0, 1.5]
        """
        if power < 1:
            raise ValueError(f"power is {power}: it must be at least 1")
        target = "phasic_moments_discrete_v1" if self.discrete else "phasic_moments_v1"
        function = Function(target, n_values=power, power=power)
        row = None if rewards is None else self._row(rewards)
        return evaluate(function, self.key, self._theta(theta), rewards=row, tables=self.tables)

    def expectation(self, theta: ArrayLike, rewards: ArrayLike | None = None) -> Array:
        """E[Y] of the accumulated reward, a scalar. Arguments as for `moments`.

        Example:
            >>> model = phasic.models.mm1k_busy_period(3).model()
            >>> round(float(model.expectation([1.0, 2.0])), 4)  # (1 + 1/2 + 1/4) / 2
            0.875
        """
        return self.moments(theta, 1, rewards)[0]

    def variance(self, theta: ArrayLike, rewards: ArrayLike | None = None) -> Array:
        """Var[Y] of the accumulated reward, a scalar. Arguments as for `moments`.

        Example:
            >>> model = phasic.models.erlang(3).model()
            >>> round(float(model.variance([2.0])), 4)  # 3 / rate²
            0.75
        """
        if rewards is None:
            rewards = jnp.ones(self.n_vertices, self._theta(theta).dtype)
        return self.covariance(theta, rewards, rewards)

    def expectations(self, theta: ArrayLike, rewards: ArrayLike) -> Array:
        """E of several accumulated rewards of a continuous model, (k,), from one solve.

        Args:
            theta: (p,).
            rewards: (k, n_vertices): a row for each, as for `Graph.expectations`.

        Raises:
            ValueError: A shape is not what it must be, or the model is discrete.

        Example:
            >>> model = phasic.models.kingman(3).model()
            >>> rewards = jnp.array([[0, 1, 1, 0], [0, 3, 2, 0]])  # height and total length of the tree
            >>> np.round(model.expectations([1.0], rewards).tolist(), 4).tolist()  # 1/3 + 1, 3/3 + 2
            [1.3333, 3.0]
        """
        self._must_be_continuous("expectations")
        rows = self._rows(rewards)
        function = Function("phasic_expectations_v1", n_values=rows.shape[0])
        return evaluate(function, self.key, self._theta(theta), rewards=rows.reshape(-1), tables=self.tables)

    def covariance(self, theta: ArrayLike, rewards1: ArrayLike, rewards2: ArrayLike) -> Array:
        """Covariance of two accumulated rewards, a scalar.

        Args:
            theta: (p,).
            rewards1: (n_vertices,).
            rewards2: (n_vertices,).

        Raises:
            ValueError: A shape is not what it must be.

        Example:
            >>> model = phasic.models.kingman(3).model()
            >>> height, length = jnp.array([0, 1, 1, 0]), jnp.array([0, 3, 2, 0])
            >>> round(float(model.covariance([1.0], height, length)), 4)  # 3 · (1/3)² + 2 · 1²
            2.3333
        """
        rows = jnp.concatenate([self._row(rewards1), self._row(rewards2)])
        target = "phasic_covariance_discrete_v1" if self.discrete else "phasic_covariance_v1"
        return evaluate(
            Function(target, n_values=1), self.key, self._theta(theta), rewards=rows, tables=self.tables
        )[0]

    def laplace(self, theta: ArrayLike, s: ArrayLike, rewards: ArrayLike | None = None) -> Array:
        """E of exp(-s Y) of a continuous model, in the shape of s.

        Args:
            theta: (p,).
            s: Any shape, ≥ 0.
            rewards: (n_vertices,), ≥ 0; default ones.

        Raises:
            ValueError: A shape is not what it must be, or the model is discrete.

        Example:
            >>> model = phasic.models.erlang(2).model()
            >>> round(float(model.laplace([3.0], 1.0)), 4)  # (3 / (3 + 1))²
            0.5625
        """
        self._must_be_continuous("laplace")
        return self._of_points("phasic_laplace_v1", theta, s, rewards)

    def pmf(self, theta: ArrayLike, counts: ArrayLike) -> Array:
        """Probability of each count of a discrete model, in the shape of `counts`.

        Differentiable once, in theta. At a count that cannot be, the derivatives of `logpmf` are NaN.

        Args:
            theta: (p,).
            counts: Any shape, whole numbers; NaN for others. Rewards are those of the model.

        Raises:
            ValueError: Theta has another shape, or the model is not discrete.

        Example:
            >>> model = phasic.models.erlang(1).model(discrete=True)
            >>> model.pmf([0.5], jnp.array([1, 2, 3])).tolist()
            [0.5, 0.25, 0.125]
        """
        return self._of_counts("pmf", theta, counts)

    def logpmf(self, theta: ArrayLike, counts: ArrayLike) -> Array:
        """Logarithm of `pmf`, right where that underflows. Arguments as for `pmf`.

        Example:
            >>> model = phasic.models.erlang(1).model(discrete=True)
            >>> round(float(model.logpmf([0.5], 2000) / jnp.log(2)), 2)  # a half, 2000 times
            -2000.0
        """
        return self._of_counts("logpmf", theta, counts)

    def cdf_discrete(self, theta: ArrayLike, counts: ArrayLike) -> Array:
        """Probability of at most each count. Arguments as for `pmf`.

        Example:
            >>> model = phasic.models.erlang(1).model(discrete=True)
            >>> model.cdf_discrete([0.5], jnp.array([1, 2, 3])).tolist()
            [0.5, 0.75, 0.875]
        """
        return self._of_counts("cdf_discrete", theta, counts)

    def sf_discrete(self, theta: ArrayLike, counts: ArrayLike) -> Array:
        """Probability of more than each count. Arguments as for `pmf`.

        Example:
            >>> model = phasic.models.erlang(1).model(discrete=True)
            >>> model.sf_discrete([0.5], jnp.array([1, 2, 3])).tolist()
            [0.5, 0.25, 0.125]
        """
        return self._of_counts("sf_discrete", theta, counts)

    def _of_counts(self, name: str, theta: ArrayLike, counts: ArrayLike) -> Array:
        if not self.discrete:
            raise ValueError(f"{name}() is of the law in steps: make the model with discrete=True")
        at = jnp.asarray(counts)
        function = Function(f"phasic_{name}_v1", n_values=at.size)
        values = evaluate(function, self.key, self._theta(theta), at.reshape(-1), self.rewards)
        return values.reshape(at.shape)

    def pdf(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Density of the time until absorption, in the shape of `time`; NaN at negative times.

        Its k-th derivative in time can cancel near a mode: right to rtol · pdf · (q / t)^(k/2), q the fastest
        rate.

        Source: the concepts page on densities.

        Args:
            theta: (p,).
            time: Any shape, ≥ 0 and up to infinity.

        Raises:
            ValueError: Theta has another shape, or the model is discrete.

        Example:
            >>> model = phasic.models.erlang(2).model()
            >>> round(float(model.pdf([1.0], 1.0)), 4)  # t exp(−t)
            0.3679
        """
        return self._curve("pdf", theta, time)

    def logpdf(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Logarithm of `pdf`, right where that underflows. Arguments as for `pdf`.

        Example:
            >>> model = phasic.models.kingman(2).model()
            >>> round(float(model.logpdf([1.0], 1000.0)), 4)
            -1000.0
        """
        return self._curve("logpdf", theta, time)

    def cdf(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Distribution function, its atom at 0 included. Arguments as for `pdf`.

        Example:
            >>> model = phasic.models.erlang(2).model()
            >>> round(float(model.cdf([1.0], 1.0)), 4)  # 1 − 2 exp(−1)
            0.2642
        """
        return self._curve("cdf", theta, time)

    def logcdf(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Logarithm of `cdf`, right in both tails. Arguments as for `pdf`.

        Example:
            >>> model = phasic.models.kingman(2).model()
            >>> round(float(model.logcdf([1.0], 1e-30) / jnp.log(10)), 4)
            -30.0
        """
        return self._curve("logcdf", theta, time)

    def sf(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Survival function. Arguments as for `pdf`.

        Example:
            >>> model = phasic.models.repairable_system(1).model()
            >>> round(float(model.sf([0.5, 0.0], 2.0)), 4)  # exp(−0.5 · 2)
            0.3679
        """
        return self._curve("sf", theta, time)

    def logsf(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Logarithm of `sf`, right where that underflows. Arguments as for `pdf`.

        Example:
            >>> model = phasic.models.repairable_system(1).model()
            >>> round(float(model.logsf([0.5, 0.0], 2000.0)), 4)  # −0.5 · 2000
            -1000.0
        """
        return self._curve("logsf", theta, time)

    def hazard(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Rate of absorption of those that are left, pdf / sf. Arguments as for `pdf`.

        Example:
            >>> model = phasic.models.erlang(2).model()
            >>> round(float(model.hazard([1.0], 3.0)), 4)  # t / (1 + t)
            0.75
        """
        return jnp.exp(self.logpdf(theta, time) - self.logsf(theta, time))

    def pdf_reward(self, theta: ArrayLike, y: ArrayLike, rewards: ArrayLike) -> Array:
        """Density of an accumulated reward, in the shape of `y`; its atom at 0 is left out.

        Differentiable once, in theta and y. On the CPU alone.

        Source: the concepts page on densities, "Rewards".

        Args:
            theta: (p,).
            y: Any shape, ≥ 0; NaN for others.
            rewards: (n_vertices,), ≥ 0.

        Raises:
            ValueError: A shape is not what it must be, or the model is discrete.

        Example:
            >>> model = phasic.models.kingman(2).model()
            >>> length = jnp.array([0, 2, 0])  # of two branches
            >>> round(float(model.pdf_reward([1.0], 2.0, length)), 4)  # exp(−y / 2) / 2
            0.1839
        """
        return self._of_reward("pdf", theta, y, rewards)

    def logpdf_reward(self, theta: ArrayLike, y: ArrayLike, rewards: ArrayLike) -> Array:
        """Logarithm of `pdf_reward`, right where that underflows. Arguments as there.

        Example:
            >>> model = phasic.models.kingman(2).model()
            >>> round(float(model.logpdf_reward([2.0], 1000.0, jnp.array([0, 2, 0]))), 4)  # of exp(−y)
            -1000.0
        """
        return self._of_reward("logpdf", theta, y, rewards)

    def cdf_reward(self, theta: ArrayLike, y: ArrayLike, rewards: ArrayLike) -> Array:
        """Distribution function of an accumulated reward, its atom at 0 included. See `pdf_reward`.

        Example:
            >>> model = phasic.models.kingman(2).model()
            >>> round(float(model.cdf_reward([1.0], 2.0, jnp.array([0, 2, 0]))), 4)  # 1 − exp(−y / 2)
            0.6321
        """
        return self._of_reward("cdf", theta, y, rewards)

    def logcdf_reward(self, theta: ArrayLike, y: ArrayLike, rewards: ArrayLike) -> Array:
        """Logarithm of `cdf_reward`, right in both tails. Arguments as for `pdf_reward`.

        Example:
            >>> model = phasic.models.kingman(2).model()
            >>> value = model.logcdf_reward([2.0], 1e-30, jnp.array([0, 2, 0]))  # of 1 − exp(−y)
            >>> round(float(value / jnp.log(10)), 4)
            -30.0
        """
        return self._of_reward("logcdf", theta, y, rewards)

    def sf_reward(self, theta: ArrayLike, y: ArrayLike, rewards: ArrayLike) -> Array:
        """Survival function of an accumulated reward. Arguments as for `pdf_reward`.

        Example:
            >>> model = phasic.models.kingman(2).model()
            >>> round(float(model.sf_reward([1.0], 2.0, jnp.array([0, 2, 0]))), 4)  # exp(−y / 2)
            0.3679
        """
        return self._of_reward("sf", theta, y, rewards)

    def logsf_reward(self, theta: ArrayLike, y: ArrayLike, rewards: ArrayLike) -> Array:
        """Logarithm of `sf_reward`, right where that underflows. Arguments as for `pdf_reward`.

        Example:
            >>> model = phasic.models.kingman(2).model()
            >>> round(float(model.logsf_reward([1.0], 2000.0, jnp.array([0, 2, 0]))), 4)  # −y / 2
            -1000.0
        """
        return self._of_reward("logsf", theta, y, rewards)

    def _of_reward(self, name: str, theta: ArrayLike, y: ArrayLike, rewards: ArrayLike) -> Array:
        self._must_be_continuous(f"{name}_reward")
        at = jnp.asarray(y)
        function = Function(f"phasic_{name}_reward_v1", n_values=at.size, rtol=self.rtol, of_points=True)
        values = evaluate(function, self.key, self._theta(theta), at.reshape(-1), self._row(rewards))
        return values.reshape(at.shape)

    def occupancy(self, theta: ArrayLike, time: ArrayLike) -> Array:
        """Probability of each vertex at a time, (n_vertices,); 0 at absorbing ones.

        Differentiable once, in theta and time. Right to rtol of the whole.

        Args:
            theta: (p,).
            time: A scalar ≥ 0; map over several with `jax.vmap`.

        Raises:
            ValueError: A shape is not what it must be, or the model is discrete.

        Example:
            >>> model = phasic.models.erlang(2).model()
            >>> np.round(model.occupancy([1.0], 1.0).tolist(), 4).tolist()  # exp(−1) in either phase
            [0.0, 0.3679, 0.3679, 0.0]
        """
        self._must_be_continuous("occupancy")
        at = jnp.asarray(time)
        if at.ndim:
            raise ValueError(f"time has shape {at.shape}, but one number is needed: use jax.vmap for several")
        function = Function("phasic_occupancy_v1", n_values=self.n_vertices, rtol=self.rtol, of_points=True)
        points = jnp.broadcast_to(at, (self.n_vertices,))
        values = evaluate(function, self.key, self._theta(theta), points, tables=self.tables)
        return jnp.zeros_like(values).at[jnp.asarray(self.original)].set(values)

    def _curve(self, name: str, theta: ArrayLike, time: ArrayLike) -> Array:
        self._must_be_continuous(name)
        return self._of_points(f"phasic_{name}_v1", theta, time)

    def _of_points(
        self, target: str, theta: ArrayLike, points: ArrayLike, rewards: ArrayLike | None = None
    ) -> Array:
        theta, at = self._theta(theta), jnp.asarray(points)
        function = Function(target, n_values=at.size, rtol=self.rtol, of_points=True)
        row = None if rewards is None else self._row(rewards)
        values = evaluate(function, self.key, theta, at.reshape(-1), row, self.tables)
        return values.reshape(at.shape)

    def _must_be_continuous(self, name: str) -> None:
        if self.discrete:
            raise ValueError(f"{name}() is of the law in time: make the model with discrete=False")

    def _theta(self, theta: ArrayLike) -> Array:
        given = jnp.asarray(theta)
        if given.shape != (self.n_parameters,):
            raise ValueError(f"theta has shape {given.shape}, but the model needs ({self.n_parameters},)")
        return given

    def _row(self, rewards: ArrayLike) -> Array:
        """Rewards in the trace's order."""
        given = jnp.asarray(rewards)
        if given.shape != (self.n_vertices,):
            raise ValueError(f"rewards has shape {given.shape}, but the model needs ({self.n_vertices},)")
        return given[jnp.asarray(self.original)]

    def _rows(self, rewards: ArrayLike) -> Array:
        given = jnp.asarray(rewards)
        if given.ndim != 2 or given.shape[1] != self.n_vertices:
            raise ValueError(
                f"rewards has shape {given.shape}, but the model needs (k, {self.n_vertices}), a row for each"
            )
        return given[:, jnp.asarray(self.original)]
