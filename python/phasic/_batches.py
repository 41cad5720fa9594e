"""Functions of many arguments under the names of older code."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check
from phasic._check import Doubles
from phasic._distribution import Distribution


class Batches(Distribution):
    """`pdf`, `cdf`, `pmf_discrete`, `cdf_discrete` and `moments` for arrays; see `phasic.Graph`."""

    def pdf_batch(self, times: ArrayLike, granularity: object = None) -> Doubles:
        """Densities at times, in their shape: for code of older versions, where new code calls `pdf(times)`.

        Args:
            times: As for `pdf`.
            granularity: Accepted and not used.

        Raises:
            ValueError: As for `pdf`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.pdf_batch([0.0, 1.0]).round(6).tolist()  # exp(−t)
            [1.0, 0.367879]
        """
        return np.asarray(self.pdf(np.asarray(times), granularity))

    def cdf_batch(self, times: ArrayLike, granularity: object = None) -> Doubles:
        """Distribution function at times, in their shape: for code of older versions; new code calls
        `cdf(times)`.

        Args:
            times: As for `cdf`.
            granularity: Accepted and not used.

        Raises:
            ValueError: As for `cdf`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.cdf_batch([0.0, 1.0]).round(6).tolist()  # 1 − exp(−t)
            [0.0, 0.632121]
        """
        return np.asarray(self.cdf(np.asarray(times), granularity))

    def dph_pmf_batch(self, jumps: ArrayLike) -> Doubles:
        """Probabilities of numbers of steps: for code of older versions; new code calls
        `pmf_discrete(jumps)`.

        Args:
            jumps: Whole numbers ≥ 0 of any shape, which is that of the result.

        Raises:
            ValueError: As for `pmf_discrete`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])
            >>> graph.dph_pmf_batch([1, 2]).round(6).tolist()
            [0.5, 0.25]
        """
        return np.asarray(self.pmf_discrete(np.asarray(jumps)))

    def dph_cdf_batch(self, jumps: ArrayLike) -> Doubles:
        """Distribution function of the number of steps: for code of older versions; new code calls
        `cdf_discrete`.

        Args:
            jumps: Whole numbers ≥ 0 of any shape, which is that of the result.

        Raises:
            ValueError: As for `cdf_discrete`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])
            >>> graph.dph_cdf_batch([1, 2]).round(6).tolist()
            [0.5, 0.75]
        """
        return np.asarray(self.cdf_discrete(np.asarray(jumps)))

    def moments_batch(self, powers: ArrayLike) -> Doubles:
        """Raw moments of given orders: for code of older versions; new code calls `moments(power)`.

        Args:
            powers: Orders, whole numbers ≥ 1 of any shape, which is that of the result.

        Raises:
            ValueError: An order is not a whole number ≥ 1.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.moments_batch([3, 1]).round(6).tolist()  # 3! and 1!
            [6.0, 1.0]
        """
        orders = np.asarray(powers)
        _check.first("powers", orders, (orders >= 1) & (orders == np.floor(orders)), "at least 1, and whole")
        if not orders.size:
            return np.empty(orders.shape)
        return self.moments(int(orders.max()))[orders.astype(np.intp) - 1]
