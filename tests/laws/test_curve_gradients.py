"""Derivatives of distribution functions in the parameters and in time."""

from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph

from tests import strategies
from tests.laws.test_censoring import precise_log, precise_slope
from tests.laws.test_likelihoods import two_demes

RTOL = 1e-10  # the default
INF = np.inf
EVENTS = {"pdf": lambda t: (t, t), "cdf": lambda t: (-INF, t), "sf": lambda t: (t, INF)}
TIMES = [25.0, 1e-3, 2.0]  # three times and two parameters: one pass for all


def at_theta(migration):
    graph, theta = two_demes(migration)
    graph.update_parameterized_weights(theta)
    return graph, [Fraction(x) for x in theta]


@pytest.mark.parametrize("times", [TIMES, TIMES[:1]], ids=["one pass for all", "a sweep for each"])
@pytest.mark.parametrize("function", EVENTS)
@pytest.mark.parametrize("migration", [1e-3, 0.3])
def test_derivatives_in_the_parameters(migration, function, times):
    graph, theta = at_theta(migration)
    exact = [[precise_slope(graph, theta, *EVENTS[function](t), k) for k in range(2)] for t in times]
    assert_allclose(getattr(graph, f"log{function}_gradient")(times).theta, exact, rtol=RTOL)
    value = np.array([float(mpmath.exp(precise_log(graph, theta, *EVENTS[function](t)))) for t in times])
    found = getattr(graph, f"{function}_gradient")(times)
    assert_allclose(found.value, value, rtol=RTOL)
    assert_allclose(found.theta, np.array(exact) * value[:, None], rtol=2 * RTOL)


@pytest.mark.parametrize("times", [TIMES, TIMES[:1]], ids=["one pass for all", "a sweep for each"])
@pytest.mark.parametrize("function", EVENTS)
def test_derivatives_in_the_parameters_of_a_stiff_chain(function, times):
    graph, theta = at_theta(1e3)
    exact = [[precise_slope(graph, theta, *EVENTS[function](t), k) for k in range(2)] for t in times]
    got = getattr(graph, f"log{function}_gradient")(times).theta
    # in units of log theta, where that in the migration rate is a thousandth of the other
    scale = np.array([float(x) for x in theta])
    assert_allclose(got * scale, np.array(exact) * scale, rtol=RTOL, atol=1e-11)


@pytest.mark.parametrize("t", [1e-3, 2.0, 25.0])
@pytest.mark.parametrize("function", EVENTS)
def test_derivatives_in_time(function, t):
    graph, theta = at_theta(0.3)
    h = Fraction(t) / 10**15
    with mpmath.workdps(90):
        up, down = (precise_log(graph, theta, *EVENTS[function](Fraction(t) + s * h)) for s in (1, -1))
        exact = float((up - down) / (2 * mpmath.mpf(h.numerator) / h.denominator))
    assert getattr(graph, f"log{function}_gradient")(t).time == pytest.approx(exact, rel=RTOL)


@settings(max_examples=40)
@given(strategies.parameterised_models(), st.lists(st.floats(1e-3, 20.0), min_size=1, max_size=6))
def test_faster_rates_are_shorter_times(model, units):
    # Rates proportional to theta: F(t; c theta) = F(c t; theta), so theta · dF/dtheta = t dF/dt
    edges = [(u, v, 0.0, c if any(c) else (1.0, *c[1:])) for u, v, _, c in model.edges]
    model = replace(model, edges=edges)
    graph, t = model.graph(), np.array(units) * float(model.dense(model.theta).expectation())
    graph.update_parameterized_weights(model.theta)
    for function, density in (("cdf", 0.0), ("sf", 0.0), ("pdf", 1.0)):
        found = getattr(graph, f"{function}_gradient")(t)
        left, right = found.theta @ model.theta, t * found.time + density * found.value
        size = np.abs(found.theta) @ model.theta + np.abs(t * found.time) + found.value
        assert np.all(np.abs(left - right) <= 1e-9 * size + 1e-300)


@settings(max_examples=30)
@given(strategies.parameterised_models(), st.floats(1e-3, 20.0))
def test_one_pass_and_a_sweep_agree(model, unit):
    graph, t = model.graph(), unit * float(model.dense(model.theta).expectation())
    graph.update_parameterized_weights(model.theta)
    for function in ("logpdf", "logcdf", "logsf"):
        answer = getattr(graph, f"{function}_gradient")
        many, one = answer([t, 0.5 * t, 0.25 * t, 0.125 * t]).theta[0], answer(t).theta
        # both exact; relative to the largest, since small ones may be what is left of a sum
        assert_allclose(many, one, rtol=1e-9, atol=1e-10 * np.abs(one).max())


def small_graph(rate=1.0):
    graph = Graph(1)
    here, there, end = (graph.find_or_create_vertex([i]) for i in range(3))
    graph.starting_vertex().add_edge(here, 1.0)
    here.add_edge(there, 2.0)
    there.add_edge_parameterized(end, 0.0, [1.0])
    graph.update_parameterized_weights([rate])
    return graph


@pytest.mark.parametrize("function", ["pdf", "cdf", "sf", "logpdf", "logcdf", "logsf"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 2)])
def test_shapes(function, shape):
    found = getattr(small_graph(), f"{function}_gradient")(np.ones(shape))
    assert np.shape(found.value) == np.shape(found.time) == shape
    assert found.theta.shape == (*shape, 1)


def test_values_are_those_of_the_functions():
    graph, t = small_graph(), np.array([[0.5, 3.0], [0.5, 80.0]])
    for function in ("pdf", "cdf", "sf", "logpdf", "logcdf", "logsf"):
        found = getattr(graph, f"{function}_gradient")(t).value
        assert_allclose(found, getattr(graph, function)(t), rtol=2 * RTOL, atol=1e-300)


def test_at_zero_a_density_of_zero_rises():
    found = small_graph().pdf_gradient(0.0)
    assert (found.value, found.theta[0], found.time) == (0.0, 0.0, pytest.approx(2.0, rel=1e-14))
    assert np.isnan(small_graph().logpdf_gradient(0.0).theta[0])


@pytest.mark.parametrize("times", [2.0, [2.0, 2.5]])
def test_where_absorption_is_impossible_the_density_grows_with_its_rate(times):
    # at rate 0 of leaving the second state: df/drate is the probability of being there
    found = small_graph(rate=0.0).pdf_gradient(times)
    assert np.all(found.value == 0.0)
    assert_allclose(found.theta[..., 0], -np.expm1(-2.0 * np.array(times)), rtol=1e-12)


def test_at_infinity():
    graph = small_graph()
    found = [getattr(graph, f"{f}_gradient")(INF) for f in ("pdf", "cdf", "sf", "logcdf")]
    assert [each.value for each in found] == [0.0, 1.0, 0.0, 0.0]
    assert all(each.time == 0.0 and each.theta[0] == 0.0 for each in found)
    assert np.isnan(graph.logsf_gradient(INF).time)


def test_logarithms_where_the_density_underflows():
    # the slower of two rates decides: ln f = ln 2 - t + small
    found = small_graph().logpdf_gradient(5000.0)
    assert_allclose([found.value, found.time], [np.log(2.0) - 5000.0, -1.0], rtol=RTOL)
    assert_allclose(found.theta, [1.0 + 1.0 - 5000.0], rtol=RTOL)  # d/dr of ln(2 r / (2 - r)) - r t


def test_a_graph_without_parameters():
    graph = Graph(1)
    here, end = graph.find_or_create_vertex([0]), graph.find_or_create_vertex([1])
    graph.starting_vertex().add_edge(here, 1.0)
    here.add_edge(end, 0.5)
    found = graph.pdf_gradient([1.0, 2.0])
    assert found.theta.shape == (2, 0)
    assert_allclose(found.time, -0.25 * np.exp([-0.5, -1.0]), rtol=RTOL)


@pytest.mark.parametrize("bad", [-1.0, np.nan])
def test_a_bad_time(bad):
    with pytest.raises(ValueError, match=r"time\[1\] is"):
        small_graph().cdf_gradient([1.0, bad])
