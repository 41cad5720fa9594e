"""The layer of each node: longest paths over components, breadth-first inside each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phasic.plot._components import components


def layers(n: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """A layer for each of n nodes, from 0, without gaps.

    A link between components leads to a later layer. Inside a component, which has no order, a node is as
    far from its first layer as from the nodes where the component is entered.
    """
    if not n:
        return []
    pairs = np.array([(s, t) for s, t in links if s != t], dtype=np.int64).reshape(-1, 2)
    of = components(n, pairs[:, 0], pairs[:, 1])
    members: list[list[int]] = [[] for _ in range(int(of.max()) + 1)]
    for v in range(n):
        members[of[v]].append(v)
    following: list[list[int]] = [[] for _ in range(n)]
    entered = [False] * n
    first = [0] * len(members)
    waiting = [0] * len(members)
    for s, t in pairs.tolist():
        following[s].append(t)
        if of[s] != of[t]:
            entered[t] = True
            waiting[of[t]] += 1
    layer = [0] * n
    free = [c for c in range(len(members)) if not waiting[c]]
    for c in free:
        _breadth_first(members[c], following, entered, of.tolist(), first[c], layer)
        for v in members[c]:
            for to in following[v]:
                other = int(of[to])
                if other != c:
                    first[other] = max(first[other], layer[v] + 1)
                    waiting[other] -= 1
                    if not waiting[other]:
                        free.append(other)
    present = sorted(set(layer))
    place = {value: i for i, value in enumerate(present)}
    return [place[value] for value in layer]


def _breadth_first(
    members: Sequence[int],
    following: Sequence[Sequence[int]],
    entered: Sequence[bool],
    of: Sequence[int],
    start: int,
    layer: list[int],
) -> None:
    """Set the layers of one component, whose first is `start`."""
    queue = [v for v in members if entered[v]] or [members[0]]
    seen = set(queue)
    for v in queue:
        layer[v] = start
    for v in queue:
        for to in following[v]:
            if of[to] == of[v] and to not in seen:
                seen.add(to)
                layer[to] = layer[v] + 1
                queue.append(to)
