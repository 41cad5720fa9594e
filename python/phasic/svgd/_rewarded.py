"""Observed rewards: one kind, or several as a product of their marginal likelihoods."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check
from phasic._features import feature_rows
from phasic._graph import Graph
from phasic._model import Model
from phasic.svgd._data import Features, prepare_data


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class RewardedModel:
    """A model whose observations are accumulated rewards, of one kind after the other.

    With several kinds a composite likelihood: the product of the marginal likelihoods of each, as if the
    rewards of one path were independent. Its maximum is consistent, but it counts what the kinds share more
    than once, so that posteriors come out too narrow.

    Attributes:
        model: A `phasic.Model`, or None.
        times: For each kind the model whose absorption time is its reward, where that keeps all parameters.
        function: Instead of a model, `(theta, values, rewards=...) -> densities`, or a tuple that begins so.
        rewards: (kinds, n_vertices) in the graph's order.
        lengths: How many of the values are of each kind.
    """

    model: Any
    times: tuple[Any, ...]
    rewards: Any
    function: Callable[..., Any] | None = field(metadata={"static": True})
    lengths: tuple[int, ...] = field(metadata={"static": True})

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        """Sum over all kinds of weights times log densities, or log probabilities of a discrete model."""
        total, start = 0.0, 0
        for row, time, length in zip(self.rewards, self.times, self.lengths, strict=True):
            part = slice(start, start + length)
            if time is not None:
                total = total + time.log_likelihood(theta, values[part], weights[part])
            else:
                total = total + self._marginal(theta, values[part], weights[part], row)
            start += length
        return total

    def _marginal(self, theta: Any, values: Any, weights: Any, row: Any) -> Any:
        if self.function is None and self.model.discrete:
            law = dataclasses.replace(self.model, rewards=self.model._row(row), tables=None)
            return law.log_likelihood(theta, values, weights)
        if self.function is None:
            log = self.model.logpdf_reward(theta, values, row)
        else:
            result = self.function(theta, values, rewards=row)
            density = result[0] if isinstance(result, tuple) else result
            log = jnp.where(density > 0, jnp.log(jnp.where(density > 0, density, 1.0)), -jnp.inf)
        return jnp.sum(jnp.where(weights > 0, weights * log, 0.0))

    @property
    def n_parameters(self) -> int | None:
        """Length of theta, if the model tells it."""
        return None if self.model is None else int(self.model.n_parameters)


def rewarded(
    model: Any, observed: ArrayLike, rewards: ArrayLike, weights: ArrayLike | None = None
) -> tuple[RewardedModel, Features]:
    """The model of observed rewards, and the observations by kind.

    Args:
        model: A `phasic.Model`, a function that one of the makers of older code gave, or another function
            `(theta, values, rewards=...) -> densities`.
        observed: (m,), or (m, kinds) with NaN for what was not seen.
        rewards: (n_vertices,), or (kinds, n_vertices), or (n_vertices, kinds).
        weights: (m,) multiplicities of the rows, default 1 each.

    Raises:
        ValueError: Shapes do not fit, a kind has no observation, or one of 0 lies on an atom of the reward.
    """
    data = _check.doubles("observed_data", observed)
    if data.ndim not in (1, 2) or not data.size:
        raise ValueError(f"observed_data has shape {data.shape}, but (m,) or (m, kinds) is needed")
    law = model if isinstance(model, Model) else getattr(model, "model", None)
    if law is None and not callable(model):
        raise ValueError(
            f"rewards need a phasic.Model or a function of theta, values and rewards, not {model!r}"
        )
    table = np.asarray(rewards)
    n_vertices = law.n_vertices if law is not None else table.shape[-1] if table.ndim else 0
    rows = np.atleast_2d(feature_rows(rewards, n_vertices, data.shape[1] if data.ndim == 2 else None))
    rows = rows.astype(np.float64)
    columns = data.T if data.ndim == 2 else data[None]
    if len(columns) != len(rows):
        raise ValueError(
            f"observed_data has shape {data.shape}, but rewards has {len(rows)} rows, one per kind: "
            f"(m, {len(rows)}) is needed"
        )
    count = np.ones(columns.shape[1]) if weights is None else _check.finite_vector("weights", weights)
    if count.shape != columns.shape[1:]:
        raise ValueError(f"weights has shape {count.shape}, but observed_data has {columns.shape[1]} rows")
    parts = [_kind(i, column, count) for i, column in enumerate(columns)]
    if law is not None and not law.discrete:
        _refuse_atoms(law, rows, parts)
    values, totals = (np.concatenate([part[i] for part in parts]) for i in range(2))
    lengths = tuple(part[0].size for part in parts)
    function = None if law is not None else model
    times = tuple(_in_reward_time(law, row) for row in rows)
    return RewardedModel(law, times, jnp.asarray(rows), function, lengths), Features(values, totals)


def _in_reward_time(law: Model | None, row: NDArray[np.float64]) -> Model | None:
    """The model whose absorption time is the reward, if its weights keep theta; several times as fast."""
    if law is None or law.discrete:
        return None
    ordered = row[np.asarray(law.original)].astype(np.float64)
    builder = law.trace().reward_transform_for_any_theta(ordered)
    if builder is None or builder.n_parameters != law.n_parameters:
        return None
    return Graph._from_builder(builder).model(discrete=False, rtol=law.rtol)


def _kind(
    i: int, column: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    seen = ~np.isnan(column)
    if not seen.any():
        raise ValueError(f"observed_data has no value in column {i}: leave its rewards out")
    return prepare_data(column[seen], weights[seen])


def _refuse_atoms(
    law: Model, rows: NDArray[np.float64], parts: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> None:
    for i, (row, (values, _)) in enumerate(zip(rows, parts, strict=True)):
        if (values == 0).any():
            ordered = row[np.asarray(law.original)][None]
            if law.trace().atoms(np.ones(law.n_parameters), ordered)[0] > 0:
                raise ValueError(
                    f"an observation of kind {i} is 0, where its reward has an atom that a density leaves "
                    "out: leave zeros out, or fit counts with a discrete model"
                )
