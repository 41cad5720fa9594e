"""Derivatives and many-at-once forms of a graph's numbers."""

from fractions import Fraction

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


def seeds_of(graph):
    return np.linspace(0.5, 1.5, graph.vertices_length())


def stranded(graph):
    return graph.find_vertex([0, 0])


#: Gradients by name, with the numbers that they differentiate.
NUMBERS = {
    "moments in steps": (
        lambda g, **how: g.moments_gradient([0.5, 0.25], g.states()[:, 0], discrete=True, **how),
        lambda g: g.moments_discrete(2, g.states()[:, 0]) @ [0.5, 0.25],
    ),
    "mean in steps": (
        lambda g, **how: g.expectation_gradient(discrete=True, **how),
        lambda g: g.expectation_discrete(),
    ),
    "covariance": (
        lambda g, **how: g.covariance_gradient(*g.states().T.astype(float), **how),
        lambda g: g.covariance(*g.states().T.astype(float)),
    ),
    "covariance in steps": (
        lambda g, **how: g.covariance_gradient(*g.states().T.astype(float), discrete=True, **how),
        lambda g: g.covariance_discrete(*g.states().T.astype(float)),
    ),
    "cross-moment": (
        lambda g, **how: g.cross_moment_gradient(g.states().T, **how),
        lambda g: g.cross_moment(g.states().T),
    ),
    "cross-moment in steps": (
        lambda g, **how: g.cross_moment_gradient(g.states().T, discrete=True, **how),
        lambda g: g.cross_moment(g.states().T, discrete=True),
    ),
    "waiting times": (
        lambda g, **how: g.waiting_time_gradient(seeds_of(g), g.states()[:, 0], **how),
        lambda g: g.expected_waiting_time(g.states()[:, 0]) @ seeds_of(g),
    ),
    "residence times": (
        lambda g, **how: g.residence_time_gradient(seeds_of(g), g.states()[:, 0], **how),
        lambda g: g.expected_residence_time(g.states()[:, 0]) @ seeds_of(g),
    ),
    "visits": (
        lambda g, **how: g.visits_gradient(seeds_of(g), **how),
        lambda g: g.expected_visits() @ seeds_of(g),
    ),
    "absorption": (
        lambda g, **how: g.absorption_gradient(stranded(g), seeds_of(g), **how),
        lambda g: g.absorption_probability(stranded(g)) @ seeds_of(g),
    ),
    "Laplace transform": (
        lambda g, **how: g.laplace_gradient(0.7, **how)[0],
        lambda g: g.laplace_transform(0.7),
    ),
}


@pytest.fixture
def steps(rabbits):
    """Rabbits whose weights become probabilities where steps are counted."""
    rabbits.normalize()
    return rabbits


@pytest.mark.parametrize("name", NUMBERS)
def test_value(steps, name):
    gradient, number = NUMBERS[name]
    assert_allclose(gradient(steps).value, number(steps), rtol=1e-13)


@pytest.mark.parametrize("entry", range(3))
@pytest.mark.parametrize("name", NUMBERS)
def test_gradient_equals_differences(steps, name, entry):
    gradient, number = NUMBERS[name]
    found = gradient(steps)
    expected = difference(at_theta(steps, number), THETA, entry)
    assert_allclose(found.theta[entry], expected, rtol=0, atol=DIFFERENCE * abs(found.value))


@pytest.mark.parametrize("name", NUMBERS)
def test_hessian_product_of(steps, name):
    gradient, _ = NUMBERS[name]
    direction = np.array([0.3, -1.0, 0.2])
    found = gradient(steps, direction=direction)
    slopes = at_theta(steps, lambda g: gradient(g).theta)
    expected = sum(direction[i] * difference(slopes, THETA, i) for i in range(3))
    assert_allclose(found.product, expected, rtol=0, atol=1e-7 * abs(found.value))


@pytest.mark.parametrize("name", NUMBERS)
def test_no_direction_no_product(steps, name):
    assert NUMBERS[name][0](steps).product is None


def test_laplace_transform_at_a_complex_number(rabbits):
    reward = rabbits.states()[:, 0].astype(float)
    z = 0.7 + 0.4j
    gradient, in_z = rabbits.laplace_gradient(z, reward)
    assert gradient.value == rabbits.laplace_transform(z, reward)
    expected = [
        difference(at_theta(rabbits, lambda g: g.laplace_transform(z, reward)), THETA, i) for i in range(3)
    ]
    assert_allclose(gradient.theta, expected, atol=DIFFERENCE)
    rabbits.update_parameterized_weights(THETA)
    slope = difference(
        lambda s: rabbits.laplace_transform(complex(s[0], z.imag), reward), np.array([z.real]), 0
    )
    assert_allclose(in_z, slope, atol=DIFFERENCE)


def test_laplace_transform_at_a_complex_number_in_rewards_and_start(rabbits):
    # on the real axis every derivative is that of the real transform
    reward = rabbits.states()[:, 0].astype(float)
    (found, in_z), (real, in_s) = (rabbits.laplace_gradient(s, reward) for s in (0.7 + 0j, 0.7))
    assert_allclose(found.rewards, real.rewards, atol=1e-15)
    assert_allclose(found.initial, real.initial, atol=1e-15)
    assert_allclose(in_z, in_s, atol=1e-15)


def test_a_direction_at_a_complex_number_is_refused(rabbits):
    with pytest.raises(ValueError, match="real s"):
        rabbits.laplace_gradient(1j, direction=THETA)


def test_the_mean_in_the_initial_distribution_is_the_waiting_time(rabbits):
    initial = rabbits.expectation_gradient().initial
    assert_allclose(initial[1:], rabbits.expected_waiting_time()[1:], rtol=1e-14)


def test_defect():
    graph = Graph(1)
    up, down = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(up, 0.75)
    up.add_edge(down, 3.0)
    gradient = graph.defect_gradient()
    assert gradient.value == 0.25
    np.testing.assert_array_equal(gradient.initial[[up.index(), down.index()]], [-1.0, 0.0])


@pytest.mark.parametrize("discrete", [False, True])
def test_the_mean_of_a_reset_chain_of_three_hundred(discrete):
    # up or back at rates u and b: ((1 + b/u)^n - 1) / b, with 1/b and 1/u per step
    n = 300

    def rule(state):
        if not len(state):
            return [([0], 1.0)]
        i = int(state[0])
        return [] if i == n else [([i + 1], [1.0, 0.0]), ([0], [0.0, 1.0])]

    graph = Graph(callback=rule)
    graph.normalize()
    graph.update_parameterized_weights([0.5, 0.5])
    gradient = graph.expectation_gradient(discrete=discrete)
    up, back = Fraction(1, 2), Fraction(1, 2)
    odds = (1 + back / up) ** n
    in_up = -n * odds / (1 + back / up) / up**2
    in_back = n * odds / (1 + back / up) / up / back - (odds - 1) / back**2
    if discrete:  # steps are made at rate u + b
        mean = (odds - 1) / back
        in_up, in_back = in_up * (up + back) + mean, in_back * (up + back) + mean
    assert_allclose(gradient.theta, [float(in_up), float(in_back)], rtol=1e-13)


@pytest.mark.parametrize("name", ["waiting_time_gradient", "residence_time_gradient", "visits_gradient"])
def test_seeds_of_the_wrong_shape_name_both(rabbits, name):
    with pytest.raises(ValueError, match=r"\(2,\).*11"):
        getattr(rabbits, name)([1.0, 2.0])


def test_a_direction_of_the_wrong_length_names_both(rabbits):
    with pytest.raises(ValueError, match=r"direction has 2 entries, but 3"):
        rabbits.expectation_gradient(direction=[1.0, 2.0])


def test_a_direction_that_is_not_finite_is_named(rabbits):
    with pytest.raises(ValueError, match=r"direction\[1\] is nan"):
        rabbits.hessian_product([1.0, np.nan, 1.0])


def test_too_many_rewards_for_a_cross_moment(rabbits):
    with pytest.raises(ValueError, match=r"is 11.* between 1 and 10"):
        rabbits.cross_moment(np.ones((11, rabbits.vertices_length())))


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
