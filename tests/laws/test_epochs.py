"""Laws of chains whose rates change at fixed times, over random models."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Epoch, Graph

from tests import models, strategies
from tests.reference.epochs import PiecewiseChain, Stage, derivatives

#: Truncation of 1e-12 in each vector, and rounding.
TOLERANCE = 5e-12


@st.composite
def schedules(draw, *, max_states=4):
    """A parameterised model with two or three epochs: the model, starts and thetas."""
    model = draw(strategies.parameterised_models(max_states=max_states, max_parameters=2))
    durations = draw(st.lists(st.floats(0.05, 1.5), min_size=1, max_size=2))
    starts = [0.0, *np.cumsum(durations).tolist()]
    theta = st.tuples(*[st.floats(0.2, 5.0)] * model.p)
    return model, starts, [draw(theta) for _ in starts]


def built(model, starts, thetas):
    """The same as `phasic.Epochs` and as an oracle, and the graph."""
    graph = model.graph()
    epochs = graph.epochs(list(zip(starts, map(list, thetas), strict=True)))
    return epochs, oracle(model, starts, thetas), graph


def oracle(model, starts, thetas):
    numbers = [tuple(map(mpmath.mpf, theta)) for theta in thetas]
    return PiecewiseChain([Stage(start, model, theta) for start, theta in zip(starts, numbers, strict=True)])


def close(found, expected, rtol=TOLERANCE):
    assert_allclose(found, np.array(expected, dtype=float), rtol=rtol, atol=1e-250)


@settings(max_examples=20)
@given(schedules(), st.floats(0.01, 4.0))
def test_density_distribution_and_survival_are_those_of_the_oracle(case, time):
    epochs, exact, _ = built(*case)
    close(epochs.pdf(time), exact.pdf(time))
    close(epochs.cdf(time), exact.cdf(time))
    close(epochs.sf(time), exact.sf(time))


@settings(max_examples=20)
@given(schedules(), st.floats(0.01, 4.0))
def test_occupancy_and_accumulated_time_are_those_of_the_oracle(case, time):
    epochs, exact, graph = built(*case)
    transient = case[0].indices(graph)[: case[0].n]
    close(epochs.state_probability(time)[transient], exact.occupancy(time))
    spent = np.sum(np.array(exact.accumulated(time), dtype=object), axis=0)
    close(epochs.accumulated_visiting_time(time)[transient], spent)


@settings(max_examples=12)
@given(schedules(max_states=3), st.floats(0.05, 3.0), st.data())
def test_moments_of_rewards_are_those_of_the_oracle(case, until, data):
    epochs, exact, graph = built(*case)
    model, starts, _ = case
    rewards = [data.draw(strategies.rewards_for(model.n)) for _ in starts]
    listed = [model.per_vertex(graph, each) for each in rewards]
    close(epochs.moments(3, listed), exact.moments(3, rewards))
    close(epochs.moments(2, listed, until=until), exact.moments(2, rewards, until))
    close(epochs.truncated_moments(until, 2, listed), exact.truncated_moments(until, 2, rewards))


@settings(max_examples=25)
@given(schedules(), st.floats(0.01, 4.0), st.floats(0.01, 4.0))
def test_a_start_between_equal_parameters_changes_nothing(case, time, cut):
    _, starts, thetas = case
    epochs, _, graph = built(*case)
    split = sorted({*starts, cut})
    at = [thetas[int(np.searchsorted(starts, start, side="right")) - 1] for start in split]
    finer = graph.epochs(list(zip(split, map(list, at), strict=True)))
    close(finer.pdf(time), epochs.pdf(time))
    close(finer.cdf(time), epochs.cdf(time))
    close(finer.moments(2), epochs.moments(2))


@settings(max_examples=25)
@given(strategies.parameterised_models(), st.floats(0.01, 4.0))
def test_one_epoch_is_the_plain_graph(model, time):
    graph = model.graph()
    graph.update_parameterized_weights(model.theta)
    epochs = graph.epochs([(0.0, model.theta)])
    close(epochs.pdf(time), graph.pdf(time, rtol=1e-13))
    close(epochs.cdf(time), graph.cdf(time, rtol=1e-13))
    close(epochs.moments(3), graph.moments(3))
    close(epochs.state_probability(time), graph.state_probability(time))
    close(epochs.expected_residence_time(), graph.expected_residence_time())


@settings(max_examples=15)
@given(schedules(), st.floats(0.05, 2.0))
def test_the_density_is_the_derivative_of_the_distribution(case, time):
    _, exact, _ = built(*case)
    epochs = case[0].graph().epochs(list(zip(case[1], map(list, case[2]), strict=True)))
    if min(abs(start - time) for start in case[1]) < 1e-3:
        time += 0.01
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -18
        slope = (exact.cdf(mpmath.mpf(time) + h) - exact.cdf(mpmath.mpf(time) - h)) / (2 * h)
    close(epochs.pdf(time), slope, rtol=1e-10)


def gradient_is_right(gradient, case, number, scale):
    """`scale`: of the terms that a derivative adds up."""
    model, starts, thetas = case
    in_thetas, in_starts = derivatives(lambda t, s: number(oracle(model, s, t)), thetas, starts)
    largest = max(scale, *(np.max(np.abs(each), initial=0.0) for each in (*in_thetas, in_starts)))
    for found, expected in zip((*gradient.thetas, gradient.starts[1:]), (*in_thetas, in_starts), strict=True):
        assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * largest)
    assert gradient.starts[0] == 0.0


@settings(max_examples=6)
@given(schedules(max_states=3))
def test_gradients_of_the_law_are_those_of_the_oracle(case):
    epochs, _, _ = built(*case)
    # Inside the first and the last epoch, away from the starts.
    times = [0.7 * case[1][1], case[1][-1] + 0.6]
    for gradient, name in (
        (epochs.pdf_gradient(times, [1.0, 2.0]), "pdf"),
        (epochs.cdf_gradient(times, [1.0, 2.0]), "cdf"),
        (epochs.sf_gradient(times, [1.0, 2.0]), "sf"),
    ):
        value = lambda c, name=name: getattr(c, name)(times[0]) + 2 * getattr(c, name)(times[1])  # noqa: E731
        gradient_is_right(gradient, case, value, abs(gradient.value))


@settings(max_examples=6)
@given(schedules(max_states=3), st.data())
def test_gradients_of_moments_are_those_of_the_oracle(case, data):
    epochs, _, graph = built(*case)
    model, starts, _ = case
    rewards = [data.draw(strategies.rewards_for(model.n)) for _ in starts]
    listed = [model.per_vertex(graph, each) for each in rewards]
    until = starts[-1] + 0.4

    def both(moments):
        return moments[0] + moments[1] / 2

    seeds = [1.0, 0.5]
    gradient = epochs.moments_gradient(seeds, listed)
    gradient_is_right(gradient, case, lambda c: both(c.moments(2, rewards)), gradient.value)
    gradient = epochs.moments_gradient(seeds, listed, until=until)
    gradient_is_right(gradient, case, lambda c: both(c.moments(2, rewards, until)), gradient.value)
    gradient = epochs.truncated_moments_gradient(until, seeds, listed)
    gradient_is_right(gradient, case, lambda c: both(c.truncated_moments(until, 2, rewards)), gradient.value)


@settings(max_examples=6)
@given(schedules(max_states=3), st.data())
def test_gradients_of_occupancies_are_those_of_the_oracle(case, data):
    epochs, _, graph = built(*case)
    model, starts, _ = case
    seeds = data.draw(strategies.rewards_for(model.n))
    time = starts[-1] + 0.3
    gradient = epochs.state_probability_gradient(time, model.per_vertex(graph, seeds))
    number = lambda c: mpmath.fsum(p * mpmath.mpf(s) for p, s in zip(c.occupancy(time), seeds, strict=True))  # noqa: E731
    gradient_is_right(gradient, case, number, gradient.value)


@settings(max_examples=10)
@given(
    strategies.chains(max_states=3, defect=False),
    strategies.chains(max_states=3),
    st.floats(0.1, 2.0),
    st.data(),
)
def test_a_map_between_two_graphs_is_that_of_the_oracle(first, second, start, data):
    weights = st.lists(st.integers(0, 8), min_size=second.n + second.a, max_size=second.n + second.a)
    table = {}
    for state in range(first.n):
        drawn = data.draw(weights.filter(any))
        table[state] = [(j, w / sum(drawn)) for j, w in enumerate(drawn)]
    before, after = first.graph(), second.graph()
    mapped = lambda state: [(second.label(j), p) for j, p in table[int(state[0]) - 1]]  # noqa: E731
    epochs = before.epochs([(0.0, before), Epoch(start, graph=after, map=mapped)])
    exact = PiecewiseChain([Stage(0.0, first), Stage(start, second, (), table)])
    time, rewards = start + 0.5, [[1] * first.n, [2] * second.n]
    close(epochs.sf(time), exact.sf(time))
    close(epochs.cdf(time), exact.cdf(time))
    listed = [first.per_vertex(before, rewards[0]), second.per_vertex(after, rewards[1])]
    close(epochs.moments(2, listed), exact.moments(2, rewards))
    close(epochs.truncated_moments(time, 2, listed), exact.truncated_moments(time, 2, rewards))
    _, in_starts = derivatives(
        lambda _, s: PiecewiseChain([Stage(s[0], first), Stage(s[1], second, (), table)]).moments(2, rewards)[
            1
        ],
        [[], []],
        [0.0, start],
    )
    gradient = epochs.moments_gradient([0.0, 1.0], listed)
    assert_allclose(gradient.starts[1:], in_starts, rtol=1e-9, atol=1e-10 * gradient.value)
    _, in_starts = derivatives(
        lambda _, s: PiecewiseChain([Stage(s[0], first), Stage(s[1], second, (), table)]).cdf(time),
        [[], []],
        [0.0, start],
    )
    assert_allclose(epochs.cdf_gradient(time).starts[1:], in_starts, rtol=1e-9, atol=1e-10)


@settings(max_examples=6)
@given(strategies.parameterised_models(max_states=3, max_parameters=2), st.floats(0.1, 1.5), st.data())
def test_gradients_through_a_map_that_absorbs_are_those_of_the_oracle(model, start, data):
    weights = st.lists(st.integers(0, 8), min_size=model.n + model.a, max_size=model.n + model.a)
    table = {}
    for state in range(model.n):
        drawn = data.draw(weights.filter(any))
        table[state] = [(j, w / sum(drawn)) for j, w in enumerate(drawn)]
    graph, thetas, starts = model.graph(), [model.theta, model.theta], [0.0, start]
    mapped = lambda state: [(model.label(j), p) for j, p in table[int(state[0]) - 1]]  # noqa: E731
    epochs = graph.epochs([(0.0, model.theta), (start, model.theta, mapped)])
    rewards, time = [[1.5] * model.n] * 2, start + 0.5
    listed = [model.per_vertex(graph, each) for each in rewards]

    def both(chain):
        moments = chain.truncated_moments(time, 2, rewards)
        return moments[0] + moments[1] / 2

    for gradient, number in (
        (epochs.cdf_gradient([start / 2, time], [1.0, 2.0]), lambda c: c.cdf(start / 2) + 2 * c.cdf(time)),
        (epochs.truncated_moments_gradient(time, [1.0, 0.5], listed), both),
        (epochs.moments_gradient([0.0, 1.0], listed), lambda c: c.moments(2, rewards)[1]),
        (epochs.pdf_gradient(time), lambda c: c.pdf(time)),
    ):
        in_thetas, in_starts = derivatives(
            lambda t, s, number=number: number(
                PiecewiseChain([Stage(s[0], model, tuple(t[0])), Stage(s[1], model, tuple(t[1]), table)])
            ),
            thetas,
            starts,
        )
        expected = np.concatenate([*in_thetas, in_starts])
        found = np.concatenate([*gradient.thetas, gradient.starts[1:]])
        largest = max(abs(gradient.value), np.max(np.abs(expected)))
        assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * largest)


@pytest.mark.parametrize("decades", [-3, 2, 4])
def test_scaling_all_rates_scales_time(decades):
    kingman_parameterised = models.kingman_parameterised

    c, graph = 10.0**decades, Graph(callback=kingman_parameterised, n=5)
    plain = graph.epochs([(0.0, [1.0]), (0.5, [3.0])])
    scaled = graph.epochs([(0.0, [c]), (0.5 / c, [3.0 * c])])
    close(scaled.pdf(0.9 / c), c * plain.pdf(0.9))
    close(scaled.moments(2), plain.moments(2) / [c, c * c])
