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
    """Laws of accumulated rewards; see `phasic.Graph`."""

    def pdf_reward(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Density of an accumulated reward, without its atom at 0.

        The reward is Y = ∫ r(X) dt, r ≥ 0. Its curves come straight from this graph, whose parameters they
        keep, by inverse Laplace transforms (Bladt & Nielsen 2017, section 8.1); where no contour is known to
        avoid the spectrum, from the graph of `reward_transform`. Errors are relative, in both tails; see the
        concept page on densities.

        Args:
            y: Numbers ≥ 0 of any shape and order, in units of reward; infinity gives 0.
            rewards: (n_vertices,), or (k, n_vertices) for k rewards in one call, ≥ 0, per unit of time. A
                reward that is 0 everywhere has no density: 0.
            rtol: Relative error, from 1e-14; `explain_reward` tells what is reached.

        Returns:
            A float for one number, else an array of the shape of y; k rewards give one of shape (k, ...)
            before it.

        Raises:
            ValueError: A reward or point is negative or NaN (the first is named), absorption is not certain.

        Example:
            >>> graph = phasic.models.kingman(3)
            >>> graph.update_parameterized_weights([1.0])
            >>> lineages = graph.states()[:, 0]
            >>> round(graph.pdf_reward(2.0, lineages), 6)  # all branches: exp(−1) (1 − exp(−1))
            0.232544
        """
        return self._curve_of("pdf", y, rewards, rtol)

    def cdf_reward(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Probability of at most each reward, the atom at 0 included.

        Arguments, result and errors as for `pdf_reward`.

        Example:
            >>> graph = phasic.models.kingman(3)
            >>> graph.update_parameterized_weights([1.0])
            >>> round(graph.cdf_reward(2.0, graph.states()[:, 0]), 6)  # (1 − exp(−1))²
            0.399576
        """
        return self._curve_of("cdf", y, rewards, rtol)

    def sf_reward(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Probability of more than each reward, right in the far tail.

        Arguments, result and errors as for `pdf_reward`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.sf_reward([0.0, 2.0], graph.states()[:, 0]).round(6).tolist()  # exp(−y / 2)
            [1.0, 0.367879]
        """
        return self._curve_of("sf", y, rewards, rtol)

    def logpdf_reward(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Natural logarithm of `pdf_reward`, right where that underflows; −inf where it is 0.

        Arguments, result and errors as for `pdf_reward`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> round(graph.logpdf_reward(5000.0, graph.states()[:, 0]), 6)  # −log(2) − y / 2
            -2500.693147
        """
        return self._curve_of("pdf", y, rewards, rtol, logarithm=True)

    def logcdf_reward(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Natural logarithm of `cdf_reward`, with the digits of `sf_reward` where that is the smaller.

        Arguments, result and errors as for `pdf_reward`.

        Example:
            >>> graph = phasic.models.kingman(3)
            >>> graph.update_parameterized_weights([1.0])
            >>> round(graph.logcdf_reward(2.0, graph.states()[:, 0]), 6)  # 2 log(1 − exp(−1))
            -0.91735
        """
        return self._curve_of("cdf", y, rewards, rtol, logarithm=True)

    def logsf_reward(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Natural logarithm of `sf_reward`, with the digits of `cdf_reward` where that is the smaller.

        Arguments, result and errors as for `pdf_reward`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> round(graph.logsf_reward(5000.0, graph.states()[:, 0]), 6)  # −y / 2
            -2500.0
        """
        return self._curve_of("sf", y, rewards, rtol, logarithm=True)

    def explain_reward(
        self, curve: Literal["pdf", "cdf", "sf"], y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL
    ) -> Explained:
        """A curve of a reward with the method that ran and the error it states; see `explain`.

        Args:
            curve: "pdf", "cdf" or "sf".
            y, rewards, rtol: As for `pdf_reward`.

        Returns:
            A named tuple `(values, errors, methods)` of arrays, shaped as the result of `pdf_reward`; errors
            are relative.

        Raises:
            ValueError: As for `pdf_reward`, or the curve is another one.

        Example:
            >>> graph = phasic.models.kingman(3)
            >>> graph.update_parameterized_weights([1.0])
            >>> told = graph.explain_reward("pdf", [2.0, 200.0], graph.states()[:, 0])
            >>> told.methods.tolist(), bool(told.errors.max() < 1e-9)
            (['contour', 'contour'], True)
        """
        _check_curve(curve)
        at, matrix, shape, checked = self._points_and_rewards(y, rewards, rtol)
        trace, theta = self._recorded(), self._current_theta()
        values, errors, ways = trace.reward_answers(theta, curve, matrix, at, checked)
        methods = np.array([_METHODS[way] for way in ways], dtype=np.str_)
        return Explained(values.reshape(shape), errors.reshape(shape), methods.reshape(shape))

    def pdf_reward_gradient(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Gradient of `pdf_reward` in theta and in y, which is the `time` of the result.

        One sweep back at each node of a contour serves all points and all parameters. `rtol` is the error of
        the value, and about that of the derivatives in theta, relative to the larger of the derivative in log
        theta and the value. Where no contour has room for nodes that much closer, it can be some hundred
        times as large.

        Args:
            y: As for `pdf_reward`.
            rewards: (n_vertices,), ≥ 0, per unit of time: one reward.
            rtol: As for `pdf_reward`.

        Returns:
            A `CurveGradient`.

        Raises:
            ValueError: As for `pdf_reward`; or at some point no contour answers, and the graph of
                `reward_transform` does not keep its parameters.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> found = graph.pdf_reward_gradient(4.0, graph.states()[:, 0])  # θ/2 exp(−θ y / 2)
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.time, 6)
            (0.067668, [-0.067668], -0.033834)
        """
        return self._slopes_of("pdf", y, rewards, rtol)

    def cdf_reward_gradient(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Gradient of `cdf_reward`, its atom at 0 included.

        Arguments, result and errors as for `pdf_reward_gradient`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> found = graph.cdf_reward_gradient(2.0, graph.states()[:, 0])  # 1 − exp(−θ y / 2)
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.time, 6)
            (0.632121, [0.367879], 0.18394)
        """
        return self._slopes_of("cdf", y, rewards, rtol)

    def sf_reward_gradient(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Gradient of `sf_reward`.

        Arguments, result and errors as for `pdf_reward_gradient`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> found = graph.sf_reward_gradient(2.0, graph.states()[:, 0])  # exp(−θ y / 2)
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.time, 6)
            (0.367879, [-0.367879], -0.18394)
        """
        return self._slopes_of("sf", y, rewards, rtol)

    def logpdf_reward_gradient(
        self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL
    ) -> CurveGradient:
        """Gradient of `logpdf_reward`, right where the density underflows.

        Arguments, result and errors as for `pdf_reward_gradient`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> found = graph.logpdf_reward_gradient(5000.0, graph.states()[:, 0])  # log(θ/2) − θ y / 2
            >>> round(found.value, 4), found.theta.round(4).tolist(), round(found.time, 4)
            (-2500.6931, [-2499.0], -0.5)
        """
        return self._slopes_of("pdf", y, rewards, rtol, logarithm=True)

    def logsf_reward_gradient(self, y: ArrayLike, rewards: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Gradient of `logsf_reward`, right where the probability underflows.

        Arguments, result and errors as for `pdf_reward_gradient`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> found = graph.logsf_reward_gradient(5000.0, graph.states()[:, 0])  # −θ y / 2
            >>> round(found.value, 4), found.theta.round(4).tolist(), round(found.time, 4)
            (-2500.0, [-2500.0], -0.5)
        """
        return self._slopes_of("sf", y, rewards, rtol, logarithm=True)

    def expectation_given(
        self, y: ArrayLike, given: ArrayLike | None, rewards: ArrayLike | None = None, *, rtol: float = RTOL
    ) -> Estimated:
        """Means of rewards given that another reward is y: E[Y | G = y].

        The density of the measure E[Y; G ∈ dy] over that of G, each by an inverse Laplace transform that
        serves all points; see the concept page on densities. Given an exact absorption time, with None for
        `given`, they are means of what was collected.

        Args:
            y: Numbers > 0 of any shape; for G = 0 see `moments_given_zero`.
            given: (n_vertices,), ≥ 0: the reward G; None for the absorption time.
            rewards: (n_vertices,), or (k, n_vertices) for k rewards, ≥ 0; None for the time.
            rtol: Relative error of either density.

        Returns:
            A named tuple `(values, errors)`, of means and estimates of their relative errors, arrays of the
            shape of y, or (k, ...) before it.

        Raises:
            ValueError: A point is not positive and finite, or no contour answers there; or G is surely
                zero.

        Example:
            >>> graph = phasic.models.tandem_queue(1, 1)
            >>> graph.update_parameterized_weights([1.0, 0.0, 1.0])  # the first server never ends
            >>> empty = graph.states()[:, 0] == 0
            >>> found = graph.expectation_given([1.0, 5.0], None, empty)  # half of any time
            >>> found.values.round(6).tolist()
            [0.5, 2.5]
        """
        length = self.vertices_length()
        vector = _check.reward_vector(given, length)
        vector = np.ones(length) if vector is None else vector
        _check.first("given", vector, vector >= 0, "at least 0")
        at, several = _check.times("y", y), rewards is not None and np.ndim(rewards) > 1
        matrix = np.ones((1, length)) if rewards is None else _check.reward_rows(rewards, length)
        ordered = self._columns_in_canonical_order(np.vstack([vector, matrix]))
        values, errors = self._recorded().rewards_given(
            self._current_theta(), ordered[0], ordered[1:], at.ravel(), _check.rtol(rtol)
        )
        shape = (len(matrix), *at.shape) if several else at.shape
        return Estimated(values.reshape(shape), errors.reshape(shape))

    def _points_and_rewards(
        self, y: ArrayLike, rewards: ArrayLike, rtol: float
    ) -> tuple[Doubles, Doubles, tuple[int, ...], float]:
        """Points (m,), rewards (k, n_vertices) in the trace's order, the shape of the answer, and rtol."""
        at, matrix = _check.times("y", y), _check.reward_rows(rewards, self.vertices_length())
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
