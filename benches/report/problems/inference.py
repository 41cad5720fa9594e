"""From the start of Python to a posterior: one rate, a thousand times to an ancestor of ten lineages."""

from __future__ import annotations

from typing import Any

import numpy as np

from benches.report.problem import Case, Problem, Task, Way

from .likelihood import observations

LINEAGES = 10
LOG_MEAN, LOG_SD = 0.5, 2.0


def inputs(count: int, folder: str) -> Task:
    def write() -> None:
        np.save(f"{folder}/posterior.npy", exact(observations(LINEAGES, count)))

    return Task(write)


def exact(times: np.ndarray) -> tuple[float, float]:
    """Posterior mean and standard deviation of the rate by quadrature over its logarithm.

    The density is a sum of exponentials, in extended precision: what cancels is 1e4 times the terms' error.
    """
    k = np.arange(LINEAGES, 1, -1).astype(np.longdouble)
    rates = k * (k - 1) / 2
    terms = [rate * np.prod([other / (other - rate) for other in rates if other != rate]) for rate in rates]
    grid = np.linspace(-1.5, 1.5, 3001)
    log = np.array([_log_posterior(np.longdouble(at), times, rates, terms) for at in grid])
    weight = np.exp((log - log.max()).astype(float))
    weight /= weight.sum()
    theta = np.exp(grid)
    mean = weight @ theta
    return float(mean), float(np.sqrt(weight @ (theta - mean) ** 2))


def _log_posterior(log_rate: Any, times: np.ndarray, rates: np.ndarray, terms: list[Any]) -> Any:
    scaled = np.exp(log_rate) * times
    density = sum(term * np.exp(-rate * scaled) for rate, term in zip(rates, terms, strict=True))
    prior = -0.5 * ((log_rate - LOG_MEAN) / LOG_SD) ** 2
    return prior + len(times) * log_rate + np.log(density).sum()


def off(draws: Any, folder: str) -> list[float]:
    """How far mean and standard deviation are off, in posterior standard deviations."""
    mean, sd = np.load(f"{folder}/posterior.npy")
    return [float((np.mean(draws) - mean) / sd), float(np.std(draws) / sd - 1)]


def graph() -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    from phasic import Graph

    from tests import named

    return Graph(callback=named.kingman_blocks, n=LINEAGES)


def ours(count: int, folder: str, method: str) -> Task:
    from phasic import LogNormal

    times = observations(LINEAGES, count)

    def fit() -> Any:
        prior = LogNormal(LOG_MEAN, LOG_SD)
        return graph().fit(times, prior=prior, method=method, seed=1, progress=False).particles

    return Task(fit, answer=lambda draws: off(draws, folder))


def blackjax(count: int, folder: str) -> Task:
    import blackjax
    import jax
    from phasic.cache import enable_jax_cache

    jnp, times = jax.numpy, observations(LINEAGES, count)

    def sample() -> Any:
        model = graph().model()
        enable_jax_cache()

        def log_posterior(log_rate: Any) -> Any:
            prior = -0.5 * jnp.sum((log_rate - LOG_MEAN) ** 2) / LOG_SD**2
            return prior + model.log_likelihood(jnp.exp(log_rate), times)

        @jax.jit
        def chain(key: Any) -> Any:
            warmup_key, sample_key = jax.random.split(key)
            warmup = blackjax.window_adaptation(blackjax.nuts, log_posterior)
            (state, parameters), _ = warmup.run(warmup_key, jnp.zeros(1), num_steps=500)
            kernel = blackjax.nuts(log_posterior, **parameters).step

            def step(state: Any, key: Any) -> Any:
                state, _ = kernel(key, state)
                return state, state.position

            return jax.lax.scan(step, state, jax.random.split(sample_key, 1000))[1]

        return np.exp(chain(jax.random.key(1)))

    return Task(sample, answer=lambda draws: off(draws, folder))


def numpyro(count: int, folder: str) -> Task:
    import jax
    import numpyro
    from numpyro import distributions
    from numpyro.infer import MCMC, NUTS
    from phasic.cache import enable_jax_cache

    times = observations(LINEAGES, count)

    def sample() -> Any:
        model = graph().model()
        enable_jax_cache()

        def posterior() -> None:
            rate = numpyro.sample("rate", distributions.LogNormal(LOG_MEAN, LOG_SD))
            numpyro.factor("times", model.log_likelihood(rate[None], times))

        chain = MCMC(NUTS(posterior), num_warmup=500, num_samples=1000, progress_bar=False)
        chain.run(jax.random.key(1))
        return np.asarray(chain.get_samples()["rate"])

    return Task(sample, answer=lambda draws: off(draws, folder))


def older(count: int, folder: str, steps: int) -> Task:
    """phasic 0.32.1: 100 particles, the same prior, else its own defaults."""
    import phasic

    from tests import named

    def moves(state: Any) -> list[Any]:
        return [(to, rates) for to, _, rates in named.kingman_blocks(state, LINEAGES)]

    def fit() -> Any:
        built = phasic.Graph(moves, ipv=[([LINEAGES] + [0] * (LINEAGES - 1), 1.0)])
        prior = phasic.LogGaussPrior(mean=LOG_MEAN, std=LOG_SD)
        fitted = built.svgd(
            observations(LINEAGES, count),
            prior=prior,
            n_particles=100,
            n_iterations=steps,
            seed=1,
            progress=False,
            return_history=False,
        )
        return np.asarray(fitted.get_results()["particles"])

    return Task(fit, answer=lambda draws: off(draws, folder))


PROBLEM = Problem(
    name="inference",
    title="From data to a posterior",
    text=(
        "The coalescent of ten lineages by its blocks, one rate with prior LogNormal(0.5, 2), 1,000 times "
        "to the common ancestor. From the start of Python to the posterior, in a fresh process whose "
        "caches an earlier one has filled. Samplers are given our likelihood; each has one chain of 500 + "
        "1,000 but `nuts`, which has four. Off by: mean and standard deviation from quadrature, in "
        "posterior standard deviations; a ratio counts below 0.1. phasic 0.32.1, with empty caches, takes "
        "its default of 500 steps, or a single one."
    ),
    module=__name__,
    inputs="inputs",
    process="warm",
    clock="process",
    error="given",
    tolerance=0.1,
    limit=100.0,
    cases=(Case("1,000 times", {"count": 1000}, {"count": 50}),),
    ways=(
        Way("phasic `svgd`", "ours", options={"method": "svgd"}, quick=False),
        Way("phasic `laplace`", "ours", options={"method": "laplace"}),
        Way("phasic `nuts`", "ours", options={"method": "nuts"}, quick=False),
        Way("BlackJAX NUTS", "blackjax", quick=False),
        Way("NumPyro NUTS", "numpyro", quick=False),
        Way("phasic 0.32.1, 500 steps", "older", "phasic-0.32.1", {"steps": 500}, process="fresh"),
        Way("phasic 0.32.1, one step", "older", "phasic-0.32.1", {"steps": 1}, process="fresh"),
    ),
)
