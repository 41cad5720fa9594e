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
    """Exact gradients of distribution functions; see `phasic.Graph`.

    All times share one sequence of vectors. With fewer parameters than times, the sequence's derivative in
    each parameter serves all times; else every time has a sweep back of its own. Arguments as for `pdf`.
    """

    def pdf_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Of the density. In time it can cancel near a mode: right to rtol · pdf · √(q / t), q the fastest
        rate."""
        return self._curve("pdf", time, rtol)

    def cdf_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Of the distribution function, its atom at 0 included."""
        return self._curve("cdf", time, rtol)

    def sf_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Of the survival function."""
        return self._curve("sf", time, rtol)

    def logpdf_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Of `logpdf`, right where the density underflows; NaN where it is 0."""
        return self._curve("pdf", time, rtol, logarithm=True)

    def logcdf_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Of `logcdf`; NaN where the distribution function is 0."""
        return self._curve("cdf", time, rtol, logarithm=True)

    def logsf_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Of `logsf`, right where the survival function underflows; NaN at infinity."""
        return self._curve("sf", time, rtol, logarithm=True)

    def hazard_gradient(self, time: ArrayLike, *, rtol: float = RTOL) -> CurveGradient:
        """Of `hazard`, right where density and survival function underflow; NaN where `hazard` is.

        Each derivative is the difference of those of `logpdf` and `logsf`, times the hazard: right to rtol of
        the larger one.
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
        """Of `ppf`, in the parameters and in `p`, by the theorem of implicit functions.

        From the logarithm of the smaller of `cdf` and `sf`, so right where the density underflows. A quantile
        inside the atom at 0 has derivatives 0; where the atom just ends, the one in `p` is 1 / pdf(0) (from
        above) without an atom and all others are NaN, but that in theta is 0 for p = 0. At infinity the
        derivative in `p` is inf, and NaN in theta.

        Args:
            p: Probabilities in [0, 1] of any shape.
            rtol: As for `pdf`.
        """
        at = _check.probabilities("p", p)
        return self._quantile_gradient(at, np.asarray(self.ppf(at, rtol=rtol)), rtol, upper=False)

    quantile_gradient = ppf_gradient

    def isf_gradient(self, p: ArrayLike, *, rtol: float = RTOL) -> QuantileGradient:
        """Of `isf`; as `ppf_gradient`, with the derivatives in `p` negative."""
        at = _check.probabilities("p", p)
        return self._quantile_gradient(at, np.asarray(self.isf(at, rtol=rtol)), rtol, upper=True)

    def pmf_discrete_gradient(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> CountGradient:
        """Of `pmf_discrete`, same arguments.

        With at most as many parameters as counts, one table of dual numbers for each parameter serves all
        counts; else every count has a sweep back through the table.
        """
        return self._count_gradient("pmf", jumps, rewards)

    def logpmf_discrete_gradient(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> CountGradient:
        """Of `logpmf_discrete`, right where the probability underflows; NaN where it is 0."""
        return self._count_gradient("logpmf", jumps, rewards)

    def cdf_discrete_gradient(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> CountGradient:
        """Of `cdf_discrete`, by `sf_discrete` where that is the smaller."""
        return self._count_gradient("cdf", jumps, rewards)

    def sf_discrete_gradient(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> CountGradient:
        """Of `sf_discrete`, right in the far tail."""
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
