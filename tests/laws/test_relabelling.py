"""The order in which vertices and edges are added changes nothing."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests import strategies

SUMS = 1e-13  # the same positive numbers, summed in another order


CHAINS = strategies.chains(max_states=6)


@st.composite
def relabelled(draw, models=CHAINS):
    """A model, its graph, and the graph of the same model built in another order."""
    model = draw(models)
    order = draw(st.permutations(range(model.n + model.a)))
    edges = draw(st.permutations(model.edges))
    return model, model.graph(), model.graph(order=order, edges=edges)


@given(relabelled())
def test_the_hash_is_the_same(case):
    _, graph, other = case
    assert graph.content_hash() == other.content_hash()


@given(relabelled(strategies.parameterised_models()))
def test_the_hash_of_a_parameterised_model_is_the_same(case):
    _, graph, other = case
    assert graph.content_hash() == other.content_hash()


@given(relabelled())
def test_the_trace_is_the_same_to_the_byte(case):
    _, graph, other = case
    assert graph.trace().to_bytes() == other.trace().to_bytes()


@given(relabelled())
def test_moments_are_the_same(case):
    _, graph, other = case
    assert_allclose(other.moments(3), graph.moments(3), rtol=SUMS)


@given(relabelled())
def test_waiting_times_belong_to_the_same_states(case):
    model, graph, other = case
    assert_allclose(
        other.expected_waiting_time()[model.indices(other)],
        graph.expected_waiting_time()[model.indices(graph)],
        rtol=SUMS,
    )


@given(relabelled())
def test_residence_times_belong_to_the_same_states(case):
    model, graph, other = case
    assert_allclose(
        other.expected_residence_time()[model.indices(other)[: model.n]],
        graph.expected_residence_time()[model.indices(graph)[: model.n]],
        rtol=SUMS,
    )


@settings(max_examples=25)
@given(relabelled(), st.floats(0.01, 5.0))
def test_occupancy_belongs_to_the_same_states(case, time):
    model, graph, other = case
    t = time * graph.expectation()
    # each within the default tolerance of 1e-10
    assert_allclose(
        other.state_probability(t)[model.indices(other)],
        graph.state_probability(t)[model.indices(graph)],
        rtol=2e-10,
        atol=2e-10,
    )


@settings(max_examples=25)
@given(relabelled(strategies.parameterised_models()))
def test_log_likelihood_is_the_same(case):
    model, graph, other = case
    data = np.array([0.3, 1.0, 2.5])
    values = [g.log_likelihood(model.theta, data) for g in (graph, other)]
    # three log-densities at 1e-10 each
    assert_allclose(values[1], values[0], rtol=1e-9, atol=3e-10)


@given(strategies.parameterised_models(), st.data())
def test_another_coefficient_is_another_hash(model, data):
    i = data.draw(st.integers(0, len(model.edges) - 1))
    u, v, base, coefficients = model.edges[i]
    edge = (u, v, base, (coefficients[0] + 0.125, *coefficients[1:]))
    other = replace(model, edges=[*model.edges[:i], edge, *model.edges[i + 1 :]])
    assert other.graph().content_hash() != model.graph().content_hash()
