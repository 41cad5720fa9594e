"""The disk tier: sealed entries in one folder, shared by processes and threads; it never raises or hangs.

A small entry lies in a row of the index, a large one in a value file that is complete before its row appears.
The index is opened at the first use and dropped when its file is replaced, when it is damaged (it is then set
aside, and a fresh one adopts the value files), and in the child of a fork. Above the limit, the entries whose
loss costs least go first; entries unused for 90 days go at most once an hour.
"""

import math
import os
import re
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import diskcache

from . import _files
from ._entry import (
    MAX_HEADER,
    DamagedError,
    Entry,
    OtherVersionError,
    Payload,
    header_of,
    read,
    read_header,
    seconds_of,
)
from ._index import DATABASE_ERRORS, BrokenIndexError, FrozenIndex, Index, Row, is_corruption, open_index
from ._lock import ForkSafeLock, file_lock
from ._paths import INDEX, check_owner, is_ours, locate, prepare, writable
from ._report import Reporter
from ._values import ValueFile, open_value, remove_value, value_names, value_path, write_value
from ._worth import victims

T = TypeVar("T")

INLINE_BYTES = 32768
LOCK_FILE = "index.lock"
_WAIT = 0.8
_OPEN_SECONDS = 0.8
_ADOPT_SECONDS = 0.4
_PRUNE_SECONDS = 0.5
_PAUSE = 30.0
_ORPHAN_AGE = 3600.0
_MAX_AGE = 90 * 86400.0
_LOOK_AT_AGE = 3600.0
_AGE_STAMP = ".looked-at-age"
_FREE_PART, _FREE_BYTES = 0.05, 2 << 30
_PENDING_HITS = 1000
_ASIDE = re.compile(r"index\.(?:bad|gone)-[0-9a-f]{8}")
_NAME = re.compile(r"([a-z][a-z0-9_-]{0,31})/([0-9a-f]{64})")
_FAULTS = (*DATABASE_ERRORS, OSError, diskcache.Timeout)


class EntryInfo(NamedTuple):
    """One stored entry; ``size`` in bytes with its header, ``stored_at`` in seconds since 1970."""

    kind: str
    key: str
    size: int
    stored_at: float
    metadata: dict[str, int]

    @property
    def seconds(self) -> float:
        """What computing the payload took, 0 if the entry does not say."""
        return seconds_of(self.metadata)


class DiskTier:
    """Sealed entries below one folder, those of least worth given up above a byte limit."""

    def __init__(self, root: Path, limit_bytes: int, report: Reporter) -> None:
        self.root = root
        self.limit_bytes = limit_bytes
        self._report = report
        self._index: Index | FrozenIndex | None = None
        self._inherited: list[Index | FrozenIndex] = []
        self._closed_until = 0.0
        self._unwritable_until = 0.0
        self._hits: Counter[str] = Counter()
        self._lock = ForkSafeLock(after_fork=self._forget_index)

    @property
    def folder(self) -> Path:
        """Folder of the index and its value files."""
        return self.root / INDEX

    def read(self, kind: str, key: str) -> Entry | None:
        """The entry, checked, or None; a damaged one is removed. A large payload is a map of its file."""
        name = f"{kind}/{key}"
        try:
            found = self._run(lambda index: index.lookup(name), None)
            if found is None:
                return None
            if isinstance(found, bytes):
                entry = read(BytesIO(found), len(found), kind, key)
            else:
                with found as stream:
                    entry = _files.load(stream, kind, key)
        except OtherVersionError:
            return None
        except DamagedError as problem:
            self._report(name, f"entry {name[:13]}... is damaged and is removed: {problem}")
            self._write(lambda index: index.delete(name), False)
            return None
        except OSError as problem:
            self._report(f"read {problem.errno}", f"an entry in {self.folder} cannot be read: {problem}")
            return None
        if len(self._hits) < _PENDING_HITS:
            self._hits[name] += 1
        return entry

    def write(self, kind: str, key: str, payload: Payload, metadata: dict[str, int]) -> bool:
        """Store an entry; whether it is on disk now."""
        header = header_of(kind, key, payload, metadata)
        size = len(header) + len(payload)
        if size > self.limit_bytes // 2:
            self._report("large", f"{size} bytes are above half the limit of {self.root}; not stored")
            return False
        if not self._write(lambda index: True, False) or not self._has_room(size):
            return False
        value: bytes | ValueFile | None = None
        stored = False
        try:
            small = size < INLINE_BYTES
            value = b"".join((header, payload)) if small else write_value(self.folder, (header, payload))
            seconds = seconds_of(metadata)
            stored = self._write(lambda index: index.keep(f"{kind}/{key}", value, seconds), False)
        except OSError as problem:
            self._report(f"write {problem.errno}", f"an entry cannot be written to {self.folder}: {problem}")
        finally:
            if not stored and isinstance(value, ValueFile):
                remove_value(self.folder, value.name)
        if stored:
            self._tidy()
        return stored

    def delete(self, kind: str, key: str) -> bool:
        """Remove an entry; whether there was one."""
        return self._write(lambda index: bool(index.delete(f"{kind}/{key}")), False)

    def entries(self, kind: str | None = None) -> list[EntryInfo]:
        """Entries of ``kind``, or of every kind, oldest first; one with a damaged header is left out."""
        found = []
        rows: list[Row] = self._run(lambda index: index.rows(), [])
        for row in rows:
            match = _NAME.fullmatch(row.name)
            if match is None or (kind is not None and match[1] != kind):
                continue
            metadata = self._metadata(row)
            if metadata is not None:
                found.append(EntryInfo(match[1], match[2], row.size, row.stored_at, metadata))
        return found

    def names(self) -> list[tuple[str, str]]:
        """Kind and key of every row, those of damaged entries too, oldest first."""
        rows: list[Row] = self._run(lambda index: index.rows(), [])
        return [(match[1], match[2]) for row in rows if (match := _NAME.fullmatch(row.name))]

    def sealed(self, kind: str, key: str) -> bytes | None:
        """Bytes of the entry as they lie on disk, unchecked, or None; a damaged one stays.

        Raises DamagedError for a row that names no regular file, and OSError for a file that cannot be read.
        """
        found = self._run(lambda index: index.lookup(f"{kind}/{key}"), None)
        if found is None or isinstance(found, bytes):
            return found
        with found:
            return found.read()

    def prune(self, limit_bytes: int, stored_before: float | None = None) -> int:
        """Remove entries stored before a time, then those of least worth above a limit; how many went."""
        self._note_hits()
        used = self._write(Index.used_bytes, 0)
        rows: list[Row] = self._write(Index.rows, [])
        cutoff = -math.inf if stored_before is None else stored_before
        old = [row for row in rows if row.stored_at < cutoff]
        removed = self._remove(old)
        used -= sum(row.size for row in old)
        return removed + self._remove(victims(rows[len(old) :], used, limit_bytes))

    def sweep(self) -> int:
        """Remove folders set aside, and value files left by killed writers over an hour ago; how many."""
        rows = self._write(lambda index: index.rows(), None)
        if rows is None:
            return 0
        named, removed = {row.filename for row in rows}, 0
        for name in value_names(self.folder):
            if name not in named and self._age(name) > _ORPHAN_AGE:
                remove_value(self.folder, name)
                removed += 1
        self._remove_set_aside()
        return removed

    def clear(self) -> None:
        """Remove all entries, also of a damaged index; raises OSError where that is impossible."""
        with self._lock.raw:
            self._drop_index()
            if os.path.lexists(self.folder):
                self._set_aside("gone")
            self._remove_set_aside()
            self._closed_until = self._unwritable_until = 0.0

    def close(self) -> None:
        """Note what was read and close the index; the next use opens it again."""
        if self._index is not None:
            self._note_hits()
        if self._lock.raw.acquire(timeout=_WAIT):
            try:
                self._drop_index()
            finally:
                self._lock.raw.release()

    def _has_room(self, size: int) -> bool:
        """Whether the disk keeps 5 % or 2 GiB free, whichever is less, when ``size`` bytes are written."""
        try:
            disk = shutil.disk_usage(self.root)
        except OSError:
            return False
        room = disk.free - size > min(_FREE_PART * disk.total, _FREE_BYTES)
        if not room:
            self._report("room", f"the disk of {self.root} is nearly full; nothing is stored")
        return room

    def _tidy(self) -> None:
        """What a store does besides: keep to the limit, and once an hour give up what nobody uses."""
        self._note_hits()
        used = self._write(Index.used_bytes, 0)
        if used > self.limit_bytes:
            self._remove(victims(self._write(Index.rows, []), used, self.limit_bytes, slack=True))
        if self._is_time_to_look():
            before = time.time() - _MAX_AGE
            rows: list[Row] = self._write(Index.rows, [])
            self._remove(row for row in rows if row.used_at < before)

    def _is_time_to_look(self) -> bool:
        """Whether no process has looked at the age of entries for an hour; from now on, one has."""
        stamp = self.root / _AGE_STAMP
        try:
            if time.time() - stamp.lstat().st_mtime < _LOOK_AT_AGE:
                return False
        except OSError:
            pass
        with suppress(OSError):
            stamp.unlink(missing_ok=True)
            os.close(os.open(stamp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            return True
        return False

    def _remove(self, rows: Iterable[Row]) -> int:
        """Remove entries for at most half a second; how many went."""
        removed = 0
        deadline = time.monotonic() + _PRUNE_SECONDS
        for row in rows:
            if time.monotonic() > deadline:
                break
            removed += self._write(lambda index, name=row.name: bool(index.delete(name)), False)  # type: ignore[misc]
        return removed

    def _note_hits(self) -> None:
        hits, self._hits = self._hits, Counter()
        if hits:
            self._write(lambda index: index.add_hits(hits), None)

    def _run(self, action: Callable[[Index | FrozenIndex], T], otherwise: T) -> T:
        """Result of ``action`` on the open index, ``otherwise`` if there is none or it fails.

        Raises DamagedError only, for a row that must not be followed.
        """
        if not self._lock.raw.acquire(timeout=_WAIT):
            return otherwise
        try:
            index = self._current_index()
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

    def _write(self, action: Callable[[Index], T], otherwise: T) -> T:
        """Like ``_run``, for what needs an index that can be written."""

        def checked(index: Index | FrozenIndex) -> T:
            return action(index) if isinstance(index, Index) else otherwise

        if time.monotonic() < self._unwritable_until or not writable():
            return otherwise
        return self._run(checked, otherwise)

    def _failed(self, problem: Exception) -> None:
        if isinstance(problem, diskcache.Timeout):
            self._unwritable_until = time.monotonic() + _PAUSE
            self._report("busy", f"{self.folder} is locked or read-only; storing pauses for {_PAUSE:g} s")
            return
        self._report(f"fault {type(problem).__name__} {problem}", f"{self.folder} fails: {problem}")
        if isinstance(problem, DATABASE_ERRORS):
            self._drop_index()
            if is_corruption(problem):
                self._replace_broken(str(problem))

    def _current_index(self) -> Index | FrozenIndex | None:
        if self._index is not None and not self._index.is_current():
            self._drop_index()
        if self._index is None and time.monotonic() >= self._closed_until:
            self._index = self._open()
            if self._index is None:
                self._closed_until = time.monotonic() + _PAUSE
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
            with file_lock(root / LOCK_FILE, time.monotonic() + _OPEN_SECONDS):
                try:
                    return open_index(self.folder, _WAIT)
                except BrokenIndexError as problem:
                    return self._rebuilt(str(problem))
        except (*_FAULTS, BrokenIndexError) as problem:
            self._report("closed", f"{root} cannot be used, going on without it: {problem}")
            return None

    def _replace_broken(self, reason: str) -> None:
        try:
            with file_lock(self.root / LOCK_FILE, time.monotonic() + _OPEN_SECONDS):
                self._index = self._rebuilt(reason)
        except (*_FAULTS, BrokenIndexError) as problem:
            self._report("closed", f"{self.root} cannot be used, going on without it: {problem}")

    def _rebuilt(self, reason: str) -> Index:
        """Set the index aside and open a fresh one that adopts its value files."""
        if not writable():
            raise BrokenIndexError(f"the index is damaged: {reason}")
        self._report(f"broken {reason}", f"the index in {self.folder} is damaged and is rebuilt: {reason}")
        self._remove_set_aside()
        aside = self._set_aside("bad")
        index = open_index(self.folder, _WAIT)
        deadline = time.monotonic() + _ADOPT_SECONDS
        for name in value_names(aside):
            if aside.is_symlink() or time.monotonic() > deadline:
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

    def _set_aside(self, label: str) -> Path:
        aside = self.root / f"index.{label}-{secrets.token_hex(4)}"
        self.folder.rename(aside)
        return aside

    def _remove_set_aside(self) -> None:
        for path in self.root.glob("index.*-*"):
            if not _ASIDE.fullmatch(path.name):
                continue
            if path.is_symlink() or not path.is_dir():
                with suppress(OSError):
                    path.unlink()
            else:
                shutil.rmtree(path, ignore_errors=True)

    def _metadata(self, row: Row) -> dict[str, int] | None:
        try:
            if row.filename is not None:
                with open_value(self.folder, row.filename) as file:
                    return read_header(file).metadata
            found: bytes | BinaryIO | None = self._run(lambda index: index.lookup(row.name), None)
            return read_header(BytesIO(found[:MAX_HEADER])).metadata if isinstance(found, bytes) else None
        except (DamagedError, OSError):
            return None

    def _age(self, name: str) -> float:
        try:
            return time.time() - (self.folder / name).lstat().st_mtime
        except OSError:
            return 0.0

    def _drop_index(self) -> None:
        index, self._index = self._index, None
        if index is not None:
            index.disconnect()

    def _forget_index(self) -> None:
        """In the child of a fork: SQLite forbids closing a connection of the parent, so keep it unused."""
        if self._index is not None:
            self._inherited.append(self._index)
        self._index = None
        self._hits.clear()
