"""What was dear to compute is on the disk itself before it counts as stored; others are not waited for."""

import errno
import os
import stat
import sys
from pathlib import Path

import pytest
from phasic.cache import CacheManager
from phasic.cache._entry import DEAR_SECONDS
from phasic.cache._store import Store

from .faults import KEY, LARGE, SMALL

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names descriptors in the way of Linux")


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what Python code brought to the disk, in order; folders end with a slash."""
    found: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        found.append(path + "/" * stat.S_ISDIR(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_a_dear_file_and_its_folders_are_synced(
    manager: CacheManager, folder: Path, synced: list[str]
) -> None:
    assert manager.put_trace(KEY, LARGE, seconds=DEAR_SECONDS)
    value, *folders = synced
    parent = str(Path(value).parent)
    assert value.endswith(".val") and folders == [f"{parent}/", f"{folder / 'index'}/", f"{folder}/"]


def test_a_dear_row_is_written_with_the_full_care_of_sqlite(
    manager: CacheManager, folder: Path, synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from phasic.cache._index import Index

    levels = []
    store = Index.set

    def watched(index: Index, *arguments: object) -> bool:
        levels.append(index._connection.execute("PRAGMA synchronous").fetchone()[0])
        return bool(store(index, *arguments))

    monkeypatch.setattr(Index, "set", watched)
    manager.put_trace(KEY, SMALL, seconds=0.9 * DEAR_SECONDS)
    manager.put_trace(KEY, SMALL, seconds=DEAR_SECONDS)
    manager.put_trace(KEY, SMALL)
    normal, full = 1, 2
    assert levels == [normal, full, normal] and synced == [f"{folder}/"]


@pytest.mark.parametrize("seconds", [None, 0.0, 0.99 * DEAR_SECONDS])
def test_others_are_not_waited_for(seconds: float | None, manager: CacheManager, synced: list[str]) -> None:
    assert manager.put_trace(KEY, LARGE, seconds=seconds)
    assert synced == []


def test_a_disk_that_refuses_to_sync_has_not_stored(
    manager: CacheManager, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    assert manager.put_trace(KEY, LARGE, seconds=DEAR_SECONDS) is False
    assert list(folder.rglob("*.val")) == [] and len(caplog.records) == 1


def test_folders_that_know_no_sync_do_no_harm(manager: CacheManager, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert manager.put_trace(KEY, LARGE, seconds=DEAR_SECONDS)


def test_a_dear_file_of_a_network_home_is_synced(
    folder: Path, tmp_path: Path, synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from phasic.cache import _network

    monkeypatch.setattr(_network, "node_folder", lambda home: tmp_path / "node")
    store = Store(folder, is_network=lambda path: path == folder)
    assert store.put("trace", KEY, LARGE, seconds=DEAR_SECONDS)
    store.close()
    shown = [name for name in synced if name.startswith(str(folder))]
    assert shown[0].endswith(".tmp") and shown[1:] == [
        f"{folder / 'v1' / KEY[:2] / KEY[2:4]}/",
        f"{folder / 'v1' / KEY[:2]}/",
        f"{folder / 'v1'}/",
        f"{folder}/",
    ]
