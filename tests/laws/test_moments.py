"""Moments, waiting and residence times against exact rationals, entry by entry."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests import strategies

# Subtraction-free elimination keeps every entry to a few hundred roundings; measured 2e-14 at 1e30.
ENTRYWISE = 1e-12
STIFF = (-15, 14)


def transient_of(model, graph):
    return model.indices(graph)[: model.n]


@given(strategies.chains(max_states=7, decades=STIFF))
def test_expectation(model):
    expected = float(model.dense(exact=True).expectation())
    assert_allclose(model.graph().expectation(), expected, rtol=ENTRYWISE)


@given(strategies.chains(max_states=7, decades=STIFF))
def test_waiting_times(model):
    graph = model.graph()
    expected = model.dense(exact=True).waiting_times().astype(float)
    assert_allclose(graph.expected_waiting_time()[transient_of(model, graph)], expected, rtol=ENTRYWISE)


@given(strategies.chains(max_states=7, decades=STIFF))
def test_residence_times(model):
    graph = model.graph()
    expected = model.dense(exact=True).residence_times().astype(float)
    assert_allclose(graph.expected_residence_time()[transient_of(model, graph)], expected, rtol=ENTRYWISE)


@given(strategies.chains(max_states=4, decades=STIFF), st.data())
def test_moments_with_rewards(model, data):
    graph = model.graph()
    rewards = data.draw(strategies.rewards_for(model.n))
    expected = model.dense(exact=True).moments(3, rewards).astype(float)
    assert_allclose(graph.moments(3, model.per_vertex(graph, rewards)), expected, rtol=ENTRYWISE)


@given(strategies.chains(max_states=6, decades=STIFF), st.data())
def test_waiting_times_with_rewards(model, data):
    graph = model.graph()
    rewards = data.draw(strategies.rewards_for(model.n))
    expected = model.dense(exact=True).waiting_times(rewards).astype(float)
    waiting = graph.expected_waiting_time(model.per_vertex(graph, rewards))
    assert_allclose(waiting[transient_of(model, graph)], expected, rtol=ENTRYWISE)


@given(strategies.chains(max_states=6, decades=STIFF), st.data())
def test_residence_times_with_rewards(model, data):
    graph = model.graph()
    rewards = data.draw(strategies.rewards_for(model.n))
    expected = model.dense(exact=True).residence_times(rewards).astype(float)
    residence = graph.expected_residence_time(model.per_vertex(graph, rewards))
    assert_allclose(residence[transient_of(model, graph)], expected, rtol=ENTRYWISE)


@given(strategies.chains(decades=(-3, 3)))
def test_variance(model):
    chain = model.dense(exact=True)
    scale = float(chain.moments(2)[1])
    assert_allclose(model.graph().variance(), float(chain.variance()), rtol=0, atol=ENTRYWISE * scale)


@given(strategies.chains(decades=(-3, 3)), st.data())
def test_covariance(model, data):
    graph, chain = model.graph(), model.dense(exact=True)
    one, two = data.draw(strategies.rewards_for(model.n)), data.draw(strategies.rewards_for(model.n))
    covariance = graph.covariance(model.per_vertex(graph, one), model.per_vertex(graph, two))
    # the cross moment and the product of means are both below the geometric mean of second moments
    scale = float(np.sqrt(float(chain.moments(2, one)[1]) * float(chain.moments(2, two)[1])))
    assert_allclose(covariance, float(chain.covariance(one, two)), rtol=0, atol=ENTRYWISE * scale)


@given(strategies.chains(), st.data())
def test_covariance_is_symmetric(model, data):
    graph = model.graph()
    one, two = (model.per_vertex(graph, data.draw(strategies.rewards_for(model.n))) for _ in range(2))
    scale = np.sqrt(graph.moments(2, one)[1] * graph.moments(2, two)[1])
    assert abs(graph.covariance(one, two) - graph.covariance(two, one)) <= ENTRYWISE * scale


@given(strategies.chains(), st.data())
def test_covariance_with_itself_is_the_variance(model, data):
    graph = model.graph()
    rewards = model.per_vertex(graph, data.draw(strategies.rewards_for(model.n)))
    scale = graph.moments(2, rewards)[1]
    assert abs(graph.covariance(rewards, rewards) - graph.variance(rewards)) <= ENTRYWISE * scale


@given(strategies.chains(decades=(-3, 3)), st.floats(0.0, 1e3), st.data())
def test_laplace_transform(model, z, data):
    graph = model.graph()
    rewards = data.draw(strategies.rewards_for(model.n))
    expected = float(model.dense(exact=True).laplace(Fraction(z), rewards))
    # positive sums only, the shift being one more exit rate
    assert_allclose(graph.laplace_transform(z, model.per_vertex(graph, rewards)), expected, rtol=ENTRYWISE)


@given(strategies.chains())
def test_laplace_transform_at_zero_is_one(model):
    assert_allclose(model.graph().laplace_transform(0.0), 1.0, rtol=ENTRYWISE)


@given(strategies.chains(defect=True))
def test_defect(model):
    # multiples of 1/64 are exact
    assert model.graph().defect() == model.dense().defect


@settings(max_examples=30)
@given(strategies.chains(), st.floats(1e-3, 1e3), st.integers(1, 3))
def test_scaling_all_rates_scales_moments(model, c, power):
    scaled = replace(model, edges=[(u, v, c * rate, k) for u, v, rate, k in model.edges])
    expected = model.graph().moments(3)[power - 1] / c**power
    # rates themselves are rounded by the scaling
    assert_allclose(scaled.graph().moments(3)[power - 1], expected, rtol=ENTRYWISE)


@settings(max_examples=30)
@given(strategies.chains(), st.floats(0.1, 10.0), st.data())
def test_scaling_rewards_scales_the_expectation(model, c, data):
    graph = model.graph()
    rewards = model.per_vertex(graph, data.draw(strategies.rewards_for(model.n)))
    assert_allclose(graph.expectation(c * rewards), c * graph.expectation(rewards), rtol=ENTRYWISE)


@given(strategies.chains(), st.data())
def test_expectation_is_residence_times_rewards(model, data):
    graph = model.graph()
    rewards = model.per_vertex(graph, data.draw(strategies.rewards_for(model.n)))
    transient = transient_of(model, graph)
    total = graph.expected_residence_time()[transient] @ rewards[transient]
    assert_allclose(graph.expectation(rewards), total, rtol=ENTRYWISE)


@given(strategies.chains(max_states=5, decades=STIFF), st.data())
def test_reward_transform_has_the_expectation_of_the_reward(model, data):
    graph = model.graph()
    rewards = model.per_vertex(graph, data.draw(strategies.rewards_for(model.n)))
    assert_allclose(graph.reward_transform(rewards).expectation(), graph.expectation(rewards), rtol=ENTRYWISE)


@given(strategies.chains(max_states=5, decades=STIFF), st.data())
def test_reward_transform_has_the_second_moment_of_the_reward(model, data):
    graph = model.graph()
    rewards = model.per_vertex(graph, data.draw(strategies.rewards_for(model.n)))
    moment = graph.reward_transform(rewards).moments(2)[1]
    assert_allclose(moment, graph.moments(2, rewards)[1], rtol=ENTRYWISE)


@given(strategies.chains(max_states=5), st.data())
def test_reward_transform_leaves_the_probability_of_no_reward(model, data):
    graph = model.graph()
    rewards = data.draw(strategies.rewards_for(model.n))
    expected = float(model.dense(exact=True).reward_transform(rewards).defect)
    # a probability that is one minus a sum: absolute
    transformed = graph.reward_transform(model.per_vertex(graph, rewards))
    assert_allclose(transformed.defect(), expected, rtol=0, atol=1e-14)


@given(strategies.parameterised_models(), st.data())
def test_a_transformed_chain_answers_at_other_parameters(model, data):
    graph = model.graph()
    rewards = model.per_vertex(graph, data.draw(strategies.rewards_for(model.n, zeros=False)))
    transformed = graph.reward_transform(rewards)
    graph.update_parameterized_weights(model.theta)
    if transformed.parameterized():
        transformed.update_parameterized_weights(model.theta)
    assert_allclose(transformed.moments(2), graph.moments(2, rewards), rtol=ENTRYWISE)
