"""Censored data in compiled programs: their forms are data, not program."""

import jax
import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose
from phasic import Graph, LogNormal, Observations

from tests import models

THETA = np.array([1.0, 2.0, 4.0])
SAME = 1e-14  # the same Rust code
FORMS = {
    "exact": Observations.exact([0.3, 1.0]),
    "right": Observations.right([0.3, 1.0]),
    "left": Observations.left([0.3, 1.0]),
    "interval": Observations.interval([0.3, 0.5], [0.4, 2.0]),
    "truncated": Observations.right([0.7], truncated=(0.2, 3.0)),
}


@pytest.fixture(scope="module")
def graph():
    return Graph(callback=models.rabbits_parameterised, n=3)


@pytest.fixture(scope="module")
def model(graph):
    return graph.model()


@pytest.mark.parametrize("form", FORMS)
def test_value_and_gradient_are_those_of_the_graph(graph, model, form):
    value, gradient = jax.value_and_grad(model.log_likelihood)(THETA, FORMS[form])
    assert_allclose(value, graph.log_likelihood(THETA, FORMS[form]), rtol=SAME)
    assert_allclose(gradient, graph.log_likelihood_gradient(THETA, FORMS[form]), rtol=SAME)


def test_one_program_serves_every_form(graph, model):
    compiled = []

    @jax.jit
    def value(theta, seen):
        compiled.append(1)
        return model.log_likelihood(theta, seen)

    got = [float(value(THETA, seen)) for seen in FORMS.values()]
    assert_allclose(got, [graph.log_likelihood(THETA, seen) for seen in FORMS.values()], rtol=SAME)
    assert len(compiled) == 1


def test_vmap_over_data(graph, model):
    pairs = list(FORMS.values())
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *pairs)
    got = jax.vmap(model.log_likelihood, in_axes=(None, 0))(THETA, stacked)
    assert_allclose(got, [graph.log_likelihood(THETA, seen) for seen in pairs], rtol=SAME)


def test_weights_beside_observations(model):
    with pytest.raises(ValueError, match="weights belong into the observations"):
        model.log_likelihood(THETA, FORMS["right"], np.ones(2))


def test_bounds_that_single_precision_cannot_tell_apart(model):
    close = Observations.interval([1.0], [1.0 + 1e-9])
    with jax.enable_x64(False), pytest.raises(ValueError, match=r"one number in float32.*jax_enable_x64"):
        model.log_likelihood(THETA, close)


def test_counts_of_a_discrete_model_must_be_whole():
    graph = Graph(callback=models.erlang_parameterised, k=2).discretize(lambda state: [1.0])
    with pytest.raises(ValueError, match=r"values\[0\] is 1\.5"):
        graph.model(rewards=graph.rewards).log_likelihood(np.array([0.5]), Observations.right([1.5]))


def test_events_of_counts(model):
    graph = Graph(callback=models.erlang_parameterised, k=2).discretize(lambda state: [1.0])
    seen = Observations.right([3]) + Observations.grouped([0, 2, 5], [3, 1])
    value = graph.model(rewards=graph.rewards).log_likelihood(np.array([0.5]), seen)
    assert_allclose(value, graph.log_likelihood([0.5], seen, rewards=graph.rewards), rtol=SAME)


@pytest.mark.parametrize("form", ["Observations", "CensoredData"])
def test_a_fit_to_right_censored_exponential_times(form):
    # Log-normal prior, exponential times: the posterior on a grid of log rates
    times, over = np.array([0.3, 1.2, 2.5, 0.8, 4.0, 0.1, 1.9]), np.array([0, 0, 1, 0, 1, 0, 0], dtype=bool)
    data = {
        "Observations": Observations.exact(times[~over]) + Observations.right(times[over]),
        "CensoredData": scipy.stats.CensoredData.right_censored(times, over),
    }[form]
    z = np.linspace(-4.0, 4.0, 4001)
    log = (~over).sum() * z - times.sum() * np.exp(z) - 0.5 * z**2
    mass = np.exp(log - log.max())
    mean = (mass * np.exp(z)).sum() / mass.sum()
    posterior = Graph(callback=models.erlang_parameterised, k=1).svgd(
        data, prior=LogNormal(0.0, 1.0), seed=1, progress=False
    )
    assert posterior.converged
    assert_allclose(posterior.mean, [mean], rtol=0.02)  # 128 particles


def test_a_fit_without_a_prior_takes_its_unit_from_censored_data():
    seen = Observations.grouped([0.0, 10.0, 20.0, 40.0], [30, 20, 15]) + Observations.right(
        [40.0], weights=[5.0]
    )
    posterior = Graph(callback=models.erlang_parameterised, k=1).svgd(seen, seed=1, progress=False)
    # 65 of 70 within 40, about 17 on average
    assert_allclose(posterior.mean, [1 / 17], rtol=0.3)
