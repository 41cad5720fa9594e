"""Laws of accumulated integer rewards on random discrete chains, against enumeration."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests import strategies

LARGEST = 12
ENTRYWISE = 1e-12  # positive recursions; linear systems of at most five states
COUNTS = range(LARGEST + 1)


def with_rewards(model):
    graph = model.graph()
    return graph, model.per_vertex(graph, model.rewards).astype(int)


@given(strategies.discrete_chains())
def test_pmf_of_steps(model):
    expected = model.dense_discrete(exact=True).pmf(LARGEST).astype(float)
    assert_allclose(model.graph().pmf_discrete(COUNTS), expected, rtol=ENTRYWISE)


@given(strategies.discrete_chains())
def test_pmf_of_rewards(model):
    graph, rewards = with_rewards(model)
    expected = model.dense_discrete(exact=True).pmf(LARGEST, model.rewards).astype(float)
    # probability zero of a reward can be one minus a sum
    assert_allclose(graph.pmf_discrete(COUNTS, rewards), expected, rtol=ENTRYWISE, atol=1e-15)


@given(strategies.discrete_chains())
def test_cdf_of_rewards(model):
    graph, rewards = with_rewards(model)
    expected = model.dense_discrete(exact=True).cdf(LARGEST, model.rewards).astype(float)
    assert_allclose(graph.cdf_discrete(COUNTS, rewards), expected, rtol=ENTRYWISE, atol=1e-15)


@given(strategies.discrete_chains())
def test_moments_of_steps(model):
    expected = model.dense_discrete(exact=True).moments(3).astype(float)
    # 1 - row sum is exact for multiples of 1/1024
    assert_allclose(model.graph().moments_discrete(3), expected, rtol=ENTRYWISE)


@given(strategies.discrete_chains())
def test_expectation_of_rewards(model):
    graph, rewards = with_rewards(model)
    expected = float(model.dense_discrete(exact=True).expectation(model.rewards))
    assert_allclose(graph.expectation_discrete(rewards), expected, rtol=ENTRYWISE)


@given(strategies.discrete_chains())
def test_variance_of_rewards(model):
    graph, rewards = with_rewards(model)
    chain = model.dense_discrete(exact=True)
    scale = float(chain.moments(2, model.rewards)[1])  # the variance is a difference of such numbers
    expected = float(chain.variance(model.rewards))
    assert_allclose(graph.variance_discrete(rewards), expected, rtol=0, atol=ENTRYWISE * max(scale, 1e-300))


@given(strategies.chains(max_states=5, decades=(-3, 3)))
def test_pmf_of_a_jump_chain(model):
    graph = model.graph()
    graph.normalize()
    expected = model.dense_discrete(normalized=True, exact=True).pmf(LARGEST).astype(float)
    assert_allclose(graph.pmf_discrete(COUNTS), expected, rtol=ENTRYWISE)


@given(strategies.chains(max_states=5, decades=(-2, 2)), st.sampled_from([0.25, 1.0, 8.0]))
def test_events_of_a_poisson_process(model, rate):
    # number of events of rate r over T: E[N] = r E[T], E[N (N - 1)] = r^2 E[T^2]
    graph = model.graph()
    events = graph.discretize(rate)
    first, second = graph.moments(2)
    expected = [rate * first, rate**2 * second + rate * first]
    moments = [
        events.expectation_discrete(events.rewards),
        events.variance_discrete(events.rewards) + (rate * first) ** 2,
    ]
    assert_allclose(moments, expected, rtol=ENTRYWISE)


@given(strategies.discrete_chains(some_reward=True))
def test_rewards_twice_as_large_give_counts_twice_as_large(model):
    graph, rewards = with_rewards(model)
    single, double = graph.pmf_discrete(COUNTS, rewards), graph.pmf_discrete(range(25), 2 * rewards)
    assert_allclose(double[::2], single, rtol=ENTRYWISE, atol=1e-15)


@given(strategies.discrete_chains(some_reward=True))
def test_odd_counts_of_even_rewards_are_impossible(model):
    graph, rewards = with_rewards(model)
    assert np.all(graph.pmf_discrete(range(1, 25, 2), 2 * rewards) == 0.0)


@given(strategies.discrete_chains())
def test_steps_of_a_transformed_chain_are_rewards(model):
    graph, rewards = with_rewards(model)
    transformed = graph.reward_transform_discrete(rewards)
    expected = model.dense_discrete(exact=True).pmf(LARGEST, model.rewards).astype(float)
    # probability zero of a reward can be one minus a sum
    assert_allclose(transformed.pmf_discrete(COUNTS), expected, rtol=ENTRYWISE, atol=1e-15)
    moments = model.dense_discrete(exact=True).moments(2, model.rewards).astype(float)
    assert_allclose(transformed.moments_discrete(2), moments, rtol=ENTRYWISE)


@given(strategies.parameterised_models(max_states=4), st.data())
def test_a_transformed_jump_chain_answers_at_other_parameters(model, data):
    graph = model.graph()
    graph.normalize()
    rewards = model.per_vertex(graph, data.draw(st.tuples(*[st.integers(1, 3)] * model.n)))
    transformed = graph.reward_transform_discrete(rewards)
    graph.update_parameterized_weights(model.theta)
    if transformed.parameterized():
        transformed.update_parameterized_weights(model.theta)
    assert_allclose(
        transformed.pmf_discrete(COUNTS), graph.pmf_discrete(COUNTS, rewards), rtol=ENTRYWISE, atol=1e-15
    )
