"""A wide prior on the scale of the data, for fits that name none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from phasic import _core
from phasic._check import Doubles

if TYPE_CHECKING:
    from phasic.svgd import LogNormal

#: Standard deviation of log theta: 95 % of the prior within a factor of 50 either way.
LOG_SD = 2.0


def data_scaled_prior(
    trace: _core.Trace,
    values: Doubles,
    weights: Doubles,
    rewards: Doubles | None,
    *,
    discrete: bool | None = None,
) -> LogNormal:
    """LogNormal(log c, 2) for every parameter, with c such that theta = (c, …, c) gives the data's mean.

    A prior needs units, and only the data tell them. The mean of `values` sets the centre; with a spread
    of a factor of 50 either way this uses the data for their unit and little else. State a prior where
    you have one.

    Args:
        trace: The model.
        values: (m,) observations.
        weights: (m,) multiplicities.
        rewards: (n_vertices,) in the trace's order, by default for a discrete law; None for absorption times.
        discrete: Whether rewards are collected per step, instead of per time.

    Raises:
        ValueError: No common value of the parameters gives the data's mean.
    """
    from phasic.svgd import LogNormal

    target = float(weights @ values / weights.sum())

    def mean(log_c: float) -> float:
        theta = np.full(trace.n_parameters, math.exp(log_c))
        if rewards is None or discrete is False:
            return float(trace.moments(theta, 1, rewards)[0])
        return float(trace.discrete_moments(theta, 1, rewards if rewards.size else None)[0])

    low, high = -50.0, 50.0
    below, above = mean(low) - target, mean(high) - target
    if target <= 0 or below * above > 0:
        raise ValueError(
            f"no prior was given, and none can be made from the data: no common value of the parameters "
            f"gives their mean {target:g}. Pass prior=, for example phasic.LogNormal(0.0, 2.0)"
        )
    for _ in range(60):
        middle = 0.5 * (low + high)
        if (mean(middle) - target) * below > 0:
            low = middle
        else:
            high = middle
    return LogNormal(0.5 * (low + high), LOG_SD)
