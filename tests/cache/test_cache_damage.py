"""Damage on purpose: every fault of the disk is a miss, one log line, and heals with the next store."""

import logging
import os
import sqlite3
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from phasic.cache import CacheManager
from phasic.cache import _disk as disk_module
from phasic.cache._disk import DiskTier
from phasic.cache._entry import DamagedError, seal
from phasic.cache._index import BrokenIndexError, Index, open_index
from phasic.cache._report import Reporter
from phasic.cache._values import open_value

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


SEALED = seal("trace", KEY, SMALL)


@pytest.mark.parametrize("position", range(len(SEALED)))
def test_a_changed_byte_in_a_row_is_a_miss(
    position: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tier = DiskTier(tmp_path / "cache", 1 << 30, Reporter())
    tier.write("trace", KEY, SMALL, {})
    changed = bytearray(SEALED)
    changed[position] ^= 0x10
    run_sql(tmp_path / "cache", "UPDATE Cache SET value = ?", bytes(changed))
    assert tier.read("trace", KEY) is None
    assert len(caplog.records) <= 1
    assert tier.write("trace", KEY, SMALL, {}) and tier.read("trace", KEY) == SMALL
    tier.close()


@pytest.mark.parametrize("position", [0, 8, 12, 20, 40, 60, 100, 119, 121, 5000, -1])
def test_a_changed_byte_in_a_file_is_a_miss(
    position: int, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(folder)
    data = bytearray(value_file(folder).read_bytes())
    data[position] ^= 0x10
    value_file(folder).write_bytes(data)
    manager = reopened(folder)
    assert manager.get_trace(OTHER) is None
    assert manager.get_trace(KEY) == SMALL
    assert len(caplog.records) <= 1
    assert_usable(manager)


@pytest.mark.parametrize("length", [0, 1, 119, 130, 40_000])
def test_a_truncated_file_is_a_miss(length: int, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    fill(folder)
    os.truncate(value_file(folder), length)
    manager = reopened(folder)
    assert manager.get_trace(OTHER) is None
    assert len(caplog.records) == 1 and "damaged" in caplog.text
    assert not list((folder / "index").rglob("*.val"))
    assert_usable(manager)


def test_an_entry_moved_to_another_key_is_a_miss(folder: Path) -> None:
    fill(folder)
    run_sql(folder, "UPDATE Cache SET key = ? WHERE key = ?", f"trace/{'a' * 64}", f"trace/{KEY}")
    manager = reopened(folder)
    assert manager.get_trace("a" * 64) is None
    assert_usable(manager)


def test_a_missing_file_is_a_miss(folder: Path) -> None:
    fill(folder)
    value_file(folder).unlink()
    manager = reopened(folder)
    assert manager.get_trace(OTHER) is None
    assert_usable(manager)


def to_link(path: Path) -> None:
    target = path.with_name("target")
    path.rename(target)
    path.symlink_to(target)


def to_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def to_linked_parent(path: Path) -> None:
    moved = path.parent.with_name("moved")
    path.parent.rename(moved)
    path.parent.symlink_to(moved)


@pytest.mark.parametrize("change", [to_link, to_pipe, to_folder, to_linked_parent])
def test_what_is_not_a_regular_file_is_not_followed(change: Callable[[Path], None], folder: Path) -> None:
    fill(folder)
    change(value_file(folder))
    manager = reopened(folder)
    assert manager.get_trace(OTHER) is None
    manager.close()


@pytest.mark.parametrize("change", [to_link, to_pipe, to_folder, to_linked_parent])
def test_a_value_file_is_opened_only_if_regular(change: Callable[[Path], None], folder: Path) -> None:
    fill(folder)
    path = value_file(folder)
    change(path)
    with pytest.raises(DamagedError):
        open_value(folder / "index", f"{path.parent.name}/{path.name}")


def scribble(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)


def scribble_inside(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xaa" * (len(data) - 4096)
    path.write_bytes(data)


def truncate(path: Path) -> None:
    os.truncate(path, 5000)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def replace_by_own(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE Cache (something)")
    connection.commit()
    connection.close()


def add_trigger(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TRIGGER evil AFTER INSERT ON Cache BEGIN DELETE FROM Cache; END")
    connection.commit()
    connection.close()


INDEX_DAMAGE = [
    scribble,
    scribble_inside,
    truncate,
    empty,
    to_pipe,
    to_folder,
    to_link,
    replace_by_own,
    add_trigger,
]


@pytest.mark.parametrize("damage", INDEX_DAMAGE)
def test_a_damaged_index_is_replaced(damage: Callable[[Path], None], folder: Path) -> None:
    fill(folder)
    damage(folder / "index" / "cache.db")
    manager = reopened(folder)
    assert manager.get_trace(KEY) in (None, SMALL)
    assert manager.get_trace(OTHER) in (None, LARGE)
    assert_usable(manager)


@pytest.mark.parametrize(
    "damage", [scribble, scribble_inside, truncate, to_pipe, replace_by_own, add_trigger]
)
def test_a_replaced_index_adopts_the_value_files(
    damage: Callable[[Path], None], folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(folder)
    damage(folder / "index" / "cache.db")
    manager = reopened(folder)
    assert manager.get_trace(OTHER) == LARGE
    assert len(caplog.records) == 1 and "rebuilt" in caplog.text
    manager.close()


def test_opening_notices_a_damaged_page_that_no_lookup_needs(folder: Path) -> None:
    manager = CacheManager(folder)
    for number in range(100):
        manager.put_trace(f"{number:064x}", os.urandom(3000))
    manager.close()
    path = folder / "index" / "cache.db"
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 4096 // 2 * 4096)
        file.write(b"\xaa" * 4096)
    with pytest.raises(BrokenIndexError):
        open_index(folder / "index", busy_seconds=1)


def test_an_index_damaged_while_open_is_replaced(folder: Path) -> None:
    tier = DiskTier(folder, 1 << 30, Reporter())
    for number in range(300):
        tier.write("trace", f"{number:064x}", os.urandom(3000), {})
    run_sql(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
    path = folder / "index" / "cache.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * (path.stat().st_size - 4096))
    assert [tier.read("trace", f"{number:064x}") for number in range(0, 300, 50)]
    tier.close()
    assert tier.write("trace", KEY, SMALL, {}) and tier.read("trace", KEY) == SMALL
    tier.close()


def test_an_index_folder_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    fill(elsewhere)
    fill(folder)
    manager = reopened(folder)
    (folder / "index").rename(folder / "away")
    (folder / "index").symlink_to(elsewhere / "index")
    assert manager.get_trace(KEY) is None
    manager.clear(confirm=True)
    assert CacheManager(elsewhere).get_trace(KEY) == SMALL


def test_a_row_that_asks_for_a_pickle_is_removed(folder: Path, tmp_path: Path) -> None:
    fill(folder)
    victim = tmp_path / "made by a pickle"
    payload = b"cposix\nsystem\n(S'touch \"%s\"'\ntR." % str(victim).encode()
    run_sql(folder, "UPDATE Cache SET mode = 4, filename = NULL, value = ?", payload)
    manager = reopened(folder)
    assert manager.get_trace(KEY) is None
    assert manager.entries() != [] or manager.get_trace(OTHER) is None
    manager.vacuum()
    assert_usable(manager)
    assert not victim.exists()


def test_a_pickled_key_is_removed(folder: Path, tmp_path: Path) -> None:
    fill(folder)
    victim = tmp_path / "made by a pickle"
    payload = b"cposix\nsystem\n(S'touch \"%s\"'\ntR." % str(victim).encode()
    run_sql(
        folder, "INSERT INTO Cache (key, raw, store_time, mode, value) VALUES (?, 0, 1.0, 1, x'00')", payload
    )
    manager = reopened(folder)
    assert manager.get_trace(KEY) == SMALL and len(manager.entries()) == 2
    manager.vacuum()
    manager.clear(confirm=True)
    assert not victim.exists()


@pytest.mark.parametrize("spelling", ["{victim}", "../../{name}", "aa/../../../{name}", "~/{name}", ""])
@pytest.mark.parametrize("call", ["delete", "vacuum", "clear", "get", "put"])
def test_a_row_that_names_a_file_elsewhere_reaches_nothing(
    spelling: str, call: str, folder: Path, tmp_path: Path
) -> None:
    fill(folder)
    victim = tmp_path / "victim"
    victim.write_bytes(seal("trace", OTHER, b"from elsewhere"))
    name = spelling.format(victim=victim, name=victim.name)
    run_sql(folder, "UPDATE Cache SET mode = 2, value = NULL, size = 10, filename = ? WHERE key != ''", name)
    manager = reopened(folder)
    match call:
        case "delete":
            manager.delete("trace", OTHER)
        case "vacuum":
            manager.vacuum(max_age_days=0, max_size_gb=0)
        case "clear":
            manager.clear(confirm=True)
        case "get":
            assert manager.get_trace(OTHER) is None
        case "put":
            assert manager.put_trace(OTHER, LARGE)
    manager.close()
    assert victim.read_bytes() == seal("trace", OTHER, b"from elsewhere")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("close", 1),
        ("_disk", 1),
        ("sqlite_writable_schema", 1),
        ("disk_unknown", 1),
        ("size", "many"),
        ("count", -1),
    ],
)
def test_hostile_settings_are_mended(key: str, value: object, folder: Path) -> None:
    fill(folder)
    run_sql(folder, "INSERT OR REPLACE INTO Settings VALUES (?, ?)", key, value)
    manager = reopened(folder)
    assert manager.get_trace(KEY) == SMALL
    assert_usable(manager)


def test_another_format_version_is_a_miss_and_stays(folder: Path) -> None:
    fill(folder)
    data = bytearray(value_file(folder).read_bytes())
    data[8] = 2
    value_file(folder).write_bytes(data)
    manager = reopened(folder)
    assert manager.get_trace(OTHER) is None
    assert value_file(folder).read_bytes() == data
    assert_usable(manager)


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
    assert tier is not None and tier._index is not None
    assert isinstance(tier._index, Index)
    tier._index._connection.execute("BEGIN IMMEDIATE")
    tier._index._txn_id = 12345  # type: ignore[assignment]
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
    assert disk_module._OPEN_SECONDS + disk_module._WAIT < 2
    assert disk_module._OPEN_SECONDS + disk_module._ADOPT_SECONDS + disk_module._PRUNE_SECONDS < 2


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
