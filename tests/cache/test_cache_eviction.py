"""What is given up first: the entries whose loss costs least for the room they take."""

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phasic.cache import CacheManager
from phasic.cache import _disk as disk_module
from phasic.cache._worth import victims, worth

from .faults import KEY, LARGE, OTHER, run_sql

MB = 10**6
WEEK = 7 * 86400.0


class Known(NamedTuple):
    """What eviction looks at."""

    size: int = 1000
    seconds: float = 10.0
    hits: int = 0
    used_at: float = 0.0


entries = st.builds(
    Known,
    size=st.integers(0, 10**9),
    seconds=st.floats(0, 1e6),
    hits=st.integers(0, 1000),
    used_at=st.floats(0, 2e9),
)


def test_worth_is_what_an_entry_saves_per_byte() -> None:
    assert worth(Known(), now=0.0) == 0.01
    assert worth(Known(used_at=-WEEK), now=0.0) == 0.005, "half after a week"
    assert worth(Known(hits=3), now=0.0) == 0.04
    assert worth(Known(used_at=1e12), now=0.0) == 0.01, "the future is now"
    assert worth(Known(size=0), now=0.0) == 10.0


@given(found=st.lists(entries, max_size=20), limit=st.integers(0, 10**10), slack=st.booleans())
def test_victims_are_the_least_worth_and_enough(found: list[Known], limit: int, slack: bool) -> None:
    used = sum(entry.size for entry in found)
    gone = list(victims(found, used, limit, slack=slack))
    left = used - sum(entry.size for entry in gone)
    assert left <= limit
    now = time.time()
    assert [worth(e, now) for e in gone] == sorted(worth(e, now) for e in gone)
    if not slack and gone:
        assert left + gone[-1].size > limit, "none goes that could stay"


@pytest.mark.parametrize("dearest", [0, 7, 30])
def test_the_dearest_entry_stays_to_the_last(folder: Path, dearest: int) -> None:
    manager = CacheManager(folder, disk_bytes=10 * MB)
    for number in range(60):
        seconds = 100.0 if number == dearest else 1.0
        assert manager.put_trace(f"{number:064x}", bytes(MB), seconds=seconds)
    kept = [int(entry.key, 16) for entry in manager.entries()]
    assert 9 <= len(kept) <= 10
    assert dearest in kept and 59 in kept
    manager.vacuum(max_size_gb=1.5 * MB / 2**30)
    assert [int(entry.key, 16) for entry in manager.entries()] == [dearest]
    manager.close()


def test_an_entry_that_is_read_outlives_one_that_is_not(folder: Path) -> None:
    manager = CacheManager(folder, disk_bytes=4 * MB)
    for number in range(3):
        manager.put_trace(f"{number:064x}", bytes(MB), seconds=1.0)
    reader = CacheManager(folder)
    reader.get_trace("0" * 64)
    reader.close()
    manager.put_trace(KEY, bytes(MB), seconds=1.0)
    kept = {entry.key for entry in manager.entries()}
    assert "0" * 64 in kept and f"{1:064x}" not in kept
    manager.close()


def test_hits_are_noted_without_a_write_at_each(folder: Path, manager: CacheManager) -> None:
    manager.put_trace(KEY, LARGE)
    manager.close()
    reader = CacheManager(folder, memory_bytes=0)
    for _ in range(5):
        reader.get_trace(KEY)
    assert rows(folder, "access_count") == [0]
    reader.close()
    assert rows(folder, "access_count") == [5]


def rows(folder: Path, column: str) -> list[object]:
    connection = sqlite3.connect(folder / "index" / "cache.db")
    found = [row[0] for row in connection.execute(f"SELECT {column} FROM Cache WHERE key NOT GLOB '#*'")]
    connection.close()
    return found


@pytest.mark.parametrize("tag", ["many", b"bytes", None, -5.0, 9e999])
@pytest.mark.parametrize("column", ["tag", "access_count", "access_time"])
def test_hostile_numbers_in_a_row_do_not_stop_eviction(folder: Path, column: str, tag: object) -> None:
    manager = CacheManager(folder, disk_bytes=3 * MB)
    manager.put_trace(KEY, bytes(MB), seconds=5.0)
    run_sql(folder, f"UPDATE Cache SET {column} = ?", tag)
    manager.get_trace(KEY)
    for number in range(5):
        assert manager.put_trace(f"{number:064x}", bytes(MB), seconds=1.0)
    assert len(manager.entries()) == 2
    manager.close()


@pytest.fixture
def aged(folder: Path) -> Iterator[CacheManager]:
    """A cache with one entry that nobody has used for a hundred days."""
    manager = CacheManager(folder)
    manager.put_trace(KEY, LARGE)
    run_sql(folder, "UPDATE Cache SET access_time = ?, store_time = 1.0", time.time() - 100 * 86400)
    yield manager
    manager.close()


def test_what_nobody_uses_goes_at_a_store(aged: CacheManager, folder: Path) -> None:
    (folder / disk_module._AGE_STAMP).unlink()
    aged.put_trace(OTHER, LARGE)
    assert [entry.key for entry in aged.entries()] == [OTHER]


def test_age_is_looked_at_once_an_hour(aged: CacheManager, folder: Path) -> None:
    aged.put_trace(OTHER, LARGE)
    assert len(aged.entries()) == 2
    os.utime(folder / disk_module._AGE_STAMP, (1e9, 1e9))
    aged.put_trace("a" * 64, LARGE)
    assert KEY not in {entry.key for entry in aged.entries()}


def test_the_last_free_room_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Disk(NamedTuple):
        total: int = 100 * MB
        used: int = 94 * MB
        free: int = 6 * MB

    manager = CacheManager(folder)
    monkeypatch.setattr("shutil.disk_usage", lambda path: Disk())
    assert manager.put_trace(KEY, LARGE), "5 MB of 100 stay free"
    assert [manager.put_trace(OTHER, bytes(2 * MB)) for _ in range(2)] == [False, False]
    assert len(caplog.records) == 1 and "nearly full" in caplog.text
    manager.close()


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_bad_duration_is_refused(manager: CacheManager, seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds"):
        manager.put_trace(KEY, LARGE, seconds=seconds)


def test_a_dry_run_names_what_then_goes(manager: CacheManager, folder: Path) -> None:
    for number in range(6):
        manager.put_trace(f"{number:064x}", bytes(MB), seconds=float(number))
    orphan = folder / "index" / "ab" / f"{'c' * 30}.val"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"half an entry")
    os.utime(orphan, (1e9, 1e9))
    limit = 3.5 * MB / 2**30
    planned = manager.vacuum(max_size_gb=limit, dry_run=True)
    before = {entry.key for entry in manager.entries()}
    assert len(before) == 6 and orphan.exists()
    done = manager.vacuum(max_size_gb=limit)
    gone = before - {entry.key for entry in manager.entries()}
    assert {entry["key"] for entry in planned["entries"]} == gone and planned["leftovers"] == 1
    assert planned["removed"] == done["removed"] == 4
    freed = sum(row["size_bytes"] for row in planned["entries"])
    assert planned["freed_mb"] == done["freed_mb"] == freed / 2**20


@pytest.mark.parametrize("size", [100, 5_000, 40_000, MB])
def test_what_is_freed_is_what_went(manager: CacheManager, size: int) -> None:
    for number in range(3):
        manager.put("note", f"{number:064x}", bytes(size))
    before = {row["key"]: row["size_bytes"] for row in manager.list()}
    done = manager.vacuum(max_size_gb=0)
    assert (done["removed"], manager.list()) == (3, [])
    assert done["freed_mb"] == sum(before.values()) / 2**20 > 3 * size / 2**20


@pytest.mark.parametrize("size", [100, MB])
def test_a_loud_clear_tells_what_went(
    manager: CacheManager, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    manager.put("note", "a" * 64, bytes(size))
    (row,) = manager.list()
    with caplog.at_level("INFO", logger="phasic.cache"):
        manager.clear(confirm=True, verbose=True)
    assert f"{row['size_bytes'] / 2**20:.2f} MB deleted" in caplog.text


def test_nothing_removed_is_nothing_freed(manager: CacheManager) -> None:
    manager.put("note", "a" * 64, b"kept")
    assert manager.vacuum()["freed_mb"] == 0.0
