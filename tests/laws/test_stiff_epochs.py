"""Epochs of chains too stiff for uniformization: contours against exponentials in 60 digits, and laws.

Each epoch takes 1e3 to 1e10 jumps of the uniformized chain.
"""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests.laws.test_epochs import oracle
from tests.models import EdgeModel
from tests.reference.epochs import derivatives

# The default tolerance; measured: 2e-13.
VALUES = 1e-10
# Derivatives are relative to the largest, in units of the logarithm of each parameter; measured: 2e-12.
SLOPES = 1e-9


def demes(lineages):
    """Lineages in two demes; theta = (coalescence, migration)."""
    states = [(i, k - i) for k in range(lineages, 1, -1) for i in range(k + 1)]
    place = {state: index for index, state in enumerate(states)}
    edges = []
    for (a, b), index in place.items():
        moves = [((a - 1, b), a * (a - 1) / 2, 0.0), ((a, b - 1), b * (b - 1) / 2, 0.0)]
        moves += [((a - 1, b + 1), 0.0, a), ((a + 1, b - 1), 0.0, 0.5 * b)]
        edges += [
            (index, place.get(to, len(states)), 0.0, (pairs, float(moving)))
            for to, pairs, moving in moves
            if pairs or moving
        ]
    return EdgeModel(len(states), 1, {place[lineages, 0]: 1.0}, edges, 2)


# Three transient states: exponentials in 60 digits are slow.
MODEL = demes(2)
MIGRATION = st.floats(3.0, 9.0).map(lambda power: 10.0**power)


@st.composite
def schedules(draw):
    """One or two epochs, stiff ones and others: the starts, and theta of each."""
    durations = draw(st.lists(st.floats(0.3, 2.0), min_size=0, max_size=1))
    starts = [0.0, *np.cumsum(durations).tolist()]
    stiff = st.tuples(st.floats(0.3, 3.0), MIGRATION)
    calm = st.tuples(st.floats(0.3, 3.0), st.floats(0.3, 3.0))
    thetas = [draw(stiff), *(draw(st.one_of(stiff, calm)) for _ in durations)]
    return starts, thetas


def built(case):
    starts, thetas = case
    graph = MODEL.graph()
    epochs = graph.epochs(list(zip(starts, map(list, thetas), strict=True)))
    return graph, epochs, oracle(MODEL, starts, thetas)


def close(found, expected, rtol=VALUES):
    assert_allclose(found, np.array(expected, dtype=float), rtol=rtol, atol=0)


TIMES = st.floats(0.5, 6.0)


@settings(max_examples=8, deadline=None)
@given(schedules(), TIMES)
def test_curves(case, time):
    _, epochs, exact = built(case)
    close(epochs.pdf(time), exact.pdf(time))
    close(epochs.cdf(time), exact.cdf(time))
    close(epochs.sf(time), exact.sf(time))


@settings(max_examples=8, deadline=None)
@given(schedules(), TIMES)
def test_where_the_chain_is_entry_by_entry(case, time):
    graph, epochs, exact = built(case)
    transient = MODEL.indices(graph)[: MODEL.n]
    close(epochs.state_probability(time)[transient], exact.occupancy(time))
    spent = np.sum(np.array(exact.accumulated(time), dtype=object), axis=0)
    close(epochs.accumulated_visiting_time(time)[transient], spent)


@settings(max_examples=8, deadline=None)
@given(schedules(), TIMES, st.floats(0.0, 2.0))
def test_moments_of_rewards(case, time, reward):
    graph, epochs, exact = built(case)
    rewards = np.linspace(reward, 2.0, MODEL.n)
    listed, each = MODEL.per_vertex(graph, rewards), [rewards.tolist()] * len(epochs)
    close(epochs.moments(3, listed), exact.moments(3, each))
    close(epochs.moments(2, listed, until=time), exact.moments(2, each, time))
    close(epochs.truncated_moments(time, 2, listed), exact.truncated_moments(time, 2, each))


def check_gradient(found, case, number):
    starts, thetas = case
    in_thetas, in_starts = derivatives(
        lambda thetas, starts: number(oracle(MODEL, starts, thetas)), thetas, starts
    )
    by_log = np.array([np.multiply(a, b) for a, b in zip(in_thetas, thetas, strict=True)], dtype=float)
    given_by_log = np.array([np.multiply(a, b) for a, b in zip(found.thetas, thetas, strict=True)])
    size = max(np.abs(by_log).max(), abs(found.value))
    assert_allclose(given_by_log, by_log, rtol=0, atol=SLOPES * size)
    largest = max([size, *(abs(float(slope)) for slope in in_starts)])
    assert_allclose(found.starts[1:], np.array(in_starts, dtype=float), rtol=0, atol=SLOPES * largest)


@settings(max_examples=4, deadline=None)
@given(schedules(), TIMES)
def test_gradients_of_log_likelihoods(case, time):
    _, epochs, _ = built(case)
    data = [time, 0.3 * time]
    check_gradient(
        epochs.log_likelihood_gradient(data),
        case,
        lambda chain: mpmath.fsum(mpmath.log(chain.pdf(t)) for t in data),
    )


@settings(max_examples=4, deadline=None)
@given(schedules(), TIMES)
def test_gradients_of_truncated_moments(case, time):
    graph, epochs, _ = built(case)
    rewards = np.linspace(0.5, 2.0, MODEL.n)
    each = [rewards.tolist()] * len(epochs)
    check_gradient(
        epochs.truncated_moments_gradient(time, [0.5, 2.0], MODEL.per_vertex(graph, rewards)),
        case,
        lambda chain: mpmath.fsum(
            seed * moment
            for seed, moment in zip((0.5, 2.0), chain.truncated_moments(time, 2, each), strict=True)
        ),
    )


@settings(max_examples=10, deadline=None)
@given(schedules(), TIMES)
def test_the_probabilities_and_what_is_absorbed_sum_to_one(case, time):
    _, epochs, _ = built(case)
    assert epochs.state_probability(time).sum() + epochs.cdf(time) == pytest.approx(1.0, abs=VALUES)
    assert epochs.cumulative_incidence(time).sum() == pytest.approx(epochs.cdf(time), rel=VALUES)


@settings(max_examples=10, deadline=None)
@given(schedules(), st.floats(1e-6, 1.0 - 1e-6))
def test_quantiles_are_where_the_smaller_probability_is_that_asked_for(case, p):
    _, epochs, _ = built(case)
    time = epochs.ppf(p)
    if p < 0.5:
        assert epochs.cdf(time) == pytest.approx(p, rel=VALUES)
    else:
        assert epochs.sf(time) == pytest.approx(1.0 - p, rel=VALUES)


@settings(max_examples=10, deadline=None)
@given(MIGRATION, TIMES, st.floats(0.1, 0.9))
def test_two_epochs_of_one_theta_are_one(migration, time, share):
    theta, graph = [1.0, migration], MODEL.graph()
    one, two = graph.epochs([(0.0, theta)]), graph.epochs([(0.0, theta), (share * time, theta)])
    close(two.state_probability(time), one.state_probability(time))
    close(two.accumulated_visiting_time(time), one.accumulated_visiting_time(time))
    close(two.pdf(2 * time), one.pdf(2 * time))


@settings(max_examples=10, deadline=None)
@given(MIGRATION, TIMES)
def test_uniformization_agrees_where_it_can(migration, time):
    theta, graph = [1.0, min(migration, 1e6 / time)], MODEL.graph()
    graph.update_parameterized_weights(theta)
    # One entry a time is not worth a contour: short epochs add up to the long one.
    starts = np.linspace(0.0, time, 1 + int(theta[1] * time / 20), endpoint=False)[:40]
    epochs = graph.epochs([(start, theta) for start in starts.tolist()])
    close(epochs.state_probability(time), graph.state_probability(time))


@settings(max_examples=10, deadline=None)
@given(MIGRATION, TIMES)
def test_the_derivative_of_a_probability_in_time(migration, time):
    graph, theta = MODEL.graph(), (1.0, migration)
    graph.update_parameterized_weights(theta)
    seeds = np.linspace(0.5, 2.0, MODEL.n)
    found = graph.state_probability_gradient(time, MODEL.per_vertex(graph, seeds))

    def number(thetas, starts):
        occupancy = oracle(MODEL, [0.0], thetas[:1]).occupancy(starts[1])
        return mpmath.fsum(seed * p for seed, p in zip(seeds, occupancy, strict=True))

    _, (slope,) = derivatives(number, [theta], [0.0, time])
    assert found.time == pytest.approx(float(slope), abs=SLOPES * found.value)


def test_beyond_all_jumps_only_what_has_no_contour_is_refused():
    # A cycle of sixty states keeps all of its flow: its spectrum leaves no room.
    n = 60
    edges = [(i, (i + 1) % n, 1e9, ()) for i in range(n)] + [(0, n, 1e-3, ())]
    graph = EdgeModel(n, 1, {0: 1.0}, edges).graph()
    with pytest.raises(ValueError, match="jumps"):
        graph.state_probability(1.0)


def test_a_stiff_epoch_in_which_nobody_is_absorbed_has_no_density():
    epochs = MODEL.graph().epochs([(0.0, [0.0, 1e9]), (1.0, [1.0, 1.0])])
    assert epochs.pdf(0.5) == 0.0
    assert epochs.cdf(0.5) == 0.0
    assert epochs.sf(0.5) == pytest.approx(1.0, abs=VALUES)


def test_a_stiff_epoch_after_all_is_absorbed_has_nothing():
    graph = MODEL.graph()
    gone = graph.epochs([(0.0, [1.0, 1.0]), (1.0, [1.0, 1e9], lambda state: [MODEL.n + 1])])
    assert gone.state_probability(2.0).sum() == 0.0
    assert gone.cdf(2.0) == pytest.approx(1.0, abs=VALUES)
