"""Laws with epochs as functions of JAX, against `Graph.epochs` and under JAX's transformations."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models

THETAS = np.array([[1.0, 2.0, 0.5], [0.3, 4.0, 1.0], [2.0, 0.2, 3.0]])
STARTS = np.array([0.0, 0.4, 1.1])
TIMES = np.array([0.2, 0.4, 0.9, 1.5, 6.0])
CURVES = ("pdf", "cdf", "sf", "logpdf", "logsf")


@pytest.fixture(scope="module")
def graph():
    return Graph(callback=models.rabbits_parameterised, n=3)


@pytest.fixture(scope="module")
def model(graph):
    return graph.model()


@pytest.fixture(scope="module")
def epochs(graph):
    return graph.epochs([(start, theta) for start, theta in zip(STARTS, THETAS, strict=True)])


@pytest.fixture(scope="module")
def rewards(graph):
    return np.random.default_rng(1).uniform(0.1, 2.0, (3, graph.vertices_length()))


@pytest.mark.parametrize("name", CURVES)
def test_curves_and_their_derivatives(model, epochs, name):
    def curve(thetas, starts, times):
        return getattr(model.epochs(thetas, starts), name)(times)

    values = getattr(epochs, name)(TIMES)
    assert_allclose(curve(THETAS, STARTS, TIMES), values, rtol=1e-9)
    plain = name.removeprefix("log")
    scale = np.exp(values) if name != plain else np.ones(len(TIMES))
    exact = [getattr(epochs, f"{plain}_gradient")([time]) for time in TIMES]
    for jacobian in (jax.jacrev, jax.jacfwd):
        thetas, starts = jax.jit(jacobian(curve, argnums=(0, 1)))(THETAS, STARTS, TIMES)
        expected = np.array([each.thetas for each in exact]) / scale[:, None, None]
        assert_allclose(thetas, expected, rtol=1e-7, atol=1e-11)
        expected = np.array([each.starts for each in exact]) / scale[:, None]
        assert_allclose(starts, expected, rtol=1e-7, atol=1e-11)
    slopes = jax.vmap(jax.grad(lambda time: curve(THETAS, STARTS, time)))(TIMES)
    step = 1e-5
    differences = (curve(THETAS, STARTS, TIMES + step) - curve(THETAS, STARTS, TIMES - step)) / (2 * step)
    inside = np.array([0, 2, 3, 4])
    assert_allclose(slopes[inside], differences[inside], rtol=1e-6, atol=1e-9)


def test_moments_and_their_derivatives(model, epochs, rewards):
    law = model.epochs(THETAS, STARTS)
    assert_allclose(law.moments(3), epochs.moments(3), rtol=1e-9)
    assert_allclose(law.expectation(rewards[0]), epochs.expectation(rewards[0]), rtol=1e-9)
    for given in (rewards[0], rewards):
        listed = list(given) if given.ndim == 2 else given
        assert_allclose(law.moments(2, given), epochs.moments(2, listed), rtol=1e-9)
        found = jax.jacrev(lambda a, b, r=given: model.epochs(a, b).moments(2, r), argnums=(0, 1))(
            THETAS, STARTS
        )
        for k in range(2):
            exact = epochs.moments_gradient(np.eye(2)[k], listed)
            assert_allclose(found[0][k], exact.thetas, rtol=1e-7, atol=1e-11)
            assert_allclose(found[1][k], exact.starts, rtol=1e-7, atol=1e-11)


def test_many_rewards_and_their_derivatives(model, epochs, rewards):
    per_epoch = np.stack([rewards, rewards[::-1]])
    found = model.epochs(THETAS, STARTS).expectations
    assert_allclose(found(rewards), epochs.expectations(rewards), rtol=1e-9)
    assert_allclose(found(per_epoch), epochs.expectations(list(per_epoch.swapaxes(0, 1))), rtol=1e-9)
    assert found(rewards[:0]).shape == (0,)
    jacobian = jax.jacrev(lambda a, b: model.epochs(a, b).expectations(rewards), argnums=(0, 1))
    thetas, starts = jacobian(THETAS, STARTS)
    for k, row in enumerate(rewards):
        exact = epochs.expectation_gradient(row)
        assert_allclose(thetas[k], exact.thetas, rtol=1e-7, atol=1e-11)
        assert_allclose(starts[k], exact.starts, rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize("shape", [(), (4,), (3, 2)])
def test_many_rewards_of_another_shape_are_refused(model, graph, shape):
    n = graph.vertices_length()
    with pytest.raises(
        ValueError, match=rf"the law needs \(k, {n}\), or for each epoch its own \(k, 3, {n}\)"
    ):
        model.epochs(THETAS, STARTS).expectations(np.ones(shape))


def test_log_likelihood(model, epochs):
    weights = np.array([1.0, 0.0, 2.0, 1.0, 3.0])

    def value(thetas, starts):
        return model.epochs(thetas, starts).log_likelihood(TIMES, weights)

    exact = epochs.log_likelihood_gradient(TIMES, weights=weights)
    assert_allclose(value(THETAS, STARTS), exact.value, rtol=1e-9)
    thetas, starts = jax.jit(jax.grad(value, argnums=(0, 1)))(THETAS, STARTS)
    assert_allclose(thetas, exact.thetas, rtol=1e-7, atol=1e-11)
    assert_allclose(starts, exact.starts, rtol=1e-7, atol=1e-11)
    several = np.stack([THETAS, 2 * THETAS])
    batch = jax.jit(jax.vmap(jax.value_and_grad(value), in_axes=(0, None)))(several, STARTS)
    for row, theta in enumerate(several):
        alone = jax.value_and_grad(value)(theta, STARTS)
        assert_allclose(batch[0][row], alone[0], rtol=1e-13)
        assert_allclose(batch[1][row], alone[1], rtol=1e-12)


def test_one_epoch_is_the_model(model):
    law = model.epochs(THETAS[:1], STARTS[:1])
    for name in CURVES:
        assert_allclose(getattr(law, name)(TIMES), getattr(model, name)(THETAS[0], TIMES), rtol=1e-9)
    assert_allclose(law.moments(3), model.moments(THETAS[0], 3), rtol=1e-9)


def test_bad_numbers_inside_programs_are_nan(model):
    pdf = jax.jit(lambda thetas, starts, times: model.epochs(thetas, starts).pdf(times))
    assert np.isnan(pdf(THETAS, STARTS[::-1], TIMES)).all()
    assert np.isnan(pdf(-THETAS, STARTS, TIMES)).all()
    values = pdf(THETAS, STARTS, np.array([0.2, -1.0, np.nan, np.inf]))
    assert np.isnan(values).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("thetas", "starts", "message"),
    [
        (THETAS[0], STARTS, r"thetas has shape \(3,\), but the model needs \(e, 3\)"),
        (THETAS[:, :2], STARTS, r"thetas has shape \(3, 2\)"),
        (THETAS[:0], STARTS[:0], r"thetas has shape \(0, 3\)"),
        (THETAS, STARTS[:2], r"starts has shape \(2,\), but thetas has 3 rows"),
        (THETAS, STARTS[::-1], "they must increase, from 0 on"),
        (THETAS, STARTS + 1, "they must increase, from 0 on"),
    ],
)
def test_bad_epochs_are_refused(model, thetas, starts, message):
    with pytest.raises(ValueError, match=message):
        model.epochs(thetas, starts)


def test_bad_arguments_are_refused(model, graph, rewards):
    law = model.epochs(THETAS, STARTS)
    with pytest.raises(ValueError, match="power is 0"):
        law.moments(0)
    with pytest.raises(ValueError, match=r"rewards has shape \(2,\)"):
        law.moments(1, np.ones(2))
    with pytest.raises(ValueError, match="one dimension"):
        law.log_likelihood(1.0)
    with pytest.raises(ValueError, match=r"weights has shape \(2,\)"):
        law.log_likelihood(TIMES, np.ones(2))
    with pytest.raises(NotImplementedError, match=r"no derivatives of laws with epochs in rewards\."):
        jax.grad(lambda r: law.expectation(r))(rewards[0])
    refusal = r"^There are no second derivatives of laws with epochs\. Take finite differences of first deriv"
    for value in (lambda law: law.cdf(1.0), lambda law: law.log_likelihood(TIMES)):
        with pytest.raises(NotImplementedError, match=refusal):
            jax.hessian(lambda thetas, value=value: value(model.epochs(thetas, STARTS)))(THETAS)
    with pytest.raises(TypeError, match="data of a likelihood"):
        jax.grad(law.log_likelihood)(TIMES)
    with pytest.raises(ValueError, match="discrete=False"):
        graph.model(discrete=True).epochs(THETAS, STARTS)
