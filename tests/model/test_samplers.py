"""Likelihoods inside NumPyro, BlackJAX and optax, against quadrature."""

import blackjax
import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import optax
import pytest
from numpyro import distributions
from numpyro.infer import MCMC, NUTS
from phasic import Graph
from scipy.integrate import quad

from tests import models

TIMES = np.array([0.4, 1.1, 0.8, 2.0, 0.3])


@pytest.fixture(scope="module")
def graph():
    return Graph(callback=models.kingman_parameterised, n=4)


@pytest.fixture(scope="module")
def log_posterior(graph):
    """Of the logarithm of the rate, with a standard normal prior."""
    model = graph.model()
    return lambda at: -0.5 * jnp.sum(at**2) + model.log_likelihood(jnp.exp(at), TIMES)


@pytest.fixture(scope="module")
def exact(graph):
    """Mean and standard deviation of the logarithm of the rate."""

    def density(x):
        return np.exp(-(x**2) / 2 + graph.log_likelihood([np.exp(x)], TIMES))

    total, first, second = (quad(lambda x, k=k: x**k * density(x), -4, 4)[0] for k in range(3))
    mean = first / total
    return mean, np.sqrt(second / total - mean**2)


def close(samples, exact):
    mean, deviation = exact
    assert abs(np.mean(samples) - mean) < 0.15 * deviation
    assert abs(np.std(samples) / deviation - 1) < 0.15


def test_numpyro(graph, exact):
    model = graph.model()

    def posterior():
        rate = numpyro.sample("rate", distributions.LogNormal(0.0, 1.0))
        numpyro.factor("times", model.log_likelihood(rate[None], TIMES))

    chain = MCMC(NUTS(posterior), num_warmup=300, num_samples=2000, progress_bar=False)
    chain.run(jax.random.key(1))
    close(np.log(chain.get_samples()["rate"]), exact)


def test_blackjax(log_posterior, exact):
    warmup_key, sample_key = jax.random.split(jax.random.key(2))
    warmup = blackjax.window_adaptation(blackjax.nuts, log_posterior)
    (state, parameters), _ = warmup.run(warmup_key, jnp.zeros(1), num_steps=300)
    kernel = blackjax.nuts(log_posterior, **parameters).step

    def step(state, key):
        state, _ = kernel(key, state)
        return state, state.position

    keys = jax.random.split(sample_key, 2000)
    _, positions = jax.jit(lambda state: jax.lax.scan(step, state, keys))(state)
    close(positions, exact)


def test_optax(log_posterior):
    def loss(at):
        return -log_posterior(at)

    solver = optax.lbfgs()

    @jax.jit
    def improve(at, state):
        value, slope = optax.value_and_grad_from_state(loss)(at, state=state)
        change, state = solver.update(slope, state, at, value=value, grad=slope, value_fn=loss)
        return optax.apply_updates(at, change), state

    at = jnp.zeros(1)
    state = solver.init(at)
    for _ in range(15):
        at, state = improve(at, state)
    assert abs(jax.grad(loss)(at)[0]) < 1e-8
    assert jax.hessian(loss)(at)[0, 0] > 0
