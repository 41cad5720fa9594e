"""Places on purpose: full, locked, shared or vanished disks are a miss and leave nothing behind."""

import logging
import os
import sqlite3
import stat
import time
from pathlib import Path

import pytest
from phasic.cache import CacheManager, _disk, _live_index
from phasic.cache._index import Index

from tests.cache.faults import KEY, LARGE, OTHER, SMALL, assert_usable, database, value_file


def test_a_full_disk_is_one_line_and_leaves_no_file(
    manager: CacheManager, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import phasic.cache._values as values

    manager.put_trace(KEY, SMALL)

    def full(file: object, part: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(values, "_write_all", full)
        assert manager.put_trace(OTHER, LARGE) is False
        assert manager.put_trace("a" * 64, LARGE) is False
    assert len(caplog.records) == 1 and "No space left" in caplog.text
    assert list(folder.rglob("*.val")) == []
    assert manager.get_trace(OTHER) == LARGE, "memory still has it"
    assert_usable(manager)


def test_a_row_that_cannot_be_written_leaves_no_file(
    manager: CacheManager, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*arguments: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Index, "set", full)
        assert manager.put_trace(OTHER, LARGE) is False
        assert manager.put_trace(KEY, SMALL) is False
    assert list(folder.rglob("*.val")) == [] and len(caplog.records) == 1
    assert_usable(manager)


def test_an_interrupted_write_leaves_no_file_and_is_not_swallowed(
    manager: CacheManager, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import phasic.cache._values as values

    def interrupt(file: object, part: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(values, "_write_all", interrupt)
        with pytest.raises(KeyboardInterrupt):
            manager.put_trace(OTHER, LARGE)
    assert list(folder.rglob("*.val")) == []
    assert_usable(manager)


def test_a_stray_transaction_is_rolled_back(manager: CacheManager, folder: Path) -> None:
    manager.put_trace(KEY, SMALL)
    tier = manager._store._disk
    assert tier is not None
    index = tier._live._index
    assert isinstance(index, Index)
    index._connection.execute("BEGIN IMMEDIATE")
    index._txn_id = 12345  # type: ignore[assignment]
    assert manager.put_trace(OTHER, LARGE)
    other = CacheManager(folder)
    assert other.put_trace("a" * 64, SMALL), "no other writer is locked out"
    other.close()


def test_a_locked_index_holds_nobody_up(
    manager: CacheManager, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = []
    store = Index.set

    def counted(index: Index, *arguments: object) -> bool:
        attempts.append(arguments)
        return bool(store(index, *arguments))

    monkeypatch.setattr(Index, "set", counted)
    manager.put_trace(KEY, SMALL)
    holder = database(folder)
    holder.execute("BEGIN IMMEDIATE")
    assert [manager.put_trace(OTHER, LARGE) for _ in range(5)] == [False] * 5
    assert len(attempts) == 2, "after one that had to wait, none tries again for a while"
    assert len(caplog.records) == 1 and "locked" in caplog.text
    assert list(folder.rglob("*.val")) == []
    late = CacheManager(folder)
    assert late.get_trace(KEY) in (None, SMALL)
    holder.execute("ROLLBACK")
    holder.close()
    late.close()


def test_all_waits_together_stay_below_two_seconds() -> None:
    opening = _live_index.OPEN_SECONDS
    assert opening + _live_index.WAIT_SECONDS < 2
    assert opening + _live_index.ADOPT_SECONDS + _disk.PRUNE_SECONDS < 2


@pytest.mark.parametrize("below", ["file", "file/deeper/still"])
def test_a_folder_that_cannot_be_made_is_one_warning(
    below: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    manager = CacheManager(tmp_path / below)
    assert manager.put_trace(KEY, SMALL) is False
    assert manager.put_trace(OTHER, LARGE) is False
    assert manager.get_trace(KEY) == SMALL, "memory still has it"
    assert CacheManager(tmp_path / below).get_trace(KEY) is None
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert manager.info()["exists"] is False
    assert manager.vacuum()["removed"] == 0


def test_a_folder_open_to_all_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    manager = CacheManager(folder)
    assert manager.put_trace(KEY, SMALL) is False
    assert list(folder.iterdir()) == []
    assert len(caplog.records) == 1 and "chmod" in caplog.text


def test_a_folder_of_another_user_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    assert CacheManager(folder).put_trace(KEY, SMALL) is False
    assert len(caplog.records) == 1 and "another user" in caplog.text


def test_a_folder_removed_in_use_is_made_again(manager: CacheManager, folder: Path) -> None:
    import shutil

    manager.put_trace(KEY, SMALL)
    shutil.rmtree(folder)
    assert manager.put_trace(OTHER, LARGE)
    assert_usable(manager)


def test_orphans_of_killed_writers_are_swept(manager: CacheManager, folder: Path) -> None:
    manager.put_trace(OTHER, LARGE)
    kept = value_file(folder)
    old, young = (kept.parent / f"{digit * 30}.val" for digit in "ab")
    for path in (old, young):
        path.write_bytes(b"half an entry")
    os.utime(old, (1e9, 1e9))
    assert manager.vacuum()["removed"] == 1
    assert kept.exists() and young.exists() and not old.exists()


def test_value_files_are_private(manager: CacheManager, folder: Path) -> None:
    manager.put_trace(OTHER, LARGE)
    assert stat.S_IMODE(value_file(folder).stat().st_mode) == 0o600


def test_missing_diskcache_leaves_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "phasic.cache._disk", None)
    manager = CacheManager(folder)
    assert manager.put_trace(KEY, SMALL) is False and manager.put_trace(KEY, SMALL) is False
    assert manager.get_trace(KEY) == SMALL
    assert len(caplog.records) == 1


def test_opening_is_tried_again_after_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    manager = CacheManager(blocked)
    assert manager.put_trace(KEY, SMALL) is False
    blocked.unlink()
    assert manager.put_trace(KEY, SMALL) is False
    start = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: start + 60)
    assert manager.put_trace(KEY, SMALL)
    manager.close()
