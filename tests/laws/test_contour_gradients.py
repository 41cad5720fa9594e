"""Likelihoods, curves and their derivatives on contours, against many digits."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph, Observations

from tests.laws.test_censoring import precise_log, precise_slope
from tests.laws.test_likelihoods import two_demes
from tests.reference.continuous import DenseChain

RTOL = 1e-10  # the default
INF = np.inf


def linked(edges, theta):
    """A graph of one-entry states with edges (from, to, coefficients), started in state 1."""
    graph = Graph(1)
    find = graph.find_or_create_vertex
    graph.starting_vertex().add_edge(find([1]), 1.0)
    for source, target, coefficients in edges:
        find([source]).add_edge_parameterized(find([target]), 0.0, list(coefficients))
    graph.update_parameterized_weights(theta)
    return graph, np.array(theta)


def acyclic():
    """Four states in a row, three of them left far faster than the last."""
    edges = [(i, i + 1, np.eye(4)[i - 1]) for i in range(1, 5)]
    return linked(edges, [1e5, 300.0, 1.5, 4e4])


def queues():
    """Two queues in tandem with feedback, 25 states in one component out of detailed balance."""
    size, edges = 5, [(1, 0, [0.0, 0.0, 0.0, 1.0])]
    for i in range(size):
        for j in range(size):
            here = 1 + i * size + j
            if i + 1 < size:
                edges.append((here, here + size, [1.0, 0, 0, 0]))
            if i and j + 1 < size:
                edges.append((here, here - size + 1, [0, 1.0, 0, 0]))
            if j:
                edges.append((here, here - 1, [0, 0, 1.0, 0]))
            if j and i + 1 < size:
                edges.append((here, here - 1 + size, [0, 0, 0.5, 0]))
    return linked(edges, [40.0, 90.0, 70.0, 3.0])


def demes(migration):
    graph, theta = two_demes(migration)
    graph.update_parameterized_weights(theta)
    return graph, theta


CASES = {
    "two demes, migration 1e5": (lambda: demes(1e5), [0.01, 1.0, 25.0]),
    "two demes, migration 1e-3": (lambda: demes(1e-3), [2e4, 5e4]),
    "acyclic": (acyclic, [0.3, 1.0, 40.0]),
    "unbalanced": (queues, [4.0, 60.0]),
}
FUNCTIONS = {"pdf": lambda t: (t, t), "cdf": lambda t: (-INF, t), "sf": lambda t: (t, INF)}


@pytest.fixture(params=[(name, t) for name, (_, times) in CASES.items() for t in times], ids=str)
def case(request):
    name, t = request.param
    graph, theta = CASES[name][0]()
    return graph, theta, t, len(theta) if name != "unbalanced" else 1


@pytest.mark.parametrize("function", FUNCTIONS)
def test_curves_and_likelihoods(case, function):
    graph, theta, t, parameters = case
    assert graph.explain(function, [t]).methods[0] == "contour"
    event, exact = FUNCTIONS[function](t), [Fraction(x) for x in theta]
    log = float(precise_log(graph, exact, *event))
    slopes = np.array([precise_slope(graph, exact, *event, k) for k in range(parameters)])
    # in log theta: relative to the derivative, and far below the smaller of the two tails
    unit = theta[:parameters]
    log_size = max(1.0, abs(log))
    scale = min(1.0, abs(float(mpmath.expm1(mpmath.mpf(log))) if function != "pdf" else 1.0))
    seen = Observations.interval([event[0]], [event[1]])
    value, slope = graph.log_likelihood(theta, seen), graph.log_likelihood_gradient(theta, seen)
    assert abs(value - log) <= RTOL * (log_size if function == "pdf" else abs(log))
    assert_allclose(slope[:parameters] * unit, slopes * unit, rtol=RTOL, atol=1e-11 * scale)
    found = getattr(graph, f"log{function}_gradient")([t, 1.1 * t])
    assert abs(found.value[0] - log) <= RTOL * (log_size if function == "pdf" else abs(log))
    assert_allclose(found.theta[0, :parameters] * unit, slopes * unit, rtol=RTOL, atol=1e-13 * scale)


@pytest.mark.parametrize("width", [1e-9, 1e-4, 0.1, 3.0])
def test_intervals_of_any_width(width):
    graph, theta = acyclic()
    event, exact = (2.0, 2.0 + width), [Fraction(x) for x in theta]
    seen = Observations.interval([event[0]], [event[1]])
    log = float(precise_log(graph, exact, *event))
    slopes = np.array([precise_slope(graph, exact, *event, k) for k in range(4)])
    assert graph.log_likelihood(theta, seen) == pytest.approx(log, rel=RTOL)
    got = graph.log_likelihood_gradient(theta, seen)
    assert_allclose(got * theta, slopes * theta, rtol=RTOL, atol=1e-11)


def test_likelihoods_that_nothing_else_can_reach():
    # 1e12 jumps: half the rate of leaving is what the slow clock ticks at
    graph, theta = linked([(1, 2, [1.0, 0]), (2, 1, [1.0, 0]), (2, 0, [0, 1.0])], [1e12, 1.0])
    lower = np.array([1.0, 2.0, -INF, 3.0, 1.0])
    upper = np.array([1.0, INF, 1.5, 4.0, 1.0 + 1e-3])
    seen = Observations.interval(lower, upper)
    e = np.exp(-0.5 * np.array([1.0, 2.0, 1.5, 3.0, 4.0]))
    last = -np.expm1(-0.5 * (upper[4] - 1.0))
    expected = np.log(0.5 * e[0]) + np.log(e[1]) + np.log1p(-e[2]) + np.log(e[3] - e[4]) + np.log(e[0] * last)
    assert graph.log_likelihood(theta, seen) == pytest.approx(expected, rel=1e-9)
    assert np.isfinite(graph.log_likelihood_gradient(theta, seen)).all()


def test_truncated_and_weighted_observations():
    graph, theta = acyclic()
    times = np.array([0.5, 1.0, 2.0])
    seen = Observations.exact(times, truncated=(0.25, INF), weights=[1.0, 2.0, 3.0])
    expected = np.dot([1.0, 2.0, 3.0], graph.logpdf(times) - graph.logsf(0.25))
    assert graph.log_likelihood(theta, seen) == pytest.approx(expected, rel=1e-9)


@st.composite
def stiff_models(draw):
    """Up to seven states with rates over eight orders of magnitude, in one component or several."""
    n = draw(st.integers(2, 7))
    rate = st.tuples(st.integers(-4, 3), st.integers(1, 9)).map(lambda x: x[1] * 10.0 ** x[0])
    edges = {(i, i + 1 if i < n else 0): draw(rate) for i in range(1, n + 1)}
    others = [(i, j) for i in range(1, n + 1) for j in range(n + 1) if i != j and (i, j) not in edges]
    chosen = draw(st.lists(st.sampled_from(others), max_size=12, unique=True)) if others else []
    return n, edges | {pair: draw(rate) for pair in chosen}


@settings(max_examples=40, deadline=None)
@given(stiff_models(), st.floats(0.01, 50.0), st.sampled_from(sorted(FUNCTIONS)))
def test_errors_are_no_larger_than_stated(model, unit, function):
    n, edges = model
    rates = [(i, j, Fraction(rate)) for (i, j), rate in edges.items()]
    chain = DenseChain.from_edges({1: 1}, rates, range(1, n + 1), [0], exact=True)
    t = unit * float(chain.expectation())
    graph = Graph(1)
    find = graph.find_or_create_vertex
    graph.starting_vertex().add_edge(find([1]), 1.0)
    for (i, j), rate in edges.items():
        find([i]).add_edge(find([j]), rate)
    told = graph.explain(function, [t])
    exact = getattr(chain, f"precise_{function}")(t, digits=40)
    if exact > 1e-290:
        error = float(abs(mpmath.mpf(float(told.values[0])) / exact - 1))
        assert error <= told.errors[0] + 1e-15
        assert told.errors[0] <= 2 * RTOL
