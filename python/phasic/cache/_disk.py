"""The disk tier: sealed entries in one folder, shared by processes and threads; it never raises or hangs.

A small entry lies in a row of the index, a large one in a value file that is complete before its row appears.
One that took a second or more to compute is on the disk itself before it counts as stored, so that a power
cut cannot take it. Above the limit, the entries whose loss costs least go first; entries unused for 90 days
go at most once an hour.
"""

import math
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from . import _files
from ._aside import remove_set_aside
from ._counts import Counts, Numbers
from ._entry import (
    DEAR_SECONDS,
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
from ._entry_info import EntryInfo
from ._index import Index, Row
from ._live_index import LiveIndex
from ._lock import ForkSafeLock
from ._report import Reporter
from ._values import ValueFile, open_value, remove_value, value_names, write_value
from ._worth import victims

INLINE_BYTES = 32768
PRUNE_SECONDS = 0.5
_NOTE_SECONDS = 5.0
_ORPHAN_AGE = 3600.0
_MAX_AGE = 90 * 86400.0
_LOOK_AT_AGE = 3600.0
_AGE_STAMP = ".looked-at-age"
_FREE_PART, _FREE_BYTES = 0.05, 2 << 30
_PENDING_HITS = 1000
_NAME = re.compile(r"([a-z][a-z0-9_-]{0,31})/([0-9a-f]{64})")


class DiskTier:
    """Sealed entries below one folder, those of least worth given up above a byte limit."""

    def __init__(self, root: Path, limit_bytes: int, report: Reporter, counts: Counts | None = None) -> None:
        self.limit_bytes = limit_bytes
        self._report = report
        self._live = LiveIndex(root, report)
        self._counts = Counts() if counts is None else counts
        self._noted_at = -math.inf
        self._hits: Counter[str] = Counter()
        self._forking = ForkSafeLock(after_fork=self._hits.clear)

    @property
    def root(self) -> Path:
        """Folder of the cache."""
        return self._live.root

    @property
    def folder(self) -> Path:
        """Folder of the index and its value files."""
        return self._live.folder

    def read(self, kind: str, key: str) -> Entry | None:
        """The entry, checked, or None; a damaged one is removed. A large payload is a map of its file."""
        name = f"{kind}/{key}"
        try:
            found = self._live.run(lambda index: index.lookup(name), None)
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
            self._live.write(lambda index: index.delete(name), False)
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
        if not self._live.write(lambda index: True, False) or not self._has_room(size):
            return False
        value: bytes | ValueFile | None = None
        stored = False
        try:
            small = size < INLINE_BYTES
            seconds = seconds_of(metadata)
            dear = seconds >= DEAR_SECONDS
            parts = (header, payload)
            value = b"".join(parts) if small else write_value(self.folder, parts, durable=dear)
            name = f"{kind}/{key}"
            stored = self._live.write(lambda index: index.keep(name, value, seconds, durable=dear), False)
            if stored and dear:
                _files.sync_folder(self.root)
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
        return self._live.write(lambda index: bool(index.delete(f"{kind}/{key}")), False)

    def entries(self, kind: str | None = None) -> list[EntryInfo]:
        """Entries of ``kind``, or of every kind, oldest first; one with a damaged header is left out."""
        found = []
        rows: list[Row] = self._live.run(lambda index: index.rows(), [])
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
        rows: list[Row] = self._live.run(lambda index: index.rows(), [])
        return [(match[1], match[2]) for row in rows if (match := _NAME.fullmatch(row.name))]

    def sealed(self, kind: str, key: str) -> bytes | None:
        """Bytes of the entry as they lie on disk, unchecked, or None; a damaged one stays.

        Raises DamagedError for a row that names no regular file, and OSError for a file that cannot be read.
        """
        found = self._live.run(lambda index: index.lookup(f"{kind}/{key}"), None)
        if found is None or isinstance(found, bytes):
            return found
        with found:
            return found.read()

    def doomed(self, limit_bytes: int, stored_before: float | None = None) -> list[Row]:
        """What ``prune`` removes; nothing where nothing can be written."""
        self._note()
        used = self._live.write(Index.used_bytes, 0)
        rows: list[Row] = self._live.write(Index.rows, [])
        cutoff = -math.inf if stored_before is None else stored_before
        old = [row for row in rows if row.stored_at < cutoff]
        used -= sum(row.size for row in old)
        return [*old, *victims(rows[len(old) :], used, limit_bytes)]

    def prune(self, limit_bytes: int, stored_before: float | None = None) -> int:
        """Remove entries stored before a time, then those of least worth above a limit; how many went."""
        return self._remove(self.doomed(limit_bytes, stored_before))

    def orphans(self) -> list[str]:
        """Names of value files that killed writers left over an hour ago."""
        rows = self._live.write(lambda index: index.rows(), None)
        if rows is None:
            return []
        named = {row.filename for row in rows}
        return [
            name for name in value_names(self.folder) if name not in named and self._age(name) > _ORPHAN_AGE
        ]

    def sweep(self) -> int:
        """Remove folders set aside, and the orphans; how many of these."""
        orphans = self.orphans()
        for name in orphans:
            remove_value(self.folder, name)
        if self._live.write(lambda index: True, False):
            remove_set_aside(self.root)
        return len(orphans)

    def clear(self) -> None:
        """Remove all entries, also of a damaged index; raises OSError where that is impossible."""
        self._live.clear()

    def totals(self) -> dict[tuple[str, str], float]:
        """What all processes counted since the cache was made or cleared, as far as they have noted it."""
        return self._live.run(lambda index: index.counts(), {})

    def close(self) -> None:
        """Note what was read and counted, and close the index; the next use opens it again."""
        if self._live.is_open:
            self._noted_at = -math.inf
            self._note()
        self._live.close()

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
        self._note()
        used = self._live.write(Index.used_bytes, 0)
        if used > self.limit_bytes:
            self._remove(victims(self._live.write(Index.rows, []), used, self.limit_bytes, slack=True))
        if self._is_time_to_look():
            before = time.time() - _MAX_AGE
            rows: list[Row] = self._live.write(Index.rows, [])
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
        deadline = time.monotonic() + PRUNE_SECONDS
        for row in rows:
            if time.monotonic() > deadline:
                break
            removed += self._live.write(lambda index, name=row.name: bool(index.delete(name)), False)  # type: ignore[misc]
        return removed

    def _note(self) -> None:
        """Write down which entries were read, and every few seconds what was counted."""
        hits = Counter(self._hits)
        pending: Numbers = {}
        self._hits.clear()
        if time.monotonic() - self._noted_at >= _NOTE_SECONDS:
            self._noted_at, pending = time.monotonic(), self._counts.pending()
        if (hits or pending) and self._live.write(lambda index: index.note(hits, pending), False):
            self._counts.noted(pending)

    def _metadata(self, row: Row) -> dict[str, int] | None:
        try:
            if row.filename is not None:
                with open_value(self.folder, row.filename) as file:
                    return read_header(file).metadata
            found: bytes | BinaryIO | None = self._live.run(lambda index: index.lookup(row.name), None)
            return read_header(BytesIO(found[:MAX_HEADER])).metadata if isinstance(found, bytes) else None
        except (DamagedError, OSError):
            return None

    def _age(self, name: str) -> float:
        try:
            return time.time() - (self.folder / name).lstat().st_mtime
        except OSError:
            return 0.0
