"""A state space from its rule: ours with one state or many at a time, a dictionary, an older phasic."""

from __future__ import annotations

import sys
from typing import Any

from benches.report.problem import Case, Problem, Task, Way


def batched(model: str, n: int, folder: str) -> Task:
    """The rule gets all new states at once."""
    from phasic import Graph

    from tests import models_batched

    rule = getattr(models_batched, model)
    return Task(lambda: Graph(callback=rule, batched=True, progress=False, n=n), answer=size)


def by_state(model: str, n: int, folder: str) -> Task:
    from phasic import Graph

    from tests import models

    rule = getattr(models, model)
    return Task(lambda: Graph(callback=rule, progress=False, n=n), answer=size)


def size(graph: Any) -> list[int]:
    return [graph.vertices_length(), graph.edges_length()]


def dictionary(model: str, n: int, folder: str) -> Task:
    """The obvious builder: states are tuples in a dictionary, edges are lists."""
    import numpy as np

    from tests import models

    rule = getattr(models, model)

    def search() -> list[int]:
        index: dict[tuple[int, ...], int] = {}
        queue: list[tuple[int, ...]] = []
        edges: list[tuple[int, int, Any]] = []
        state = np.array([], dtype=int)
        for source in range(-1, sys.maxsize):
            if source >= 0:
                if source == len(queue):
                    break
                state = np.array(queue[source])
            for target, *weight in rule(state, n=n):
                if target not in index:
                    index[target] = len(queue)
                    queue.append(target)
                edges.append((source, index[target], weight))
        return [len(queue) + 1, len(edges)]

    return Task(search)


def older(model: str, n: int, folder: str) -> Task:
    """phasic 0.32.1, without its cache of graphs."""
    import phasic

    from tests import models

    rule = getattr(models, model)

    def moves(state: Any) -> list[Any]:
        # It takes (state, rate) and (state, coefficients).
        return [(move[0], move[-1]) for move in rule(state, n=n)]

    return Task(lambda: phasic.Graph(moves, ipv=[([n, 0], 1.0)], graph_cache=False), answer=size)


PROBLEM = Problem(
    name="construction",
    title="Building a state space",
    text=(
        "From the rule to the graph, each time in a fresh process; the rule is written in Python and "
        "counts. The answer is the number of vertices and of edges."
    ),
    module=__name__,
    process="fresh",
    tolerance=0.0,
    cases=(
        Case("rabbits 100, 5,152 vertices", {"model": "rabbits", "n": 100}, {"model": "rabbits", "n": 10}),
        Case("rabbits 500, 125,752", {"model": "rabbits", "n": 500}),
        Case("rabbits 1500, 1,127,252", {"model": "rabbits", "n": 1500}, without=("dictionary", "older")),
        Case(
            "rabbits 500, with parameters",
            {"model": "rabbits_parameterised", "n": 500},
            {"model": "rabbits_parameterised", "n": 10},
        ),
    ),
    ways=(
        Way("phasic, rule for many states", "batched"),
        Way("phasic, rule for one state", "by_state"),
        Way("plain Python dictionary", "dictionary"),
        Way("phasic 0.32.1", "older", "phasic-0.32.1"),
    ),
)
