"""What a second process pays: from import to the first SVGD step, against the import of JAX alone.

python benches/python/warm_start.py [--runs 9]

Process CPU time, which counts all threads, of fresh processes in turn. A fit is `Graph.svgd` with one step.
It includes the search for a start, several hundred evaluations. The first fit starts with an empty cache.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

IMPORT = "import time, jax; print(time.process_time())"

FIT = """
import time
import jax
jax.config.update("jax_enable_x64", True)
from phasic import Graph{names}

def coalescent(state, n):
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

times = [0.31, 0.84, 1.12, 0.22, 2.41, 0.67, 1.93, 0.45] * 100
times = [t * (1 + i / 8192) for i, t in enumerate(times)][: {data}]
graph = Graph(callback=coalescent, n=10)
graph.svgd(times, prior={prior}, n_particles=100, n_iterations=1, progress=False)
print(time.process_time())
"""

CASES = {
    "8 times, default prior": {"names": "", "prior": "None", "data": 8},
    "100 times, default prior": {"names": "", "prior": "None", "data": 100},
    "100 times, Gamma prior": {"names": ", Gamma", "prior": "Gamma(2.0, 1.0)", "data": 100},
}


def seconds(code: str, cache: str) -> float:
    """CPU seconds of a fresh process that runs this code."""
    environment = os.environ | {"PHASIC_CACHE_DIR": cache, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-W", "ignore", "-c", code]
    return float(subprocess.check_output(command, text=True, env=environment))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    for name, case in CASES.items():
        code = FIT.format(**case)
        with tempfile.TemporaryDirectory() as folder:
            cold = seconds(code, f"{folder}/cache")
            pairs = [(seconds(IMPORT, folder), seconds(code, f"{folder}/cache")) for _ in range(runs)]
        alone = statistics.median(one for one, _ in pairs)
        ratios = sorted(warm / one for one, warm in pairs)
        print(
            f"{name:<26} import jax {alone:.3f} s   second process {statistics.median(ratios):.2f} times "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f})   first {cold / alone:.2f} times"
        )


if __name__ == "__main__":
    main()
