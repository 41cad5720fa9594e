"""From a user's prior to one density: distributions by parameter or by name, vectors, or a function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from phasic.svgd._joint_prior import FunctionPrior, Independent, JointPrior, Placed, part_size
from phasic.svgd._numpyro import NumpyroPrior, is_numpyro, read_numpyro
from phasic.svgd._prior import Distribution
from phasic.svgd._restrictions import Restrictions, locate
from phasic.svgd._scipy import is_scipy, read_scipy

NO_PRIOR = (
    "prior is required: a prior in the units of your parameters, for example "
    "prior=phasic.svgd.LogNormal.from_interval(low, high) with the range you find plausible"
)


_COUNT = (
    "a distribution of phasic.svgd (Beta, Dirichlet, Gamma, HalfCauchy, LogNormal, Normal, Uniform), of "
    "NumPyro or of scipy.stats"
)


#: A distribution, and the indices of its parameters.
Entry = tuple[Any, tuple[int, ...]]


def is_distribution(given: Any) -> bool:
    """Whether `given` is a distribution of phasic.svgd or NumPyro, or of the user's like the former."""
    return is_numpyro(given) or (isinstance(given, Distribution) and not jax.tree_util.all_leaves([given]))


def as_own(prior: Any) -> Any:
    """A user's prior with frozen distributions of SciPy as our own.

    Raises:
        TypeError: One has no counterpart, or is a class and not one of its instances.
    """
    if is_distribution(prior):
        return prior
    if isinstance(prior, Mapping):
        return {key: _own(given, f"prior[{key!r}]") for key, given in prior.items()}
    if isinstance(prior, Sequence) and not isinstance(prior, str):
        return [_own(given, f"prior[{i}]") for i, given in enumerate(prior)]
    return _own(prior, "prior")


def _own(given: Any, name: str) -> Any:
    if isinstance(given, type):
        kind = given.__name__
        raise TypeError(f"{name} is the class {kind}: give a distribution with its numbers, {kind}(…)")
    return read_scipy(given, name) if is_scipy(given) else given


def prior_length(prior: Any) -> int | None:
    """How many parameters `prior` speaks of, or None if it fits any number."""
    if isinstance(prior, Mapping):
        return len(prior_names(prior))
    if isinstance(prior, Sequence) and not isinstance(prior, str):
        return sum(_size(part) for part in prior)
    if is_numpyro(prior):
        shape = (*prior.batch_shape, *prior.event_shape)
        return int(shape[0]) if len(shape) == 1 else None
    if isinstance(prior, Distribution):
        sizes = {np.size(leaf) for leaf in jax.tree_util.tree_leaves(prior) if np.ndim(leaf) == 1}
        return sizes.pop() if len(sizes) == 1 else None
    return None


def prior_names(prior: Mapping[Any, Any]) -> list[Any]:
    """The parameters that the keys of `prior` speak of: names or indices, tuples of them one by one."""
    return [each for key in prior for each in (key if isinstance(key, tuple) else (key,))]


def read_prior(
    prior: Any,
    restrictions: Restrictions,
    *,
    positive: bool = False,
    ordered: tuple[tuple[int, ...], ...] = (),
) -> JointPrior:
    """Read a user's `prior` for the parameters that `restrictions` name.

    It may be one distribution (for every parameter), a sequence with one distribution each (one of a vector
    takes as many parameters as it has), a dict from names or indices (tuples for vectors) to distributions,
    or a function `theta -> log density`, where theta (p,) is what the model sees. Entries of fixed parameters
    may be None or missing; a group of tied ones has one distribution, given once or again alike. `positive`
    says that parameters are not negative, `ordered` which groups increase.

    Raises:
        ValueError: Lengths do not fit, a parameter has no distribution, tied ones have two, one of a vector
            is of fixed or tied parameters, or a fixed value lies outside of the support.
        TypeError: An entry is no distribution.
    """
    names = restrictions.names
    if prior is None:
        raise ValueError(NO_PRIOR)
    length = None if isinstance(prior, Mapping) else prior_length(prior)
    if length is not None and length != len(names):
        raise ValueError(f"prior has {length} entries, the model has {len(names)} parameters")
    for i, value in restrictions.fixed.items():
        if positive and value < 0:
            raise ValueError(
                f"fixed gives {names[i]} the value {value}, but parameters are positive: pass "
                "positive_params=False"
            )
    apart = bool(restrictions or ordered)
    if is_distribution(prior):
        part = _part(prior)
        if part_size(part) is None and not apart:
            return Independent((part,), len(names))
    elif callable(prior):
        return FunctionPrior(prior, len(names))
    entries = _entries(prior, names)
    if apart or any(part_size(part) is not None for part, _ in entries):
        return _placed(entries, restrictions, ordered)
    given = {members[0]: part for part, members in entries}
    _require(given, names, range(len(names)))
    return Independent(tuple(given[i] for i in range(len(names))), len(names))


def _entries(prior: Any, names: Sequence[str]) -> list[Entry]:
    """Distributions with the parameters that they are of."""
    if is_distribution(prior):
        part = _part(prior)
        if part_size(part) is None:
            return [(_of_one(part, i), (i,)) for i in range(len(names))]
        return [(part, tuple(range(len(names))))]
    if isinstance(prior, Mapping):
        return _by_name(prior, names)
    if isinstance(prior, Sequence) and not isinstance(prior, str):
        return _in_order(prior)
    raise TypeError(f"prior must be {_COUNT}, a sequence or dict of them, or a function, got {prior!r}")


def _placed(
    entries: list[Entry],
    restrictions: Restrictions,
    ordered: tuple[tuple[int, ...], ...],
) -> Placed:
    names, free = restrictions.names, restrictions.free
    shared = {i for group in restrictions.tied for i in group}
    singles: dict[int, Any] = {}
    parts, places = [], []
    for part, members in entries:
        if part_size(part) is None:
            singles[members[0]] = part
            continue
        for i in members:
            if i in restrictions.fixed or i in shared:
                state = "fixed" if i in restrictions.fixed else "tied"
                raise ValueError(
                    f"{names[i]} is {state}, but its prior is of {len(members)} parameters at once"
                )
        parts.append(part)
        places.append(tuple((i,) for i in members))
    taken = {copies[0] for slots in places for copies in slots}
    for i, value in restrictions.fixed.items():
        low, high = singles[i].support if i in singles else (-np.inf, np.inf)
        if not low <= value <= high:
            raise ValueError(
                f"fixed gives {names[i]} the value {value}, outside of its prior's support ({low}, {high})"
            )
    ones, slots_of_ones = [], []
    for copies in (group for group in free if group[0] not in taken):
        given = [i for i in copies if i in singles]
        _require(singles, names, given or copies)
        for i in given[1:]:
            if not _alike(singles[given[0]], singles[i]):
                raise ValueError(
                    f"tied parameters {names[given[0]]} and {names[i]} have two priors, {singles[given[0]]} "
                    f"and {singles[i]}: give one"
                )
        ones.append(singles[given[0]])
        slots_of_ones.append((copies,))
    return Placed((*ones, *parts), (*slots_of_ones, *places), ordered, len(names))


def _require(given: Mapping[int, Any], names: Sequence[str], wanted: Any) -> None:
    missing = [names[i] for i in wanted if i not in given]
    if missing:
        raise ValueError(f"prior has no distribution for {', '.join(missing)}")


def _by_name(prior: Mapping[Any, Any], names: Sequence[str]) -> list[Entry]:
    """Distributions with the indices of their parameters; those of fixed parameters may be None."""
    entries, seen = [], set()
    for key, given in prior.items():
        several = key if isinstance(key, tuple) else (key,)
        members = tuple(locate("prior", each, names) for each in several)
        for i in members:
            if i in seen:
                raise ValueError(f"prior names {names[i]} twice")
            seen.add(i)
        if given is None:
            continue
        part = _part(given, f"prior[{key!r}]")
        if (part_size(part) or 1) != len(members):
            raise ValueError(
                f"prior[{key!r}] is a distribution of {part_size(part) or 1} parameters, for {len(members)}"
            )
        entries.append((part, members))
    return entries


def _in_order(prior: Sequence[Any]) -> list[Entry]:
    entries, at = [], 0
    for i, given in enumerate(prior):
        size = _size(given)
        if given is not None:
            entries.append((_part(given, f"prior[{i}]"), tuple(range(at, at + size))))
        at += size
    return entries


def _size(given: Any) -> int:
    """How many parameters an entry of a sequence takes."""
    if is_numpyro(given):
        return int(given.event_shape[0]) if given.event_shape else 1
    return part_size(given) or 1


def _part(given: Any, name: str = "prior") -> Any:
    """A distribution with its numbers as float64 arrays, so that equal shapes always mean equal programs."""
    if not is_distribution(given):
        raise TypeError(f"{name} is {given!r}, but must be {_COUNT}")
    given = read_numpyro(given) if is_numpyro(given) else given
    return jax.tree_util.tree_map(lambda leaf: np.asarray(leaf, dtype=np.float64), given)


def _of_one(part: Any, i: int) -> Any:
    """The distribution of parameter `i` out of one for all."""
    if isinstance(part, NumpyroPrior):
        if part.distribution.batch_shape:
            raise ValueError(
                "a NumPyro distribution of all parameters cannot be taken apart for fixed, tied or ordered "
                "ones: give a sequence with one of each"
            )
        return part
    return jax.tree_util.tree_map(lambda leaf: leaf[i] if np.ndim(leaf) == 1 else leaf, part)


def _alike(first: Any, second: Any) -> bool:
    kinds: list[Any] = [jax.tree_util.tree_structure(each) for each in (first, second)]
    if kinds[0] != kinds[1]:
        return False
    numbers = zip(jax.tree_util.tree_leaves(first), jax.tree_util.tree_leaves(second), strict=True)
    return all(np.array_equal(a, b) for a, b in numbers)
