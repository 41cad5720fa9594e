"""Cumulative incidence: with the state probabilities it is the exponential of the whole generator."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Epoch, Graph

from tests import models, strategies

#: Truncation of 1e-12 in each vector, and rounding.
TOLERANCE = 5e-12


def generator(model, theta):
    """Rates between all states, absorbing ones included."""
    n = model.n + model.a
    found = mpmath.zeros(n, n)
    for u, v, rate in model.weighted(theta):
        if u != v:
            found[u, v] += rate
            found[u, u] -= rate
    return found


def after(model, stages, time):
    """Probability of each state at a time, of stages (start, theta)."""
    with mpmath.workdps(40):
        row = mpmath.zeros(1, model.n + model.a)
        for state, probability in model.initial.items():
            row[0, state] = probability
        ends = [start for start, _ in stages[1:]] + [math.inf]
        for (start, theta), end in zip(stages, ends, strict=True):
            if start < time:
                row = row * mpmath.expm(generator(model, theta) * (mpmath.mpf(min(end, time)) - start))
        return np.array([float(each) for each in row])


@settings(max_examples=40)
@given(strategies.chains(), st.floats(0.0, 5.0))
def test_incidence_is_the_exponential_of_the_generator(model, time):
    graph = model.graph()
    found = graph.cumulative_incidence(time)
    exact = after(model, [(0.0, ())], time)
    assert_allclose(found[model.indices(graph)[model.n :]], exact[model.n :], rtol=TOLERANCE, atol=1e-250)


@settings(max_examples=40)
@given(strategies.chains(), st.floats(0.0, 50.0))
def test_incidence_sums_to_the_distribution_function(model, time):
    graph = model.graph()
    found = graph.cumulative_incidence(time)
    assert found.sum() == pytest.approx(graph.cdf(time, rtol=1e-12), rel=TOLERANCE)
    assert np.all(found[model.indices(graph)[: model.n]] == 0.0)


@settings(max_examples=40)
@given(strategies.chains())
def test_incidence_at_infinity_is_where_the_chain_ends(model):
    graph = model.graph()
    found = graph.cumulative_incidence(math.inf)
    for index in model.indices(graph)[model.n :]:
        vertex = graph.vertex_at(index)
        assert found[index] == pytest.approx(graph.absorption_probability(vertex)[0], rel=1e-13, abs=0)
    assert found.sum() == pytest.approx(1.0, rel=1e-13)


@settings(max_examples=25)
@given(strategies.parameterised_models(max_states=4, max_parameters=2), st.floats(0.05, 2.0), st.data())
def test_incidence_over_epochs_is_the_product_of_exponentials(model, start, data):
    theta = data.draw(st.tuples(*[st.floats(0.2, 5.0)] * model.p))
    time = data.draw(st.floats(0.0, 5.0))
    graph = model.graph()
    epochs = graph.epochs([(0.0, list(model.theta)), (start, list(theta))])
    found = epochs.cumulative_incidence(time)
    exact = after(model, [(0.0, model.theta), (start, theta)], time)
    ends = model.indices(graph)[model.n :]
    assert_allclose(found[ends], exact[model.n :], rtol=TOLERANCE, atol=1e-250)
    assert found.sum() == pytest.approx(epochs.cdf(time), rel=TOLERANCE)
    assert epochs.cumulative_incidence(math.inf).sum() == pytest.approx(1.0, rel=TOLERANCE)


def test_what_a_map_absorbs_is_in_its_vertex():
    graph = Graph(callback=models.kingman, n=3)

    def merge_one_pair(state):
        return [(state, 0.75), ((state[0] - 1,), 0.25)]

    epochs = graph.epochs([(0.0, []), Epoch(1.0, map=merge_one_pair)])
    root = graph.find_vertex([1]).index()
    for time in (0.5, 1.0, 2.0, math.inf):
        assert epochs.cumulative_incidence(time)[root] == pytest.approx(epochs.cdf(time), rel=TOLERANCE)


def test_incidence_of_one_epoch_is_in_its_own_graph():
    before, later = Graph(callback=models.kingman, n=3), Graph(callback=models.kingman, n=3)
    epochs = before.epochs([(0.0, []), (1.0, later)])
    parts = [epochs.cumulative_incidence(2.0, epoch).sum() for epoch in (0, 1)]
    assert parts[0] == pytest.approx(epochs.cdf(1.0), rel=TOLERANCE)
    assert sum(parts) == pytest.approx(epochs.cdf(2.0), rel=TOLERANCE)
    assert np.all(epochs.cumulative_incidence(0.5, 1) == 0.0)
    with pytest.raises(ValueError, match="say which one, with epoch="):
        epochs.cumulative_incidence(2.0)


def test_who_never_starts_is_at_the_starting_vertex():
    graph = Graph.from_matrices([0.75], [[-2.0]])
    found = graph.cumulative_incidence(1.0)
    assert found[0] == 0.25
    assert found.sum() == pytest.approx(graph.cdf(1.0, rtol=1e-12), rel=TOLERANCE)


def test_who_starts_absorbed_is_there():
    graph = Graph(1)
    a, b, c = (graph.find_or_create_vertex([k]) for k in (1, 2, 3))
    graph.starting_vertex().add_edge(a, 0.75)
    graph.starting_vertex().add_edge(c, 0.25)
    a.add_edge(b, 2.0)
    found = graph.cumulative_incidence(1.0)
    assert found[[0, 1, 3]].tolist() == [0.0, 0.0, 0.25]
    assert found[2] == pytest.approx(-0.75 * math.expm1(-2.0), rel=1e-12)


def test_normalized_weights_are_shares():
    graph = Graph(1)
    a, b, c = (graph.find_or_create_vertex([k]) for k in (1, 2, 3))
    graph.starting_vertex().add_edge(a, 1.0)
    a.add_edge(b, 3.0)
    a.add_edge(c, 1.0)
    graph.normalize()
    assert_allclose(graph.cumulative_incidence(math.inf), [0, 0, 0.75, 0.25], rtol=1e-14)


def test_small_incidence_keeps_its_digits():
    graph = Graph(1)
    a, b, c = (graph.find_or_create_vertex([k]) for k in (1, 2, 3))
    graph.starting_vertex().add_edge(a, 1.0)
    a.add_edge(b, 1.0)
    a.add_edge(c, 1e-30)
    assert graph.cumulative_incidence(1.0)[3] == pytest.approx(-1e-30 * math.expm1(-1.0), rel=1e-12)
