"""Log-likelihoods of single observations against closed forms."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph, Observations
from scipy import stats

from tests.svgd.posteriors import bare, of_data, stages, trials
from tests.svgd.standins import Erlang, Rates

RATES = np.array([0.5, 1.0, 3.0])
TIMES = np.array([0.2, 0.9, 0.9, 2.5])
LAW = stats.gamma(2, scale=1.0 / RATES[:, None])
# Densities have a relative error of 1e-10, so their logarithms an absolute one of that.
DIGITS = {"rtol": 1e-9, "atol": 1e-9}


def of_stages(data, **options):
    return of_data(stages(2).model(), data, RATES[:, None], **options).log_likelihoods()


def test_exact_times():
    found = of_stages(TIMES)
    assert_allclose(found.values, LAW.logpdf([0.2, 0.9, 2.5]), **DIGITS)
    assert found.count.tolist() == [1.0, 2.0, 1.0]
    assert found.lower.tolist() == found.upper.tolist() == [0.2, 0.9, 2.5]


def test_weights_are_counts():
    assert of_stages(TIMES, weights=[1.5, 1.0, 1.0, 0.0]).count.tolist() == [1.5, 2.0]


def test_right_censored_times():
    assert_allclose(of_stages(Observations.right([0.5, 40.0])).values, LAW.logsf([0.5, 40.0]), **DIGITS)


def test_left_censored_times():
    assert_allclose(of_stages(Observations.left([1e-3, 0.5])).values, LAW.logcdf([1e-3, 0.5]), **DIGITS)


def test_times_between_bounds():
    found = of_stages(Observations.interval([0.5, 1.0], [1.0, 4.0]))
    wanted = np.log(LAW.cdf([1.0, 4.0]) - LAW.cdf([0.5, 1.0]))
    assert_allclose(found.values, wanted, **DIGITS)


def test_narrow_intervals_keep_their_digits():
    found = of_stages(Observations.interval([1.0], [1.0 + 1e-9]))
    # The width itself, a difference of two doubles near 1, has seven digits.
    assert_allclose(found.values, LAW.logpdf([1.0]) + np.log(1e-9), rtol=1e-7)


def test_all_forms_at_once():
    seen = (
        Observations.exact(TIMES)
        + Observations.right([3.0])
        + Observations.left([0.5])
        + Observations.interval([1.0], [2.0])
    )
    found = of_stages(seen)
    order = {(low, high): i for i, (low, high) in enumerate(zip(found.lower, found.upper, strict=True))}
    assert len(order) == 6
    assert_allclose(found.values[:, order[3.0, np.inf]], LAW.logsf(3.0)[:, 0], **DIGITS)
    assert_allclose(found.values[:, order[-np.inf, 0.5]], LAW.logcdf(0.5)[:, 0], **DIGITS)
    assert_allclose(found.values[:, order[0.9, 0.9]], LAW.logpdf(0.9)[:, 0], **DIGITS)


def test_conditions_of_truncated_data_have_negative_counts():
    found = of_stages(Observations.exact([0.5, 1.5], truncated=(None, 2.0)))
    assert found.count[found.count < 0].tolist() == [-2.0]
    assert_allclose(found.values[:, found.count < 0], LAW.logcdf(2.0), **DIGITS)


def test_counts_of_a_discrete_model():
    success = np.array([0.2, 0.5, 0.9])
    law = stats.geom(success[:, None])
    posterior = of_data(trials().model(discrete=True), [1.0, 1.0, 4.0], success[:, None])
    found = posterior.log_likelihoods()
    assert_allclose(found.values, law.logpmf([1, 4]), **DIGITS)
    assert found.count.tolist() == [2.0, 1.0]


def test_censored_counts_of_a_discrete_model():
    success = np.array([0.2, 0.5, 0.9])
    law = stats.geom(success[:, None])
    seen = Observations.right([3.0]) + Observations.left([2.0]) + Observations.exact([2.0])
    found = of_data(trials().model(discrete=True), seen, success[:, None]).log_likelihoods()
    order = {(low, high): i for i, (low, high) in enumerate(zip(found.lower, found.upper, strict=True))}
    assert_allclose(found.values[:, order[3.0, np.inf]], law.logsf(3)[:, 0], **DIGITS)
    assert_allclose(found.values[:, order[-np.inf, 2.0]], law.logcdf(2)[:, 0], **DIGITS)
    assert_allclose(found.values[:, order[2.0, 2.0]], law.logpmf(2)[:, 0], **DIGITS)


@pytest.fixture(scope="module")
def two_phases():
    """Time in the first phase and in the second, exponential with a rate each."""
    graph = Graph(1)
    first, second, end = (graph.find_or_create_vertex([i]) for i in (3, 2, 1))
    graph.starting_vertex().add_edge(first, 1.0)
    first.add_edge_parameterized(second, 0.0, [1.0, 0.0])
    second.add_edge_parameterized(end, 0.0, [0.0, 1.0])
    return graph


ROWS = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
PAIRS = np.array([[0.5, np.nan], [0.5, 2.0], [0.1, 3.0]])
THETA = np.array([[1.0, 0.5], [2.0, 0.3]])
OF_PAIRS = np.column_stack(
    [
        np.log(THETA[:, [0]]) - THETA[:, [0]] * np.array([0.1, 0.5]),
        np.log(THETA[:, [1]]) - THETA[:, [1]] * np.array([2.0, 3.0]),
    ]
)


def test_rewards_of_several_kinds_with_missing_ones(two_phases):
    posterior = of_data(two_phases.model(), PAIRS, THETA, ("first", "second"), rewards=ROWS)
    found = posterior.log_likelihoods()
    assert_allclose(found.values, OF_PAIRS, **DIGITS)
    assert found.kind.tolist() == [0, 0, 1, 1]
    assert found.count.tolist() == [1.0, 2.0, 1.0, 1.0]


def test_rewards_of_a_function(two_phases):
    pdf = two_phases.model().pdf_reward
    posterior = of_data(
        lambda theta, values, rewards: pdf(theta, values, rewards),
        PAIRS,
        THETA,
        ("first", "second"),
        rewards=ROWS,
    )
    assert_allclose(posterior.log_likelihoods().values, OF_PAIRS, **DIGITS)


def test_a_model_of_the_users_own_is_asked_for_one_observation_at_a_time():
    posterior = of_data(Erlang(2), TIMES, RATES[:, None])
    # The stand-in leaves out log(1!) = 0, and computes nothing but logarithms and products.
    assert_allclose(posterior.log_likelihoods().values, LAW.logpdf([0.2, 0.9, 2.5]), rtol=1e-12, atol=1e-12)


def test_a_function_of_densities():
    posterior = of_data(lambda theta, t: (theta[0] * jnp.exp(-theta[0] * t), None), TIMES, RATES[:, None])
    wanted = stats.expon(scale=1.0 / RATES[:, None]).logpdf([0.2, 0.9, 2.5])
    assert_allclose(posterior.log_likelihoods().values, wanted, rtol=1e-12, atol=1e-12)


def test_more_observations_than_are_evaluated_at_once():
    times = np.linspace(0.01, 5.0, 150)
    posterior = of_data(Erlang(2), times, RATES[:, None])
    assert_allclose(posterior.log_likelihoods().values, LAW.logpdf(times), rtol=1e-12, atol=1e-12)


def test_an_impossible_observation_has_minus_infinity():
    posterior = of_data(lambda theta, t: jnp.where(t < 1.0, 1.0, 0.0) * theta[0], [0.5, 2.0], [[1.0]])
    assert posterior.log_likelihoods().values.tolist() == [[0.0, -np.inf]]


@pytest.mark.parametrize(
    "data",
    [
        TIMES,
        Observations.grouped([0.0, 1.0, 2.0, np.inf], [3, 4, 2]),
        Observations.exact([0.5, 0.7], truncated=([0.1, 0.2], None)) + Observations.right([1.0]),
    ],
    ids=["exact", "grouped", "truncated"],
)
def test_the_weighted_sum_is_the_likelihood(data):
    model = stages(2).model()
    found = of_data(model, data, RATES[:, None]).log_likelihoods()
    whole = [model.log_likelihood(np.array([rate]), data) for rate in RATES]
    assert_allclose(found.values @ found.count, whole, **DIGITS)


def test_a_likelihood_that_is_no_sum_is_refused():
    posterior = of_data(Rates(np.ones(1), np.ones(1)), [1.0, 2.0], [[1.0]])
    with pytest.raises(ValueError, match=r"log_likelihood of Rates.* is no sum over observations"):
        posterior.log_likelihoods()


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Averaged:
    """A likelihood divided by the number of data: no sum either."""

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        return jnp.sum(weights * (jnp.log(theta[0]) - theta[0] * values)) / jnp.sum(weights)


def test_a_mean_log_likelihood_is_refused():
    with pytest.raises(ValueError, match="is -1 at particle 0, but its observations one at a time give -2"):
        of_data(Averaged(), [0.5, 1.5], [[1.0]]).log_likelihoods()


def test_without_a_target_it_says_how_to_attach_one():
    with pytest.raises(ValueError, match=r"log_likelihoods needs the model and data.*with_target"):
        bare([[1.0]]).log_likelihoods()
