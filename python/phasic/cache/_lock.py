"""Locks that survive a fork and locks that the kernel frees when their holder dies."""

import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_FORK_WAIT = 1.0
_POLL = 0.005
#: Each removes itself when its lock goes, by a built-in method: Python swallows a Ctrl-C in a callback.
_registered: "set[weakref.ref[ForkSafeLock]]" = set()
_held: "list[ForkSafeLock]" = []
_hooked = False


class ForkSafeLock:
    """A re-entrant lock that no other thread holds while the process forks.

    The child gets a fresh lock, and then ``after_fork`` is called in it: the place to drop what must not be
    shared with the parent. Take the lock with ``with lock.raw`` or ``lock.raw.acquire(timeout=...)``.
    """

    def __init__(self, after_fork: Callable[[], None]) -> None:
        self.raw = threading.RLock()
        self.after_fork = after_fork
        _registered.add(weakref.ref(self, _registered.discard))
        _hook()


def _hook() -> None:
    global _hooked
    if not _hooked and hasattr(os, "register_at_fork"):
        _hooked = True
        os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)


def _living() -> list[ForkSafeLock]:
    return [lock for reference in list(_registered) if (lock := reference()) is not None]


def _before() -> None:
    _held[:] = [lock for lock in _living() if lock.raw.acquire(timeout=_FORK_WAIT)]


def _in_parent() -> None:
    while _held:
        _held.pop().raw.release()


def _in_child() -> None:
    _held.clear()
    for lock in _living():
        lock.raw = threading.RLock()
        lock.after_fork()


@contextmanager
def file_lock(path: Path, deadline: float) -> Iterator[None]:
    """Hold the kernel lock on the file ``path``; TimeoutError after ``deadline`` (``time.monotonic``)."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"another process holds {path}") from None
            time.sleep(_POLL)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)
