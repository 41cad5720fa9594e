"""Large entries are read where they lie: aligned, read-only, verified once, and safe when the file goes."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import phasic
import pytest
from phasic import _core
from phasic.cache import CacheManager, _files

from .faults import KEY, OTHER, value_file

LARGE = np.random.default_rng(1).bytes(_files.MAP_BYTES + 1000)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the payloads whose digest is computed when files are loaded."""
    lengths: list[int] = []
    check = _files.check_digest

    def counted(header: object, payload: memoryview) -> None:
        lengths.append(len(payload))
        check(header, payload)  # type: ignore[arg-type]

    monkeypatch.setattr(_files, "check_digest", counted)
    monkeypatch.setattr(_files, "_verified", type(_files._verified)())
    return lengths


def stored(folder: Path) -> Path:
    manager = CacheManager(folder)
    assert manager.put_trace(KEY, LARGE)
    manager.close()
    return value_file(folder)


def fresh(folder: Path) -> CacheManager:
    return CacheManager(folder, memory_bytes=0)


def test_a_large_entry_is_a_view_of_its_file(folder: Path) -> None:
    stored(folder)
    found = fresh(folder).get_trace(KEY)
    assert isinstance(found, memoryview) and found.readonly and found == LARGE
    assert np.frombuffer(found, np.uint8).ctypes.data % 64 == 0


def test_get_gives_bytes_and_view_does_not_copy(folder: Path) -> None:
    stored(folder)
    assert isinstance(fresh(folder).get("trace", KEY), bytes)
    assert isinstance(fresh(folder).view("trace", KEY), memoryview)


@pytest.mark.parametrize("removal", [lambda m: m.delete("trace", KEY), lambda m: m.clear(confirm=True)])
def test_a_view_outlives_its_entry(folder: Path, removal: Callable[[CacheManager], object]) -> None:
    path = stored(folder)
    manager = fresh(folder)
    found = manager.get_trace(KEY)
    removal(manager)
    assert not path.exists() and found == LARGE


def test_a_view_keeps_what_it_was_when_the_entry_is_stored_again(folder: Path) -> None:
    stored(folder)
    manager = fresh(folder)
    found = manager.get_trace(KEY)
    assert manager.put_trace(KEY, LARGE[::-1])
    assert found == LARGE and manager.get_trace(KEY) == LARGE[::-1]


def test_an_entry_is_verified_once_in_a_process(folder: Path, hashed: list[int]) -> None:
    path = stored(folder)
    os.utime(path, (1e9, 1e9))
    time.sleep(0.15)  # the time of change is that of the call above, and must be past to be told apart
    for _ in range(3):
        assert fresh(folder).get_trace(KEY) == LARGE
    assert hashed == [len(LARGE)]


def test_a_file_that_has_just_changed_is_verified_again(folder: Path, hashed: list[int]) -> None:
    path = stored(folder)
    for _ in range(2):
        os.utime(path)
        assert fresh(folder).get_trace(KEY) == LARGE
    assert hashed == [len(LARGE)] * 2


@pytest.mark.parametrize("position", [130, 4096, len(LARGE)])
def test_damage_after_it_was_verified_is_noticed(folder: Path, position: int) -> None:
    path = stored(folder)
    time.sleep(0.15)
    assert fresh(folder).get_trace(KEY) == LARGE
    times = path.stat()
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert fresh(folder).get_trace(KEY) is None


def test_a_file_that_others_may_write_is_copied(folder: Path) -> None:
    stored(folder).chmod(0o660)
    assert isinstance(fresh(folder).get_trace(KEY), bytes)


def test_memory_keeps_one_copy_of_a_large_entry(folder: Path) -> None:
    manager = CacheManager(folder)
    manager.put_trace(KEY, LARGE)
    assert isinstance(manager.get_trace(KEY), memoryview), "the file stands for the bytes that were stored"
    assert manager.stats()["trace"]["memory_hits"] == 0
    manager.get_trace(KEY)
    assert manager.stats()["trace"]["memory_hits"] == 1


def small_trace() -> bytes:
    graph = phasic.Graph(1)
    vertex, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(vertex, 1.0)
    vertex.add_edge(end, 2.0)
    return graph.trace().to_bytes()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda data: memoryview(bytearray(data))])
def test_a_trace_is_read_from_any_buffer(kind: Callable[[bytes], bytes]) -> None:
    data = small_trace()
    assert _core.Trace.from_bytes(kind(data)).to_bytes() == data


def test_a_trace_does_not_share_a_buffer_that_can_change() -> None:
    data = bytearray(small_trace())
    trace = _core.Trace.from_bytes(data)
    before = trace.to_bytes()
    data[:] = bytes(len(data))
    assert trace.to_bytes() == before


def test_a_buffer_in_pieces_is_refused() -> None:
    with pytest.raises(BufferError, match="one piece"):
        _core.blake3(memoryview(bytes(10))[::2])


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        # Test vectors of BLAKE3 (test_vectors.json), of bytes 0, 1, ... 250, 0, ...
        (0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
        (1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"),
        (1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"),
        (102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"),
    ],
)
def test_digests_are_those_of_blake3(data: int, digest: str) -> None:
    assert _core.blake3(bytes(n % 251 for n in range(data))).hex() == digest


def test_entries_of_another_version_stay_until_they_are_replaced(folder: Path) -> None:
    path = stored(folder)
    data = bytearray(path.read_bytes())
    data[8] = 1
    path.write_bytes(data)
    manager = fresh(folder)
    assert manager.get_trace(KEY) is None and manager.entries() == [] and path.exists()
    manager.put_trace(OTHER, b"something else")
    assert path.exists()
    assert manager.put_trace(KEY, LARGE) and not path.exists()
