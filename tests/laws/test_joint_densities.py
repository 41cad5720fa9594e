"""The joint law of two accumulated rewards against closed forms, slow references and its own laws."""

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models, strategies
from tests.reference import reward_densities

#: What is asked for; sums and differences of a few probabilities lose a digit.
ASKED, MET = 1e-10, 1e-9
SLOW = settings(max_examples=15, deadline=None)
VERY_SLOW = settings(max_examples=6, deadline=None)


@st.composite
def pairs(draw, *, apart=False):
    """A random chain with two rewards, neither surely zero; `apart`: no state has both."""
    model = draw(strategies.chains(max_states=4, decades=(0, 0)))
    number = st.sampled_from([0.0, 0.5, 1.0, 3.0])
    rows = np.array([[draw(number) for _ in range(model.n)] for _ in range(2)])
    if apart:
        rows[1, rows[0] > 0] = 0
    graph = model.graph()
    matrix = np.array([model.per_vertex(graph, row) for row in rows])
    means = matrix @ graph.expected_residence_time()
    assume((means > 0).all())
    return model, rows, graph, matrix, means


shares = st.floats(0.1, 2.5)


def alternating(rate1, rate2, again):
    """Downton's (1970) bivariate exponential: two states in turn, one reward for each."""
    edges = [(0, 1, rate1, ()), (1, 0, rate2 * again, ()), (1, 2, rate2 * (1 - again), ())]
    model = models.EdgeModel(2, 1, {0: 1.0}, edges)
    graph = model.graph()
    return graph, np.array([model.per_vertex(graph, row) for row in ([1.0, 0.0], [0.0, 1.0])])


def test_bivariate_exponential_in_all_corners():
    a, b, r = 1.5, 2.0, 0.75
    graph, rewards = alternating(a, b, r)
    y1 = np.array([0.5, 3.0, 0.01, 6.0, 0.0, 0.0, 1e-300, 40.0, 60.0])
    y2 = np.array([0.25, 1.0, 8.0, 4.0, 1.0, 0.0, 1e-300, 1e-3, 0.0])
    with mpmath.workdps(30):
        expected = [
            (1 - r)
            * a
            * b
            * mpmath.exp(-a * u - b * v)
            * mpmath.besseli(0, 2 * mpmath.sqrt(r * a * b * u * v))
            for u, v in zip(map(mpmath.mpf, y1), map(mpmath.mpf, y2), strict=True)
        ]
    found = graph.joint_pdf(y1, y2, rewards)
    assert (np.abs(found.values / np.array(expected, dtype=float) - 1) <= found.errors).all()
    assert found.errors.max() <= ASKED


def test_one_reward_after_the_other():
    model = models.EdgeModel(2, 1, {0: 1.0}, [(0, 1, 3.0, ()), (1, 2, 5.0, ())])
    graph = model.graph()
    rewards = np.array([model.per_vertex(graph, row) for row in ([1.0, 0.0], [0.0, 2.0])])
    y1, y2 = np.array([0.1, 0.5, 4.0])[:, None], np.array([1e-3, 0.7, 9.0])
    first, second = np.exp(-3 * y1), np.exp(-2.5 * y2)
    assert_allclose(graph.joint_pdf(y1, y2, rewards).values, 7.5 * first * second, rtol=1e-12)
    expected = np.expm1(-3 * y1) * np.expm1(-2.5 * y2)
    assert_allclose(graph.joint_cdf(y1, y2, rewards).values, expected, rtol=ASKED)
    assert_allclose(graph.joint_sf(y1, y2, rewards).values, first * second, rtol=ASKED)


def test_singletons_and_doubletons_of_three():
    # Y1 = 3 T3 + T2 and Y2 = T2: a density that jumps to 0 across y1 = y2
    graph = Graph(callback=models.block_counting, n=3)
    live = graph.states().sum(axis=1) > 1
    rewards = np.where(live, graph.states()[:, :2].T, 0).astype(float)
    y1, y2 = np.array([2.0, 1.2, 1.01, 30.0, 0.5, 3.0]), np.array([0.5, 1.0, 1.0, 29.0, 0.6, 2.9])
    expected = np.where(y1 > y2, np.exp(-y1), 0)
    assert_allclose(graph.joint_pdf(y1, y2, rewards).values, expected, rtol=1e-12)
    below = np.minimum(y1, y2)
    distribution = -np.expm1(-below) - np.exp(-y1) * below
    assert_allclose(graph.joint_cdf(y1, y2, rewards).values, distribution, rtol=ASKED)


@pytest.mark.parametrize("n", [4, 5])
def test_branches_with_and_without_doubletons(n):
    model, states = models.explore(models.block_counting, n=n)
    graph = Graph(callback=models.block_counting, n=n)

    def rows(states):
        states = np.array(states, dtype=float)
        total = states.sum(axis=1) * (states.sum(axis=1) > 1)
        return np.array([total * (states[:, 1] > 0), total * (states[:, 1] == 0)])

    first, second = rows(states[: model.n])
    chain = model.dense(exact=True)
    rewards = rows(graph.states())
    for y1, y2 in [(1.5, 1.0), (0.2, 4.0), (6.0, 0.5)]:
        found = graph.joint_pdf(y1, y2, rewards)
        expected = float(reward_densities.joint_pdf(chain, first, second, y1, y2, 18))
        assert abs(float(found.values) / expected - 1) <= max(float(found.errors), 1e-13)
        assert float(found.errors) <= ASKED


@VERY_SLOW
@given(pairs(apart=True), shares, shares)
def test_density_and_distribution_against_many_digits(case, u, v):
    model, rows, graph, rewards, means = case
    y1, y2 = u * means[0], v * means[1]
    chain = model.dense(exact=True)
    density = graph.joint_pdf(y1, y2, rewards)
    if float(density.values) > 0:
        expected = float(reward_densities.joint_pdf(chain, *rows, y1, y2, 14))
        assert abs(float(density.values) / expected - 1) <= max(float(density.errors), 1e-12) <= ASKED
    below = graph.joint_cdf(y1, y2, rewards)
    expected = float(reward_densities.joint_cdf(chain, *rows, y1, y2, 14))
    assert abs(float(below.values) / expected - 1) <= max(float(below.errors), 1e-12) <= MET


@SLOW
@given(pairs(), shares, shares)
def test_the_integral_of_the_density_over_a_rectangle(case, u, v):
    _, _, graph, rewards, means = case
    a, b = np.array([u, 1.1 * u]) * means[0]
    c, d = np.array([v, 1.1 * v]) * means[1]
    # No kink and no mass inside
    slopes = rewards[1, rewards[0] > 0] / rewards[0, rewards[0] > 0]
    assume(not ((slopes >= c / b) & (slopes <= d / a)).any())
    corners = graph.joint_cdf([a, b, a, b], [c, c, d, d], rewards).values
    x, weights = np.polynomial.legendre.leggauss(10)
    y1, y2 = (a + b) / 2 + (b - a) / 2 * x, (c + d) / 2 + (d - c) / 2 * x
    density = graph.joint_pdf(y1[:, None], y2, rewards).values
    integral = weights @ density @ weights * (b - a) * (d - c) / 4
    assert corners @ [1, -1, -1, 1] == pytest.approx(integral, rel=1e-9, abs=1e-9)


@SLOW
@given(pairs(), shares, shares)
def test_both_complements(case, u, v):
    _, _, graph, rewards, means = case
    y1, y2 = u * means[0], v * means[1]
    below, above = (f(y1, y2, rewards).values for f in (graph.joint_cdf, graph.joint_sf))
    expected = graph.sf_reward(y1, rewards[0]) - graph.cdf_reward(y2, rewards[1]) + below
    assert above == pytest.approx(expected, abs=MET)


@SLOW
@given(pairs(), shares)
def test_marginals(case, u):
    _, _, graph, rewards, means = case
    y1, y2 = u * means[0], u * means[1]
    found = graph.joint_cdf([y1, y1, np.inf, np.inf], [np.inf, 1e3 * means[1], y2, np.inf], rewards)
    first, second = graph.cdf_reward(y1, rewards[0]), graph.cdf_reward(y2, rewards[1])
    # Beyond a thousand means of a chain of four states is at most exp(-100)
    assert_allclose(found.values, [first, first, second, 1], rtol=MET)
    nothing = [graph.joint_pdf(np.inf, y2, rewards).values, graph.joint_sf(y1, np.inf, rewards).values]
    assert nothing == [0, 0]


@SLOW
@given(pairs(), shares, shares)
def test_swapped_rewards(case, u, v):
    _, _, graph, rewards, means = case
    y1, y2 = u * means[0], v * means[1]
    assume(not np.isclose(rewards[0] * y2, rewards[1] * y1, rtol=1e-12)[rewards[0] > 0].any())
    for law in (graph.joint_pdf, graph.joint_cdf, graph.joint_sf):
        assert_allclose(law(y1, y2, rewards).values, law(y2, y1, rewards[::-1]).values, rtol=MET)


@SLOW
@given(pairs(), shares, shares, st.floats(0.01, 100.0))
def test_scaled_rewards(case, u, v, factor):
    _, _, graph, rewards, means = case
    y1, y2 = u * means[0], v * means[1]
    assume(not np.isclose(rewards[0] * y2, rewards[1] * y1, rtol=1e-12)[rewards[0] > 0].any())
    scaled = rewards * np.array([[factor], [1]])
    for law, power in ((graph.joint_pdf, 1), (graph.joint_cdf, 0), (graph.joint_sf, 0)):
        found = law(factor * y1, y2, scaled).values * factor**power
        assert_allclose(law(y1, y2, rewards).values, found, rtol=MET)


@SLOW
@given(pairs())
def test_axes_and_rays(case):
    _, _, graph, rewards, means = case
    atoms, rays = graph.atoms(rewards), graph.joint_rays(rewards)
    origin, first, second = graph.joint_cdf([0, 0, 1e3 * means[0]], [0, 1e3 * means[1], 0], rewards).values
    assert origin == pytest.approx(atoms[0, 0], rel=1e-12)
    assert first == pytest.approx(atoms[0, 0] + atoms[0, 1], rel=MET)
    assert second == pytest.approx(atoms[0, 0] + atoms[1, 0], rel=MET)
    on_axes = [rays.probabilities[rays.directions[:, k] == 0].sum() for k in (0, 1)]
    assert on_axes == pytest.approx([atoms[0, 1], atoms[1, 0]], rel=1e-12)


def test_rays_of_proportional_rewards():
    graph, rewards = alternating(1.5, 2.0, 0.75)
    time = rewards.sum(axis=0)
    proportional = np.array([0.1 * time, 0.3 * time])
    y1 = np.array([0.1, 1.0, 3.0])
    assert (graph.joint_pdf(y1, 3 * y1, proportional).values == 0).all()
    found = graph.joint_cdf(y1, [0.5, 2.0, 20.0], proportional).values
    assert_allclose(found, graph.cdf(np.minimum(y1 / 0.1, np.array([0.5, 2.0, 20.0]) / 0.3)), rtol=MET)
    rays = graph.joint_rays(proportional)
    assert rays.probabilities == pytest.approx([1])
    assert rays.directions[0, 1] == pytest.approx(3 * rays.directions[0, 0])


def test_far_tails():
    graph, rewards = alternating(1.5, 2.0, 0.75)
    # The sum of the two, given as the second, is at least the first: beyond 300 of it both lie
    both = np.array([rewards[0], rewards.sum(axis=0)])
    value = graph.joint_sf(200.0, 1.0, both)
    assert_allclose(value.values, graph.sf_reward(200.0, rewards[0]), rtol=MET)
    assert value.errors <= ASKED


@pytest.mark.parametrize(
    "y1, y2, rows, message",
    [
        (-1.0, 1.0, None, r"y1 is -1.0: it must be at least 0"),
        ([1.0, np.nan], 1.0, None, r"y1\[1\] is nan"),
        (1.0, [2.0, -0.5], None, r"y2\[1\] is -0.5"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], None, r"y1 has shape \(2,\) and y2 \(3,\): they must broadcast"),
        (1.0, 1.0, lambda r: -r, r"rewards\[\d\]\[\d\] is -1.0"),
        (1.0, 1.0, lambda r: r[:1], r"rewards has shape \(1, 4\), but two rows are needed"),
        (1.0, 1.0, lambda r: r[:, 1:], r"rewards has shape \(2, 3\)"),
        (1.0, 1.0, lambda r: r * [[1], [0]], "surely zero"),
    ],
)
def test_bad_arguments(y1, y2, rows, message):
    graph, rewards = alternating(1.5, 2.0, 0.75)
    for law in (graph.joint_pdf, graph.joint_cdf, graph.joint_sf):
        with pytest.raises(ValueError, match=message):
            law(y1, y2, rewards if rows is None else rows(rewards))


def test_a_stiff_chain_is_refused():
    graph, rewards = alternating(1e9, 2e9, 1 - 1e-9)
    with pytest.raises(ValueError, match=r"the joint law of two rewards needs .* too stiff"):
        graph.joint_pdf(1.0, 1.0, rewards)


def test_shapes_broadcast():
    graph, rewards = alternating(1.5, 2.0, 0.75)
    for law in (graph.joint_pdf, graph.joint_cdf, graph.joint_sf):
        assert law(np.ones((3, 1)), np.ones(2), rewards).values.shape == (3, 2)
        assert law(1.0, 2.0, rewards).errors.shape == ()
        assert law([], 2.0, rewards).values.shape == (0,)
