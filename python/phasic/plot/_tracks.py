"""Tracks for groups: bands along the picture, which groups share whose layers do not overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Span = tuple[int, int]


def tracks(layer: Sequence[int], group: Sequence[int | None], links: Sequence[tuple[int, int]]) -> list[int]:
    """The track of each node, from 0.

    A group is in one track, which is its own from its first layer to its last. Nodes without group are in
    the same track as the others of their layer. Each takes, in order of first layers, the free track that
    most links lead to, and a new one only if none is free: as few tracks as there can be (the left-edge
    algorithm of Hashimoto & Stevens 1971, Wire routing by optimizing channel assignment, DAC '71).

    Args:
        layer: Of each node.
        group: Of each node, or None.
        links: Pairs of nodes.
    """
    blocks = [("layer", at) if of is None else ("group", of) for at, of in zip(layer, group, strict=True)]
    spans: dict[tuple[str, int], Span] = {}
    for block, at in zip(blocks, layer, strict=True):
        low, high = spans.get(block, (at, at))
        spans[block] = min(low, at), max(high, at)
    linked: dict[tuple[str, int], Counter[tuple[str, int]]] = {block: Counter() for block in spans}
    for source, target in links:
        a, b = blocks[source], blocks[target]
        linked[a][b] += 1
        linked[b][a] += 1
    ends: list[int] = []
    track: dict[tuple[str, int], int] = {}
    for block in sorted(spans, key=lambda each: spans[each]):
        low, high = spans[block]
        free = [i for i, end in enumerate(ends) if end < low]
        if not free:
            free = [len(ends)]
            ends.append(-1)
        weight: Counter[int] = Counter()
        for other, count in linked[block].items():
            if other in track:
                weight[track[other]] += count
        track[block] = max(free, key=lambda i: (weight[i], -i))
        ends[track[block]] = high
    return [track[block] for block in blocks]


def spans(layer: Sequence[int], group: Sequence[int | None]) -> dict[int, Span]:
    """The first and the last layer of each group."""
    found: dict[int, Span] = {}
    for at, of in zip(layer, group, strict=True):
        if of is not None:
            low, high = found.get(of, (at, at))
            found[of] = min(low, at), max(high, at)
    return found
