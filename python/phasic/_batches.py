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
        """Densities at times, in their shape: `pdf(times)`."""
        return np.asarray(self.pdf(np.asarray(times)))

    def cdf_batch(self, times: ArrayLike, granularity: object = None) -> Doubles:
        """Distribution function at times, in their shape: `cdf(times)`."""
        return np.asarray(self.cdf(np.asarray(times)))

    def dph_pmf_batch(self, jumps: ArrayLike) -> Doubles:
        """Probabilities of numbers of steps, in their shape: `pmf_discrete(jumps)`."""
        return np.asarray(self.pmf_discrete(np.asarray(jumps)))

    def dph_cdf_batch(self, jumps: ArrayLike) -> Doubles:
        """Distribution function of the number of steps, in their shape: `cdf_discrete(jumps)`."""
        return np.asarray(self.cdf_discrete(np.asarray(jumps)))

    def moments_batch(self, powers: ArrayLike) -> Doubles:
        """Moments of the orders `powers`, whole numbers ≥ 1, in their shape."""
        orders = np.asarray(powers)
        _check.first("powers", orders, (orders >= 1) & (orders == np.floor(orders)), "at least 1, and whole")
        if not orders.size:
            return np.empty(orders.shape)
        return self.moments(int(orders.max()))[orders.astype(np.intp) - 1]
