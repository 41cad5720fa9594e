"""Quantiles over epochs are the inverse of the distribution function, at both ends."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Epoch, Graph

from tests import models
from tests.laws.test_epochs import built, schedules

#: Truncation of 1e-12 in the probability, and rounding of the time, which the slope of the curve magnifies.
TOLERANCE = 2e-11


@settings(max_examples=40)
@given(schedules(), st.floats(1e-12, 1.0 - 1e-12))
def test_the_smaller_probability_at_a_quantile_is_that_asked_for(case, p):
    epochs, _, _ = built(*case)
    time = epochs.ppf(p)
    if p <= epochs.defect():
        assert time == 0.0
    elif p < 0.5:
        assert epochs.cdf(time) == pytest.approx(p, rel=TOLERANCE)
    else:
        assert epochs.sf(time) == pytest.approx(1.0 - p, rel=TOLERANCE)


@settings(max_examples=20)
@given(schedules(), st.floats(0.02, 4.0))
def test_a_quantile_gives_the_time_back(case, time):
    epochs, _, _ = built(*case)
    below = epochs.cdf(time)
    # A relative error of the law is one of time, divided by the slope of the logarithm in that of time.
    slope = time * epochs.pdf(time) / min(below, epochs.sf(time))
    found = epochs.ppf(below) if below < 0.5 else epochs.isf(epochs.sf(time))
    assert found == pytest.approx(time, rel=TOLERANCE * (1.0 + 1.0 / slope))


@settings(max_examples=20)
@given(schedules(), st.floats(0.05, 0.95))
def test_one_epoch_has_the_quantiles_of_the_graph(case, p):
    model, _, thetas = case
    graph = model.graph()
    graph.update_parameterized_weights(list(thetas[0]))
    epochs = graph.epochs([(0.0, list(thetas[0]))])
    assert epochs.ppf(p) == pytest.approx(graph.ppf(p), rel=1e-9)


@settings(max_examples=20)
@given(schedules(), st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5))
def test_quantiles_in_an_array_are_each_alone(case, p):
    epochs, _, _ = built(*case)
    assert_allclose(epochs.ppf(p), [epochs.ppf(each) for each in p], rtol=TOLERANCE)


@pytest.fixture(scope="module")
def bottleneck():
    graph = Graph(callback=models.kingman_parameterised, n=5)
    return graph.epochs([(0.0, [1.0]), (0.2, [20.0]), (0.3, [0.5])])


def test_a_tail_of_1e_300(bottleneck):
    assert bottleneck.logsf(bottleneck.isf(1e-300)) == pytest.approx(np.log(1e-300), rel=1e-14)


def test_a_lower_quantile_of_1e_200(bottleneck):
    # Four mergers in a row: 10 · 6 · 3 · 1 t⁴ / 4!, as long as t is small.
    assert bottleneck.ppf(1e-200) == pytest.approx((24 / 180 * 1e-200) ** 0.25, rel=1e-10)


def test_the_ends(bottleneck):
    assert bottleneck.ppf([0.0, 1.0]).tolist() == [0.0, np.inf]
    assert bottleneck.isf([0.0, 1.0]).tolist() == [np.inf, 0.0]


def test_samples_have_the_law(bottleneck):
    drawn = bottleneck.sample(4000, seed=3)
    assert scipy.stats.kstest(drawn, bottleneck.cdf).pvalue > 1e-3
    assert drawn.mean() == pytest.approx(bottleneck.mean(), abs=5 * bottleneck.std() / 4000**0.5)


def test_what_a_map_absorbs_at_once_has_its_start_as_quantile():
    graph = Graph(callback=models.kingman_parameterised, n=2)
    half = Epoch(1.0, [1.0], map=lambda state: [(state, 0.5), ((state[0] - 1,), 0.5)])
    epochs = graph.epochs([(0.0, [1.0]), half])
    inside = np.array([1 - np.exp(-1) + 1e-9, 0.7, 1 - 0.5 * np.exp(-1) - 1e-9])
    assert epochs.ppf(inside).tolist() == [1.0, 1.0, 1.0]
    outside = np.array([0.6, 0.9])
    exact = [-np.log(0.4), 1 + np.log(0.5 * np.exp(-1) / 0.1)]
    assert_allclose(epochs.ppf(outside), exact, rtol=TOLERANCE)


def test_all_that_is_left_may_be_absorbed_by_a_map():
    graph = Graph(callback=models.kingman_parameterised, n=2)
    epochs = graph.epochs([(0.0, [1.0]), Epoch(1.0, [1.0], map=lambda state: (state[0] - 1,))])
    assert epochs.ppf([0.9, 1.0]).tolist() == [1.0, 1.0]
