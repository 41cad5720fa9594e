"""Run the loops and print what they count."""

import argparse
import importlib
import json
import logging
import os
import sys
import tempfile
from pathlib import Path

#: Rounds of a short and of a long run.
LOOPS = {
    "kills": (30, 1000),
    "damage": (28, 1000),
    "interrupts": (20, 1000),
    "flips": (2000, 100_000),
    "pairs": (2000, 100_000),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cache.fault_loops", description=__doc__)
    parser.add_argument("loops", nargs="*", help=f"which of {', '.join(LOOPS)}; without them, all")
    parser.add_argument("--long", action="store_true", help="run at the length of a release")
    parser.add_argument("--count", type=int, help="rounds of each loop")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    options = parser.parse_args()
    logging.getLogger("phasic").setLevel(logging.CRITICAL)
    for name in options.loops or LOOPS:
        short, long = LOOPS[name]
        run = importlib.import_module(f".{name}", __package__).run  # not flips, and with it JAX, for all
        count = options.count or (long if options.long else short)
        with tempfile.TemporaryDirectory() as folder:
            os.environ["PHASIC_CACHE_DIR"] = f"{folder}/default"
            counts = run(Path(folder), count, options.seed)
        if options.json:
            sys.stdout.write(json.dumps(counts) + "\n")
        else:
            row = "  ".join(f"{number:>7,} {what}" for what, number in counts.items())
            sys.stdout.write(f"{name:<11}{row}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
