"""All ways of a case in turn, round after round, each call with a limit."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .peers import NotInstalledError, command
from .problem import Case, Problem, Way
from .process import FailedError, Worker


@dataclass(frozen=True)
class Settings:
    """How a report is made.

    Attributes:
        quick: Small sizes, one round.
        peers: Folder of the peers' environments; None leaves them out.
        failures: Why some of them are not there.
        rounds: How often each way has its turn.
        budget: No more rounds for a way whose counted calls took so many seconds together.
    """

    quick: bool = False
    peers: Path | None = None
    failures: dict[str, str] = field(default_factory=dict)
    rounds: int = 5
    budget: float = 10.0


@dataclass
class Outcome:
    """What a way did in a case: a number for each round, the last answer, and why there are no more."""

    way: Way
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: float = 0.0
    answer: Any = None
    failure: str | None = None


def solve(
    problem: Problem, case: Case, settings: Settings, progress: Callable[[str], None]
) -> tuple[list[Outcome], Any]:
    """What each way did in a case, and the answer that all are compared with: the exact one, or ours."""
    options = case.quick if settings.quick and case.quick is not None else case.options
    with tempfile.TemporaryDirectory() as scratch:
        inputs = f"{scratch}/inputs"
        Path(inputs).mkdir()
        options = options | {"folder": inputs}
        runs = [
            Turns(problem, way, options, settings, f"{scratch}/{index}")
            for index, way in enumerate(_ways(problem, case))
        ]
        if problem.inputs:
            once(problem, Way("inputs", problem.inputs), options, settings, f"{scratch}/made")
        reference = None
        for way in problem.ways:
            if not way.told and way.function not in case.without:
                progress(way.name)
                reference = once(problem, way, options, settings, f"{scratch}/exact")["answer"]
        take_turns(runs, 1 if settings.quick else problem.rounds or settings.rounds, settings, progress)
    outcomes = [run.outcome for run in runs]
    return outcomes, outcomes[0].answer if reference is None else reference


def take_turns(runs: list[Turns], rounds: int, settings: Settings, progress: Callable[[str], None]) -> None:
    """All in turn, round after round; no process is left behind."""
    try:
        for round_ in range(rounds):
            for run in runs:
                if run.goes_on(settings.budget):
                    progress(f"{run.outcome.way.name}, round {round_ + 1}")
                    run.turn()
    finally:
        for run in runs:
            run.end()


def once(
    problem: Problem, way: Way, options: dict[str, Any], settings: Settings, folder: str
) -> dict[str, Any]:
    """The reply of a single call that nobody times."""
    Path(folder).mkdir()
    with Worker(
        way, options, problem, command(way.peer, settings.peers, settings.failures), folder
    ) as worker:
        worker.deadline += 600
        worker.ready()
        return worker.call()


def _ways(problem: Problem, case: Case) -> list[Way]:
    return [way for way in problem.ways if way.told and way.function not in case.without]


class Turns:
    """The turns of one way. Folders are caches: one for all turns, or a new one for each."""

    def __init__(
        self, problem: Problem, way: Way, options: dict[str, Any], settings: Settings, folder: str
    ) -> None:
        self.problem, self.way, self.options, self.folder = problem, way, options, folder
        self.process = way.process or problem.process
        self.outcome = Outcome(way)
        self.worker: Worker | None = None
        self.long = settings.budget / 2
        self.python: list[str] = []
        try:
            if settings.quick and not way.quick:
                raise NotInstalledError("left out of a quick report")
            self.python = command(way.peer, settings.peers, settings.failures)
        except NotInstalledError as error:
            self.outcome.failure = str(error)

    def goes_on(self, budget: float) -> bool:
        return self.outcome.failure is None and sum(self.outcome.seconds) < budget

    def turn(self) -> None:
        """One more number, after a first call that does not count unless it is long."""
        try:
            self._keep(self._next() if self.process == "long" else self._alone())
        except FailedError as error:
            self.outcome.failure = str(error)
            self.end()

    def _next(self) -> dict[str, Any]:
        """A call of the process that goes on."""
        if self.worker:
            return self.worker.call()
        self.worker = self._start(self.folder)
        self.worker.ready()
        first = self.worker.call()
        return first if first["seconds"] > self.long else self.worker.call()

    def _alone(self) -> dict[str, Any]:
        """The only call of a process, with caches that are empty or that an earlier one has filled."""
        if self.process == "fresh":
            return self._once(f"{self.folder}-{len(self.outcome.seconds)}")
        if not self.outcome.seconds:
            self._once(self.folder)
        return self._once(self.folder)

    def _once(self, folder: str) -> dict[str, Any]:
        with self._start(folder) as worker:
            worker.ready()
            return worker.call()

    def _start(self, folder: str) -> Worker:
        Path(folder).mkdir(exist_ok=True)
        return Worker(self.way, self.options, self.problem, self.python, folder)

    def _keep(self, reply: dict[str, Any]) -> None:
        self.outcome.seconds.append(reply["seconds"])
        self.outcome.cpu.append(reply["cpu"])
        self.outcome.memory = max(self.outcome.memory, reply["memory"])
        self.outcome.answer = reply["answer"]

    def end(self) -> None:
        """End the process, so that others have the cores."""
        if self.worker:
            self.worker.__exit__()
            self.worker = None
