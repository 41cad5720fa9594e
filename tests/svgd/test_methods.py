"""`fit` by every method: known posteriors, laws, and what it refuses."""

import functools
import sys

import numpy as np
import phasic
import pytest
from phasic import Graph, Observations
from phasic.svgd import Gamma, LogNormal, fit, metropolis, svgd
from phasic.svgd._methods import METHODS
from phasic.svgd._nuts import _verdict
from scipy import special

from tests import models
from tests.svgd.cases import case
from tests.svgd.standins import Erlang, Hypoexponential

VALUES = np.random.RandomState(1).exponential(0.5, size=100)
PRIOR = Gamma(2.0, 1.0)
CONJUGATE = ("exponential, 100 observations", "exponential, 100 observations, rate 1e4", "Erlang, 5 stages")
FEW = {"draws": 100, "warmup": 100}


@functools.cache
def fitted(name, method, **options):
    c = case(name)
    return fit(c.model, c.values, prior=c.prior, method=method, **options, **c.options)


@functools.cache
def two_modes(method, **options):
    values = case("hypoexponential").values
    return fit(Hypoexponential(), values, prior=LogNormal(0.5, 0.6), method=method, **options)


def gamma_posterior(name):
    """Shape and rate of a conjugate case, from its mean and variance."""
    c = case(name)
    return (c.mean / c.sd) ** 2, c.mean / c.sd**2


def test_svgd_by_name_is_svgd():
    c = case("hypoexponential")
    by_name = fit(c.model, c.values, prior=c.prior, method="svgd", seed=2)
    assert by_name.particles.tobytes() == svgd(c.model, c.values, prior=c.prior, seed=2).particles.tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_posterior_names_its_method(method):
    options = FEW if method == "nuts" else {}
    assert fit(Erlang(), VALUES, prior=PRIOR, method=method, **options).method == method


@pytest.mark.parametrize("name", CONJUGATE)
def test_mode_is_that_of_the_density_of_theta(name):
    shape, rate = gamma_posterior(name)
    posterior = fitted(name, "map")
    # 1e-12 nats below the top are 1.4e-6 standard deviations, here 1.4e-7 of theta; the curvature of
    # differences makes that a few times worse.
    np.testing.assert_allclose(posterior.particles, [(shape - 1.0) / rate], rtol=1e-6)
    assert posterior.converged
    assert posterior.sd[0] == 0.0


def test_modes_of_theta_come_with_their_log_density():
    posterior = two_modes("map")
    modes = posterior.diagnostics["modes"]
    np.testing.assert_allclose(modes[0], modes[1][::-1], rtol=1e-6)
    assert posterior.diagnostics["log_density"].shape == (2,)
    assert "of 2 that were found" in posterior.reason


def test_density_that_rises_to_the_edge_has_no_mode():
    # Gamma(0.5, .) prior, and one observation of weight 0.1: the density of theta falls from its pole at 0.
    posterior = fit(Erlang(), [1.0], [0.1], prior=Gamma(0.5, 1.0), method="map")
    assert not posterior.converged
    assert "no maximum was reached" in posterior.reason


@pytest.mark.parametrize("name", CONJUGATE)
def test_normal_approximation_has_the_moments_of_a_log_normal(name):
    # Of a Gamma(a, b) law the log has its mode at log(a / b) with precision a.
    shape, rate = gamma_posterior(name)
    mean = shape / rate * np.exp(0.5 / shape)
    posterior = fitted(name, "laplace", n_particles=4096)
    # Latin hypercube points have the normal law's variance exactly; higher moments differ by about 1/n.
    np.testing.assert_allclose(posterior.mean, mean, rtol=1e-4)
    np.testing.assert_allclose(posterior.sd, mean * np.sqrt(np.expm1(1.0 / shape)), rtol=2e-3)


@pytest.mark.parametrize("name", CONJUGATE)
def test_evidence_of_a_conjugate_model_is_stirlings(name):
    c = case(name)
    shape, rate = gamma_posterior(name)
    stages = c.model.stages
    powers = (stages - 1) * np.log(c.values).sum()
    prior = c.prior.shape * np.log(c.prior.rate) - special.gammaln(c.prior.shape)
    exact = powers + prior + special.gammaln(shape) - shape * np.log(rate)
    # Laplace's approximation of the Gamma function in log coordinates is Stirling's, 1 / (12 a) short, to
    # 1 / (360 a^3); curvature from differences over 0.02 standard deviations adds 1e-4 / (24 a) or so.
    error = fitted(name, "laplace").diagnostics["log_evidence"] - exact + 1.0 / (12.0 * shape)
    assert abs(error[0]) < 2e-5


def test_inaccurate_normal_approximation_says_so():
    posterior = fitted("exponential, 5 observations", "laplace")
    assert not posterior.converged
    assert "importance weights move a mean" in posterior.reason


@pytest.mark.parametrize("name", [*CONJUGATE, "hypoexponential", "ten correlated normals"])
def test_accurate_normal_approximation_converges_to_a_tenth(name):
    posterior, c = fitted(name, "laplace"), case(name)
    assert posterior.converged, posterior.reason
    np.testing.assert_allclose((posterior.mean - c.mean) / c.sd, 0.0, atol=0.1)
    np.testing.assert_allclose(posterior.sd / c.sd, 1.0, atol=0.1)


def test_normal_approximation_covers_both_modes_by_their_weights():
    posterior = two_modes("laplace")
    np.testing.assert_allclose(posterior.diagnostics["mode_weights"], [0.5, 0.5], atol=1e-3)
    # The labels are exchangeable, and 64 of 128 particles are near each mode; a normal law reaches over the
    # diagonal on either side.
    share = np.mean(posterior.particles[:, 0] < posterior.particles[:, 1])
    assert abs(share - 0.5) < 0.1


@pytest.mark.parametrize("name", [*CONJUGATE[:2], "hypoexponential"])
def test_draws_of_nuts_are_right_to_their_noise(name):
    posterior, c = fitted(name, "nuts"), case(name)
    assert posterior.converged, posterior.reason
    # At least 400 effective draws: errors of 0.05 and 0.035 standard deviations, five times which are allowed
    # for the mean; the spread of a skew law is noisier.
    np.testing.assert_allclose((posterior.mean - c.mean) / c.sd, 0.0, atol=0.25)
    np.testing.assert_allclose(posterior.sd / c.sd, 1.0, atol=0.25)


def test_draws_of_nuts_come_with_their_diagnostics():
    posterior = fitted("hypoexponential", "nuts")
    diagnostics = posterior.diagnostics
    assert posterior.particles.shape == (diagnostics["chains"] * diagnostics["draws"], 2) == (4000, 2)
    assert diagnostics["rhat"].shape == diagnostics["ess"].shape == (2,)
    assert diagnostics["log_density"].shape == (4000,)
    assert diagnostics["divergences"] == 0


@pytest.mark.parametrize("method", ["laplace", "nuts"])
def test_same_seed_gives_the_same_bits_and_another_seed_others(method):
    c = case("hypoexponential")
    options = FEW if method == "nuts" else {}
    first, second, other = (
        fit(c.model, c.values, prior=c.prior, method=method, seed=s, **options).particles for s in (3, 3, 4)
    )
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != other.tobytes()


def test_chains_that_disagree_have_not_converged():
    # Modes that no chain leaves: rates a hundredfold apart, in either order.
    random = np.random.RandomState(3)
    values = random.exponential(1.0, size=60) + random.exponential(100.0, size=60)
    posterior = fit(Hypoexponential(), values, prior=LogNormal(-2.0, 3.0), method="nuts", **FEW)
    assert not posterior.converged
    assert "R-hat" in posterior.reason


def test_too_few_draws_have_not_converged():
    posterior = fit(Erlang(), VALUES, prior=PRIOR, method="nuts", names=["rate"], **FEW)
    assert not posterior.converged
    smaller = min(("bulk", "ess"), ("tail", "ess_tail"), key=lambda each: posterior.diagnostics[each[1]][0])
    size = posterior.diagnostics[smaller[1]][0]
    assert f"effective sample size of the {smaller[0]} of rate is {size:.0f}, limit 400" in posterior.reason
    assert posterior.reason.endswith("more draws (draws)")


@pytest.mark.parametrize(("bulk", "tail", "part"), [(300.0, 500.0, "bulk"), (500.0, 300.0, "tail")])
def test_the_verdict_names_the_parameter_and_the_part_that_lack_draws(bulk, tail, part):
    sizes = np.array([900.0, bulk]), np.array([900.0, tail])
    converged, reason = _verdict(np.array([1.0, 1.0]), *sizes, ["a", "b"], 0, 4, 1000)
    assert not converged
    assert f"of the {part} of b is 300, limit 400. What may help: more draws (draws)" in reason


def test_the_verdict_says_each_remedy_once():
    low = np.array([50.0, 60.0])
    _, reason = _verdict(np.array([1.0, 1.2]), low, low, ["a", "b"], 100, 4, 1000)
    assert "R-hat of b is 1.2" in reason
    assert "bulk of a is 50" in reason
    assert reason.count("(draws)") == 1
    assert reason.endswith("(target_acceptance nearer to 1)")


def test_a_number_that_is_none_is_a_fault():
    sizes = np.array([900.0, 900.0]), np.array([900.0, np.nan])
    converged, reason = _verdict(np.array([1.0, 1.0]), *sizes, ["a", "b"], 0, 4, 1000)
    assert not converged
    assert "the tail of b is nan" in reason


def test_nuts_shows_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    fit(Erlang(), VALUES, prior=PRIOR, method="nuts", progress=True, **FEW)
    shown = capsys.readouterr().err
    assert "NUTS: searching for modes" in shown
    assert "200/200" in shown.rsplit("searching for modes", 1)[1]


def test_nuts_is_silent_without_a_terminal(capfd):
    fit(Erlang(), VALUES, prior=PRIOR, method="nuts", progress=True, **FEW)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("method", ["map", "laplace"])
@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_scaling_time_scales_the_rates(method, unit):
    base = fit(Erlang(), VALUES, prior=Gamma(2.0, 1.0), method=method).particles
    scaled = fit(Erlang(), VALUES * unit, prior=Gamma(2.0, unit), method=method).particles
    np.testing.assert_allclose(scaled * unit, base, rtol=1e-5)


def test_nuts_without_blackjax_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "blackjax", None)
    with pytest.raises(ImportError, match=r"method='nuts' needs blackjax: pip install 'blackjax>=1.7'"):
        fit(Erlang(), VALUES, prior=PRIOR, method="nuts")


def test_unknown_method_names_the_choices():
    with pytest.raises(ValueError, match="one of svgd, map, laplace, nuts, got 'advi'"):
        fit(Erlang(), VALUES, prior=PRIOR, method="advi")


@pytest.mark.parametrize(
    ("method", "option", "owner"),
    [
        ("map", {"chains": 2}, "'nuts'; 'map' has none of its own"),
        ("svgd", {"draws": 10}, "'nuts'; 'svgd' has bandwidth, "),
        ("nuts", {"n_particles": 10}, "'svgd' and 'laplace'; 'nuts' has chains, draws, "),
        ("laplace", {"learning_rate": 0.1}, "'svgd'; 'laplace' has n_particles, polish"),
    ],
)
def test_option_of_another_method_is_a_type_error(method, option, owner):
    (name,) = option
    with pytest.raises(TypeError, match=f"{name} is an option of method {owner}"):
        fit(Erlang(), VALUES, prior=PRIOR, method=method, **option)


def test_unknown_option_is_a_type_error():
    with pytest.raises(TypeError, match=r"unexpected argument 'chians': did you mean chains\?"):
        fit(Erlang(), VALUES, prior=PRIOR, method="nuts", chians=2)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"chains": 1}, "chains must be at least 2"),
        ({"draws": 3}, "draws must be at least 4"),
        ({"warmup": 5}, "warmup must be at least 20"),
        ({"target_acceptance": 1.0}, "target_acceptance must lie between 0 and 1"),
    ],
)
def test_number_out_of_range_is_named(option, message):
    with pytest.raises(ValueError, match=message):
        fit(Erlang(), VALUES, prior=PRIOR, method="nuts", **option)


def test_polish_turns_particles_into_draws():
    posterior = fit(Erlang(), VALUES, prior=PRIOR, polish=5)
    assert posterior.method == "svgd+metropolis"
    assert posterior.diagnostics["moves"] == 5


@functools.cache
def kingman():
    graph = Graph(callback=models.kingman_parameterised, n=5)
    graph.update_weights([2.0])
    return graph, graph.sample(200, seed=1)


@pytest.mark.parametrize("method", ["svgd", "map", "laplace"])
def test_a_graph_and_its_model_give_the_same_posterior(method):
    graph, times = kingman()
    of_graph = graph.fit(times, prior=PRIOR, method=method)
    assert (
        phasic.fit(graph, times, prior=PRIOR, method=method).particles.tobytes()
        == of_graph.particles.tobytes()
    )
    assert phasic.fit(graph.model(), times, prior=PRIOR, method=method).particles.tobytes() == (
        of_graph.particles.tobytes()
    )


def test_nuts_runs_the_graphs_likelihood():
    graph, times = kingman()
    draws = graph.fit(times, prior=PRIOR, method="nuts", **FEW)
    particles = graph.fit(times, prior=PRIOR)
    # Of 200 draws some 60 count: an error of 0.13 standard deviations, four times which are allowed.
    np.testing.assert_allclose(draws.mean, particles.mean, atol=0.5 * particles.sd[0])


@pytest.mark.parametrize("method", ["map", "laplace"])
def test_a_graph_fits_censored_times_and_rewards(method):
    graph, times = kingman()
    kinds = np.array([np.ones(graph.vertices_length()), graph.states()[:, 0]])
    seen = Observations.exact(times[:100]) + Observations.right(np.full(5, 0.2))
    censored = graph.fit(seen, prior=PRIOR, method=method)
    pair = graph.fit(np.column_stack([times, times * 3.0]), prior=PRIOR, method=method, rewards=kinds)
    assert censored.converged
    assert pair.rewards is kinds


def test_moments_are_a_start():
    graph, times = kingman()
    posterior = graph.fit(times, prior=PRIOR, method="map", theta_init="moments")
    by_model = phasic.fit(graph.model(), times, prior=PRIOR, method="map", theta_init="moments")
    np.testing.assert_allclose(posterior.particles, by_model.particles, rtol=1e-6)


def test_other_start_by_name_is_refused():
    graph, times = kingman()
    with pytest.raises(ValueError, match="points or 'moments', got 'zeros'"):
        graph.fit(times, prior=PRIOR, theta_init="zeros")


def test_moments_of_a_function_are_not_known():
    with pytest.raises(ValueError, match=r"needs a phasic\.Graph"):
        fit(Erlang(), VALUES, prior=PRIOR, theta_init="moments")


def test_metropolis_is_exported():
    assert phasic.metropolis is metropolis
