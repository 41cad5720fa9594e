"""Data that a model cannot produce are named, with index and value."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
from phasic import Graph, Observations
from phasic.svgd import SVGD, Gamma, svgd

from tests import models
from tests.svgd.standins import Hypoexponential

PRIOR = Gamma(2.0, 1.0)
GRAPH = Graph(callback=models.erlang_parameterised, k=2)

CONTINUOUS = {
    "zero without an atom": (
        [1.0, 0.0, 2.0, 0.0],
        "observed_data[1] is 0, which this model cannot produce: its density is 0 at every theta",
    ),
    "atom that is not there": (
        Observations.exact([3.0, 4.0]) + Observations.left([0.0]),
        "observed_data[2] is T ≤ 0, which this model cannot produce: its probability is 0 at every theta",
    ),
    "negative": ([1.0, -2.0], "observed_data[1] is -2.0; observed_data must be finite and not negative"),
    "not a number": ([np.nan], "observed_data[0] is nan; observed_data must be finite and not negative"),
    "infinite": ([1.0, np.inf], "observed_data[1] is inf; observed_data must be finite and not negative"),
    "none": ([], "observed_data is empty; give at least one observation"),
}


@pytest.mark.parametrize("fault", CONTINUOUS)
@pytest.mark.parametrize("fit", [SVGD, lambda m, v, p: svgd(m, v, prior=p)], ids=["class", "function"])
def test_impossible_time_is_named(fit, fault):
    data, message = CONTINUOUS[fault]
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fit(GRAPH.model(), data, PRIOR)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([3.0, 0.5], "observed_data[1] is 0.5: it must be a whole number, at least 0"),
        (
            [4.0, 1.0, 3.0],
            "observed_data[1] is 1, which this model cannot produce: its probability is 0 at every theta",
        ),
    ],
    ids=["half a step", "fewer steps than the shortest way"],
)
def test_impossible_count_is_named(data, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SVGD(GRAPH.model(discrete=True), data, PRIOR)


def test_first_impossible_observation_of_many_is_named():
    data = np.random.RandomState(0).exponential(1.0, size=1000)
    data[[700, 900]] = 0.0
    with pytest.raises(ValueError, match=r"^observed_data\[700\] is 0, which"):
        SVGD(GRAPH.model(), data, PRIOR)


def test_observation_of_weight_zero_may_be_impossible():
    SVGD(GRAPH.model(), [1.0, 0.0], PRIOR, weights=[1.0, 0.0])


def test_zero_with_a_density_is_possible():
    SVGD(Graph(callback=models.erlang_parameterised, k=1).model(), [0.0, 1.0], PRIOR)


def test_far_tail_is_possible():
    SVGD(GRAPH.model(), [1e-9, 1e4], PRIOR)


def test_rate_that_is_fixed_at_zero_makes_data_impossible():
    def stages(state):
        if not len(state):
            return [((2,), 1.0)]
        return [((state[0] - 1,), [1.0, 0.0] if state[0] == 2 else [0.0, 1.0])] if state[0] else []

    with pytest.raises(ValueError, match=r"^observed_data\[0\] is 1, which this model cannot produce"):
        SVGD(Graph(callback=stages).model(), [1.0], PRIOR, fixed={1: 0.0})


def test_value_without_a_density_at_any_start_is_blamed_on_other_models():
    message = (
        r"starting points, for example at theta = \[.*\] \(of the observed values, 0 had no density at any"
    )
    with pytest.raises(ValueError, match=message):
        svgd(Hypoexponential(), [0.0, 1.0, 2.0], prior=PRIOR)


def test_function_of_densities_is_told_its_impossible_values():
    def shifted(theta, values):
        return jnp.where(values > 1, theta[0] * jnp.exp(-theta[0] * (values - 1)), 0.0)

    with pytest.raises(
        ValueError, match=r"\(of the observed values, 0\.3, 1 had no density at any of them\)"
    ):
        svgd(shifted, [1.0, 0.3, 2.0], prior=PRIOR, theta_dim=1)


def test_likelihood_that_is_zero_everywhere_says_at_which_parameters():
    message = (
        r"^the log posterior or its gradient is not finite at any of 128 starting points, for example at "
        r"theta = \[\S+\]; \[\S+\]; \[\S+\]; check that the model can produce the observations, "
        r"or give theta_init$"
    )
    with pytest.raises(ValueError, match=message):
        svgd(lambda theta, values: 0.0 * values * theta[0], [1.0, 2.0], prior=PRIOR, theta_dim=1)


LENGTHS = {
    "prior": ({"prior": [PRIOR, PRIOR]}, "prior has 2 entries, the model has 1 parameters"),
    "prior of arrays": ({"prior": Gamma([1.0, 2.0], 1.0)}, "prior has 2 entries, the model has 1 parameters"),
    "prior by name": (
        {"prior": {"a": PRIOR, "b": PRIOR}},
        "prior has 2 names, the model has 1 parameters: name all of them in order, None for those that are "
        "fixed or tied, or give names=",
    ),
    "theta_dim": ({"theta_dim": 2}, "theta_dim is 2, the model has 1 parameters"),
    "theta_init": ({"theta_init": [1.0, 2.0]}, "theta_init must have shape (1,) or (k, 1), got (2,)"),
    "names": ({"names": ["a", "b"]}, "names has 2 entries, the model has 1 parameters"),
    "transforms": ({"transforms": ["log"] * 2}, "transforms has 2 entries, the model has 1 parameters"),
}


@pytest.mark.parametrize("fault", LENGTHS)
def test_lengths_that_differ_are_both_told(fault):
    change, message = LENGTHS[fault]
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SVGD(**{"model": GRAPH.model(), "observed_data": [1.0], "prior": PRIOR} | change)
