"""Fixed random chains of several components, with rates over thirty orders of magnitude."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np

from tests.models import EdgeModel

SMALLEST, LARGEST = -15, 15


@cache
def chain(kind, seed):
    """A chain with two absorbing states, as an `EdgeModel`.

    "cyclic": three strongly connected components, each with edges to later ones. "dense": one component in
    which every state leads to every other. "acyclic": 24 states, edges to later ones only.
    """
    draw = np.random.default_rng(seed)
    sizes = {"cyclic": (8, 5, 9), "dense": (12,), "acyclic": (1,) * 24}[kind]
    first = np.cumsum((0, *sizes))
    n, pairs = first[-1], set()
    for start, end in pairwise(first):
        inside = range(start, end)
        if len(inside) > 1:
            pairs |= {(i, i + 1 if i + 1 < end else start) for i in inside}
            pairs |= {(i, j) for i in inside for j in inside if i != j and draw.random() < _density(kind)}
        # every component leads on, over edges that may be anywhere in the range of rates
        later = range(end, n + 2)
        pairs |= {(int(draw.choice(inside)), int(j)) for j in draw.choice(later, size=3)}
    edges = [(int(i), int(j), float(_rate(draw)), ()) for i, j in sorted(pairs)]
    initial = {0: 0.75, int(n) // 2: 0.25}
    return EdgeModel(int(n), 2, initial, edges)


def _density(kind):
    return 1.0 if kind == "dense" else 0.3


def _rate(draw):
    return draw.uniform(1, 10) * 10.0 ** draw.integers(SMALLEST, LARGEST)


def with_parameters(model):
    """The same chain with one parameter for each edge, which is its rate."""
    edges = [
        (u, v, 0.0, tuple(row)) for (u, v, *_), row in zip(model.edges, np.eye(len(model.edges)), strict=True)
    ]
    theta = tuple(rate for _, _, rate, _ in model.edges)
    return replace(model, edges=edges, p=len(edges), theta=theta)


def rewards(model, seed):
    """Rewards over six orders of magnitude, a zero among them."""
    draw = np.random.default_rng((seed, model.n))
    values = draw.uniform(1, 10, model.n) * 10.0 ** draw.integers(-3, 3, model.n)
    values[draw.integers(model.n)] = 0.0
    return values
