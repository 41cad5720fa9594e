"""Derivatives of a graph's numbers, each by one sweep back through the elimination."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check
from phasic._check import Doubles
from phasic._distribution import Distribution
from phasic._vertex import Vertex


@dataclass(frozen=True)
class Gradient:
    """A number with its derivatives.

    Attributes:
        value: The number.
        theta: In the parameters, (param_length,).
        rewards: In each vector of rewards, (n_vertices,) each; empty where there are none.
    """

    value: float
    theta: Doubles
    rewards: tuple[Doubles, ...] = ()


class Gradients(Distribution):
    """Exact gradients at a graph's parameters; see `phasic.Graph`.

    One costs two to four values, whatever the number of parameters and vertices. The sweep runs through the
    very operations of the elimination, so it keeps its digits on stiff chains.
    """

    def expectation_gradient(self, rewards: ArrayLike | None = None) -> Gradient:
        """Of the mean time, or reward, until absorption."""
        return self.moments_gradient([1.0], rewards)

    def moments_gradient(self, seeds: ArrayLike, rewards: ArrayLike | None = None) -> Gradient:
        """Of the sum of `seeds[k - 1]` times the k-th raw moment: any combination in one sweep."""
        checked = _check.finite_vector("seeds", seeds)
        theta, ordered = self._current_theta(), self._rewards(rewards)
        return self._gradient(self._recorded().moments_gradient(theta, checked, ordered))

    def covariance_gradient(
        self, rewards1: ArrayLike | None = None, rewards2: ArrayLike | None = None
    ) -> Gradient:
        """Of the covariance of two rewards."""
        first, second = self._rewards(rewards1), self._rewards(rewards2)
        return self._gradient(self._recorded().covariance_gradient(self._current_theta(), first, second))

    def absorption_gradient(self, vertex: Vertex) -> Gradient:
        """Of the probability of ending in an absorbing vertex; see `absorption_probability`."""
        index = self._absorbing(vertex)
        return self._gradient(self._recorded().absorption_gradient(self._current_theta(), index))

    def laplace_gradient(self, s: float, rewards: ArrayLike | None = None) -> tuple[Gradient, float]:
        """Of E exp(-s · T), and its derivative in s; s ≥ 0, rewards ≥ 0."""
        checked = _check.reward_vector(rewards, self.vertices_length())
        _check.non_negative_rewards(checked)
        at, ordered = _check.number("s", s), self._in_canonical_order(checked)
        found, in_s = self._recorded().laplace_gradient(self._current_theta(), at, ordered)
        return self._gradient(found), in_s

    def hessian_product(self, direction: ArrayLike, rewards: ArrayLike | None = None) -> Doubles:
        """Hessian in theta of the mean time, or reward, times a direction, (param_length,).

        Forward over reverse: the sweep back runs on numbers that carry their derivative along the direction.
        """
        checked = _check.theta_vector(direction, self.param_length())
        theta, ordered = self._current_theta(), self._rewards(rewards)
        return self._recorded().hessian_product(theta, checked, ordered)[2]

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

    def _gradient(self, found: tuple[float, Doubles, Doubles, list[Doubles]]) -> Gradient:
        value, theta, _, rewards = found
        return Gradient(value, theta, tuple(self._in_creation_order(each) for each in rewards))
