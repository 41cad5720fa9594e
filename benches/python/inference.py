"""Time to a posterior and its accuracy: phasic's methods, an older phasic, BlackJAX and NumPyro.

    python benches/python/inference.py [--rival PYTHON] [--runs 5] [--observations 1000]

PYTHON is the interpreter of an environment of its own with phasic 0.32.1, whose 100 particles take 1 and 3
steps, once each: 500 are extrapolated from that, since they would take hours. The model is the coalescent of
ten lineages, one rate, seen by 1,000 times to the common ancestor. Every fit runs in a process of its own,
whose caches an earlier one has filled; all take turns. Seconds are from the start of that process to the
posterior, and errors are against quadrature, in posterior standard deviations.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LINEAGES = 10
LOG_MEAN, LOG_SD = 0.5, 2.0

COALESCENT = f"""
import json, os, sys, time
import jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp, numpy as np
from phasic import Graph

def coalescent(state, n={LINEAGES}):
    if not len(state):
        return [([n] + [0] * (n - 1), 1.0)]
    moves = []
    for i in range(n):
        for j in range(i, n):
            pairs = state[i] * (state[i] - 1) / 2 if i == j else state[i] * state[j]
            if pairs and i + j + 1 < n:
                merged = list(state)
                merged[i] -= 1
                merged[j] -= 1
                merged[i + j + 1] += 1
                moves.append((merged, [float(pairs)]))
    return moves

times = np.load(sys.argv[1])
seed = int(sys.argv[2])
"""

REPORT = """
particles = np.asarray(particles).ravel()
seconds = time.time() - float(os.environ["BENCH_BEGAN"])
print(json.dumps([seconds, time.process_time(), particles.mean(), particles.std()]))
"""

GRAPH = "graph = Graph(callback=coalescent)\n"

OURS = f"""
{GRAPH}
from phasic import LogNormal
posterior = graph.fit(times, prior=LogNormal({LOG_MEAN}, {LOG_SD}), method=METHOD, seed=seed, progress=False)
particles = posterior.particles
"""

OLD = f"""
from phasic import LogGaussPrior
graph = Graph(coalescent, ipv=[([{LINEAGES}] + [0] * {LINEAGES - 1}, 1.0)])
fit = graph.svgd(
    times, prior=LogGaussPrior(mean={LOG_MEAN}, std={LOG_SD}), n_particles=100, n_iterations=STEPS, seed=seed,
    progress=False, return_history=False,
)
particles = fit.get_results()["particles"]
"""

BLACKJAX = f"""
{GRAPH}
import blackjax
model = graph.model()

def log_posterior(log_rate):
    prior = -0.5 * jnp.sum((log_rate - {LOG_MEAN}) ** 2) / {LOG_SD}**2
    return prior + model.log_likelihood(jnp.exp(log_rate), times)

@jax.jit
def sample(key):
    warmup_key, sample_key = jax.random.split(key)
    warmup = blackjax.window_adaptation(blackjax.nuts, log_posterior)
    (state, parameters), _ = warmup.run(warmup_key, jnp.zeros(1), num_steps=500)
    kernel = blackjax.nuts(log_posterior, **parameters).step

    def step(state, key):
        state, _ = kernel(key, state)
        return state, state.position

    return jax.lax.scan(step, state, jax.random.split(sample_key, 1000))[1]

from phasic.cache import enable_jax_cache
enable_jax_cache()
particles = jnp.exp(sample(jax.random.key(seed)))
"""

NUMPYRO = f"""
{GRAPH}
import numpyro
from numpyro import distributions
from numpyro.infer import MCMC, NUTS
from phasic.cache import enable_jax_cache
enable_jax_cache()
model = graph.model()

def posterior():
    rate = numpyro.sample("rate", distributions.LogNormal({LOG_MEAN}, {LOG_SD}))
    numpyro.factor("times", model.log_likelihood(rate[None], times))

chain = MCMC(NUTS(posterior), num_warmup=500, num_samples=1000, progress_bar=False)
chain.run(jax.random.key(seed))
particles = chain.get_samples()["rate"]
"""

FITS = {
    "svgd, defaults": OURS.replace("METHOD", '"svgd"'),
    "laplace, defaults": OURS.replace("METHOD", '"laplace"'),
    "nuts, defaults: 4 chains of 500 + 1,000": OURS.replace("METHOD", '"nuts"'),
    "BlackJAX NUTS, 1 chain of 500 + 1,000": BLACKJAX,
    "NumPyro NUTS, 1 chain of 500 + 1,000": NUMPYRO,
}


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


def _log_posterior(
    log_rate: np.longdouble, times: np.ndarray, rates: np.ndarray, terms: list
) -> np.longdouble:
    scaled = np.exp(log_rate) * times
    density = sum(term * np.exp(-rate * scaled) for rate, term in zip(rates, terms, strict=True))
    prior = -0.5 * ((log_rate - LOG_MEAN) / LOG_SD) ** 2
    return prior + len(times) * log_rate + np.log(density).sum()


def run(python: list[str], code: str, path: str, seed: int, cache: str) -> list[float]:
    """Wall and CPU seconds of a fit in a fresh process, and its mean and standard deviation."""
    environment = os.environ | {
        "PHASIC_CACHE_DIR": cache,
        "HOME": cache,
        "JAX_PLATFORMS": "cpu",
        "BENCH_BEGAN": repr(time.time()),
    }
    command = [*python, "-W", "ignore", "-c", COALESCENT + code + REPORT, path, str(seed)]
    output = subprocess.check_output(command, text=True, env=environment, stderr=subprocess.DEVNULL)
    return json.loads(output.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rival")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--observations", type=int, default=1000)
    arguments = parser.parse_args()
    k = np.arange(LINEAGES, 1, -1)
    draws = np.random.default_rng(1).exponential(1.0, (arguments.observations, LINEAGES - 1))
    times = (draws / (k * (k - 1) / 2)).sum(axis=1)
    mean, sd = exact(times)
    print(f"exact: mean {mean:.6f}, standard deviation {sd:.6f}")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/times.npy"
        np.save(path, times)
        compare(path, folder, arguments.runs, mean, sd)
        if arguments.rival:
            extrapolate(arguments.rival, path, folder)


def compare(path: str, folder: str, runs: int, mean: float, sd: float) -> None:
    """Print seconds and errors of every fit of ours, and ratios to those of SVGD."""
    caches = {name: f"{folder}/{i}" for i, name in enumerate(FITS)}
    results: dict[str, list[list[float]]] = {name: [] for name in FITS}
    for name, code in FITS.items():
        Path(caches[name]).mkdir()
        run([sys.executable], code, path, 0, caches[name])
    for seed in range(runs):
        for name, code in FITS.items():
            results[name].append(run([sys.executable], code, path, seed, caches[name]))
    base = results["svgd, defaults"]
    for name, rows in results.items():
        wall, cpu = (statistics.median(row[i] for row in rows) for i in (0, 1))
        ratio = [
            statistics.median(row[i] / own[i] for row, own in zip(rows, base, strict=True)) for i in (0, 1)
        ]
        error = max(abs(row[2] - mean) / sd for row in rows)
        spread = [row[3] / sd for row in rows]
        print(
            f"{name:<42} wall {wall:6.2f} s ({ratio[0]:.2f} times)   CPU {cpu:6.2f} s ({ratio[1]:.2f})   "
            f"mean off by {error:.4f} sd   sd ratio {min(spread):.3f} to {max(spread):.3f}"
        )


def extrapolate(python: str, path: str, folder: str) -> None:
    """Print CPU seconds of a few steps of the older phasic, and what 500 of them would take."""
    # -E: PYTHONPATH may lead to this phasic.
    one, three = (
        run([python, "-E"], OLD.replace("STEPS", str(steps)), path, 0, folder)[1] for steps in (1, 3)
    )
    step = (three - one) / 2
    total = one + 499 * step
    print(f"phasic 0.32.1: {one:.0f} s with one step, {step:.1f} s for another, {total:.0f} s for 500")


if __name__ == "__main__":
    main()
