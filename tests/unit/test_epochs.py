"""Chains whose rates change at fixed times: known answers, arguments, and what is refused."""

import math

import numpy as np
import pytest
from phasic import Epoch, Graph

from tests import models
from tests.models_batched import Ancestral, Migration

#: Truncation of 1e-12 in each of a few vectors, and rounding.
TOLERANCE = 5e-12

# Two lineages in a bottleneck: rate 1, then 10 from 0.5 to 0.8, then 1/2.
BOTTLENECK = [(0.0, [1.0]), (0.5, [10.0]), (0.8, [0.5])]


def clock(t):
    """The integral of the pair's rate over the bottleneck."""
    return np.minimum(t, 0.5) + 10 * np.clip(t - 0.5, 0, 0.3) + 0.5 * np.clip(t - 0.8, 0, None)


@pytest.fixture
def pair():
    return Graph(callback=models.kingman_parameterised, n=2)


@pytest.fixture
def bottleneck(pair):
    return pair.epochs(BOTTLENECK)


@pytest.mark.parametrize("t", [0.0, 0.3, 0.5, 0.79, 0.8, 5.0])
def test_survival_of_two_lineages(bottleneck, t):
    assert bottleneck.sf(t) == pytest.approx(np.exp(-clock(t)), rel=TOLERANCE)


@pytest.mark.parametrize(("t", "rate"), [(0.3, 1.0), (0.5, 10.0), (0.7, 10.0), (0.8, 0.5), (5.0, 0.5)])
def test_density_of_two_lineages(bottleneck, t, rate):
    assert bottleneck.pdf(t) == pytest.approx(rate * np.exp(-clock(t)), rel=TOLERANCE)


def test_mean_coalescence_time_of_two_lineages(bottleneck):
    into, out = math.exp(-0.5), math.exp(-3.5)
    mean = (1 - into) + (into - out) / 10 + out / 0.5
    assert bottleneck.expectation() == pytest.approx(mean, rel=TOLERANCE)


def test_log_density_far_below_the_smallest_double(bottleneck):
    assert bottleneck.logpdf(1e4) == pytest.approx(math.log(0.5) - clock(1e4), rel=1e-12)


def test_log_survival_after_a_long_first_epoch(pair):
    epochs = pair.epochs([(0.0, [1.0]), (2000.0, [2.0])])
    assert epochs.logsf(2001.0) == pytest.approx(-2002.0, rel=1e-12)


def test_an_epoch_in_which_nothing_happens(pair):
    epochs = pair.epochs([(0.0, [1.0]), (1.0, [0.0]), (1e9, [1.0])])
    assert epochs.sf(1e9 + 1) == pytest.approx(math.exp(-2), rel=TOLERANCE)
    assert epochs.pdf(5e8) == 0.0


def test_derivatives_of_the_mean_of_two_lineages(bottleneck):
    gradient = bottleneck.expectation_gradient()
    into, out = math.exp(-0.5), math.exp(-3.5)
    # E = 1 − e^{−a x} …, differentiated by hand in the rates (1, 10, 1/2).
    in_rates = [
        0.5 * into - (1 - into) - 0.5 * ((into - out) / 10 + out / 0.5),
        0.3 * out / 10 - (into - out) / 100 - 0.3 * out / 0.5,
        -out / 0.25,
    ]
    np.testing.assert_allclose(np.concatenate(gradient.thetas), in_rates, rtol=1e-10)
    # A later bottleneck: the density is a ↔ 10 over the moved interval.
    assert gradient.starts[0] == 0.0
    assert gradient.starts[2] == pytest.approx(out - 10 * out / 0.5, rel=1e-10)


def test_conditional_mean_given_coalescence_in_the_first_epoch(pair):
    epochs = pair.epochs([(0.0, [2.0]), (1.5, [0.1])])
    given = epochs.truncated_moments(1.5, 1)[0] / epochs.cdf(1.5)
    assert given == pytest.approx(0.5 - 1.5 / (math.exp(3) - 1), rel=TOLERANCE)


@pytest.mark.parametrize("function", ["pdf", "cdf", "sf", "logpdf", "logsf"])
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3)])
def test_an_array_gives_an_array_of_its_shape(bottleneck, function, shape):
    assert getattr(bottleneck, function)(np.full(shape, 0.6)).shape == shape


@pytest.mark.parametrize("function", ["pdf", "cdf", "sf"])
def test_a_scalar_gives_a_float(bottleneck, function):
    assert isinstance(getattr(bottleneck, function)(1), float)


@pytest.mark.parametrize(("function", "limit"), [("pdf", 0.0), ("cdf", 1.0), ("sf", 0.0)])
def test_limits_at_infinity(bottleneck, function, limit):
    assert getattr(bottleneck, function)(math.inf) == limit


@pytest.mark.parametrize("t", [0.3, 0.5, 0.7, 5.0, 1e4])
def test_hazard_of_two_lineages(bottleneck, t):
    rate = 1.0 if t < 0.5 else 10.0 if t < 0.8 else 0.5
    assert bottleneck.hazard(t) == pytest.approx(rate, rel=TOLERANCE)


def test_the_hazard_at_infinity_is_undefined(bottleneck):
    assert math.isnan(bottleneck.hazard(math.inf))


@pytest.mark.parametrize("t", [1e-9, 0.3, 0.7, 5.0, 200.0])
def test_log_distribution_of_two_lineages(bottleneck, t):
    exact = np.log1p(-np.exp(-clock(t))) if clock(t) > 1 else np.log(-np.expm1(-clock(t)))
    assert bottleneck.logcdf(t) == pytest.approx(exact, rel=2 * TOLERANCE)


def test_numbers_of_scipy(bottleneck):
    assert bottleneck.median() == pytest.approx(0.5 + (math.log(2) - 0.5) / 10, rel=TOLERANCE)
    low, high = bottleneck.interval(0.9)
    assert low == pytest.approx(-math.log(0.95), rel=TOLERANCE)
    assert high == pytest.approx(0.5 + (math.log(20) - 0.5) / 10, rel=TOLERANCE)
    assert bottleneck.mean() == bottleneck.expectation()
    assert bottleneck.var() == bottleneck.variance() == pytest.approx(bottleneck.std() ** 2, rel=1e-15)


@pytest.mark.parametrize("function", ["ppf", "isf", "quantile"])
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3)])
def test_quantiles_have_the_shape_of_their_probabilities(bottleneck, function, shape):
    assert getattr(bottleneck, function)(np.full(shape, 0.6)).shape == shape
    assert isinstance(getattr(bottleneck, function)(0.6), float)


@pytest.mark.parametrize("p", [[0.5, 1.5], [0.5, math.nan], [0.1, -0.1]])
def test_a_bad_probability_is_named(bottleneck, p):
    with pytest.raises(ValueError, match=r"p\[1\] is .*from 0 to 1"):
        bottleneck.ppf(p)


def test_quantiles_of_epochs_that_end_before_absorption_is_in_doubt(pair):
    stuck = pair.epochs([(0.0, [1.0]), (1.0, [0.0])])
    assert stuck.ppf(0.5) == pytest.approx(math.log(2), rel=TOLERANCE)
    with pytest.raises(ValueError, match="absorption is not certain"):
        stuck.ppf(0.9)


def test_a_quantile_between_epochs_in_which_nothing_happens(pair):
    epochs = pair.epochs([(0.0, [0.0]), (10.0, [1.0]), (11.0, [0.0]), (1e6, [1.0])])
    half, most = 10 + math.log(2), 1e6 + (math.log(10) - 1)
    np.testing.assert_allclose(epochs.ppf([0.0, 0.5, 0.9]), [0.0, half, most], rtol=TOLERANCE)


def test_equal_seeds_give_equal_samples(bottleneck):
    first = bottleneck.sample(5, seed=1)
    np.testing.assert_array_equal(bottleneck.sample(5, seed=1), first)
    assert not np.array_equal(bottleneck.sample(5, seed=2), first)
    assert bottleneck.sample(0).shape == (0,)
    with pytest.raises(ValueError, match="n is -1"):
        bottleneck.sample(-1)


def test_a_law_of_rewards_is_not_there(bottleneck):
    with pytest.raises(AttributeError, match="pdf_reward"):
        bottleneck.pdf_reward(1.0, [1.0])


def test_nobody_is_anywhere_at_infinity(pair, bottleneck):
    assert bottleneck.state_probability(math.inf).tolist() == [0.0] * pair.vertices_length()


def test_places_at_infinity_where_absorption_never_comes(pair):
    stuck = pair.epochs([(0.0, [1.0]), (1.0, [0.0])])
    with pytest.raises(ValueError, match="absorption is not certain"):
        stuck.state_probability(math.inf)


def test_times_of_several_epochs_in_any_order(bottleneck):
    times = np.array([5.0, 0.1, 0.6, 0.1, math.inf, 0.9])
    alone = [bottleneck.sf(t) for t in times]
    np.testing.assert_allclose(bottleneck.sf(times), alone, rtol=TOLERANCE)


def test_visiting_times_add_up_over_epochs(pair, bottleneck):
    parts = [bottleneck.accumulated_visiting_time(0.9, epoch) for epoch in range(3)]
    np.testing.assert_allclose(bottleneck.accumulated_visiting_time(0.9), np.sum(parts, axis=0), rtol=1e-14)


def test_an_epoch_that_has_not_begun_has_no_visits(bottleneck):
    assert np.all(bottleneck.accumulated_visiting_time(0.4, 2) == 0.0)


def test_many_rewards_at_once_are_each_alone():
    graph = Graph(callback=models.rabbits_parameterised, n=3)
    epochs = graph.epochs([(0.0, [1.0, 2.0, 4.0]), (0.2, [4.0, 1.0, 0.5])])
    rewards = graph.states().T.astype(float)
    alone = [epochs.expectation(row) for row in rewards]
    np.testing.assert_allclose(epochs.expectations(rewards), alone, rtol=1e-13)


def test_rewards_may_differ_between_epochs(pair, bottleneck):
    none, one = np.zeros(pair.vertices_length()), np.ones(pair.vertices_length())
    last = bottleneck.expectation([none, none, one])
    assert last == pytest.approx(math.exp(-3.5) / 0.5, rel=TOLERANCE)


def test_variance(pair):
    assert pair.epochs([(0.0, [2.0]), (1.0, [2.0])]).variance() == pytest.approx(0.25, rel=1e-11)


def test_log_likelihood_is_the_sum_of_log_densities(bottleneck):
    data, weights = [0.2, 0.6, 3.0], [1.0, 0.0, 2.0]
    total = bottleneck.logpdf(0.2) + 2 * bottleneck.logpdf(3.0)
    assert bottleneck.log_likelihood(data, weights=weights) == pytest.approx(total, rel=1e-14)
    gradient = bottleneck.log_likelihood_gradient(data, weights=weights)
    # d/dr of log r − ∫ r: by hand for an observation in the first and two in the last epoch.
    np.testing.assert_allclose(
        np.concatenate(gradient.thetas), [1 - 0.2 - 2 * 0.5, -2 * 0.3, 2 * (2.0 - 2.2)], rtol=1e-9
    )


def test_log_likelihood_gradient_where_the_density_underflows(bottleneck):
    gradient = bottleneck.log_likelihood_gradient([1e4])
    assert gradient.thetas[2][0] == pytest.approx(2.0 - (1e4 - 0.8), rel=1e-10)


# Several graphs


def test_a_split_merges_two_demes():
    """Two lineages in two demes without migration cannot meet before the split."""

    def demes(state):
        if len(state) == 0:
            return [((1, 1), 1.0)]
        i, j = (int(x) for x in state)
        if i + j == 1:
            return []
        moves = [((i - 1, j + 1), [0.0, float(i)])] if i else []
        moves += [((i + 1, j - 1), [0.0, float(j)])] if j else []
        moves += [((i - 1, j), [i * (i - 1) / 2, 0.0])] if i > 1 else []
        return moves + ([((i, j - 1), [j * (j - 1) / 2, 0.0])] if j > 1 else [])

    apart, together = Graph(callback=demes), Graph(callback=models.kingman, n=2)
    epochs = apart.epochs([(0.0, [1.0, 0.0]), (2.0, together, lambda state: (state.sum(),))])
    assert epochs.expectation() == pytest.approx(3.0, rel=TOLERANCE)
    assert epochs.sf(2.0) == pytest.approx(1.0, rel=TOLERANCE)
    assert epochs.sf(3.0) == pytest.approx(math.exp(-1), rel=TOLERANCE)
    with pytest.raises(ValueError, match="different graphs"):
        epochs.accumulated_visiting_time(3.0)


def test_a_pulse_moves_lineages_with_a_probability():
    graph = Graph(callback=models.two_demes, start=(1, 1), migration=0.5)

    def pulse(state):
        """The lineages of the first deme move to the second with probability 1/4 each."""
        i, j = (int(x) for x in state)
        return [((i - k, j + k), math.comb(i, k) * 0.25**k * 0.75 ** (i - k)) for k in range(i + 1)]

    epochs = graph.epochs([(0.0, []), (1.0, graph, pulse)])
    before = graph.state_probability(1.0)
    after = epochs.state_probability(1.0)
    both = [graph.find_vertex(s).index() for s in ([2, 0], [1, 1], [0, 2])]
    matrix = np.array([[0.5625, 0.375, 0.0625], [0.0, 0.75, 0.25], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(after[both], before[both] @ matrix, rtol=TOLERANCE)


def test_a_batched_map_is_the_map_state_by_state():
    before = Graph(callback=Migration(2, 2).batched, batched=True)
    size = before.state_length() // 2
    after = Graph(callback=Ancestral(2, 2).scalar)
    batched = Epoch(1.5, graph=after, map=lambda s: s[:, :size] + s[:, size:], batched=True)
    single = Epoch(1.5, graph=after, map=lambda s: s[:size] + s[size:])
    rewards = [merged(before.states()).T.astype(float), after.states().T.astype(float)]
    found = before.epochs([(0.0, []), batched]).expectations(rewards)
    np.testing.assert_array_equal(found, before.epochs([(0.0, []), single]).expectations(rewards))


def test_a_batched_map_may_give_probabilities():
    graph = Graph(callback=models.kingman, n=3)

    def merge_one_pair(states):
        """With probability 1/4 a pair of lineages merges at once."""
        rows = np.repeat(np.arange(len(states)), 2)
        targets = np.repeat(states, 2, axis=0)
        targets[1::2] -= 1
        return rows, targets, np.tile([0.75, 0.25], len(states))

    epochs = graph.epochs([(0.0, []), Epoch(1.0, map=merge_one_pair, batched=True)])
    before, after = graph.state_probability(1.0), epochs.state_probability(1.0)
    three, two = (graph.find_vertex([k]).index() for k in (3, 2))
    assert after[three] == pytest.approx(0.75 * before[three], rel=TOLERANCE)
    assert after[two] == pytest.approx(0.75 * before[two] + 0.25 * before[three], rel=TOLERANCE)
    assert epochs.cdf(1.0) == pytest.approx(graph.cdf(1.0) + 0.25 * before[two], rel=TOLERANCE)


def test_an_epoch_may_be_a_rule(pair):
    def faster(state):
        if len(state) == 0:
            return [((2,), 1.0)]
        return [((1,), 3.0)] if state[0] == 2 else []

    epochs = pair.epochs([(0.0, [1.0]), (1.0, faster)])
    assert epochs.sf(2.0) == pytest.approx(math.exp(-4), rel=TOLERANCE)


def test_joint_spectrum_counts_every_sample_once():
    before = Graph(callback=Migration(3, 2).batched, batched=True)
    after = Graph(callback=Ancestral(3, 2).batched, batched=True)
    split = Epoch(1.5, graph=after, map=merged, batched=True)
    epochs = before.epochs([(0.0, []), split])
    lengths = epochs.expectations([merged(before.states()).T[1:] * 1.0, after.states().T[1:] * 1.0])
    first, second = np.divmod(np.arange(1, 12), 3)
    # At any time before the root each sample has one ancestor.
    assert first @ lengths == pytest.approx(3 * epochs.expectation(), rel=1e-13)
    assert second @ lengths == pytest.approx(2 * epochs.expectation(), rel=1e-13)


def merged(states):
    size = states.shape[1] // 2
    return states[:, :size] + states[:, size:]


def test_the_epoch_object_outlives_changes_of_the_graph(pair, bottleneck):
    before = bottleneck.pdf(0.6)
    pair.find_or_create_vertex([7]).add_edge(pair.find_vertex([1]), 1.0)
    assert bottleneck.pdf(0.6) == before


# What is refused


@pytest.mark.parametrize(
    ("epochs", "message"),
    [
        ([], "epochs is empty"),
        ([(0.5, [1.0])], r"epochs\[0\] starts at 0.5: the first epoch must start at 0"),
        ([(0.0, [1.0]), (0.0, [2.0])], r"epochs\[1\] starts at 0, but epochs\[0\] at 0"),
        ([(0.0, [1.0]), (2.0, [2.0]), (1.0, [2.0])], r"epochs\[2\] starts at 1, but epochs\[1\] at 2"),
        ([(-1.0, [1.0])], r"the start of epochs\[0\] is -1"),
        ([(0.0, [1.0]), (math.nan, [2.0])], r"the start of epochs\[1\] is NaN"),
        ([(0.0, [1.0]), (math.inf, [2.0])], r"the start of epochs\[1\] is inf"),
        ([(0.0, [1.0, 2.0])], r"epochs\[0\]: theta has shape \(2,\)"),
        ([(0.0, [1.0]), (1.0, [-2.0])], "the weight -2"),
        ([(0.0, [1.0], lambda s: s)], r"epochs\[0\] has a map"),
        ([0.0], r"epochs\[0\] is 0.0: it must be \(start, theta\)"),
        ([("now", [1.0])], r"the start of epochs\[0\] must be a number"),
    ],
)
def test_bad_epochs(pair, epochs, message):
    with pytest.raises(ValueError, match=message):
        pair.epochs(epochs)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda s: [(s, 0.5)], r"gives state \(2\) probabilities that sum to 0.5"),
        (lambda s: [(s, 1.0), ((1,), 1.0)], r"gives state \(2\) probabilities that sum to 2"),
        (lambda s: [(s, -1.0), ((1,), 2.0)], "the map's probabilities"),
        (lambda s: (9,), r"sends state \(2,\) to \(9,\), which is no state"),
        (lambda s: (1, 2), "a state with 1 entries"),
        (lambda s: (1.5,), "not whole numbers"),
        (lambda s: None, "a state with 1 entries"),
    ],
)
def test_bad_maps(pair, rule, message):
    with pytest.raises(ValueError, match=message):
        pair.epochs([(0.0, [1.0]), (1.0, [1.0], rule)])


def test_a_batched_map_of_the_wrong_shape(pair):
    with pytest.raises(ValueError, match="returned shapes"):
        pair.epochs([(0.0, [1.0]), Epoch(1.0, [1.0], map=lambda s: s[:, :0], batched=True)])


def test_an_exception_of_a_map_passes_through(pair):
    with pytest.raises(ZeroDivisionError):
        pair.epochs([(0.0, [1.0]), (1.0, [1.0], lambda s: 1 / 0)])


def test_a_state_that_the_next_graph_lacks(pair):
    three = Graph(callback=models.kingman, n=3)
    with pytest.raises(ValueError, match=r"sends state \(3,\) to \(3,\), which is no state"):
        three.epochs([(0.0, []), Epoch(1.0, [1.0], pair)])


def test_a_state_that_is_absorbing_before_and_not_after():
    short, long = Graph(callback=stop_at_two), Graph(callback=models.kingman, n=3)
    with pytest.raises(ValueError, match=r"state \(2,\) is absorbing before epochs\[1\]"):
        short.epochs([(0.0, []), (1.0, long)])


def stop_at_two(state):
    if len(state) == 0:
        return [((3,), 1.0)]
    return [((2,), 3.0)] if state[0] == 3 else []


def test_absorption_that_never_comes_in_the_last_epoch(pair):
    epochs = pair.epochs([(0.0, [1.0]), (1.0, [0.0])])
    assert epochs.sf(1e6) == pytest.approx(math.exp(-1), rel=TOLERANCE)
    with pytest.raises(ValueError, match="never leave"):
        epochs.expectation()


@pytest.mark.parametrize("time", [-1.0, math.nan])
@pytest.mark.parametrize(
    "function", ["pdf", "cdf", "sf", "state_probability", "accumulated_visiting_time", "cumulative_incidence"]
)
def test_bad_times(bottleneck, function, time):
    with pytest.raises(ValueError, match=r"time is .*it must be at least 0"):
        getattr(bottleneck, function)(time)


def test_higher_moments_of_negative_rewards(pair, bottleneck):
    with pytest.raises(ValueError, match="not negative"):
        bottleneck.moments(2, -np.ones(pair.vertices_length()))


def test_rewards_for_another_number_of_epochs(pair, bottleneck):
    with pytest.raises(ValueError, match="2 epochs, but there are 3"):
        bottleneck.expectation([np.ones(pair.vertices_length())] * 2)


def test_seeds_of_another_shape(bottleneck):
    with pytest.raises(ValueError, match="seeds has shape"):
        bottleneck.pdf_gradient([0.1, 0.2], [1.0])


@pytest.mark.parametrize("epoch", [3, -4])
def test_an_epoch_that_does_not_exist_is_named(bottleneck, epoch):
    with pytest.raises(IndexError, match=f"epoch is {epoch}, but there are 3 epochs"):
        bottleneck.accumulated_visiting_time(0.4, epoch)


def test_epochs_are_counted_from_the_end_as_well(bottleneck):
    last = bottleneck.accumulated_visiting_time(2.0, -1)
    assert np.array_equal(last, bottleneck.accumulated_visiting_time(2.0, 2))


@pytest.mark.parametrize("function", ["log_likelihood", "log_likelihood_gradient"])
def test_a_negative_weight_is_named(bottleneck, function):
    with pytest.raises(ValueError, match=r"weights\[1\] is -1.0: it must be at least 0"):
        getattr(bottleneck, function)([0.2, 0.6], weights=[1.0, -1.0])


def test_survival_of_an_epoch_too_stiff_to_uniformize(pair):
    epochs = pair.epochs([(0.0, [1e8]), (1.0, [1.0])])
    assert epochs.logpdf(2.0) == pytest.approx(-1e8 - 1.0, rel=1e-14)
    assert epochs.sf(2.0) == 0.0


def test_what_no_power_of_two_holds_is_refused(pair):
    with pytest.raises(ValueError, match="jumps"):
        pair.epochs([(0.0, [1e9]), (1.0, [1.0])]).pdf(2.0)


def test_gradients_are_finer_than_values():
    graph = Graph(callback=models.rabbits_parameterised, n=5)
    thetas, seeds = ([3.0, 2.0, 4.0], [1.0, 8.0, 0.5]), np.arange(graph.vertices_length())
    coarse, fine = (graph.epochs(list(zip((0.0, 0.4), thetas, strict=True)), rtol=r) for r in (1e-8, 1e-14))
    for ask in (
        lambda law: law.state_probability_gradient(0.9, seeds),
        lambda law: law.pdf_gradient([0.2, 0.9]),
        lambda law: law.log_likelihood_gradient([0.2, 0.9]),
        lambda law: law.truncated_moments_gradient(0.9, [1.0, 1.0]),
    ):
        found, exact = ask(coarse), ask(fine)
        np.testing.assert_allclose(found.thetas, exact.thetas, rtol=1e-8, atol=1e-9 * abs(exact.value))
        np.testing.assert_allclose(found.starts, exact.starts, rtol=1e-8, atol=1e-9 * abs(exact.value))
