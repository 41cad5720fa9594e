"""Models without custom calls: the same numbers, and programs for platforms that this machine lacks."""

import dataclasses
import sys

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import phasic
import pytest
from numpy.testing import assert_allclose
from phasic import Graph, Observations, _ffi, _native, _native_functions
from phasic._native_functions import REWARDS, SECOND, Function

from tests import models
from tests.model.test_laws_jax import two_phases

CONTINUOUS = {
    "rabbits": (Graph(callback=models.rabbits_parameterised, n=3), [1.0, 2.0, 4.0]),
    "two phases": (Graph(callback=two_phases), [1.0, 300.0]),
}
TIMES = np.array([0.05, 0.7, 3.0, 20.0])
ROWS = (
    Observations.exact([0.4, 0.2], weights=[2, 1])
    + Observations.right([0.5, 2.0])
    + Observations.left([0.6])
    + Observations.interval([0.1, 1.0], [0.3, 1.001])
    + Observations.exact([0.9], truncated=(0.1, None))
)


@pytest.fixture(params=CONTINUOUS)
def law(request):
    graph, theta = CONTINUOUS[request.param]
    return graph.model(portable=True), np.array(theta)


def both(model, function, wanted, theta, points, rewards):
    """By the custom call, and by plain operations."""
    arrays = [jnp.asarray(x, dtype=float) for x in (theta, points, rewards)]
    from phasic._functions import _call

    _ffi.register_targets()
    called = _call(wanted, function, jnp.asarray(model.key), *arrays)
    plain = jax.jit(_native_functions.derived, static_argnums=(0, 1))(wanted, function, *arrays, model.tables)
    return called, plain


@pytest.mark.parametrize("wanted", [REWARDS, SECOND])
@pytest.mark.parametrize("name", ["moments", "expectations", "covariance", "laplace"])
def test_moments_are_those_of_the_custom_call(law, name, wanted):
    model, theta = law
    rewards = np.random.default_rng(3).uniform(0.2, 2.0, (2, model.n_vertices))
    function = {
        "moments": Function("phasic_moments_v1", n_values=3, power=3),
        "expectations": Function("phasic_expectations_v1", n_values=2),
        "covariance": Function("phasic_covariance_v1", n_values=1),
        "laplace": Function("phasic_laplace_v1", n_values=4, of_points=True),
    }[name]
    rows = rewards if name in ("expectations", "covariance") else rewards[0]
    points = TIMES if name == "laplace" else []
    called, plain = both(model, function, wanted, theta, points, rows.ravel())
    for given, expected in zip(plain, called, strict=True):
        assert given.shape == expected.shape
        assert_allclose(given, expected, rtol=1e-9, atol=1e-11 * np.max(np.abs(expected)))


@pytest.mark.parametrize("name", ["pdf", "logpdf", "cdf", "logcdf", "sf", "logsf"])
def test_functions_of_time_are_those_of_the_custom_call(name):
    graph, theta = CONTINUOUS["two phases"]
    model = graph.model(portable=True)
    function = Function(f"phasic_{name}_v1", n_values=4, rtol=1e-12, of_points=True)
    called, plain = both(model, function, SECOND, theta, TIMES, [])
    for given, expected in zip(plain, called, strict=True):
        assert given.shape == expected.shape
        assert_allclose(given, expected, rtol=1e-7, atol=1e-8 * np.max(np.abs(expected)))


def test_values_in_far_tails():
    graph, theta = Graph(callback=models.kingman_parameterised, n=6), [0.7]
    graph.update_weights(theta)
    times = np.array([1e-6, 1e-3, 400.0, 2000.0])
    density, survival, distribution = _native.log_curves(
        _native.tables(graph.trace()), jnp.array(theta), times
    )
    assert_allclose(density, graph.logpdf(times), rtol=1e-9)
    assert_allclose(survival, graph.logsf(times), rtol=1e-9, atol=1e-12)
    assert_allclose(distribution, graph.logcdf(times), rtol=1e-9, atol=1e-12)


def test_log_likelihoods_are_those_of_the_custom_call(law):
    model, theta = law
    operands = [theta, ROWS.lower, ROWS.upper, ROWS.weights, np.zeros(0)]
    arrays = [jnp.asarray(x, dtype=float) for x in operands]
    _ffi.register_targets()
    called = _ffi._call(2, False, 1e-12, jnp.asarray(model.key), *arrays)
    plain = _ffi._native_likelihood(2, jnp.asarray(model.key), *arrays, model.tables)
    for given, expected in zip(plain, called, strict=True):
        assert_allclose(given, expected, rtol=1e-8, atol=1e-9 * np.max(np.abs(expected)))


def every_function(model):
    """One number of everything a portable model offers."""

    def total(theta):
        rewards = jnp.ones((2, model.n_vertices))
        return (
            model.log_likelihood(theta, ROWS)
            + model.moments(theta, 2).sum()
            + model.expectations(theta, rewards).sum()
            + model.covariance(theta, rewards[0], rewards[1])
            + model.laplace(theta, TIMES).sum()
            + model.logpdf(theta, TIMES).sum()
            + model.cdf(theta, TIMES).sum()
        )

    return total


def test_a_portable_model_is_the_same_on_the_cpu(law):
    model, theta = law
    total = every_function(model)
    plain = jax.grad(every_function(without_tables(model)))(theta)
    assert_allclose(jax.grad(total)(theta), plain, rtol=1e-12)


def without_tables(model):
    """The same model without its tables."""
    return dataclasses.replace(model, tables=None)


def test_other_platforms_get_programs_without_custom_calls(law):
    model, theta = law
    total = every_function(model)
    for function, argument in (
        (total, theta),
        (jax.grad(total), theta),
        (jax.hessian(total), theta),
        (jax.vmap(jax.value_and_grad(total)), np.stack([theta, 2 * theta])),
    ):
        exported = jax.export.export(jax.jit(function), platforms=["cuda"])(argument)
        assert "custom_call @phasic" not in exported.mlir_module()
    on_cpu = jax.jit(jax.grad(total)).lower(theta).as_text()
    assert "custom_call @phasic" in on_cpu


def portable_functions(model):
    """Everything that a portable model computes on other platforms, by name."""
    rewards = np.linspace(0.5, 2.0, 2 * model.n_vertices).reshape(2, -1)
    curves = ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "hazard", "laplace")

    def curve(name):
        return lambda theta: getattr(model, name)(theta, TIMES)

    return {
        **{name: curve(name) for name in curves},
        "log_likelihood": lambda theta: model.log_likelihood(theta, ROWS),
        "occupancy": lambda theta: model.occupancy(theta, 0.7),
        "moments": lambda theta: model.moments(theta, 3, rewards[0]),
        "expectation": lambda theta: model.expectation(theta, rewards[0]),
        "variance": lambda theta: model.variance(theta, rewards[0]),
        "expectations": lambda theta: model.expectations(theta, rewards),
        "covariance": lambda theta: model.covariance(theta, *rewards),
    }


PORTABLE = (
    *("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "hazard", "laplace", "log_likelihood", "occupancy"),
    *("moments", "expectation", "variance", "expectations", "covariance"),
)


@pytest.mark.parametrize("name", PORTABLE)
def test_every_function_lowers_for_cuda_without_a_custom_call(name):
    graph, theta = CONTINUOUS["rabbits"]
    function = portable_functions(graph.model(portable=True))[name]
    exported = jax.export.export(jax.jit(jax.jacrev(function)), platforms=["cuda"])(np.array(theta))
    assert "custom_call @phasic" not in exported.mlir_module()


def test_a_large_component_is_refused():
    graph = Graph(callback=ring, n=_native.LARGEST_COMPONENT + 1)
    with pytest.raises(ValueError, match="evaluate this model on the CPU"):
        graph.model(portable=True)
    with pytest.raises(ValueError, match="discrete=True has the custom call alone"):
        Graph(callback=ring, n=4).model(discrete=True, portable=True)


def ring(state, n):
    """A walk around n states, with a way out of the first."""
    if not len(state):
        return [((1,), 1.0)]
    (at,) = state
    if at == 0:
        return []
    moves = [((at % n + 1,), [1.0, 0.0])]
    return [*moves, ((0,), [0.0, 1.0])] if at == 1 else moves


@pytest.mark.parametrize("name", ["export_function", "import_function"])
def test_functions_without_flatbuffers_say_how_to_get_it(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "flatbuffers", None)
    with pytest.raises(ImportError, match=rf"{name} needs flatbuffers: pip install 'flatbuffers>=23'"):
        getattr(phasic, name)(b"")
