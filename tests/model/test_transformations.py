"""The log-likelihood of a model under every transformation of JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph

from tests import models

THETA = np.array([1.0, 2.0, 4.0])
THETAS = np.array([[1.0, 2.0, 4.0], [0.5, 1.5, 3.0], [2.0, 0.25, 1.0], [1.0, 1.0, 1.0]])
DATA = np.array([0.1, 0.5, 1.3, 0.7])
SAME = 1e-14  # the same Rust code; four log-densities may be summed in another order


@pytest.fixture(scope="module")
def graph():
    return Graph(callback=models.rabbits_parameterised, n=3)


@pytest.fixture(scope="module")
def model(graph):
    return graph.model()


@pytest.fixture(scope="module")
def value(model):
    return lambda theta: model.log_likelihood(theta, DATA)


def test_value_is_that_of_the_graph(graph, value):
    assert_allclose(value(THETA), graph.log_likelihood(THETA, DATA), rtol=SAME)


def test_value_is_a_scalar(value):
    assert value(THETA).shape == ()


def test_value_is_double(value):
    assert value(THETA).dtype == jnp.float64


def test_jit(value):
    assert_array_equal(jax.jit(value)(THETA), value(THETA))


def test_grad_is_that_of_the_graph(graph, value):
    assert_allclose(jax.grad(value)(THETA), graph.log_likelihood_gradient(THETA, DATA), rtol=SAME)


def test_jit_of_grad(value):
    assert_array_equal(jax.jit(jax.grad(value))(THETA), jax.grad(value)(THETA))


@pytest.mark.parametrize("part", [0, 1], ids=["value", "gradient"])
def test_value_and_grad(value, part):
    together = jax.value_and_grad(value)(THETA)[part]
    alone = value(THETA) if part == 0 else jax.grad(value)(THETA)
    assert_allclose(together, alone, rtol=SAME)


def test_jvp(value):
    direction = np.array([0.5, -1.0, 2.0])
    _, tangent = jax.jvp(value, (THETA,), (direction,))
    # three products, which may cancel
    gradient = np.asarray(jax.grad(value)(THETA))
    assert_allclose(tangent, gradient @ direction, rtol=0, atol=SAME * np.abs(gradient * direction).sum())


def test_vjp(value):
    _, pullback = jax.vjp(value, THETA)
    assert_allclose(pullback(3.0)[0], 3.0 * jax.grad(value)(THETA), rtol=SAME)


def test_jacfwd_is_jacrev(value):
    assert_allclose(jax.jacfwd(value)(THETA), jax.jacrev(value)(THETA), rtol=SAME)


def test_vmap_over_theta(value):
    assert_array_equal(jax.vmap(value)(THETAS), jnp.stack([value(t) for t in THETAS]))


def test_vmap_of_grad(value):
    assert_array_equal(jax.vmap(jax.grad(value))(THETAS), jnp.stack([jax.grad(value)(t) for t in THETAS]))


def test_jit_of_vmap_of_grad(value):
    assert_array_equal(
        jax.jit(jax.vmap(jax.grad(value)))(THETAS), jnp.stack([jax.grad(value)(t) for t in THETAS])
    )


@pytest.mark.parametrize("part", [0, 1], ids=["value", "gradient"])
def test_jit_of_vmap_of_value_and_grad(value, part):
    together = jax.jit(jax.vmap(jax.value_and_grad(value)))(THETAS)[part]
    assert_array_equal(together, jnp.stack([jax.value_and_grad(value)(t)[part] for t in THETAS]))


def test_vmap_over_theta_on_another_axis(value):
    assert_array_equal(jax.vmap(value, in_axes=1)(THETAS.T), jax.vmap(value)(THETAS))


def test_vmap_of_vmap(value):
    nested = THETAS.reshape(2, 2, 3)
    assert_array_equal(jax.vmap(jax.vmap(value))(nested).ravel(), jax.vmap(value)(THETAS))


def test_vmap_over_data(model):
    data = np.stack([DATA, 2 * DATA, DATA[::-1]])
    stacked = jnp.stack([model.log_likelihood(THETA, d) for d in data])
    assert_allclose(jax.vmap(lambda d: model.log_likelihood(THETA, d))(data), stacked, rtol=SAME)


def test_vmap_over_theta_and_data(model):
    data = np.stack([DATA, 2 * DATA, DATA[::-1], 0.5 * DATA])
    stacked = jnp.stack([model.log_likelihood(t, d) for t, d in zip(THETAS, data, strict=True)])
    assert_allclose(jax.vmap(model.log_likelihood)(THETAS, data), stacked, rtol=SAME)


@pytest.mark.parametrize("count", [1, 2, 7, 33])
def test_any_number_of_thetas(value, count):
    thetas = np.linspace(0.5, 3.0, 3 * count).reshape(count, 3)
    assert_array_equal(jax.vmap(value)(thetas), jnp.stack([value(t) for t in thetas]))


def test_scan(value):
    _, values = jax.lax.scan(lambda carry, theta: (carry, value(theta)), 0.0, THETAS)
    assert_array_equal(values, jax.vmap(value)(THETAS))


def test_lax_map(value):
    assert_array_equal(jax.lax.map(value, jnp.asarray(THETAS)), jax.vmap(value)(THETAS))


def test_inside_another_function(value):
    def posterior(log_theta):
        return value(jnp.exp(log_theta)) - jnp.sum(log_theta**2) / 2

    chain_rule = THETA * np.asarray(jax.grad(value)(THETA)) - np.log(THETA)
    # three chain-rule products and sums on each side
    assert_allclose(jax.grad(posterior)(jnp.log(THETA)), chain_rule, rtol=1e-13, atol=1e-13)


def test_theta_may_be_a_list(model, value):
    assert_array_equal(model.log_likelihood([1.0, 2.0, 4.0], DATA), value(THETA))


def test_gradient_against_finite_differences(value):
    h = 1e-5
    differences = [(float(value(THETA + h * e)) - float(value(THETA - h * e))) / (2 * h) for e in np.eye(3)]
    # loose on purpose: h^2 truncation and 1e-16/h rounding
    assert_allclose(jax.grad(value)(THETA), differences, rtol=1e-6, atol=1e-6)


def test_a_model_is_an_argument(model, value):
    compiled = jax.jit(lambda m, theta: m.log_likelihood(theta, DATA))
    assert_array_equal(compiled(model, THETA), value(THETA))
