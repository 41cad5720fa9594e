"""Weights of observations: multiplicities, zero as padding."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models

THETA = np.array([1.5])
DATA = np.array([0.3, 1.7, 0.9])
SAME = 1e-14  # three terms in another order


@pytest.fixture(scope="module")
def model():
    return Graph(callback=models.erlang_parameterised, k=3).model()


def test_weights_of_one_change_nothing(model):
    plain = model.log_likelihood(THETA, DATA)
    assert_allclose(model.log_likelihood(THETA, DATA, np.ones(3)), plain, rtol=SAME)


def test_a_weight_is_a_multiplicity(model):
    repeated = model.log_likelihood(THETA, np.repeat(DATA, [2, 1, 3]))
    assert_allclose(model.log_likelihood(THETA, DATA, np.array([2.0, 1.0, 3.0])), repeated, rtol=SAME)


def test_weights_by_name(model):
    repeated = model.log_likelihood(THETA, np.repeat(DATA, [2, 1, 3]))
    assert_allclose(model.log_likelihood(THETA, DATA, weights=np.array([2.0, 1.0, 3.0])), repeated, rtol=SAME)


@pytest.mark.parametrize("padding", [0.0, 5.0])
def test_weight_zero_is_padding(model, padding):
    padded = model.log_likelihood(THETA, np.append(DATA, [padding] * 2), np.array([1.0, 1.0, 1.0, 0.0, 0.0]))
    assert_allclose(padded, model.log_likelihood(THETA, DATA), rtol=SAME)


def test_gradient_of_padded_data(model):
    def padded(theta):
        # an observation of zero has density zero, and must not poison the gradient
        return model.log_likelihood(theta, np.append(DATA, 0.0), np.array([1.0, 1.0, 1.0, 0.0]))

    plain = jax.grad(lambda theta: model.log_likelihood(theta, DATA))(THETA)
    assert_allclose(jax.grad(padded)(THETA), plain, rtol=SAME)


def test_weights_under_jit(model):
    weights = np.array([2.0, 1.0, 3.0])
    compiled = jax.jit(lambda theta, w: model.log_likelihood(theta, DATA, w))
    assert_allclose(compiled(THETA, weights), model.log_likelihood(THETA, DATA, weights), rtol=SAME)
