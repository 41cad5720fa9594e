"""Single flight: of all who want the same missing entry, in threads and processes, one computes it.

Others wait until it is stored, and look again. They wait on a lock of the kernel, which is free as soon as
its holder is dead. Who cannot have the lock, or has waited too long, computes as if alone.
"""

import errno
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ._lock import ForkSafeLock
from ._report import Reporter

logger = logging.getLogger(__name__)

WAIT_SECONDS = 600.0
_SAY_SECONDS = 2.0
_POLL = 0.02
#: Who holds the lock says what for; until then, the lock file may still name what its last holder computed.
_GRACE = 0.25
_OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class _Turn:
    """A lock for one name in this process, and how many want it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.wanted = 0
        self.depth = 0


class Flights:
    """Turns at computing entries, by name.

    Args:
        folder: gives the folder of the lock files, which exists, or None to agree in this process only.
        report: where faults are logged.
    """

    def __init__(self, folder: Callable[[], Path | None], report: Reporter) -> None:
        self._folder = folder
        self._report = report
        self._turns: dict[str, _Turn] = {}
        self._held: set[int] = set()
        self._lock = ForkSafeLock(after_fork=self._forget)

    @contextmanager
    def turn(self, name: str, seconds: float = WAIT_SECONDS) -> Iterator[None]:
        """Hold the turn for ``name``; who has waited looks for the entry again.

        After ``seconds`` of waiting the body runs without the turn. The holder may ask for it again.
        """
        deadline = time.monotonic() + seconds
        with self._lock.raw:
            turn = self._turns.setdefault(name, _Turn())
            turn.wanted += 1
        mine = False
        try:
            mine = turn.lock.acquire(timeout=seconds)
            turn.depth += mine
            if mine and turn.depth == 1:
                with self._kernel_turn(name, deadline):
                    yield
            else:
                yield
        finally:
            if mine:
                turn.depth -= 1
                turn.lock.release()
            with self._lock.raw:
                turn.wanted -= 1
                if turn.wanted == 0 and self._turns.get(name) is turn:
                    del self._turns[name]

    @contextmanager
    def _kernel_turn(self, name: str, deadline: float) -> Iterator[None]:
        descriptor = None
        try:
            try:
                descriptor = self._open(name)
                if descriptor is not None:
                    self._wait(descriptor, name, deadline)
            except OSError as problem:
                self._report(f"turn {problem.errno}", f"no lock can be had, going on without: {problem}")
            yield
        finally:
            if descriptor is not None and descriptor in self._held:
                self._held.discard(descriptor)
                os.close(descriptor)

    def _open(self, name: str) -> int | None:
        folder = self._folder() if sys.platform != "win32" else None
        if folder is None:
            return None
        descriptor = os.open(folder / name.rpartition("/")[2][:2], _OPEN | os.O_CLOEXEC, 0o600)
        self._held.add(descriptor)
        return descriptor

    def _wait(self, descriptor: int, name: str, deadline: float) -> None:
        """Wait for the lock; comes back without it after the deadline, or if it is held for another name."""
        import fcntl

        start, said, mark = time.monotonic(), False, name.encode()
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as problem:
                if problem.errno not in (errno.EAGAIN, errno.EACCES, errno.EINTR):
                    raise
            else:
                os.pwrite(descriptor, mark, 0)
                os.ftruncate(descriptor, len(mark))
                return
            now = time.monotonic()
            if now > deadline or (now - start > _GRACE and os.pread(descriptor, 200, 0) != mark):
                return
            if now - start > _SAY_SECONDS and not said:
                said = True
                logger.info("phasic cache: waiting for another process that computes %s...", name[:13])
            time.sleep(_POLL)

    def _forget(self) -> None:
        """In the child of a fork: turns are the parent's, and so are its locks, which a copy would keep."""
        self._turns.clear()
        while self._held:
            os.close(self._held.pop())
