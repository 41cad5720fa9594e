"""Log-likelihoods and their gradients against dense JAX references, differentiated by JAX."""

from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models, strategies
from tests.reference import adapters, likelihood
from tests.reference.continuous import DenseChain

SIZE, PARAMETERS = 5, 4  # shape of the padded references, so that all random models share one program
LOG = 1e-9  # five log-densities whose density has the default tolerance of 1e-10, and the dense exponential
GRADIENT = 1e-8  # of the sum of the absolute contributions of the observations, which can cancel

units = st.tuples(*[st.floats(0.05, 4.0)] * 5)


def times_for(model, units):
    return np.array(units) * float(model.dense(model.theta).expectation())


def padded(theta):
    return np.concatenate([theta, np.ones(PARAMETERS - len(theta))])


def assert_gradient(gradient, jacobian):
    """Compare with a sum over observations of which each can have either sign."""
    p = len(gradient)
    error = np.abs(gradient - jacobian.sum(axis=0)[:p])
    # 1e-14: derivatives that are zero but for rounding
    assert np.all(error <= GRADIENT * np.abs(jacobian).sum(axis=0)[:p] + 1e-14)


@settings(max_examples=20)
@given(strategies.parameterised_models(max_states=SIZE), units)
def test_value(model, units):
    times = times_for(model, units)
    values = likelihood.log_densities(padded(model.theta), *model.likelihood_arrays(SIZE, PARAMETERS), times)
    got = model.graph().log_likelihood(model.theta, times)
    assert_allclose(got, float(values.sum()), rtol=0, atol=LOG)


@settings(max_examples=20)
@given(strategies.parameterised_models(max_states=SIZE), units)
def test_gradient(model, units):
    times = times_for(model, units)
    jacobian = likelihood.log_density_jacobian(
        padded(model.theta), *model.likelihood_arrays(SIZE, PARAMETERS), times
    )
    assert_gradient(model.graph().log_likelihood_gradient(model.theta, times), np.asarray(jacobian))


@settings(max_examples=20)
@given(strategies.parameterised_models(max_states=SIZE), units)
def test_gradient_along_theta(model, units):
    # without bases f(t; c theta) = c f(ct; theta): theta . grad log L is d/dc of m log c + sum log f(c t_i)
    edges = [(u, v, 0.0, c if any(c) else (1.0, *c[1:])) for u, v, _, c in model.edges]
    model = replace(model, edges=edges)
    graph, times = model.graph(), times_for(model, units)
    gradient = graph.log_likelihood_gradient(model.theta, times)
    h = 2.0**-14
    up, down = (graph.log_likelihood(model.theta, times * (1 + s * h)) for s in (1, -1))
    # central difference: h^2 = 4e-9 of third derivatives, which grow like the cube of stages and rates
    assert_allclose(np.dot(model.theta, gradient), (up - down) / (2 * h) + len(times), rtol=1e-5, atol=1e-4)


def two_demes(migration):
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
def test_gradient_of_two_demes(migration, parameter):
    graph, theta = two_demes(migration)
    times = np.array([0.2, 1.0, 2.5, 6.0])
    *arrays, _ = adapters.likelihood_arrays(graph)
    jacobian = np.asarray(likelihood.log_density_jacobian(theta, *arrays, times))[:, [parameter]]
    assert_gradient(graph.log_likelihood_gradient(theta, times)[[parameter]], jacobian)


COUNTS = np.array([0, 1, 3, 3])
EVENT_SIZE = 8  # four states and their auxiliary ones


@st.composite
def event_models(draw):
    """Events on a random parameterised chain, at a rate that depends on the state and on theta."""
    model = draw(strategies.parameterised_models(max_states=EVENT_SIZE // 2))
    weight = draw(st.sampled_from([0.5, 1.0, 2.0]))
    graph = model.graph().discretize(lambda state: [weight * (1 + int(state[0]) % 2)] * model.p)
    *arrays, transient = adapters.likelihood_arrays(graph, size=EVENT_SIZE, parameters=PARAMETERS)
    rewards = np.ones(EVENT_SIZE, dtype=int)
    rewards[: len(transient)] = graph.rewards[transient]
    return graph, np.array(model.theta), (*arrays, rewards, COUNTS)


@settings(max_examples=15)
@given(event_models())
def test_discrete_value(case):
    graph, theta, reference = case
    expected = likelihood.log_pmf(padded(theta), *reference, largest=3, normalized=True).sum()
    got = graph.log_likelihood(theta, COUNTS, rewards=graph.rewards)
    # sums of positive terms on both sides, solved for eight states
    assert_allclose(got, float(expected), rtol=0, atol=1e-11)


@settings(max_examples=15)
@given(event_models())
def test_discrete_gradient(case):
    graph, theta, reference = case
    jacobian = likelihood.log_pmf_jacobian(padded(theta), *reference, largest=3, normalized=True)
    gradient = graph.log_likelihood_gradient(theta, COUNTS, rewards=graph.rewards)
    assert_gradient(gradient, np.asarray(jacobian))


STAYING = models.EdgeModel(
    2, 1, {0: 1.0}, [(0, 1, 0.0, (1.0, 0.0)), (0, 2, 0.125, ()), (1, 2, 0.0, (0.0, 0.5))], p=2
)
STAYING_THETA, STEPS = np.array([0.25, 0.75]), np.array([1, 2, 5])
STAYING_REFERENCE = (*STAYING.likelihood_arrays(), np.array([1, 1]), STEPS)


def test_value_where_the_rest_of_a_row_stays_put():
    expected = likelihood.log_pmf(STAYING_THETA, *STAYING_REFERENCE, largest=5, normalized=False).sum()
    got = STAYING.graph().log_likelihood(STAYING_THETA, STEPS, discrete=True)
    assert_allclose(got, float(expected), rtol=1e-13)  # five steps of two states


def test_gradient_where_the_rest_of_a_row_stays_put():
    jacobian = likelihood.log_pmf_jacobian(STAYING_THETA, *STAYING_REFERENCE, largest=5, normalized=False)
    got = STAYING.graph().log_likelihood_gradient(STAYING_THETA, STEPS, discrete=True)
    assert_allclose(got, np.asarray(jacobian).sum(axis=0), rtol=1e-12)  # five steps of two states


def precise_log_density(graph, theta, t):
    """Log f(t) at a theta of rationals, to 45 digits."""
    transient, absorbing = adapters.vertices_by_kind(graph)
    edges = [
        (u, v, Fraction(base) + sum(Fraction(c) * x for c, x in zip(coefficients, theta, strict=False)))
        for u, v, base, coefficients in adapters.parameterised_edges(graph)
    ]
    initial = adapters.initial_distribution(graph)
    chain = DenseChain.from_edges(initial, edges, transient, absorbing, exact=True)
    with mpmath.workdps(60):
        return mpmath.log(chain.precise_pdf(t, digits=45))


def precise_derivative(graph, theta, t, k):
    """Central difference at 45 digits: a step of 1e-15 leaves an error of 1e-30."""
    theta = [Fraction(x) for x in theta]
    h = theta[k] / 10**15
    up, down = ([x + sign * h * (i == k) for i, x in enumerate(theta)] for sign in (1, -1))
    with mpmath.workdps(60):
        change = precise_log_density(graph, up, t) - precise_log_density(graph, down, t)
        return float(change / (2 * mpmath.mpf(h.numerator) / h.denominator))


@pytest.mark.parametrize("parameter", [0, 1])
@pytest.mark.parametrize("t", [0.01, 2.0, 10.0])
@pytest.mark.parametrize("migration", [1e-3, 1.0, 1e3, 1e5])
def test_gradient_of_stiff_two_demes(migration, t, parameter):
    graph, theta = two_demes(migration)
    exact = precise_derivative(graph, theta, t, parameter)
    gradient = graph.log_likelihood_gradient(theta, [t])[parameter]
    # in units of log theta, where the derivatives of the two parameters are comparable
    assert theta[parameter] * abs(gradient - exact) <= GRADIENT
