"""Expectations up to a time and their derivatives, against exponentials in 60 digits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph

from tests import strategies
from tests.laws.test_epochs import oracle
from tests.reference.epochs import derivatives

RTOL = 1e-10  # the default
SEEDS = [0.5, 2.0]


@st.composite
def timed(draw):
    """A model at its parameters, rewards, and a time."""
    model = draw(strategies.parameterised_models(max_states=3, max_parameters=2))
    return model, draw(strategies.rewards_for(model.n)), draw(st.floats(0.02, 6.0))


def graph_of(model, rewards):
    graph = model.graph()
    graph.update_parameterized_weights(model.theta)
    return graph, model.per_vertex(graph, rewards)


def exact_slopes(model, time, number):
    """Of number(chain, time), in theta and in time."""
    (in_theta,), (in_time,) = derivatives(
        lambda thetas, starts: number(oracle(model, [0.0], thetas[:1]), starts[1]), [model.theta], [0.0, time]
    )
    return in_theta, in_time


def check(found, model, time, number):
    value = float(number(oracle(model, [0.0], [model.theta]), mpmath.mpf(time)))
    in_theta, in_time = exact_slopes(model, time, number)
    assert found.value == pytest.approx(value, rel=RTOL)
    # derivatives of both signs: relative to the largest, and to the value
    assert_allclose(found.theta, in_theta, rtol=RTOL, atol=RTOL * (value + np.abs(in_theta).max()))
    return in_time


@settings(max_examples=20)
@given(timed())
def test_state_probabilities(case):
    model, seeds, time = case
    graph, at = graph_of(model, seeds)

    def number(chain, t):
        return mpmath.fsum(mpmath.mpf(s) * p for s, p in zip(seeds, chain.occupancy(t), strict=True))

    found = graph.state_probability_gradient(time, at)
    in_time = check(found, model, time, number)
    # what flows in less what flows out
    flow = max(sum(rate for u, _, rate in model.weighted(model.theta) if u == i) for i in range(model.n))
    assert found.time == pytest.approx(in_time, rel=RTOL, abs=RTOL * flow * max(seeds))
    assert found.value == pytest.approx(graph.state_probability(time) @ at, rel=RTOL)


@settings(max_examples=15)
@given(timed())
def test_accumulated_moments(case):
    model, rewards, time = case
    graph, at = graph_of(model, rewards)

    def number(chain, t):
        return mpmath.fsum(s * m for s, m in zip(SEEDS, chain.moments(2, [rewards], t), strict=True))

    found = graph.accumulated_moments_gradient(time, SEEDS, at)
    in_time = check(found, model, time, number)
    assert found.time == pytest.approx(in_time, rel=RTOL)
    moments = graph.accumulated_moments(time, 2, at)
    assert moments @ SEEDS == pytest.approx(found.value, rel=RTOL)
    assert moments[0] == pytest.approx(graph.accumulated_visiting_time(time) @ at, rel=RTOL)


@settings(max_examples=10)
@given(timed())
def test_truncated_moments(case):
    model, rewards, time = case
    graph, at = graph_of(model, rewards)

    def number(chain, t):
        moments = chain.truncated_moments(t, 2, [rewards])
        return mpmath.fsum(s * m for s, m in zip(SEEDS, moments, strict=True))

    found = graph.truncated_moments_gradient(time, SEEDS, at)
    check(found, model, time, number)
    assert graph.truncated_moments(time, 2, at) @ SEEDS == pytest.approx(found.value, rel=RTOL)


def exponential(rate=2.0):
    graph = Graph(1)
    here, end = graph.find_or_create_vertex([0]), graph.find_or_create_vertex([1])
    graph.starting_vertex().add_edge(here, 1.0)
    here.add_edge_parameterized(end, 0.0, [1.0])
    graph.update_parameterized_weights([rate])
    return graph


@pytest.mark.parametrize("t", [0.0, 1e-9, 0.7, 400.0, np.inf])
def test_an_exponential(t):
    r, graph = 2.0, exponential()
    gone, left = -np.expm1(-r * t), np.exp(-r * t)
    found = graph.accumulated_moments_gradient(t, [1.0])
    assert found.value == pytest.approx(gone / r, rel=RTOL)
    in_rate = -(gone - (r * t * left if np.isfinite(t) else 0.0)) / r**2
    assert found.theta[0] == pytest.approx(in_rate, rel=1e-6, abs=1e-18)
    assert found.time == pytest.approx(left, rel=RTOL, abs=1e-300)
    if np.isfinite(t):
        state = graph.state_probability_gradient(t, [0.0, 1.0, 0.0])
        exact = [left, -t * left, -r * left]
        assert_allclose([state.value, state.theta[0], state.time], exact, rtol=RTOL, atol=1e-300)


def test_moments_up_to_infinity_are_moments():
    graph = exponential()
    found, whole = graph.accumulated_moments_gradient(np.inf, SEEDS), graph.moments_gradient(SEEDS)
    assert found.value == pytest.approx(whole.value, rel=1e-13)
    assert_allclose(found.theta, whole.theta, rtol=1e-12)
    assert_allclose(graph.truncated_moments(np.inf, 2), graph.moments(2), rtol=1e-12)


@settings(max_examples=20)
@given(timed())
def test_the_time_until_absorption_or_a_time(case):
    # min(T, t)^k is T^k up to t, and t^k after it
    model, _, time = case
    graph, _ = graph_of(model, [1.0] * model.n)
    parts = graph.truncated_moments(time, 2) + time ** np.array([1, 2]) * graph.sf(time)
    assert_allclose(graph.accumulated_moments(time, 2), parts, rtol=1e-9)


def test_a_time_before_zero():
    for call in (
        lambda g: g.state_probability_gradient(-1.0, np.ones(3)),
        lambda g: g.accumulated_moments_gradient(-1.0, [1.0]),
        lambda g: g.truncated_moments(-1.0, 2),
    ):
        with pytest.raises(ValueError, match="time is -1"):
            call(exponential())
