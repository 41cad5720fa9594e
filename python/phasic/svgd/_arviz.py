"""Posteriors for ArviZ: an InferenceData of its 0.x, a DataTree of its 1.x."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from phasic._optional import absent
from phasic.svgd._pointwise import log_likelihoods, seen_by_kind
from phasic.svgd._predictive import law_of_kind, replicates
from phasic.svgd._predictive_check import split_conditions, whole_counts
from phasic.svgd._target import Target

if TYPE_CHECKING:
    from phasic.svgd._posterior import Posterior

_DETAILS = ("rows", "distinct", "none")
#: Groups whose arrays have no draws.
_OF_DATA = ("observed_data", "constant_data")


class _Variable(NamedTuple):
    """An array of one of ArviZ's groups, draws first if it has any, with the name of its last dimension.

    Only observations have a name for theirs.
    """

    group: str
    name: str
    values: NDArray[Any]
    dimension: str | None = None


def to_arviz(posterior: Posterior, log_likelihood: str, predictive: bool, seed: int) -> Any:
    """What `Posterior.to_arviz` returns; the arguments are explained there."""
    if log_likelihood not in _DETAILS:
        raise ValueError(f"log_likelihood must be one of {', '.join(_DETAILS)}, got {log_likelihood!r}")
    if predictive and log_likelihood != "rows":
        raise ValueError(f'predictive=True needs log_likelihood="rows", got {log_likelihood!r}')
    arviz = _imported()
    groups: dict[str, dict[str, NDArray[Any]]] = {}
    dims: dict[str, list[str]] = {}
    for variable in _variables(posterior, log_likelihood, predictive, seed):
        values = variable.values
        if variable.group not in _OF_DATA:
            values = values.reshape(_chains(posterior), -1, *values.shape[1:])
        groups.setdefault(variable.group, {})[variable.name] = values
        if variable.dimension is not None:
            dims[variable.name] = [variable.dimension]
    named = int(arviz.__version__.split(".")[0]) < 1
    data = arviz.from_dict(**groups, dims=dims) if named else arviz.from_dict(groups, dims=dims)
    data["posterior"].attrs.update(
        sampler=posterior.method, converged=int(posterior.converged), reason=posterior.reason
    )
    return data


def _chains(posterior: Posterior) -> int:
    """Draws of "nuts" lie chain after chain; particles are one."""
    return int(posterior.diagnostics["chains"]) if posterior.method == "nuts" else 1


def _imported() -> Any:
    try:
        with warnings.catch_warnings():
            # ArviZ 0.23 announces its next version, once a day.
            warnings.filterwarnings("ignore", message=r"\s*ArviZ is undergoing", category=FutureWarning)
            import arviz
    except ImportError as error:
        raise absent("to_arviz", "arviz") from error
    return arviz


def _variables(posterior: Posterior, log_likelihood: str, predictive: bool, seed: int) -> Iterator[_Variable]:
    for name in posterior.names:
        yield _Variable("posterior", name, posterior[name])
    density = np.asarray(posterior.diagnostics.get("log_density", ()))
    if density.shape == posterior.particles.shape[:1]:
        yield _Variable("sample_stats", "lp", density)
    if log_likelihood == "none":
        return
    target = posterior._known_target('to_arviz, except with log_likelihood="none",')
    found = _of_rows if log_likelihood == "rows" else _of_distinct
    yield from found(target, posterior.particles)
    if predictive:
        yield from _replicated(target, posterior.particles, seed)


def _labels(target: Target) -> list[str]:
    """What the names of each kind's variables and dimension end in."""
    kinds = len(list(seen_by_kind(target)))
    return [""] if kinds == 1 else [f"_{i}" for i in range(kinds)]


def _bounds(label: str, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> Iterator[_Variable]:
    dimension = f"observation{label}"
    if np.array_equal(lower, upper):
        yield _Variable("observed_data", f"observed{label}", lower, dimension)
    else:
        yield _Variable("observed_data", f"observed_lower{label}", lower, dimension)
        yield _Variable("observed_data", f"observed_upper{label}", upper, dimension)


def _of_rows(target: Target, particles: NDArray[np.float64]) -> Iterator[_Variable]:
    """A column for each observation, as often as it was seen; under its condition if it was truncated."""
    table = log_likelihoods(target, particles)
    for kind, (label, seen) in enumerate(zip(_labels(target), seen_by_kind(target), strict=True)):
        rows, condition = split_conditions(seen)
        repeats = whole_counts(rows.count)
        of_kind = table.values[:, table.kind == kind]
        values = of_kind[:, seen.count > 0]
        if condition is not None:
            values = values - of_kind[:, seen.count < 0]
        repeated = np.repeat(values, repeats, axis=1)
        yield _Variable("log_likelihood", f"observed{label}", repeated, f"observation{label}")
        yield from _bounds(label, np.repeat(rows.lower, repeats), np.repeat(rows.upper, repeats))


def _of_distinct(target: Target, particles: NDArray[np.float64]) -> Iterator[_Variable]:
    """A column for each distinct observation, and how often it was seen."""
    table = log_likelihoods(target, particles)
    for kind, label in enumerate(_labels(target)):
        own, dimension = table.kind == kind, f"observation{label}"
        yield _Variable("log_likelihood", f"observed{label}", table.values[:, own], dimension)
        yield _Variable("constant_data", f"count{label}", table.count[own], dimension)
        yield from _bounds(label, table.lower[own], table.upper[own])


def _replicated(target: Target, particles: NDArray[np.float64], seed: int) -> Iterator[_Variable]:
    """A data set of the same size from each particle."""
    for kind, (label, seen) in enumerate(zip(_labels(target), seen_by_kind(target), strict=True)):
        _, law = law_of_kind(target.model, kind, "predictive=True")
        size = int(whole_counts(split_conditions(seen)[0].count).sum())
        values = replicates(law, particles, size, seed + kind)
        yield _Variable("posterior_predictive", f"observed{label}", values, f"observation{label}")
