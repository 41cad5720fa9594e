"""`Observations` as a pytree, and which types a pytree is made of. This module imports JAX."""

from __future__ import annotations

from typing import Any

import jax

from phasic._observations import Observations

jax.tree_util.register_dataclass(Observations, data_fields=["lower", "upper", "weights"], meta_fields=[])


def node_types(tree: Any) -> tuple[type, ...]:
    """The types of the inner nodes of a pytree, from the top down.

    JAX (0.8 to 0.10) takes structures of dataclasses for equal if their fields are, whatever their types, and
    `jax.jit` may then run the program that it compiled for another type. Where users' types come in,
    these are part of the key.
    """
    found: list[type] = []
    pending: list[Any] = [jax.tree_util.tree_structure(tree)]
    while pending:
        structure = pending.pop()
        node = structure.node_data()
        if node is not None:
            found.append(node[0])
            pending.extend(reversed(structure.children()))
    return tuple(found)


def narrowed(seen: Observations, dtype: Any) -> Observations:
    """The same observations if a type is wide enough for their bounds; those of a program under way pass.

    Raises:
        ValueError: Bounds that differ would become one number, which stands for an exact value.
    """
    if not any(isinstance(each, jax.core.Tracer) for each in (seen.lower, seen.upper)):
        seen._must_survive(dtype)
    return seen
