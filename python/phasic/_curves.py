"""Distribution functions at many times with their derivatives in the parameters and in time."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from phasic import _check
from phasic._check import Doubles
from phasic._distribution import RTOL
from phasic._gradients import Gradients


@dataclass(frozen=True)
class CurveGradient:
    """A function of time with its derivatives; `shape` is that of the times, () for one.

    Attributes:
        value: (*shape).
        theta: In the parameters, (*shape, param_length).
        time: In time, (*shape).
    """

    value: float | Doubles
    theta: Doubles
    time: float | Doubles


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

    def _curve(self, curve: str, time: ArrayLike, rtol: float, *, logarithm: bool = False) -> CurveGradient:
        at, checked = _check.times("time", time), _check.rtol(rtol)
        trace, theta = self._recorded(), self._current_theta()
        value, in_theta, in_time = trace.slopes(theta, curve, logarithm, at.ravel(), checked)
        rows = in_theta.reshape((*at.shape, in_theta.shape[1]))
        if at.ndim == 0:
            return CurveGradient(float(value[0]), rows, float(in_time[0]))
        return CurveGradient(value.reshape(at.shape), rows, in_time.reshape(at.shape))
