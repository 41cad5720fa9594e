"""What a fit is of: the model with its rewards, and a prior where none is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from phasic._default_prior import data_scaled_prior
from phasic._model import Model
from phasic._observations import Observations
from phasic.svgd._arguments import read_names
from phasic.svgd._data import Features
from phasic.svgd._exposure import at_exposure, read_exposure, read_members
from phasic.svgd._rewarded import RewardedModel, rewarded


def resolve(
    model: Any,
    observed: Any,
    weights: ArrayLike | None,
    prior: Any,
    rewards: ArrayLike | None,
    *,
    exposure: ArrayLike | None = None,
    exposure_index: Any = None,
    names: Sequence[str] | None = None,
) -> tuple[Any, Any, ArrayLike | None, Any]:
    """Model, observations, weights and prior of a fit; see `SVGD`.

    Raises:
        ValueError: Observations are of two dimensions without rewards, or censored with them; or as for
            `rewarded` and `data_scaled_prior`.
    """
    if rewards is not None:
        if isinstance(observed, Observations):
            raise ValueError("rewards go with exact observations: (m,) or (m, kinds) numbers")
        model, observed = rewarded(model, observed, rewards, weights)
        weights = None
    elif not isinstance(observed, Observations) and np.ndim(observed) > 1:
        raise ValueError(
            f"observed_data has shape {np.shape(observed)}: columns are kinds of rewards, so pass rewards=, "
            "(kinds, n_vertices)"
        )
    elif not hasattr(model, "log_likelihood") and isinstance(getattr(model, "model", None), Model):
        model = model.model
    if prior is None:
        prior = default_prior(model, observed, weights)
        if prior is not None and exposure is not None:
            dim = int(model.n_parameters)
            members = read_members(exposure_index, read_names(names, dim))
            factors = read_exposure(exposure, _rows_of(observed))
            prior = at_exposure(prior, factors, members, dim)
    return model, observed, weights, prior


def _rows_of(observed: Any) -> int:
    return int(np.size(observed.weights if isinstance(observed, Observations) else observed))


def default_prior(model: Any, observed: Any, weights: ArrayLike | None) -> Any:
    """`data_scaled_prior` of a model that has a trace; None for others.

    Where several kinds of rewards are seen, their sum sets the scale.
    """
    if isinstance(model, Model):
        seen = Observations.of(observed, weights, name="observed_data")
        own = np.asarray(model.rewards, np.float64)
        return data_scaled_prior(model.trace(), *seen._seen(), own if model.discrete else None)
    if not isinstance(model, RewardedModel) or model.model is None:
        return None
    assert isinstance(observed, Features)
    ends = np.cumsum(model.lengths)[:-1]
    parts = zip(np.split(observed.values, ends), np.split(observed.weights, ends), strict=True)
    total = sum(float(np.average(values, weights=counts)) for values, counts in parts)
    row = np.asarray(model.rewards, np.float64).sum(axis=0)[np.asarray(model.model.original)]
    return data_scaled_prior(
        model.model.trace(), np.array([total]), np.ones(1), row, discrete=model.model.discrete
    )
