"""Laws that tie the distribution functions together, on random chains."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests import strategies
from tests.models import EdgeModel

RTOL = 1e-10  # the default
SMALLEST = 1e-300  # below, doubles lose digits

times = st.floats(1e-3, 20.0)
probabilities = st.one_of(st.floats(1e-6, 1.0 - 1e-6), st.floats(-200.0, -6.0).map(lambda e: 10.0**e))


def at_means(model, units):
    return np.asarray(units) * float(model.dense().expectation())


@settings(max_examples=40)
@given(strategies.chains(), st.tuples(*[times] * 4))
def test_sf_and_cdf_sum_to_one(model, units):
    graph, t = model.graph(), at_means(model, units)
    assert_allclose(graph.sf(t) + graph.cdf(t), 1.0, rtol=2 * RTOL)


@settings(max_examples=20)
@given(strategies.chains(max_states=4), times)
def test_sf_in_the_tail(model, unit):
    chain = model.dense(exact=True)
    t = unit * float(chain.expectation())
    assert_allclose(model.graph().sf(t), float(chain.precise_sf(t, digits=20)), rtol=RTOL, atol=SMALLEST)


@settings(max_examples=20)
@given(strategies.chains(max_states=4), st.floats(1e-3, 300.0))
def test_logarithms_against_many_digits(model, unit):
    chain, graph = model.dense(exact=True), model.graph()
    t = unit * float(chain.expectation())
    with mpmath.workdps(60):
        sf, cdf = chain.precise_sf(t, digits=45), chain.precise_cdf(t, digits=45)
        small = min(sf, cdf)
        logs = [mpmath.log(chain.precise_pdf(t, digits=20)), mpmath.log(cdf), mpmath.log(sf)]
        if sf < cdf:
            logs[1] = mpmath.log1p(-small)
    # a log of about zero is as good as the density; in the tails the log itself is
    assert_allclose(graph.logpdf(t), float(logs[0]), rtol=RTOL, atol=RTOL)
    assert_allclose(
        [graph.logcdf(t), graph.logsf(t)], [float(logs[1]), float(logs[2])], rtol=2 * RTOL, atol=1e-300
    )


@settings(max_examples=40)
@given(strategies.chains(), st.lists(probabilities, min_size=1, max_size=5))
def test_quantiles_invert_the_distribution_function(model, ps):
    graph = model.graph()
    above = np.array([p for p in ps if p > graph.defect() * (1 + 1e-6)])
    # both functions within RTOL, and the quantile too
    assert_allclose(graph.cdf(graph.ppf(above)), above, rtol=3 * RTOL)


@settings(max_examples=40)
@given(strategies.chains(), st.lists(probabilities, min_size=1, max_size=5))
def test_quantiles_invert_the_survival_function(model, ps):
    graph = model.graph()
    below = np.array([p for p in ps if p < (1 - graph.defect()) * (1 - 1e-6)])
    assert_allclose(graph.sf(graph.isf(below)), below, rtol=3 * RTOL)


@settings(max_examples=20)
@given(strategies.chains(max_states=4))
def test_the_density_integrates_to_one_minus_the_defect(model):
    graph = model.graph()
    # Gauss-Legendre on pieces that grow with time: the density is entire, the mass beyond 1e-12
    edges = np.concatenate([[0.0], graph.isf(np.geomspace((1 - graph.defect()) * 0.99, 1e-12, 60))])
    nodes, weights = np.polynomial.legendre.leggauss(20)
    half = 0.5 * np.diff(edges)[:, None]
    values = graph.pdf(edges[:-1, None] + half * (1 + nodes))
    assert (half * weights * values).sum() == pytest.approx(1.0 - graph.defect(), rel=1e-9)


@settings(max_examples=30)
@given(strategies.chains(), times)
def test_the_density_is_the_derivative_of_the_distribution_function(model, unit):
    graph, t = model.graph(), float(at_means(model, unit))
    # Richardson's two central differences, in units of the fastest rate: errors of h^4 and 1e-15 / h
    h = min(t, 1.0 / max(v.rate() for v in graph.vertices())) * 1e-2
    change = [graph.cdf(t + k * h, rtol=1e-14) - graph.cdf(t - k * h, rtol=1e-14) for k in (1, 2)]
    slope = (8 * change[0] - change[1]) / (12 * h)
    assert_allclose(graph.pdf(t), slope, rtol=1e-6, atol=1e-12 / h)


@settings(max_examples=20)
@given(
    strategies.chains(max_states=4),
    strategies.chains(max_states=4),
    st.integers(1, 63),
    st.tuples(*[times] * 3),
)
def test_a_mixture_mixes_the_functions(first, second, share, units):
    p = share / 64
    mixed = mixture(first, second, p).graph()
    t = at_means(first, units)
    for function in ("pdf", "sf"):
        parts = [getattr(model.graph(), function)(t) for model in (first, second)]
        assert_allclose(
            getattr(mixed, function)(t), p * parts[0] + (1 - p) * parts[1], rtol=2 * RTOL, atol=SMALLEST
        )


@settings(max_examples=20)
@given(strategies.chains(max_states=3), strategies.chains(max_states=3), st.tuples(*[times] * 3))
def test_the_smaller_of_two_times_multiplies_the_survival_functions(first, second, units):
    t = at_means(first, units)
    product = first.graph().sf(t) * second.graph().sf(t)
    assert_allclose(minimum(first, second).graph().sf(t), product, rtol=4 * RTOL, atol=SMALLEST)


@settings(max_examples=15)
@given(strategies.chains(max_states=3), strategies.chains(max_states=3), times)
def test_a_convolution_integrates_products(first, second, unit):
    t = float(at_means(first, unit))
    a, b = first.graph(), second.graph()
    total = convolution(first, second).graph()
    # cdf of the sum, by Gauss-Legendre on pieces where neither factor changes by more than e
    fastest = max(v.rate() for g in (a, b) for v in g.vertices())
    pieces = int(min(200, 2 + t * fastest / 2))
    nodes, weights = np.polynomial.legendre.leggauss(24)
    half = 0.5 * t / pieces
    u = (2 * half * np.arange(pieces)[:, None] + half * (1 + nodes)).ravel()
    inner = (half * np.tile(weights, pieces) * a.pdf(u) * b.cdf(t - u)).sum()
    assert total.cdf(t) == pytest.approx(a.defect() * b.cdf(t) + inner, rel=1e-8, abs=1e-12)


def mixture(first, second, p):
    """Either chain, the first with probability p."""
    n, m = first.n, second.n
    initial = {i: p * x for i, x in first.initial.items()} | {
        n + i: (1 - p) * x for i, x in second.initial.items()
    }
    edges = moved(first, lambda i: i, n + m) + moved(second, lambda i: n + i, n + m)
    return EdgeModel(n + m, 1, initial, edges)


def convolution(first, second):
    """One chain after the other: absorption of the first starts the second."""
    n, m = first.n, second.n
    end = n + m
    rest = 1.0 - sum(first.initial.values())
    missing = 1.0 - sum(second.initial.values())
    edges = moved(second, lambda i: n + i, end)
    for u, v, rate, _ in first.edges:
        if v < n:
            edges.append((u, v, rate, ()))
            continue
        edges += [(u, n + j, rate * x, ()) for j, x in second.initial.items()]
        if missing > 0:
            edges.append((u, end, rate * missing, ()))
    initial = dict(first.initial)
    if rest > 0:
        initial |= {n + j: rest * x for j, x in second.initial.items()}
    return EdgeModel(n + m, 1, initial, edges)


def minimum(first, second):
    """Both chains at once, until one is absorbed: the Kronecker sum of their generators."""
    n, m = first.n, second.n
    end = n * m
    edges = []
    for u, v, rate, _ in first.edges:
        edges += [(u * m + j, v * m + j if v < n else end, rate, ()) for j in range(m)]
    for u, v, rate, _ in second.edges:
        edges += [(i * m + u, i * m + v if v < m else end, rate, ()) for i in range(n)]
    initial = {i * m + j: x * y for i, x in first.initial.items() for j, y in second.initial.items()}
    return EdgeModel(n * m, 1, initial, edges)


def moved(model, place, end):
    return [(place(u), place(v) if v < model.n else end, rate, ()) for u, v, rate, _ in model.edges]
