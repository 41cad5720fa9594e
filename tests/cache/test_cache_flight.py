"""Single flight: of all who want the same missing entry, one computes it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from phasic.cache import CacheManager
from phasic.cache._flight import Flights
from phasic.cache._report import Reporter

from .conftest import Script, environment
from .faults import KEY, OTHER

BUILDER = """
import os, sys, time
from phasic.cache import CacheManager

def build():
    print("building", flush=True)
    time.sleep(float(sys.argv[3]))
    return b"built" * 10

manager = CacheManager(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
start = time.monotonic()
assert manager.get_or_compute("trace", sys.argv[2], build) == b"built" * 10
print(time.monotonic() - start)
"""


def builders(folder: Path, count: int, seconds: float) -> "list[subprocess.Popen[str]]":
    command = [sys.executable, "-W", "error", "-c", BUILDER, str(folder), KEY, str(seconds)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
        for _ in range(count)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return started


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_eight_processes_build_once(folder: Path) -> None:
    started = builders(folder, 8, 1.0)
    for process in started:
        go(process)
    outputs = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0] * 8
    assert "".join(outputs).count("building") == 1


def test_when_the_builder_is_killed_another_builds(folder: Path) -> None:
    first, *others = builders(folder, 4, 1.0)
    go(first)
    assert first.stdout is not None and first.stdout.readline() == "building\n"
    for process in others:
        go(process)
    time.sleep(0.5)
    first.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    outputs = [process.communicate(timeout=60)[0] for process in others]
    assert [process.returncode for process in others] == [0] * 3
    assert "".join(outputs).count("building") == 1, "twice in all"
    # The kernel frees the lock at once, waiters look every 20 ms; the rest is a margin for a busy machine.
    assert time.monotonic() - killed < 1.0 + 0.5
    first.communicate(timeout=60)


def test_threads_build_once(manager: CacheManager) -> None:
    built, found = [], []

    def build() -> bytes:
        built.append(1)
        time.sleep(0.2)
        return b"data"

    threads = [
        threading.Thread(target=lambda: found.append(manager.get_or_compute("trace", KEY, build)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [1] and found == [b"data"] * 8


def test_what_a_build_raises_is_raised_and_the_next_builds(manager: CacheManager) -> None:
    def fail() -> bytes:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        manager.get_or_compute("trace", KEY, fail)
    assert manager.get_or_compute("trace", KEY, lambda: b"data") == b"data"


def test_a_build_that_asks_for_itself_does_not_wait(manager: CacheManager) -> None:
    def build() -> bytes:
        return manager.get_or_compute("trace", KEY, lambda: b"inner")

    assert manager.get_or_compute("trace", KEY, build) == b"inner"


def test_the_time_of_a_build_is_stored_with_it(manager: CacheManager, folder: Path) -> None:
    def build() -> bytes:
        time.sleep(0.05)
        return b"data"

    manager.get_or_compute("trace", KEY, build, metadata={"n_vertices": 2})
    (entry,) = manager.entries()
    assert 0.05 <= entry.seconds < 5 and entry.metadata["n_vertices"] == 2
    later = CacheManager(folder)
    later.get_trace(KEY)
    assert later.stats()["trace"]["seconds_saved"] == entry.seconds
    assert manager.stats()["trace"]["misses"] == 1, "the second look is not another miss"


def flights(folder: Path | None) -> Flights:
    if folder is not None:
        folder.mkdir(exist_ok=True)
    return Flights(lambda: folder, Reporter())


def taken(folder: Path | None, wanted: str, held: str, seconds: float) -> float:
    """How long ``wanted`` is waited for, ``seconds`` at most, while ``held`` is held elsewhere."""
    first, second = flights(folder), flights(folder)
    with first.turn(held):
        start = time.monotonic()
        with second.turn(wanted, seconds):
            return time.monotonic() - start


def test_a_turn_that_does_not_come_is_not_waited_for_longer(folder: Path) -> None:
    # A lower bound is exact; the upper one leaves room for a busy machine.
    assert 0.4 <= taken(folder, f"trace/{KEY}", f"trace/{KEY}", 0.4) < 2


def test_another_entry_under_the_same_lock_file_is_hardly_waited_for(folder: Path) -> None:
    neighbour = KEY[:-1] + "0"
    assert taken(folder, f"trace/{KEY}", f"trace/{neighbour}", 60.0) < 2


def test_other_entries_are_not_waited_for(folder: Path) -> None:
    assert taken(folder, f"trace/{KEY}", f"trace/{OTHER}", 60.0) < 0.2


def test_a_lock_that_cannot_be_had_holds_nobody_up(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    manager = CacheManager(folder)
    manager.put_trace(OTHER, b"makes the folder")
    (folder / "locks").mkdir()
    (folder / "locks" / KEY[:2]).mkdir()
    assert manager.get_or_compute("trace", KEY, lambda: b"data") == b"data"
    assert len(caplog.records) == 1 and "lock" in caplog.text
    manager.close()


@pytest.mark.parametrize("mode", ["off", "ro"])
def test_without_a_cache_to_write_everybody_builds(
    mode: str, manager: CacheManager, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHASIC_CACHE", mode)
    assert manager.get_or_compute("trace", KEY, lambda: b"data") == b"data"
    assert not folder.exists()


FORK = """
import os, sys, warnings
from phasic.cache import CacheManager

warnings.simplefilter("ignore", DeprecationWarning)
manager = CacheManager(sys.argv[1])
other = CacheManager(sys.argv[1])

def build():
    pid = os.fork()
    if pid == 0:
        # The child holds no turn of its parent: it may take others, and ends without freeing this one.
        with manager.turn("trace", "b" * 64):
            os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    return b"data"

print(manager.get_or_compute("trace", "a" * 64, build).decode())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_the_child_of_a_fork_holds_no_turn(folder: Path, script: Script) -> None:
    assert script(FORK, folder) == "data"
