"""Log-likelihoods and their gradients against dense JAX references, differentiated by JAX."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from phasic import Graph
from tests import models, strategies
from tests.reference import adapters, likelihood

SIZE = 5  # states of the padded reference, so that all models share one program per number of parameters
LOG = 1e-9  # absolute per observation: the default tolerance of 1e-10 of the density, ten times for five terms
GRADIENT = 1e-8  # of the sum of absolute contributions of the observations


def times_for(model, units):
    return np.array(units) * float(model.dense(model.theta).expectation())


def reference(model, times):
    """Log densities (m,) and their derivatives (m, p)."""
    arrays, theta = model.likelihood_arrays(SIZE), np.array(model.theta)
    values = likelihood.log_densities(theta, *arrays, times)
    return np.asarray(values), np.asarray(likelihood.log_density_jacobian(theta, *arrays, times))


units = st.tuples(*[st.floats(0.05, 4.0)] * 5)


@settings(max_examples=20)
@given(strategies.parameterised_models(max_states=SIZE), units)
def test_value(model, units):
    times = times_for(model, units)
    values, _ = reference(model, times)
    assert_allclose(model.graph().log_likelihood(model.theta, times), values.sum(), rtol=0, atol=LOG)


@settings(max_examples=20)
@given(strategies.parameterised_models(max_states=SIZE), units)
def test_gradient(model, units):
    times = times_for(model, units)
    _, jacobian = reference(model, times)
    gradient = model.graph().log_likelihood_gradient(model.theta, times)
    # observations can cancel: each component is compared with the sum of its absolute terms
    error = np.abs(gradient - jacobian.sum(axis=0))
    assert np.all(error <= GRADIENT * np.abs(jacobian).sum(axis=0) + 1e-14)


@settings(max_examples=20)
@given(strategies.parameterised_models(max_states=SIZE), units)
def test_euler_identity(model, units):
    # without bases f(t; c theta) = c f(ct; theta), so theta . grad = sum of (1 + t d/dt) log f
    from dataclasses import replace

    edges = [(u, v, 0.0, c if any(c) else (1.0, *c[1:])) for u, v, _, c in model.edges]
    model = replace(model, edges=edges)
    times = times_for(model, units)
    theta = np.array(model.theta)

    def scaled(c):
        values = likelihood.log_densities(theta, *model.likelihood_arrays(SIZE), c * times)
        return np.log(1.0) + values.sum() + len(times) * jax.numpy.log(c)

    expected = float(jax.grad(scaled)(1.0))
    gradient = model.graph().log_likelihood_gradient(model.theta, times)
    scale = np.sum(np.abs(theta * gradient)) + len(times)
    assert_allclose(theta @ gradient, expected, rtol=0, atol=GRADIENT * scale)


def stiff_two_demes(migration):
    """Two demes with theta = (coalescence rate, migration rate)."""

    def callback(state):
        if len(state) == 0:
            return [((2, 1), 1.0)]
        i, j = (int(x) for x in state)
        if i + j == 1:
            return []
        moves = []
        if i:
            moves.append(((i - 1, j + 1), 0.0, [0.0, float(i)]))
        if j:
            moves.append(((i + 1, j - 1), 0.0, [0.0, float(j)]))
        if i > 1:
            moves.append(((i - 1, j), 0.0, [i * (i - 1) / 2, 0.0]))
        if j > 1:
            moves.append(((i, j - 1), 0.0, [j * (j - 1) / 2, 0.0]))
        return moves

    return Graph(callback=callback), np.array([1.0, migration])


@pytest.mark.parametrize("migration", [1e-3, 0.3, 50.0])
@pytest.mark.parametrize("parameter", [0, 1])
def test_gradient_of_a_named_model(migration, parameter):
    graph, theta = stiff_two_demes(migration)
    times = np.array([0.2, 1.0, 2.5, 6.0])
    base, coefficients, alpha, _ = adapters.likelihood_arrays(graph)
    jacobian = np.asarray(likelihood.log_density_jacobian(theta, base, coefficients, alpha, times))
    gradient = graph.log_likelihood_gradient(theta, times)
    scale = np.abs(jacobian[:, parameter]).sum()
    assert abs(gradient[parameter] - jacobian[:, parameter].sum()) <= GRADIENT * scale


def event_model(model, rate):
    """Events on a parameterised chain, their rate a further linear function of theta."""
    graph = model.graph().discretize(lambda state: rate)
    return graph, np.asarray(graph.rewards, dtype=int)


def discrete_reference(graph, rewards, theta, counts):
    base, coefficients, alpha, transient = adapters.likelihood_arrays(graph)

    def values(theta):
        return likelihood.log_pmf(
            theta, base, coefficients, alpha, rewards[transient], counts, normalized=True
        )

    return np.asarray(values(theta)), np.asarray(jax.jacrev(values)(theta))


rate_vectors = [[1.0], [0.5, 1.0], [0.0, 1.0, 2.0]]


@settings(max_examples=5)
@given(st.data(), st.sampled_from([1, 2, 3]))
def test_discrete_value(data, p):
    model = data.draw(strategies.parameterised_models(max_states=4, max_parameters=p).filter(lambda m: m.p == p))
    graph, rewards = event_model(model, rate_vectors[p - 1])
    counts = np.array([0, 1, 3, 3])
    if model.initial and sum(model.initial.values()) < 1.0:
        counts = counts[1:] * 1
    values, _ = discrete_reference(graph, rewards, np.array(model.theta), counts)
    # positive recursions of a few steps on both sides
    got = graph.log_likelihood(model.theta, counts, rewards=rewards)
    assert_allclose(got, values.sum(), rtol=0, atol=1e-11)


@settings(max_examples=5)
@given(st.data(), st.sampled_from([1, 2, 3]))
def test_discrete_gradient(data, p):
    model = data.draw(strategies.parameterised_models(max_states=4, max_parameters=p).filter(lambda m: m.p == p))
    graph, rewards = event_model(model, rate_vectors[p - 1])
    counts = np.array([0, 1, 3, 3])
    _, jacobian = discrete_reference(graph, rewards, np.array(model.theta), counts)
    gradient = graph.log_likelihood_gradient(model.theta, counts, rewards=rewards)
    error = np.abs(gradient - jacobian.sum(axis=0))
    assert np.all(error <= GRADIENT * np.abs(jacobian).sum(axis=0) + 1e-14)


STAYING = models.EdgeModel(
    2, 1, {0: 1.0}, [(0, 1, 0.0, (1.0, 0.0)), (0, 2, 0.125, ()), (1, 2, 0.0, (0.0, 0.5))], p=2
)


def staying_reference(theta):
    base, coefficients, alpha = STAYING.likelihood_arrays()
    return likelihood.log_pmf(
        theta, base, coefficients, alpha, [1, 1], np.array([1, 2, 5]), normalized=False
    ).sum()


def test_value_where_the_rest_of_a_row_stays_put():
    theta = np.array([0.25, 0.75])
    got = STAYING.graph().log_likelihood(theta, [1, 2, 5], discrete=True)
    assert_allclose(got, staying_reference(theta), rtol=1e-13)  # five steps of two states


def test_gradient_where_the_rest_of_a_row_stays_put():
    theta = np.array([0.25, 0.75])
    got = STAYING.graph().log_likelihood_gradient(theta, [1, 2, 5], discrete=True)
    assert_allclose(got, jax.grad(staying_reference)(theta), rtol=1e-12)  # five steps of two states
