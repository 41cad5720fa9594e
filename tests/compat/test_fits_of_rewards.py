"""Fits whose observations are accumulated rewards."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph, LogNormal, Model
from phasic.svgd import SVGD
from phasic.svgd._rewarded import rewarded

from tests import models

THETA = np.array([2.0, 0.5])
ROWS = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
PRIOR = LogNormal(0.0, 2.0)


@pytest.fixture(scope="module")
def graph():
    graph = Graph(1)
    first, second, end = (graph.find_or_create_vertex([i]) for i in (3, 2, 1))
    graph.starting_vertex().add_edge(first, 1.0)
    first.add_edge_parameterized(second, 0.0, [1.0, 0.0])
    second.add_edge_parameterized(end, 0.0, [0.0, 1.0])
    graph.update_weights(THETA)
    return graph


@pytest.fixture(scope="module")
def data(graph):
    seen = graph.sample(60, ROWS, seed=1)
    seen[3, 0] = seen[5, 1] = np.nan
    return seen


@pytest.fixture(scope="module")
def marginals(data):
    """Log-likelihood of independent exponential times, by hand."""
    return sum(
        np.sum(np.log(rate) - rate * column[~np.isnan(column)])
        for rate, column in zip(THETA, data.T, strict=True)
    )


def test_the_likelihood_is_the_product_of_the_marginal_ones(graph, data, marginals):
    model, seen = rewarded(graph.model(), data, ROWS)
    assert_allclose(model.log_likelihood(THETA, *seen), marginals, rtol=1e-9)


def test_a_maker_s_function_is_its_model(graph, data, marginals):
    function = Graph.pmf_and_moments_from_graph_multivariate(graph)
    model, seen = rewarded(function, data, ROWS.T)
    assert isinstance(model.model, Model)
    assert_allclose(model.log_likelihood(THETA, *seen), marginals, rtol=1e-9)


def test_a_function_of_rewards(graph, data, marginals):
    densities = graph.model().pdf_reward
    model, seen = rewarded(lambda theta, values, rewards: densities(theta, values, rewards), data, ROWS)
    assert_allclose(model.log_likelihood(THETA, *seen), marginals, rtol=1e-9)


def test_rewards_between_which_theta_chooses(graph):
    graph = Graph(callback=models.rabbits_parameterised, n=2)
    theta = np.array([1.0, 2.0, 0.5])
    graph.update_weights(theta)
    row = graph.states()[:, 0].astype(float)
    values = graph.sample(20, seed=2, rewards=row)
    values = values[values > 0]
    model, seen = rewarded(graph.model(), values, row)
    assert_allclose(model.log_likelihood(theta, *seen), graph.logpdf_reward(values, row).sum(), rtol=1e-8)


def test_weights_are_multiplicities(graph, data):
    values = data[:10, 1][~np.isnan(data[:10, 1])]
    twice, seen = rewarded(graph.model(), values, ROWS[1], np.full(len(values), 2.0))
    once, both = rewarded(graph.model(), np.tile(values, 2), ROWS[1])
    assert_allclose(twice.log_likelihood(THETA, *seen), once.log_likelihood(THETA, *both), rtol=1e-13)


def test_a_fit_finds_the_rates(graph, data):
    fit = SVGD(graph.model(), data, rewards=ROWS, n_particles=32, n_iterations=50)
    results = fit.optimize()
    # independent exponential times: the posterior is near the rates of the sample, as 60 times tell them
    assert_allclose(results["theta_mean"], 1 / np.nanmean(data, axis=0), rtol=0.1)
    assert {"theta_mean", "theta_std", "particles", "history"} <= set(results)
    assert fit.rewards is ROWS


def test_a_graph_fits_rewards(graph, data):
    values = data[:, 1][~np.isnan(data[:, 1])]
    prior = [PRIOR, PRIOR]
    found = graph.svgd(values, prior=prior, rewards=ROWS[1], n_particles=32, n_iterations=25, progress=False)
    assert_allclose(found.theta_mean[1], 1 / values.mean(), rtol=0.2)


def test_a_maker_s_function_needs_no_prior(graph):
    times = graph.sample(40, seed=3)
    found = SVGD(Graph.pmf_from_graph(graph), times, n_particles=32, n_iterations=10).fit()
    assert np.isfinite(found.theta_mean).all()


BAD = {
    "no rewards": ({"rewards": None}, r"shape \(60, 2\): columns are kinds of rewards"),
    "a row too many": ({"rewards": np.vstack([ROWS, ROWS[:1]])}, "rewards has 3 rows, one per kind"),
    "weights of another length": ({"weights": [1.0]}, r"weights has shape \(1,\)"),
    "nothing seen": ({"observed_data": np.full((60, 2), np.nan)}, "no value in column 0"),
    "three dimensions": ({"observed_data": np.ones((2, 2, 2))}, r"shape \(2, 2, 2\)"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_arguments_are_named(graph, data, fault):
    change, message = BAD[fault]
    arguments = {"model": graph.model(), "observed_data": data, "rewards": ROWS, "prior": PRIOR} | change
    with pytest.raises(ValueError, match=message):
        SVGD(**arguments)


def test_a_zero_on_an_atom_is_named():
    graph = Graph(callback=models.hyperexponential)
    row = np.where(np.arange(graph.vertices_length()) == 1, 1.0, 0.0)
    with pytest.raises(ValueError, match="an observation of kind 0 is 0"):
        rewarded(graph.model(), [0.0, 1.0], row)
