"""The tiers below memory and disk: shared folders, a home on the network, and what the environment says."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from phasic.cache import CacheManager, _network
from phasic.cache._entry import seal
from phasic.cache._plain import PlainFolder, plain_name
from phasic.cache._report import Reporter
from phasic.cache._store import DISK_BYTES, Store

from .faults import KEY, LARGE, OTHER, SMALL

DAY = 86400.0


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shared folder with two entries, which the environment names after one that does not exist."""
    maker = CacheManager(tmp_path / "maker")
    maker.put_trace(KEY, SMALL, metadata={"n_vertices": 3}, seconds=12.5)
    maker.put_trace(OTHER, LARGE)
    maker.put("other-kind", KEY, b"not portable")
    assert maker.publish(tmp_path / "shared") == 2
    maker.close()
    monkeypatch.setenv(
        "PHASIC_CACHE_SHARED", os.pathsep.join(["", str(tmp_path / "no"), str(tmp_path / "shared")])
    )
    return tmp_path / "shared"


def entry_file(root: Path, key: str = KEY) -> Path:
    return root / plain_name("trace", key)


def test_a_shared_entry_is_found_and_kept(
    shared: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = CacheManager(folder)
    assert (manager.get_trace(KEY), manager.get_trace(OTHER), manager.get_trace("a" * 64)) == (
        SMALL,
        LARGE,
        None,
    )
    stats = manager.stats()["trace"]
    assert (stats["shared_hits"], stats["misses"], stats["seconds_saved"]) == (2, 1, 12.5)
    manager.close()
    monkeypatch.delenv("PHASIC_CACHE_SHARED")
    later = CacheManager(folder)
    assert later.get_trace(KEY) == SMALL and later.stats()["trace"]["disk_hits"] == 1
    assert [(e.metadata["n_vertices"], e.seconds) for e in later.entries() if e.key == KEY] == [(3, 12.5)]
    later.close()


def test_a_shared_folder_is_never_written(shared: Path, folder: Path) -> None:
    before = sorted(shared.rglob("*"))
    manager = CacheManager(folder)
    manager.get_trace(KEY), manager.put_trace("a" * 64, LARGE), manager.delete("trace", KEY)
    manager.clear(confirm=True)
    assert sorted(shared.rglob("*")) == before


def test_without_a_home_shared_entries_are_still_read(shared: Path) -> None:
    assert Store(None).get("trace", KEY) == SMALL


def test_kinds_that_nothing_validates_do_not_come_from_others(shared: Path, folder: Path) -> None:
    path = shared / plain_name("program", KEY)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(seal("program", KEY, b"from somebody"))
    assert CacheManager(folder).get("program", KEY) is None


def test_published_files_may_be_read_by_others(shared: Path) -> None:
    assert stat.S_IMODE(entry_file(shared).stat().st_mode) == 0o644
    assert not list(shared.rglob("*.tmp"))


def test_publishing_again_adds_nothing(shared: Path, tmp_path: Path) -> None:
    assert CacheManager(tmp_path / "maker").publish(shared) == 0


def test_publishing_where_nothing_can_be_written_raises(tmp_path: Path, manager: CacheManager) -> None:
    manager.put_trace(KEY, SMALL)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        manager.publish(tmp_path / "file")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    os.truncate(path, 100)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def grow(path: Path) -> None:
    os.truncate(path, 1 << 40)


def swap(path: Path) -> None:
    path.write_bytes(entry_file(path.parents[3], OTHER).read_bytes())


def link(path: Path) -> None:
    path.rename(path.with_name("target"))
    path.symlink_to(path.with_name("target"))


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def nest(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [flip, truncate, empty, grow, swap, link, pipe, nest])
def test_a_damaged_shared_entry_is_one_line_and_stays(
    damage: object, shared: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage(entry_file(shared))  # type: ignore[operator]
    manager = CacheManager(folder)
    assert [manager.get_trace(KEY) for _ in range(2)] == [None, None]
    assert len(caplog.records) == 1 and os.path.lexists(entry_file(shared))
    assert manager.put_trace(KEY, SMALL) and manager.get_trace(KEY) == SMALL
    manager.close()


def test_a_shared_folder_open_to_all_is_not_used(
    shared: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shared.chmod(0o777)
    assert CacheManager(folder).get_trace(KEY) is None
    assert len(caplog.records) == 1 and "every user" in caplog.text


def network_store(home: Path) -> Store:
    return Store(home, is_network=lambda path: path == home)


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of this machine that stands in for one on the network."""
    path = tmp_path / "node"
    monkeypatch.setattr(_network, "node_folder", lambda home: path)
    return path


def test_a_home_on_the_network_holds_plain_files_only(
    node: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = network_store(folder)
    assert store.get("trace", KEY) is None and not folder.exists()
    assert store.put("trace", KEY, SMALL, metadata={"n_vertices": 3})
    assert entry_file(folder).is_file() and not list(folder.rglob("cache.db"))
    assert (node / "index" / "cache.db").is_file()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(caplog.records) == 1 and "on the network" in caplog.text
    store.close()


def test_ctrl_c_while_the_file_system_is_looked_up_leaves_the_store_usable(folder: Path) -> None:
    looked: list[Path] = []

    def interrupted(path: Path) -> bool:
        looked.append(path)
        if len(looked) == 1:
            raise KeyboardInterrupt
        return False

    store = Store(folder, is_network=interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.put("trace", KEY, SMALL)
    assert store.put("trace", KEY, SMALL)
    store.close()


def test_another_machine_finds_what_the_network_home_has(
    node: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = network_store(folder)
    first.put("trace", KEY, SMALL)
    first.put("program", OTHER, LARGE)
    first.close()
    monkeypatch.setattr(_network, "node_folder", lambda home: tmp_path / "another")
    second = network_store(folder)
    assert [e.key for e in second.entries()] == [KEY, OTHER]
    assert (second.get("trace", KEY), second.get("program", OTHER)) == (SMALL, LARGE)
    assert second.delete("trace", KEY) and not entry_file(folder).exists()
    second.clear()
    assert second.entries() == [] and not list(folder.rglob("*.phx"))
    second.close()


@pytest.fixture
def far(node: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CacheManager]:
    """A manager on another machine than the one that filled the network home with two entries."""
    first = network_store(folder)
    first.put("trace", KEY, SMALL)
    first.put("program", OTHER, LARGE)
    first.close()
    monkeypatch.setattr(_network, "node_folder", lambda home: tmp_path / "another")
    manager = CacheManager(folder)
    manager._store = network_store(folder)
    yield manager
    manager.close()


def test_what_a_network_home_has_can_be_verified(far: CacheManager, folder: Path) -> None:
    flip(folder / plain_name("program", OTHER))
    report = far.verify(repair=True)
    assert report["checked"] == {"trace": 1, "program": 1}
    assert [(p["layer"], p["removed"]) for p in report["problems"]] == [("trace", True), ("program", True)]
    assert far.verify()["checked"] == {}


def test_what_a_network_home_has_can_be_cleared_by_layer(far: CacheManager, folder: Path) -> None:
    far.clear(confirm=True, layer="program")
    assert entry_file(folder).exists() and not (folder / plain_name("program", OTHER)).exists()


def test_what_a_network_home_has_can_be_published(far: CacheManager, tmp_path: Path) -> None:
    assert far.publish(tmp_path / "group") == 1
    assert entry_file(tmp_path / "group").is_file()


def test_sealed_bytes_of_a_network_home(far: CacheManager, folder: Path) -> None:
    assert far._store.sealed("trace", KEY) == entry_file(folder).read_bytes()
    assert far._store.sealed("trace", OTHER) is None


def test_a_network_home_is_pruned_by_size_and_age(far: CacheManager, folder: Path) -> None:
    os.utime(entry_file(folder), (1e9, 1e9))
    assert [entry["key"] for entry in far.vacuum(max_age_days=30, dry_run=True)["entries"]] == [KEY]
    assert far.vacuum(max_age_days=30)["removed"] == 1
    assert [entry.key for entry in far.entries()] == [OTHER]
    assert far.vacuum(max_size_gb=0)["removed"] == 1 and far.entries() == []


def test_what_killed_writers_left_in_a_network_home_is_swept(far: CacheManager, folder: Path) -> None:
    old, young = (entry_file(folder).with_name(f".{digit * 16}.tmp") for digit in "ab")
    old.write_bytes(b"half"), young.write_bytes(b"half")
    os.utime(old, (1e9, 1e9))
    assert far.vacuum()["removed"] == 1
    assert not old.exists() and young.exists()


def test_a_network_home_of_another_user_is_not_used(
    node: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    network_store(folder).put("trace", KEY, SMALL)
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    assert network_store(folder).get("trace", KEY) is None
    assert "another user" in caplog.text


@pytest.mark.parametrize(("kind", "is_network"), [("nfs4", True), ("lustre", True), ("ext4", False)])
def test_the_list_of_mounts_says_what_is_on_the_network(
    kind: str, is_network: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "21 1 0:999 / /elsewhere rw - proc proc rw\n"
        f"36 21 {os.major(device)}:{os.minor(device)} / /home rw,relatime shared:1 - {kind} server:/home rw\n"
    )
    monkeypatch.setattr(_network, "_MOUNTS", mounts)
    assert _network.is_network(tmp_path / "not" / "yet" / "there") is is_network


def test_without_a_list_of_mounts_nothing_is_on_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_network, "_MOUNTS", tmp_path / "missing")
    assert not _network.is_network(tmp_path)


def test_read_only_reads_and_stores_nothing(
    manager: CacheManager, folder: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.put_trace("b" * 64, SMALL)
    manager.close()
    monkeypatch.setenv("PHASIC_CACHE", "ro")
    reader = CacheManager(folder)
    assert reader.get_trace("b" * 64) == SMALL and reader.get_trace(KEY) == SMALL
    assert reader.put_trace("a" * 64, LARGE) is False and reader.delete("trace", "b" * 64) is False
    assert reader.get_trace("a" * 64) == LARGE, "memory has it"
    reader.close()
    monkeypatch.setenv("PHASIC_CACHE", "on")
    assert [entry.key for entry in CacheManager(folder).entries()] == ["b" * 64]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("123", 123), ("500MB", 500 * 10**6), ("10 GiB", 10 << 30), ("1.5kb", 1500), ("2TiB", 2 << 40)),
        *(("7 B", 7), (" 1 MiB ", 1 << 20), ("", DISK_BYTES)),
    ],
)
def test_the_environment_sets_the_limit(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHASIC_CACHE_MAX_SIZE", text)
    assert Store(None).disk_bytes == size


@pytest.mark.parametrize("text", ["many", "-1", "10 XB", "1e9", "GB", "1..5MB"])
def test_a_bad_limit_is_one_line(
    text: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("phasic.cache._paths._reported", set())
    monkeypatch.setenv("PHASIC_CACHE_MAX_SIZE", text)
    assert [Store(None).disk_bytes for _ in range(2)] == [DISK_BYTES] * 2
    assert len(caplog.records) == 1 and text in caplog.text


def test_an_interrupted_copy_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(path: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    plain = PlainFolder(tmp_path / "plain", 1 << 30, Reporter())
    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        plain.write("trace", KEY, SMALL, {}, 0o600)
    assert not [path for path in plain.root.rglob("*") if path.is_file()]
