"""A small cache, the parts of it that tests damage, and the check that it still works."""

import sqlite3
from pathlib import Path

from phasic.cache import CacheManager

KEY = "0123456789abcdef" * 4
OTHER = "f" * 64
SMALL, LARGE = b"small", bytes(range(256)) * 200


def reopened(folder: Path) -> CacheManager:
    return CacheManager(folder)


def database(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "index" / "cache.db", isolation_level=None)


def run_sql(folder: Path, statement: str, *arguments: object) -> None:
    connection = database(folder)
    connection.execute(statement, arguments)
    connection.close()


def fill(folder: Path) -> None:
    manager = CacheManager(folder)
    assert manager.put_trace(KEY, SMALL) and manager.put_trace(OTHER, LARGE)
    manager.close()


def value_file(folder: Path) -> Path:
    (path,) = (folder / "index").rglob("*.val")
    return path


def assert_usable(manager: CacheManager) -> None:
    for key, data in ((KEY, SMALL + b"again"), (OTHER, LARGE + b"again")):
        assert manager.put_trace(key, data)
    other = CacheManager(manager.path)
    assert (other.get_trace(KEY), other.get_trace(OTHER)) == (SMALL + b"again", LARGE + b"again")
    other.close()
    manager.close()
