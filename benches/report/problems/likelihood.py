"""Log-likelihood of a thousand times and its gradient, for a hundred θ."""

from __future__ import annotations

from typing import Any

import numpy as np

from benches.report.problem import Case, Problem, Task, Way


def observations(lineages: int, count: int) -> np.ndarray:
    """Times to the common ancestor at rate 1: sums of exponential times."""
    k = np.arange(lineages, 1, -1)
    draws = np.random.default_rng(1).exponential(1.0, (count, lineages - 1))
    return np.asarray((draws / (k * (k - 1) / 2)).sum(axis=1))


def thetas(particles: int) -> np.ndarray:
    return np.linspace(0.5, 2.0, particles)[:, None]


def batch(log_likelihood: Any, particles: int) -> Task:
    """`jit(vmap(value_and_grad))`, compiled; the answer is all values and gradients."""
    import jax

    fit, many = jax.jit(jax.vmap(jax.value_and_grad(log_likelihood))), jax.numpy.asarray(thetas(particles))

    def both() -> Any:
        return jax.block_until_ready(fit(many))

    both()
    return Task(both, answer=lambda result: np.concatenate([np.ravel(part) for part in result]))


def ours(lineages: int, count: int, particles: int, folder: str) -> Task:
    import jax
    from phasic import Graph

    from tests import models

    jax.config.update("jax_enable_x64", True)
    model = Graph(callback=models.kingman_parameterised, n=lineages).model()
    times = observations(lineages, count)
    return batch(lambda theta: model.log_likelihood(theta, times), particles)


def plain_jax(lineages: int, count: int, particles: int, folder: str) -> Task:
    """What one writes without a package: the exponential of S at every time, which JAX differentiates."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    k = np.arange(lineages, 1, -1)
    rates = k * (k - 1) / 2
    s = jnp.asarray(np.diag(-rates) + np.diag(rates[:-1], 1))
    times = jnp.asarray(observations(lineages, count))

    def log_likelihood(theta: Any) -> Any:
        exits = jnp.zeros(len(rates)).at[-1].set(theta[0] * rates[-1])
        density = jax.vmap(lambda t: (jax.scipy.linalg.expm(theta[0] * s * t) @ exits)[0])
        return jnp.log(density(times)).sum()

    return batch(log_likelihood, particles)


def older(lineages: int, count: int, particles: int, folder: str) -> Task:
    """phasic 0.32.1, whose gradients are finite differences."""
    import phasic  # before JAX, as it asks

    from tests import models

    def moves(state: Any) -> list[Any]:
        return [(to, rate) for to, _, rate in models.kingman_parameterised(state, n=lineages)]

    graph = phasic.Graph(moves, ipv=[([lineages], 1.0)], graph_cache=False)
    model = phasic.Graph.pmf_and_moments_from_graph(graph, nr_moments=1)

    import jax

    jax.config.update("jax_enable_x64", True)
    times = jax.numpy.asarray(observations(lineages, count))
    return batch(lambda theta: jax.numpy.log(model(theta, times)[0]).sum(), particles)


PROBLEM = Problem(
    name="likelihood",
    title="Log-likelihood and gradient",
    text=(
        "Of independent times to the common ancestor, at θ from 0.5 to 2, in a compiled "
        "`vmap(value_and_grad)`; data are prepared in every call, compilation does not count. Off by: the "
        "largest difference from ours, values and gradients together, over the largest."
    ),
    module=__name__,
    limit=60.0,
    cases=(
        Case(
            "coalescent 10, 1,000 times, 100 θ",
            {"lineages": 10, "count": 1000, "particles": 100},
            {"lineages": 4, "count": 20, "particles": 3},
        ),
    ),
    ways=(
        Way("phasic", "ours"),
        Way("plain JAX, expm at each time", "plain_jax"),
        Way("phasic 0.32.1", "older", "phasic-0.32.1"),
    ),
)
