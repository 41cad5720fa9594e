"""Curves of accumulated rewards, and means given one, against slow references on random chains."""

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models, strategies
from tests.reference import reward_densities

#: What `rtol` asks for, and what the estimate of a contour may be wrong by.
ASKED, MET = 1e-10, 1e-9
SLOW = settings(max_examples=15, deadline=None)


@st.composite
def rewarded(draw, rows):
    model = draw(strategies.chains())
    each = [draw(strategies.rewards_for(model.n)) for _ in range(rows)]
    return model, np.array(each, dtype=float)


def at_vertices(model, graph, rewards):
    return np.array([model.per_vertex(graph, row) for row in rewards])


@SLOW
@given(rewarded(1), st.floats(1e-2, 4.0))
def test_density_against_forty_digits(case, share):
    model, rewards = case
    graph = model.graph()
    row = at_vertices(model, graph, rewards)[0]
    mean = graph.expectation(row)
    assume(mean > 0)
    expected = reward_densities.pdf(model.dense(exact=True), rewards[0], share * mean)
    told = graph.explain_reward("pdf", share * mean, row)
    assert abs(float(told.values / expected) - 1) <= max(float(told.errors), 1e-13) <= MET


@SLOW
@given(rewarded(2))
def test_curves_agree_with_the_transformed_graph(case):
    model, rewards = case
    graph = model.graph()
    rows = at_vertices(model, graph, rewards)
    y = np.array([[0.0, 0.3, np.inf], [20.0, 1.0, 3.0]])
    for name in ("pdf", "cdf", "sf", "logpdf", "logcdf", "logsf"):
        found = getattr(graph, name + "_reward")(y, rows)
        assert found.shape == (2, 2, 3)
        for each, row in zip(found, rows, strict=True):
            if row @ graph.expected_residence_time() == 0:
                continue
            expected = getattr(graph.reward_transform(row), name)(y)
            assert_allclose(each, expected, rtol=MET, atol=MET if name.startswith("log") else 0)


@SLOW
@given(rewarded(1))
def test_a_curve_and_its_complement(case):
    model, rewards = case
    graph = model.graph()
    row = at_vertices(model, graph, rewards)[0]
    y = np.geomspace(1e-3, 30, 12)
    assert_allclose(graph.cdf_reward(y, row) + graph.sf_reward(y, row), 1, rtol=MET)
    assert graph.cdf_reward(0.0, row) == pytest.approx(graph.atoms(row)[0], rel=1e-12, abs=1e-300)


@SLOW
@given(rewarded(3), st.floats(0.05, 3.0))
def test_means_given_a_value(case, share):
    model, rewards = case
    graph = model.graph()
    rows = at_vertices(model, graph, rewards)
    mean = graph.expectation(rows[0])
    assume(mean > 0)
    y = share * mean
    if set(graph.explain_reward("pdf", [y], rows[0]).methods) != {"contour"}:
        return
    values, errors = graph.expectation_given([y], rows[0], rows)
    assert values[0, 0] == pytest.approx(y, rel=MET)
    for k in (1, 2):
        expected = reward_densities.mean_given_value(model.dense(exact=True), rewards[k], rewards[0], y, 20)
        bound = max(errors[k, 0], 1e-13)
        assert bound <= MET
        assert abs(values[k, 0] - float(expected)) <= bound * float(expected)


@pytest.fixture
def coalescent():
    """Kingman's coalescent, n = 5, with rewards of total and external branch length and of the time."""
    graph = Graph(callback=models.block_counting, n=5)
    states = graph.states()
    total = np.where(states.sum(axis=1) > 1, states.sum(axis=1), 0).astype(float)
    external = np.where(states.sum(axis=1) > 1, states[:, 0], 0).astype(float)
    return graph, total, external


def test_tower_rule(coalescent):
    graph, total, external = coalescent
    # Gauss–Laguerre: the density is exp(-y / 2) times a polynomial in that
    x, weights = np.polynomial.laguerre.laggauss(40)
    y = 2 * x
    density = 2 * np.exp(x + np.log(weights) + graph.logpdf_reward(y, total))
    given = graph.expectation_given(y, total, [external, total]).values
    assert given @ density == pytest.approx([graph.expectation(external), graph.expectation(total)], rel=1e-9)


def test_total_branch_length_in_both_tails():
    graph = Graph(callback=models.kingman, n=50)
    lineages = graph.states()[:, 0].astype(float)
    y = np.array([0.5, 2.0, 8.0, 40.0, 400.0, 2000.0])
    with mpmath.workdps(80):
        x = [mpmath.mpf(value) for value in y]
        exact = [mpmath.log(mpmath.mpf(49) / 2) - v / 2 + 48 * mpmath.log(-mpmath.expm1(-v / 2)) for v in x]
        tail = [mpmath.log(-mpmath.expm1(49 * mpmath.log1p(-mpmath.exp(-v / 2)))) for v in x]
    assert_allclose(graph.logpdf_reward(y, lineages), [float(v) for v in exact], rtol=1e-10)
    assert_allclose(graph.logsf_reward(y, lineages), [float(v) for v in tail], rtol=1e-10)


def test_given_the_exact_time():
    # hypoexponential of two stages: given the time t, the first has a density ∝ exp((b - a) u) on (0, t)
    graph = Graph(callback=models.hypoexponential, rates=(1.0, 3.0))
    first = (graph.states()[:, 0] == 1).astype(float)
    t = np.array([0.5, 2.0])
    expected = t / -np.expm1(-2 * t) - 0.5
    assert_allclose(graph.expectation_given(t, None, first).values, expected, rtol=1e-10)


@pytest.mark.parametrize("curve", ["pdf", "cdf", "sf", "logpdf", "logsf"])
def test_gradients_against_differences_of_complex_steps(curve):
    graph = Graph(callback=models.rabbits_parameterised, n=2)
    theta = np.array([1.0, 2.0, 4.0])
    right = graph.states()[:, 1].astype(float)
    y = np.array([0.2, 1.0, 3.0])

    def value(theta, y):
        graph.update_parameterized_weights(theta)
        return getattr(graph, curve + "_reward")(y, right, rtol=1e-13)

    def slope(function, step=1e-3):
        # Richardson: three central differences, error of the sixth power
        d = [(function(h) - function(-h)) / (2 * h) for h in (step, 2 * step, 4 * step)]
        return (64 * d[0] - 20 * d[1] + d[2]) / 45

    graph.update_parameterized_weights(theta)
    found = getattr(graph, curve + "_reward_gradient")(y, right)
    assert_allclose(found.value, value(theta, y), rtol=1e-9)
    for i in range(3):
        unit = np.eye(3)[i]
        expected = slope(lambda h, unit=unit: value(theta + h * unit, y))
        assert_allclose(found.theta[:, i], expected, rtol=1e-7, atol=1e-8)
    assert_allclose(found.time, slope(lambda h: value(theta, y + h)), rtol=1e-7)


def test_a_reward_without_states_is_zero(coalescent):
    graph, total, _ = coalescent
    nothing = 0 * total
    assert_allclose(graph.pdf_reward([0.0, 1.0], nothing), 0)
    assert_allclose(graph.cdf_reward([0.0, 1.0], nothing), 1)
    assert_allclose(graph.sf_reward([0.0, 1.0], nothing), 0)
    with pytest.raises(ValueError, match="surely zero"):
        graph.expectation_given(1.0, nothing, total)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda g, r: g.pdf_reward([1.0, -1.0], r), r"y\[1\] is -1.0: it must be at least 0"),
        (lambda g, r: g.pdf_reward(np.nan, r), r"y is nan: it must be at least 0"),
        (lambda g, r: g.pdf_reward(1.0, -r), r"rewards\[\d+\] is -\d.0: it must be at least 0"),
        (lambda g, r: g.pdf_reward(1.0, [r, -r]), r"rewards\[1\]\[\d+\] is -\d.0: it must be at least 0"),
        (lambda g, r: g.cdf_reward(1.0, r * np.nan), r"rewards\[\d+\] is nan: it must be finite"),
        (lambda g, r: g.atoms(-r), r"rewards\[\d+\] is -\d.0: it must be at least 0"),
        (lambda g, r: g.atom_gradient(-r), r"rewards\[\d+\] is -\d.0: it must be at least 0"),
        (lambda g, r: g.moments_given_zero(1, None, -r), r"zero\[\d+\] is -\d.0: it must be at least 0"),
        (lambda g, r: g.expectation_given(1.0, r, -r), r"rewards\[\d+\] is -\d.0: it must be at least 0"),
        (lambda g, r: g.sf_reward(1.0, r[1:]), r"rewards has shape"),
        (lambda g, r: g.pdf_reward(1.0, r, rtol=1e-20), r"rtol is 1e-20: double precision"),
        (lambda g, r: g.explain_reward("pmf", 1.0, r), r"curve is 'pmf': it must be"),
        (lambda g, r: g.expectation_given(0.0, r, r), r"y\[0\] is 0: it must be positive and finite"),
        (lambda g, r: g.expectation_given(np.inf, r, r), r"y\[0\] is inf: it must be positive and finite"),
        (lambda g, r: g.expectation_given(1.0, -r, r), r"given\[\d+\] is -\d.0: it must be at least 0"),
        (lambda g, r: g.pdf_reward_gradient(1.0, [r, r]), r"one vector is needed"),
    ],
)
def test_bad_input(coalescent, call, message):
    graph, total, _ = coalescent
    with pytest.raises(ValueError, match=message):
        call(graph, total)
