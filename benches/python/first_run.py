"""What a new user waits for: the demo's first and second run, and how right its answer is.

python benches/python/first_run.py
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time


def demo(cache: str) -> tuple[float, str]:
    """Wall seconds and output of one run of the demo."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "phasic.cli", "demo", "--no-progress", "--plot", f"{cache}/demo.svg"]
    output = subprocess.check_output(command, text=True, env=os.environ | {"PHASIC_CACHE_DIR": cache})
    return time.perf_counter() - start, output


def main() -> None:
    firsts, seconds = [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as cache:
            firsts.append(demo(f"{cache}/phasic")[0])
            took, output = demo(f"{cache}/phasic")
            seconds.append(took)
    print(f"demo, empty cache   median {statistics.median(firsts):.2f} s")
    print(f"demo, second run    median {statistics.median(seconds):.2f} s")
    (mean, sd), (exact_mean, exact_sd) = (
        [float(number) for number in re.search(rf"theta, {name}\s+(\S+)\s+(\S+)", output).groups()]
        for name in ("SVGD", "exact")
    )
    off = 100 * (mean / exact_mean - 1), 100 * (sd / exact_sd - 1)
    print(f"Kreitman, against exact: mean {off[0]:+.2f} %, sd {off[1]:+.2f} %")


if __name__ == "__main__":
    main()
