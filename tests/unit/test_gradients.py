"""Derivatives and many-at-once forms of a graph's numbers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models
from tests.reference import truth

THETA = np.array([1.0, 2.0, 4.0])
# differences of fourth order with steps of 1e-3 are right to about 1e-10
DIFFERENCE = 1e-8


@pytest.fixture
def rabbits():
    graph = Graph(callback=models.rabbits_parameterised, n=3)
    graph.update_parameterized_weights(THETA)
    return graph


def difference(value, at, entry, step=1e-3):
    moves = np.zeros((4, at.size))
    moves[:, entry] = np.array([2, 1, -1, -2]) * step
    high, up, down, low = (value(at + move) for move in moves)
    return (8 * (up - down) - (high - low)) / (12 * step)


def at_theta(graph, ask):
    def value(theta):
        graph.update_parameterized_weights(theta)
        return ask(graph)

    return value


@pytest.mark.parametrize("entry", range(3))
def test_expectation(rabbits, entry):
    reward = rabbits.states()[:, 1].astype(float)
    gradient = rabbits.expectation_gradient(reward)
    assert gradient.value == rabbits.expectation(reward)
    expected = difference(at_theta(rabbits, lambda g: g.expectation(reward)), THETA, entry)
    assert_allclose(gradient.theta[entry], expected, rtol=DIFFERENCE)


def test_expectation_in_the_rewards_is_the_residence_time(rabbits):
    gradient = rabbits.expectation_gradient(np.ones(rabbits.vertices_length()))
    assert_allclose(gradient.rewards[0], rabbits.expected_residence_time(), rtol=1e-13)


@pytest.mark.parametrize("entry", range(3))
def test_variance_by_seeds(rabbits, entry):
    mean = rabbits.expectation()
    gradient = rabbits.moments_gradient([-2 * mean, 1.0])
    expected = difference(at_theta(rabbits, lambda g: g.variance()), THETA, entry)
    assert_allclose(gradient.theta[entry], expected, rtol=DIFFERENCE)


@pytest.mark.parametrize("entry", range(3))
def test_covariance(rabbits, entry):
    left, right = rabbits.states().T.astype(float)
    gradient = rabbits.covariance_gradient(left, right)
    assert_allclose(gradient.value, rabbits.covariance(left, right), rtol=1e-12)
    expected = difference(at_theta(rabbits, lambda g: g.covariance(left, right)), THETA, entry)
    assert_allclose(gradient.theta[entry], expected, rtol=DIFFERENCE)


@pytest.mark.parametrize("entry", range(3))
def test_laplace_transform(rabbits, entry):
    gradient, in_s = rabbits.laplace_gradient(0.7)
    assert gradient.value == rabbits.laplace_transform(0.7)
    expected = difference(at_theta(rabbits, lambda g: g.laplace_transform(0.7)), THETA, entry)
    assert_allclose(gradient.theta[entry], expected, rtol=DIFFERENCE)
    rabbits.update_parameterized_weights(THETA)
    slope = difference(lambda s: rabbits.laplace_transform(s[0]), np.array([0.7]), 0)
    assert_allclose(in_s, slope, rtol=DIFFERENCE)


def test_laplace_transform_off_the_real_axis(rabbits):
    shifted = rabbits.laplace_transform(0.7 + 0.4j)
    # |E exp(-zT)| is below its value at the real part, and conjugation mirrors it
    assert abs(shifted) < rabbits.laplace_transform(0.7)
    assert shifted == rabbits.laplace_transform(0.7 - 0.4j).conjugate()
    assert_allclose(rabbits.laplace_transform(0.7 + 0j), rabbits.laplace_transform(0.7), rtol=1e-15)


def test_laplace_transform_of_an_exponential_off_the_real_axis():
    graph = Graph(1)
    up, down = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(up, 1.0)
    up.add_edge(down, 3.0)
    z = 0.2 + 5j
    assert_allclose(graph.laplace_transform(z), 3 / (3 + z), rtol=1e-15)


def test_hessian_product_equals_differences_of_the_gradient(rabbits):
    direction = np.array([0.3, -1.0, 0.2])
    product = rabbits.hessian_product(direction)
    gradient = at_theta(rabbits, lambda g: g.expectation_gradient().theta)
    expected = sum(direction[i] * difference(gradient, THETA, i) for i in range(3))
    assert_allclose(product, expected, rtol=1e-7)


def test_batch_equals_each_theta_alone(rabbits):
    thetas = THETA * np.linspace(0.5, 2.0, 11)[:, None]
    values, gradients = rabbits.expectation_batch(thetas)
    for theta, value, gradient in zip(thetas, values, gradients, strict=True):
        rabbits.update_parameterized_weights(theta)
        alone = rabbits.expectation_gradient()
        assert value == alone.value
        # the two sum over edges in different orders
        assert_allclose(gradient, alone.theta, rtol=1e-12)


def test_covariances_of_the_site_frequency_spectrum():
    graph = Graph(callback=models.block_counting, n=5)
    lengths = graph.states().T[:4].astype(float)
    matrix = graph.covariances(lengths)
    for (i, j), covariance in truth.FU5_COVARIANCES.items():
        assert_allclose(matrix[i - 1, j - 1], float(covariance), rtol=1e-12)
    assert_allclose(graph.expectations(lengths), [2 / i for i in range(1, 5)], rtol=1e-14)


def gamble():
    """Ruin or five coins, from two, at even odds."""

    def rule(state):
        if not len(state):
            return [([2], 1.0)]
        (coins,) = state
        return [] if coins in (0, 5) else [([coins - 1], 1.0), ([coins + 1], 1.0)]

    return Graph(callback=rule)


def test_absorption_probability():
    graph = gamble()
    ruin = graph.absorption_probability(graph.find_vertex([0]))
    coins = graph.states()[1:, 0]
    assert_allclose(ruin[0], 3 / 5, rtol=1e-14)
    assert_allclose(ruin[1:], 1 - coins / 5, rtol=1e-14)


def test_visits():
    graph = gamble()
    visits = graph.expected_visits()
    assert_allclose(visits[graph.find_vertex([5]).index()], 2 / 5, rtol=1e-14)
    assert_allclose(visits[1:].sum(), 1 + 2 * 3, rtol=1e-14)  # the state on entry, and six steps


def test_absorption_probability_of_a_transient_vertex_is_refused():
    graph = gamble()
    with pytest.raises(ValueError, match="not absorbing"):
        graph.absorption_probability(graph.find_vertex([1]))


def test_rewards_of_the_wrong_shape_name_both(rabbits):
    with pytest.raises(ValueError, match=r"\(2, 3\).*11"):
        rabbits.expectations(np.ones((2, 3)))


def test_thetas_of_the_wrong_shape_name_both(rabbits):
    with pytest.raises(ValueError, match=r"\(4, 2\).*3"):
        rabbits.expectation_batch(np.ones((4, 2)))


def test_a_bad_theta_in_a_batch_is_named(rabbits):
    with pytest.raises(ValueError, match="-1"):
        rabbits.expectation_batch(np.array([[1.0, 2.0, 4.0], [-1.0, 2.0, 4.0]]))
