"""The joint law of two accumulated rewards."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check
from phasic._check import Doubles
from phasic._distribution import RTOL
from phasic._joint import Estimated, Joint


class Rays(NamedTuple):
    """Half-lines from the origin on which two rewards lie with positive probability."""

    #: (k, 2): the point of each in which the rewards, in units of their means, sum to 1.
    directions: Doubles
    #: (k,)
    probabilities: Doubles


class Pairs(Joint):
    """Joint laws of two accumulated rewards; see `phasic.Graph`."""

    def joint_pdf(self, y1: ArrayLike, y2: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> Estimated:
        """Density of two accumulated rewards, where they have one.

        The law of two rewards ≥ 0 has three parts. An atom at the origin: paths that collect neither
        (`atoms`). Masses on rays: paths whose states all collect both in the same proportion, and on the axes
        those that collect one alone (`joint_rays`). The rest has a density, which is smooth between the rays
        of the states and may jump, or have a kink, across them. Atom and masses are left out here: rewards
        that are proportional have density 0. At a ray across which it jumps the value is the limit from
        larger y2, but for the last ray, that from smaller. At the origin it is the limit in the direction of
        the means.

        By uniformization of both rewards at once (Nabli & Sericola 1996, differentiated; see the concept page
        on densities). All points of a call share the work, which grows with the square of the number of jumps
        up to the farthest one: this is for chains that are not stiff.

        Args:
            y1, y2: Numbers ≥ 0 of any shapes that broadcast, in units of reward; infinity gives 0.
            rewards: (2, n_vertices), ≥ 0, per unit of time.
            rtol: Relative error, from 1e-14.

        Returns:
            A named tuple `(values, errors)` of arrays. Errors are estimates relative to the values, of what
            is left out and of rounding.

        Raises:
            ValueError: A point or reward is negative or NaN, a reward is surely zero, absorption is not
                certain, the chain is too stiff.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> phase = graph.states()[:, 0]
            >>> found = graph.joint_pdf([0.0, 1.0], 1.0, [phase == 1, phase == 2])  # exp(−y1 − y2)
            >>> found.values.round(6).tolist()
            [0.367879, 0.135335]
        """
        return self._pair("pdf", y1, y2, rewards, rtol)

    def joint_cdf(self, y1: ArrayLike, y2: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> Estimated:
        """P(Y1 ≤ y1, Y2 ≤ y2), with the atom and all rays; at infinity `cdf_reward` of the other.

        Arguments, result and errors as for `joint_pdf`. The estimates count the quadrature over directions as
        well.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> phase = graph.states()[:, 0]
            >>> found = graph.joint_cdf(1.0, 1.0, [phase == 1, phase == 2])
            >>> round(float(found.values), 6)  # (1 − exp(−1))²
            0.399576
        """
        return self._pair("cdf", y1, y2, rewards, rtol)

    def joint_sf(self, y1: ArrayLike, y2: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> Estimated:
        """P(Y1 > y1, Y2 > y2), right in the far tail; at infinity 0.

        Where it is large, from `joint_cdf` and the curves of either reward, with the error of the difference;
        elsewhere from its own series, which is longer: it goes on until all is absorbed. Arguments, result
        and errors as for `joint_pdf`; the estimates count the quadrature over directions as well.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> phase = graph.states()[:, 0]
            >>> found = graph.joint_sf(1.0, 2.0, [phase == 1, phase == 2])
            >>> round(float(found.values), 6)  # exp(−3)
            0.049787
        """
        quick = self._from_marginals(y1, y2, rewards, max(_check.rtol(rtol) / 100, 10 * _check.LEAST_RTOL))
        first, second = _points(y1, y2)
        missed = ~(quick.errors <= rtol) & np.isfinite(first) & np.isfinite(second)
        direct = self._pair("sf", first[missed], second[missed], rewards, rtol)
        quick.values[missed], quick.errors[missed] = direct.values, direct.errors
        return quick

    def joint_rays(self, rewards: ArrayLike) -> Rays:
        """The rays from the origin that carry probability; see `joint_pdf`.

        With the atom at the origin, their probabilities are what the density lacks to 1. Rewards are taken as
        proportional where they are to 13 digits. Nothing is subtracted: small probabilities are right too.

        Args:
            rewards: (2, n_vertices), ≥ 0, per unit of time.

        Returns:
            A named tuple `(directions, probabilities)`, (k, 2) and (k,), where a direction is the point of a
            ray in which the rewards, in units of their means, sum to 1.

        Raises:
            ValueError: The rewards are not what they must be, one is surely zero.

        Example:
            >>> graph = phasic.models.coxian(2)
            >>> graph.update_parameterized_weights([1.0, 1.0, 4.0])  # half end after phase 1, which lasts 1/2
            >>> phase = graph.states()[:, 0]
            >>> rays = graph.joint_rays([phase == 1, phase == 2])
            >>> rays.directions.round(6).tolist(), rays.probabilities.round(6).tolist()
            ([[0.5, 0.0]], [0.5])
        """
        matrix = self._pair_of_rewards(rewards)
        residence = self.expected_residence_time()
        means = matrix @ residence
        _check.first("expectation of rewards", means, means > 0, "positive")
        scaled = np.where(residence > 0, matrix / means[:, None], 0.0)
        total = scaled.sum(axis=0)
        some = total > 0
        share = np.divide(scaled[1], total, out=np.zeros_like(total), where=some)
        found: list[tuple[float, float, float]] = []
        for each in _distinct(share[some]):
            own = some & (np.abs(share - each) <= _SAME)
            other = some & ~own
            pattern = self.atoms(np.array([other, own], dtype=np.float64))
            if pattern[0, 1] > 0:
                found.append((means[0] * (1 - each), means[1] * each, float(pattern[0, 1])))
        rows = np.array(found, dtype=np.float64).reshape(-1, 3)
        return Rays(np.ascontiguousarray(rows[:, :2]), np.ascontiguousarray(rows[:, 2]))

    def _pair_of_rewards(self, rewards: ArrayLike) -> Doubles:
        matrix = self._non_negative_matrix(rewards)
        if len(matrix) != 2:
            raise ValueError(f"rewards has shape {matrix.shape}, but two rows are needed")
        return matrix

    def _from_marginals(self, y1: ArrayLike, y2: ArrayLike, rewards: ArrayLike, rtol: float) -> Estimated:
        """`joint_sf` as P(Y1 > y1) − P(Y2 ≤ y2) + P(Y1 ≤ y1, Y2 ≤ y2)."""
        (first, second), matrix = _points(y1, y2), self._pair_of_rewards(rewards)
        both = self.joint_cdf(first, second, matrix, rtol=rtol)
        longer = self.explain_reward("sf", first, matrix[0], rtol=rtol)
        shorter = self.explain_reward("cdf", second, matrix[1], rtol=rtol)
        wrong = np.zeros(first.shape)
        for part in (both, longer, shorter):
            wrong += part.values * (part.errors + _ROUNDING)
        values = np.asarray(longer.values - shorter.values + both.values)
        errors = np.divide(wrong, values, out=np.full(first.shape, np.inf), where=values > 0)
        beyond = np.isinf(first) | np.isinf(second)
        values[beyond], errors[beyond] = 0, 0
        return Estimated(values, errors)

    def _pair(self, curve: str, y1: ArrayLike, y2: ArrayLike, rewards: ArrayLike, rtol: float) -> Estimated:
        first, second = _points(y1, y2)
        matrix, checked = self._pair_of_rewards(rewards), _check.rtol(rtol)
        inside = np.isfinite(first) & np.isfinite(second)
        values, errors = np.zeros(first.shape), np.zeros(first.shape)
        ordered = self._columns_in_canonical_order(matrix)
        values[inside], errors[inside] = self._recorded().joint_values(
            self._current_theta(), curve, ordered, first[inside], second[inside], checked
        )
        if curve == "cdf":
            for row, at, other in ((matrix[0], first, second), (matrix[1], second, first)):
                edge = np.isinf(other)
                told = self.explain_reward("cdf", at[edge], row, rtol=checked)
                values[edge], errors[edge] = told.values, told.errors
        return Estimated(values, errors)


#: Relative rounding error of a value.
_ROUNDING = 1e-15

#: Shares of the second reward closer than this are one, as they are for the density.
_SAME = 1e-13


def _points(y1: ArrayLike, y2: ArrayLike) -> tuple[Doubles, Doubles]:
    """Numbers ≥ 0 of the same shape."""
    first, second = _check.times("y1", y1), _check.times("y2", y2)
    try:
        first, second = np.broadcast_arrays(first, second)
    except ValueError as error:
        raise ValueError(f"y1 has shape {first.shape} and y2 {second.shape}: they must broadcast") from error
    return first, second


def _distinct(shares: Doubles) -> list[float]:
    """In ascending order, one for each that is not the same as the one before."""
    kept: list[float] = []
    for share in np.sort(shares):
        if not kept or share - kept[-1] > _SAME:
            kept.append(float(share))
    return kept
