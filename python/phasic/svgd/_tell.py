"""What a finished fit says unasked, at the line outside of phasic that asked for it."""

from __future__ import annotations

import numpy as np

from phasic._warn import warn
from phasic.svgd._joint_prior import JointPrior
from phasic.svgd._monitor import ConvergenceWarning
from phasic.svgd._posterior import Posterior

#: Share of the prior on either side in which no one expects a posterior.
_TAIL = 0.0005


def tell(posterior: Posterior) -> None:
    """Warn of a fit that has not converged, and of one that lies where its prior did not expect it."""
    if not posterior.converged:
        reason = posterior.reason
        text = reason if reason.startswith("not converged") else f"not converged: {reason}"
        warn(text, ConvergenceWarning)
    if posterior.target is None or (ends := _ends(posterior.target.prior, len(posterior.names))) is None:
        return
    for name, middle, low, high in zip(posterior.names, posterior.quantile(0.5), *ends, strict=True):
        if low < high and not low <= middle <= high:
            warn(
                f"the posterior of {name} (median {middle:.3g}) lies outside 99.9 % of its prior "
                f"({low:.3g} to {high:.3g}): are data and prior in the same unit?"
            )


def _ends(prior: JointPrior, dim: int) -> np.ndarray | None:
    """Ends of the middle of each parameter's prior, (2, p), equal ones if it is fixed; None if unknown."""
    return prior.quantile(np.repeat([[_TAIL], [1.0 - _TAIL]], dim, axis=1))
