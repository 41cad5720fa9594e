"""What a cache keeps, finds, counts and gives up, in one process and in the next."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phasic.cache import CacheManager
from phasic.cache._disk import INLINE_BYTES
from phasic.cache._entry import Entry
from phasic.cache._memory import MemoryTier

from .conftest import Script

KEY = "0123456789abcdef" * 4
OTHER = "f" * 64
SIZES = [0, 1, 1000, INLINE_BYTES - 200, INLINE_BYTES, 1 << 20]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_stored_is_read_back(manager: CacheManager, size: int) -> None:
    data = os.urandom(size)
    assert manager.put_trace(KEY, data)
    assert manager.get_trace(KEY) == data


@pytest.mark.parametrize("size", SIZES)
def test_another_manager_reads_it_from_disk(manager: CacheManager, folder: Path, size: int) -> None:
    data = os.urandom(size)
    manager.put_trace(KEY, data)
    other = CacheManager(folder)
    assert other.get_trace(KEY) == data
    assert other.stats()["trace"]["disk_hits"] == 1
    other.close()


def test_a_fresh_process_reads_it(manager: CacheManager, folder: Path, script: Script) -> None:
    manager.put_trace(KEY, b"from the parent")
    code = """
        import sys
        from phasic.cache import CacheManager
        manager = CacheManager(sys.argv[1])
        print(manager.get_trace(sys.argv[2]).decode(), manager.stats()["trace"]["hits"])
        manager.put_trace("e" * 64, b"from the child")
    """
    assert script(code, folder, KEY) == "from the parent 1"
    assert manager.get_trace("e" * 64) == b"from the child"


def test_the_second_read_comes_from_memory(manager: CacheManager, folder: Path) -> None:
    manager.put_trace(KEY, b"data")
    other = CacheManager(folder)
    assert [other.get_trace(KEY), other.get_trace(KEY), other.get_trace(OTHER)] == [b"data", b"data", None]
    expected = {"hits": 2, "misses": 1, "stores": 0, "memory_hits": 1, "disk_hits": 1, "bytes": 8}
    assert other.stats()["trace"] == expected | {"shared_hits": 0, "remote_hits": 0, "seconds_saved": 0.0}
    other.close()


def test_kinds_do_not_share_keys(manager: CacheManager) -> None:
    manager.put("trace", KEY, b"trace")
    manager.put("graph", KEY, b"graph")
    assert (manager.get("trace", KEY), manager.get("graph", KEY)) == (b"trace", b"graph")


def test_the_last_value_stays(manager: CacheManager, folder: Path) -> None:
    for size in (10, 1 << 16, 20, 1 << 17):
        manager.put_trace(KEY, bytes(size))
    other = CacheManager(folder)
    assert other.get_trace(KEY) == bytes(1 << 17)
    assert len(list(folder.rglob("*.val"))) == 1
    other.close()


@pytest.mark.parametrize("size", [10, 1 << 16])
def test_a_deleted_entry_is_gone(manager: CacheManager, folder: Path, size: int) -> None:
    manager.put_trace(KEY, bytes(size))
    assert manager.delete("trace", KEY)
    assert not manager.delete("trace", KEY)
    assert manager.get_trace(KEY) is None
    assert list(folder.rglob("*.val")) == []


def test_entries_show_metadata_oldest_first(manager: CacheManager) -> None:
    manager.put_trace(KEY, bytes(10), metadata={"n_vertices": 7})
    manager.put_trace(OTHER, bytes(1 << 16), metadata={"n_vertices": 8})
    found = manager.entries("trace")
    assert [(e.key, e.metadata) for e in found] == [(KEY, {"n_vertices": 7}), (OTHER, {"n_vertices": 8})]
    assert found[0].size > 10 and found[1].size > 1 << 16
    assert manager.entries("graph") == []


@pytest.mark.parametrize("call", ["get_trace", "put_trace"])
def test_a_malformed_key_is_refused(manager: CacheManager, call: str) -> None:
    arguments = (b"",) if call == "put_trace" else ()
    with pytest.raises(ValueError, match="64 lower-case"):
        getattr(manager, call)("../../etc/passwd", *arguments)


@pytest.mark.parametrize("data", [5, "text", None, [1, 2]])
def test_only_bytes_are_stored(manager: CacheManager, data: object) -> None:
    with pytest.raises(TypeError, match="bytes"):
        manager.put_trace(KEY, data)  # type: ignore[arg-type]


def test_a_lookup_creates_nothing(folder: Path) -> None:
    manager = CacheManager(folder)
    assert manager.get_trace(KEY) is None
    assert manager.entries() == [] and manager.info()["exists"] is False
    assert not folder.exists()


def test_the_folder_is_private(manager: CacheManager, folder: Path) -> None:
    manager.put_trace(KEY, bytes(1 << 16))
    modes = {path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")] if path.is_dir()}
    assert modes == {0o700}
    assert (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_off_means_neither_read_nor_written(
    manager: CacheManager, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.put_trace(KEY, b"data")
    monkeypatch.setenv("PHASIC_CACHE", "off")
    assert manager.get_trace(KEY) is None
    assert manager.put_trace(OTHER, b"more") is False
    monkeypatch.setenv("PHASIC_CACHE", "on")
    assert manager.get_trace(KEY) == b"data"
    assert manager.get_trace(OTHER) is None


def test_the_oldest_entries_go_above_the_limit(folder: Path) -> None:
    manager = CacheManager(folder, disk_bytes=10 << 20)
    for number in range(60):
        assert manager.put_trace(f"{number:064x}", bytes(1 << 20))
    kept = [int(entry.key, 16) for entry in manager.entries()]
    assert kept == list(range(60 - len(kept), 60))
    assert 9 <= len(kept) <= 10
    assert sum(path.stat().st_size for path in folder.rglob("*.val")) <= 10 << 20
    manager.close()


def test_an_entry_above_half_the_limit_is_not_stored(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    manager = CacheManager(folder, disk_bytes=1 << 20)
    manager.put_trace(OTHER, b"small")
    assert manager.put_trace(KEY, bytes(600_000)) is False
    assert [entry.key for entry in manager.entries()] == [OTHER]
    assert len(caplog.records) == 1
    manager.close()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 50), st.booleans()), max_size=40))
def test_memory_is_a_dictionary_below_its_limit(steps: list[tuple[str, int, bool]]) -> None:
    tier, model = MemoryTier(100), {}
    for name, size, store in steps:
        if store:
            tier.write(name, Entry(bytes(size), {}))
            model[name] = Entry(bytes(size), {})
        found = tier.read(name)
        assert found is None or found == model[name]
        if store:
            assert found == model[name]
        assert tier.used_bytes <= 100


def test_memory_gives_up_the_least_recently_used() -> None:
    tier = MemoryTier(100)
    for name in "abcd":
        tier.write(name, Entry(bytes(25), {}))
    tier.read("a")
    tier.write("e", Entry(bytes(25), {}))
    assert [name for name in "abcde" if tier.read(name) is not None] == ["a", "c", "d", "e"]
