"""Graphs that are predicted to cost too much to factor."""

import logging
import sys

import numpy as np
import pytest
from phasic import Graph, _core, _trace


def queue(state, k):
    """Three queues in series; the chain ends when a customer finds the first one full."""
    if len(state) == 0:
        return [([0, 0, 0], 1.0)]
    a, b, c = state
    if a > k:
        return []
    moves = [([a + 1, b, c] if a < k else [k + 1, 0, 0], [1.0, 0.0])]
    if a > 0 and b < k:
        moves.append(([a - 1, b + 1, c], [0.0, 1.0]))
    if b > 0 and c < k:
        moves.append(([a, b - 1, c + 1], [0.0, 1.0]))
    if c > 0:
        moves.append(([a, b, c - 1], [0.0, 1.0]))
    return moves


def tandem(k):
    graph = Graph(callback=queue, k=k)
    graph.update_parameterized_weights([1.0, 1.5])
    return graph


@pytest.fixture
def tight_limits(monkeypatch):
    """No elimination above a thousand multiply-adds, however few the vertices."""
    monkeypatch.setattr(_trace, "LIMITS", _core.Limits(multiply_adds=1e3))
    monkeypatch.setattr(_trace, "CACHED_FROM_VERTICES", 0)


# Certified to 1e-10; the direct answers are good to about 1e-14.
@pytest.mark.parametrize("name", ["expectation", "expected_waiting_time", "expected_residence_time"])
def test_iterative_answers_equal_direct_ones(name):
    graph = tandem(8)
    rewards = graph.states()[:, 0].astype(float)
    iterative = getattr(graph, name)(rewards, method="iterative")
    direct = getattr(graph, name)(rewards, method="direct")
    np.testing.assert_allclose(iterative, direct, rtol=1.1e-10)


def test_a_graph_that_is_too_large_is_solved_iteratively_and_announced(tight_limits, caplog):
    graph = tandem(7)
    with caplog.at_level(logging.INFO, logger="phasic"):
        mean = graph.expectation()
    assert "too large to factor (predicted" in caplog.text
    assert "certified relative error" in caplog.text
    caplog.clear()
    assert mean == pytest.approx(graph.expectation(method="direct"), rel=1.1e-10)
    assert not caplog.text


def test_what_needs_a_trace_says_that_it_is_too_large(tight_limits):
    graph = tandem(6)
    with pytest.raises(_core.TooLargeToFactor, match="too large to factor") as refused:
        graph.variance()
    assert refused.value.multiply_adds > 1e3
    graph.trace()
    assert graph.variance() > 0


ERRORS = [
    name for name, each in vars(_core).items() if isinstance(each, type) and issubclass(each, Exception)
]


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_of_the_core_is_found_where_its_traceback_says(name):
    error = getattr(_core, name)
    assert getattr(sys.modules[error.__module__], error.__name__) is error


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="method is 'fast': it must be one of auto, direct, iterative"):
        tandem(2).expectation(method="fast")


def test_the_predicted_cost_bounds_the_recorded_one():
    graph = tandem(6)
    with pytest.raises(_core.TooLargeToFactor) as refused:
        graph._freeze().record(_core.Limits(bytes=0))
    trace = graph.trace()
    assert trace.multiply_adds <= refused.value.multiply_adds
    assert 12 * trace.n_entries <= refused.value.bytes


def test_limits_are_those_of_the_documentation_unless_given():
    default, given = _core.Limits(), _core.Limits(multiply_adds=5.0, bytes=7)
    assert (default.multiply_adds, default.bytes) == (1e11, 8 << 30)
    assert (given.multiply_adds, given.bytes) == (5.0, 7)


def test_the_gradient_comes_with_its_error():
    graph = tandem(8)
    solver = _core.Iterative(graph._freeze(), np.array([1.0, 1.5]))
    value, error, gradient, gradient_error, indicator = solver.expectation_gradient()
    expected = graph.expectation_gradient()
    assert abs(value - expected.value) <= error + 1e-13 * expected.value
    assert np.all(np.abs(gradient - expected.theta) <= gradient_error + 1e-12 * expected.value)
    assert 0 < indicator < 1e-10
