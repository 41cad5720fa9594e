"""What a step of SVGD costs from 100 to 10,000 particles: time and memory, in blocks of rows and in matrices.

python benches/python/particles.py [--runs 5] [--parameters 4]

Process CPU time, which counts all threads, of Stein directions and of residuals, in turn: medians. Ideals are
quadratic in n, scaled from 4,000 particles summed in whole matrices (n, n), and from 100 particles. Memory is
what XLA sets aside beside arguments and results. Matrices of 10,000 particles are not tried.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

from phasic.svgd import Kernel, _kernel  # noqa: E402 - precision is chosen before the first array
from phasic.svgd._monitor import residuals  # noqa: E402

COUNTS = (100, 300, 1000, 2000, 4000, 10_000)
AT_ONCE = _kernel._AT_ONCE
LARGEST_MATRIX = 4000


def compiled(function: Callable[..., Any], at_once: int, x: Any, score: Any) -> Any:
    """The function for these particles, summing over pairs of up to so many in whole matrices."""
    _kernel._AT_ONCE = at_once
    made = jax.jit(lambda x, score: function(x, score)).lower(x, score).compile()
    _kernel._AT_ONCE = AT_ONCE
    return made


def seconds(program: Any, x: Any, score: Any) -> float:
    began = time.process_time()
    jax.block_until_ready(program(x, score))
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--parameters", type=int, default=4)
    options = parser.parse_args()
    random = np.random.RandomState(0)
    for name, function in (("direction", Kernel().direction), ("residuals", residuals)):
        found: dict[tuple[int, str], tuple[float, float]] = {}
        for n in COUNTS:
            x, score = (jax.device_put(each) for each in random.normal(size=(2, n, options.parameters)))
            programs = {"phasic": compiled(function, AT_ONCE, x, score)}
            if n <= LARGEST_MATRIX:
                programs["matrices"] = compiled(function, LARGEST_MATRIX, x, score)
            times: dict[str, list[float]] = {each: [] for each in programs}
            for _ in range(options.runs * max(1, 2000 // n)):
                for each, program in programs.items():
                    times[each].append(seconds(program, x, score))
            for each, program in programs.items():
                memory = program.memory_analysis().temp_size_in_bytes
                found[n, each] = statistics.median(times[each][1:]), memory / 2**20
        ideals = {
            "ideal from matrices": found[LARGEST_MATRIX, "matrices"][0] / LARGEST_MATRIX**2,
            "ideal from 100": found[100, "phasic"][0] / 100**2,
        }
        for (n, each), (spent, memory) in found.items():
            ratios = "   ".join(f"{spent / (slope * n * n):5.2f} x {kind}" for kind, slope in ideals.items())
            print(
                f"{name:<10} {n:>6} {each:<9} {1e3 * spent:9.2f} ms {memory:8.1f} MiB   {ratios}", flush=True
            )


if __name__ == "__main__":
    main()
