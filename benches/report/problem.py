"""What a problem is: cases, and ways to solve each, one of them ours.

A way is a function in the problem's module, which runs in the environment of a peer. It gets the options of
the case and of the way by keyword, and `folder`, where the problem's `inputs` has left files. It prepares
what is not timed, and returns a `Task`. Whatever a peer's environment may lack is imported inside of
functions. This module imports nothing but the standard library, so that the time of an import can be a
problem too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Process = Literal["long", "fresh", "warm"]


@dataclass(frozen=True)
class Task:
    """What is timed.

    Attributes:
        action: The timed call.
        prepare: Called before each timed call, whose argument is its result.
        per: Time is divided by this number.
        answer: From the action's result to the numbers that are compared; not timed.
    """

    action: Callable[..., Any]
    prepare: Callable[[], Any] | None = None
    per: int = 1
    answer: Callable[[Any], Any] = lambda result: result


@dataclass(frozen=True)
class Way:
    """How one of the peers solves the cases of a problem.

    Attributes:
        name: As the page has it.
        function: Its name in the problem's module.
        peer: Key of `peers.PEERS`; "here" for the environment that runs the report, "index" where that one
            needs the package index.
        options: Beside those of the case.
        quick: Whether a quick report runs it.
        told: Whether it is in a row of its own; one that is not has the exact answer, and is not timed.
        process: In place of the problem's.
    """

    name: str
    function: str
    peer: str = "here"
    options: dict[str, Any] = field(default_factory=dict)
    quick: bool = True
    told: bool = True
    process: Process | None = None


@dataclass(frozen=True)
class Case:
    """A size of a problem.

    Attributes:
        name: As the page has it.
        options: What every way gets.
        quick: Options in their place in a quick report; None leaves the case out of it.
        without: Functions of ways that do not apply.
    """

    name: str
    options: dict[str, Any]
    quick: dict[str, Any] | None = None
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """Cases that are solved in the same ways, of which the first is ours.

    Attributes:
        name: For `--only`.
        title: Of its part of the page.
        text: What is timed, and how answers are compared.
        cases: Its sizes.
        ways: The first is what ratios are of; one that is not `told` has the exact answer.
        tolerance: A ratio counts where an answer is off by no more.
        error: "largest": the largest difference over the largest number of the reference; "relative": the
            largest relative difference; "given": answers say themselves how far off they are; "shown": they
            are text for the page; "none": there is nothing to compare.
        last: What stands above the last column.
        process: "long": one process for all calls of a way; "fresh": one for each call, with empty caches;
            "warm": one for each call, whose caches a call that does not count has filled.
        clock: "call": the timed call; "process": from the start of the process to the end of the call.
        inputs: Function of the module that leaves files for the ways of a case.
        module: Where the functions are.
        rounds: In place of the report's.
        limit: Seconds that a way has for a call, preparation included.
    """

    name: str
    title: str
    text: str
    cases: tuple[Case, ...]
    ways: tuple[Way, ...]
    module: str
    tolerance: float = 1e-8
    error: Literal["largest", "relative", "given", "shown", "none"] = "largest"
    last: str = "off by"
    process: Process = "long"
    clock: Literal["call", "process"] = "call"
    inputs: str | None = None
    rounds: int | None = None
    limit: float = 30.0
