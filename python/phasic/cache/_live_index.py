"""An index that stays usable: opened at the first use, and opened again or rebuilt as the folder demands.

It is dropped when its file is replaced, when it is damaged (a fresh one then adopts the value files of the
old one), and in the child of a fork. Who cannot have it in time goes on without.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import diskcache

from ._aside import remove_set_aside, set_aside
from ._entry import DamagedError, read_header, seconds_of
from ._index import FrozenIndex, Index
from ._lock import ForkSafeLock, file_lock
from ._opening import DATABASE_ERRORS, BrokenIndexError, is_corruption, open_index
from ._paths import INDEX, check_owner, is_link, is_ours, locate, prepare, writable
from ._report import Reporter
from ._values import ValueFile, open_value, value_names, value_path

T = TypeVar("T")

LOCK_FILE = "index.lock"
WAIT_SECONDS = 0.8
OPEN_SECONDS = 0.8
ADOPT_SECONDS = 0.4
PAUSE_SECONDS = 30.0
_FAULTS = (*DATABASE_ERRORS, OSError, diskcache.Timeout)


class LiveIndex:
    """The index of the cache folder ``root``, for one action at a time; it raises no fault of the disk."""

    def __init__(self, root: Path, report: Reporter) -> None:
        self.root = root
        self._report = report
        self._index: Index | FrozenIndex | None = None
        self._inherited: list[Index | FrozenIndex] = []
        self._closed_until = 0.0
        self._unwritable_until = 0.0
        self._lock = ForkSafeLock(after_fork=self._forget)

    @property
    def folder(self) -> Path:
        """Folder of the index and its value files."""
        return self.root / INDEX

    @property
    def is_open(self) -> bool:
        """Whether the index is open in this process."""
        return self._index is not None

    def run(self, action: Callable[[Index | FrozenIndex], T], otherwise: T) -> T:
        """Result of ``action`` on the open index, ``otherwise`` if there is none or it fails.

        Raises DamagedError only, for a row that must not be followed.
        """
        if not self._lock.raw.acquire(timeout=WAIT_SECONDS):
            return otherwise
        try:
            index = self._current()
            if index is None:
                return otherwise
            try:
                index.settle()
                return action(index)
            finally:
                index.settle()
        except _FAULTS as problem:
            self._failed(problem)
            return otherwise
        finally:
            self._lock.raw.release()

    def write(self, action: Callable[[Index], T], otherwise: T) -> T:
        """Like ``run``, for what needs an index that can be written."""

        def checked(index: Index | FrozenIndex) -> T:
            return action(index) if isinstance(index, Index) else otherwise

        if time.monotonic() < self._unwritable_until or not writable():
            return otherwise
        return self.run(checked, otherwise)

    def clear(self) -> None:
        """Remove the index, also a damaged one, with its values; raises OSError where that is impossible."""
        with self._lock.raw:
            self._drop()
            if os.path.lexists(self.folder):
                set_aside(self.folder, "gone")
            remove_set_aside(self.root)
            self._closed_until = self._unwritable_until = 0.0

    def close(self) -> None:
        """Close the index; the next use opens it again."""
        if self._lock.raw.acquire(timeout=WAIT_SECONDS):
            try:
                self._drop()
            finally:
                self._lock.raw.release()

    def _failed(self, problem: Exception) -> None:
        if isinstance(problem, diskcache.Timeout):
            self._unwritable_until = time.monotonic() + PAUSE_SECONDS
            pause = f"storing pauses for {PAUSE_SECONDS:g} s"
            self._report("busy", f"{self.folder} is locked or read-only; {pause}")
            return
        self._report(f"fault {type(problem).__name__} {problem}", f"{self.folder} fails: {problem}")
        if isinstance(problem, DATABASE_ERRORS):
            self._drop()
            if is_corruption(problem):
                self._replace_broken(str(problem))

    def _current(self) -> Index | FrozenIndex | None:
        if self._index is not None and not self._index.is_current():
            self._drop()
        if self._index is None and time.monotonic() >= self._closed_until:
            self._index = self._open()
            if self._index is None:
                self._closed_until = time.monotonic() + PAUSE_SECONDS
        return self._index

    def _open(self) -> Index | FrozenIndex | None:
        root = self.root = locate(self.root)
        frozen = is_ours(root) and not os.access(root, os.W_OK | os.X_OK)
        try:
            if frozen:
                check_owner(root)
                self._report("frozen", f"{root} cannot be written; its entries are read, none are stored")
                return FrozenIndex(self.folder)
            prepare(root)
            with file_lock(root / LOCK_FILE, time.monotonic() + OPEN_SECONDS):
                try:
                    return open_index(self.folder, WAIT_SECONDS)
                except BrokenIndexError as problem:
                    return self._rebuilt(str(problem))
        except (*_FAULTS, BrokenIndexError) as problem:
            self._report("closed", f"{root} cannot be used, going on without it: {problem}")
            return None

    def _replace_broken(self, reason: str) -> None:
        try:
            with file_lock(self.root / LOCK_FILE, time.monotonic() + OPEN_SECONDS):
                self._index = self._rebuilt(reason)
        except (*_FAULTS, BrokenIndexError) as problem:
            self._report("closed", f"{self.root} cannot be used, going on without it: {problem}")

    def _rebuilt(self, reason: str) -> Index:
        """Set the index aside and open a fresh one that adopts its value files."""
        if not writable():
            raise BrokenIndexError(f"the index is damaged: {reason}")
        self._report(f"broken {reason}", f"the index in {self.folder} is damaged and is rebuilt: {reason}")
        remove_set_aside(self.root)
        aside = set_aside(self.folder, "bad")
        index = open_index(self.folder, WAIT_SECONDS)
        deadline = time.monotonic() + ADOPT_SECONDS
        for name in value_names(aside):
            if is_link(aside) or time.monotonic() > deadline:
                break
            self._adopt(index, aside, name)
        return index

    def _adopt(self, index: Index, aside: Path, name: str) -> None:
        try:
            with open_value(aside, name) as stream:
                header = read_header(stream)
                size = os.fstat(stream.fileno()).st_size
            path = value_path(self.folder, name)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            (aside / name).rename(path)
            index.keep(f"{header.kind}/{header.key}", ValueFile(name, size), seconds_of(header.metadata))
        except (*_FAULTS, DamagedError) as problem:
            self._report("adopt", f"a value file of the damaged index is not taken over: {problem}")

    def _drop(self) -> None:
        index, self._index = self._index, None
        if index is not None:
            index.disconnect()

    def _forget(self) -> None:
        """In the child of a fork: SQLite forbids closing a connection of the parent, so keep it unused."""
        if self._index is not None:
            self._inherited.append(self._index)
        self._index = None
