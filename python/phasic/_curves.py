"""Distribution functions at many times with their derivatives in the parameters and in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check
from phasic._check import Doubles
from phasic._distribution import RTOL
from phasic._gradients import Gradients


@dataclass(frozen=True)
class CurveGradient:
    """A function of time with its derivatives, as `Graph.pdf_gradient` gives them.

    Attributes:
        value: In the shape of the times, () for one.
        theta: In the parameters, of that shape and one axis more, of length param_length.
        time: In time, in the shape of the times.

    Example:
        >>> graph = phasic.models.repairable_system(1)  # exponential; nothing is there to be repaired
        >>> graph.update_weights([0.5, 1.0])
        >>> slopes = graph.sf_gradient(2.0)  # of exp(−failure · t)
        >>> round(slopes.value, 6), slopes.theta.round(6).tolist(), round(slopes.time, 6)
        (0.367879, [-0.735759, 0.0], -0.18394)
    """

    value: float | Doubles
    theta: Doubles
    time: float | Doubles


@dataclass(frozen=True)
class CountGradient:
    """Probabilities of counts with their derivatives, as `Graph.pmf_discrete_gradient` gives them.

    Attributes:
        value: In the shape of the counts, () for one.
        theta: In the parameters, of that shape and one axis more, of length param_length.

    Example:
        >>> graph = phasic.models.erlang(1)  # as a discrete chain: geometric
        >>> graph.update_weights([0.25])
        >>> slopes = graph.pmf_discrete_gradient(2)  # of (1 − p) p
        >>> round(slopes.value, 9), slopes.theta.round(9).tolist()
        (0.1875, [0.5])
    """

    value: float | Doubles
    theta: Doubles


@dataclass(frozen=True)
class QuantileGradient:
    """A quantile with its derivatives, as `Graph.quantile_gradient` gives them.

    Attributes:
        value: The time, in the shape of the probabilities, () for one.
        theta: In the parameters, of that shape and one axis more, of length param_length.
        p: In the probability, in the shape of the probabilities.

    Example:
        >>> graph = phasic.models.erlang(1)
        >>> graph.update_weights([2.0])
        >>> slopes = graph.quantile_gradient(0.5)  # of −log(1 − p) / rate
        >>> round(slopes.value, 6), slopes.theta.round(6).tolist(), round(slopes.p, 6)
        (0.346574, [-0.173287], 1.0)
    """

    value: float | Doubles
    theta: Doubles
    p: float | Doubles


class Curves(Gradients):
    """Exact gradients of distribution functions; see `phasic.Graph`."""

    def pdf_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Gradient of the density, at many times, in theta and in time.

        All times share one sequence of vectors. With fewer parameters than times, the sequence's derivative
        in each parameter serves all times; else every time has a sweep back of its own; see the concept page
        on densities. The derivative in time can cancel near a mode: it is right to rtol · pdf · √(q / t), q
        the fastest rate.

        Args:
            time: As for `pdf`.
            rtol: As for `pdf`.

        Returns:
            A `CurveGradient` with values and derivatives in time of the shape of the times, and derivatives
            in theta of that shape and param_length.

        Raises:
            ValueError: As for `pdf`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([2.0])
            >>> found = graph.pdf_gradient(1.0)  # θ exp(−θ t)
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.time, 6)
            (0.270671, [-0.135335], -0.541341)
        """
        return self._curve("pdf", time, rtol)

    def cdf_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Gradient of the distribution function, its atom at 0 included.

        Arguments, result and errors as for `pdf_gradient`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([2.0])
            >>> found = graph.cdf_gradient(1.0)  # 1 − exp(−θ t): in θ t exp(−θ t), in time the density
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.time, 6)
            (0.864665, [0.135335], 0.270671)
        """
        return self._curve("cdf", time, rtol)

    def sf_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Gradient of the survival function.

        Arguments, result and errors as for `pdf_gradient`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([2.0])
            >>> found = graph.sf_gradient(1.0)  # exp(−θ t)
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.time, 6)
            (0.135335, [-0.135335], -0.270671)
        """
        return self._curve("sf", time, rtol)

    def logpdf_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Gradient of `logpdf`, right where the density underflows; NaN where it is 0.

        Arguments, result and errors as for `pdf_gradient`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([2.0])
            >>> found = graph.logpdf_gradient(5000.0)  # log(θ) − θ t
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.time, 6)
            (-9999.306853, [-4999.5], -2.0)
        """
        return self._curve("pdf", time, rtol, logarithm=True)

    def logcdf_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Gradient of `logcdf`; NaN where the distribution function is 0.

        Arguments, result and errors as for `pdf_gradient`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([2.0])
            >>> found = graph.logcdf_gradient(1.0)  # log(1 − exp(−θ t))
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.time, 6)
            (-0.145413, [0.156518], 0.313035)
        """
        return self._curve("cdf", time, rtol, logarithm=True)

    def logsf_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Gradient of `logsf`, right where the survival function underflows; NaN at infinity.

        Arguments, result and errors as for `pdf_gradient`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([2.0])
            >>> found = graph.logsf_gradient(5000.0)  # −θ t
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.time, 6)
            (-10000.0, [-5000.0], -2.0)
        """
        return self._curve("sf", time, rtol, logarithm=True)

    def hazard_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Gradient of `hazard`, right where density and survival function underflow; NaN where `hazard` is.

        Each derivative is the difference of those of `logpdf` and `logsf`, times the hazard: right to rtol of
        the larger one. Arguments, result and errors as for `pdf_gradient`.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> found = graph.hazard_gradient(1.0)  # θ² t / (1 + θ t)
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.time, 6)
            (0.5, [0.75], 0.25)
        """
        at = np.atleast_1d(_check.times("time", time))
        density, survival = (self._curve(curve, at, rtol, logarithm=True) for curve in ("pdf", "sf"))
        hazard = np.asarray(self.hazard(at, rtol=rtol))
        in_theta = hazard[..., None] * (density.theta - survival.theta)
        in_time = hazard * (density.time - survival.time)
        none = np.isneginf(density.value) & np.isfinite(hazard)
        if none.any():
            # The logarithm of a density of 0 has no derivatives: it rises as a share of the survivors.
            rising, alive = self._curve("pdf", at[none], rtol), np.asarray(self.sf(at[none], rtol=rtol))
            in_theta[none], in_time[none] = rising.theta / alive[:, None], rising.time / alive
        shape = np.shape(time)
        rows = in_theta.reshape((*shape, in_theta.shape[-1]))
        if shape == ():
            return CurveGradient(float(hazard[0]), rows, float(in_time[0]))
        return CurveGradient(hazard, rows, in_time)

    def ppf_gradient(self, p: ArrayLike, *, rtol: float = RTOL) -> QuantileGradient:
        """Gradient of the quantile `ppf`, in the parameters and in `p`, by the theorem of implicit functions.

        From the logarithm of the smaller of `cdf` and `sf`, so right where the density underflows. A quantile
        inside the atom at 0 has derivatives 0; where the atom just ends, the one in `p` is 1 / pdf(0) (from
        above) without an atom and all others are NaN, but that in theta is 0 for p = 0. At infinity the
        derivative in `p` is inf, and NaN in theta. `ppf_gradient` and
        `quantile_gradient` are the same method.

        Args:
            p: Probabilities in [0, 1] of any shape.
            rtol: As for `pdf`.

        Returns:
            A `QuantileGradient` with values and derivatives in p of the shape of p, and derivatives in theta
            of that shape and param_length.

        Raises:
            ValueError: As for `ppf`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([2.0])
            >>> found = graph.ppf_gradient(0.5)  # −log(1 − p) / θ
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.p, 6)
            (0.346574, [-0.173287], 1.0)
        """
        at = _check.probabilities("p", p)
        return self._quantile_gradient(at, np.asarray(self.ppf(at, rtol=rtol)), rtol, upper=False)

    quantile_gradient = ppf_gradient

    def isf_gradient(self, p: ArrayLike, *, rtol: float = RTOL) -> QuantileGradient:
        """Gradient of the quantile `isf`, in the parameters and in `p`.

        Arguments, result and errors as for `ppf_gradient`; the derivatives in `p` are negative.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([2.0])
            >>> found = graph.isf_gradient(0.5)  # −log(p) / θ
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(found.p, 6)
            (0.346574, [-0.173287], -1.0)
        """
        at = _check.probabilities("p", p)
        return self._quantile_gradient(at, np.asarray(self.isf(at, rtol=rtol)), rtol, upper=True)

    def pmf_discrete_gradient(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> CountGradient:
        """Gradient of `pmf_discrete` in theta.

        With at most as many parameters as counts, one table of dual numbers for each parameter serves all
        counts; else every count has a sweep back through the table.

        Args:
            jumps, rewards: As for `pmf_discrete`.

        Returns:
            A `CountGradient` with values of the shape of the counts, and derivatives in theta of that shape
            and param_length.

        Raises:
            ValueError: As for `pmf_discrete`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.25])
            >>> found = graph.pmf_discrete_gradient(2)  # (1 − θ) θ
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (0.1875, [0.5])
        """
        return self._count_gradient("pmf", jumps, rewards)

    def logpmf_discrete_gradient(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> CountGradient:
        """Gradient of `logpmf_discrete`, right where the probability underflows; NaN where it is 0.

        Arguments, result and errors as for `pmf_discrete_gradient`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.25])
            >>> found = graph.logpmf_discrete_gradient(2)  # log(1 − θ) + log(θ)
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (-1.673976, [2.666667])
        """
        return self._count_gradient("logpmf", jumps, rewards)

    def cdf_discrete_gradient(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> CountGradient:
        """Gradient of `cdf_discrete`, by `sf_discrete` where that is the smaller.

        Arguments, result and errors as for `pmf_discrete_gradient`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.25])
            >>> found = graph.cdf_discrete_gradient(2)  # 1 − (1 − θ)²
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (0.4375, [1.5])
        """
        return self._count_gradient("cdf", jumps, rewards)

    def sf_discrete_gradient(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> CountGradient:
        """Gradient of `sf_discrete`, right in the far tail.

        Arguments, result and errors as for `pmf_discrete_gradient`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.25])
            >>> found = graph.sf_discrete_gradient(2)  # (1 − θ)²
            >>> round(found.value, 6), found.theta.round(6).tolist()
            (0.5625, [-1.5])
        """
        return self._count_gradient("sf", jumps, rewards)

    def _count_gradient(self, curve: str, jumps: ArrayLike, rewards: ArrayLike | None) -> CountGradient:
        at = _check.counts("jumps", jumps)
        trace, theta, ordered = self._recorded(), self._current_theta(), self._whole_rewards(rewards)
        value, in_theta = trace.discrete_slopes(theta, curve, at.ravel(), ordered)
        rows = in_theta.reshape((*at.shape, in_theta.shape[1]))
        return CountGradient(float(value[0]) if at.ndim == 0 else value.reshape(at.shape), rows)

    def _quantile_gradient(
        self, at: Doubles, times: Doubles, rtol: float, *, upper: bool
    ) -> QuantileGradient:
        shape, sign, defect = at.shape, -1.0 if upper else 1.0, self.defect()
        p, value = at.ravel(), times.ravel()
        lower = 1.0 - p if upper else p
        inside = (value > 0.0) & np.isfinite(value)
        early = inside & (lower <= 0.5)
        in_theta, in_p = np.zeros((p.size, self._current_theta().size)), np.zeros(p.size)
        for curve, chosen in (("cdf", early), ("sf", inside & ~early)):
            if chosen.any():
                slopes = self._curve(curve, value[chosen], rtol, logarithm=True)
                below = p[chosen] if upper == (curve == "sf") else 1.0 - p[chosen]
                in_time = np.asarray(slopes.time)
                in_theta[chosen] = -slopes.theta / in_time[:, None]
                in_p[chosen] = sign / (below * np.abs(in_time))
        ends = (value == 0.0) & (lower == defect)
        if ends.any():
            if defect == 0.0:
                density = self.pdf(0.0, rtol=rtol)
                in_p[ends] = sign * (1.0 / density if density > 0.0 else np.inf)
            else:
                in_theta[ends], in_p[ends] = np.nan, np.nan
        never = np.isinf(value)
        in_theta[never], in_p[never] = np.nan, sign * np.inf
        rows = in_theta.reshape((*shape, in_theta.shape[1]))
        if at.ndim == 0:
            return QuantileGradient(float(value[0]), rows, float(in_p[0]))
        return QuantileGradient(times, rows, in_p.reshape(shape))

    def _curve(self, curve: str, time: ArrayLike, rtol: float, *, logarithm: bool = False) -> CurveGradient:
        at, checked = _check.times("time", time), _check.rtol(rtol)
        trace, theta = self._recorded(), self._current_theta()
        value, in_theta, in_time = trace.slopes(theta, curve, logarithm, at.ravel(), checked)
        rows = in_theta.reshape((*at.shape, in_theta.shape[1]))
        if at.ndim == 0:
            return CurveGradient(float(value[0]), rows, float(in_time[0]))
        return CurveGradient(value.reshape(at.shape), rows, in_time.reshape(at.shape))
