"""Posteriors in ArviZ, of either major version: the groups, and leave-one-out cross-validation."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Gamma, Graph, Observations
from scipy import stats

from tests.svgd.posteriors import bare, conjugate, of_data, stages

DATA = np.random.default_rng(1).gamma(2, 0.5, size=40)


@pytest.fixture(autouse=True)
def cache_of_arviz(tmp_path, monkeypatch):
    """ArviZ 0.23 notes there on which day it last announced its next version."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def posterior():
    return conjugate(2, DATA, n=500)


def loo(data, **options):
    import arviz

    return arviz.loo(data, pointwise=True, **options)


def estimate(found):
    """The estimate, under its name in either version."""
    return float(found.elpd_loo if hasattr(found, "elpd_loo") else found.elpd)


def exact_loo(data, counts=None):
    """Leave-one-out log densities of `stages(2)` with a flat log rate, in closed form.

    The rate's posterior without t is Gamma(2 (n - 1), sum - t), so t has a beta prime law of that scale.
    """
    rest = np.sum(data) - data
    return stats.betaprime(2, 2 * (len(data) - 1), scale=rest).logpdf(data)


def test_particles_are_one_chain_of_each_parameter():
    data = bare([[1.0, 2.0], [3.0, 4.0]], ("rate", "scale")).to_arviz(log_likelihood="none")
    assert data["posterior"]["scale"].dims == ("chain", "draw")
    assert data["posterior"]["scale"].values.tolist() == [[2.0, 4.0]]


def test_draws_of_nuts_are_chains():
    fields = {"method": "nuts", "diagnostics": {"chains": 2, "log_density": np.arange(4.0)}}
    data = bare([[1.0], [2.0], [3.0], [4.0]], **fields).to_arviz(log_likelihood="none")
    assert data["posterior"]["rate"].values.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert data["sample_stats"]["lp"].values.tolist() == [[0.0, 1.0], [2.0, 3.0]]


def test_diagnostics_of_chains_are_those_of_the_fit():
    import arviz

    graph, options = stages(2), {"chains": 3, "draws": 100, "warmup": 100, "seed": 1}
    posterior = graph.fit(DATA, prior=Gamma(2.0, 1.0), method="nuts", progress=False, **options)
    data = posterior.to_arviz(predictive=True)
    assert data["log_likelihood"]["observed"].shape == (3, 100, len(DATA))
    assert data["posterior_predictive"]["observed"].shape == (3, 100, len(DATA))
    rhat = float(arviz.rhat(data)[posterior.names[0]])
    assert rhat == pytest.approx(posterior.diagnostics["rhat"][0], abs=0.01)


def test_attributes_say_what_the_particles_are():
    data = bare([[1.0]], converged=False, reason="not converged: x").to_arviz(log_likelihood="none")
    found = {key: data["posterior"].attrs[key] for key in ("sampler", "converged", "reason")}
    assert found == {"sampler": "svgd", "converged": 0, "reason": "not converged: x"}


def test_log_densities_of_the_particles_are_sample_statistics():
    diagnostics = {"log_density": np.array([-1.0, -2.0])}
    data = bare([[1.0], [2.0]], diagnostics=diagnostics).to_arviz(log_likelihood="none")
    assert data["sample_stats"]["lp"].values.tolist() == [[-1.0, -2.0]]


def test_leave_one_out_is_right(posterior):
    found = loo(posterior.to_arviz())
    # Smoothed importance sampling from 500 particles: 0.01 nats in each of 40 observations at the most.
    assert_allclose(
        np.sort(found.loo_i.values if hasattr(found, "loo_i") else found.elpd_i.values),
        np.sort(exact_loo(DATA)),
        atol=0.01,
    )


def test_leave_one_out_counts_repeated_observations():
    rounded = np.round(DATA, 1)
    assert len(np.unique(rounded)) < len(rounded)
    found = loo(conjugate(2, rounded, n=500).to_arviz())
    # 0.01 nats in each of 40 observations, of alternating sign.
    assert estimate(found) == pytest.approx(exact_loo(rounded).sum(), abs=0.05)


def test_rows_are_the_data(posterior):
    data = posterior.to_arviz()
    assert data["observed_data"]["observed"].values.tolist() == sorted(DATA)
    assert data["log_likelihood"]["observed"].dims == ("chain", "draw", "observation")
    whole = data["log_likelihood"]["observed"].sum("observation").values[0]
    found = posterior.log_likelihoods()
    assert_allclose(whole, found.values @ found.count, rtol=1e-12)


def test_distinct_observations_have_their_counts():
    posterior = of_data(stages(2).model(), [0.5, 0.5, 1.0], [[1.0], [2.0]], weights=[0.5, 1.0, 1.0])
    data = posterior.to_arviz(log_likelihood="distinct")
    assert data["observed_data"]["observed"].values.tolist() == [0.5, 1.0]
    assert data["constant_data"]["count"].values.tolist() == [1.5, 1.0]
    assert data["log_likelihood"]["observed"].shape == (1, 2, 2)


def test_censored_observations_are_bounds():
    seen = Observations.exact([0.5]) + Observations.right([2.0, 2.0])
    data = of_data(stages(2).model(), seen, [[1.0], [2.0]]).to_arviz()
    assert data["observed_data"]["observed_lower"].values.tolist() == [0.5, 2.0, 2.0]
    assert data["observed_data"]["observed_upper"].values.tolist() == [0.5, np.inf, np.inf]


def test_truncated_observations_are_conditional():
    seen = Observations.exact([0.5, 1.5], truncated=(None, 2.0))
    data = of_data(stages(2).model(), seen, [[1.0], [2.0]]).to_arviz()
    law = stats.gamma(2, scale=[[1.0], [0.5]])
    wanted = law.logpdf([0.5, 1.5]) - law.logcdf(2.0)
    # Densities have a relative error of 1e-10.
    assert_allclose(data["log_likelihood"]["observed"].values[0], wanted, rtol=1e-9)


@pytest.fixture
def of_rewards():
    graph = Graph(1)
    first, second, end = (graph.find_or_create_vertex([i]) for i in (3, 2, 1))
    graph.starting_vertex().add_edge(first, 1.0)
    first.add_edge_parameterized(second, 0.0, [1.0, 0.0])
    second.add_edge_parameterized(end, 0.0, [0.0, 1.0])
    rows = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    pairs = np.array([[0.5, np.nan], [0.5, 2.0], [0.1, 3.0]])
    return of_data(graph.model(), pairs, [[1.0, 0.5], [2.0, 0.3]], ("first", "second"), rewards=rows)


def test_kinds_of_rewards_are_variables_of_their_own(of_rewards):
    data = of_rewards.to_arviz()
    assert data["log_likelihood"]["observed_0"].dims[-1] == "observation_0"
    assert data["observed_data"]["observed_1"].values.tolist() == [2.0, 3.0]


def test_predictive_draws_have_the_shape_of_the_data(of_rewards):
    data = of_rewards.to_arviz(predictive=True)
    assert data["posterior_predictive"]["observed_0"].shape == (1, 2, 3)
    assert data["posterior_predictive"]["observed_1"].dims[-1] == "observation_1"


def test_predictive_draws_are_those_of_the_seed(posterior):
    first, again, other = (
        posterior.to_arviz(predictive=True, seed=seed)["posterior_predictive"]["observed"].values
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_weights_that_are_no_numbers_of_times_have_no_rows():
    posterior = of_data(stages(2).model(), [0.5, 1.0], [[1.0]], weights=[1.0, 0.5])
    with pytest.raises(ValueError, match=r"an observation has weight 0\.5: whole numbers are needed"):
        posterior.to_arviz()


def test_an_unknown_level_of_detail_is_refused():
    with pytest.raises(ValueError, match="log_likelihood must be one of rows, distinct, none, got True"):
        bare([[1.0]]).to_arviz(log_likelihood=True)


def test_predictions_go_with_rows():
    with pytest.raises(ValueError, match=r'predictive=True needs log_likelihood="rows", got \'none\''):
        bare([[1.0]]).to_arviz(log_likelihood="none", predictive=True)


def test_without_a_target_it_says_how_to_do_without():
    with pytest.raises(ValueError, match='to_arviz, except with log_likelihood="none", needs the model'):
        bare([[1.0]]).to_arviz()


def test_without_arviz_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "arviz", None)
    with pytest.raises(ImportError, match=r"to_arviz needs arviz: pip install 'arviz>=0.23'"):
        bare([[1.0]]).to_arviz(log_likelihood="none")
