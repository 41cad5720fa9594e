"""Rows of particles, one device's share at a time and a block of rows at a time.

What concerns pairs of particles is one row per particle. A row needs all particles, but no other row, so rows
may be computed in blocks, which keeps memory linear in the number of particles, and on several devices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

PAIRS = 1 << 18
"""Pairs of particles in a block of rows: in double precision three arrays of 2 MiB, which a cache holds."""


def by_rows(function: Callable[[Any], Any], n: int, axis: str | None = None) -> Any:
    """Rows of all `n` particles, from a function of some.

    Args:
        function: From indices of particles (m,) to arrays whose first axis is m.
        n: How many particles there are.
        axis: Axis of the mesh over which `jax.shard_map` runs this (without its check of varying axes). Each
            device computes an equal share, some the last particle again where `n` is no multiple, and gets
            the rows of all. None for one device.

    Returns:
        The function's arrays at indices 0 to n - 1.
    """
    if axis is None:
        return function(jnp.arange(n))
    share = -(-n // lax.axis_size(axis))
    first = lax.axis_index(axis) * share
    rows = function(jnp.minimum(first + jnp.arange(share), n - 1))
    return jax.tree.map(lambda each: lax.all_gather(each, axis, tiled=True)[:n], rows)


def in_blocks(function: Callable[[Any], Any], own: Any, columns: int) -> Any:
    """`function(own)` for indices `own` (m,), block after block of about `PAIRS` / `columns` rows."""
    m = len(own)
    count = -(-m * columns // PAIRS)
    if count <= 1:
        return function(own)
    size = -(-m // count)
    padded = own[jnp.minimum(jnp.arange(count * size), m - 1)].reshape(count, size)
    rows = lax.map(function, padded)
    return jax.tree.map(lambda each: each.reshape(count * size, *each.shape[2:])[:m], rows)
