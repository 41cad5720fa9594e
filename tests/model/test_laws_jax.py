"""Moments and transforms of a model under every transformation of JAX."""

import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph, Observations

from tests import models

THETA = np.array([1.0, 2.0, 4.0])
THETAS = np.array([[1.0, 2.0, 4.0], [0.5, 1.5, 3.0], [2.0, 0.25, 1.0]])
TIMES = np.array([[0.3, 1.0], [2.5, 0.05]])
CENSORED = Observations.exact([0.4, 0.2]) + Observations.right([0.5, 2.0]) + Observations.left([0.6])
SAME = 1e-13


@pytest.fixture(scope="module")
def graph():
    return Graph(callback=models.rabbits_parameterised, n=3)


@pytest.fixture(scope="module")
def model(graph):
    return graph.model()


@pytest.fixture(scope="module")
def rewards(graph):
    return np.random.default_rng(1).uniform(0.1, 2.0, (5, graph.vertices_length()))


def functions(model, rewards):
    """Every function of theta of a model, by name."""
    first, second = rewards[0], rewards[1]
    return {
        "moments": lambda theta: model.moments(theta, 3),
        "moments of a reward": lambda theta: model.moments(theta, 2, first),
        "expectation": lambda theta: model.expectation(theta, first),
        "expectations": lambda theta: model.expectations(theta, rewards),
        "two expectations": lambda theta: model.expectations(theta, rewards[:2]),
        "variance": lambda theta: model.variance(theta),
        "covariance": lambda theta: model.covariance(theta, first, second),
        "laplace": lambda theta: model.laplace(theta, np.array([0.0, 0.5, 3.0]), first),
        "pdf": lambda theta: model.pdf(theta, TIMES),
        "logpdf": lambda theta: model.logpdf(theta, TIMES),
        "cdf": lambda theta: model.cdf(theta, TIMES),
        "logcdf": lambda theta: model.logcdf(theta, TIMES),
        "sf": lambda theta: model.sf(theta, TIMES),
        "logsf": lambda theta: model.logsf(theta, TIMES),
        "hazard": lambda theta: model.hazard(theta, TIMES),
        "log-likelihood": lambda theta: model.log_likelihood(theta, TIMES.ravel()),
        "censored": lambda theta: model.log_likelihood(theta, CENSORED),
    }


NAMES = list(functions(None, np.zeros((2, 1))))


@pytest.fixture(params=NAMES)
def function(request, model, rewards):
    return functions(model, rewards)[request.param]


def test_values_are_those_of_the_graph(graph, model, rewards):
    graph.update_weights(THETA)
    first, second = rewards[0], rewards[1]
    assert_allclose(model.moments(THETA, 3), graph.moments(3), rtol=SAME)
    assert_allclose(model.moments(THETA, 2, first), graph.moments(2, first), rtol=SAME)
    assert_allclose(model.expectation(THETA, first), graph.expectation(first), rtol=SAME)
    assert_allclose(model.expectations(THETA, rewards), graph.expectations(rewards), rtol=SAME)
    assert_allclose(model.variance(THETA), graph.variance(), rtol=SAME)
    assert_allclose(model.covariance(THETA, first, second), graph.covariance(first, second), rtol=SAME)
    s = np.array([[0.0, 0.5], [1.5, 20.0]])
    expected = [[graph.laplace_transform(x, first) for x in row] for row in s]
    assert_allclose(model.laplace(THETA, s, first), expected, rtol=SAME)


def test_functions_of_time_are_those_of_the_graph(graph, model):
    graph.update_weights(THETA)
    for name in ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "hazard"):
        assert_allclose(getattr(model, name)(THETA, TIMES), getattr(graph, name)(TIMES), rtol=1e-9)


def test_gradients_in_time_are_those_of_the_graph(graph, model):
    graph.update_weights(THETA)
    for name in ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf"):
        exact = getattr(graph, f"{name}_gradient")(TIMES.ravel())
        function = getattr(model, name)
        slopes = [jax.grad(function, argnums=1)(THETA, t) for t in TIMES.ravel()]
        assert_allclose(slopes, exact.time, rtol=1e-9)
        assert_allclose(jax.jacrev(function)(THETA, TIMES.ravel()), exact.theta, rtol=1e-8, atol=1e-10)


def test_the_ends_of_time(model):
    ends = jnp.array([0.0, jnp.inf])
    assert_allclose(model.cdf(THETA, ends), [0.0, 1.0])
    assert_allclose(model.logsf(THETA, ends), [0.0, -np.inf])
    assert np.isnan(model.pdf(THETA, -1.0))


def test_gradients_are_those_of_the_graph(graph, model, rewards):
    graph.update_weights(THETA)
    first, second = rewards[0], rewards[1]
    assert_allclose(
        jax.grad(model.expectation)(THETA, first), graph.expectation_gradient(first).theta, rtol=1e-12
    )
    exact = graph.covariance_gradient(first, second)
    assert_allclose(jax.grad(model.covariance)(THETA, first, second), exact.theta, rtol=1e-11)


def test_jit_grad_and_vmap_agree(function):
    reverse = jax.jacrev(function)(THETA)
    scale = np.max(np.abs(reverse))
    for other in (jax.jacfwd(function), jax.jit(jax.jacrev(function)), jax.jit(jax.jacfwd(function))):
        assert_allclose(other(THETA), reverse, rtol=1e-12, atol=1e-13 * scale)
    one_by_one = np.stack([jax.jacrev(function)(theta) for theta in THETAS])
    assert_allclose(jax.jit(jax.vmap(jax.jacrev(function)))(THETAS), one_by_one, rtol=1e-12, atol=1e-13)
    assert_allclose(jax.vmap(function)(THETAS), np.stack([function(theta) for theta in THETAS]), rtol=SAME)


def test_gradients_are_those_of_differences(function):
    step = 1e-5
    for index in range(3):
        moved = np.eye(3)[index] * step
        slope = (np.asarray(function(THETA + moved)) - np.asarray(function(THETA - moved))) / (2 * step)
        exact = np.asarray(jax.jacrev(function)(THETA))[..., index]
        assert_allclose(slope, exact, rtol=1e-6, atol=1e-8)


def test_second_derivatives_in_every_nesting(function):
    exact = jax.jacfwd(jax.jacrev(function))(THETA)
    scale = np.max(np.abs(exact))
    for outer in (jax.jacfwd, jax.jacrev):
        for inner in (jax.jacfwd, jax.jacrev):
            assert_allclose(outer(inner(function))(THETA), exact, rtol=1e-10, atol=1e-12 * scale)
    step = 1e-5
    for index in range(3):
        moved = np.eye(3)[index] * step
        up, down = (np.asarray(jax.jacrev(function)(THETA + sign * moved)) for sign in (1, -1))
        assert_allclose((up - down) / (2 * step), np.asarray(exact)[..., index], rtol=1e-5, atol=1e-7 * scale)


def test_hessians_of_a_batch(function):
    hessian = jax.hessian(function)
    together = jax.jit(jax.vmap(hessian))(THETAS)
    assert_allclose(together, np.stack([hessian(theta) for theta in THETAS]), rtol=1e-10, atol=1e-12)


def density(a, b, t):
    """Of two phases with rates a and b."""
    return a * b * (mpmath.exp(-b * t) - mpmath.exp(-a * t)) / (a - b)


def survival(a, b, t):
    return (a * mpmath.exp(-b * t) - b * mpmath.exp(-a * t)) / (a - b)


@pytest.mark.parametrize("theta", [(3.0, 1.0), (2e5, 1.0), (1e-3, 40.0)])
@pytest.mark.parametrize("unit", [0.02, 0.7, 12.0])
@pytest.mark.parametrize(("name", "function"), [("logpdf", density), ("logsf", survival)])
def test_hessians_against_many_digits(theta, unit, name, function):
    model = Graph(callback=two_phases).model()
    at = np.array([*theta, unit * sum(1 / rate for rate in theta)])
    with mpmath.workdps(80):
        entry = functools.partial(mpmath.diff, lambda *x: mpmath.log(function(*x)), tuple(at))
        exact = np.array([[float(entry(order)) for order in row] for row in ORDERS])
        slopes = [abs(float(entry(tuple(int(k == i) for k in range(3))))) for i in range(3)]
    given = jax.hessian(lambda x: getattr(model, name)(x[:2], x[2]))(at)
    # a second derivative of a logarithm is a difference: relative to its terms
    terms = np.maximum(slopes, 1 / at)
    # in time, of the order of the number of jumps (see Absorption::jet)
    terms[2] = max(terms[2], np.sqrt(max(theta) / at[2]))
    scale = np.maximum(np.abs(exact), np.outer(terms, terms))
    assert np.max(np.abs(given - exact) / scale) < 1e-8
    if name == "logpdf":
        given = jax.hessian(model.log_likelihood)(at[:2], at[2:])
        assert np.max(np.abs(given - exact[:2, :2]) / scale[:2, :2]) < 1e-8


ORDERS = [[tuple(int(k == i) + int(k == j) for k in range(3)) for j in range(3)] for i in range(3)]


def two_phases(state):
    """One phase after the other; theta is their rates."""
    if not len(state):
        return [((2,), 1.0)]
    (left,) = state
    return [((left - 1,), [float(left == 2), float(left == 1)])] if left else []


def test_third_derivatives_are_refused(model):
    with pytest.raises(NotImplementedError, match="third derivatives"):
        jax.jacfwd(jax.hessian(lambda theta: model.moments(theta, 1)))(THETA)


def test_derivatives_in_rewards(graph, model, rewards):
    graph.update_weights(THETA)
    first, second = rewards[0], rewards[1]
    times = jax.grad(model.expectation, argnums=1)(THETA, first)
    assert_allclose(times, graph.expected_residence_time(), rtol=1e-12, atol=1e-14)
    exact = graph.covariance_gradient(first, second).rewards
    got = jax.grad(model.covariance, argnums=(1, 2))(THETA, first, second)
    for given, expected in zip(got, exact, strict=True):
        assert_allclose(given, expected, rtol=1e-11, atol=1e-12)
    jacobian = jax.jacrev(model.expectations, argnums=1)(THETA, rewards)
    for column in range(5):
        assert_allclose(jacobian[column, column], times, rtol=1e-12, atol=1e-14)
        assert np.all(np.delete(jacobian[column], column, axis=0) == 0)


def test_rewards_may_depend_on_theta(model, rewards):
    def total(theta):
        return model.expectation(theta, theta[0] * rewards[0] + theta[1])

    step = 1e-6
    slopes = [(total(THETA + step * e) - total(THETA - step * e)) / (2 * step) for e in np.eye(3)]
    assert_allclose(jax.grad(total)(THETA), slopes, rtol=1e-7)


def test_laplace_is_differentiable_in_s(model):
    first = jax.grad(lambda s: model.laplace(THETA, s))
    assert_allclose(first(0.0), -model.expectation(THETA), rtol=1e-12)
    assert_allclose(jax.grad(first)(0.0), model.moments(THETA, 2)[1], rtol=1e-12)
    mixed = jax.jacfwd(jax.grad(model.laplace), argnums=1)(THETA, 0.7)
    other = jax.jacrev(jax.grad(model.laplace, argnums=1))(THETA, 0.7)
    assert_allclose(mixed, other, rtol=1e-11)


def test_vmap_over_models_rewards_and_theta(rewards):
    slow, fast = (
        Graph(callback=models.rabbits_parameterised, n=3).model(),
        Graph(callback=lambda s: scaled(s, 2.0)).model(),
    )
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), slow, fast)
    both = jax.jit(jax.vmap(lambda model, theta: model.moments(theta, 2, rewards[0])))
    expected = [m.moments(t, 2, rewards[0]) for m, t in zip((slow, fast), THETAS[:2], strict=True)]
    assert_allclose(both(stacked, THETAS[:2]), np.stack(expected), rtol=SAME)


def scaled(state, factor):
    """Rabbits, all rates multiplied."""
    moves = models.rabbits_parameterised(state, n=3)
    return [(to, base, [factor * x for x in c]) for to, base, c in moves] if len(state) else moves


def test_a_negative_rate_is_nan(function):
    assert not np.any(np.isfinite(jax.jit(function)(-THETA)))
    assert np.all(np.isnan(jax.jit(jax.jacrev(function))(-THETA)))


def test_single_precision_stays_single(model, rewards):
    theta = jnp.asarray(THETA, jnp.float32)
    for function in functions(model, rewards.astype(np.float32)).values():
        assert function(theta).dtype == jnp.float32
        assert jax.jacrev(function)(theta).dtype == jnp.float32
        assert jax.hessian(function)(theta).dtype == jnp.float32


def test_moments_of_a_discrete_model():
    graph = Graph(callback=models.erlang_parameterised, k=4)
    model = graph.model(discrete=True)
    theta = np.array([0.25])
    graph.update_weights(theta)
    assert_allclose(model.moments(theta, 3), graph.moments_discrete(3), rtol=SAME)
    assert_allclose(jax.jacrev(model.moments)(theta, 1), [[-4 / 0.25**2]], rtol=1e-12)
    with pytest.raises(ValueError, match="discrete=False"):
        model.laplace(theta, 1.0)


@pytest.mark.parametrize("portable", [False, True])
def test_occupancy(portable):
    graph = Graph(callback=models.rabbits_parameterised, n=3)
    model, theta, n = graph.model(portable=portable), np.array([1.0, 2.0, 0.5]), graph.vertices_length()
    graph.update_weights(theta)
    occupancy = jax.jit(model.occupancy)
    jacobian = jax.jit(jax.jacrev(model.occupancy, argnums=(0, 1)))
    for time in (0.0, 0.3, 2.0):
        assert_allclose(occupancy(theta, time), graph.state_probability(time), rtol=1e-9, atol=1e-13)
        exact = [graph.state_probability_gradient(time, seeds) for seeds in np.eye(n)]
        for found in (jacobian(theta, time), jax.jacfwd(model.occupancy, argnums=(0, 1))(theta, time)):
            assert_allclose(found[0], [each.theta for each in exact], rtol=1e-8, atol=1e-12)
            assert_allclose(found[1], [each.time for each in exact], rtol=1e-8, atol=1e-12)
    several = jax.vmap(model.occupancy, in_axes=(None, 0))(theta, np.array([0.3, np.inf, -1.0, np.nan]))
    assert_allclose(several[:2], [graph.state_probability(0.3), np.zeros(n)], rtol=1e-9, atol=1e-13)
    assert np.isnan(several[2:]).all()
    with pytest.raises(NotImplementedError, match="counts or states"):
        jax.hessian(lambda theta: model.occupancy(theta, 0.3).max())(theta)
    with pytest.raises(ValueError, match=r"jax\.vmap"):
        model.occupancy(theta, [1.0, 2.0])


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("name", ["pdf", "logsf", "cdf", "hazard", "laplace"])
def test_bad_points_leave_the_others_alone(name, portable):
    model = Graph(callback=models.rabbits_parameterised, n=2).model(portable=portable)
    function, theta = getattr(model, name), np.array([1.0, 2.0, 0.5])
    times = np.array([0.3, -1.0, np.nan, 2.0])
    slope, good = jax.jacfwd(function), np.array([0, 3])
    values, slopes = function(theta, times), slope(theta, times)
    assert_allclose(values[good], function(theta, times[good]), rtol=1e-12)
    assert_allclose(slopes[good], slope(theta, times[good]), rtol=1e-11)
    assert np.isnan(values[1:3]).all()
    assert np.isnan(slopes[1:3]).all()


@pytest.mark.parametrize("name", ["pdf", "cdf", "sf", "logpdf", "logsf"])
def test_laws_of_rewards(graph, model, rewards, name):
    graph.update_weights(THETA)
    row = np.where(np.arange(len(rewards[0])) % 4, rewards[0], 0.0)
    y = np.array([[0.2, 1.0], [4.0, 30.0]])
    function = getattr(model, f"{name}_reward")
    assert_allclose(function(THETA, y, row), getattr(graph, f"{name}_reward")(y, row), rtol=1e-9)
    exact = getattr(graph, f"{name}_reward_gradient")(y, row)
    for jacobian in (jax.jacrev(function), jax.jit(jax.jacfwd(function))):
        assert_allclose(jacobian(THETA, y, row), exact.theta, rtol=1e-9, atol=1e-14)
    slopes = jax.vmap(jax.vmap(jax.grad(function, argnums=1), (None, 0, None)), (None, 0, None))
    assert_allclose(slopes(THETA, y, row), exact.time, rtol=1e-9, atol=1e-14)
    with pytest.raises(NotImplementedError, match="laws of rewards"):
        jax.hessian(lambda theta: function(theta, y, row).sum())(THETA)
    with pytest.raises(NotImplementedError, match="laws of rewards"):
        jax.grad(lambda row: function(THETA, y, row).sum())(row)
    assert np.isnan(function(THETA, np.array([-1.0, np.nan, 1.0]), row)).tolist() == [True, True, False]
    assert np.isnan(function(THETA, y, -row)).all()


@pytest.mark.parametrize("rewarded", [False, True])
def test_probabilities_of_counts(rewarded):
    graph = Graph(callback=models.rabbits_parameterised, n=2)
    graph.normalize()
    rewards = np.arange(graph.vertices_length()) % 3 if rewarded else None
    model = graph.model(discrete=True, rewards=rewards)
    theta, counts = np.array([0.2, 0.3, 0.1]), np.array([[4, 5, 6], [7, 8, 11]])
    graph.update_weights(theta)
    for name, of_graph in (
        ("pmf", "pmf_discrete"),
        ("logpmf", "logpmf_discrete"),
        ("cdf_discrete", "cdf_discrete"),
        ("sf_discrete", "sf_discrete"),
    ):
        function = getattr(model, name)
        assert_allclose(function(theta, counts), getattr(graph, of_graph)(counts, rewards), rtol=1e-12)
        exact = getattr(graph, f"{of_graph}_gradient")(counts, rewards).theta
        for jacobian in (jax.jacrev(function), jax.jit(jax.jacfwd(function))):
            assert_allclose(jacobian(theta, counts), exact, rtol=1e-11, atol=1e-13)
        with pytest.raises(NotImplementedError, match="probabilities of counts"):
            jax.hessian(function)(theta, counts)
    assert np.isfinite(model.pmf(theta, [4, 2.5, -1, np.nan, np.inf])).tolist() == [True] + 4 * [False]
    with pytest.raises(ValueError, match="discrete=True"):
        graph.model(discrete=False).pmf(theta, counts)
    hessian = jax.hessian(model.log_likelihood)(theta, counts.ravel() + 1.0)
    step = 1e-5
    slope = jax.grad(model.log_likelihood)
    differences = [
        (slope(theta + step * e, counts.ravel() + 1.0) - slope(theta - step * e, counts.ravel() + 1.0))
        / (2 * step)
        for e in np.eye(3)
    ]
    assert_allclose(hessian, differences, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: m.moments(np.ones(2), 1), r"theta has shape \(2,\), but the model needs \(3,\)"),
        (lambda m: m.moments(THETA, 0), "power is 0"),
        (lambda m: m.moments(THETA, 1, np.ones(4)), r"rewards has shape \(4,\), but the model needs"),
        (lambda m: m.expectations(THETA, np.ones(4)), "a row for each"),
        (lambda m: m.covariance(THETA, np.ones(4), np.ones(4)), "rewards has shape"),
    ],
)
def test_wrong_shapes_are_refused_with_both_shapes(model, ask, message):
    with pytest.raises(ValueError, match=message):
        ask(model)
    with pytest.raises(ValueError, match=message):
        jax.jit(lambda: ask(model))()
