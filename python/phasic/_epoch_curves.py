"""Distribution functions of the absorption time over epochs, named as in `scipy.stats`."""

from __future__ import annotations

import math
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check
from phasic._check import Doubles
from phasic._epoch_list import EpochList


class EpochCurves(EpochList):
    """The law of the absorption time as functions of time; see `phasic.Epochs`."""

    def defect(self) -> float:
        """Probability of starting absorbed: the atom of the absorption time at 0.

        Example:
            >>> graph = phasic.Graph.from_matrices([0.75], [[-2.0]])
            >>> graph.epochs([phasic.Epoch(0.0)]).defect()
            0.25
        """
        return self._core.defect()

    @overload
    def pdf(self, time: float) -> float: ...
    @overload
    def pdf(self, time: ArrayLike) -> Doubles: ...
    def pdf(self, time: ArrayLike) -> float | Doubles:
        """Density of the absorption time, without atoms: those at 0 and where a map absorbs.

        Args:
            time: Times ≥ 0 of any shape and order; infinity gives 0.

        Returns:
            A number for one time, otherwise an array in the shape of the times.

        Raises:
            ValueError: A time is negative or NaN (the first is named), or an epoch of a chain that leaves no
                room for contours would take more than 3e7 jumps.

        Example:
            >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.pdf([0.5, 1.0]).round(9).tolist()  # nothing happens before 1
            [0.0, 2.0]
        """
        return self._curve("pdf", time)

    @overload
    def cdf(self, time: float) -> float: ...
    @overload
    def cdf(self, time: ArrayLike) -> Doubles: ...
    def cdf(self, time: ArrayLike) -> float | Doubles:
        """Probability of being absorbed by each time, atoms included. Arguments as for `pdf`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> law.cdf([1.0, 2.0]).round(6).tolist()  # 1 − exp(−1) and 1 − exp(−1 − 4)
            [0.632121, 0.993262]
        """
        return self._curve("cdf", time)

    @overload
    def sf(self, time: float) -> float: ...
    @overload
    def sf(self, time: ArrayLike) -> Doubles: ...
    def sf(self, time: ArrayLike) -> float | Doubles:
        """Probability of not being absorbed by each time, right in the far tail. Arguments as for `pdf`.

        Example:
            >>> part = phasic.models.repairable_system(1)
            >>> law = part.epochs([(0.0, [0.1, 0.0]), (10.0, [0.4, 0.0])])  # it fails more often from 10 on
            >>> round(law.sf(15.0), 6)  # exp(−10 · 0.1 − 5 · 0.4)
            0.049787
        """
        return self._curve("sf", time)

    @overload
    def logpdf(self, time: float) -> float: ...
    @overload
    def logpdf(self, time: ArrayLike) -> Doubles: ...
    def logpdf(self, time: ArrayLike) -> float | Doubles:
        """Logarithm of `pdf`, right also where the density is no number above 0. Arguments as for `pdf`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> round(law.logpdf(1001.0), 6), law.pdf(1001.0)  # log(4) − 1 − 4 · 1000
            (-3999.613706, 0.0)
        """
        return self._curve("pdf", time, log=True)

    @overload
    def logsf(self, time: float) -> float: ...
    @overload
    def logsf(self, time: ArrayLike) -> Doubles: ...
    def logsf(self, time: ArrayLike) -> float | Doubles:
        """Logarithm of `sf`, right however small that is. Arguments as for `pdf`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> round(law.logsf(1001.0), 6)  # −1 − 4 · 1000
            -4001.0
        """
        return self._curve("sf", time, log=True)

    @overload
    def logcdf(self, time: float) -> float: ...
    @overload
    def logcdf(self, time: ArrayLike) -> Doubles: ...
    def logcdf(self, time: ArrayLike) -> float | Doubles:
        """Logarithm of `cdf`, with the digits of `sf` where that is the smaller. Arguments as for `pdf`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> law.logcdf([1.0, 11.0]).tolist()  # log(1 − exp(−1)), and −exp(−1 − 40)
            [-0.45867514538..., -1.56288...e-18]
        """
        at = _check.times("time", time)
        logs, upper = (self._core.curve(name, at.ravel(), True) for name in ("cdf", "sf"))
        with np.errstate(divide="ignore"):
            found = np.where(upper < math.log(0.5), np.log1p(-np.exp(upper)), logs)
        return float(found[0]) if at.ndim == 0 else found.reshape(at.shape)

    @overload
    def hazard(self, time: float) -> float: ...
    @overload
    def hazard(self, time: ArrayLike) -> Doubles: ...
    def hazard(self, time: ArrayLike) -> float | Doubles:
        """Rate of absorption among those not yet absorbed, pdf / sf, right where both underflow.

        Arguments as for `pdf`; NaN at infinity, and where nothing is left to be absorbed.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> law.hazard([0.5, 2.0, 5000.0]).round(6).tolist()
            [1.0, 4.0, 4.0]
        """
        at = _check.times("time", time)
        density, left = (self._core.curve(name, at.ravel(), True) for name in ("pdf", "sf"))
        with np.errstate(invalid="ignore"):
            found = np.exp(density - left)
        return float(found[0]) if at.ndim == 0 else found.reshape(at.shape)

    def log_likelihood(self, data: ArrayLike, *, weights: ArrayLike | None = None) -> float:
        """Sum of `weights` times `logpdf` of observed absorption times.

        Args:
            data: (m,) finite times ≥ 0.
            weights: (m,) multiplicities; default 1 each.

        Raises:
            ValueError: A time is negative or not finite, or a weight is (the first is named), or shapes do
                not fit.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> round(law.log_likelihood([0.5, 2.0]), 6)  # −0.5, and log(4) − 1 − 4
            -4.113706
        """
        values, counts = observations(data, weights)
        used = counts != 0
        return float(counts[used] @ self._core.curve("pdf", values[used], True))

    def _curve(self, name: str, time: ArrayLike, *, log: bool = False) -> float | Doubles:
        at = _check.times("time", time)
        values = self._core.curve(name, at.ravel(), log)
        return float(values[0]) if at.ndim == 0 else values.reshape(at.shape)


def observations(data: ArrayLike, weights: ArrayLike | None) -> tuple[Doubles, Doubles]:
    values = np.atleast_1d(_check.times("data", data))
    counts = np.ones(values.shape) if weights is None else _check.finite_vector("weights", weights)
    if values.ndim != 1 or counts.shape != values.shape:
        raise ValueError(f"data has shape {values.shape} and weights {counts.shape}: both must be (m,)")
    _check.first("weights", counts, counts >= 0, "at least 0")
    if not np.isfinite(values).all():
        index = int(np.argmin(np.isfinite(values)))
        raise ValueError(f"data[{index}] is inf: observations must be finite")
    return values, counts
