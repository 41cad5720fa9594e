"""Times at given probabilities of a law with epochs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from phasic import _core
from phasic._bracket import roots
from phasic._check import Doubles


def quantiles(law: _core.Epochs, starts: Doubles, p: Doubles, *, upper: bool = False) -> Doubles:
    """The smallest times (m,) by which absorption has the probabilities `p` (m,), or with `upper` has not.

    On the smaller of cdf and sf, each on its logarithm.
    """
    found, small = np.empty(p.shape), p < 0.5
    for chosen, part, survive in ((small, p, upper), (~small, 1.0 - p, not upper)):
        if chosen.any():
            with np.errstate(divide="ignore"):
                logs = np.log(part[chosen])
            if survive:
                found[chosen] = _times(law, lambda at: -law.curve("sf", at, True), starts, -logs)
            else:
                found[chosen] = _times(law, lambda at: law.curve("cdf", at, True), starts, logs)
    return found


def _times(
    law: _core.Epochs, curve: Callable[[Doubles], Doubles], starts: Doubles, wanted: Doubles
) -> Doubles:
    """The smallest times at which an increasing curve of the law is at least `wanted` (m,)."""
    # What is first reached as an epoch begins is absorbed then, or in the epoch before.
    reached = np.searchsorted(np.maximum.accumulate(curve(starts)), wanted, side="left")
    found = np.append(starts, np.inf)[reached]
    last, finite = reached == len(starts), np.isfinite(wanted)
    if last.any():
        law.residence(np.inf)  # refuses where absorption is not certain
    end = _end(law, curve, starts[-1:], wanted[last & finite].max()) if (last & finite).any() else np.inf
    ends = np.append(np.nextafter(starts[1:], 0.0), end)
    at_ends = np.append(curve(ends[:-1]), np.inf)
    between = (reached > 0) & finite & (wanted <= at_ends[reached - 1])
    low, high, goal = starts[reached[between] - 1], ends[reached[between] - 1], wanted[between]

    def gap(log_times: Doubles, which: NDArray[np.bool_]) -> Doubles:
        return curve(np.clip(np.exp(log_times), low[which], high[which])) - goal[which]

    logs = roots(gap, np.log(np.maximum(low, np.finfo(np.float64).tiny)), np.log(high))
    found[between] = np.clip(np.exp(logs), low, high)
    return found


def _end(law: _core.Epochs, curve: Callable[[Doubles], Doubles], start: Doubles, wanted: float) -> float:
    """A time of the last epoch, which starts at `start` (1,), at which the curve is at least `wanted`."""
    left, spent = law.curve("sf", start, False)[0], law.residence(np.inf)[-1].sum()
    step = float(spent / left) if spent > 0 and left > 0 else 1.0
    while curve(start + step)[0] < wanted:
        step *= 2.0
    return float(start[0]) + step
