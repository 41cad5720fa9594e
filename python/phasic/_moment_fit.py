"""Parameters by the method of moments: a start for a fit, and a check of one, without JAX."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check, _core
from phasic._check import Doubles
from phasic._distribution import Distribution
from phasic._dropped_arguments import refuse_arguments
from phasic._observations import Observations

_STARTS = 8
_SPREAD = 1.0  # of log parameters over the starts
_RANGE = 12.0  # of log parameters around the common value that gives the mean
_MATCHED = 1e-20
_TOLERANCE = 1e-13


class MomentFit(Distribution):
    """Parameters from moments; see `phasic.Graph`."""

    def method_of_moments(
        self,
        data: object = None,
        order: int | None = None,
        discrete: bool | None = None,
        rewards: ArrayLike | None = None,
        *,
        weights: ArrayLike | None = None,
        **old: object,
    ) -> Doubles:
        """Positive parameters whose raw moments are those of the data.

        Least squares in log theta on the logarithms of the k-th roots of E[T^k], k = 1 … order, with exact
        moments and gradients, from several starts. Moments that no theta has are matched as well as can
        be; each parameter stays within a factor of e^12 of the common value that gives the mean. Estimates
        from high moments are noisy: they are a start for `fit`, not its substitute.

        Args:
            data: (m,) absorption times or rewards, or whole counts if discrete.
            order: How many moments, default one for each parameter. With fewer, one theta of many.
            discrete: Whether data are rewards of the discrete chain; default `is_discrete`.
            rewards: (n_vertices,): data are accumulated rewards.
            weights: (m,) multiplicities, default 1 each.

        Returns:
            The parameters, (param_length,).

        Raises:
            ValueError: Data are censored, truncated or grouped, whose moments are not seen, or are all 0; or
                the graph has no parameters.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.method_of_moments([1.0, 3.0]).round(6).tolist()  # the mean is 2 / θ
            [1.0]
        """
        refuse_arguments("Graph.method_of_moments", old)
        if not self.parameterized():
            raise ValueError("this graph has no parameters to fit: give its edges coefficients of theta")
        in_steps = self.is_discrete if discrete is None else bool(discrete)
        ordered = self._rewards(rewards)
        return match_moments(self._recorded(), data, weights, order, in_steps, ordered)


def match_moments(
    trace: _core.Trace,
    data: object,
    weights: ArrayLike | None,
    order: int | None,
    discrete: bool,
    rewards: Doubles | None,
) -> Doubles:
    """`MomentFit.method_of_moments` of a trace, with rewards in its order, or None."""
    from scipy.optimize import least_squares  # a tenth of a second that other fits need not pay

    p = trace.n_parameters
    count = p if order is None else _check.positive("order", order)
    wanted = _log_roots(data, weights, count)
    powers = np.arange(1, count + 1)

    def roots(log_theta: Doubles) -> Doubles:
        theta = np.exp(log_theta)
        found = (trace.discrete_moments if discrete else trace.moments)(theta, count, rewards)
        return np.asarray(np.log(found) / powers)

    def jacobian(log_theta: Doubles) -> Doubles:
        theta, rows = np.exp(log_theta), []
        for k in powers:
            seeds = np.zeros(k)
            seeds[-1] = 1.0
            (value, gradient, *_), _ = trace.moments_gradient(theta, seeds, rewards, discrete=discrete)
            rows.append(theta * gradient / (k * value))
        return np.asarray(rows)

    common = float(np.clip(roots(np.zeros(p))[0] - wanted[0], -30.0, 30.0))
    best = None
    random = np.random.default_rng(0)
    for _ in range(_STARTS):
        # Parameters of different size: where they are exchangeable, equal ones would stay equal.
        start = common + _SPREAD * random.normal(size=p)
        found = least_squares(
            lambda at: roots(at) - wanted,
            np.clip(start, common - _RANGE, common + _RANGE),
            jacobian,
            bounds=(common - _RANGE, common + _RANGE),
            xtol=_TOLERANCE,
            ftol=_TOLERANCE,
            gtol=_TOLERANCE,
        )
        if best is None or found.cost < best.cost:
            best = found
        if best.cost < _MATCHED:
            break
    assert best is not None
    return np.asarray(np.exp(best.x))


def _log_roots(data: object, weights: ArrayLike | None, count: int) -> Doubles:
    """Logarithms of the k-th roots of the data's raw moments, (count,)."""
    seen = Observations.of(data, weights)
    values, counts = np.asarray(seen.lower), np.asarray(seen.weights)
    if not np.array_equal(values, np.asarray(seen.upper)):
        raise ValueError(
            "data are censored, truncated or grouped, and the method of moments needs exact values: fit them "
            "by their likelihood, Graph.fit(data, method='map')"
        )
    largest = float(values[counts > 0].max(initial=0.0))
    if largest == 0.0:
        raise ValueError("data are all 0, or have no weight: no parameters have such moments")
    shares = counts / counts.sum()
    return np.asarray(
        [np.log(largest) + np.log(shares @ (values / largest) ** k) / k for k in range(1, count + 1)]
    )
