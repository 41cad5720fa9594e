"""Observations under different exposures."""

import re

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phasic import Graph, LogNormal, Observations
from phasic.svgd import SVGD, Gamma, svgd
from phasic.svgd._exposure import exposed, read_exposure

from tests import models
from tests.svgd.standins import Erlang, Hypoexponential

VALUES = np.random.RandomState(0).exponential(1.0, size=60)
EXPOSURE = np.random.RandomState(1).choice([0.5, 1.0, 4.0], size=60)
PRIOR = Gamma(2.0, 1.0)

row = st.tuples(st.floats(0.01, 20), st.sampled_from([0.25, 1.0, 3.0, 7.0]), st.integers(0, 3))
rows = st.lists(row, min_size=1, max_size=12)


@settings(max_examples=20)  # each new shape is compiled
@given(rows, st.sampled_from([None, (0,), (1,), (0, 1)]))
def test_log_likelihood_is_that_of_each_observation_at_its_own_parameters(rows, members):
    values, exposure, weights = (np.asarray(column, float) for column in zip(*rows, strict=True))
    weights[0] += 1
    model, data = exposed(Hypoexponential(), values, weights, exposure, members, 2)
    theta = np.asarray([0.7, 1.9])
    expected = 0.0
    for value, e, weight in zip(values, exposure, weights, strict=True):
        factor = np.where(np.isin([0, 1], [0, 1] if members is None else members), e, 1.0)
        expected += Hypoexponential().log_likelihood(theta * factor, value[None], weight[None])
    found = model.log_likelihood(theta, data.values, data.weights)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@given(rows)
def test_there_is_one_group_for_each_distinct_exposure_and_little_padding(rows):
    values, exposure, _ = (np.asarray(column, float) for column in zip(*rows, strict=True))
    model, data = exposed(Hypoexponential(), values, None, exposure, None, 2)
    assert sum(count for count, _ in model.buckets) == len(set(exposure))
    assert len(data.values) < 2 * len(values)
    assert data.weights.sum() == len(values)


def test_exposure_of_all_rates_is_a_unit_of_time():
    scaled = svgd(Erlang(), VALUES * EXPOSURE, prior=PRIOR).particles
    particles = svgd(Erlang(), VALUES, prior=PRIOR, exposure=EXPOSURE).particles
    # The same posterior; the searches start at different points.
    np.testing.assert_allclose(particles, scaled, rtol=1e-3)


def test_one_exposure_for_all_rescales_the_rates():
    base = svgd(Erlang(), VALUES, prior=Gamma(2.0, 1.0)).particles
    scaled = svgd(Erlang(), VALUES, prior=Gamma(2.0, 1e3), exposure=1e3).particles
    np.testing.assert_allclose(scaled * 1e3, base, rtol=1e-3)


def test_exposure_of_one_parameter():
    """Competing rates, of which the first is exposed: conjugate in neither, but symmetric if swapped."""
    values = np.random.RandomState(3).exponential(0.5, size=80)
    prior = [Gamma(2.0, 1.0), Gamma(3.0, 2.0)]
    first = svgd(Hypoexponential(), values, prior=prior, exposure=2.0, exposure_index=0)
    second = svgd(Hypoexponential(), values, prior=prior[::-1], exposure=2.0, exposure_index=[1])
    np.testing.assert_allclose(first.mean, second.mean[::-1], rtol=0.02)


def test_graph_takes_exposures_of_censored_data_by_name():
    graph = Graph(callback=models.erlang_parameterised, k=1)
    seen = Observations.exact(VALUES) + Observations.right([2.0, 3.0])
    exposure = np.concatenate([EXPOSURE, [0.5, 4.0]])
    posterior = graph.svgd(
        seen, prior=PRIOR, names=["rate"], exposure=exposure, exposure_index="rate", progress=False
    )
    shape, rate = 62.0, 1.0 + (VALUES * EXPOSURE).sum() + 1.0 + 12.0
    assert posterior.mean[0] == pytest.approx(shape / rate, rel=0.03 / np.sqrt(shape))
    assert posterior.sd[0] == pytest.approx(np.sqrt(shape) / rate, rel=0.04)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_default_prior_moves_with_the_exposure(unit):
    graph = Graph(callback=models.erlang_parameterised, k=1)
    base = SVGD(graph.model(), VALUES)._target.prior.parts[0]
    moved = SVGD(graph.model(), VALUES, exposure=unit)._target.prior.parts[0]
    assert isinstance(moved, LogNormal)
    np.testing.assert_allclose(moved.mu, base.mu - np.log(unit), rtol=1e-12)


def test_likelihood_of_a_graph_is_differentiable_and_maps_over_theta():
    erlang = Graph(callback=models.erlang_parameterised, k=2).model()
    model, data = exposed(erlang, VALUES, None, EXPOSURE, None, 1)
    thetas = np.asarray([[0.5], [2.0]])
    gradients = jax.vmap(jax.grad(model.log_likelihood), (0, None, None))(thetas, data.values, data.weights)
    # d/dtheta of sum(2 log(theta e) - theta e t)
    expected = 2 * len(VALUES) / thetas - (VALUES * EXPOSURE).sum()
    np.testing.assert_allclose(gradients, expected, rtol=1e-9)


BAD = {
    "shape": ({"exposure": [1.0, 2.0]}, "exposure has shape (2,), observed_data has 60 observations"),
    "zero": (
        {"exposure": np.r_[1.0, 0.0, np.ones(58)]},
        "exposure[1] is 0.0: it must be positive and finite",
    ),
    "index": (
        {"exposure": 1.0, "exposure_index": 3},
        "exposure_index has index 3, but the model has 1 parameters",
    ),
    "name": (
        {"exposure": 1.0, "exposure_index": "mu"},
        "exposure_index names 'mu', but the parameters are theta[0]",
    ),
    "no exposure": (
        {"exposure_index": 0},
        "exposure_index says which parameters exposures multiply: give exposure",
    ),
    "nothing exposed": (
        {"exposure": 1.0, "exposure_index": []},
        "exposure_index is empty: name a parameter, or leave exposure out",
    ),
    "truncated": (
        {"observed_data": Observations.exact(VALUES, truncated=(None, 90.0)), "exposure": 1.0},
        "exposure goes with observations that are not truncated",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_exposure_is_named(fault):
    change, message = BAD[fault]
    arguments = {"observed_data": VALUES, "prior": PRIOR} | change
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SVGD(Erlang(), **arguments)


def test_rewards_have_no_exposure():
    graph = Graph(callback=models.erlang_parameterised, k=1)
    rewards = np.ones(graph.vertices_length())
    with pytest.raises(ValueError, match="exposure goes with times or counts, not with rewards="):
        SVGD(graph.model(), VALUES, PRIOR, rewards=rewards, exposure=2.0)


def test_one_number_is_the_exposure_of_all():
    np.testing.assert_array_equal(read_exposure(2.0, 3), [2.0, 2.0, 2.0])
