"""Isolation with migration, 7 + 7 lineages: every branch length of the joint spectrum from one factorization.

python -m benches.python.joint_spectrum
"""

from __future__ import annotations

import resource
import time

import numpy as np
from phasic import Graph

from tests.models_batched import Migration

SAMPLES = (7, 7)


def main() -> None:
    start = time.perf_counter()
    graph = Graph(callback=Migration(*SAMPLES).batched, batched=True)
    built = time.perf_counter()
    states = graph.states()
    half = states.shape[1] // 2
    rewards = (states[:, :half] + states[:, half:]).T[1:].astype(float)
    lengths = graph.expectations(rewards)
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{graph.vertices_length()} vertices, {graph.edges_length()} edges, {np.sum(lengths > 0)} lengths")
    print(f"build {built - start:.2f} s   spectrum {done - built:.2f} s   peak {peak:.0f} MiB")


if __name__ == "__main__":
    main()
