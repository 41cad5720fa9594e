"""Every public function of models, of laws with epochs and of the makers of older code."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from phasic import (
    EpochLaw,
    Graph,
    Model,
    evaluate_trace_jax,
    record_elimination_trace,
    trace_to_log_likelihood,
)
from phasic.ffi_wrappers import compute_moments_ffi, compute_pmf_and_moments_ffi, compute_pmf_ffi

from tests import models

THETA = np.array([0.2, 0.3, 0.1])
THETAS = np.array([[0.2, 0.3, 0.1], [0.15, 0.05, 0.25], [0.1, 0.1, 0.1]])
TIMES = np.array([0.3, 2.5, 9.0])
COUNTS = np.array([4, 5, 9])
STARTS = np.array([0.0, 0.7])
#: Of `Model`: how it is made, stored and looked into.
NO_FUNCTIONS = {"epoch_model", "epochs", "load", "of", "save", "trace"}


class Case(NamedTuple):
    """`call(theta, data)`, times or counts, and how often it is differentiable in theta."""

    call: Callable
    data: np.ndarray
    twice: bool


GRAPH = Graph(callback=models.rabbits_parameterised, n=2)
FIRST, SECOND = np.random.default_rng(1).uniform(0.1, 2.0, (2, GRAPH.vertices_length()))


def of_model(name):
    model = GRAPH.model()
    if name in ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "hazard"):
        return Case(getattr(model, name), TIMES, True)
    if name in ("pmf", "logpmf", "cdf_discrete", "sf_discrete"):
        return Case(getattr(GRAPH.model(discrete=True), name), COUNTS, False)
    if name.endswith("_reward"):
        return Case(lambda theta, y: getattr(model, name)(theta, y, FIRST), TIMES, False)
    return {
        "log_likelihood": Case(model.log_likelihood, TIMES, True),
        "occupancy": Case(lambda theta, t: model.occupancy(theta, t[1]), TIMES, False),
        "moments": Case(lambda theta, _: model.moments(theta, 3, FIRST), TIMES, True),
        "expectation": Case(lambda theta, _: model.expectation(theta, FIRST), TIMES, True),
        "variance": Case(lambda theta, _: model.variance(theta, FIRST), TIMES, True),
        "expectations": Case(lambda theta, _: model.expectations(theta, [FIRST, SECOND]), TIMES, True),
        "covariance": Case(lambda theta, _: model.covariance(theta, FIRST, SECOND), TIMES, True),
        "laplace": Case(lambda theta, s: model.laplace(theta, s, FIRST), TIMES, True),
    }[name]


def of_steps(name):
    """Functions of models in time that models in steps have too."""
    model = GRAPH.model(discrete=True)
    return {
        "log_likelihood": Case(model.log_likelihood, COUNTS, True),
        "moments": Case(lambda theta, _: model.moments(theta, 2), COUNTS, True),
        "covariance": Case(lambda theta, _: model.covariance(theta, FIRST, SECOND), COUNTS, True),
    }[name]


def of_epochs(name):
    model = GRAPH.model()

    def call(theta, times):
        law = model.epochs(jnp.stack([jnp.asarray(theta), 2.0 * jnp.asarray(theta)]), STARTS)
        if name == "moments":
            return law.moments(2, FIRST)
        if name == "expectations":
            return law.expectations(np.stack([FIRST, SECOND]))
        return law.expectation(FIRST) if name == "expectation" else getattr(law, name)(times)

    return Case(call, TIMES, False)


def of_maker(name):
    both = Graph.pmf_and_moments_from_graph(GRAPH)
    several = Graph.pmf_and_moments_from_graph_multivariate(GRAPH)
    pmf, pdf = Graph.pmf_from_graph(GRAPH, discrete=True), Graph.pmf_from_graph(GRAPH)
    built = Graph.pmf_from_graph_parameterized(build)
    moments, trace = Graph.moments_from_graph(GRAPH), record_elimination_trace(GRAPH)
    likelihood = trace_to_log_likelihood(trace, TIMES)
    of_rewards = trace_to_log_likelihood(trace, TIMES, reward_vector=FIRST)
    return {
        "pmf_from_graph": Case(pdf, TIMES, True),
        "pmf_from_graph of counts": Case(pmf, COUNTS, False),
        "moments_from_graph": Case(lambda theta, _: moments(theta), TIMES, True),
        "pmf_and_moments_from_graph, densities": Case(lambda *x: both(*x)[0], TIMES, True),
        "pmf_and_moments_from_graph, moments": Case(lambda *x: both(*x)[1], TIMES, True),
        "pmf_and_moments_from_graph_multivariate": Case(
            lambda theta, times: several(theta, times, np.stack([FIRST, SECOND]))[0], TIMES, False
        ),
        "pmf_from_graph_parameterized": Case(built, TIMES, True),
        "compute_pmf_ffi": Case(lambda *x: compute_pmf_ffi(GRAPH, *x), TIMES, True),
        "compute_moments_ffi": Case(lambda theta, _: compute_moments_ffi(GRAPH, theta, 2), TIMES, True),
        "compute_pmf_and_moments_ffi": Case(
            lambda *x: jnp.concatenate(compute_pmf_and_moments_ffi(GRAPH, *x, 2)), TIMES, True
        ),
        "trace_to_log_likelihood": Case(lambda theta, _: likelihood(theta), TIMES, True),
        "trace_to_log_likelihood of rewards": Case(lambda theta, _: of_rewards(theta), TIMES, False),
        "evaluate_trace_jax": Case(
            lambda theta, _: evaluate_trace_jax(trace, theta)["vertex_rates"], TIMES, True
        ),
    }[name]


def build(theta):
    """The graph with constant weights."""
    graph = Graph(callback=models.rabbits_parameterised, n=2)
    graph.update_weights(theta)
    return graph


def public(kind):
    return {name for name in dir(kind) if not name.startswith("_") and callable(getattr(kind, name, None))}


MAKERS = [
    "pmf_from_graph",
    "pmf_from_graph of counts",
    "moments_from_graph",
    "pmf_and_moments_from_graph, densities",
    "pmf_and_moments_from_graph, moments",
    "pmf_and_moments_from_graph_multivariate",
    "pmf_from_graph_parameterized",
    "compute_pmf_ffi",
    "compute_moments_ffi",
    "compute_pmf_and_moments_ffi",
    "trace_to_log_likelihood",
    "trace_to_log_likelihood of rewards",
    "evaluate_trace_jax",
]
NAMES = {
    "model": sorted(public(Model) - NO_FUNCTIONS),
    "steps": ["log_likelihood", "moments", "covariance"],
    "epochs": sorted(public(EpochLaw)),
    "maker": MAKERS,
}
EVERY = [(kind, name) for kind, names in NAMES.items() for name in names]


@functools.cache
def case_of(kind, name):
    """Made when first asked for: models write to the cache."""
    return {"model": of_model, "steps": of_steps, "epochs": of_epochs, "maker": of_maker}[kind](name)
