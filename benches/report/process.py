"""A way at work: a process of `worker`, and what it may take."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any

from .problem import Problem, Way

WORKER = Path(__file__).with_name("worker.py")


class FailedError(Exception):
    """A worker did not answer; the message says why."""


class Worker:
    """A process of a way, ended with the block."""

    def __init__(
        self, way: Way, case: dict[str, Any], problem: Problem, python: list[str], folder: str
    ) -> None:
        self.limit = problem.limit
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 — `__exit__` closes it
        request = {
            "module": problem.module,
            "function": way.function,
            "options": case | way.options,
            "began": time.time() if problem.clock == "process" else None,
        }
        self.process = subprocess.Popen(
            [*python, "-W", "ignore", str(WORKER), json.dumps(request)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=_environment(folder),
            start_new_session=True,
        )
        self.deadline = time.monotonic() + self.limit
        self.called = False
        self.waiting = b""

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdin and self.process.stdout
        self.process.stdout.close()
        # What was not read any more is lost with the process.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.errors.close()

    def ready(self) -> None:
        self._line()

    def call(self) -> dict[str, Any]:
        """One call, repeated where it is short. The first has the time that preparation has left."""
        assert self.process.stdin
        if self.called:
            self.deadline = time.monotonic() + self.limit
        self.called = True
        try:
            self.process.stdin.write(b"go\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise FailedError(self._last_words()) from None
        return self._line()

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout
        while b"\n" not in self.waiting:
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise FailedError(f"not done in {self.limit:.0f} s")
            read = os.read(self.process.stdout.fileno(), 1 << 20)
            if not read:
                raise FailedError(self._last_words())
            self.waiting += read
        line, self.waiting = self.waiting.split(b"\n", 1)
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _last_words(self) -> str:
        code = self.process.wait()
        if code < 0:
            return f"ended by {signal.Signals(-code).name}"
        self.errors.seek(0)
        last = (self.errors.read().strip().splitlines() or [f"ended with {code}"])[-1]
        return textwrap.shorten(re.sub(r"^[\w.]*\.(?=\w+:)", "", last), 90, placeholder=" …")


#: What workers do not get: what older OpenBLAS needs on some processors, and what leaves modules uncompiled.
DROPPED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")


def _environment(folder: str) -> dict[str, str]:
    """A home and a cache of its own, but Rust's."""
    kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
    rust = {
        name: str(Path.home() / at) for name, at in (("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup"))
    }
    return rust | kept | {"PHASIC_CACHE_DIR": f"{folder}/cache", "HOME": folder, "JAX_PLATFORMS": "cpu"}
