"""Joint site-frequency spectrum of isolation with migration: two demes until a split at 1.5, then one.

python -m benches.python.epochs [--check] [--rival PYTHON] [sizes ...]

Each size n runs n + n lineages in a process of its own with an empty cache, from the transition rule to every
expected branch length. `--rival` names a Python that has phasegen 2.2.0, which then does the same in turn.
`--check` compares with uniformization in 80-bit floats, by NumPy.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from phasic import Epoch, Graph

from tests.models_batched import Ancestral, Migration

SPLIT, MIGRATION = 1.5, 0.5

RIVAL = """
import json, resource, sys, time
import numpy as np
import phasegen
n = int(sys.argv[1])
start = time.perf_counter()
names = ("a", "b")
demography = phasegen.Demography(
    pop_sizes=dict.fromkeys(names, 1),
    migration_rates={("a", "b"): 0.5, ("b", "a"): 0.5},
    events=[phasegen.PopulationSplit(time=1.5, derived="b", ancestral="a")],
)
lengths = np.asarray(phasegen.Coalescent(n=dict.fromkeys(names, n), demography=demography).jsfs.mean.data)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([seconds, peak, lengths.ravel().tolist()]))
"""


def spectrum(n: int) -> tuple[list[float], list[float], Graph, Graph]:
    """Seconds of the parts, and the length of each cell but the first."""
    times = [time.perf_counter()]
    demes = Graph(callback=Migration(n, n, MIGRATION).batched, batched=True)
    ancestral = Graph(callback=Ancestral(n, n).batched, batched=True)
    times.append(time.perf_counter())
    split = Epoch(SPLIT, graph=ancestral, map=merged, batched=True)
    epochs = demes.epochs([(0.0, []), split])
    times.append(time.perf_counter())
    rewards = [merged(demes.states()).T[1:].astype(float), ancestral.states().T[1:].astype(float)]
    lengths = epochs.expectations(rewards)
    times.append(time.perf_counter())
    return np.diff(times).tolist(), lengths.tolist(), demes, ancestral


def merged(states: np.ndarray) -> np.ndarray:
    """Counts of both demes together."""
    half = states.shape[1] // 2
    return states[:, :half] + states[:, half:]


def reference(n: int, demes: Graph, ancestral: Graph) -> np.ndarray:
    """The lengths in 80-bit floats: uniformization before the split, back-substitution after it."""
    model = Migration(n, n, MIGRATION)
    states = demes.states()[1:]
    row, to, rate = _transitions(demes, model.batched, states)
    exits = np.zeros(len(states), np.longdouble)
    np.add.at(exits, row, rate)
    q = exits.max()
    order = np.argsort(to, kind="stable")
    row, to, jump = row[order], to[order], rate[order] / q
    heads = np.flatnonzero(np.diff(to, prepend=-1))
    x = np.zeros(len(states), np.longdouble)
    x[demes._builder.find(model.start.ravel()) - 1] = 1
    alive = exits > 0
    weights = _poisson(float(q) * SPLIT)
    tails = np.concatenate([np.cumsum(weights[::-1])[::-1][1:], [np.longdouble(0)]])
    end, spent = np.zeros_like(x), np.zeros_like(x)
    for weight, tail in zip(weights, tails, strict=True):
        end += weight * x
        spent += tail / q * x
        arrived = np.zeros_like(x)
        arrived[to[heads]] = np.add.reduceat(x[row] * jump, heads)
        x = np.where(alive, x * (1 - exits / q), 0) + arrived
    lengths = (spent * alive) @ merged(states).astype(np.longdouble)
    after = ancestral.states()[1:]
    mass = np.zeros(len(after), np.longdouble)
    np.add.at(mass, ancestral._builder.find_all(merged(states)) - 1, end * alive)
    row, to, rate = _transitions(ancestral, Ancestral(n, n).batched, after)
    exits = np.zeros(len(after), np.longdouble)
    np.add.at(exits, row, rate)
    size = after.sum(axis=1)
    for lineages in range(2 * n, 1, -1):
        now = size == lineages
        mass[now] /= exits[now]
        edges = now[row]
        np.add.at(mass, to[edges], mass[row[edges]] * rate[edges])
    return (lengths + (mass * (size > 1)) @ after.astype(np.longdouble))[1:]


def _transitions(graph, rule, states):
    row, targets, rate = rule(states)
    found = graph._builder.find_all(np.ascontiguousarray(targets, np.int32)) - 1
    return row, found, rate.astype(np.longdouble)


def _poisson(mean: float) -> np.ndarray:
    """Probabilities up to where the tail is below 1e-25."""
    import mpmath

    with mpmath.workdps(40):
        terms, k = [mpmath.exp(-mpmath.mpf(mean))], 0
        while k < mean or terms[-1] > mpmath.mpf(10) ** -27:
            k += 1
            terms.append(terms[-1] * mean / k)
        return np.array([np.longdouble(mpmath.nstr(term, 25)) for term in terms])


def ours(n: int, check: bool) -> None:
    parts, lengths, demes, ancestral = spectrum(n)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    error = None
    if check:
        exact = reference(n, demes, ancestral)
        # The cell in which all samples have one ancestor has no length.
        error = float(np.max(np.abs(np.array(lengths)[:-1] / exact[:-1] - 1)))
    print(json.dumps([parts, peak, lengths, demes.vertices_length(), error]))


def run(command: list[str]) -> list:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PHASIC_CACHE_DIR": folder}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int, default=[3, 5, 7])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--rival")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", type=int)
    given = parser.parse_args()
    if given.one is not None:
        return ours(given.one, given.check)
    for n in given.sizes:
        compare(n, given)


def compare(n: int, given: argparse.Namespace) -> None:
    """Runs of both in turn, and what they say."""
    mine, theirs = [], []
    for index in range(given.runs):
        check = ["--check"] if given.check and index == 0 else []
        mine.append(run([sys.executable, "-m", "benches.python.epochs", "--one", str(n), *check]))
        if given.rival:
            theirs.append(run([given.rival, "-c", RIVAL, str(n)]))
    parts, peak, lengths, vertices, _ = mine[-1]
    shown = "  ".join(f"{name} {s:.2f}" for name, s in zip(("build", "record", "solve"), parts, strict=True))
    print(f"{n} + {n} lineages, {vertices} vertices")
    seconds = show("phasic", [sum(one[0]) for one in mine], peak)
    print(f"            the last one: {shown}")
    if given.check:
        print(f"            largest relative error of a length: {mine[0][4]:.1e}")
    if theirs:
        other = show("phasegen", [one[0] for one in theirs], theirs[-1][1])
        off = np.array(theirs[-1][2])[1 : len(lengths)] / np.array(lengths)[:-1] - 1
        print(f"            ratio {other / seconds:.1f}, lengths differ by {np.max(np.abs(off)):.1e}")


def show(name: str, seconds: list[float], peak: float) -> float:
    median = statistics.median(seconds)
    print(f"  {name:8}  {median:.2f} s, best {min(seconds):.2f}, peak {peak:.0f} MiB")
    return median


if __name__ == "__main__":
    main()
