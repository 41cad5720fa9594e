"""Rabbit islands: every printed answer of Røikjer, Hobolth & Munch (2022)."""

import numpy as np
import pytest
from phasic import Graph

from tests import models
from tests.reference import truth

PRINTED = 1e-13  # answers are printed with 15 to 16 digits
TOLERANCE = 1e-10  # the default tolerance of pdf, cdf and occupancy


@pytest.fixture
def graph():
    return Graph(callback=models.rabbits, n=2, rates=truth.RABBIT_RATES)


def side(graph, column):
    """Rewards: rabbits on the left (0) or on the right (1)."""
    return graph.states()[:, column].astype(float)


@pytest.mark.parametrize("n", truth.RABBIT_EXPECTATIONS)
def test_expectation(n):
    graph = Graph(callback=models.rabbits, n=n)
    assert graph.expectation() == pytest.approx(float(truth.RABBIT_EXPECTATIONS[n]), rel=PRINTED)


@pytest.mark.parametrize("n", truth.RABBIT_EXPECTATIONS)
def test_expectation_of_the_parameterised_model(n):
    graph = Graph(callback=models.rabbits_parameterised, n=n)
    graph.update_parameterized_weights(truth.RABBIT_RATES)
    assert graph.expectation() == pytest.approx(float(truth.RABBIT_EXPECTATIONS[n]), rel=PRINTED)


@pytest.mark.parametrize("power", [1, 2, 3])
def test_raw_moments(graph, power):
    assert graph.moments(3)[power - 1] == pytest.approx(truth.RABBIT2_MOMENTS[power - 1], rel=PRINTED)


def test_moments_has_one_entry_per_power(graph):
    assert graph.moments(3).shape == (3,)


def test_variance(graph):
    assert graph.variance() == pytest.approx(truth.RABBIT2_VARIANCE, rel=PRINTED)


def test_mean_reward(graph):
    expected = truth.RABBIT2_RIGHT_MOMENTS[0]
    assert graph.expectation(side(graph, 1)) == pytest.approx(expected, rel=PRINTED)


def test_second_moment_of_the_reward(graph):
    expected = truth.RABBIT2_RIGHT_MOMENTS[1]
    assert graph.moments(2, side(graph, 1))[1] == pytest.approx(expected, rel=PRINTED)


def test_probability_of_no_reward(graph):
    defect = graph.reward_transform(side(graph, 1)).defect()
    assert defect == pytest.approx(float(truth.RABBIT2_RIGHT_ZERO), rel=1e-15)  # one rounding


def test_covariance(graph):
    covariance = graph.covariance(side(graph, 0), side(graph, 1))
    assert covariance == pytest.approx(truth.RABBIT2_COVARIANCE, rel=PRINTED)


def test_laplace_transform(graph):
    assert graph.laplace_transform(1.0) == pytest.approx(truth.RABBIT2_LAPLACE_AT_1, rel=PRINTED)


@pytest.mark.parametrize("method", ["state_probability", "stop_probability"])
@pytest.mark.parametrize("state", truth.RABBIT2_OCCUPANCY_AT_0_2)
def test_occupancy(graph, method, state):
    occupancy = getattr(graph, method)(0.2)[graph.find_vertex(list(state)).index()]
    # printed with nine decimals
    assert occupancy == pytest.approx(truth.RABBIT2_OCCUPANCY_AT_0_2[state], abs=5e-10)


@pytest.mark.parametrize("t", truth.RABBIT2_CDF)
def test_cdf(graph, t):
    assert graph.cdf(t) == pytest.approx(truth.RABBIT2_CDF[t], rel=TOLERANCE)


@pytest.mark.parametrize("t", truth.RABBIT2_PDF)
def test_pdf(graph, t):
    assert graph.pdf(t) == pytest.approx(truth.RABBIT2_PDF[t], rel=TOLERANCE)


def test_accumulated_rabbit_time(graph):
    time = graph.accumulated_visiting_time(0.05) @ side(graph, 1)
    assert time == pytest.approx(truth.RABBIT2_RIGHT_TIME_TO_0_05, rel=TOLERANCE)


def test_the_cycle_is_seen(graph):
    assert not graph.is_acyclic()


def test_residence_times_sum_to_the_expectation(graph):
    assert np.sum(graph.expected_residence_time()) == pytest.approx(
        graph.expectation(), rel=1e-15
    )  # six terms
