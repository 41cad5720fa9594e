"""The predictive check: right models pass, wrong ones are flagged, and the p-value means what it says."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph, Observations
from scipy import stats

from tests.svgd.posteriors import conjugate, of_data, stages, trials

# Of a right model one in a hundred checks fails by chance; the seeds are fixed.


def erlang(k, n, seed, rate=2.0):
    return np.random.default_rng(seed).gamma(k, 1.0 / rate, size=n)


@pytest.fixture(scope="module")
def at_one_theta():
    """The check of 200 data at one theta, and their transforms by hand."""
    data = erlang(2, 200, 1)
    check = of_data(stages(2).model(), data, [[2.1]]).predictive_check()
    return check, stats.gamma(2, scale=1 / 2.1).cdf(data)


def test_the_statistic_is_the_distance_of_kolmogorov_and_smirnov(at_one_theta):
    check, pit = at_one_theta
    assert check.statistic == pytest.approx(stats.kstest(pit, "uniform").statistic, rel=1e-9)


def test_the_p_value_joins_two_tests(at_one_theta):
    check, pit = at_one_theta
    moments = [np.sqrt(2 * k + 1) * np.polynomial.Legendre.basis(k)(2 * pit - 1).sum() for k in range(1, 5)]
    both = [stats.kstest(pit, "uniform").pvalue, stats.chi2(4).sf(np.sum(np.square(moments)) / 200)]
    wanted = stats.cauchy.sf(np.mean(stats.cauchy.isf(both)))
    # The limiting law of the distance with Stephens' correction is 1.3 % off the exact one for 200 data.
    assert check.p_value == pytest.approx(wanted, rel=0.02)


def test_the_transforms_are_those_of_the_predictive_law():
    data, rates = np.array([0.5, 1.5, 0.1]), np.array([1.0, 2.0])
    check = of_data(stages(2).model(), data, rates[:, None]).predictive_check()
    wanted = stats.gamma(2, scale=1 / rates[:, None]).cdf(np.sort(data)).mean(axis=0)
    assert_allclose(check.pit, wanted, rtol=1e-9)


def test_a_right_model_passes():
    check = conjugate(2, erlang(2, 300, 2)).predictive_check()
    assert check.passed
    assert str(check).startswith("no misfit found: largest gap 0.0")


@pytest.mark.parametrize("fitted", [1, 3, 4])
def test_a_wrong_number_of_stages_is_flagged(fitted):
    checks = [conjugate(fitted, erlang(2, 400, seed)).predictive_check() for seed in range(20)]
    # Three stages for two are found in 995 of 1,000 data sets of this size: fewer than 18 of 20 are 1 in 1e4.
    assert sum(not check.passed for check in checks) >= 18


def test_the_reason_says_where_data_and_model_part():
    check = conjugate(1, erlang(3, 300, 4)).predictive_check()
    assert not check.passed
    assert check.reason.startswith("the model does not fit: largest gap 0.2")
    assert check.reason.endswith("of what the posterior predicts")
    assert "over 300 observations" in check.reason


def test_the_p_value_is_calibrated():
    # 100 right models whose rate comes from the prior. A uniform p-value is below 0.05 five times in the
    # mean, and more than 14 times with a probability of 1e-4; the combined one may be slightly more often.
    random = np.random.default_rng(5)
    model = stages(1).model()
    p_values = []
    for _ in range(100):
        data = random.exponential(1.0 / (random.gamma(20.0) / 20.0), size=40)
        levels = (np.arange(32) + 0.5) / 32
        particles = stats.gamma.ppf(levels, 60.0, scale=1.0 / (20.0 + data.sum()))
        p_values.append(of_data(model, data, particles[:, None]).predictive_check().p_value)
    assert np.sum(np.less(p_values, 0.05)) <= 14
    # And it is not conservative, as a posterior predictive p-value is, which stays near one half.
    assert np.sum(np.less(p_values, 0.3)) >= 15


CENSORED = {
    "right": lambda t: Observations.exact(t[t <= 1.0]) + Observations.right(np.ones(np.sum(t > 1.0))),
    "left": lambda t: Observations.exact(t[t > 0.5]) + Observations.left(np.full(np.sum(t <= 0.5), 0.5)),
    "interval": lambda t: Observations.interval(np.floor(4 * t) / 4, np.floor(4 * t) / 4 + 0.25),
    "grouped": lambda t: Observations.grouped(
        [0.0, 0.5, 1.0, 2.0, np.inf], np.histogram(t, [0.0, 0.5, 1.0, 2.0, 1e9])[0]
    ),
    "truncated": lambda t: Observations.exact(t[(t > 0.05) & (t <= 3.0)], truncated=(0.05, 3.0)),
}


@pytest.mark.parametrize("form", CENSORED)
@pytest.mark.parametrize(("fitted", "passes"), [(2, True), (1, False)])
def test_censored_data(form, fitted, passes):
    seen = CENSORED[form](erlang(2, 600, 6))
    # The rate that makes the mean right, known to 3 %.
    particles = 2.0 * fitted / 2 * (1.0 + 0.03 * stats.norm.ppf((np.arange(32) + 0.5) / 32))
    assert of_data(stages(fitted).model(), seen, particles[:, None]).predictive_check().passed is passes


def test_a_few_stray_particles_decide_nothing():
    data = erlang(2, 300, 2)
    levels = (np.arange(64) + 0.5) / 64
    particles = stats.gamma.ppf(levels, 600, scale=1.0 / data.sum())
    strays = np.where(levels < 0.2, 3.0 * particles, particles)
    right, strayed = (
        of_data(stages(2).model(), data, rates[:, None]).predictive_check().p_value
        for rates in (particles, strays)
    )
    assert strayed == pytest.approx(right, abs=0.2)
    assert strayed > 0.1


def test_no_single_draw_of_what_is_censored_decides():
    times = erlang(2, 200, 11)
    seen = Observations.exact(times[times <= 1.0]) + Observations.right(np.ones(np.sum(times > 1.0)))
    particles = 2.0 * (1.0 + 0.05 * stats.norm.ppf((np.arange(64) + 0.5) / 64))
    posterior = of_data(stages(2).model(), seen, particles[:, None])
    p_values = [posterior.predictive_check(seed=seed).p_value for seed in range(8)]
    assert np.ptp(p_values) < 0.1


@pytest.mark.parametrize(("success", "passes"), [(0.3, True), (0.5, False)])
def test_counts(success, passes):
    data = np.random.default_rng(7).geometric(0.3, size=300).astype(float)
    check = of_data(trials().model(discrete=True), data, [[success]]).predictive_check()
    assert check.passed is passes


def test_counts_lie_between_their_bounds():
    check = of_data(trials().model(discrete=True), [1.0, 1.0, 2.0], [[0.5]]).predictive_check()
    assert check.pit[1] < 0.5 < check.pit[2] < 0.75
    assert check.pit[0] != check.pit[1]


def test_the_seed_decides_where():
    posterior = of_data(trials().model(discrete=True), [1.0, 1.0, 2.0], [[0.5]])
    first, again, other = (posterior.predictive_check(seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.pit, again.pit)
    assert not np.array_equal(first.pit, other.pit)


def test_weights_are_repeats():
    data = erlang(2, 20, 8)
    weighted = of_data(stages(2).model(), data, [[2.0]], weights=np.full(20, 3.0)).predictive_check()
    repeated = of_data(stages(2).model(), np.tile(data, 3), [[2.0]]).predictive_check()
    assert (weighted.p_value, weighted.statistic) == (repeated.p_value, repeated.statistic)


def test_one_kind_of_reward():
    graph = Graph(1)
    first, second, end = (graph.find_or_create_vertex([i]) for i in (3, 2, 1))
    graph.starting_vertex().add_edge(first, 1.0)
    first.add_edge_parameterized(second, 0.0, [1.0, 0.0])
    second.add_edge_parameterized(end, 0.0, [0.0, 1.0])
    rows = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    graph.update_weights([2.0, 0.5])
    data = graph.sample(200, rows, seed=9)
    # The second rate is twice what it should be.
    posterior = of_data(graph.model(), data, [[2.0, 1.0]], ("first", "second"), rewards=rows)
    assert posterior.predictive_check(kind=0).passed
    assert not posterior.predictive_check(kind=1).passed


def test_weights_that_are_no_numbers_of_times_are_refused():
    posterior = of_data(stages(2).model(), [0.5, 1.0], [[1.0]], weights=[1.0, 0.5])
    with pytest.raises(ValueError, match=r"an observation has weight 0\.5: whole numbers are needed"):
        posterior.predictive_check()


def test_several_truncations_are_refused():
    seen = Observations.exact([0.5, 0.7], truncated=([0.1, 0.2], None))
    with pytest.raises(ValueError, match="truncated in several ways, and the fit does not keep which"):
        of_data(stages(2).model(), seen, [[1.0]]).predictive_check()


def test_truncation_of_a_part_is_refused():
    seen = Observations.exact([0.5, 0.7], truncated=(None, 1.0)) + Observations.exact([2.0])
    with pytest.raises(ValueError, match="data that are all truncated at the same limits, or none"):
        of_data(stages(2).model(), seen, [[1.0]]).predictive_check()


def test_a_bad_seed_is_named():
    with pytest.raises(ValueError, match="seed is -1: it must be at least 0"):
        of_data(stages(2).model(), [0.5], [[1.0]]).predictive_check(seed=-1)
