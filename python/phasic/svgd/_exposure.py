"""Observations seen under different exposures: rates of some parameters multiplied by known factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check
from phasic._observations import Observations
from phasic.svgd._data import Features, prepare
from phasic.svgd._prior import LogNormal
from phasic.svgd._restrictions import locate


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class ExposedModel:
    """A model of which each observation sees theta times its exposure.

    Observations of one exposure are a group, evaluated together. Groups of nearby sizes are padded to one
    size, a bucket, and evaluated in one `vmap`.

    Attributes:
        model: The model at an exposure of 1.
        factors: (groups, p) or (groups, 1): what theta is multiplied by, bucket after bucket.
        buckets: Number and size of the groups of each bucket.
    """

    model: Any
    factors: Any
    buckets: tuple[tuple[int, int], ...] = field(metadata={"static": True})

    @property
    def n_parameters(self) -> int | None:
        """Length of theta, if the model tells it."""
        own = getattr(self.model, "n_parameters", None)
        return own if isinstance(own, int) else None

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        """Sum over all groups. `values` and `weights` are flat, group after group."""
        total: Any = 0.0
        group, at = 0, 0
        for count, size in self.buckets:
            part = slice(at, at + count * size)
            data = jax.tree.map(lambda a, part=part, n=count: a[part].reshape(n, -1), (values, weights))
            thetas = theta * jnp.asarray(self.factors)[group : group + count]
            total = total + jnp.sum(jax.vmap(self.model.log_likelihood)(thetas, *data))
            group, at = group + count, at + count * size
        return total


def exposed(
    model: Any,
    observed: ArrayLike | Observations,
    weights: ArrayLike | None,
    exposure: ArrayLike,
    members: Sequence[int] | None,
    dim: int,
) -> tuple[ExposedModel, Features]:
    """The model of observations with exposures, and the observations by bucket and group.

    Args:
        model: Of `dim` parameters, with `log_likelihood`.
        observed: (m,) or `Observations` of m rows, none of them truncated.
        weights: (m,) multiplicities, default 1 each.
        exposure: (m,), or one number for all; positive and finite.
        members: Indices of the parameters that are multiplied; None for all.
        dim: Number of parameters.

    Raises:
        ValueError: Shapes do not fit, or an exposure is not positive and finite.
    """
    if isinstance(observed, Features):
        raise ValueError("exposure goes with times or counts, not with rewards=")
    values, counts = _rows(observed, weights)
    factors = read_exposure(exposure, len(counts))
    if isinstance(values, Observations) and (np.asarray(values.weights) < 0).any():
        raise ValueError("exposure goes with observations that are not truncated")
    used = counts != 0
    distinct, where = np.unique(factors[used], return_inverse=True)
    chosen = [np.flatnonzero(used)[where == i] for i in range(len(distinct))]
    sizes = np.asarray([1 << (len(rows) - 1).bit_length() for rows in chosen])
    order = np.argsort(sizes, kind="stable")
    parts = [_padded(values, counts, chosen[i], sizes[i]) for i in order]
    joined = jax.tree.map(lambda *pieces: np.concatenate(pieces), *parts)
    buckets = tuple(zip(*(each.tolist() for each in np.unique(sizes, return_counts=True)[::-1]), strict=True))
    table = np.ones((len(distinct), 1 if members is None else dim))
    table[:, slice(None) if members is None else list(members)] = distinct[order, None]
    return ExposedModel(model, table, buckets), Features(*joined)


def read_exposure(exposure: ArrayLike, length: int) -> NDArray[np.float64]:
    """One exposure for each observation, (m,). Raises ValueError, with the first bad index."""
    given = np.asarray(_check.doubles("exposure", exposure))
    if given.ndim and given.shape != (length,):
        raise ValueError(f"exposure has shape {given.shape}, observed_data has {length} observations")
    _check.first("exposure", given, (given > 0) & np.isfinite(given), "positive and finite")
    return np.array(np.broadcast_to(given, length))


def read_members(exposure_index: Any, names: Sequence[str]) -> tuple[int, ...] | None:
    """Indices of the parameters that exposures multiply: of a name or an index, or several; None for all."""
    if exposure_index is None:
        return None
    several = exposure_index if isinstance(exposure_index, Sequence | np.ndarray) else [exposure_index]
    given = [exposure_index] if isinstance(exposure_index, str) else several
    members = tuple(dict.fromkeys(locate("exposure_index", each, names) for each in given))
    if not members:
        raise ValueError("exposure_index is empty: name a parameter, or leave exposure out")
    return members


def at_exposure(prior: LogNormal, exposure: ArrayLike, members: Sequence[int] | None, dim: int) -> LogNormal:
    """A default prior, made as if exposures were 1, moved to theta at the exposures' geometric mean."""
    shift = np.zeros(dim)
    shift[slice(None) if members is None else list(members)] = np.mean(np.log(np.asarray(exposure, float)))
    return LogNormal(prior.mu - shift, prior.sigma)


def _rows(
    observed: ArrayLike | Observations, weights: ArrayLike | None
) -> tuple[NDArray[np.float64] | Observations, NDArray[np.float64]]:
    """Observations with their weights, checked as without exposures."""
    prepare(observed, weights)
    if isinstance(observed, Observations):
        return observed, np.asarray(observed.weights, dtype=np.float64)
    values = np.asarray(observed, dtype=np.float64)
    return values, np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)


def _padded(
    values: NDArray[np.float64] | Observations, counts: NDArray[np.float64], rows: NDArray[Any], size: int
) -> tuple[Any, Any]:
    """Values and weights of one group, with the last repeated at weight 0."""
    room = size - len(rows)
    rows = np.pad(rows, (0, room), mode="edge")
    weights = np.where(np.arange(size) < size - room, counts[rows], 0.0)
    if not isinstance(values, Observations):
        return values[rows], weights
    return Observations(np.asarray(values.lower)[rows], np.asarray(values.upper)[rows], weights), None
