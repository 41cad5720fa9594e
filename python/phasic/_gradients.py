"""Derivatives of a graph's numbers, each by one sweep back through the elimination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check
from phasic._check import Doubles
from phasic._distribution import Distribution
from phasic._vertex import Vertex

if TYPE_CHECKING:
    from phasic import _core

Complexes = NDArray[np.complex128]


@dataclass(frozen=True)
class Gradient:
    """A number with its derivatives, as `Graph.expectation_gradient` gives them.

    Attributes:
        value: The number.
        theta: In the parameters, (param_length,).
        rewards: In each vector of rewards, (n_vertices,) each; empty where there are none.
        initial: In the probability of starting in each vertex, (n_vertices,), taken from that of starting
            absorbed.
        product: Hessian in theta times the direction, (param_length,), where one was given.

    Example:
        >>> graph = phasic.models.erlang(3)
        >>> graph.update_weights([2.0])
        >>> gradient = graph.expectation_gradient()
        >>> round(gradient.value, 9), gradient.theta.round(9).tolist()  # 3 / rate and −3 / rate²
        (1.5, [-0.75])
    """

    value: float
    theta: Doubles
    rewards: tuple[Doubles, ...] = ()
    initial: Doubles | None = None
    product: Doubles | None = None


@dataclass(frozen=True)
class ComplexGradient:
    """A complex number with its derivatives, as `Graph.laplace_gradient` gives them.

    Attributes:
        value: The number.
        theta: In the parameters, (param_length,).
        rewards: In each vector of rewards, (n_vertices,) each; empty where there are none.
        initial: In the probability of starting in each vertex, (n_vertices,), taken from that of starting
            absorbed.

    Example:
        >>> graph = phasic.models.erlang(1)
        >>> graph.update_weights([1.0])
        >>> gradient, _ = graph.laplace_gradient(1j)  # of rate / (rate + s), at s = i
        >>> np.round([gradient.value, *gradient.theta], 9).tolist()  # 1 / (1 + i), and i / (1 + i)²
        [(0.5-0.5j), (0.5+0j)]
    """

    value: complex
    theta: Complexes
    rewards: tuple[Complexes, ...]
    initial: Complexes


class Gradients(Distribution):
    """Exact gradients at a graph's parameters; see `phasic.Graph`.

    One costs two to four values, whatever the number of parameters and vertices. The sweep runs through the
    very operations of the elimination, so it keeps its digits on stiff chains.

    Seeds are the weights of a sum whose gradient is wanted. Where they belong to vertices they have one entry
    per vertex, in the order of `vertices()`. With a `direction`, (param_length,), the gradient comes with the
    Hessian in theta times the direction, at two to three times the cost: the sweep back then runs on numbers
    that carry their derivative along the direction. With `discrete`, rewards are collected per step of the
    discrete chain; see `pmf_discrete`.
    """

    def expectation_gradient(
        self, rewards: ArrayLike | None = None, *, discrete: bool = False, direction: ArrayLike | None = None
    ) -> Gradient:
        """Of the mean time, or reward, until absorption."""
        return self.moments_gradient([1.0], rewards, discrete=discrete, direction=direction)

    def moments_gradient(
        self,
        seeds: ArrayLike,
        rewards: ArrayLike | None = None,
        *,
        discrete: bool = False,
        direction: ArrayLike | None = None,
    ) -> Gradient:
        """Of the sum of `seeds[k - 1]` times the k-th raw moment: any combination in one sweep."""
        checked = _check.finite_vector("seeds", seeds)
        theta, ordered = self._current_theta(), self._rewards(rewards)
        found = self._recorded().moments_gradient(
            theta, checked, ordered, discrete=discrete, direction=self._direction(direction)
        )
        return self._gradient(found)

    def cross_moment_gradient(
        self, rewards: ArrayLike, *, discrete: bool = False, direction: ArrayLike | None = None
    ) -> Gradient:
        """Of the mean of the product of several rewards; see `cross_moment`."""
        orders, ordered = self._factors(rewards)
        seeds = np.zeros([2] * len(orders))
        seeds.flat[-1] = 1.0
        return self._joint_gradient(orders, ordered, seeds, discrete, direction)

    def joint_moments_gradient(
        self,
        orders: ArrayLike,
        rewards: ArrayLike,
        seeds: ArrayLike | None = None,
        *,
        discrete: bool = False,
        direction: ArrayLike | None = None,
    ) -> Gradient:
        """Of the sum of `seeds` times `joint_moments(orders, rewards)`: any combination in one sweep.

        Args:
            orders: (m,) whole numbers ≥ 0.
            rewards: (m, n_vertices).
            seeds: (orders[0] + 1, …, orders[m - 1] + 1), or None for the moment of the highest order alone.
            discrete: Rewards are collected per step, as in `joint_moments_discrete`.
            direction: (param_length,).
        """
        each, ordered = self._orders(orders, rewards)
        shape = tuple(order + 1 for order in each)
        if seeds is None:
            checked = np.zeros(shape)
            checked.flat[-1] = 1.0
        else:
            checked = _check.doubles("seeds", seeds)
            if checked.shape != shape:
                raise ValueError(f"seeds has shape {checked.shape}, but there are moments of shape {shape}")
        return self._joint_gradient(each, ordered, checked, discrete, direction)

    def _joint_gradient(
        self, orders: list[int], rewards: Doubles, seeds: Doubles, discrete: bool, direction: ArrayLike | None
    ) -> Gradient:
        checked, along = _check.finite_vector("seeds", seeds.ravel()), self._direction(direction)
        found = self._recorded().joint_moments_gradient(
            self._current_theta(), orders, rewards, checked, discrete=discrete, direction=along
        )
        return self._gradient(found)

    def covariance_gradient(
        self,
        rewards1: ArrayLike | None = None,
        rewards2: ArrayLike | None = None,
        *,
        discrete: bool = False,
        direction: ArrayLike | None = None,
    ) -> Gradient:
        """Of the covariance of two rewards."""
        first, second = self._rewards(rewards1), self._rewards(rewards2)
        theta, along = self._current_theta(), self._direction(direction)
        found = self._recorded().covariance_gradient(theta, first, second, discrete=discrete, direction=along)
        return self._gradient(found)

    def waiting_time_gradient(
        self, seeds: ArrayLike, rewards: ArrayLike | None = None, *, direction: ArrayLike | None = None
    ) -> Gradient:
        """Of the sum of seeds, (n_vertices,), times `expected_waiting_time`."""
        theta, ordered = self._current_theta(), self._rewards(rewards)
        along = self._direction(direction)
        found = self._recorded().waiting_gradient(theta, self._seeds(seeds), ordered, direction=along)
        return self._gradient(found)

    def residence_time_gradient(
        self, seeds: ArrayLike, rewards: ArrayLike | None = None, *, direction: ArrayLike | None = None
    ) -> Gradient:
        """Of the sum of seeds, (n_vertices,), times `expected_residence_time`."""
        theta, ordered = self._current_theta(), self._rewards(rewards)
        along = self._direction(direction)
        found = self._recorded().residence_gradient(theta, self._seeds(seeds), ordered, direction=along)
        return self._gradient(found)

    def visits_gradient(self, seeds: ArrayLike, *, direction: ArrayLike | None = None) -> Gradient:
        """Of the sum of seeds, (n_vertices,), times `expected_visits`.

        A seed at an absorbing vertex counts the probability of ending there.
        """
        theta, along = self._current_theta(), self._direction(direction)
        return self._gradient(self._recorded().visits_gradient(theta, self._seeds(seeds), direction=along))

    def absorption_gradient(
        self, vertex: Vertex, seeds: ArrayLike | None = None, *, direction: ArrayLike | None = None
    ) -> Gradient:
        """Of the probability of ending in an absorbing vertex; see `absorption_probability`.

        With seeds, (n_vertices,), of their sum times the probabilities from each vertex.
        """
        index = self._absorbing(vertex)
        if seeds is None:
            seeds = np.zeros(self.vertices_length())
            seeds[self.starting_vertex().index()] = 1.0
        theta, weights = self._current_theta(), self._seeds(seeds)
        along = self._direction(direction)
        return self._gradient(self._recorded().absorption_gradient(theta, index, weights, direction=along))

    def defect_gradient(self, *, direction: ArrayLike | None = None) -> Gradient:
        """Of the probability of starting absorbed."""
        theta, along = self._current_theta(), self._direction(direction)
        return self._gradient(self._recorded().defect_gradient(theta, direction=along))

    @overload
    def laplace_gradient(
        self, s: float, rewards: ArrayLike | None = ..., *, direction: ArrayLike | None = ...
    ) -> tuple[Gradient, float]: ...
    @overload
    def laplace_gradient(
        self, s: complex, rewards: ArrayLike | None = ...
    ) -> tuple[ComplexGradient, complex]: ...
    def laplace_gradient(
        self, s: complex, rewards: ArrayLike | None = None, *, direction: ArrayLike | None = None
    ) -> tuple[Gradient, float] | tuple[ComplexGradient, complex]:
        """Of E exp(−s · T), and its derivative in s; rewards ≥ 0.

        At a complex s each derivative is one complex number, since the transform is analytic in everything.

        Args:
            s: A number ≥ 0, or a complex number, whose real part is not negative.
            rewards: (n_vertices,), ≥ 0.
            direction: (param_length,), for a real s.
        """
        checked = _check.reward_vector(rewards, self.vertices_length())
        _check.non_negative_rewards(checked)
        trace, theta, ordered = self._recorded(), self._current_theta(), self._in_canonical_order(checked)
        if not isinstance(s, complex | np.complexfloating):
            along = self._direction(direction)
            real, in_s = trace.laplace_gradient(theta, _check.number("s", s), ordered, direction=along)
            return self._gradient(real), in_s
        if direction is not None:
            raise ValueError(f"direction is given and s is {s!r}: Hessian products need a real s")
        found, in_z = trace.laplace_gradient_at(theta, float(s.real), float(s.imag), ordered)
        value, slopes, _, initial, in_rewards = found
        per_reward = tuple(self._complexes_in_creation_order(each) for each in in_rewards)
        return ComplexGradient(value, slopes, per_reward, self._complexes_in_creation_order(initial)), in_z

    def hessian_product(
        self, direction: ArrayLike, rewards: ArrayLike | None = None, *, discrete: bool = False
    ) -> Doubles:
        """Hessian in theta of the mean time, or reward, times a direction, (param_length,).

        The gradient of any other number gives its own for a `direction`.
        """
        product = self.expectation_gradient(rewards, discrete=discrete, direction=direction).product
        assert product is not None
        return product

    def expectation_batch(
        self, thetas: ArrayLike, rewards: ArrayLike | None = None
    ) -> tuple[Doubles, Doubles]:
        """Mean time, or reward, at many parameters, with gradients.

        Eight parameter vectors share each elimination, side by side, and chunks of eight run on all cores.

        Args:
            thetas: (k, param_length).
            rewards: (n_vertices,).

        Returns:
            Values (k,) and gradients (k, param_length).
        """
        points = _check.doubles("thetas", thetas)
        if points.ndim != 2 or points.shape[1] != self.param_length() or not self.parameterized():
            raise ValueError(
                f"thetas has shape {points.shape}, but the graph has {self.param_length()} parameters: "
                f"(k, {self.param_length()}), at least one of them"
            )
        return self._recorded().batch(np.ascontiguousarray(points), self._rewards(rewards))

    def _seeds(self, seeds: ArrayLike) -> Doubles:
        """One finite seed per vertex, reordered for the trace."""
        checked, n_vertices = _check.finite_vector("seeds", seeds), self.vertices_length()
        if checked.size != n_vertices:
            raise ValueError(
                f"seeds has shape {checked.shape}, but the graph has {n_vertices} vertices: ({n_vertices},)"
            )
        ordered = self._in_canonical_order(checked)
        assert ordered is not None
        return ordered

    def _direction(self, direction: ArrayLike | None) -> Doubles | None:
        """A finite vector, a number standing for one of length one; the core checks its length."""
        if direction is None:
            return None
        return _check.finite_vector("direction", np.atleast_1d(_check.doubles("direction", direction)))

    def _complexes_in_creation_order(self, per_vertex: Complexes) -> Complexes:
        return self._in_creation_order(per_vertex.real) + 1j * self._in_creation_order(per_vertex.imag)

    def _gradient(self, found: _core._Derivatives) -> Gradient:
        (value, theta, _, initial, rewards), product = found
        per_reward = tuple(self._in_creation_order(each) for each in rewards)
        return Gradient(value, theta, per_reward, self._in_creation_order(initial), product)
