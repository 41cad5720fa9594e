"""Laws of accumulated rewards: curves of each, and means given the value of another."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check
from phasic._check import Doubles
from phasic._curves import CurveGradient
from phasic._distribution import _METHODS, RTOL, Explained
from phasic._rewards import Rewards


class Estimated(NamedTuple):
    """Values with estimates of their relative errors, of the same shape."""

    values: Doubles
    errors: Doubles


class Joint(Rewards):
    """Laws of accumulated rewards; see `phasic.Graph`.

    A reward Y = ∫ r(X) dt, r ≥ 0, has an atom at 0 (`atoms`) and a density above. Curves come straight from
    this graph, whose parameters they keep, by inverse Laplace transforms; where no contour is known to avoid
    the spectrum, from the graph of `reward_transform`. Errors are relative, in both tails.

    `rewards` are (n_vertices,), or (k, n_vertices) for k rewards in one call; `y` is of any shape, and k
    rewards give (k, *y.shape).
    """

    def pdf_reward(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Density of an accumulated reward, without its atom at 0.

        Args:
            y: Numbers ≥ 0 of any shape and order; infinity gives 0.
            rewards: (n_vertices,) or (k, n_vertices), ≥ 0. A reward that is 0 everywhere has no density: 0.
            rtol: Relative error, from 1e-14; `explain_reward` tells what is reached.

        Raises:
            ValueError: A reward or point is negative or NaN (the first is named), or absorption is not
            certain.

        Source: Bladt & Nielsen 2017, section 8.1.
        """
        return self._curve_of("pdf", y, rewards, rtol)

    def cdf_reward(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Probability of at most each reward, the atom at 0 included. Arguments as for `pdf_reward`."""
        return self._curve_of("cdf", y, rewards, rtol)

    def sf_reward(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Probability of more than each reward, right in the far tail. Arguments as for `pdf_reward`."""
        return self._curve_of("sf", y, rewards, rtol)

    def logpdf_reward(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Natural logarithm of `pdf_reward`, right where that underflows; −inf where it is 0."""
        return self._curve_of("pdf", y, rewards, rtol, logarithm=True)

    def logcdf_reward(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Natural logarithm of `cdf_reward`, with the digits of `sf_reward` where that is the smaller."""
        return self._curve_of("cdf", y, rewards, rtol, logarithm=True)

    def logsf_reward(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Natural logarithm of `sf_reward`, with the digits of `cdf_reward` where that is the smaller."""
        return self._curve_of("sf", y, rewards, rtol, logarithm=True)

    def explain_reward(
        self, curve: Literal["pdf", "cdf", "sf"], y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL
    ) -> Explained:
        """A curve of a reward with the method that ran and the error it states; see `explain`."""
        _check_curve(curve)
        at, matrix, shape, checked = self._points_and_rewards(y, rewards, rtol)
        trace, theta = self._recorded(), self._current_theta()
        values, errors, ways = trace.reward_answers(theta, curve, matrix, at, checked)
        methods = np.array([_METHODS[way] for way in ways], dtype=np.str_)
        return Explained(values.reshape(shape), errors.reshape(shape), methods.reshape(shape))

    def pdf_reward_gradient(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Of `pdf_reward` in theta and in y, which is the `time`, for one reward, (n_vertices,).

        One sweep back at each node of a contour serves all points and all parameters.

        Raises:
            ValueError: As for `pdf_reward`; or at some point no contour answers, and the graph of
                `reward_transform` does not keep its parameters.
        """
        return self._slopes_of("pdf", y, rewards, rtol)

    def cdf_reward_gradient(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Of `cdf_reward`, its atom at 0 included. As `pdf_reward_gradient`."""
        return self._slopes_of("cdf", y, rewards, rtol)

    def sf_reward_gradient(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Of `sf_reward`. As `pdf_reward_gradient`."""
        return self._slopes_of("sf", y, rewards, rtol)

    def logpdf_reward_gradient(
        self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL
    ) -> CurveGradient:
        """Of `logpdf_reward`, right where the density underflows. As `pdf_reward_gradient`."""
        return self._slopes_of("pdf", y, rewards, rtol, logarithm=True)

    def logsf_reward_gradient(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Of `logsf_reward`, right where the probability underflows. As `pdf_reward_gradient`."""
        return self._slopes_of("sf", y, rewards, rtol, logarithm=True)

    def expectation_given(
        self, y: ArrayLike, given: ArrayLike | None, rewards: ArrayLike | None = None, *, rtol: float = RTOL
    ) -> Estimated:
        """Means of rewards given that another reward is y: E[Y | G = y].

        The density of the measure E[Y; G ∈ dy] over that of G, each by an inverse Laplace transform that
        serves all points. Given an exact absorption time, with None for `given`, they are means of what was
        collected.

        Args:
            y: Numbers > 0 of any shape; for G = 0 see `moments_given_zero`.
            given: (n_vertices,), ≥ 0: the reward G; None for the absorption time.
            rewards: (n_vertices,), or (k, n_vertices) for k rewards, ≥ 0; None for the time.
            rtol: Relative error of either density.

        Returns:
            Means and estimates of their relative errors: of the shape of y, or (k, *y.shape).

        Raises:
            ValueError: A point is not positive and finite, or no contour answers there; G is surely zero.
        """
        length = self.vertices_length()
        vector = _check.reward_vector(given, length)
        vector = np.ones(length) if vector is None else vector
        _check.first("given", vector, vector >= 0, "at least 0")
        at, several = _check.times("y", y), rewards is not None and np.ndim(rewards) > 1
        matrix = (
            np.ones((1, length)) if rewards is None else self._non_negative_matrix(np.atleast_2d(rewards))
        )
        ordered = self._columns_in_canonical_order(np.vstack([vector, matrix]))
        values, errors = self._recorded().rewards_given(
            self._current_theta(), ordered[0], ordered[1:], at.ravel(), _check.rtol(rtol)
        )
        shape = (len(matrix), *at.shape) if several else at.shape
        return Estimated(values.reshape(shape), errors.reshape(shape))

    def _rows(self, rewards: ArrayLike) -> Doubles:
        return _check.reward_matrix(np.atleast_2d(_check.doubles("rewards", rewards)), self.vertices_length())

    def _points_and_rewards(
        self, y: ArrayLike, rewards: ArrayLike, rtol: float
    ) -> tuple[Doubles, Doubles, tuple[int, ...], float]:
        """Points (m,), rewards (k, n_vertices) in the trace's order, the shape of the answer, and rtol."""
        at, matrix = _check.times("y", y), self._rows(rewards)
        _check.non_negative_rewards(matrix)
        shape = (len(matrix), *at.shape) if np.ndim(rewards) > 1 else at.shape
        return at.ravel(), self._columns_in_canonical_order(matrix), shape, _check.rtol(rtol)

    def _curve_of(
        self, curve: str, y: ArrayLike, rewards: ArrayLike, rtol: float, *, logarithm: bool = False
    ) -> float | Doubles:
        at, matrix, shape, checked = self._points_and_rewards(y, rewards, rtol)
        trace, theta = self._recorded(), self._current_theta()
        if logarithm:
            values = trace.reward_logs(theta, curve, matrix, at, checked)
        else:
            values = trace.reward_answers(theta, curve, matrix, at, checked)[0]
        return values.reshape(shape) if shape else float(values[0])

    def _slopes_of(
        self, curve: str, y: ArrayLike, rewards: ArrayLike, rtol: float, *, logarithm: bool = False
    ) -> CurveGradient:
        if np.ndim(rewards) > 1:
            raise ValueError(f"rewards has shape {np.shape(rewards)}, but one vector is needed")
        at, matrix, shape, checked = self._points_and_rewards(y, rewards, rtol)
        trace, theta = self._recorded(), self._current_theta()
        value, in_theta, in_y = trace.reward_slopes(theta, curve, logarithm, matrix[0], at, checked)
        rows = in_theta.reshape((*shape, in_theta.shape[1]))
        if not shape:
            return CurveGradient(float(value[0]), rows, float(in_y[0]))
        return CurveGradient(value.reshape(shape), rows, in_y.reshape(shape))


def _check_curve(curve: str) -> None:
    if curve not in ("pdf", "cdf", "sf"):
        raise ValueError(f"curve is {curve!r}: it must be 'pdf', 'cdf' or 'sf'")
