"""Laws of marks on random chains, against enumeration in rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests import strategies
from tests.reference import linear, marks
from tests.reference.continuous import DenseChain

#: Sums, products and quotients of positive numbers; systems of at most six states, at most thirteen solves.
ENTRYWISE = 1e-12


@st.composite
def marked(draw, *, types=None, chains=None, zeros=True):
    """A chain, rewards (types, n) and rates (types,) of marks."""
    model = draw(strategies.chains() if chains is None else chains)
    m = types or draw(st.integers(1, 3))
    rewards = np.array([draw(strategies.rewards_for(model.n, zeros=zeros)) for _ in range(m)])
    rates = np.array([draw(strategies.rates()) for _ in range(m)])
    return model, rewards, rates


def exact_rates(rewards, rates):
    return linear.as_exact(rates)[:, None] * linear.as_exact(rewards)


def at_vertices(model, graph, rewards):
    return np.array([model.per_vertex(graph, row) for row in rewards])


@given(marked())
def test_joint_table(case):
    model, rewards, rates = case
    graph, largest = model.graph(), [3, 2, 2][: len(rates)]
    expected = marks.table(model.dense(exact=True), exact_rates(rewards, rates), largest).astype(float)
    found = graph.table_marked(largest, at_vertices(model, graph, rewards), rates)
    assert_allclose(found, expected, rtol=ENTRYWISE)


@given(marked(chains=strategies.chains(decades=(-8, 8))))
def test_joint_table_of_a_stiff_chain(case):
    model, rewards, rates = case
    graph, largest = model.graph(), [2, 2, 1][: len(rates)]
    expected = marks.table(model.dense(exact=True), exact_rates(rewards, rates), largest).astype(float)
    found = graph.table_marked(largest, at_vertices(model, graph, rewards), rates)
    assert_allclose(found, expected, rtol=ENTRYWISE)


@given(marked(types=2), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=4))
def test_rows_of_counts_are_entries_of_the_table(case, rows):
    model, rewards, rates = case
    graph = model.graph()
    at = at_vertices(model, graph, rewards)
    table = graph.table_marked(4, at, rates)
    assert_allclose(graph.pmf_marked(rows, at, rates), [table[row] for row in rows], rtol=ENTRYWISE)


@given(marked())
def test_marginals(case):
    model, rewards, rates = case
    graph = model.graph()
    dense, each = model.dense(exact=True), exact_rates(rewards, rates)
    expected = [marks.table(dense, [row], [6]).astype(float) for row in each]
    assert_allclose(
        graph.marginals_marked(6, at_vertices(model, graph, rewards), rates), expected, rtol=ENTRYWISE
    )


@given(marked())
def test_totals(case):
    model, rewards, rates = case
    graph = model.graph()
    at, dense, each = at_vertices(model, graph, rewards), model.dense(exact=True), exact_rates(rewards, rates)
    expected = np.cumsum(marks.table(dense, [each.sum(axis=0)], [6])).astype(float)
    assert_allclose(graph.cdf_marked(range(7), at, rates), expected, rtol=ENTRYWISE)
    assert_allclose(
        graph.sf_marked(range(7), at, rates), marks.above(dense, each, 6).astype(float), rtol=ENTRYWISE
    )


@given(strategies.chains(max_states=5), st.sampled_from([0.25, 1.0, 8.0]))
def test_marks_on_time_are_events_of_the_discretised_chain(model, rate):
    graph = model.graph()
    events = graph.discretize(rate)
    expected = events.pmf_discrete(range(10), events.rewards)
    assert_allclose(graph.pmf_marked(range(10), rate=rate), expected, rtol=ENTRYWISE, atol=1e-15)


@given(marked(types=2))
def test_moments(case):
    model, rewards, rates = case
    graph = model.graph()
    Y = model.dense(exact=True).moments(3, exact_rates(rewards, rates).sum(axis=0))
    expected = [Y[0], Y[1] + Y[0], Y[2] + 3 * Y[1] + Y[0]]
    found = graph.moments_marked(3, at_vertices(model, graph, rewards), rates)
    assert_allclose(found, np.array(expected).astype(float), rtol=ENTRYWISE)


def exact_chain(model, theta):
    """The model at rational parameters."""
    edges = [
        (u, v, Fraction(base) + sum((Fraction(c) * t for c, t in zip(row, theta, strict=True)), Fraction(0)))
        for u, v, base, row in model.edges
    ]
    absorbing = range(model.n, model.n + model.a)
    return DenseChain.from_edges(model.initial, edges, range(model.n), absorbing, exact=True)


def exact_pmf(model, theta, rewards, rates, row):
    rates = np.array(rates, dtype=object)[:, None] * np.array(rewards, dtype=object)
    return marks.table(exact_chain(model, theta), rates, row)[row]


@given(
    marked(types=2, chains=strategies.parameterised_models(max_states=4)), st.sampled_from([(0, 0), (2, 1)])
)
def test_gradient_of_a_log_probability(case, row):
    model, rewards, rates = case
    graph = model.graph()
    at = at_vertices(model, graph, rewards)
    theta, rates_at, rewards_at = (linear.as_exact(x) for x in (model.theta, rates, rewards))
    value = exact_pmf(model, theta, rewards_at, rates_at, row)
    if value == 0:
        return
    found, in_rate = graph.log_likelihood_marked_gradient(model.theta, [row], at, rates)
    scale = sum(row) + 1  # of d log p / d log of a rate of marks; the terms of both signs are of that size

    def slopes(function, point):
        return np.array([float(marks.slope(function, list(point), i) / value) for i in range(len(point))])

    in_theta = slopes(lambda x: exact_pmf(model, x, rewards_at, rates_at, row), theta)
    assert_allclose(found.theta, in_theta, rtol=1e-10, atol=1e-11 * (1 + np.abs(in_theta).max()))
    in_rates = slopes(lambda x: exact_pmf(model, theta, rewards_at, x, row), rates_at)
    assert_allclose(in_rate * rates, in_rates * rates, rtol=1e-10, atol=1e-12 * scale)
    first = slopes(lambda x: exact_pmf(model, theta, [x, rewards_at[1]], rates_at, row), rewards_at[0])
    here = found.rewards[0][model.indices(graph)[: model.n]]
    assert_allclose(here, first, rtol=1e-10, atol=1e-11 * (1 + np.abs(first).max()))


@given(marked(chains=strategies.parameterised_models(max_states=4), zeros=False), st.data())
def test_gradients_of_sums(case, data):
    model, rewards, rates = case
    graph = model.graph()
    graph.update_parameterized_weights(model.theta)
    at, m = at_vertices(model, graph, rewards), len(rates)
    rows = data.draw(st.lists(st.tuples(*[st.integers(0, 2)] * m), min_size=1, max_size=3))
    weights = np.arange(1.0, 1 + len(rows))
    likelihood, in_rate = graph.log_likelihood_marked_gradient(model.theta, rows, at, rates, weights=weights)
    seeds = weights / graph.pmf_marked(rows, at, rates)
    sums, sums_in_rate = graph.pmf_marked_gradient(seeds, rows, at, rates)
    assert_allclose(likelihood.theta, sums.theta, rtol=1e-9, atol=1e-10)
    assert_allclose(in_rate, sums_in_rate, rtol=1e-9, atol=1e-10)
    assert likelihood.value == graph.log_likelihood_marked(model.theta, rows, at, rates, weights=weights)
    assert sums.value == pytest.approx(weights.sum(), rel=1e-14)


@given(marked(chains=strategies.parameterised_models(max_states=4)))
def test_gradient_of_moments(case):
    model, rewards, rates = case
    graph = model.graph()
    graph.update_parameterized_weights(model.theta)
    at = at_vertices(model, graph, rewards)
    found, in_rate = graph.moments_marked_gradient([0.5, 0.25], at, rates)
    rates_at, rewards_at = linear.as_exact(rates), linear.as_exact(rewards)

    def value(theta, rates):
        Y = exact_chain(model, theta).moments(2, np.array(rates, dtype=object) @ rewards_at)
        return Y[0] / 2 + (Y[1] + Y[0]) / 4

    theta = linear.as_exact(model.theta)
    in_theta = [float(marks.slope(lambda x: value(x, rates_at), theta, i)) for i in range(len(theta))]
    in_rates = [float(marks.slope(lambda x: value(theta, x), rates_at, i)) for i in range(len(rates))]
    assert found.value == pytest.approx(float(value(theta, rates_at)), rel=ENTRYWISE)
    assert_allclose(found.theta, in_theta, rtol=1e-11, atol=1e-12 * abs(found.value))
    assert_allclose(in_rate, in_rates, rtol=1e-11)
