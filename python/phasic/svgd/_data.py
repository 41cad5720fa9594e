"""Observations: checked at the door, equal values merged, padded so that nearby sizes share a program."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic._observations import Observations

_SMALLEST = 8


class Features(NamedTuple):
    """Observations that are ready for a target: values (m,) and weights (m,), of one kind after the other."""

    values: NDArray[np.float64]
    weights: NDArray[np.float64]


def _vector(name: str, given: Any) -> NDArray[np.float64]:
    """`given` as a float vector with no entry negative, NaN or infinite."""
    try:
        vector = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a vector of numbers: {error}") from error
    if vector.ndim != 1:
        raise ValueError(f"{name} must be a vector, got shape {vector.shape}")
    bad = np.flatnonzero(~np.isfinite(vector) | (vector < 0))
    if bad.size:
        i = int(bad[0])
        raise ValueError(f"{name}[{i}] is {vector[i]}; {name} must be finite and not negative")
    return vector


def prepare(
    values: ArrayLike | Observations | Features, weights: ArrayLike | None
) -> tuple[NDArray[np.float64] | Observations, NDArray[np.float64] | None]:
    """Data and weights as a target keeps them; weights are None beside `Observations`, which have theirs."""
    if isinstance(values, Features):
        return values.values, values.weights
    if not isinstance(values, Observations):
        return prepare_data(values, weights)
    return prepare_rows(Observations.of(values, weights, name="observed_data")), None


def prepare_rows(seen: Observations) -> Observations:
    """Distinct rows in ascending order with their total weights, padded to a power of two by weight 0."""
    weights = np.asarray(seen.weights)
    used = weights != 0
    if not used.any():
        raise ValueError("weights are all 0; give at least one observation a positive weight")
    bounds = np.stack([np.asarray(seen.lower), np.asarray(seen.upper)])[:, used]
    distinct, where = np.unique(bounds, axis=1, return_inverse=True)
    total = np.bincount(where.ravel(), weights=weights[used])
    padding = _padded(total.size) - total.size
    lower, upper = np.pad(distinct, ((0, 0), (0, padding)), mode="edge")
    return Observations(lower, upper, np.pad(total, (0, padding)))


def mean_observation(data: Any, weights: Any) -> float:
    """Mean of data, to tell the unit of time; of censored ones, of a value between their bounds."""
    seen = data._seen() if isinstance(data, Observations) else (data, weights)
    # NumPy's functions would hand an array of JAX back to JAX, which compiles a program for each.
    values, counts = (np.asarray(each) for each in seen)
    return float(np.average(values, weights=counts)) if counts.any() else 0.0


def _padded(size: int) -> int:
    return max(_SMALLEST, 1 << (size - 1).bit_length())


def prepare_data(
    values: ArrayLike, weights: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distinct values in ascending order with their total weights, padded to a power of two by weight 0.

    `values` (m,) and `weights` (m,), default ones, are finite and not negative. The order of the observations
    does not matter to the result. Raises ValueError, with the index and value, for anything else.
    """
    data = _vector("observed_data", values)
    if data.size == 0:
        raise ValueError("observed_data is empty; give at least one observation")
    if weights is None:
        count = np.ones(data.shape)
    else:
        count = _vector("weights", weights)
        if count.shape != data.shape:
            raise ValueError(f"weights has shape {count.shape}, observed_data has shape {data.shape}")
        if not count.any():
            raise ValueError("weights are all 0; give at least one observation a positive weight")
    distinct, where = np.unique(data[count > 0], return_inverse=True)
    total = np.bincount(where, weights=count[count > 0])
    padding = _padded(distinct.size) - distinct.size
    return np.pad(distinct, (0, padding), mode="edge"), np.pad(total, (0, padding))
