"""Damage on purpose: damaged bytes and indexes are a miss, one log line, and heal with the next store."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from phasic.cache import CacheManager
from phasic.cache._disk import DiskTier
from phasic.cache._entry import VERSION, DamagedError, Entry, seal
from phasic.cache._opening import BrokenIndexError, open_index
from phasic.cache._report import Reporter
from phasic.cache._values import open_value

from tests.cache.faults import KEY, LARGE, OTHER, SMALL, assert_usable, fill, reopened, run_sql, value_file

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
    assert tier.write("trace", KEY, SMALL, {})
    assert tier.read("trace", KEY) == Entry(SMALL, {})
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


def make_a_name_undecodable(path: Path) -> None:
    data = path.read_bytes()
    for name in (b"Cache_expire_time", b"Settings"):
        data = data.replace(name, b"\xe7" + name[1:])
    path.write_bytes(data)


def make_a_setting_undecodable(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO Settings VALUES (CAST(x'e765' AS TEXT), 1)")
    connection.commit()
    connection.close()


def make_a_key_undecodable(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO Cache (key, raw, store_time) VALUES (CAST(x'e765' AS TEXT), 1, 1.0)")
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
    make_a_name_undecodable,
    make_a_setting_undecodable,
    make_a_key_undecodable,
]


@pytest.mark.parametrize("damage", INDEX_DAMAGE)
def test_a_damaged_index_is_replaced(damage: Callable[[Path], None], folder: Path) -> None:
    fill(folder)
    damage(folder / "index" / "cache.db")
    manager = reopened(folder)
    assert manager.get_trace(KEY) in (None, SMALL)
    assert manager.get_trace(OTHER) in (None, LARGE)
    assert_usable(manager)
    assert len(reopened(folder).entries()) == 2


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
    assert tier.write("trace", KEY, SMALL, {})
    assert tier.read("trace", KEY) == Entry(SMALL, {})
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
    data[8] = VERSION + 1
    value_file(folder).write_bytes(data)
    manager = reopened(folder)
    assert manager.get_trace(OTHER) is None
    assert value_file(folder).read_bytes() == data
    assert_usable(manager)
