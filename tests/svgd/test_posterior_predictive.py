"""Draws and curves of the posterior predictive law."""

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph
from phasic.svgd._predictive import replicates
from scipy import stats

from tests.svgd.posteriors import bare, of_data, stages, trials
from tests.svgd.standins import Erlang

RATES = np.array([0.5, 1.0, 3.0, 8.0])
AT = np.array([0.0, 0.3, 1.0, 5.0])
# Of a right sampler one seed in 1,000 would fail; the seeds are fixed.
ALPHA = 1e-3


@pytest.fixture(scope="module")
def posterior():
    return of_data(stages(2).model(), [0.5, 1.5], RATES[:, None])


@pytest.fixture(scope="module")
def of_counts():
    return of_data(trials().model(discrete=True), [1.0, 3.0], [[0.2], [0.7]])


@pytest.fixture(scope="module")
def graph():
    """Two phases, the second skipped half of the time whatever theta is."""
    graph = Graph(1)
    first, second, end = (graph.find_or_create_vertex([i]) for i in (3, 2, 1))
    graph.starting_vertex().add_edge(first, 1.0)
    first.add_edge_parameterized(second, 0.0, [1.0, 0.0])
    second.add_edge_parameterized(end, 0.0, [0.0, 1.0])
    return graph


ROWS = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 3.0, 0.0]])
PAIRS = np.array([[0.5, 4.0], [0.2, 1.0]])


@pytest.fixture(scope="module")
def of_rewards(graph):
    theta = np.array([[1.0, 0.5], [2.0, 0.3]])
    return of_data(graph.model(), PAIRS, theta, ("first", "second"), rewards=ROWS)


def mixture(law, rates):
    """Distribution function of an equal mixture over rates."""
    return lambda t: np.mean([law(rate).cdf(t) for rate in rates], axis=0)


def test_draws_have_the_predictive_law(posterior):
    wanted = mixture(lambda rate: stats.gamma(2, scale=1 / rate), RATES)
    assert stats.kstest(posterior.predictive(4000, seed=1), wanted).pvalue > ALPHA


def test_draws_of_counts(of_counts):
    drawn = of_counts.predictive(4000, seed=1)
    seen = np.array([np.sum(drawn == k) for k in range(1, 6)] + [np.sum(drawn > 5)])
    law = [stats.geom(p) for p in (0.2, 0.7)]
    share = np.mean([[*each.pmf(np.arange(1, 6)), each.sf(5)] for each in law], axis=0)
    assert stats.chisquare(seen, 4000 * share).pvalue > ALPHA


def test_draws_of_rewards(of_rewards):
    drawn = of_rewards.predictive(4000, seed=1, kind=1)
    # The second reward is an exponential time plus three times another.
    random = np.random.default_rng(2)
    wanted = [
        random.exponential(1 / a, 4000) + 3 * random.exponential(1 / b, 4000) for a, b in of_rewards.particles
    ]
    assert stats.ks_2samp(drawn, np.concatenate(wanted)).pvalue > ALPHA


def test_draws_of_collected_whole_rewards():
    graph = trials()
    model = graph.model(discrete=True, rewards=[0, 3, 0])
    posterior = of_data(model, [3.0, 6.0], [[0.2], [0.7]])
    drawn = posterior.predictive(4000, seed=1)
    assert set(np.unique(drawn % 3)) == {0.0}
    assert stats.ttest_1samp(drawn / 3, np.mean([1 / 0.2, 1 / 0.7])).pvalue > ALPHA


def test_draws_of_a_reward_between_which_theta_chooses():
    graph = Graph(1)
    first, second, end = (graph.find_or_create_vertex([i]) for i in (3, 2, 1))
    graph.starting_vertex().add_edge(first, 1.0)
    first.add_edge_parameterized(second, 0.0, [1.0, 0.0])
    first.add_edge_parameterized(end, 0.0, [0.0, 1.0])
    second.add_edge_parameterized(end, 0.0, [1.0, 0.0])
    # Collected in the second phase alone, which is reached with probability a / (a + b).
    posterior = of_data(graph.model(), [0.5], [[2.0, 6.0]], ("a", "b"), rewards=[0.0, 0.0, 1.0, 0.0])
    drawn = posterior.predictive(4000, seed=1)
    assert stats.binomtest(int(np.sum(drawn > 0)), 4000, 0.25).pvalue > ALPHA
    assert stats.kstest(drawn[drawn > 0], stats.expon(scale=0.5).cdf).pvalue > ALPHA


def test_every_particle_draws_as_often():
    # Means of 1 and of a million tell the particles apart.
    posterior = of_data(stages(1).model(), [0.5], [[1.0], [1e-12]])
    assert np.sum(posterior.predictive(1000) > 1e3) == 500


def test_draws_are_in_random_order():
    posterior = of_data(stages(1).model(), [0.5], [[1.0], [1e-12]])
    slow = posterior.predictive(1000) > 1e3
    # The number of slow ones in the first half is hypergeometric, with a standard deviation of 8.
    assert abs(int(slow[:500].sum()) - 250) < 50


def test_fewer_draws_than_particles(posterior):
    assert posterior.predictive(3).shape == (3,)


def test_equal_seeds_give_equal_draws(posterior):
    assert np.array_equal(posterior.predictive(50, seed=7), posterior.predictive(50, seed=7))


def test_other_seeds_give_other_draws(posterior):
    assert not np.array_equal(posterior.predictive(50, seed=7), posterior.predictive(50, seed=8))


@pytest.mark.parametrize("function", ["pdf", "cdf", "sf"])
def test_curves_are_those_of_each_particle(posterior, function):
    found = posterior.predictive_curve(function, AT)
    wanted = getattr(stats.gamma(2, scale=1 / RATES[:, None]), function)(AT)
    # Densities are right to 1e-10, relative to themselves.
    assert_allclose(found.values, wanted, rtol=1e-9)
    assert_allclose(found.mean, wanted.mean(axis=0), rtol=1e-9)


@pytest.mark.parametrize("function", ["pdf", "cdf", "sf"])
def test_curves_of_counts(of_counts, function):
    law = stats.geom(np.array([[0.2], [0.7]]))
    wanted = getattr(law, {"pdf": "pmf"}.get(function, function))([0, 1, 4])
    assert_allclose(of_counts.predictive_curve(function, [0, 1, 4]).values, wanted, rtol=1e-9)


def test_curves_of_rewards(of_rewards):
    found = of_rewards.predictive_curve("sf", AT, kind=0)
    assert_allclose(found.values, np.exp(-of_rewards.particles[:, :1] * AT), rtol=1e-9)


def test_the_band_holds_quantiles_of_the_particles(posterior):
    found = posterior.predictive_curve("sf", 1.0)
    wanted = np.quantile(stats.gamma(2, scale=1 / RATES).sf(1.0), [0.25, 0.75], method="hazen")
    assert_allclose(found.interval(0.5)[:, 0], wanted, rtol=1e-9)


def test_replicates_are_one_data_set_for_each_particle():
    from phasic.svgd._law import laws

    (law,) = laws(stages(1).model())
    found = replicates(law, np.array([[1.0], [1e-12]]), 20, 1)
    assert found.shape == (2, 20)
    assert found[0].max() < 1e3 < found[1].min()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 0}, ValueError, "n is 0: it must be a whole number, at least 1"),
        ({"n": 2.5}, ValueError, r"n is 2\.5: it must be a whole number"),
        ({"seed": -1}, ValueError, "seed is -1: it must be at least 0"),
        ({"seed": None}, TypeError, "seed is None: it must be a whole number"),
        ({"kind": 1}, ValueError, "kind is 1: it must be from 0 to 0"),
        ({"kind": "first"}, TypeError, "kind is 'first': it must be a whole number"),
    ],
)
def test_bad_arguments_of_draws_are_named(posterior, arguments, error, message):
    with pytest.raises(error, match=message):
        posterior.predictive(**arguments)


@pytest.mark.parametrize(
    ("function", "at", "message"),
    [
        ("density", [1.0], "function must be one of pdf, cdf, sf, ppf, got 'density'"),
        ("pdf", [1.0, -2.0], r"at\[1\] is -2\.0: it must be at least 0"),
        ("pdf", [[1.0]], r"at has shape \(1, 1\), but one dimension is needed"),
        ("pdf", ["soon"], "at must be an array of numbers"),
    ],
)
def test_bad_arguments_of_curves_are_named(posterior, function, at, message):
    with pytest.raises(ValueError, match=message):
        posterior.predictive_curve(function, at)


def test_a_count_that_is_none_is_named(of_counts):
    with pytest.raises(ValueError, match=r"at\[0\] is 1\.5: it must be a whole number"):
        of_counts.predictive_curve("pdf", [1.5])


@pytest.mark.parametrize("probability", [0.0, 1.0, 90])
def test_a_band_of_no_probability_is_refused(posterior, probability):
    with pytest.raises(ValueError, match=f"probability must lie between 0 and 1, got {probability}"):
        posterior.predictive_curve("sf", [1.0]).interval(probability)


def test_several_kinds_must_be_told_apart(of_rewards):
    with pytest.raises(ValueError, match="there are 2 kinds of observations: say which by kind=0, …"):
        of_rewards.predictive()


@pytest.mark.parametrize("model", [Erlang(2), lambda theta, t: theta[0] * jnp.exp(-theta[0] * t)])
@pytest.mark.parametrize(
    ("method", "arguments"),
    [("predictive", ()), ("predictive_curve", ("sf", [1.0])), ("predictive_check", ())],
)
def test_other_models_have_no_law(model, method, arguments):
    posterior = of_data(model, [0.5], [[1.0]])
    with pytest.raises(TypeError, match=f"{method} needs the law of a phasic.Model .*, and the model is"):
        getattr(posterior, method)(*arguments)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("predictive", ()), ("predictive_curve", ("sf", [1.0])), ("predictive_check", ())],
)
def test_without_a_target_it_says_how_to_attach_one(method, arguments):
    with pytest.raises(ValueError, match=f"{method} needs the model and data.*with_target"):
        getattr(bare([[1.0]]), method)(*arguments)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5])
def test_quantiles_at_every_particle(p):
    rates = np.array([1.0, 2.0, 4.0])
    posterior = of_data(stages(2).model(), [0.5, 1.0], rates[:, None])
    found = posterior.predictive_curve("ppf", [p])
    assert_allclose(found.values[:, 0], stats.gamma(2, scale=1 / rates).ppf(p), rtol=1e-9)


def test_quantiles_of_counts():
    posterior = of_data(trials().model(discrete=True), [1.0, 2.0], [[0.5], [0.1]])
    assert posterior.predictive_curve("ppf", [0.4, 0.9]).values.tolist() == [[1.0, 4.0], [5.0, 22.0]]


def test_quantiles_of_rewards():
    graph = stages(2)
    row = np.where(np.arange(graph.vertices_length()) == 1, 2.0, 0.0)
    posterior = of_data(graph.model(), [0.5, 1.0], [[1.0], [4.0]], rewards=row)
    wanted = stats.expon(scale=2 / np.array([1.0, 4.0])).ppf(0.5)
    assert_allclose(posterior.predictive_curve("ppf", [0.5]).values[:, 0], wanted, rtol=1e-9)


def test_quantiles_need_probabilities():
    posterior = of_data(stages(2).model(), [0.5], [[1.0]])
    with pytest.raises(ValueError, match=r"at\[1\] is 2.0: it must be a probability"):
        posterior.predictive_curve("ppf", [0.5, 2.0])
