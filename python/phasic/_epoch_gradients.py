"""Derivatives of what `phasic.Epochs` gives, in the parameters of every epoch and in the starts."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check, _core
from phasic._check import Doubles
from phasic._epoch_curves import observations
from phasic._epoch_places import EpochPlaces


@dataclass(frozen=True)
class EpochGradient:
    """A number with its derivatives, as `Epochs.expectation_gradient` gives them.

    Attributes:
        value: The number.
        thetas: Per epoch, in its parameters, (param_length,).
        starts: In the starts of the epochs, (n_epochs,); 0 for the first, which is fixed.

    Example:
        >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
        >>> gradient = law.expectation_gradient()  # of start + 1 / rate, where the first rate is 0
        >>> round(gradient.value, 9), gradient.thetas[1].round(9).tolist(), gradient.starts.round(9).tolist()
        (1.5, [-0.25], [0.0, 1.0])
    """

    value: float
    thetas: tuple[Doubles, ...]
    starts: Doubles


class EpochGradients(EpochPlaces):
    """Exact gradients over epochs; see `phasic.Epochs`."""

    def pdf_gradient(self, time: ArrayLike, seeds: ArrayLike | None = None) -> EpochGradient:
        """Derivatives of the sum of `seeds` times `pdf` at finite times, by one sweep back.

        Args:
            time: Finite times ≥ 0 of any shape.
            seeds: In the shape of `time`; default 1 each.

        Raises:
            ValueError: As for `pdf`, or a time is infinite, or seeds have another shape than times.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> gradient = law.pdf_gradient(2.0)  # of b exp(−a − b) at a = 1, b = 4
            >>> round(gradient.value, 6), gradient.thetas[0].round(6).tolist()
            (0.026952, [-0.026952])
        """
        return self._curve_gradient("pdf", time, seeds)

    def cdf_gradient(self, time: ArrayLike, seeds: ArrayLike | None = None) -> EpochGradient:
        """Derivatives of the sum of `seeds` times `cdf` at finite times, by one sweep back.

        Arguments and errors as for `pdf_gradient`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> gradient = law.cdf_gradient(2.0)  # of 1 − exp(−a − b) at a = 1, b = 4
            >>> round(gradient.value, 6), gradient.thetas[1].round(6).tolist()
            (0.993262, [0.006738])
        """
        return self._curve_gradient("cdf", time, seeds)

    def sf_gradient(self, time: ArrayLike, seeds: ArrayLike | None = None) -> EpochGradient:
        """Derivatives of the sum of `seeds` times `sf` at finite times, by one sweep back.

        Arguments and errors as for `pdf_gradient`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> gradient = law.sf_gradient(2.0)  # of exp(−a s − b (2 − s)) at s = 1: (b − a) exp(−a − b)
            >>> gradient.starts.round(6).tolist()
            [0.0, 0.020214]
        """
        return self._curve_gradient("sf", time, seeds)

    def log_likelihood_gradient(self, data: ArrayLike, *, weights: ArrayLike | None = None) -> EpochGradient:
        """Derivatives of `log_likelihood`, by one sweep back; same arguments.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> gradient = law.log_likelihood_gradient([0.5, 2.0])  # 1 − 0.5 and −1; 1 / 4 − 1; 4 − 1
            >>> [slope.round(6).tolist() for slope in gradient.thetas], gradient.starts.round(6).tolist()
            ([[-0.5], [-0.75]], [0.0, 3.0])
        """
        return _gradient(self._smooth.log_likelihood_gradient(*observations(data, weights)))

    def expectation_gradient(self, rewards: Any = None, *, until: float = math.inf) -> EpochGradient:
        """Derivatives of `expectation`, same arguments.

        Those of a sum of `expectations` are one with summed rewards: `seeds @ rewards`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> gradient = law.expectation_gradient(until=1.0)  # of (1 − exp(−a)) / a: 2 / e − 1
            >>> [slope.round(6).tolist() for slope in gradient.thetas]
            [[-0.264241], [0.0]]
        """
        return self.moments_gradient([1.0], rewards, until=until)

    def moments_gradient(
        self, seeds: ArrayLike, rewards: Any = None, *, until: float = math.inf
    ) -> EpochGradient:
        """Derivatives of the sum of `seeds[k - 1]` times the k-th of `moments`, in one sweep.

        Args:
            seeds: (power,) weights of the moments.
            rewards, until: As for `moments`.

        Example:
            >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> gradient = law.moments_gradient([0.0, 1.0])  # of 1 + 2 / rate + 2 / rate²
            >>> round(gradient.value, 9), gradient.thetas[1].round(9).tolist()
            (2.5, [-1.0])
        """
        checked = _check.finite_vector("seeds", seeds)
        return _gradient(
            self._smooth.moments_gradient(checked, self._rewards(rewards), _check.time(until), False)
        )

    def truncated_moments_gradient(self, time: float, seeds: ArrayLike, rewards: Any = None) -> EpochGradient:
        """Derivatives of the sum of `seeds[k - 1]` times the k-th of `truncated_moments`, in one sweep.

        Args:
            time: At least 0.
            seeds: (power,) weights of the moments.
            rewards: As for `truncated_moments`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> gradient = law.truncated_moments_gradient(1.0, [1.0])  # of 1 / a − exp(−a) (1 + 1 / a)
            >>> gradient.thetas[0].round(6).tolist()
            [0.103638]
        """
        checked = _check.finite_vector("seeds", seeds)
        return _gradient(
            self._smooth.moments_gradient(checked, self._rewards(rewards), _check.time(time), True)
        )

    def state_probability_gradient(self, time: float, seeds: ArrayLike) -> EpochGradient:
        """Derivatives of the sum of `seeds` times `state_probability` at a time.

        Args:
            time: At least 0.
            seeds: (n_vertices,) of that epoch's graph.

        Raises:
            ValueError: Seeds are not given, or have another length.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> gradient = law.state_probability_gradient(1.5, [0, 1, 0, 0])  # of exp(−rate (1.5 − start))
            >>> gradient.thetas[1].round(6).tolist(), gradient.starts.round(6).tolist()
            ([-0.18394], [0.0, 0.735759])
        """
        order = self._orders[self.epoch_at(time)]
        checked = _check.reward_vector(seeds, order.n)
        if checked is None:
            raise ValueError("state_probability_gradient needs seeds, one for each vertex")
        return _gradient(self._smooth.occupancy_gradient(_check.time(time), checked[order.original]))

    @functools.cached_property
    def _smooth(self) -> _core.Epochs:
        """The same to a finer tolerance: what is left out weighs more in derivatives than in values."""
        return _core.Epochs(self._rows, max(1e-3 * self._rtol, _check.LEAST_RTOL))

    def _curve_gradient(self, name: str, time: ArrayLike, seeds: ArrayLike | None) -> EpochGradient:
        at = _check.times("time", time)
        weights = np.ones(at.shape) if seeds is None else _check.doubles("seeds", seeds)
        if weights.shape != at.shape:
            raise ValueError(f"seeds has shape {weights.shape}, but time has shape {at.shape}")
        return _gradient(self._smooth.curve_gradient(name, at.ravel(), weights.ravel()))


def _gradient(found: tuple[float, list[Doubles], Doubles]) -> EpochGradient:
    value, thetas, starts = found
    return EpochGradient(value, tuple(thetas), starts)
