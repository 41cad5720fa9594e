"""Fixed and tied parameters, read from a user's arguments."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Restrictions:
    """What is not inferred: values of fixed parameters, and groups of others that share a value.

    Attributes:
        names: Of all p parameters.
        fixed: Value by index.
        tied: Groups of at least two indices in ascending order, none of them fixed.
    """

    names: tuple[str, ...]
    fixed: Mapping[int, float]
    tied: tuple[tuple[int, ...], ...]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.fixed or self.tied)

    @property
    def free(self) -> tuple[tuple[int, ...], ...]:
        """The parameters that are inferred, in order: each with those that share its value."""
        shared = {group[0]: group for group in self.tied}
        followers = {i for group in self.tied for i in group[1:]}
        alone = (i for i in range(len(self.names)) if i not in self.fixed and i not in followers)
        return tuple(shared.get(i, (i,)) for i in alone)


def locate(argument: str, which: Any, names: Sequence[str]) -> int:
    """The index of a parameter given by name or index; ValueError otherwise, naming the `argument`."""
    if isinstance(which, str):
        if which not in names:
            raise ValueError(f"{argument} names {which!r}, but the parameters are {', '.join(names)}")
        return list(names).index(which)
    try:
        index = operator.index(which)
    except TypeError as error:
        raise ValueError(f"{argument} must name parameters or give their indices, got {which!r}") from error
    if isinstance(which, bool | np.bool_) or not 0 <= index < len(names):
        raise ValueError(f"{argument} has index {which!r}, but the model has {len(names)} parameters")
    return index


def read_restrictions(names: Sequence[str], fixed: Any = None, tied: Any = None) -> Restrictions:
    """Read `fixed`, `{parameter: value}` or `[(parameter, value)]`, and `tied`, groups of parameters.

    A parameter is a name or an index. A group with a fixed member is fixed at its value; groups with a
    common member are one.

    Raises:
        ValueError: A parameter is unknown or fixed at two values, a value is not finite, a group has one
            member, or nothing is left to infer.
    """
    values: dict[int, float] = {}
    for which, given in _pairs(fixed):
        i = locate("fixed", which, names)
        value = _number(names[i], given)
        if values.setdefault(i, value) != value:
            raise ValueError(f"fixed gives {names[i]} two values, {values[i]} and {value}")
    groups = _groups(names, tied)
    for group in groups:
        members = [i for i in group if i in values]
        for i in members[1:]:
            if values[i] != values[members[0]]:
                raise ValueError(
                    f"tied parameters {names[members[0]]} and {names[i]} are fixed at two values, "
                    f"{values[members[0]]} and {values[i]}"
                )
        if members:
            values.update(dict.fromkeys(group, values[members[0]]))
    if len(values) == len(names):
        raise ValueError(f"fixed leaves nothing to infer: {', '.join(names)} are all fixed")
    free = tuple(group for group in groups if group[0] not in values)
    return Restrictions(tuple(names), dict(sorted(values.items())), free)


def _pairs(fixed: Any) -> list[tuple[Any, Any]]:
    if fixed is None:
        return []
    pairs = list(fixed.items()) if isinstance(fixed, Mapping) else fixed
    if not isinstance(pairs, Sequence) or isinstance(pairs, str):
        raise ValueError(f"fixed must be {{parameter: value}} or [(parameter, value)], got {fixed!r}")
    for pair in pairs:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise ValueError(f"fixed must hold pairs (parameter, value), got {pair!r}")
    return [(which, value) for which, value in pairs]


def _number(name: str, given: Any) -> float:
    try:
        value = float(given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"fixed gives {name} the value {given!r}, which is not a number") from error
    if not np.isfinite(value):
        raise ValueError(f"fixed gives {name} the value {given!r}, which is not finite")
    return value


def _groups(names: Sequence[str], tied: Any) -> list[tuple[int, ...]]:
    """Disjoint groups of indices, by their first members."""
    if tied is None:
        return []
    if not isinstance(tied, Iterable) or isinstance(tied, str):
        raise ValueError(f"tied must hold groups of parameters, as [(0, 1)], got {tied!r}")
    groups: list[set[int]] = []
    for given in tied:
        if not isinstance(given, Iterable) or isinstance(given, str):
            raise ValueError(f"tied must hold groups of parameters, as [(0, 1)], got {given!r} as a group")
        members = {locate("tied", which, names) for which in given}
        if len(members) < 2:
            raise ValueError(f"tied has the group {given!r}, but a group has two parameters or more")
        touching = [group for group in groups if group & members]
        groups = [group for group in groups if not group & members]
        groups.append(members.union(*touching))
    return sorted(tuple(sorted(group)) for group in groups)
