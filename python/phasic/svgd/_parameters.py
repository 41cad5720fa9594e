"""From a user's transforms, with prior and restrictions, to the map from z to all parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phasic.svgd._groups import GROUPS
from phasic.svgd._joint_prior import FunctionPrior, JointPrior, Placed
from phasic.svgd._layout import Layout
from phasic.svgd._restrictions import Restrictions, locate
from phasic.svgd._transform import KINDS, Transform

_SUPPORTS = {"identity": (-math.inf, math.inf), "log": (0.0, math.inf), "logit": (0.0, 1.0)}

#: Kind and members of a group.
Member = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Wishes:
    """Transforms that the user named: kinds of single parameters by index, and groups."""

    singles: Mapping[int, str]
    groups: tuple[Member, ...]

    @property
    def ordered(self) -> tuple[tuple[int, ...], ...]:
        """Members of the ordered groups."""
        return tuple(members for kind, members in self.groups if kind == "ordered")


def read_transforms(transforms: Any, names: Sequence[str]) -> Wishes:
    """Read `transforms` for parameters with `names`.

    A sequence in the order of the parameters, of "log", "logit", "identity", None (as the prior's support
    says), and `("ordered", k)` or `("simplex", k)` for the next k; or a dict from names or indices to such
    kinds, from tuples of them to "ordered" or "simplex".

    Raises:
        ValueError: A kind or parameter is unknown, lengths do not fit, or a parameter is named twice.
    """
    if transforms is None:
        return Wishes({}, ())
    if isinstance(transforms, Mapping):
        return _by_name(transforms, names)
    if not isinstance(transforms, Sequence) or isinstance(transforms, str):
        raise ValueError(f"transforms must be a sequence or a dict of kinds, got {transforms!r}")
    singles: dict[int, str] = {}
    groups: list[Member] = []
    at = 0
    for i, given in enumerate(transforms):
        if given is None or isinstance(given, str):
            if given is not None:
                singles[at] = _single(f"transforms[{i}]", given)
            at += 1
            continue
        if not isinstance(given, Sequence) or len(given) != 2 or given[0] not in GROUPS:
            raise ValueError(
                f'transforms[{i}] is {given!r}; choose one of {", ".join(KINDS)}, or ("ordered", k) or '
                '("simplex", k) for the next k parameters'
            )
        size = given[1]
        if not isinstance(size, int | np.integer) or size < 2:
            raise ValueError(f"transforms[{i}] is {given!r}, but a group has two parameters or more")
        groups.append((given[0], tuple(range(at, at + int(size)))))
        at += int(size)
    if at != len(names):
        raise ValueError(f"transforms has {at} entries, the model has {len(names)} parameters")
    return Wishes(singles, tuple(groups))


def _by_name(transforms: Mapping[Any, Any], names: Sequence[str]) -> Wishes:
    singles: dict[int, str] = {}
    groups: list[Member] = []
    seen: set[int] = set()
    for key, kind in transforms.items():
        several = isinstance(key, tuple)
        members = tuple(locate("transforms", each, names) for each in (key if several else (key,)))
        twice = [i for i in members if i in seen or members.count(i) > 1]
        if twice:
            raise ValueError(f"transforms names {names[twice[0]]} twice")
        seen.update(members)
        if not several:
            singles[members[0]] = _single(f"transforms[{key!r}]", kind)
        elif kind not in GROUPS or len(members) < 2:
            raise ValueError(
                f"transforms[{key!r}] is {kind!r}; groups of two parameters or more are {' or '.join(GROUPS)}"
            )
        else:
            groups.append((kind, members))
    return Wishes(singles, tuple(groups))


def _single(name: str, kind: Any) -> str:
    if kind not in KINDS:
        more = f'; groups are ("{kind}", k) or {{(names): "{kind}"}}' if kind in GROUPS else ""
        raise ValueError(f"{name} is {kind!r}; choose one of {', '.join(KINDS)}{more}")
    return str(kind)


def lay_out(
    joint: JointPrior, restrictions: Restrictions, wishes: Wishes, *, positive: bool
) -> Transform | Layout:
    """The map from z to all parameters: a `Transform` where all are single, free and on their own.

    `positive` restricts parameters without a wish to theta > 0.

    Raises:
        ValueError: A support is empty, or groups contradict the prior, each other, or what is fixed or tied.
    """
    names = restrictions.names
    groups = _all_groups(joint, restrictions, wishes)
    low, high = (np.array(end) for end in joint.support)
    if positive:
        low = np.maximum(low, 0.0)
    for i, kind in wishes.singles.items():
        low[i], high[i] = _SUPPORTS[kind]
    grouped = {i for _, members in groups for i in members}
    alone = [copies for copies in restrictions.free if copies[0] not in grouped]
    own = [copies[0] for copies in alone]
    elements = Transform.from_support(low[own], high[own], [names[i] for i in own])
    if not restrictions and not groups:
        return elements
    source = np.zeros(len(names), dtype=int)
    for at, copies in enumerate(alone):
        source[list(copies)] = at
    at = len(alone)
    for _, members in groups:
        source[list(members)] = range(at, at + len(members))
        at += len(members)
    source[list(restrictions.fixed)] = range(at, at + len(restrictions.fixed))
    sizes = tuple((kind, len(members)) for kind, members in groups)
    fixed = np.asarray(list(restrictions.fixed.values()), dtype=np.float64)
    return Layout(elements, sizes, tuple(source.tolist()), fixed)


def _all_groups(joint: JointPrior, restrictions: Restrictions, wishes: Wishes) -> list[Member]:
    """The groups of the prior's vectors and those that the user named."""
    names = restrictions.names
    groups: list[Member] = []
    if isinstance(joint, Placed):
        vectors = zip(joint.parts, joint.places, strict=True)
        groups = [(p.group, tuple(c[0] for c in slots)) for p, slots in vectors if getattr(p, "group", None)]
    own = {i for _, members in groups for i in members}
    shared = {i for group in restrictions.tied for i in group}
    for kind, members in wishes.groups:
        text = ", ".join(names[i] for i in members)
        if (kind, members) in groups:
            continue
        if own.intersection(members):
            raise ValueError(f"transforms has the {kind} group {text}, but their prior is of another group")
        for i in members:
            if i in restrictions.fixed or i in shared:
                state = "fixed" if i in restrictions.fixed else "tied"
                raise ValueError(f"{names[i]} is {state}, and cannot be in the {kind} group {text}")
        if kind == "simplex" and not isinstance(joint, FunctionPrior):
            raise ValueError(f"{text} sum to one: give them one prior, a Dirichlet, or a function of theta")
        groups.append((kind, members))
    for i in wishes.singles:
        if i in own:
            raise ValueError(f"{names[i]} has transform {wishes.singles[i]!r}, but its prior is of a group")
    return groups
