"""Several accumulated rewards at once: joint moments, transforms and atoms."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check, _core
from phasic._check import Doubles
from phasic._gradients import Gradient
from phasic._marks import Marks


class Rewards(Marks):
    """Joint laws of several rewards; see `phasic.Graph`."""

    def joint_moments(self, orders: ArrayLike, rewards: ArrayLike) -> Doubles:
        """Means of products of powers of rewards, for all orders up to the given ones.

        One solve for each (Bladt & Nielsen 2017, theorem 8.1.5). For rewards ≥ 0 nothing is subtracted:
        relative errors are about 1e-14.

        Args:
            orders: (m,) whole numbers ≥ 0, at most 1000.
            rewards: (m, n_vertices): row i says what reward i collects in each vertex, per unit of time.

        Returns:
            An array of shape (orders[0] + 1, …, orders[m - 1] + 1), whose entry [j0, j1, …] is the mean of
            Y0^j0 · Y1^j1 ⋯, and whose first is 1.

        Raises:
            ValueError: An argument is not what it must be, so many moments do not fit in memory.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> phase = graph.states()[:, 0]
            >>> graph.joint_moments([2, 1], [phase == 1, phase == 2]).round(6).tolist()  # j! · k!
            [[1.0, 1.0], [1.0, 1.0], [2.0, 2.0]]
        """
        return self._joint_moments(orders, rewards, discrete=False)

    def joint_moments_discrete(self, orders: ArrayLike, rewards: ArrayLike) -> Doubles:
        """As `joint_moments`, for rewards that are collected per step of the discrete chain.

        Weights are probabilities as for `pmf_discrete`. Arguments and result as for `joint_moments`.

        Raises:
            ValueError: As for `joint_moments`, or the weights of a vertex exceed 1.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([0.5])  # each phase: mean 2, mean square 6
            >>> phase = graph.states()[:, 0]
            >>> graph.joint_moments_discrete([2, 1], [phase == 1, phase == 2]).round(6).tolist()
            [[1.0, 2.0], [2.0, 4.0], [6.0, 12.0]]
        """
        return self._joint_moments(orders, rewards, discrete=True)

    def joint_laplace_transform(self, s: ArrayLike, rewards: ArrayLike) -> float | complex:
        """Joint Laplace transform of several rewards: E of exp(−Σ s[i] · Y[i]).

        Args:
            s: (m,) numbers, or complex numbers, with real parts ≥ 0.
            rewards: (m, n_vertices), ≥ 0, per unit of time.

        Returns:
            A float for real s, else a complex number.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> phase = graph.states()[:, 0]
            >>> round(graph.joint_laplace_transform([1.0, 3.0], [phase == 1, phase == 2]), 6)  # 1/2 · 1/4
            0.125
        """
        matrix = self._non_negative_matrix(rewards)
        at = np.atleast_1d(np.asarray(s))
        if not np.iscomplexobj(at):
            return self.laplace_transform(1.0, self._weighted(at, matrix))
        if at.shape != (len(matrix),):
            raise ValueError(f"s has shape {at.shape}, but there are {len(matrix)} rewards: ({len(matrix)},)")
        re, im = (np.ascontiguousarray(part, dtype=np.float64) for part in (at.real, at.imag))
        ordered = self._columns_in_canonical_order(matrix)
        return complex(*self._recorded().joint_laplace(self._current_theta(), re, im, ordered))

    def joint_laplace_gradient(self, s: ArrayLike, rewards: ArrayLike) -> tuple[Gradient, Doubles]:
        """Gradient of `joint_laplace_transform` at real s, and its derivatives in s.

        Args:
            s: (m,) numbers ≥ 0.
            rewards: (m, n_vertices), ≥ 0, per unit of time.

        Returns:
            A `Gradient`, and the derivatives in s, (m,).

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> phase = graph.states()[:, 0]
            >>> found, in_s = graph.joint_laplace_gradient([1.0, 3.0], [phase == 1, phase == 2])
            >>> round(found.value, 6), in_s.round(6).tolist()  # −1/8 · 1/2 and −1/8 · 1/4
            (0.125, [-0.0625, -0.03125])
        """
        matrix = self._non_negative_matrix(rewards)
        at = np.atleast_1d(_check.doubles("s", s))
        found, _ = self.laplace_gradient(1.0, self._weighted(at, matrix))
        shares = found.rewards[0]
        in_rewards = tuple(each * shares for each in at)
        return Gradient(found.value, found.theta, in_rewards, found.initial), matrix @ shares

    def atoms(self, rewards: ArrayLike) -> Doubles:
        """Probabilities that rewards stay zero, jointly.

        Args:
            rewards: (m, n_vertices), ≥ 0, m at most 12; or (n_vertices,) for one reward.

        Returns:
            An array of shape (2, …, 2), with m axes, whose entry [0, 1, …] is the probability that the first
            reward stays zero, the second becomes positive, and so on. They sum to 1; nothing is subtracted,
            so small ones are right too.

        Raises:
            ValueError: The rewards are not what they must be.

        Example:
            >>> graph = phasic.models.coxian(2)
            >>> graph.update_parameterized_weights([1.0, 3.0, 4.0])  # one in four goes on to phase 2
            >>> graph.atoms(graph.states()[:, 0] == 2).round(6).tolist()
            [0.75, 0.25]
        """
        matrix = _check.reward_rows(rewards, self.vertices_length())
        ordered = self._columns_in_canonical_order(matrix)
        return self._recorded().atoms(self._current_theta(), ordered).reshape((2,) * len(matrix))

    def atom_gradient(self, rewards: ArrayLike) -> Gradient:
        """Gradient of the probability that a reward stays zero; see `atoms`.

        Args:
            rewards: (n_vertices,), ≥ 0; or (m, n_vertices), of the probability that all stay zero.

        Returns:
            A `Gradient` in theta and in the initial probabilities.

        Raises:
            ValueError: The rewards are not what they must be.

        Example:
            >>> graph = phasic.models.coxian(2)
            >>> graph.update_parameterized_weights([1.0, 1.0, 4.0])
            >>> found = graph.atom_gradient(graph.states()[:, 0] == 2)  # exit / (onward + exit)
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (0.5, [-0.25, 0.25, 0.0])
        """
        zero = self._zero(rewards, "rewards")
        return self._gradient((self._recorded().atom_gradient(self._current_theta(), zero), None))

    def moments_given_zero(self, power: int, rewards: ArrayLike | None, zero: ArrayLike) -> Doubles:
        """Raw moments of a reward, given that others stay zero.

        Args:
            power: The highest order, at least 1.
            rewards: (n_vertices,) per unit of time, or None for the time.
            zero: (n_vertices,), ≥ 0: the reward that stays zero; or (m, n_vertices) for several.

        Returns:
            The moments of order 1 to `power`, (power,).

        Raises:
            ValueError: An argument is not what it must be, the other reward is surely positive.

        Example:
            >>> graph = phasic.models.coxian(2)
            >>> graph.update_parameterized_weights([1.0, 1.0, 4.0])
            >>> second = graph.states()[:, 0] == 2
            >>> graph.moments_given_zero(2, None, zero=second).round(6).tolist()  # exponential of rate 1 + 1
            [0.5, 0.5]
        """
        power, ordered = _check.power(power), self._rewards(rewards)
        other = self._zero(zero, "zero")
        return self._recorded().moments_given_zero(self._current_theta(), power, ordered, other)

    def moments_given_zero_gradient(
        self, seeds: ArrayLike, rewards: ArrayLike | None, zero: ArrayLike
    ) -> Gradient:
        """Gradient of a weighted sum of `moments_given_zero`.

        Args:
            seeds: (k,) weights of the moments of order 1 to k.
            rewards, zero: As for `moments_given_zero`.

        Returns:
            A `Gradient`.

        Raises:
            ValueError: As for `moments_given_zero`.

        Example:
            >>> graph = phasic.models.coxian(2)
            >>> graph.update_parameterized_weights([1.0, 1.0, 4.0])
            >>> second = graph.states()[:, 0] == 2
            >>> found = graph.moments_given_zero_gradient([1.0], None, zero=second)  # 1 / (onward + exit)
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (0.5, [-0.25, -0.25, 0.0])
        """
        checked, ordered = _check.finite_vector("seeds", seeds), self._rewards(rewards)
        other, theta = self._zero(zero, "zero"), self._current_theta()
        found = self._recorded().moments_given_zero_gradient(theta, checked, ordered, other)
        return self._gradient((found, None))

    # The chain in reward time

    def reward_transform(self, rewards: ArrayLike, validate_rewards: bool = True) -> Self:
        """The graph whose absorption time is the reward accumulated by this one.

        Vertices without reward are eliminated; paths through them alone become the defect, an atom at 0.
        States stay. Parameters stay too, unless a vertex without reward leads on with probabilities that
        depend on theta: then the weights are constants, at this graph's parameters. They do not depend on it
        where the weights out of the vertex are all constants, or all multiples of one and the same parameter.

        Source: Bladt & Nielsen 2017, theorem 3.1.33.

        Args:
            rewards: (n_vertices,), ≥ 0.
            validate_rewards: Means nothing: they always are.

        Raises:
            ValueError: The rewards are not what they must be.

        Example:
            >>> graph = phasic.models.kingman(3)
            >>> graph.update_parameterized_weights([1.0])
            >>> branches = graph.reward_transform(graph.states()[:, 0])
            >>> round(branches.cdf(2.0), 6)  # (1 − exp(−1))²
            0.399576
        """
        ordered = self._transforming("reward_transform", rewards)
        trace = self._recorded()
        builder = trace.reward_transform_for_any_theta(ordered) if self.parameterized() else None
        if builder is None:
            builder = trace.reward_transform(self._current_theta(), ordered)
        return self._transformed(builder)

    def reward_transform_discrete(self, rewards: ArrayLike) -> Self:
        """The discrete graph whose number of steps is the reward that this one's discrete chain collects.

        A vertex with reward r becomes a row of r vertices, one step each. Vertices without reward are
        eliminated; paths through them alone become the defect. States get one more entry: the step within the
        row, from 0 on. Parameters stay as for `reward_transform`; but where a reward is above 1, only in a
        graph that is normalized.

        Source: Campillo Navarro 2019, "Order statistics and multivariate discrete phase-type distributions",
        PhD thesis, DTU.

        Args:
            rewards: (n_vertices,) whole numbers ≥ 0, of at most 1e8 in all.

        Raises:
            ValueError: The rewards are not what they must be, or the weights of a vertex exceed 1.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])
            >>> double = graph.reward_transform_discrete([0, 2, 0])
            >>> double.pmf_discrete([2, 3, 4]).round(6).tolist()
            [0.5, 0.0, 0.25]
        """
        ordered = self._transforming("reward_transform_discrete", rewards, whole=True)
        trace = self._recorded()
        builder = trace.reward_transform_discrete_for_any_theta(ordered) if self.parameterized() else None
        if builder is None:
            builder = trace.reward_transform_discrete(self._current_theta(), ordered)
        graph = self._transformed(builder)
        graph.is_discrete = True
        return graph

    def _transforming(self, name: str, rewards: ArrayLike, *, whole: bool = False) -> Doubles:
        checked = _check.reward_vector(rewards, self.vertices_length(), whole=whole)
        if checked is None:
            raise ValueError(f"{name} needs rewards, one for each vertex")
        _check.non_negative_rewards(checked)
        ordered = self._in_canonical_order(checked)
        assert ordered is not None
        return ordered

    def _transformed(self, builder: _core.GraphBuilder) -> Self:
        graph = self._from_builder(builder)
        graph._in_rewards = True
        if graph.param_length() == self.param_length() and self._theta is not None:
            graph._theta = self._theta.copy()
        return graph

    def _joint_moments(self, orders: ArrayLike, rewards: ArrayLike, *, discrete: bool) -> Doubles:
        each, ordered = self._orders(orders, rewards)
        moments = self._recorded().joint_moments(self._current_theta(), each, ordered, discrete)
        return moments.reshape([order + 1 for order in each])

    def _non_negative_matrix(self, rewards: ArrayLike) -> Doubles:
        matrix = _check.reward_matrix(rewards, self.vertices_length())
        _check.non_negative_rewards(matrix)
        return matrix

    def _weighted(self, s: Doubles, matrix: Doubles) -> Doubles:
        """The rewards that the transform is of: Σ s[i] · rewards[i], (n_vertices,)."""
        at = _check.times("s", s)
        if at.shape != (len(matrix),):
            raise ValueError(f"s has shape {at.shape}, but there are {len(matrix)} rewards: ({len(matrix)},)")
        if not np.isfinite(at).all():
            raise ValueError(f"s[{int(np.argmin(np.isfinite(at)))}] is inf: it must be finite")
        weighted: Doubles = at @ matrix
        return weighted

    def _zero(self, rewards: ArrayLike, name: str) -> Doubles:
        """Positive where any of the rewards is, in the trace's order."""
        ordered = self._columns_in_canonical_order(_check.reward_rows(rewards, self.vertices_length(), name))
        return np.asarray((ordered > 0).any(axis=0), dtype=np.float64)
