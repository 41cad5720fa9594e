"""Fixed chains with rates over thirty orders of magnitude, entry by entry against exact rationals."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests import stiff

# Sums, products and quotients of positive numbers in 11 to 24 states; measured: at most 2e-15.
ENTRYWISE = 1e-13
SEEDS = range(4)
KINDS = ("cyclic", "dense", "acyclic")


class Case:
    """A chain as a graph and as an exact dense chain, with rewards for its states."""

    def __init__(self, kind, seed):
        self.model = stiff.chain(kind, seed)
        self.exact = self.model.dense(exact=True)
        self.graph = self.model.graph()
        self.rewards = stiff.rewards(self.model, seed)
        self.per_vertex = self.model.per_vertex(self.graph, self.rewards)
        self.transient = self.model.indices(self.graph)[: self.model.n]

    def absorbing(self, column):
        return self.graph.find_vertex(self.model.label(self.model.n + column))


@pytest.fixture(scope="module", params=[(k, s) for k in KINDS for s in SEEDS], ids=lambda p: f"{p[0]}-{p[1]}")
def case(request):
    return Case(*request.param)


def test_the_rates_span_thirty_orders_of_magnitude():
    rates = [rate for kind in KINDS for s in SEEDS for *_, rate, _ in stiff.chain(kind, s).edges]
    assert max(rates) / min(rates) > 1e29


def test_moments(case):
    assert_allclose(case.graph.moments(4), case.exact.moments(4).astype(float), rtol=ENTRYWISE)


def test_moments_of_rewards(case):
    expected = case.exact.moments(4, case.rewards).astype(float)
    assert_allclose(case.graph.moments(4, case.per_vertex), expected, rtol=ENTRYWISE)


def test_cross_moments(case):
    ones = np.ones_like(case.per_vertex)
    expected = float(case.exact.cross_moment(case.rewards, np.ones(case.model.n)))
    assert_allclose(case.graph.cross_moment([case.per_vertex, ones]), expected, rtol=ENTRYWISE)


def test_waiting_times(case):
    waiting = case.graph.expected_waiting_time(case.per_vertex)[case.transient]
    assert_allclose(waiting, case.exact.waiting_times(case.rewards).astype(float), rtol=ENTRYWISE)


def test_residence_times(case):
    residence = case.graph.expected_residence_time(case.per_vertex)[case.transient]
    assert_allclose(residence, case.exact.residence_times(case.rewards).astype(float), rtol=ENTRYWISE)


def test_visits(case):
    visits = case.graph.expected_visits()[case.transient]
    assert_allclose(visits, case.exact.visits().astype(float), rtol=ENTRYWISE)


@pytest.mark.parametrize("column", [0, 1])
def test_absorption_probabilities(case, column):
    probabilities = case.graph.absorption_probability(case.absorbing(column))[case.transient]
    assert_allclose(probabilities, case.exact.absorption(column).astype(float), rtol=ENTRYWISE)


@pytest.mark.parametrize("s", [1e-14, 1e-5, 1.0, 1e6, 1e13])
def test_laplace_transforms(case, s):
    expected = float(case.exact.laplace(Fraction(s), case.rewards))
    assert_allclose(case.graph.laplace_transform(s, case.per_vertex), expected, rtol=ENTRYWISE)


def test_moments_of_the_steps_of_the_jump_chain(case):
    graph = case.model.graph()
    graph.normalize()
    expected = case.model.dense_discrete(normalized=True, exact=True).moments(4, case.rewards)
    assert_allclose(graph.moments_discrete(4, case.per_vertex), expected.astype(float), rtol=ENTRYWISE)


def test_the_mean_in_every_weight(case):
    model = stiff.with_parameters(case.model)
    graph = model.graph()
    graph.update_parameterized_weights(model.theta)
    # one more unit of rate from u to v takes what v waits for in place of what u does
    times, waiting = case.exact.residence_times(), [*case.exact.waiting_times(), *[Fraction(0)] * model.a]
    expected = [times[u] * (waiting[v] - waiting[u]) for u, v, *_ in model.edges]
    mean = case.exact.expectation()
    # A weight changes the mean by at most a few times its own relative change. Derivatives far below
    # mean / weight are differences of such terms, and keep the digits of those; measured 1e-15.
    errors = [
        abs(Fraction(given) - slope) * Fraction(weight) / mean
        for given, slope, weight in zip(
            graph.expectation_gradient().theta.tolist(), expected, model.theta, strict=True
        )
    ]
    assert max(errors) <= ENTRYWISE
