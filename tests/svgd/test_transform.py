"""Transforms: inverse, Jacobian, support."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phasic.svgd import Gamma, Transform, Uniform, svgd

from tests.svgd.standins import Erlang

MIXED = Transform.from_support(np.asarray([-np.inf, 0.0, 0.0, -2.0]), np.asarray([np.inf, np.inf, 1.0, 5.0]))
jacobian_matrix = jax.jit(jax.jacfwd(MIXED.to_theta))
points = st.lists(st.floats(-8, 8), min_size=4, max_size=4).map(np.asarray)


def test_support_decides_the_kind():
    assert MIXED.kinds == ("identity", "log", "logit", "logit")


@given(points)
def test_to_z_inverts_to_theta(z):
    # At |z| = 8 a logit loses 3 of 16 digits.
    np.testing.assert_allclose(MIXED.to_z(MIXED.to_theta(z)), z, rtol=1e-10, atol=1e-10)


@given(points)
def test_log_jacobian_is_that_of_automatic_differentiation(z):
    jacobian = jacobian_matrix(z)
    np.testing.assert_allclose(MIXED.log_jacobian(z), np.linalg.slogdet(jacobian)[1], rtol=1e-9, atol=1e-9)


@given(points)
def test_numpy_and_jax_agree(z):
    np.testing.assert_allclose(MIXED.to_theta(z), MIXED.to_theta(jnp.asarray(z)), rtol=1e-13)


@pytest.mark.parametrize("kinds", [("log",), ("identity",), ("logit",)])
def test_posterior_does_not_depend_on_the_transform(kinds):
    # The data keep the rate inside (0, 1), four standard deviations from either end.
    values = np.random.RandomState(3).exponential(2.0, size=100)
    posterior = svgd(Erlang(), values, prior=Gamma(1.0, 1e-3), transforms=kinds)
    shape, rate = 101.0, 1e-3 + values.sum()
    # Two per cent of a standard deviation.
    assert abs(posterior.mean[0] - shape / rate) < 0.02 * np.sqrt(shape) / rate
    assert abs(posterior.sd[0] / (np.sqrt(shape) / rate) - 1) < 0.02


def test_bounded_prior_is_kept_inside_its_bounds():
    values = np.random.RandomState(3).exponential(1.0, size=100)
    particles = svgd(Erlang(), values, prior=Uniform(0.0, 0.5)).particles
    assert ((particles > 0) & (particles < 0.5)).all()


def test_unknown_kind_is_named():
    with pytest.raises(ValueError, match=r"transforms\[1\] is 'sqrt'"):
        Transform.from_kinds(["log", "sqrt"])


def test_empty_support_names_the_parameter():
    with pytest.raises(ValueError, match=r"parameter theta\[0\] has an empty support"):
        svgd(Erlang(), [1.0], prior=Uniform(-2.0, -1.0))
