"""Isolation with migration, 7 + 7 lineages: every branch length of the joint spectrum from one factorization.

Run from the repository's root, `python -m benches.python.joint_spectrum`. Each run is a fresh process with an
empty cache, so that it orders, records and stores the trace; the last line holds medians.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from phasic import Graph

from tests.models_batched import Migration

SAMPLES = (7, 7)
REPEATS = 5


def measure() -> dict[str, float]:
    """Seconds to build and to find the spectrum, size of the graph, peak memory in MiB."""
    start = time.perf_counter()
    graph = Graph(callback=Migration(*SAMPLES).batched, batched=True, progress=False)
    built = time.perf_counter()
    states = graph.states()
    half = states.shape[1] // 2
    rewards = (states[:, :half] + states[:, half:]).T[1:].astype(float)
    lengths = graph.expectations(rewards)
    done = time.perf_counter()
    return {
        "vertices": graph.vertices_length(),
        "edges": graph.edges_length(),
        "lengths": int(np.sum(lengths > 0)),
        "build": built - start,
        "spectrum": done - built,
        "total": done - start,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _in_a_process() -> dict[str, float]:
    command = [sys.executable, "-m", "benches.python.joint_spectrum", "--one"]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PHASIC_CACHE_DIR": folder}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def main() -> None:
    """Print a line for each run and one of medians."""
    runs = [_in_a_process() for _ in range(REPEATS)]
    first = runs[0]
    print(f"{first['vertices']} vertices, {first['edges']} edges, {first['lengths']} lengths")
    for name, run in [*zip(range(1, REPEATS + 1), runs, strict=True), ("median", _medians(runs))]:
        times = "   ".join(f"{part} {run[part]:.2f} s" for part in ("build", "spectrum", "total"))
        print(f"{name}: {times}   peak {run['peak']:.0f} MiB")


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure()))
    else:
        main()
