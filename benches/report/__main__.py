"""Make docs/benchmarks.md: `python -m benches.report`, from the repository's root.

Each problem is solved by all who can in turn, and its table stands in the page as soon as it is done.
Environments of the peers are made below `--peers`, and used again. `--quick` takes small sizes and a single
round.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import machine, page, peers
from .catalogue import PROBLEMS
from .problem import Problem
from .process import FailedError
from .runner import Outcome, Settings, solve

ROOT = Path(__file__).parents[2]
HEAD = "machine"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benches.report", description=__doc__)
    parser.add_argument("--only", action="append", choices=PROBLEMS, help="one problem; may be given again")
    parser.add_argument("--quick", action="store_true", help="small sizes, a single round")
    parser.add_argument("--peers", default=str(ROOT / "target" / "peers"), help="a folder, or none")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md")
    parser.add_argument("--rounds", type=int, default=Settings.rounds)
    given = parser.parse_args(arguments)
    folder = None if given.peers == "none" else Path(given.peers).resolve()
    began = time.monotonic()

    def progress(what: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {what}", file=sys.stderr, flush=True)

    failures = peers.install(folder, progress) if folder else {}
    settings = Settings(given.quick, folder, failures, given.rounds)
    if not given.only or page.PART.format(HEAD) not in given.page.read_text():
        write(given.page, HEAD, head(settings))
    for name in given.only or PROBLEMS:
        write(given.page, name, part(PROBLEMS[name], settings, progress))
    progress(f"done: {given.page}")


def write(path: Path, name: str, text: str) -> None:
    """Put one part in its place."""
    path.write_text(page.place(path.read_text(), {name: text}, [HEAD, *PROBLEMS]))


def head(settings: Settings) -> str:
    return page.wrapped(
        f"`python -m benches.report` on {machine.processor()}; {machine.versions()}. All who solve a "
        f"problem take turns, and who has taken {settings.budget:.0f} seconds has no more. Times are "
        "medians, and least to largest; a ratio is that of the times of one round to the first row's, "
        "median, and least to largest: above 1 the first row is faster. A ratio in parentheses does not "
        "count, since the answer is off by more than the problem allows, in bold. Processor time is that of "
        "all threads, and memory what the calls add to the process at their peak."
    )


def part(problem: Problem, settings: Settings, progress: Callable[[str], None]) -> str:
    """Heading, text, table, and when and how it was made."""
    busy = machine.busy()
    results = []
    for case in problem.cases:
        if settings.quick and case.quick is None:
            continue
        name = case.name if not settings.quick else f"{case.name}: {case.quick}"
        progress(f"{problem.name}: {case.name}")
        try:
            results.append((name, *solve(problem, case, settings, lambda what: progress(f"    {what}"))))
        except FailedError as error:
            nobody = Outcome(problem.ways[0], failure=f"not prepared: {error}")
            results.append((name, [nobody], None))
    told = "" if busy is None else f"; just before it, others kept the cores {100 * busy:.0f} % busy"
    rounds = problem.rounds or settings.rounds
    most = "one round" if settings.quick or rounds == 1 else f"at most {rounds} rounds"
    made = f"`--only {problem.name}`, {time.strftime('%Y-%m-%d %H:%M')}, {most}{told}."
    table = page.table(problem, results)
    return "\n\n".join([f"## {problem.title}", page.wrapped(problem.text), table, page.wrapped(made)])


if __name__ == "__main__":
    main()
