"""Derivatives of quantiles and of the hazard: against many digits, and against those of other functions."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph

from tests import strategies
from tests.laws.test_censoring import precise_log
from tests.laws.test_curve_gradients import at_theta

RTOL = 1e-10  # the default
INF = np.inf


def precise_quantile(graph, theta, start, p, *, upper):
    """The time at which ln sf, or ln cdf, is ln p: three steps of Newton's method from a double."""
    with mpmath.workdps(90):
        wanted, t = mpmath.log(mpmath.mpf(p)), Fraction(start)
        for _ in range(3):
            found = precise_log(graph, theta, *((t, INF) if upper else (-INF, t)))
            share = mpmath.exp(precise_log(graph, theta, t, t) - found)
            change = (found - wanted) / (share if upper else -share)
            t += Fraction(int(change.man)) * (-1) ** (change < 0) * Fraction(2) ** int(change.exp)
        return t


def precise_slopes(graph, theta, start, p, *, upper):
    """In each parameter and in ln p: differences of 1e-15, which leave an error of 1e-30."""
    with mpmath.workdps(90):
        slopes, step = [], mpmath.mpf(10) ** -15
        for k in range(len(theta)):
            moved = [list(theta), list(theta)]
            for sign, point in zip((1, -1), moved, strict=True):
                point[k] += sign * theta[k] / 10**15
            up, down = (precise_quantile(graph, point, start, p, upper=upper) for point in moved)
            slopes.append(float((up - down) / (2 * theta[k] / 10**15)))
        ends = (mpmath.mpf(p) * mpmath.exp(sign * step) for sign in (1, -1))
        up, down = (precise_quantile(graph, theta, start, end, upper=upper) for end in ends)
        change = up - down
        return slopes, float(mpmath.mpf(change.numerator) / change.denominator / (2 * step))


@pytest.mark.parametrize("p", [1e-300, 1e-9, 0.3, 0.5])
@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("migration", [1e-3, 0.3])
def test_quantiles(migration, upper, p):
    graph, theta = at_theta(migration)
    found = (graph.isf_gradient if upper else graph.ppf_gradient)(p)
    in_theta, in_ln_p = precise_slopes(graph, theta, found.value, p, upper=upper)
    assert_allclose(found.theta, in_theta, rtol=RTOL)
    assert found.p * p == pytest.approx(in_ln_p, rel=RTOL)


@pytest.mark.parametrize("t", [1e-3, 2.0, 25.0, 2000.0])
@pytest.mark.parametrize("migration", [1e-3, 0.3])
def test_hazard(migration, t):
    graph, theta = at_theta(migration)
    found = graph.hazard_gradient(t)

    def hazard(theta, t):
        return precise_log(graph, theta, t, t) - precise_log(graph, theta, t, INF)

    with mpmath.workdps(90):
        value = float(mpmath.exp(hazard(theta, Fraction(t))))
        assert found.value == pytest.approx(value, rel=RTOL)
        scales = np.abs(graph.logpdf_gradient(t).theta) + np.abs(graph.logsf_gradient(t).theta)
        for k in range(len(theta)):
            h = theta[k] / 10**15
            up, down = ([x + s * h * (i == k) for i, x in enumerate(theta)] for s in (1, -1))
            change = hazard(up, Fraction(t)) - hazard(down, Fraction(t))
            exact = value * float(change / (2 * mpmath.mpf(h.numerator) / h.denominator))
            # what is left of two derivatives of logarithms
            assert found.theta[k] == pytest.approx(exact, rel=RTOL, abs=RTOL * scales[k] * value)
        h = Fraction(t) / 10**15
        change = hazard(theta, Fraction(t) + h) - hazard(theta, Fraction(t) - h)
        exact = value * float(change / (2 * mpmath.mpf(h.numerator) / h.denominator))
        assert found.time == pytest.approx(exact, rel=RTOL, abs=2 * RTOL * value * value)


@settings(max_examples=40)
@given(strategies.parameterised_models(), st.lists(st.floats(0.01, 0.99), min_size=1, max_size=6))
def test_a_quantile_keeps_its_probability(model, shares):
    # F(t(p, theta), theta) = p: the derivatives in theta cancel, those in p multiply to 1
    graph = model.graph()
    graph.update_parameterized_weights(model.theta)
    defect = graph.defect()
    p = defect + (1.0 - defect) * np.array(shares)
    found = graph.ppf_gradient(p)
    cdf = graph.cdf_gradient(found.value)
    assert_allclose(cdf.time * found.p, 1.0, rtol=1e-8)
    whole = cdf.theta + cdf.time[:, None] * found.theta
    assert np.all(np.abs(whole) <= 1e-8 * (np.abs(cdf.theta).max() + 1e-30))
    other = graph.isf_gradient(1.0 - p)
    assert_allclose(other.theta, found.theta, rtol=1e-6, atol=1e-8 * np.abs(found.theta).max() + 1e-300)
    assert_allclose(other.p, -np.asarray(found.p), rtol=1e-6)


@settings(max_examples=30)
@given(strategies.parameterised_models(defect=False), st.floats(0.01, 0.99))
def test_faster_rates_are_shorter_quantiles(model, p):
    # t(p; c theta) = t(p; theta) / c where all rates are multiples of theta
    edges = [(u, v, 0.0, c if any(c) else (1.0, *c[1:])) for u, v, _, c in model.edges]
    model = type(model)(model.n, model.a, model.initial, edges, model.p, model.theta)
    graph = model.graph()
    graph.update_parameterized_weights(model.theta)
    found = graph.ppf_gradient(p)
    assert found.theta @ model.theta == pytest.approx(-found.value, rel=1e-8)


def line(rate=1.0, atom=0.0):
    """A line of two states, of rates 2 and `rate`, entered with probability 1 - atom."""
    graph = Graph(1)
    here, there, end = (graph.find_or_create_vertex([i]) for i in range(3))
    graph.starting_vertex().add_edge(here, 1.0 - atom)
    if atom:
        graph.starting_vertex().add_edge(end, atom)
    here.add_edge(there, 2.0)
    there.add_edge_parameterized(end, 0.0, [1.0])
    graph.update_parameterized_weights([rate])
    return graph


def exponential(rate=3.0):
    graph = Graph(1)
    here, end = graph.find_or_create_vertex([0]), graph.find_or_create_vertex([1])
    graph.starting_vertex().add_edge(here, 1.0)
    here.add_edge_parameterized(end, 0.0, [1.0])
    graph.update_parameterized_weights([rate])
    return graph


def test_quantiles_of_an_exponential():
    p = np.array([0.0, 1e-12, 0.4, 0.9])
    found = exponential().ppf_gradient(p)
    assert_allclose(found.value, -np.log1p(-p) / 3.0, rtol=RTOL)
    assert_allclose(found.theta[:, 0], np.log1p(-p) / 9.0, rtol=RTOL)
    assert_allclose(found.p, 1.0 / (3.0 * (1.0 - p)), rtol=RTOL)
    tail = exponential().isf_gradient([1e-300, 0.5, 1.0])
    assert_allclose(tail.theta[:, 0], np.log([1e-300, 0.5, 1.0]) / 9.0, rtol=RTOL)
    assert_allclose(tail.p, -1.0 / (3.0 * np.array([1e-300, 0.5, 1.0])), rtol=RTOL)


def test_hazard_of_an_exponential_is_its_rate():
    found = exponential().hazard_gradient([0.0, 1.0, 1e4])
    assert_allclose(found.value, 3.0, rtol=RTOL)
    assert_allclose(found.theta[:, 0], 1.0, rtol=1e-5)  # rtol of derivatives of the size of t = 1e4
    assert_allclose(found.time, 0.0, atol=1e-9)


def test_inside_an_atom_a_quantile_stays_at_zero():
    found = line(atom=0.25).ppf_gradient([0.0, 0.1, 0.25, 0.3])
    assert found.value[:3].tolist() == [0.0, 0.0, 0.0] and found.value[3] > 0.0
    assert found.theta[:2].tolist() == [[0.0], [0.0]] and found.p[:2].tolist() == [0.0, 0.0]
    assert np.isnan(found.theta[2, 0]) and np.isnan(found.p[2])
    assert found.theta[3, 0] < 0.0 < found.p[3]


def test_quantiles_at_zero_and_infinity():
    found = line().ppf_gradient([0.0, 1.0])
    assert found.p.tolist() == [INF, INF]  # no density at 0
    assert found.theta[0, 0] == 0.0 and np.isnan(found.theta[1, 0])
    assert line().isf_gradient(0.0).p == -INF


def test_the_hazard_rises_from_zero():
    found = line().hazard_gradient(0.0)
    assert (found.value, found.theta[0]) == (0.0, 0.0)
    assert found.time == pytest.approx(2.0, rel=1e-14)
    assert np.isnan(line().hazard_gradient(INF).value) and np.isnan(line().hazard_gradient(INF).time)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 2)])
def test_shapes(shape):
    for found in (line().ppf_gradient(np.full(shape, 0.5)), line().isf_gradient(np.full(shape, 0.5))):
        assert np.shape(found.value) == np.shape(found.p) == shape
        assert found.theta.shape == (*shape, 1)
    found = line().hazard_gradient(np.ones(shape))
    assert np.shape(found.value) == np.shape(found.time) == shape
    assert found.theta.shape == (*shape, 1)


def test_a_bad_probability():
    with pytest.raises(ValueError, match=r"p\[1\] is 1.5"):
        line().ppf_gradient([0.5, 1.5])
