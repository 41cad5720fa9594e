"""Where a chain is at a time, and what it has collected until then, with their derivatives."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check, _core
from phasic._check import Doubles
from phasic._curves import CurveGradient, Curves
from phasic._distribution import RTOL
from phasic._gradients import Gradient


class Timed(Curves):
    """Expectations up to a time, with exact gradients; see `phasic.Graph`.

    They are those of `Graph.epochs` with one epoch: by uniformization with a bound on what is truncated,
    relative to the value, or by contours where the chain is stiff, and one sweep back for a gradient.
    """

    def state_probability_gradient(
        self, time: float, seeds: ArrayLike, *, rtol: float = RTOL
    ) -> CurveGradient:
        """Of the sum of `seeds`, (n_vertices,), times `state_probability`, in the parameters and in time.

        Seeds at the starting vertex and at absorbing ones do not count. The derivative in time is what flows
        in less what flows out: near a steady state it cancels.
        """
        at, ordered, epochs = _check.time(time), self._seeds(seeds), self._timed(_finer(rtol))
        value, (in_theta,), _ = epochs.occupancy_gradient(at, ordered)
        return CurveGradient(value, in_theta, epochs.occupancy_slope(at, ordered))

    def accumulated_moments(
        self, time: float, power: int, rewards: ArrayLike | None = None, *, rtol: float = RTOL
    ) -> Doubles:
        """E of Yᵏ for k from 1 to `power`, (power,), where Y is the reward collected up to a time.

        Without rewards Y is min(T, time), with T the time of absorption. The first is the sum of
        `accumulated_visiting_time(time)` times the rewards.

        Args:
            time: ≥ 0; infinity gives `moments`.
            power: The highest order.
            rewards: (n_vertices,); at least 0 unless power is 1.
            rtol: As for `pdf`.
        """
        return self._timed(rtol).moments(_check.power(power), self._listed(rewards), _check.time(time), False)

    def accumulated_moments_gradient(
        self, time: float, seeds: ArrayLike, rewards: ArrayLike | None = None, *, rtol: float = RTOL
    ) -> CurveGradient:
        """Of the sum of `seeds[k - 1]` times the k-th of `accumulated_moments`, in theta and in time."""
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
        """E of Yᵏ where the chain is absorbed by a time, else 0, for k from 1 to `power`, (power,).

        Y is the absorption time, or the reward ≥ 0 until then. Divided by `cdf(time)` these are the moments
        given absorption by that time. Arguments as for `accumulated_moments`.
        """
        return self._timed(rtol).moments(_check.power(power), self._listed(rewards), _check.time(time), True)

    def truncated_moments_gradient(
        self, time: float, seeds: ArrayLike, rewards: ArrayLike | None = None, *, rtol: float = RTOL
    ) -> Gradient:
        """Of the sum of `seeds[k - 1]` times the k-th of `truncated_moments`, in theta.

        In time, those of the absorption time have the derivatives timeᵏ · pdf(time).
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
