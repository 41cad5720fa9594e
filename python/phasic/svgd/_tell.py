"""What a finished fit says unasked, at the line outside of phasic that asked for it."""

from __future__ import annotations

import numpy as np

from phasic._warn import warn
from phasic.svgd._joint_prior import JointPrior, part_size
from phasic.svgd._monitor import ConvergenceWarning
from phasic.svgd._posterior import Posterior

#: The ends of a prior leave so much on either side.
_TAIL = 0.0005
#: How many times beyond an end a posterior is no matter of strong data: units differ by factors.
_FACTOR = 10.0


def tell(posterior: Posterior) -> None:
    """Warn of a fit that has not converged, and of one that lies far from where its prior expects it."""
    if not posterior.converged:
        reason = posterior.reason
        warn(reason if reason.startswith("not converged") else f"not converged: {reason}", ConvergenceWarning)
        return
    if posterior.target is None or (ends := _ends(posterior.target.prior, len(posterior.names))) is None:
        return
    for name, middle, low, high in zip(posterior.names, posterior.quantile(0.5), *ends, strict=True):
        if 0 < low < high and not low / _FACTOR <= middle <= high * _FACTOR:
            warn(
                f"the posterior of {name} (median {middle:.3g}) lies far outside its prior (99.9 % within "
                f"{low:.3g} to {high:.3g}): are data and prior in the same unit?"
            )


def _ends(prior: JointPrior, dim: int) -> np.ndarray | None:
    """Ends of each parameter's prior, (2, p), equal ones if it is fixed; None if they are not known."""
    parts = getattr(prior, "parts", ())
    if any(part_size(part) is not None for part in parts):
        return None
    return prior.quantile(np.repeat([[_TAIL], [1.0 - _TAIL]], dim, axis=1))
