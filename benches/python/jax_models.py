"""Models in JAX: overhead of a call, cores and threads, size of programs.

python -m benches.python.jax_models
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from phasic import Graph

from tests import models, named

jax.config.update("jax_enable_x64", True)


def timed(call: Callable[[], object], runs: int = 15) -> float:
    """Median seconds of a call whose result is waited for."""
    jax.block_until_ready(call())
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        jax.block_until_ready(call())
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def least_in_turn(calls: dict[str, Callable[[], jax.Array]], blocks: int = 15, runs: int = 20) -> dict:
    """Seconds of short calls: of each the median over blocks of the least in a block.

    In a block all take turns, several calls in a row each: the first one finds the caches cold.
    """
    for call in calls.values():
        call().block_until_ready()
    least: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(blocks):
        best = dict.fromkeys(calls, np.inf)
        for _ in range(runs):
            for name, call in calls.items():
                for _ in range(15):
                    start = time.perf_counter()
                    call().block_until_ready()
                    best[name] = min(best[name], time.perf_counter() - start)
        for name, seconds in best.items():
            least[name].append(seconds)
    return {name: statistics.median(each) for name, each in least.items()}


def overhead() -> None:
    """A model of one state, one observation: what the way into Rust costs.

    The callbacks compute the same numbers by the same Rust; the last one computes nothing.
    """
    graph = Graph(callback=models.kingman_parameterised, n=2)
    model, theta, data = graph.model(), jnp.array([1.0]), jnp.array([0.7])
    trace, shape = graph.trace(), jax.ShapeDtypeStruct((), jnp.float64)

    def back(host: Callable[..., object]) -> Callable[..., jax.Array]:
        return jax.jit(lambda model, theta, data: jax.pure_callback(host, shape, theta, data))

    def host_likelihood(theta: np.ndarray, data: np.ndarray) -> np.ndarray:
        return np.asarray(graph.log_likelihood(np.asarray(theta), np.asarray(data)))

    def host_expectation(theta: np.ndarray, data: np.ndarray) -> np.ndarray:
        return np.asarray(trace.moments(np.asarray(theta), 1, None)[0])

    one = np.asarray(1.0)
    functions = {
        "empty": jax.jit(lambda model, theta, data: theta[0]),
        "log_likelihood": jax.jit(lambda model, theta, data: model.log_likelihood(theta, data)),
        "expectation": jax.jit(lambda model, theta, data: model.expectation(theta)),
        "pure_callback, log_likelihood": back(host_likelihood),
        "pure_callback, expectation": back(host_expectation),
        "pure_callback, nothing": back(lambda theta, data: one),
    }
    calls = {name: lambda f=f: f(model, theta, data) for name, f in functions.items()}
    seconds = least_in_turn(calls)
    over = {name: 1e6 * (each - seconds["empty"]) for name, each in seconds.items()}
    print(f"an empty function: {1e6 * seconds['empty']:.1f} µs")
    for name in list(functions)[1:]:
        print(f"{name}: {over[name]:.1f} µs over an empty one")
    for name in ("log_likelihood", "expectation"):
        same, nothing = over[f"pure_callback, {name}"], over["pure_callback, nothing"]
        ratios = f"callback {same / over[name]:.0f} times, callback to nothing {nothing / over[name]:.0f}"
        print(f"{name}: {ratios}")


def scaling() -> None:
    """A batch of 100 theta on one core and on two."""
    taken = {}
    for cores in ("0", "0,1"):
        run = subprocess.run(
            ["taskset", "-c", cores, sys.executable, "-m", __spec__.name, "--batch"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ},
        )
        taken[cores] = json.loads(run.stdout)
    for name, one in taken["0"].items():
        two = taken["0,1"][name]
        print(f"{name}: {1e3 * one:.0f} ms on one core, {1e3 * two:.0f} ms on two, ratio {one / two:.2f}")


def batch() -> None:
    """For `scaling`: seconds of batches of 100 theta of a model of 987 states."""
    graph = Graph(callback=named.demes, lineages=(43, 0))
    model, thetas = graph.model(), jnp.linspace(0.5, 2, 100)[:, None] * jnp.array([1.0, 2.0])
    times = np.linspace(0.2, 6.0, 200)
    fit = jax.jit(jax.vmap(jax.value_and_grad(lambda theta: model.log_likelihood(theta, times))))
    moments = jax.jit(jax.vmap(jax.value_and_grad(lambda theta: model.moments(theta, 3).sum())))
    print(
        json.dumps(
            {
                "log-likelihood": timed(lambda: fit(thetas), 3),
                "moments": timed(lambda: moments(thetas), 5),
            }
        )
    )


def threads() -> None:
    """Batches that run at the same time on all cores: two of JAX, and one of JAX beside one of NumPy.

    A ratio of 1 is what a queue would take; above it the pools are in each other's way.
    """
    graph = Graph(callback=named.demes, lineages=(20, 0))
    model, thetas = graph.model(), jnp.linspace(0.5, 2, 100)[:, None] * jnp.array([1.0, 2.0])
    times = np.linspace(0.2, 6.0, 200)
    fit = jax.jit(jax.vmap(jax.value_and_grad(lambda theta: model.log_likelihood(theta, times))))
    trace, many = graph.trace(), np.tile(thetas, (100, 1))

    def of_numpy() -> None:
        trace.batch(many)

    def of_jax() -> None:
        jax.block_until_ready(fit(thetas))

    pairs = {"two batches of JAX": (of_jax, of_jax), "JAX beside NumPy": (of_jax, of_numpy)}
    for name, pair in pairs.items():
        ratios = []
        for _ in range(9):
            alone = sum(timed(call, 1) for call in pair)
            start = time.perf_counter()
            workers = [threading.Thread(target=call) for call in pair]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            ratios.append((time.perf_counter() - start) / alone)
        print(f"{name} at once: {statistics.median(ratios):.2f} of one after the other")


def sizes() -> None:
    """Characters of a program for graphs of different sizes."""
    for n in (2, 10, 50):
        graph = Graph(callback=named.demes, lineages=(n, 0))
        model, theta = graph.model(), jnp.array([1.0, 2.0])
        value = jax.jit(
            jax.value_and_grad(lambda theta, model=model: model.log_likelihood(theta, np.ones(10)))
        )
        text = value.lower(theta).compile().as_text()
        print(f"{graph.vertices_length()} vertices: a program of {len(text)} characters")


def portable() -> None:
    """Plain operations of JAX against the custom call, on the CPU."""
    graph = Graph(callback=named.demes, lineages=(20, 0))
    plain, call = graph.model(portable=True), graph.model()
    thetas, times = jnp.linspace(0.5, 2, 10)[:, None] * jnp.array([1.0, 2.0]), np.linspace(0.2, 6.0, 50)
    from phasic import _native

    tables = plain.tables
    fit = jax.jit(jax.vmap(lambda theta: _native.log_curves(tables, theta, times)[0].sum()))
    own = jax.jit(jax.vmap(lambda theta: call.logpdf(theta, times).sum()))
    one, other = timed(lambda: own(thetas)), timed(lambda: fit(thetas), 3)
    print(f"custom call {1e3 * one:.1f} ms, plain operations {1e3 * other:.1f} ms, ratio {other / one:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", action="store_true")
    arguments = parser.parse_args()
    if arguments.batch:
        batch()
    else:
        overhead()
        scaling()
        threads()
        sizes()
        portable()
