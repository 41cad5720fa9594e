"""The two entry points: arguments, determinism, interruption, results."""

import inspect
import logging
import subprocess
import sys
import warnings

import jax.numpy as jnp
import numpy as np
import pytest
from phasic import Graph, LogNormal
from phasic.svgd import SVGD, ConvergenceWarning, Gamma, Posterior, fit, svgd
from phasic.svgd import _run as run
from phasic.svgd import _walk as walk

from tests.svgd.cases import case
from tests.svgd.standins import Erlang, Hypoexponential

VALUES = np.random.RandomState(1).exponential(0.5, size=100)
PRIOR = Gamma(2.0, 1.0)


def test_same_seed_gives_the_same_bits():
    c = case("hypoexponential")
    first, second = (svgd(c.model, c.values, prior=c.prior, seed=3).particles for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_seed_reaches_the_particles():
    c = case("hypoexponential")
    first, second = (svgd(c.model, c.values, prior=c.prior, seed=s).particles for s in (3, 4))
    assert first.tobytes() != second.tobytes()


def test_order_of_observations_does_not_change_a_bit():
    first, second = (svgd(Erlang(), v, prior=PRIOR).particles for v in (VALUES, VALUES[::-1]))
    assert first.tobytes() == second.tobytes()


def test_weights_equal_repeated_observations():
    first = svgd(Erlang(), [0.3, 0.3, 0.7], prior=PRIOR).particles
    second = svgd(Erlang(), [0.3, 0.7], [2, 1], prior=PRIOR).particles
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e6])
def test_scaling_time_scales_the_rates(unit):
    base = svgd(Erlang(), VALUES, prior=Gamma(2.0, 1.0)).particles
    scaled = svgd(Erlang(), VALUES * unit, prior=Gamma(2.0, unit)).particles
    # Equal but for rounding in the search for the mode and in 100 steps.
    np.testing.assert_allclose(scaled * unit, base, rtol=1e-6)


def test_function_of_densities_serves_as_model():
    def pdf(theta, values):
        return theta[0] * np.e ** (-theta[0] * values), None

    posterior = svgd(pdf, VALUES, prior=PRIOR, theta_dim=1)
    assert posterior.mean[0] == pytest.approx(102.0 / (1.0 + VALUES.sum()), rel=1e-3)


def test_object_gives_the_results_of_old_code():
    fit = SVGD(model=Erlang(), observed_data=VALUES, prior=PRIOR, theta_dim=1, seed=1).fit()
    results = fit.get_results()
    assert set(results) == {"theta_mean", "theta_std", "particles"}
    assert results["particles"].shape == (128, 1)
    np.testing.assert_array_equal(results["theta_mean"], fit.posterior.mean)


def test_history_starts_at_the_start_and_ends_at_the_result():
    fit = SVGD(model=Erlang(), observed_data=VALUES, prior=PRIOR, n_iterations=50).fit(return_history=True)
    history = fit.get_results()["history"]
    assert fit.posterior.history_steps[0] == 0
    assert fit.posterior.history_steps[-1] == fit.posterior.n_steps
    np.testing.assert_array_equal(history[-1], fit.particles)


def test_history_does_not_change_the_result():
    first = svgd(Erlang(), VALUES, prior=PRIOR, return_history=True).particles
    assert first.tobytes() == svgd(Erlang(), VALUES, prior=PRIOR).particles.tobytes()


def test_interrupted_fit_keeps_the_particles_reached(monkeypatch):
    calls = []
    block = walk.run_block

    def interrupted(*args, **kwargs):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(1)
        return block(*args, **kwargs)

    monkeypatch.setattr(walk, "run_block", interrupted)
    fit = SVGD(model=Erlang(), observed_data=VALUES, prior=PRIOR)
    with pytest.raises(KeyboardInterrupt):
        fit.fit()
    assert not fit.posterior.converged
    assert 0 < fit.posterior.n_steps < 300
    assert "stopped after" in fit.posterior.reason


def test_no_result_before_fit():
    with pytest.raises(RuntimeError, match="fit"):
        _ = SVGD(model=Erlang(), observed_data=VALUES, prior=PRIOR).posterior


def test_verbose_logs_the_table(caplog):
    with caplog.at_level(logging.INFO, logger="phasic.svgd"):
        SVGD(model=Erlang(), observed_data=VALUES, prior=PRIOR, verbose=True).fit()
    assert "theta[0]" in caplog.text


def test_search_is_announced(caplog):
    with caplog.at_level(logging.INFO, logger="phasic.svgd"):
        svgd(Erlang(), VALUES, prior=PRIOR)
    assert "searching for modes" in caplog.text


def test_progress_is_silent_without_a_terminal(capfd):
    svgd(Erlang(), VALUES, prior=PRIOR, progress=True)
    assert capfd.readouterr() == ("", "")


def test_progress_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    svgd(Erlang(), VALUES, prior=PRIOR, progress=True)
    shown = capsys.readouterr().err
    assert "SVGD: searching for modes" in shown
    assert "SVGD: " in shown.rsplit("searching for modes", 1)[1]


def test_arguments_without_effect_give_one_warning():
    with pytest.warns(DeprecationWarning) as caught:
        SVGD(model=Erlang(), observed_data=VALUES, prior=PRIOR, jit=True, parallel="pmap")
    assert len(caught) == 1
    assert all(name in str(caught[0].message) for name in ("jit", "parallel"))


BAD = {
    "no prior": ({"prior": None}, "prior is required"),
    "negative observation": ({"observed_data": [1.0, -1.0]}, r"observed_data\[1\] is -1"),
    "NaN observation": ({"observed_data": [np.nan]}, r"observed_data\[0\] is nan"),
    "no observation": ({"observed_data": []}, "empty"),
    "prior of another length": ({"prior": [PRIOR, PRIOR]}, "prior has 2 entries, the model has 1"),
    "theta_dim against the model": ({"theta_dim": 3}, "theta_dim is 3, the model has 1"),
    "theta_init of another shape": ({"theta_init": [1.0, 2.0]}, r"shape \(1,\) or \(k, 1\), got \(2,\)"),
    "theta_init outside": (
        {"theta_init": [[1.0], [-2.0]]},
        r"theta_init\[1, 0\] is -2.0, outside \(0.0, inf\)",
    ),
    "one particle": ({"n_particles": 1}, "n_particles must be at least 2, got 1"),
    "half a particle": ({"n_particles": 2.5}, "n_particles must be a whole number"),
    "no iteration": ({"n_iterations": 0}, "n_iterations must be at least 1"),
    "negative learning rate": ({"learning_rate": -0.1}, "learning_rate must be positive"),
    "unknown kernel": ({"kernel": "laplace"}, "kernel must be one of"),
    "negative bandwidth": ({"bandwidth": -1.0}, "bandwidth must be positive"),
    "unknown bandwidth": ({"bandwidth": "silverman"}, "bandwidth must be positive"),
    "names of another length": ({"names": ["a", "b"]}, "names has 2 entries"),
    "transforms of another length": ({"transforms": ["log", "log"]}, "transforms has 2 entries"),
    "regularization": ({"regularization": 0.5}, "regularization=0.5 would change"),
    "param_transform": ({"param_transform": np.exp}, "transforms"),
    "rewards": ({"rewards": [1.0]}, "rewards need a phasic.Model"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_argument_is_named(fault):
    change, message = BAD[fault]
    arguments = {"model": Erlang(), "observed_data": VALUES, "prior": PRIOR} | change
    with pytest.raises(ValueError, match=message):
        SVGD(**arguments)


def test_unknown_argument_is_a_type_error():
    with pytest.raises(TypeError, match="paralell"):
        SVGD(model=Erlang(), observed_data=VALUES, prior=PRIOR, paralell="vmap")


@pytest.mark.parametrize(
    ("given", "meant"), [("n_particle", "n_particles"), ("names_", "names"), ("draw", "draws")]
)
def test_the_nearest_name_is_suggested(given, meant):
    with pytest.raises(TypeError, match=rf"'{given}': did you mean {meant}\?"):
        fit(Erlang(), VALUES, prior=PRIOR, **{given: 3})


def test_nothing_is_suggested_where_nothing_is_near():
    with pytest.raises(TypeError, match=r"unexpected argument 'zzz'$"):
        SVGD(model=Erlang(), observed_data=VALUES, prior=PRIOR, zzz=3)


class Plain:
    """A model that JAX does not know."""

    n_parameters = 1

    def log_likelihood(self, theta, values, weights):
        return weights @ (np.log(theta[0]) - theta[0] * values)


def test_a_model_that_is_no_pytree_says_how_to_register_it():
    with pytest.raises(TypeError, match=r"class Plain, which JAX .*register_dataclass .*or pass a function"):
        svgd(Plain(), VALUES, prior=PRIOR)


def test_unknown_number_of_parameters_is_asked_for():
    with pytest.raises(ValueError, match="theta_dim is required"):
        svgd(lambda theta, values: theta[0] * values, VALUES, prior=PRIOR)


def test_names_tell_the_number_of_parameters():
    posterior = svgd(
        lambda theta, values: theta[0] * jnp.exp(-theta[0] * values),
        VALUES,
        prior=PRIOR,
        names=["a", "b"],
    )
    assert posterior.particles.shape[1] == 2


@pytest.mark.parametrize("names", [[], "ab"])
def test_no_names_and_letters_do_not_tell_the_number_of_parameters(names):
    with pytest.raises(ValueError, match="theta_dim is required"):
        svgd(lambda theta, values: theta[0] * values, VALUES, prior=PRIOR, names=names)


def test_impossible_data_say_so_and_at_which_theta():
    with pytest.raises(
        ValueError, match=r"not finite at any of 128 starting points, for example at theta = \["
    ):
        svgd(Hypoexponential(), [0.0, 1.0], prior=PRIOR)


def test_cache_is_enabled_before_the_first_program(monkeypatch):
    events = []
    monkeypatch.setattr("phasic.cache.enable_jax_cache", lambda: events.append("cache"))
    monkeypatch.setattr(run, "search", lambda *args: events.append("search") or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        svgd(Erlang(), VALUES, prior=PRIOR)
    assert events == ["cache", "search"]


FRESH = """
import sys, warnings
import phasic.svgd
assert "jax" not in sys.modules, "importing phasic.svgd imports jax"
phasic.svgd.Posterior
assert "jax" not in sys.modules, "the posterior imports jax"
from tests.svgd.standins import Erlang
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(2):
        fit = phasic.svgd.svgd(Erlang(), [0.5, 1.0, 1.5], prior=phasic.svgd.Gamma(2.0, 1.0))
texts = [str(w.message) for w in caught]
assert len(texts) == 1 and 'jax.config.update("jax_enable_x64", True)' in texts[0], texts
assert abs(fit.mean[0] - 1.25) < 0.02, fit.mean
"""


def test_fresh_process_imports_lazily_and_warns_once_of_single_precision(subprocess_environment):
    environment = subprocess_environment | {"PYTHONPATH": ":".join(p for p in sys.path if p)}
    command = [sys.executable, "-c", FRESH]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("call", [SVGD, Graph.svgd])
def test_every_call_takes_as_many_steps_at_most(call):
    limits = [inspect.signature(each).parameters["n_iterations"].default for each in (call, svgd)]
    assert limits == [1000, 1000]


def test_posterior_is_what_the_function_returns():
    assert isinstance(svgd(Erlang(), VALUES, prior=PRIOR), Posterior)


def test_a_fit_that_has_not_converged_warns_at_the_line_that_asked():
    c = case("exponential, 5 observations")
    with pytest.warns(ConvergenceWarning, match="not converged: .*What may help: more steps") as caught:
        posterior = svgd(c.model, c.values, prior=c.prior, n_iterations=1)
    assert str(caught[0].message) == posterior.reason
    assert caught[0].filename == __file__


def test_a_graph_warns_at_the_line_that_asked():
    graph = Graph(1)
    start, end = graph.find_or_create_vertex([0]), graph.find_or_create_vertex([1])
    graph.starting_vertex().add_edge(start, 1.0)
    start.add_edge_parameterized(end, 0.0, [1.0])
    with pytest.warns(ConvergenceWarning) as caught:
        graph.fit([1.0, 2.0], prior=LogNormal(0.0, 1.0), n_iterations=1, progress=False)
    assert [w.filename for w in caught] == [__file__]


def test_a_good_fit_is_silent():
    c = case("exponential, 5 observations")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert svgd(c.model, c.values, prior=c.prior).converged
