"""`Observations` as a pytree. This module imports JAX."""

from __future__ import annotations

from typing import Any

import jax

from phasic._observations import Observations

jax.tree_util.register_dataclass(Observations, data_fields=["lower", "upper", "weights"], meta_fields=[])


def narrowed(seen: Observations, dtype: Any) -> Observations:
    """The same observations if a type is wide enough for their bounds; those of a program under way pass.

    Raises:
        ValueError: Bounds that differ would become one number, which stands for an exact value.
    """
    if not any(isinstance(each, jax.core.Tracer) for each in (seen.lower, seen.upper)):
        seen._must_survive(dtype)
    return seen
