"""Observations that a model cannot produce: found before a fit, or blamed when no start has a density."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic._model import Model
from phasic._observations import Observations
from phasic.svgd._counts import CountsModel
from phasic.svgd._exposure import ExposedModel
from phasic.svgd._rewarded import RewardedModel
from phasic.svgd._target import Target, data_scale

_SPREAD = (0.0, -1.0, -3.0)  # in z, from the scale of the data; a discrete law has no rates above 1
_NOT_BY_VALUE = (CountsModel, ExposedModel, RewardedModel)
_MOST = 4096  # distinct values to look at one by one


def refuse_impossible(
    model: Model, observed: ArrayLike | Observations, given: ArrayLike | None, target: Target
) -> None:
    """Raise if an observation has no density, or no probability, at any theta.

    Whether it has one depends on the graph alone, as long as no rate is 0. Costs one evaluation of the
    likelihood at the scale of the data, and a few more to tell which observation it is.

    Args:
        model: The model, without exposures.
        observed: (m,) or `Observations`.
        given: (m,) weights, default 1 each; an observation of weight 0 is left out.
        target: What is going to be fitted.

    Raises:
        ValueError: With the index and value of the first such observation.
    """
    seen = Observations.of(observed, given, name="observed_data")
    if model.discrete:
        seen._must_be_whole("observed_data")
    lower, upper, weights = (np.asarray(a, np.float64) for a in (seen.lower, seen.upper, seen.weights))
    used = np.flatnonzero(weights > 0)
    trace, rewards = model.trace(), np.asarray(model.rewards, np.float64)
    thetas = [target.transform.to_theta(data_scale(target) + shift) for shift in _SPREAD]

    def impossible(rows: NDArray[np.intp], theta: NDArray[np.float64]) -> bool:
        ones = np.ones(len(rows))
        found = trace.log_likelihood(
            theta, lower[rows], upper[rows], ones, rewards, model.discrete, model.rtol
        )
        return bool(np.isneginf(found[0]))

    try:
        if not impossible(used, thetas[0]):
            return
        good, bad = 0, len(used)  # the first `good` are possible, the first `bad` are not
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (good, middle) if impossible(used[:middle], thetas[0]) else (middle, bad)
        i = int(used[bad - 1])
        always = all(impossible(np.asarray([i]), theta) for theta in thetas[1:])
    except ValueError:  # a theta at which these rates are no rates: the search tries others
        return
    if always:
        what = "probability" if model.discrete or lower[i] < upper[i] else "density"
        raise ValueError(
            f"observed_data[{i}] is {_shown(lower[i], upper[i])}, which this model cannot produce: its "
            f"{what} is 0 at every theta"
        )


def _shown(lower: float, upper: float) -> str:
    """One observation, in words."""
    if lower == upper:
        return f"{lower:g}"
    if np.isneginf(lower):
        return f"T ≤ {upper:g}"
    return f"T > {lower:g}" if np.isposinf(upper) else f"{lower:g} < T ≤ {upper:g}"


def blame(target: Target, thetas: NDArray[np.float64]) -> str:
    """Which observations have no finite log density at any of `thetas` (k, p), in words; "" if none or all.

    Looks at each distinct value alone, where a model is a sum over values.
    """
    if isinstance(target.values, Observations) or isinstance(target.model, _NOT_BY_VALUE):
        return ""
    distinct = np.unique(np.asarray(target.values)[np.asarray(target.weights) > 0])
    if len(distinct) > _MOST:
        return ""

    def alone(theta: Any, value: Any) -> Any:
        return target.model.log_likelihood(theta, value[None], jnp.ones(1, value.dtype))

    each = jax.vmap(jax.vmap(alone, (None, 0)), (0, None))(jnp.asarray(thetas), jnp.asarray(distinct))
    bad = ~np.isfinite(each).any(axis=0)
    if not bad.any() or bad.all():
        return ""
    some = ", ".join(f"{value:g}" for value in distinct[bad][:3])
    return f" (of the observed values, {some} had no density at any of them)"
