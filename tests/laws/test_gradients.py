"""Gradients of random stiff chains against exact differences of exact rationals.

Every weight is a parameter. The error of a derivative is bounded by `TOLERANCE` times the number over the
weight: the numbers are sums of positive terms, each of which a relative change of a weight changes by a few
times as much. Smaller derivatives are differences of such terms.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import stiff, strategies
from tests.reference.slopes import slope

# A few hundred roundings; measured: at most 3e-15, and 5e-15 for Hessian products.
TOLERANCE = 1e-13
STIFF = strategies.chains(max_states=4, decades=(-15, 14))
FEW = settings(max_examples=25)
SEEDS = (0.5, 0.25, 0.125)


class Chain:
    """A model with one parameter for each edge, at its rates."""

    def __init__(self, model, *, normalized=False):
        self.model = stiff.with_parameters(model)
        self.normalized = normalized
        self.graph = self.model.graph()
        self.graph.update_parameterized_weights(self.model.theta)
        if normalized:
            self.graph.normalize()
        self.transient = self.model.indices(self.graph)[: model.n]

    def per_vertex(self, values):
        return self.model.per_vertex(self.graph, values)

    def absorbing(self):
        return self.graph.find_vertex(self.model.label(self.model.n))

    def at(self, weights):
        """The same chain at other weights."""
        edges = [(u, v, w, ()) for (u, v, *_), w in zip(self.model.edges, weights, strict=True)]
        return replace(self.model, edges=edges, p=0, theta=())

    def dense(self, weights):
        return self.at(weights).dense(exact=True)

    def steps(self, weights):
        return self.at(weights).dense_discrete(normalized=self.normalized, exact=True)


def exact(values):
    return [Fraction(value) for value in values]


def assert_slopes(found, function, at, scale):
    """Each derivative where `at` is not zero, relative to `scale` over the entry."""
    at = exact(at)
    for entry in range(len(at)):
        if at[entry]:
            error = abs(Fraction(float(found[entry])) - slope(function, at, entry))
            assert float(error * abs(at[entry])) <= TOLERANCE * float(scale)


def check(chain, gradient, function, scale=None):
    """Value, and derivatives in every weight, of an exact function of the weights."""
    value = function(exact(chain.model.theta))
    scale = abs(value) if scale is None else scale
    assert abs(gradient.value - float(value)) <= TOLERANCE * float(scale)
    assert_slopes(gradient.theta, function, chain.model.theta, scale)


def combined(moments):
    return sum(Fraction(seed) * moment for seed, moment in zip(SEEDS, moments, strict=True))


@FEW
@given(STIFF, st.data())
def test_moments(model, data):
    chain, rewards = Chain(model), data.draw(strategies.rewards_for(model.n))
    gradient = chain.graph.moments_gradient(SEEDS, chain.per_vertex(rewards))
    check(chain, gradient, lambda weights: combined(chain.dense(weights).moments(3, rewards)))


@FEW
@given(STIFF, st.data())
def test_moments_in_the_rewards(model, data):
    chain, rewards = Chain(model), data.draw(strategies.rewards_for(model.n))
    gradient = chain.graph.moments_gradient(SEEDS, chain.per_vertex(rewards))
    dense = chain.dense(exact(chain.model.theta))
    in_rewards = gradient.rewards[0][chain.transient]
    value = gradient.value
    assert_slopes(in_rewards, lambda moved: combined(dense.moments(3, moved)), rewards, value)


@FEW
@given(STIFF, st.data())
def test_moments_in_the_initial_distribution(model, data):
    chain, rewards = Chain(model), data.draw(strategies.rewards_for(model.n))
    initial = chain.graph.moments_gradient(SEEDS, chain.per_vertex(rewards)).initial[chain.transient]
    dense = chain.dense(exact(chain.model.theta))
    for state, found in enumerate(initial):
        from_there = replace(dense, alpha=np.array([Fraction(i == state) for i in range(model.n)]))
        np.testing.assert_allclose(found, float(combined(from_there.moments(3, rewards))), rtol=TOLERANCE)


@FEW
@given(STIFF, st.data())
def test_waiting_times(model, data):
    chain, rewards = Chain(model), data.draw(strategies.rewards_for(model.n))
    seeds = data.draw(strategies.rewards_for(model.n))
    found = chain.graph.waiting_time_gradient(chain.per_vertex(seeds), chain.per_vertex(rewards))
    check(chain, found, lambda weights: np.array(exact(seeds)) @ chain.dense(weights).waiting_times(rewards))


@FEW
@given(STIFF, st.data())
def test_residence_times(model, data):
    chain, rewards = Chain(model), data.draw(strategies.rewards_for(model.n))
    seeds = data.draw(strategies.rewards_for(model.n))
    found = chain.graph.residence_time_gradient(chain.per_vertex(seeds), chain.per_vertex(rewards))
    check(
        chain, found, lambda weights: np.array(exact(seeds)) @ chain.dense(weights).residence_times(rewards)
    )


@FEW
@given(STIFF, st.data())
def test_visits(model, data):
    chain, seeds = Chain(model), data.draw(strategies.rewards_for(model.n))
    gradient = chain.graph.visits_gradient(chain.per_vertex(seeds))
    check(chain, gradient, lambda weights: np.array(exact(seeds)) @ chain.dense(weights).visits())


@FEW
@given(STIFF)
def test_absorption_probability(model):
    chain = Chain(model)
    gradient = chain.graph.absorption_gradient(chain.absorbing())

    def probability(weights):
        dense = chain.dense(weights)
        return Fraction(model.initial.get(model.n, 0)) + dense.alpha @ dense.absorption(0)

    check(chain, gradient, probability)


@FEW
@given(STIFF, st.data())
def test_absorption_probability_from_every_vertex(model, data):
    chain, seeds = Chain(model), data.draw(strategies.rewards_for(model.n))
    gradient = chain.graph.absorption_gradient(chain.absorbing(), chain.per_vertex(seeds))
    check(chain, gradient, lambda weights: np.array(exact(seeds)) @ chain.dense(weights).absorption(0))


@FEW
@given(STIFF, st.integers(-15, 14), st.data())
def test_laplace_transform(model, exponent, data):
    chain, rewards = Chain(model), data.draw(strategies.rewards_for(model.n))
    s = 10.0**exponent
    gradient, in_s = chain.graph.laplace_gradient(s, chain.per_vertex(rewards))
    check(chain, gradient, lambda weights: chain.dense(weights).laplace(Fraction(s), rewards))
    dense = chain.dense(exact(chain.model.theta))
    assert_slopes([in_s], lambda at: dense.laplace(at[0], rewards), [s], gradient.value)


@FEW
@given(strategies.chains(max_states=3), st.data())
@pytest.mark.parametrize("part", ["real", "imag"])
def test_laplace_transform_off_the_real_axis(part, model, data):
    chain, rewards = Chain(model), data.draw(strategies.rewards_for(model.n))
    z, index = 0.5 + 2.0j, ("real", "imag").index(part)
    gradient, in_z = chain.graph.laplace_gradient(z, chain.per_vertex(rewards))

    def transform(weights, re=Fraction(z.real)):
        return chain.dense(weights).laplace_at(re, Fraction(z.imag), rewards)[index]

    assert_slopes(getattr(gradient.theta, part), transform, chain.model.theta, 1.0)
    weights = exact(chain.model.theta)
    assert_slopes([getattr(in_z, part)], lambda at: transform(weights, at[0]), [z.real], 1.0)


@FEW
@given(strategies.chains(max_states=4, decades=(-3, 3)), st.data())
def test_covariance(model, data):
    chain = Chain(model)
    one, two = (data.draw(strategies.rewards_for(model.n)) for _ in range(2))
    gradient = chain.graph.covariance_gradient(chain.per_vertex(one), chain.per_vertex(two))
    dense = chain.dense(exact(chain.model.theta))
    # the covariance is a difference of numbers below this one
    scale = np.sqrt(float(dense.moments(2, one)[1] * dense.moments(2, two)[1]))
    check(chain, gradient, lambda weights: chain.dense(weights).covariance(one, two), scale)


@FEW
@given(STIFF, st.data())
def test_cross_moment(model, data):
    chain = Chain(model)
    one, two = (data.draw(strategies.rewards_for(model.n)) for _ in range(2))
    gradient = chain.graph.cross_moment_gradient([chain.per_vertex(one), chain.per_vertex(two)])
    check(chain, gradient, lambda weights: chain.dense(weights).cross_moment(one, two))


@FEW
@given(STIFF, st.data())
def test_moments_of_the_steps_of_a_jump_chain(model, data):
    chain, rewards = Chain(model, normalized=True), data.draw(strategies.rewards_for(model.n))
    gradient = chain.graph.moments_gradient(SEEDS, chain.per_vertex(rewards), discrete=True)
    check(chain, gradient, lambda weights: combined(chain.steps(weights).moments(3, rewards)))


@FEW
@given(strategies.discrete_chains(max_states=4, some_reward=True))
def test_moments_of_steps_that_may_stay(model):
    chain = Chain(model)
    gradient = chain.graph.moments_gradient(SEEDS, chain.per_vertex(model.rewards), discrete=True)
    check(chain, gradient, lambda weights: combined(chain.steps(weights).moments(3, model.rewards)))


@settings(max_examples=10)
@given(strategies.chains(max_states=3, decades=(-15, 14)), st.booleans(), st.data())
def test_hessian_products(model, discrete, data):
    chain, rewards = Chain(model, normalized=discrete), data.draw(strategies.rewards_for(model.n))
    weights = exact(chain.model.theta)
    # every weight moves in proportion to itself, up or down
    direction = [w * data.draw(st.sampled_from([-1, 0, 2])) for w in weights]
    gradient = chain.graph.moments_gradient(
        SEEDS, chain.per_vertex(rewards), discrete=discrete, direction=[float(d) for d in direction]
    )

    def value(weights):
        return combined((chain.steps if discrete else chain.dense)(weights).moments(3, rewards))

    def along(entry):
        def derivative(at):
            moved = [w + (at[0] - 1) * d for w, d in zip(weights, direction, strict=True)]
            return slope(value, moved, entry)

        return slope(derivative, [Fraction(1)], 0)

    for entry, weight in enumerate(weights):
        error = abs(Fraction(float(gradient.product[entry])) - along(entry))
        assert float(error * weight) <= TOLERANCE * gradient.value


@FEW
@given(strategies.discrete_chains(max_states=4, some_reward=True))
def test_moments_of_steps_in_the_rewards(model):
    chain = Chain(model)
    gradient = chain.graph.moments_gradient(SEEDS, chain.per_vertex(model.rewards), discrete=True)
    steps = chain.steps(exact(chain.model.theta))
    in_rewards = gradient.rewards[0][chain.transient]
    value = gradient.value
    assert_slopes(in_rewards, lambda moved: combined(steps.moments(3, moved)), model.rewards, value)


@FEW
@given(strategies.discrete_chains(max_states=4), st.data())
def test_covariance_of_steps(model, data):
    chain = Chain(model)
    one, two = (data.draw(strategies.rewards_for(model.n)) for _ in range(2))
    gradient = chain.graph.covariance_gradient(chain.per_vertex(one), chain.per_vertex(two), discrete=True)
    steps = chain.steps(exact(chain.model.theta))
    scale = np.sqrt(float(steps.moments(2, one)[1] * steps.moments(2, two)[1]))
    check(chain, gradient, lambda weights: chain.steps(weights).covariance(one, two), scale)


@FEW
@given(strategies.discrete_chains(max_states=4), st.data())
def test_covariance_of_steps_is_the_one_of_its_gradient(model, data):
    chain = Chain(model)
    one, two = (chain.per_vertex(data.draw(strategies.rewards_for(model.n))) for _ in range(2))
    gradient = chain.graph.covariance_gradient(one, two, discrete=True)
    assert gradient.value == chain.graph.covariance_discrete(one, two)
