"""The index: a diskcache database, and the statements run on it."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import diskcache

from ._counts import SECONDS_SAVED, Numbers
from ._values import ValueDisk, ValueFile

DATABASE = "cache.db"

SETTINGS = {
    "statistics": 0,
    "tag_index": 0,
    "eviction_policy": "none",
    "size_limit": 1 << 62,
    "cull_limit": 0,
    "sqlite_auto_vacuum": 1,
    "sqlite_cache_size": 1 << 11,
    "sqlite_journal_mode": "wal",
    "sqlite_mmap_size": 0,
    "sqlite_synchronous": 1,
    "disk_min_file_size": 0,
    "disk_pickle_protocol": 0,
}
#: Rows whose key starts so are counters, with the number as their tag; no entry has such a key.
_COUNT = "#"
_ENOVAL = object()
#: Damaged text is still text, of which no name of ours is made.
TEXT = partial(str, encoding="utf-8", errors="replace")


class Row(NamedTuple):
    """One entry as the index knows it: ``size`` in bytes, times in seconds since 1970.

    ``seconds`` is what computing it took, ``hits`` how often it was read from disk.
    """

    name: str
    size: int
    stored_at: float
    filename: str | None
    used_at: float
    seconds: float
    hits: int


class Index(diskcache.Cache):  # type: ignore[misc]
    """A diskcache with one connection, settings of ours, and ``ValueDisk``; the caller serialises all use."""

    _txn_id: int | None

    def __init__(self, folder: Path, connection: sqlite3.Connection, busy_seconds: float) -> None:
        self._connection = connection
        status = (folder / DATABASE).stat()
        self._identity = (status.st_dev, status.st_ino)
        connection.execute("BEGIN IMMEDIATE")
        try:
            super().__init__(str(folder), timeout=busy_seconds, disk=ValueDisk, **SETTINGS)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise

    @property
    def _con(self) -> sqlite3.Connection:
        return self._connection

    @property
    def _sql_retry(self) -> Any:
        return self._connection.execute

    def reset(self, key: str, value: Any = _ENOVAL, update: bool = True) -> Any:
        """Set an attribute and its row in Settings; pragmas are set elsewhere and never come from a row."""
        if key.startswith("sqlite_"):
            setattr(self, key, value)
            return value
        arguments = (key,) if value is _ENOVAL else (key, value)
        return super().reset(*arguments, update=update)

    def close(self) -> None:
        """Do nothing: diskcache closes at the end of its constructor; ``disconnect`` is the real one."""

    def disconnect(self) -> None:
        """Close the connection."""
        self._connection.close()

    def settle(self) -> None:
        """Roll back a transaction that an interrupted call has left open."""
        if self._connection.in_transaction:
            self._connection.rollback()
        self._txn_id = None

    def is_current(self) -> bool:
        """Whether the path of the database still leads to the file that is open."""
        try:
            status = os.stat(os.path.join(self._directory, DATABASE))  # noqa: PTH116, PTH118 - on the path of every hit
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def transact(self, retry: bool = False) -> "_Transaction":
        """A block whose statements are all carried out, or none; it may be part of another."""
        return self._transact(retry)

    def _transact(self, retry: bool = False, filename: object = None) -> "_Transaction":
        return _Transaction(self, filename)

    def lookup(self, name: str) -> bytes | BinaryIO | None:
        """Sealed bytes or open value file of entry ``name``, or None; raises DamagedError for a bad row."""
        return _lookup(self._connection, self._disk, name)

    def rows(self) -> list[Row]:
        """All entries, oldest first."""
        return _rows(self._connection)

    def keep(self, name: str, value: bytes | ValueFile, seconds: float, *, durable: bool = False) -> bool:
        """Store a value that took ``seconds`` to compute; whether that worked.

        A durable one is on the disk itself when this returns.
        """
        if not durable:
            return bool(self.set(name, value, None, False, seconds))
        self._connection.execute("PRAGMA synchronous=FULL")
        try:
            return bool(self.set(name, value, None, False, seconds))
        finally:
            self._connection.execute("PRAGMA synchronous=NORMAL")

    def note(self, hits: Mapping[str, int], counts: Numbers) -> bool:
        """Note that entries were read, and add to the counters, in one transaction."""
        now = time.time()
        with self.transact():
            self._connection.executemany(
                "UPDATE Cache SET access_count = access_count + ?, access_time = MAX(access_time, ?)"
                " WHERE key = ? AND raw = 1",
                [(count, now, name) for name, count in hits.items()],
            )
            self._connection.executemany(
                "INSERT INTO Cache (key, raw, store_time, tag) VALUES (?, 1, ?, ?)"
                " ON CONFLICT (key, raw) DO UPDATE SET tag = COALESCE(CAST(tag AS REAL), 0) + excluded.tag",
                [(f"{_COUNT}{kind}/{event}", now, number) for (kind, event), number in counts.items()],
            )
        return True

    def counts(self) -> dict[tuple[str, str], float]:
        """The counters of all processes, by kind of entry and event."""
        return _counts(self._connection)

    def used_bytes(self) -> int:
        """Bytes of the database and of all value files that its rows name."""
        ((pages,),) = self._connection.execute("PRAGMA page_count").fetchall()
        ((files,),) = self._connection.execute("SELECT value FROM Settings WHERE key = 'size'").fetchall()
        return int(pages) * int(self._page_size) + (files if isinstance(files, int) else 0)


class _Transaction:
    """A transaction, or part of one that the thread has begun, which ends only where its block ends.

    diskcache's is a generator: one that a Ctrl-C leaves suspended is closed whenever its traceback is
    forgotten, and then rolls back a later transaction.
    """

    def __init__(self, index: Index, filename: object) -> None:
        self._index = index
        self._filename = filename
        self._outer = False
        self._removed: list[object] = []

    def __enter__(self) -> tuple[Callable[..., sqlite3.Cursor], Callable[[object], None]]:
        index, thread = self._index, threading.get_ident()
        run = index._connection.execute
        if index._txn_id != thread:
            try:
                run("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                index._disk.remove(self._filename)
                raise diskcache.Timeout from None
            self._outer = True
            index._txn_id = thread
        return run, self._removed.append

    def __exit__(self, kind: object, *_: object) -> None:
        if self._outer:
            self._index._txn_id = None
            self._index._connection.execute("COMMIT" if kind is None else "ROLLBACK")
        if kind is None:
            for name in self._removed:
                self._index._disk.remove(name)


class FrozenIndex:
    """Read access to the index of a folder that cannot be written, as it was at its last orderly close."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(
            f"{(folder / DATABASE).as_uri()}?mode=ro&immutable=1",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        self._connection.text_factory = TEXT
        self._connection.execute("PRAGMA trusted_schema=OFF")
        self._disk = ValueDisk(str(folder))

    def disconnect(self) -> None:
        """Close the connection."""
        self._connection.close()

    def settle(self) -> None:
        """Do nothing: there are no transactions."""

    def is_current(self) -> bool:
        """Return True: nothing replaces the file."""
        return True

    def lookup(self, name: str) -> bytes | BinaryIO | None:
        """Sealed bytes or open value file of entry ``name``, or None; raises DamagedError for a bad row."""
        return _lookup(self._connection, self._disk, name)

    def rows(self) -> list[Row]:
        """All entries, oldest first."""
        return _rows(self._connection)

    def counts(self) -> dict[tuple[str, str], float]:
        """The counters of all processes, by kind of entry and event."""
        return _counts(self._connection)


def _lookup(connection: sqlite3.Connection, disk: ValueDisk, name: str) -> bytes | BinaryIO | None:
    query = "SELECT mode, filename, value FROM Cache WHERE key = ? AND raw = 1"
    row = connection.execute(query, (name,)).fetchone()
    if row is None:
        return None
    try:
        return disk.fetch(row[0], row[1], row[2], read=True)
    except FileNotFoundError:
        return None


def _rows(connection: sqlite3.Connection) -> list[Row]:
    def number(column: str, otherwise: str) -> str:
        return f"CASE WHEN typeof({column}) IN ('integer', 'real') THEN {column} ELSE {otherwise} END"

    query = (
        "SELECT key, MAX(size, COALESCE(LENGTH(value), 0)), store_time, filename,"
        f" {number('access_time', 'store_time')}, {number('tag', '0')}, {number('access_count', '0')}"
        f" FROM Cache WHERE raw = 1 AND typeof(key) = 'text' AND key NOT GLOB '{_COUNT}*'"
        " AND typeof(size) = 'integer'"
        " AND typeof(store_time) = 'real' AND typeof(filename) IN ('null', 'text') ORDER BY store_time, rowid"
    )
    return [
        Row(name, size, stored_at, filename, used_at, _bounded(seconds), int(_bounded(hits)))
        for name, size, stored_at, filename, used_at, seconds, hits in connection.execute(query)
    ]


def _counts(connection: sqlite3.Connection) -> dict[tuple[str, str], float]:
    query = (
        f"SELECT key, tag FROM Cache WHERE raw = 1 AND key GLOB '{_COUNT}*'"
        " AND typeof(key) = 'text' AND typeof(tag) IN ('integer', 'real')"
    )
    found = {}
    for name, number in connection.execute(query):
        kind, _, event = name.removeprefix(_COUNT).partition("/")
        found[kind, event] = _bounded(number) if event == SECONDS_SAVED else int(_bounded(number))
    return found


def _bounded(number: float) -> float:
    """A number of a row as one that can be computed with."""
    return min(max(number, 0.0), 1e12)
