"""From a transition rule to a posterior, cache layer by cache layer.

Run it as a script for a report, or under pytest. Every section asserts what it shows: a hit in a fresh
process is a count of hits there, not only a shorter time.

    python tests/test_svgd_jax.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import phasic
import pytest
from phasic import Graph

SOURCE = str(Path(phasic.__file__).parents[1])  # a fresh process imports the same phasic
TIMES = [0.31, 0.84, 1.12, 0.22, 2.41, 0.67, 1.93, 0.45]
OTHER_TIMES = [3.1, 8.4, 11.2, 2.2, 24.1, 6.7, 19.3, 4.5]


def coalescent(state, n):
    """Block counts of Kingman's coalescent: theta is the rate at which each pair merges."""
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


# What a fresh process does before it reports: the same model, in a process that never built it before.
PRELUDE = """
import json, pickle, sys, time
start = time.perf_counter()
import jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np
import phasic
from phasic import Beta, Gamma, Graph
ready = time.perf_counter()
sys.path.insert(0, {folder!r})
from test_svgd_jax import OTHER_TIMES, TIMES, coalescent
def report(**found):
    stats = phasic.cache.default_manager().stats()
    found |= dict(stats=stats, seconds=time.perf_counter() - ready)
    print(json.dumps(found))
"""


def in_a_fresh_process(cache: Path, body: str) -> dict[str, Any]:
    """Run code in a new interpreter with this cache folder; returns what it reported."""
    code = PRELUDE.format(folder=str(Path(__file__).parent)) + textwrap.dedent(body)
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=kept
        | {"PHASIC_CACHE_DIR": str(cache), "HOME": str(cache), "JAX_PLATFORMS": "cpu", "PYTHONPATH": SOURCE},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(name="cache")
def cache_folder(tmp_path: Path) -> Path:
    """An empty cache folder."""
    return tmp_path / "cache"


def show(title: str, *lines: str) -> None:
    print(f"\n{title}")
    for line in lines:
        print(f"   {line}")


# Layer 1: traces


def test_layer_1_a_trace_is_found_by_a_fresh_process(cache: Path) -> None:
    body = """
        graph = Graph(callback=coalescent, n=12)
        begin = time.perf_counter()
        trace = graph.trace()
        report(key=trace.key, vertices=trace.n_vertices, took=time.perf_counter() - begin)
    """
    first = in_a_fresh_process(cache, body)
    second = in_a_fresh_process(cache, body)
    before, after = first["stats"]["trace"], second["stats"]["trace"]
    show(
        "Layer 1: traces by content hash",
        f"{first['vertices']} vertices, {first['key'][:16]}…",
        f"first process   hits {before['hits']}  stored {before['stores']}",
        f"second process  hits {after['hits']}  stored {after['stores']}",
    )
    assert before["hits"] == 0
    assert before["stores"] == 1
    assert after["disk_hits"] == 1
    assert after["stores"] == 0
    assert first["key"] == second["key"]


def test_layer_1_a_damaged_trace_is_recorded_again(cache: Path) -> None:
    body = """
        graph = Graph(callback=coalescent, n=6)
        graph.trace()
        graph.update_parameterized_weights([2.0])
        report(mean=graph.expectation())
    """
    first = in_a_fresh_process(cache, body)
    damaged = 0
    for file in cache.rglob("*"):
        if file.is_file() and b"\x89PHX" in (data := file.read_bytes()):
            at = data.index(b"\x89PHX") + 1000
            file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            damaged += 1
    second = in_a_fresh_process(cache, body)
    show(
        "Layer 1: one bit of the stored trace is flipped",
        f"files damaged   {damaged}",
        f"second process  hits {second['stats']['trace']['hits']}  mean {second['mean']:.15g}",
    )
    assert damaged >= 1
    assert second["stats"]["trace"]["disk_hits"] == 0
    assert second["mean"] == first["mean"]


# Layer 2: models


def test_layer_2_a_pickled_model_works_in_a_process_that_never_built_its_graph(cache: Path) -> None:
    body = """
        model = Graph(callback=coalescent, n=8).model()
        data = pickle.dumps(model)
        value = model.log_likelihood(jnp.array([1.3]), jnp.array(TIMES))
        report(model=data.hex(), value=float(value))
    """
    first = in_a_fresh_process(cache, body)
    body = f"""
        model = pickle.loads(bytes.fromhex({first["model"]!r}))
        function = jax.jit(jax.value_and_grad(model.log_likelihood))
        value, gradient = function(jnp.array([1.3]), jnp.array(TIMES))
        report(value=float(value), gradient=float(gradient[0]))
    """
    second = in_a_fresh_process(cache, body)
    show(
        "Layer 2: a model is its recipe",
        f"pickled         {len(first['model']) // 2} bytes",
        f"other process   log-likelihood {second['value']:.12g}, derivative {second['gradient']:.12g}",
        f"its trace       disk hits {second['stats']['trace']['disk_hits']}",
    )
    assert len(first["model"]) // 2 < 1000
    assert second["value"] == first["value"]
    assert second["stats"]["trace"]["disk_hits"] == 1
    assert second["stats"]["trace"]["stores"] == 0


def test_layer_2_a_model_without_its_trace_says_what_to_do(cache: Path) -> None:
    body = """
        report(model=pickle.dumps(Graph(callback=coalescent, n=4).model()).hex())
    """
    first = in_a_fresh_process(cache, body)
    body = f"""
        try:
            pickle.loads(bytes.fromhex({first["model"]!r}))
        except LookupError as error:
            report(error=str(error))
    """
    second = in_a_fresh_process(cache.parent / "empty", body)
    show("Layer 2: the trace is in no cache", second["error"])
    assert "graph.model()" in second["error"]


FIT = """
    graph = Graph(callback=coalescent, n={n})
    posterior = graph.svgd(np.array({data}), prior=Gamma(2.0, 1.0), n_particles=64, progress=False)
    report(mean=posterior.mean[0], sd=posterior.sd[0], converged=posterior.converged)
"""


def test_layer_2_a_fit_finds_its_recipe_in_a_fresh_process(cache: Path) -> None:
    first = in_a_fresh_process(cache, FIT.format(n=5, data="TIMES"))
    second = in_a_fresh_process(cache, FIT.format(n=5, data="TIMES"))
    before, after = first["stats"]["function"], second["stats"]["function"]
    show(
        "Layer 2: the recipe of a fit's program",
        f"first process   hits {before['hits']}  stored {before['stores']}",
        f"second process  hits {after['hits']}  stored {after['stores']}",
        f"its programs    {second['stats']['xla']}",
    )
    assert (before["hits"], before["stores"]) == (0, 1)
    assert (after["disk_hits"], after["stores"]) == (1, 0)
    assert second["stats"]["xla"]["misses"] == 0
    assert second["mean"] == first["mean"]


def test_layer_2_recipes_make_the_programs_again(cache: Path) -> None:
    """The programs are lost, as after a new version of JAX; the recipes are enough to make them."""
    first = in_a_fresh_process(cache, FIT.format(n=5, data="TIMES"))
    programs = list((cache / "xla").glob("*/*-cache"))
    for program in programs:
        program.unlink()
    warmed = in_a_fresh_process(cache, "report(**phasic.CacheManager().prewarm())")
    second = in_a_fresh_process(cache, FIT.format(n=6, data="OTHER_TIMES"))
    show(
        "Layer 2: recipes without their programs",
        f"programs lost   {len(programs)}",
        f"prewarm         recipes {warmed['recipes']}  compiled {warmed['compiled']}",
        f"next fit        {second['stats']['xla']}, recipe hits {second['stats']['function']['hits']}",
    )
    assert first["stats"]["xla"]["stores"] == len(programs) > 0
    assert (warmed["recipes"], warmed["compiled"], warmed["skipped"]) == (1, 1, 0)
    assert second["stats"]["xla"]["misses"] == 0
    assert second["stats"]["function"]["hits"] == 1


# Data, priors and rewards are arguments of the programs, and parts of no key

EXACT = """
    up = Graph(1)
    a, b = up.find_or_create_vertex([1]), up.find_or_create_vertex([0])
    up.starting_vertex().add_edge(a, 1.0)
    a.add_edge_parameterized(b, 0.0, [1.0])
    counts = np.array([2.0, 4.0, 4.0, 6.0, 8.0, 2.0, 10.0, 4.0])
    fits = {
        "times": lambda: up.svgd(np.array(TIMES), prior=Gamma(2.0, 1.0), progress=False),
        "other times": lambda: up.svgd(np.array(OTHER_TIMES), prior=Gamma(2.0, 1.0), progress=False),
        "other prior": lambda: up.svgd(np.array(TIMES), prior=Gamma(30.0, 3.0), progress=False),
        "rewards": lambda: up.svgd(counts, True, Beta(2.0, 2.0), rewards=[0, 1, 0], progress=False),
        "other rewards": lambda: up.svgd(counts, True, Beta(2.0, 2.0), rewards=[0, 2, 0], progress=False),
    }
    report(means={name: float(fits[name]().mean[0]) for name in %s})
"""


def test_nothing_is_answered_for_other_data_another_prior_or_other_rewards(cache: Path) -> None:
    names = ["times", "other times", "other prior", "rewards", "other rewards"]
    first = in_a_fresh_process(cache, EXACT % names)
    second = in_a_fresh_process(cache, EXACT % names[::-1])
    count, total, steps = len(TIMES), sum(TIMES), 40
    exact = {
        "times": (2 + count) / (1 + total),
        "other times": (2 + count) / (1 + 10 * total),
        "other prior": (30 + count) / (3 + total),
        "rewards": (2 + count) / (4 + steps),
        "other rewards": (2 + count) / (4 + steps / 2),
    }
    show(
        "Data, priors and rewards are arguments of the programs",
        f"programs        {first['stats']['xla']['misses']} compiled for {len(names)} fits",
        *(f"{name:<15} mean {first['means'][name]:.5f}, exact {exact[name]:.5f}" for name in names),
    )
    for name in names:
        # The acceptance bar of a fit's mean: 2 %.
        assert abs(first["means"][name] / exact[name] - 1) < 0.02
    assert first["stats"]["xla"]["misses"] == 2
    assert second["means"] == first["means"]
    assert second["stats"]["xla"]["misses"] == 0


# Layer 3: compiled programs


def test_layer_3_a_fresh_process_compiles_nothing(cache: Path) -> None:
    first = in_a_fresh_process(cache, FIT.format(n=5, data="TIMES"))
    second = in_a_fresh_process(cache, FIT.format(n=5, data="TIMES"))
    show(
        "Layer 3: compiled programs of a fit",
        f"first process   {first['stats']['xla']}  {first['seconds']:.2f} s",
        f"second process  {second['stats']['xla']}  {second['seconds']:.2f} s",
    )
    assert first["stats"]["xla"]["misses"] > 0
    assert second["stats"]["xla"]["hits"] > 0
    assert second["stats"]["xla"]["misses"] == 0
    assert second["mean"] == first["mean"]
    assert second["sd"] == first["sd"]


def test_layer_3_a_new_model_of_a_seen_shape_compiles_nothing(cache: Path) -> None:
    first = in_a_fresh_process(cache, FIT.format(n=5, data="TIMES"))
    other = in_a_fresh_process(cache, FIT.format(n=6, data="OTHER_TIMES"))
    alone = in_a_fresh_process(cache.parent / "alone", FIT.format(n=6, data="OTHER_TIMES"))
    show(
        "Layer 3: another model and other data, same shapes",
        f"programs        {other['stats']['xla']}",
        f"posterior mean  {other['mean']:.6g}, without the cache {alone['mean']:.6g}",
    )
    assert other["stats"]["xla"]["misses"] == 0
    assert other["stats"]["trace"]["stores"] == 1
    assert other["mean"] == alone["mean"]
    assert other["mean"] != first["mean"]


# Cache functions


def test_cache_functions(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(cache))
    traces = [Graph(callback=coalescent, n=n).trace() for n in (3, 4, 5)]
    listed = phasic.list_cached_traces()
    stats = phasic.get_trace_cache_stats()
    info = phasic.cache_info()
    phasic.print_cache_info()
    printed = capsys.readouterr().out
    assert {entry["hash"] for entry in listed} == {trace.key for trace in traces}
    assert {entry["n_vertices"] for entry in listed} == {trace.n_vertices for trace in traces}
    assert stats["total_files"] == 3
    assert info["exists"]
    assert info["num_files"] > 0
    assert str(cache) in printed
    assert phasic.clear_trace_cache() == 3
    assert phasic.list_cached_traces() == []
    show("Cache functions", *printed.splitlines())


# The whole way


def test_pipeline_from_rule_to_posterior(cache: Path) -> None:
    """Exponential times with a Gamma prior: the posterior is Gamma(a + n, b + sum)."""
    body = """
        graph = Graph(1)
        up, down = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
        graph.starting_vertex().add_edge(up, 1.0)
        up.add_edge_parameterized(down, 0.0, [1.0])
        posterior = graph.svgd(np.array(TIMES), prior=Gamma(2.0, 1.0), progress=False)
        report(
            mean=posterior.mean[0], sd=posterior.sd[0], interval=np.ravel(posterior.interval(0.9)).tolist(),
            converged=posterior.converged, reason=posterior.reason,
        )
    """
    first = in_a_fresh_process(cache, body)
    second = in_a_fresh_process(cache, body)
    shape, rate = 2.0 + len(TIMES), 1.0 + sum(TIMES)
    mean, sd = shape / rate, np.sqrt(shape) / rate
    hits = second["stats"]
    show(
        "From rule to posterior, twice",
        f"exact           mean {mean:.5f}  sd {sd:.5f}",
        f"first process   mean {first['mean']:.5f}  sd {first['sd']:.5f}  {first['seconds']:.2f} s",
        f"second process  mean {second['mean']:.5f}  sd {second['sd']:.5f}  {second['seconds']:.2f} s",
        f"its hits        {hits['trace']['hits']} traces, {hits['xla']['hits']} programs",
        first["reason"],
    )
    assert first["converged"]
    # The acceptance bars of a fit: mean within 2 %, standard deviation within 10 %.
    assert abs(first["mean"] / mean - 1) < 0.02
    assert abs(first["sd"] / sd - 1) < 0.10
    assert second["mean"] == first["mean"]
    assert second["stats"]["trace"]["disk_hits"] >= 1
    assert second["stats"]["xla"]["misses"] == 0


def main() -> int:
    """Run every section with a cache folder of its own and print the report."""
    print(f"phasic {phasic.__version__}: from a transition rule to a posterior, cache layer by cache layer")
    start = time.perf_counter()
    status = pytest.main([__file__, "-q", "-s", "-p", "no:cacheprovider"])
    print(f"\n{time.perf_counter() - start:.1f} s")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
