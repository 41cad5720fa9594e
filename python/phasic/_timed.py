"""Where a chain is at a time, and what it has collected until then, with their derivatives."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check, _core, _incidence
from phasic._check import Doubles
from phasic._curves import CurveGradient, Curves
from phasic._distribution import RTOL
from phasic._gradients import Gradient


class Timed(Curves):
    """Expectations up to a time, with exact gradients, as `epochs` with one epoch; see `phasic.Graph`."""

    def state_probability_gradient(
        self, time: float, seeds: ArrayLike, *, rtol: float = RTOL
    ) -> CurveGradient:
        """Gradient of a weighted sum of `state_probability(time)`, in the parameters and in time.

        The law is that of `epochs` with one epoch. The derivative in time is what flows in less what flows
        out: near a steady state it cancels.

        Args:
            time: ≥ 0, in the unit of the inverse of the rates.
            seeds: (n_vertices,) weights; those of the starting vertex and of absorbing ones do not count.
            rtol: As for `pdf`.

        Returns:
            A `CurveGradient`.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> found = graph.state_probability_gradient(1.0, graph.states()[:, 0] == 2)  # exp(−θ t)
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.time, 6)
            (0.367879, [-0.367879], -0.367879)
        """
        at, ordered, epochs = _check.time(time), self._seeds(seeds), self._timed(_finer(rtol))
        value, (in_theta,), _ = epochs.occupancy_gradient(at, ordered)
        return CurveGradient(value, in_theta, epochs.occupancy_slope(at, ordered))

    def cumulative_incidence(self, time: float) -> Doubles:
        """Probability of having been absorbed in each vertex by a time: the cumulative incidence functions of
        competing risks.

        The expected time spent in each vertex until then, times the rates into absorbing ones: all terms are
        positive, so that small probabilities have the digits of `accumulated_visiting_time`.

        Args:
            time: ≥ 0, in the unit of the inverse of the rates; infinity gives the probabilities of ending in
                each vertex, as `absorption_probability` for one.

        Returns:
            The probabilities, (n_vertices,); 0 at transient vertices. They sum to `cdf(time)`: what starts in
            an absorbing vertex is there, and the starting vertex has the probability of never starting, which
            is what the initial probabilities leave of 1.

        Raises:
            ValueError: The time is not ≥ 0, or it is infinite and absorption is not certain.

        Source: Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, 2nd ed., 8.2.

        Example:
            >>> def illness(state):  # 0 healthy, 1 recovered, 2 dead
            ...     if len(state) == 0:
            ...         return [([0], 1.0)]
            ...     return [([1], 2.0), ([2], 1.0)] if state[0] == 0 else []
            >>> graph = phasic.Graph(callback=illness)
            >>> graph.cumulative_incidence(1.0).round(6).tolist()  # 2/3 and 1/3 of 1 − exp(−3)
            [0.0, 0.0, 0.633475, 0.316738]
        """
        trace, spent = self._recorded(), self._in_canonical_order(self.accumulated_visiting_time(time))
        assert spent is not None
        return self._in_creation_order(_incidence.absorbed(trace, self._current_theta(), spent))

    def accumulated_moments(
        self, time: float, power: int, rewards: ArrayLike | None = None, *, rtol: float = RTOL
    ) -> Doubles:
        """Raw moments of the reward collected up to a time.

        The law is that of `epochs` with one epoch: by uniformization with a bound on what is truncated,
        relative to the value, or by contours where the chain is stiff; see the concept page on densities.
        Without rewards it is the time spent until then, min(T, time), with T the time of absorption. The
        first moment is the sum of `accumulated_visiting_time(time)` times the rewards.

        Args:
            time: ≥ 0, in the unit of the inverse of the rates; infinity gives `moments`.
            power: The highest order, at least 1.
            rewards: (n_vertices,) per unit of time, or None for the time; at least 0 unless power is 1.
            rtol: As for `pdf`.

        Returns:
            The moments of order 1 to `power`, (power,).

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.accumulated_moments(1.0, 2).round(6).tolist()  # 1 − exp(−1) and 2 − 4 exp(−1)
            [0.632121, 0.528482]
        """
        return self._timed(rtol).moments(_check.power(power), self._listed(rewards), _check.time(time), False)

    def accumulated_moments_gradient(
        self, time: float, seeds: ArrayLike, rewards: ArrayLike | None = None, *, rtol: float = RTOL
    ) -> CurveGradient:
        """Gradient of a weighted sum of `accumulated_moments`, in theta and in time.

        Args:
            time: As for `accumulated_moments`.
            seeds: (k,) weights of the moments of order 1 to k.
            rewards: (n_vertices,) per unit of time, or None for the time; at least 0 if k is above 1.
            rtol: As for `pdf`.

        Returns:
            A `CurveGradient`.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([1.0])
            >>> found = graph.accumulated_moments_gradient(1.0, [1.0])  # (1 − exp(−θ t)) / θ
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.time, 6)
            (0.632121, [-0.264241], 0.367879)
        """
        at, checked = _check.time(time), _check.finite_vector("seeds", seeds)
        ordered, fine = self._listed(rewards)[0], _finer(rtol)
        if at == 0.0 or math.isinf(at):
            value, (in_theta,), _ = self._timed(fine).moments_gradient(checked, [ordered], at, False)
            at_once = ordered @ self._recorded().occupancy(self._current_theta(), 0.0, fine)
            return CurveGradient(value, in_theta, float(checked[0] * at_once) if at == 0.0 else 0.0)
        # Rewards that end at a time are those of a second epoch without any, whose start is that time.
        rows, later = [ordered, np.zeros_like(ordered)], math.nextafter(at, math.inf)
        value, thetas, starts = self._timed(fine, at).moments_gradient(checked, rows, later, False)
        return CurveGradient(value, thetas[0] + thetas[1], float(starts[1]))

    def truncated_moments(
        self, time: float, power: int, rewards: ArrayLike | None = None, *, rtol: float = RTOL
    ) -> Doubles:
        """Raw moments of the absorption time, or reward, where the chain is absorbed by a time, and 0
        elsewhere.

        Divided by `cdf(time)` these are the moments given absorption by that time. Arguments, method and
        errors as for `accumulated_moments`; rewards must be ≥ 0 for every power.

        Returns:
            The moments of order 1 to `power`, (power,).

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.truncated_moments(1.0, 2).round(6).tolist()  # 1 − 2 exp(−1) and 2 − 5 exp(−1)
            [0.264241, 0.160603]
        """
        return self._timed(rtol).moments(_check.power(power), self._listed(rewards), _check.time(time), True)

    def truncated_moments_gradient(
        self, time: float, seeds: ArrayLike, rewards: ArrayLike | None = None, *, rtol: float = RTOL
    ) -> Gradient:
        """Gradient of a weighted sum of `truncated_moments`, in theta.

        In time, those of the absorption time have the derivatives timeᵏ · pdf(time).

        Args:
            time: As for `accumulated_moments`.
            seeds: (k,) weights of the moments of order 1 to k.
            rewards: (n_vertices,) per unit of time, ≥ 0, or None for the time.
            rtol: As for `pdf`.

        Returns:
            A `Gradient` with the value and the derivatives in theta.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([1.0])
            >>> found = graph.truncated_moments_gradient(1.0, [1.0])  # in θ: 3 exp(−1) − 1
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (0.264241, [0.103638])
        """
        at, checked = _check.time(time), _check.finite_vector("seeds", seeds)
        epochs, listed = self._timed(_finer(rtol)), self._listed(rewards)
        value, (in_theta,), _ = epochs.moments_gradient(checked, listed, at, True)
        return Gradient(value, in_theta)

    def _timed(self, rtol: float, *starts: float) -> _core.Epochs:
        """Epochs of one and the same theta, from 0 and from each start on."""
        trace, theta = self._recorded(), self._current_theta()
        return _core.Epochs([(start, trace, theta, None) for start in (0.0, *starts)], _check.rtol(rtol))

    def _listed(self, rewards: ArrayLike | None) -> list[Doubles]:
        ordered = self._rewards(rewards)
        return [np.ones(self.vertices_length()) if ordered is None else ordered]


def _finer(rtol: float) -> float:
    """A tolerance for derivatives: the terms that are left out weigh more in them than in the value."""
    return max(0.001 * _check.rtol(rtol), _check.LEAST_RTOL)
