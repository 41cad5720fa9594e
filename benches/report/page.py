"""The page: a table for each problem between two comments, everything else left alone."""

from __future__ import annotations

import math
import re
import statistics
import textwrap
from typing import Any

from .problem import Problem
from .runner import Outcome

BEGIN, END = "<!-- benches.report: begin -->", "<!-- benches.report: end -->"
PART = "<!-- benches.report: {} -->"
HEADS = ("case", "who", "median", "from – to", "ratio", "from – to", "processor", "memory")


def wrapped(text: str) -> str:
    """A paragraph in lines."""
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def table(problem: Problem, results: list[tuple[str, list[Outcome], Any]]) -> str:
    """The rows of all cases: their name, what each way did, and what answers are compared with."""
    heads = [*HEADS, problem.last]
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for case, outcomes, reference in results:
        for index, outcome in enumerate(outcomes):
            cells = _row(problem, outcome, outcomes[0], reference)
            lines.append(f"| {' | '.join([case if index == 0 else '', outcome.way.name, *cells])} |")
    return "\n".join(lines)


def _row(problem: Problem, outcome: Outcome, first: Outcome, reference: Any) -> list[str]:
    if not outcome.seconds:
        return [(outcome.failure or "–").replace("|", "\\|"), *[""] * 6]
    off = how_far(problem, outcome.answer, reference)
    agrees = off is None or off <= problem.tolerance
    ratios = [theirs / ours for theirs, ours in zip(outcome.seconds, first.seconds, strict=False)]
    shown = "" if outcome is first or not ratios else digits(statistics.median(ratios))
    own = problem.error != "given" and outcome is first and reference is first.answer
    answered = _told(problem, outcome, off, own)
    return [
        seconds(statistics.median(outcome.seconds)),
        span(seconds(min(outcome.seconds)), seconds(max(outcome.seconds))),
        shown if agrees or not shown else f"({shown})",
        span(digits(min(ratios)), digits(max(ratios))) if shown else "",
        seconds(statistics.median(outcome.cpu)),
        "" if problem.error == "shown" else f"{outcome.memory:,.0f} MiB",
        answered if outcome.failure is None else f"{answered}; then {outcome.failure}",
    ]


def _told(problem: Problem, outcome: Outcome, off: float | None, own: bool) -> str:
    """The last cell. Where nothing exact is known, ours is what the others are compared with."""
    if problem.error == "shown":
        return str(outcome.answer)
    if off is None or own:
        return ""
    told = "0" if off == 0 else f"{off:.0e}" if off < 0.01 else f"{off:.2g}"
    return told if off <= problem.tolerance else f"**{told}**"


def how_far(problem: Problem, answer: Any, reference: Any) -> float | None:
    """How far an answer is off, as the problem has it; infinite where it is no number or of another shape."""
    if problem.error in ("none", "shown") or reference is None:
        return None
    got = flat(answer)
    if problem.error == "given":
        return max(map(abs, got)) if all(map(math.isfinite, got)) else math.inf
    wanted = flat(reference)
    if len(got) != len(wanted) or not all(map(math.isfinite, got)):
        return math.inf
    pairs = list(zip(got, wanted, strict=True))
    if problem.error == "relative":
        return max(abs(a - b) / abs(b) if b else (math.inf if a else 0.0) for a, b in pairs)
    return max(abs(a - b) for a, b in pairs) / (max(map(abs, wanted)) or 1.0)


def flat(answer: Any) -> list[float]:
    """The numbers of an answer, which is one or a list of lists of them."""
    if isinstance(answer, list):
        return [x for part in answer for x in flat(part)]
    return [float(answer)]


def seconds(value: float) -> str:
    """A time, in the unit that suits it."""
    units = ((1.0, "s"), (1e3, "ms"), (1e6, "µs"))
    factor, unit = next((each for each in units if value * each[0] >= 1), units[-1])
    return f"{digits(value * factor)} {unit}"


def digits(value: float) -> str:
    """Three digits."""
    if value >= 100:
        return f"{round(value, 1 - math.floor(math.log10(value)) + 1):,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def span(low: str, high: str) -> str:
    """From – to, with the unit once where both have the same; nothing where they are the same."""
    if low == high:
        return ""
    start, unit = low.partition(" ")[::2]
    return f"{start if unit == high.partition(' ')[2] else low} – {high}"


def place(page: str, parts: dict[str, str], order: list[str]) -> str:
    """The page with these parts in place of theirs, and the parts of others as they were.

    Raises:
        ValueError: The page lacks one of the two comments.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"the page must have one line {BEGIN} and after it one line {END}")
    before, rest = page.split(BEGIN)
    inside, after = rest.split(END)
    pieces = re.split(PART.format(r"(\S+)"), inside)
    kept = {name: text.strip() for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}
    all_parts = kept | parts
    body = "\n\n".join(
        f"{PART.format(name)}\n\n{all_parts[name].strip()}" for name in order if name in all_parts
    )
    return f"{before}{BEGIN}\n\n{body}\n\n{END}{after}"
