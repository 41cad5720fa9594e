"""Likelihoods of censored data and their gradients, against many digits and against sums."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph, Observations

from tests import strategies
from tests.laws.test_likelihoods import event_models, padded, two_demes
from tests.reference import adapters, likelihood
from tests.reference.continuous import DenseChain

RTOL = 1e-10  # the default
INF = np.inf
EVENTS = [
    (1.0, 1.0),
    (1e-3, INF),
    (2.0, INF),
    (30.0, INF),
    (-INF, 1e-3),
    (-INF, 1.0),
    (-INF, 20.0),
    (0.0, 1.0),
    (0.5, 1.5),
    (1.0, 1.1),
    (1.0, 1.0 + 1e-6),
    (20.0, 20.001),
    (20.0, 30.0),
    (1e-4, 1.0001e-4),
    (1e-4, 1e-2),
    (1e-3, 25.0),
]


def precise_log(graph, theta, lower, upper):
    """ln P(lower < T ≤ upper), or ln f at equal bounds, at a theta of rationals, to 45 digits."""
    transient, absorbing = adapters.vertices_by_kind(graph)
    edges = [
        (u, v, Fraction(base) + sum(Fraction(c) * x for c, x in zip(coefficients, theta, strict=False)))
        for u, v, base, coefficients in adapters.parameterised_edges(graph)
    ]
    initial = adapters.initial_distribution(graph)
    chain = DenseChain.from_edges(initial, edges, transient, absorbing, exact=True)
    with mpmath.workdps(90):
        if lower == upper:
            return mpmath.log(chain.precise_pdf(lower, digits=60))
        if upper == INF:
            return mpmath.log(chain.precise_sf(lower, digits=60))
        if lower == -INF:
            return mpmath.log(chain.precise_cdf(upper, digits=60))
        return mpmath.log(chain.precise_sf(lower, digits=60) - chain.precise_sf(upper, digits=60))


def precise_slope(graph, theta, lower, upper, k):
    """Central difference at 60 digits: a step of 1e-15 leaves an error of 1e-30."""
    h = theta[k] / 10**15
    up, down = ([x + sign * h * (i == k) for i, x in enumerate(theta)] for sign in (1, -1))
    with mpmath.workdps(90):
        change = precise_log(graph, up, lower, upper) - precise_log(graph, down, lower, upper)
        return float(change / (2 * mpmath.mpf(h.numerator) / h.denominator))


@pytest.mark.parametrize("event", EVENTS, ids=str)
@pytest.mark.parametrize("migration", [1e-3, 0.3, 1e3])
def test_value_and_gradient_of_two_demes(migration, event):
    graph, theta = two_demes(migration)
    exact = [Fraction(x) for x in theta]
    seen = Observations.interval([event[0]], [event[1]])
    expected = float(precise_log(graph, exact, *event))
    slopes = [precise_slope(graph, exact, *event, k) for k in range(2)]
    # relative to the logarithm itself and to each of its derivatives, however small they are
    assert_allclose(graph.log_likelihood(theta, seen), expected, rtol=RTOL)
    assert_allclose(graph.log_likelihood_gradient(theta, seen), slopes, rtol=RTOL)


@settings(max_examples=25)
@given(strategies.parameterised_models(max_states=4), st.tuples(*[st.floats(1e-3, 8.0)] * 2))
def test_an_interval_of_a_random_model(model, units):
    graph, theta = model.graph(), [Fraction(x) for x in model.theta]
    lower, upper = sorted(np.array(units) * float(model.dense(model.theta).expectation()))
    seen = Observations.interval([lower], [upper])
    expected = float(precise_log(graph, theta, lower, upper))
    assert_allclose(graph.log_likelihood(model.theta, seen), expected, rtol=RTOL, atol=RTOL)
    slopes = [precise_slope(graph, theta, lower, upper, k) for k in range(model.p)]
    # in units of log theta; derivatives in single parameters can cancel to next to nothing
    scale = max(np.abs(slopes).max(), 1.0)
    assert_allclose(graph.log_likelihood_gradient(model.theta, seen), slopes, rtol=0, atol=1e-9 * scale)


@settings(max_examples=25)
@given(strategies.parameterised_models(), st.tuples(*[st.floats(1e-2, 8.0)] * 4))
def test_a_gradient_of_mixed_forms_is_the_sum_of_their_own(model, units):
    graph, mean = model.graph(), float(model.dense(model.theta).expectation())
    a, b, c, d = np.sort(units) * mean
    forms = [
        Observations.exact([a, d], weights=[2.0, 0.5]),
        Observations.right([b], truncated=(a, None)) if b > a else Observations.right([b]),
        Observations.left([c], weights=[3.0]),
        Observations.interval([a], [d]),
    ]
    together = graph.log_likelihood_gradient(model.theta, forms[0] + forms[1] + forms[2] + forms[3])
    alone = np.array([graph.log_likelihood_gradient(model.theta, form) for form in forms])
    error = np.abs(together - alone.sum(axis=0))
    assert np.all(error <= 1e-8 * np.abs(alone).sum(axis=0) + 1e-10)


@settings(max_examples=25)
@given(strategies.chains(), st.lists(st.floats(1e-3, 8.0), min_size=1, max_size=6, unique=True))
def test_bins_exhaust_the_law(model, units):
    graph = model.graph()
    edges = np.concatenate([[-INF], np.sort(units) * float(model.dense().expectation()), [INF]])
    each = [Observations.interval(edges[i : i + 1], edges[i + 1 : i + 2]) for i in range(len(edges) - 1)]
    total = sum(np.exp(graph.log_likelihood([], bin)) for bin in each)
    assert total == pytest.approx(1.0, rel=len(each) * RTOL)


@settings(max_examples=15)
@given(event_models())
def test_events_of_counts(case):
    graph, theta, reference = case
    arrays, rewards = reference[:-2], reference[-2]
    counts = np.arange(6)

    def pmf(at):
        every = likelihood.log_pmf(padded(at), *arrays, rewards, counts, largest=5, normalized=True)
        return np.exp(np.asarray(every))

    def slopes():
        every = likelihood.log_pmf_jacobian(
            padded(theta), *arrays, rewards, counts, largest=5, normalized=True
        )
        return np.asarray(every)[:, : len(theta)] * pmf(theta)[:, None]

    # P(N ≤ 3), P(1 < N ≤ 4) and P(N > 2), each as a sum of probabilities or what they leave of 1
    events = [
        (Observations.left([3]), slice(0, 4), 1.0),
        (Observations.interval([1], [4]), slice(2, 5), 1.0),
        (Observations.right([2]), slice(0, 3), -1.0),
    ]
    for seen, part, sign in events:
        inside = pmf(theta)[part].sum()
        p = inside if sign > 0 else 1.0 - inside
        if p < 1e-6:
            continue
        assert_allclose(
            graph.log_likelihood(theta, seen, rewards=graph.rewards), np.log(p), rtol=0, atol=1e-14 / p
        )
        expected = sign * slopes()[part].sum(axis=0) / p
        got = graph.log_likelihood_gradient(theta, seen, rewards=graph.rewards)
        assert_allclose(got, expected, rtol=1e-8, atol=1e-13 / p)


def test_a_survival_of_counts_far_in_the_tail():
    # N of n = 2 lineages is geometric: each step is a mutation with probability p = theta / (theta + 1)
    tree = Graph(
        callback=lambda state: [([2], 1.0)] if len(state) == 0 else [([1], 1.0)] if state[0] == 2 else []
    )
    graph = tree.discretize(lambda state: [1.0])
    theta, k = 0.5, 2000
    seen = Observations.right([k])
    p = theta / (theta + 1)
    assert graph.log_likelihood([theta], seen, rewards=graph.rewards) == pytest.approx((k + 1) * np.log(p))
    slope = graph.log_likelihood_gradient([theta], seen, rewards=graph.rewards)
    assert_allclose(slope, [(k + 1) / (theta * (theta + 1))], rtol=1e-12)  # 2000 positive steps
