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
    """Exact gradients at a graph's parameters, by sweeps back through the elimination; see `phasic.Graph`."""

    def expectation_gradient(
        self, rewards: ArrayLike | None = None, *, discrete: bool = False, direction: ArrayLike | None = None
    ) -> Gradient:
        """Gradient of the mean time, or reward, until absorption.

        One sweep back through the elimination gives the exact derivatives in everything, at two to four times
        the cost of the value; see the concept page on elimination.

        Args:
            rewards: (n_vertices,) per unit of time, or None for the time.
            discrete: Rewards are collected per step of the discrete chain; see `pmf_discrete`.
            direction: (param_length,): the result's `product` is then the Hessian in theta times this
                direction, at two to three times the cost.

        Returns:
            A `Gradient`, the value with its derivatives in theta, the rewards and the initial probabilities.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.mm1k_busy_period(2)
            >>> graph.update_parameterized_weights([1.0, 2.0])  # arrivals a, services s
            >>> found = graph.expectation_gradient()
            >>> round(found.value, 6), found.theta.round(6).tolist()  # of 1 / s + a / s²
            (0.75, [0.25, -0.5])
        """
        return self.moments_gradient([1.0], rewards, discrete=discrete, direction=direction)

    def moments_gradient(
        self,
        seeds: ArrayLike,
        rewards: ArrayLike | None = None,
        *,
        discrete: bool = False,
        direction: ArrayLike | None = None,
    ) -> Gradient:
        """Gradient of a weighted sum of raw moments: any combination in one sweep.

        Args:
            seeds: (k,) weights of the moments of order 1 to k.
            rewards: (n_vertices,) per unit of time, or None for the time.
            discrete, direction: As for `expectation_gradient`.

        Returns:
            A `Gradient` of the sum of `seeds[j - 1]` times the j-th moment.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([2.0])
            >>> found = graph.moments_gradient([0.0, 1.0])  # of E T² = 2 / θ²
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (0.5, [-0.5])
        """
        checked = _check.finite_vector("seeds", seeds)
        theta, ordered = self._current_theta(), self._rewards(rewards)
        found = self._recorded().moments_gradient(
            theta, checked, ordered, discrete=discrete, direction=self._direction(direction)
        )
        return self._gradient(found)

    def cross_moment_gradient(
        self, rewards: ArrayLike, *, discrete: bool = False, direction: ArrayLike | None = None
    ) -> Gradient:
        """Gradient of the mean of the product of several rewards; see `cross_moment`.

        Args:
            rewards: (k, n_vertices), 1 to 10 of them, per unit of time.
            discrete, direction: As for `expectation_gradient`.

        Returns:
            A `Gradient`.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([2.0])
            >>> phase = graph.states()[:, 0]
            >>> found = graph.cross_moment_gradient([phase == 1, phase == 2])  # of 1 / θ²
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (0.25, [-0.25])
        """
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
        """Gradient of a weighted sum of `joint_moments(orders, rewards)`: any combination in one sweep.

        Args:
            orders: (m,) whole numbers ≥ 0.
            rewards: (m, n_vertices), per unit of time.
            seeds: Weights, (orders[0] + 1, …, orders[m - 1] + 1), or None for the moment of the highest order
                alone.
            discrete: Rewards are collected per step, as in `joint_moments_discrete`.
            direction: As for `expectation_gradient`.

        Returns:
            A `Gradient`.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> phase = graph.states()[:, 0]
            >>> found = graph.joint_moments_gradient([2, 1], [phase == 1, phase == 2])  # of 2 / θ² · 1 / θ
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (2.0, [-6.0])
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
        """Gradient of the covariance of two rewards; of the variance of one that is given twice.

        Args:
            rewards1, rewards2: (n_vertices,) per unit of time, or None for the time.
            discrete, direction: As for `expectation_gradient`.

        Returns:
            A `Gradient`.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([2.0])
            >>> found = graph.covariance_gradient()  # the variance, 2 / θ²
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (0.5, [-0.5])
        """
        first, second = self._rewards(rewards1), self._rewards(rewards2)
        theta, along = self._current_theta(), self._direction(direction)
        found = self._recorded().covariance_gradient(theta, first, second, discrete=discrete, direction=along)
        return self._gradient(found)

    def waiting_time_gradient(
        self, seeds: ArrayLike, rewards: ArrayLike | None = None, *, direction: ArrayLike | None = None
    ) -> Gradient:
        """Gradient of a weighted sum of `expected_waiting_time(rewards)`.

        Args:
            seeds: (n_vertices,) weights.
            rewards: (n_vertices,) per unit of time, or None for the time.
            direction: As for `expectation_gradient`.

        Returns:
            A `Gradient`.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.kingman(3)
            >>> graph.update_parameterized_weights([1.0])
            >>> found = graph.waiting_time_gradient(graph.states()[:, 0] == 2)  # from two lineages: 1 / θ
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (1.0, [-1.0])
        """
        theta, ordered = self._current_theta(), self._rewards(rewards)
        along = self._direction(direction)
        found = self._recorded().waiting_gradient(theta, self._seeds(seeds), ordered, direction=along)
        return self._gradient(found)

    def residence_time_gradient(
        self, seeds: ArrayLike, rewards: ArrayLike | None = None, *, direction: ArrayLike | None = None
    ) -> Gradient:
        """Gradient of a weighted sum of `expected_residence_time(rewards)`.

        Args:
            seeds: (n_vertices,) weights.
            rewards: (n_vertices,) per unit of time, or None for the time.
            direction: As for `expectation_gradient`.

        Returns:
            A `Gradient`.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.kingman(3)
            >>> graph.update_parameterized_weights([1.0])
            >>> found = graph.residence_time_gradient(graph.states()[:, 0])  # all branches: 3 / θ
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (3.0, [-3.0])
        """
        theta, ordered = self._current_theta(), self._rewards(rewards)
        along = self._direction(direction)
        found = self._recorded().residence_gradient(theta, self._seeds(seeds), ordered, direction=along)
        return self._gradient(found)

    def visits_gradient(self, seeds: ArrayLike, *, direction: ArrayLike | None = None) -> Gradient:
        """Gradient of a weighted sum of `expected_visits()`.

        Args:
            seeds: (n_vertices,) weights; one at an absorbing vertex weighs the probability of ending there.
            direction: As for `expectation_gradient`.

        Returns:
            A `Gradient`.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.repairable_system(2)
            >>> graph.update_parameterized_weights([1.0, 1.0])  # failures λ, repairs μ
            >>> found = graph.visits_gradient(graph.states()[:, 0] == 2)  # 1 + μ / λ visits
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (2.0, [-1.0, 1.0])
        """
        theta, along = self._current_theta(), self._direction(direction)
        return self._gradient(self._recorded().visits_gradient(theta, self._seeds(seeds), direction=along))

    def absorption_gradient(
        self, vertex: Vertex, seeds: ArrayLike | None = None, *, direction: ArrayLike | None = None
    ) -> Gradient:
        """Gradient of the probability of ending in an absorbing vertex; see `absorption_probability`.

        Args:
            vertex: An absorbing vertex of this graph.
            seeds: (n_vertices,) weights of the probabilities from each vertex; None for that from the start.
            direction: As for `expectation_gradient`.

        Returns:
            A `Gradient`.

        Raises:
            ValueError: An argument is not what it must be.
            TypeError: `vertex` is no vertex.

        Example:
            >>> risks = {0: [((1,), [1.0, 0.0]), ((2,), [0.0, 1.0])], 1: [], 2: []}
            >>> graph = phasic.Graph(callback=lambda state: risks[state[0]] if len(state) else [((0,), 1.0)])
            >>> graph.update_parameterized_weights([1.0, 3.0])
            >>> found = graph.absorption_gradient(graph.find_vertex([1]))  # of a / (a + b)
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (0.25, [0.1875, -0.0625])
        """
        index = self._absorbing(vertex)
        if seeds is None:
            seeds = np.zeros(self.vertices_length())
            seeds[self.starting_vertex().index()] = 1.0
        theta, weights = self._current_theta(), self._seeds(seeds)
        along = self._direction(direction)
        return self._gradient(self._recorded().absorption_gradient(theta, index, weights, direction=along))

    def defect_gradient(self, *, direction: ArrayLike | None = None) -> Gradient:
        """Gradient of the probability of starting absorbed.

        Args:
            direction: As for `expectation_gradient`.

        Returns:
            A `Gradient`.

        Raises:
            ValueError: The direction is not what it must be.

        Example:
            >>> graph = phasic.Graph(1)
            >>> ill, well = graph.create_vertex([1]), graph.create_vertex([0])
            >>> graph.starting_vertex().add_edge_parameterized(ill, 0.0, [1.0])
            >>> ill.add_edge(well, 2.0)
            >>> graph.update_parameterized_weights([0.75])
            >>> graph.defect_gradient().theta.tolist()  # of 1 − θ
            [-1.0]
        """
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
        """Gradient of the Laplace transform E exp(−s · T), and its derivative in s.

        At a complex s each derivative is one complex number, since the transform is analytic in everything.

        Args:
            s: A number ≥ 0, or a complex number, whose real part is not negative, in the unit of the rates.
            rewards: (n_vertices,), ≥ 0, or None for the time.
            direction: As for `expectation_gradient`; for a real s.

        Returns:
            A `Gradient` and a float; at a complex s a `ComplexGradient` and a complex number.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([1.0])
            >>> found, in_s = graph.laplace_gradient(1.0)  # of θ / (θ + s)
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(in_s, 6)
            (0.5, [0.25], -0.25)
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
        """Hessian in theta of the mean time, or reward, times a direction.

        The gradient of any other number gives its own for a `direction`.

        Args:
            direction: (param_length,).
            rewards, discrete: As for `expectation_gradient`.

        Returns:
            The product, (param_length,).

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.repairable_system(2)
            >>> graph.update_parameterized_weights([1.0, 1.0])  # failures λ, repairs μ
            >>> graph.hessian_product([1.0, 0.0]).round(6).tolist()  # of 3 / (2 λ) + μ / (2 λ²), along λ
            [6.0, -1.0]
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
            thetas: (k, param_length). The graph's own theta is neither needed nor changed.
            rewards: (n_vertices,) per unit of time, or None for the time.

        Returns:
            Values (k,) and gradients (k, param_length).

        Raises:
            ValueError: An argument is not what it must be, or the graph has no parameters.

        Example:
            >>> graph = phasic.models.structured_coalescent((1, 1), symmetric=True)
            >>> values, gradients = graph.expectation_batch([[1.0, 0.5], [1.0, 0.25]])
            >>> values.round(6).tolist(), gradients.round(6).tolist()  # 2 / coalescence + 1 / (2 migration)
            ([3.0, 4.0], [[-2.0, -2.0], [-2.0, -8.0]])
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
