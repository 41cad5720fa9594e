"""Random models: the JAX answer is the Rust answer, whatever the transformation."""

import jax
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tests import strategies
from tests.reference import likelihood

SIZE, PARAMETERS = 5, 4  # shape of the padded reference
DATA = np.array([0.2, 0.9, 2.0, 0.4, 1.3])
GRADIENT = 1e-8  # of the sum of absolute contributions of the observations


def two_parameters():
    return strategies.parameterised_models(max_states=SIZE, max_parameters=2).filter(lambda m: m.p == 2)


@settings(max_examples=15)
@given(two_parameters())
def test_value_is_that_of_the_graph(model):
    graph, theta = model.graph(), np.array(model.theta)
    # log-densities near zero may cancel
    value = graph.model().log_likelihood(theta, DATA)
    assert_allclose(value, graph.log_likelihood(theta, DATA), rtol=1e-13, atol=1e-13)


@settings(max_examples=10)
@given(two_parameters())
def test_gradient_is_that_of_a_dense_exponential(model):
    theta = np.array(model.theta)
    jacobian = np.asarray(
        likelihood.log_density_jacobian(
            np.append(theta, [1.0, 1.0]), *model.likelihood_arrays(SIZE, PARAMETERS), DATA
        )
    )[:, :2]
    m = model.graph().model()
    gradient = np.asarray(jax.grad(lambda x: m.log_likelihood(x, DATA))(theta))
    error = np.abs(gradient - jacobian.sum(axis=0))
    assert np.all(error <= GRADIENT * np.abs(jacobian).sum(axis=0) + 1e-14)


@settings(max_examples=10)
@given(two_parameters(), st.integers(1, 5))
def test_vmap_equals_stacked_calls(model, count):
    m = model.graph().model()
    thetas = np.linspace(0.3, 3.0, 2 * count).reshape(count, 2)
    stacked = np.stack([m.log_likelihood(theta, DATA) for theta in thetas])
    assert_array_equal(jax.vmap(lambda theta: m.log_likelihood(theta, DATA))(thetas), stacked)


@settings(max_examples=10)
@given(two_parameters())
def test_jit_equals_eager(model):
    m, theta = model.graph().model(), np.array(model.theta)
    compiled = jax.jit(m.log_likelihood)
    assert_array_equal(compiled(theta, DATA), m.log_likelihood(theta, DATA))
