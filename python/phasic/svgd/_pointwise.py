"""Log-likelihoods of single observations, for cross-validation and checks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from phasic._observations import Observations
from phasic._pytree import node_types
from phasic.svgd._law import Law, laws
from phasic.svgd._rewarded import RewardedModel
from phasic.svgd._target import DensityModel, Target, float_type

_AT_ONCE = 64  # observations that are evaluated together where each needs a call of its own


@dataclass(frozen=True, eq=False)
class LogLikelihoods:
    """Log densities, or log probabilities, of each distinct observation under each particle.

    `values @ count` are the log-likelihoods of all data, (n,).

    Attributes:
        values: (n, m).
        count: (m,), how often each was seen; negative for the conditions of truncated data.
        lower: (m,) or (m, ...), the observation, or the lower bound of what is known of it.
        upper: The same, or the upper bound.
        kind: (m,), the row of rewards that was observed; 0 where there is one kind.

    Example:
        >>> jax.config.update("jax_enable_x64", True)
        >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
        >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
        >>> found = posterior.log_likelihoods()
        >>> found.count.tolist(), found.values.shape  # one distinct time
        ([98.0], (128, 1))
        >>> np.allclose(found.values[:, 0], np.log(posterior["theta[0]"]) - 0.5 * posterior["theta[0]"])
        True
    """

    values: NDArray[np.float64]
    count: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    kind: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Seen:
    """Distinct observations of one kind and the model of them: a `Law`, or what the user gave.

    `lower`, `upper` and `count` (m,) as in `LogLikelihoods`, without padding; `censored` tells that the
    model takes them as `Observations`.
    """

    model: Any
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    count: NDArray[np.float64]
    censored: bool


def seen_by_kind(target: Target) -> Iterator[Seen]:
    """The distinct observations of a target, kind by kind."""
    model, values, weights = target.model, target.values, target.weights
    if isinstance(values, Observations):
        (own,) = _models(model)
        yield _without_padding(own, values.lower, values.upper, values.weights, censored=True)
        return
    seen, counts, start = np.asarray(values), np.asarray(weights), 0
    lengths = model.lengths if isinstance(model, RewardedModel) else (len(seen),)
    for own, length in zip(_models(model), lengths, strict=True):
        part = slice(start, start + length)
        yield _without_padding(own, seen[part], seen[part], counts[part], censored=False)
        start += length


def _models(model: Any) -> tuple[Any, ...]:
    """What each kind of observation is of: a law, or else what the user gave."""
    if isinstance(model, RewardedModel) and model.function is not None:
        return tuple(_of_rewards(model, i) for i in range(len(model.lengths)))
    return laws(model) or (model,)


def _without_padding(model: Any, lower: Any, upper: Any, count: Any, *, censored: bool) -> Seen:
    weights = np.asarray(count, np.float64)
    used = weights != 0
    low, high = (np.asarray(each, np.float64)[used] for each in (lower, upper))
    return Seen(model, low, high, weights[used], censored)


def _of_rewards(model: RewardedModel, kind: int) -> DensityModel:
    """A function's densities of one kind of reward."""
    function, row = model.function, np.asarray(model.rewards)[kind]
    assert function is not None
    return DensityModel(lambda theta, values: function(theta, values, rewards=row))


def log_likelihoods(target: Target, theta: NDArray[np.float64]) -> LogLikelihoods:
    """Log densities of each distinct observation at each `theta` (n, p).

    Raises:
        ValueError: The model's log-likelihood is no sum over observations.
    """
    at = jnp.asarray(theta, float_type())
    kinds = list(seen_by_kind(target))
    table = LogLikelihoods(
        values=np.concatenate([_table(seen, at) for seen in kinds], axis=1),
        count=np.concatenate([seen.count for seen in kinds]),
        lower=np.concatenate([seen.lower for seen in kinds]),
        upper=np.concatenate([seen.upper for seen in kinds]),
        kind=np.repeat(np.arange(len(kinds)), [len(seen.count) for seen in kinds]),
    )
    _must_sum_up(target, at, table)
    return table


def _table(seen: Seen, theta: Any) -> NDArray[np.float64]:
    """Log densities (n, m) of one kind."""
    if not isinstance(seen.model, Law):
        if isinstance(seen.model, DensityModel):
            found = _log_densities(seen.model, theta, jnp.asarray(seen.lower, theta.dtype))
        else:
            found = _one_at_a_time(seen.model, theta, _rows(seen, theta.dtype))
        return np.asarray(found, np.float64)
    table = np.empty((len(theta), len(seen.count)))
    rest = np.ones(len(seen.count), bool)
    for name, chosen, bound in _direct(seen):
        rest &= ~chosen
        if chosen.any():
            points = jnp.asarray(bound[chosen], theta.dtype)
            table[:, chosen] = np.asarray(curves(seen.model, theta, points, name=name))
    if rest.any():
        others = replace(seen, lower=seen.lower[rest], upper=seen.upper[rest], count=seen.count[rest])
        table[:, rest] = np.asarray(_one_at_a_time(seen.model.model, theta, _rows(others, theta.dtype)))
    return table


def _direct(seen: Seen) -> list[tuple[str, NDArray[np.bool_], NDArray[np.float64]]]:
    """Observations whose log-likelihood is a function of one point: its name, which ones, the points.

    Others, events between two bounds and censored counts, keep their digits only in the likelihood itself.
    """
    found = [("logpdf", seen.lower == seen.upper, seen.lower)]
    if not seen.model.discrete:
        found.append(("logsf", np.isposinf(seen.upper) & np.isfinite(seen.lower), seen.lower))
        found.append(("logcdf", np.isneginf(seen.lower) & np.isfinite(seen.upper), seen.upper))
    return found


def _rows(seen: Seen, dtype: Any) -> tuple[Any, Any]:
    """Observations as a likelihood takes them, each of weight 1: values and weights, or rows and None."""
    one = jnp.ones(len(seen.count), dtype)
    lower = jnp.asarray(seen.lower, dtype)
    if not seen.censored:
        return lower, one
    return Observations(lower, jnp.asarray(seen.upper, dtype), one), None


def mapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function(model, theta (p,), ...)` compiled for many theta (n, p), with its options static."""

    @functools.partial(jax.jit, static_argnames=("name", "types"))
    def over_theta(model: Any, theta: Any, *arguments: Any, types: tuple[type, ...], **options: Any) -> Any:
        del types  # tells models apart, see node_types
        return jax.vmap(lambda each: function(model, each, *arguments, **options))(theta)

    def typed(model: Any, theta: Any, *arguments: Any, **options: Any) -> Any:
        return over_theta(model, theta, *arguments, types=node_types(model), **options)

    return typed


@mapped
def curves(law: Any, theta: Any, at: Any, *, name: str) -> Any:
    """`Law.curve` at many theta (n, p): (n, m)."""
    return law.curve(name, theta, at)


@mapped
def _log_densities(model: Any, theta: Any, at: Any) -> Any:
    found = model.function(theta, at)
    density = found[0] if isinstance(found, tuple) else found
    return jnp.where(density > 0, jnp.log(jnp.where(density > 0, density, 1.0)), -jnp.inf)


@mapped
def _one_at_a_time(model: Any, theta: Any, rows: Any) -> Any:
    """Log-likelihoods of data of one row each, which all models understand."""

    def of_row(row: Any) -> Any:
        values, weights = jax.tree.map(lambda leaf: leaf[None], row)
        return model.log_likelihood(theta, values, weights)

    return jax.lax.map(of_row, rows, batch_size=_AT_ONCE)


@mapped
def _of_all(model: Any, theta: Any, values: Any, weights: Any) -> Any:
    return model.log_likelihood(theta, values, weights)


def _must_sum_up(target: Target, theta: Any, table: LogLikelihoods) -> None:
    """Raise unless the weighted sum of `table` is the likelihood, but for half of the digits."""
    whole = np.asarray(_of_all(target.model, theta, target.values, target.weights), np.float64)
    with np.errstate(invalid="ignore"):
        parts = table.values * table.count
        size = np.where(np.isfinite(whole), np.abs(parts).sum(axis=1), np.inf)
        gap = np.abs(parts.sum(axis=1) - whole)
    limit = np.sqrt(np.finfo(theta.dtype).eps)
    if (gap > limit * (1.0 + size)).any():
        i = int(np.argmax(gap / (1.0 + size)))
        raise ValueError(
            f"log_likelihood of {target.model!r} is {whole[i]:.6g} at particle {i}, but its observations one "
            f"at a time give {parts[i].sum():.6g}: it is no sum over observations, so that they have no "
            "log-likelihoods of their own"
        )
