"""Hypothesis strategies for random absorbing chains, parameterised models and rewards."""

import numpy as np
from hypothesis import strategies as st

from tests.models import EdgeModel


def rates(lo=-1, hi=1):
    """Rates of 1 to 10 times a power of ten between 10^lo and 10^hi."""
    return st.builds(
        lambda mantissa, exponent: mantissa * 10.0**exponent, st.floats(1.0, 9.9), st.integers(lo, hi)
    )


@st.composite
def initial_distributions(draw, n, *, defect=None):
    """{transient state: probability}; probabilities are multiples of 1/64, so their sums are exact."""
    support = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=min(n, 3), unique=True))
    left, initial = 64, {}
    has_defect = draw(st.booleans()) if defect is None else defect
    for i, state in enumerate(support):
        last = i == len(support) - 1 and not has_defect
        share = left if last else draw(st.integers(1, max(1, left // 2)))
        initial[state] = share / 64
        left -= share
    return initial


@st.composite
def skeletons(draw, n, a, *, acyclic):
    """Pairs (src, dst) such that every transient state reaches an absorbing one.

    State i leaves to a lower state or to an absorbing one; the extra pairs go anywhere (to lower states only
    if `acyclic`), so that some states can be unreachable from the initial ones.
    """
    absorbing = list(range(n, n + a))
    pairs = [(i, draw(st.sampled_from(list(range(i)) + absorbing))) for i in range(n)]
    for i in range(n):
        targets = list(range(i)) + absorbing if acyclic else [j for j in range(n + a) if j != i]
        extra = draw(st.lists(st.sampled_from(targets), max_size=3, unique=True))
        pairs += [(i, j) for j in extra if (i, j) not in pairs]
    return draw(st.permutations(pairs))


@st.composite
def chains(draw, *, max_states=6, max_absorbing=2, acyclic=None, decades=(-1, 1), defect=None):
    """Constant absorbing chains with up to `max_states` transient states, rates within `decades`."""
    n, a = draw(st.integers(1, max_states)), draw(st.integers(1, max_absorbing))
    directed = draw(st.booleans()) if acyclic is None else acyclic
    pairs = draw(skeletons(n, a, acyclic=directed))
    edges = [(u, v, draw(rates(*decades)), ()) for u, v in pairs]
    return EdgeModel(n, a, draw(initial_distributions(n, defect=defect)), edges)


@st.composite
def parameterised_models(draw, *, max_states=5, max_parameters=4, defect=None):
    """Models whose rates are base + coefficients . theta, all positive, with a theta."""
    n, a = draw(st.integers(1, max_states)), draw(st.integers(1, 2))
    p = draw(st.integers(1, max_parameters))
    number = st.sampled_from([0.0, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0])
    edges = []
    for u, v in draw(skeletons(n, a, acyclic=draw(st.booleans()))):
        coefficients = draw(st.tuples(*[number] * p))
        base = draw(number)
        if base + sum(coefficients) == 0.0:
            coefficients = (1.0, *coefficients[1:])
        edges.append((u, v, base, coefficients))
    theta = draw(st.tuples(*[st.floats(0.2, 5.0)] * p))
    return EdgeModel(n, a, draw(initial_distributions(n, defect=defect)), edges, p, theta)


@st.composite
def discrete_chains(draw, *, max_states=5, some_reward=False):
    """Chains of probabilities (multiples of 1/1024, rows at most one) with integer rewards."""
    n = draw(st.integers(1, max_states))
    edges = []
    for i, row in _rows(draw(skeletons(n, 1, acyclic=draw(st.booleans())))).items():
        if draw(st.booleans()):
            row = [*row, i]
        shares = [draw(st.integers(1, 1024 // len(row))) for _ in row]
        edges += [(i, j, share / 1024, ()) for j, share in zip(row, shares, strict=True)]
    given = draw(st.tuples(*[st.integers(0, 3)] * n))
    if some_reward and not any(given):
        given = (1, *given[1:])
    return EdgeModel(n, 1, draw(initial_distributions(n)), edges, rewards=given)


def _rows(pairs):
    rows = {}
    for i, j in sorted(pairs):
        rows.setdefault(i, []).append(j)
    return rows


def rewards_for(n, *, zeros=True):
    """Non-negative rewards for n states, zeros among them, at least one positive."""
    number = st.sampled_from([0.0, 0.0, 0.5, 1.0, 2.0, 3.5] if zeros else [0.5, 1.0, 2.0, 3.5])
    return st.tuples(*[number] * n).map(lambda r: r if any(r) else (1.0, *r[1:])).map(np.array)
