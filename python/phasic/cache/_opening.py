"""Opening the index: a database that is damaged or foreign is refused, and its settings are mended."""

import os
import re
import sqlite3
import stat
import time
from contextlib import suppress
from itertools import repeat
from operator import lt
from pathlib import Path

from ._index import DATABASE, SETTINGS, TEXT, Index
from ._paths import UnusableFolderError

_COLUMNS = {
    "key",
    "raw",
    "store_time",
    "expire_time",
    "access_time",
    "access_count",
    "tag",
    "size",
    "mode",
    "filename",
    "value",
}
_OBJECTS = {
    ("table", "Settings"),
    ("table", "Cache"),
    ("index", "Cache_key_raw"),
    ("index", "Cache_expire_time"),
    ("index", "sqlite_autoindex_Settings_1"),
}
_TRIGGER = re.compile(
    r"CREATE TRIGGER Settings_(count|size)_(insert|update|delete) AFTER (INSERT|UPDATE|DELETE) ON Cache"
    r" FOR EACH ROW BEGIN UPDATE Settings SET value = value( [+-] (1|NEW\.size|OLD\.size)){1,2}"
    r" WHERE key = \"(count|size)\"; END"
)
_METADATA = ("count", "size", "hits", "misses")
_CORRUPTION = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_CHECK_SECONDS = 0.3

#: What SQLite raises; a message that quotes damaged bytes cannot be decoded.
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)


class BrokenIndexError(Exception):
    """A database that is damaged or is not ours."""


def is_corruption(problem: Exception) -> bool:
    """Whether ``problem`` says that the database itself is bad, rather than busy, full or out of reach."""
    if isinstance(problem, UnicodeDecodeError):
        return True
    code = getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF in _CORRUPTION or code == sqlite3.SQLITE_IOERR_SHORT_READ


def open_index(folder: Path, busy_seconds: float) -> Index:
    """Open or create the index in ``folder``; raises BrokenIndexError for one that must not be used."""
    if os.path.expandvars(str(folder)) != str(folder):
        raise UnusableFolderError(f"{folder} contains the name of a variable")
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise BrokenIndexError(f"{folder} is not a folder")
    for suffix in ("", "-wal", "-shm", "-journal"):
        _refuse_special_file(folder / f"{DATABASE}{suffix}")
    connection = sqlite3.connect(
        folder / DATABASE, timeout=busy_seconds, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = TEXT
    try:
        _check(connection)
        return Index(folder, connection, busy_seconds)
    except DATABASE_ERRORS as problem:
        connection.close()
        if is_corruption(problem) or getattr(problem, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
            raise BrokenIndexError(str(problem)) from problem
        raise
    except BaseException:
        connection.close()
        raise


def _refuse_special_file(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise BrokenIndexError(f"{path} is not a regular file")


def _check(connection: sqlite3.Connection) -> None:
    """Refuse a damaged or foreign database, mend its settings, and set the pragmas of the connection."""
    run = connection.execute
    for pragma in ("trusted_schema=OFF", "mmap_size=0", "cell_size_check=ON", "auto_vacuum=FULL"):
        run(f"PRAGMA {pragma}")
    objects = run("SELECT type, name, sql FROM sqlite_master").fetchall()
    for kind, name, text in objects:
        known = (kind, name) in _OBJECTS or (kind == "trigger" and _TRIGGER.fullmatch(str(text)))
        if not known:
            raise BrokenIndexError(f"unexpected {kind} in the index")
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"cache_size={SETTINGS['sqlite_cache_size']}"):
        run(f"PRAGMA {pragma}").fetchall()
    _quick_check(connection)
    tables = {name for kind, name, _ in objects if kind == "table"}
    if "Cache" in tables:
        if not {row[1] for row in run("PRAGMA table_info(Cache)")} >= _COLUMNS:
            raise BrokenIndexError("a column is missing in the index")
        foreign = "raw IS NOT 1 OR typeof(key) != 'text'"
        if run(f"SELECT EXISTS (SELECT 1 FROM Cache WHERE {foreign})").fetchone()[0]:
            run(f"DELETE FROM Cache WHERE {foreign}")
    if tables == {"Settings", "Cache"}:
        _mend_settings(connection)


def _quick_check(connection: sqlite3.Connection) -> None:
    """Raise BrokenIndexError for a damaged database; one too large for the time allowed passes."""
    deadline = time.monotonic() + _CHECK_SECONDS
    # SQLite swallows what a callback raises. This one runs no Python code, in which a Ctrl-C could be raised.
    is_late = map(lt, repeat(deadline), iter(time.monotonic, None)).__next__
    connection.set_progress_handler(is_late, 20000)
    try:
        (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as problem:
        if getattr(problem, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
            raise
    else:
        if result != "ok":
            raise BrokenIndexError(str(result))
    finally:
        connection.set_progress_handler(None, 0)


def _mend_settings(connection: sqlite3.Connection) -> None:
    """Remove settings that diskcache does not know, which would become attributes; repair its totals."""
    settings = dict(connection.execute("SELECT key, value FROM Settings").fetchall())
    for key in settings.keys() - SETTINGS.keys() - set(_METADATA):
        connection.execute("DELETE FROM Settings WHERE key IS ?", (key,))
    for key, total in (("count", "COUNT(*)"), ("size", "COALESCE(SUM(size), 0)")):
        value = settings.get(key, 0)
        if type(value) is not int or value < 0:
            update = f"UPDATE Settings SET value = (SELECT {total} FROM Cache) WHERE key = ?"
            connection.execute(update, (key,))
