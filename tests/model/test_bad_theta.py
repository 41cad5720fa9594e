"""Bad theta: values inside jit, errors outside, never a crash."""

import jax
import numpy as np
import pytest
from phasic import Graph

from tests import models

DATA = np.array([0.3, 1.7, 0.9])
NAN = float("nan")


@pytest.fixture(scope="module")
def model():
    return Graph(callback=models.rabbits_parameterised, n=2).model()


@pytest.fixture(scope="module")
def compiled(model):
    return jax.jit(lambda theta: model.log_likelihood(theta, DATA))


@pytest.mark.parametrize("theta", [[NAN, 2.0, 4.0], [1.0, NAN, 4.0], [NAN, NAN, NAN]])
def test_nan_inside_jit(compiled, theta):
    assert np.isnan(compiled(np.array(theta)))


@pytest.mark.parametrize("theta", [[-1.0, 2.0, 4.0], [1.0, 2.0, -1e-300], [-1.0, -1.0, -1.0]])
def test_negative_rate_inside_jit(compiled, theta):
    assert compiled(np.array(theta)) == -np.inf


def test_infinite_rate_inside_jit_is_no_number_to_trust(compiled):
    assert not np.isfinite(compiled(np.array([np.inf, 2.0, 4.0])))


def test_all_rates_zero_inside_jit(compiled):
    assert compiled(np.zeros(3)) == -np.inf


def test_nan_beside_good_ones(model, compiled):
    thetas = np.array([[1.0, 2.0, 4.0], [NAN, 2.0, 4.0], [1.0, 2.0, 4.0]])
    values = np.asarray(jax.vmap(lambda theta: model.log_likelihood(theta, DATA))(thetas))
    np.testing.assert_array_equal(values, [compiled(thetas[0]), NAN, compiled(thetas[2])])


def test_negative_rate_beside_good_ones(model, compiled):
    thetas = np.array([[1.0, 2.0, 4.0], [-1.0, 2.0, 4.0], [1.0, 2.0, 4.0]])
    values = np.asarray(jax.vmap(lambda theta: model.log_likelihood(theta, DATA))(thetas))
    np.testing.assert_array_equal(values, [compiled(thetas[0]), -np.inf, compiled(thetas[2])])


@pytest.mark.parametrize("bad", [NAN, -1.0])
def test_gradient_has_the_right_shape(compiled, bad):
    assert jax.grad(compiled)(np.array([bad, 2.0, 4.0])).shape == (3,)


@pytest.mark.parametrize("bad", [NAN, -1.0])
def test_an_error_outside_jit(model, bad):
    with pytest.raises(ValueError, match=f"(?i){bad}|-1|negative"):
        model.log_likelihood(np.array([bad, 2.0, 4.0]), DATA)


@pytest.mark.parametrize("count", ["2", "3"])
def test_theta_of_the_wrong_length_names_both(model, count):
    with pytest.raises(ValueError, match=rf"\b{count}\b"):
        model.log_likelihood(np.array([1.0, 2.0]), DATA)


def test_theta_of_the_wrong_length_inside_jit(model):
    with pytest.raises(ValueError, match=r"\b2\b"):
        jax.jit(lambda theta: model.log_likelihood(theta, DATA))(np.array([1.0, 2.0]))


@pytest.mark.parametrize("bad", [NAN, -1.0])
def test_a_bad_observation_outside_jit_names_its_index(model, bad):
    with pytest.raises(ValueError, match=r"\b1\b"):
        model.log_likelihood(np.array([1.0, 2.0, 4.0]), np.array([0.3, bad]))


def test_weights_of_another_length(model):
    with pytest.raises(ValueError, match="weights"):
        model.log_likelihood(np.array([1.0, 2.0, 4.0]), DATA, np.ones(2))


def test_a_model_of_a_constant_graph_has_no_parameters():
    graph = Graph(callback=models.rabbits, n=2)
    value = graph.model().log_likelihood(np.zeros(0), DATA)
    # four densities at the default tolerance
    np.testing.assert_allclose(value, np.log(graph.pdf(DATA)).sum(), rtol=1e-9)
