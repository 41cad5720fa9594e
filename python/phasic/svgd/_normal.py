"""Quantiles of the standard normal law without SciPy, whose import takes a fifth of JAX's own."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

_ENDS = {0.0: -np.inf, 1.0: np.inf}


def normal_quantile(q: ArrayLike) -> NDArray[np.float64]:
    """Quantiles of the standard normal law at the probabilities `q`, same shape, to about 1e-16 relatively.

    -inf at 0, inf at 1, NaN outside of [0, 1]. By the standard library (Wichura 1988, algorithm AS 241).
    """
    p = np.asarray(q, dtype=np.float64)
    inside = NormalDist().inv_cdf
    found = [inside(x) if 0.0 < x < 1.0 else _ENDS.get(x, np.nan) for x in p.ravel().tolist()]
    return np.array(found, dtype=np.float64).reshape(p.shape)
