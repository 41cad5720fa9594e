"""Which vertices a large graph shows as one node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """A node for each vertex: `of[v]`, numbered from 0 by their first vertex; and what a node is."""

    of: Indices
    count: int
    what: str


#: A summary has at most as many links for each node: beyond, it is a tangle.
_DENSEST = 4


def parts(n: int, sources: Indices, targets: Indices, kinds: Sequence[str], limit: int) -> Parts:
    """At most `limit` nodes for n vertices: strongly connected components, or else bands of them.

    There are fewer bands where more would have more than four links each.

    Bands gather components by the longest path from a component that nothing leads to; the starting vertex
    is a node of its own, and all absorbing vertices are one.

    Args:
        n: Vertices.
        sources, targets: (m,) of each edge.
        kinds: Of each vertex: "start", "transient" or "absorbing".
        limit: At least 3.
    """
    of = components(n, sources, targets)
    count = int(of.max()) + 1
    if count <= limit and not _dense(of, count, sources, targets):
        return Parts(of, count, "strongly connected components")
    limit = min(limit, count)
    depth = depths(count, of[sources], of[targets])[of]
    kind = np.array(kinds)
    inner = kind == "transient"
    # Bands of equal width in depth, so that edges still go from an earlier band to a later one.
    low, high = (depth[inner].min(), depth[inner].max()) if inner.any() else (0, 0)
    bands = min(limit - 2, int(high - low) + 1)
    while True:
        band = 1 + (depth - low) * bands // (high - low + 1)
        label = np.where(kind == "start", 0, np.where(kind == "absorbing", bands + 1, band))
        of, count = numbered(label)
        if bands == 1 or not _dense(of, count, sources, targets):
            break
        bands -= 1
    return Parts(of, count, "bands of strongly connected components by distance from the start")


def _dense(of: Indices, count: int, sources: Indices, targets: Indices) -> bool:
    """Whether nodes have more links between one another than can be told apart."""
    a, b = of[sources], of[targets]
    return len(np.unique((a * count + b)[a != b])) > _DENSEST * count


def components(n: int, sources: Indices, targets: Indices) -> Indices:
    """The strongly connected component of each of n vertices, (n,), numbered from 0 by first vertex."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(sources), np.int8), (sources, targets)), shape=(n, n))
    _, labels = connected_components(links.tocsr(), directed=True, connection="strong")
    return numbered(labels)[0]


def numbered(labels: NDArray[np.integer]) -> tuple[Indices, int]:
    """Labels as numbers from 0 in order of first appearance, and how many there are."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse], len(first)


def depths(n: int, sources: Indices, targets: Indices) -> Indices:
    """Edges on the longest path that ends in each of n components, (n,); edges inside one do not count."""
    following: list[list[int]] = [[] for _ in range(n)]
    waiting = [0] * n
    for source, target in zip(sources.tolist(), targets.tolist(), strict=True):
        if source != target:
            following[source].append(target)
            waiting[target] += 1
    depth = [0] * n
    free = [v for v in range(n) if not waiting[v]]
    for v in free:
        for to in following[v]:
            depth[to] = max(depth[to], depth[v] + 1)
            waiting[to] -= 1
            if not waiting[to]:
                free.append(to)
    return np.array(depth, dtype=np.int64)
