"""The step interface of older code: exact at every step, whatever its length."""

import math

import numpy as np
import pytest
from phasic import Graph

from tests import models

#: Rounding of a few dozen steps, and truncation of 1e-12 in what they are compared with.
TOLERANCE = 3e-12


@pytest.fixture
def graph():
    graph = Graph(callback=models.rabbits_parameterised, n=3)
    graph.update_parameterized_weights([1.0, 2.0, 4.0])
    return graph


@pytest.mark.parametrize("granularity", [1, 7, 100])
def test_steps_of_any_length_give_the_law(graph, granularity):
    context = graph.distribution_context(granularity)
    while context.time() < 1.0:
        context.step()
    assert context.time() == pytest.approx(1.0, rel=1e-15)
    assert context.pdf() == pytest.approx(graph.pdf(context.time(), rtol=1e-13), rel=TOLERANCE)
    assert context.cdf() == pytest.approx(graph.cdf(context.time(), rtol=1e-13), rel=TOLERANCE)
    np.testing.assert_allclose(
        context.state_probability(), graph.state_probability(context.time()), rtol=TOLERANCE
    )
    np.testing.assert_allclose(
        context.accumulated_visiting_time(), graph.accumulated_visiting_time(context.time()), rtol=TOLERANCE
    )


def test_weights_updated_between_steps(graph):
    thetas = [[1.0, 2.0, 4.0], [3.0, 0.5, 0.1], [0.2, 0.2, 6.0]]
    epochs = graph.epochs([(0.25 * k, theta) for k, theta in enumerate(thetas)])
    context = graph.distribution_context(4)
    for theta in thetas:
        graph.update_parameterized_weights(theta)
        context.step()
    assert context.cdf() == pytest.approx(epochs.cdf(0.75), rel=TOLERANCE)
    assert context.pdf() == pytest.approx(epochs.pdf(0.75), rel=TOLERANCE)


def test_before_the_first_step(graph):
    context = graph.distribution_context()
    assert (context.time(), context.cdf()) == (0.0, 0.0)
    assert context.pdf() == pytest.approx(graph.pdf(0.0), rel=1e-15)
    assert np.all(context.accumulated_visiting_time() == 0.0)


def test_a_step_is_1024th_by_default(graph):
    context = graph.distribution_context()
    context.step()
    assert context.time() == 1 / 1024


def test_the_defect_is_absorbed_from_the_start():
    graph = Graph(callback=models.hyperexponential, probabilities=(0.25, 0.5))
    context = graph.distribution_context(2)
    assert context.cdf() == 0.25
    context.step()
    assert context.cdf() == pytest.approx(graph.cdf(0.5, rtol=1e-13), rel=TOLERANCE)


def test_probabilities_below_the_smallest_double_go_on():
    graph = Graph(callback=models.kingman, n=2)
    context = graph.distribution_context(0.001)
    context.step()
    assert context.pdf() == 0.0
    assert context.cdf() == 1.0


@pytest.mark.parametrize("granularity", [-1, math.nan, math.inf])
def test_bad_granularity(graph, granularity):
    with pytest.raises(ValueError, match="granularity is"):
        graph.distribution_context(granularity)


def test_vertices_added_since(graph):
    context = graph.distribution_context(10)
    graph.find_or_create_vertex([9, 9]).add_edge(graph.find_vertex([0, 0]), 1.0)
    with pytest.raises(ValueError, match="has got vertices"):
        context.step()


@pytest.mark.filterwarnings("ignore:this graph has")
def test_parameters_are_one_at_first():
    graph = Graph(callback=models.rabbits_parameterised)
    context = graph.distribution_context()
    context.step()
    graph.update_weights([1.0, 1.0, 1.0])
    assert context.cdf() == pytest.approx(graph.cdf(context.time()), rel=1e-10)
