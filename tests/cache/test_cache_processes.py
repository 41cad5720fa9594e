"""Several processes and threads on one cache, forks, kills, and what may never be run."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from phasic.cache import CacheManager
from phasic.cache._lock import ForkSafeLock
from phasic.cache._opening import _quick_check, open_index

from .conftest import Script, environment, run_script

KEY = "0123456789abcdef" * 4

WRITER = """
import hashlib, sys
from phasic.cache import CacheManager

manager = CacheManager(sys.argv[1], memory_bytes=0)
seed, count = int(sys.argv[2]), int(sys.argv[3])
for number in range(seed, seed + count):
    key = hashlib.sha256(b"%d" % number).hexdigest()
    data = key.encode() * (1 if number % 2 else 1000)
    if manager.put_trace(key, data):
        print(key, flush=True)
    found = manager.get_trace(key)
    assert found is None or found == data
"""


def writer(folder: Path, seed: int, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "error", "-c", WRITER, str(folder), str(seed), str(count)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )


def assert_intact(folder: Path, acknowledged: list[str]) -> None:
    manager = CacheManager(folder, memory_bytes=0)
    for key in acknowledged:
        assert manager.get_trace(key) in (key.encode(), key.encode() * 1000)
    manager.close()


def test_two_processes_write_at_once(folder: Path) -> None:
    started = [writer(folder, seed, 40) for seed in (0, 20)]
    finished = [process.communicate(timeout=100) for process in started]
    assert [process.returncode for process in started] == [0, 0], finished
    acknowledged = [line for out, _ in finished for line in out.split()]
    assert len(acknowledged) == 80
    assert_intact(folder, acknowledged)


def test_killed_writers_lose_nothing_that_was_acknowledged(folder: Path) -> None:
    acknowledged = []
    for round_ in range(4):
        started = [writer(folder, 1000 * (4 * round_ + number), 100_000) for number in range(2)]
        for lines, process in enumerate(started, start=3 + round_):
            assert process.stdout is not None
            acknowledged += [process.stdout.readline().strip() for _ in range(lines)]
            process.send_signal(signal.SIGKILL)
        for process in started:
            out, errors = process.communicate(timeout=100)
            assert errors == ""
            acknowledged += [line for line in out.split() if len(line) == 64]
    assert_intact(folder, acknowledged)


def test_threads_share_a_manager(manager: CacheManager, folder: Path) -> None:
    failures = []

    def work(number: int) -> None:
        for step in range(30):
            key = f"{step % 10:064x}"
            data = bytes([step % 10]) * (100 if step % 2 else 40_000)
            manager.put_trace(key, data)
            found = manager.get_trace(key)
            if found is None or set(found) != {step % 10}:
                failures.append((number, step))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(manager.entries()) == 10


FORK = """
import os, sys, threading
from phasic.cache import CacheManager

manager = CacheManager(sys.argv[1], memory_bytes=0)
manager.put_trace("0" * 64, b"parent")
stop = threading.Event()

def churn(digit):
    while not stop.is_set():
        manager.put_trace(digit * 64, b"churn")
        manager.get_trace(digit * 64)

threads = [threading.Thread(target=churn, args=(digit,)) for digit in "abc"]
for thread in threads:
    thread.start()
codes = []
for number in range(20):
    pid = os.fork()
    if pid == 0:
        ok = not manager._store._disk._live.is_open  # a connection of the parent must not be used
        ok = manager.get_trace("0" * 64) == b"parent" and ok
        ok = manager.put_trace(f"{number:064x}"[::-1].replace("0", "d"), b"child") and ok
        os._exit(0 if ok else 1)
    codes.append(os.waitpid(pid, 0)[1])
stop.set()
for thread in threads:
    thread.join()
print(sum(codes), manager.get_trace("0" * 64).decode(), manager.put_trace("e" * 64, b"after"))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_the_child_of_a_fork_uses_the_cache(folder: Path, script: Script) -> None:
    code = "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n" + FORK
    assert script(code, folder) == "0 parent True"


NO_PICKLE = """
import contextlib, io, os, sqlite3, sys
from pathlib import Path

found = []

def watch(event, arguments):
    if event.startswith(("pickle.", "marshal.load")):
        found.append(event)

sys.addaudithook(watch)
import pickle

from phasic.cache import ArchiveError, CacheManager, _cli

PAYLOAD = b"cposix\\nsystem\\n(S'false'\\ntR."
NAME = f"jit_f-{'ab' * 32}-cache"

def use(folder):
    manager = CacheManager(folder, disk_bytes=1 << 20)
    for number in range(40):
        manager.put_trace(f"{number:064x}", bytes(1000 * number))
    connection = sqlite3.connect(Path(folder, "index", "cache.db"))
    connection.execute("UPDATE Cache SET mode = 4, value = ? WHERE rowid % 2", (PAYLOAD,))
    connection.commit()
    connection.close()
    other = CacheManager(folder)
    for number in range(40):
        other.get_trace(f"{number:064x}")
    other.put("function", "1" * 64, PAYLOAD)
    program = other.path / "xla" / "jaxlib" / NAME
    program.parent.mkdir(parents=True)
    program.write_bytes(PAYLOAD)
    other.entries(), other.list(), other.vacuum(), other.info(), other.verify(deep=True), other.prewarm()
    archive = Path(folder, "archive")
    other.export_cache(archive)
    CacheManager(folder + "-2").import_cache(archive, trust=True)
    CacheManager(folder + "-3").sync_from_remote(folder, trust=True)
    for data in (PAYLOAD, archive.read_bytes()[:24] + PAYLOAD):
        archive.write_bytes(data)
        with contextlib.suppress(ArchiveError):
            other.import_cache(archive, trust=True)
    os.environ["PHASIC_CACHE_DIR"] = folder
    for command in ("status", "path", "list", "show 1111", "verify --deep", "prune", "prewarm", "doctor",
                    f"export {folder}/again", f"import {folder}/again --trust", "clear --yes"):
        with contextlib.redirect_stdout(io.StringIO()):
            assert _cli.main(command.split()) in (0, 1), command
    other.put_trace("0" * 64, b"data"), other.delete("trace", "0" * 64)
    other.clear(confirm=True)

use(sys.argv[1] + "-first")  # compiled modules are read by marshal, so import all of them
for name in ("load", "loads", "dump", "dumps", "Unpickler", "Pickler"):
    setattr(pickle, name, None)
found.clear()
use(sys.argv[1])
print(found)
"""


def test_nothing_is_ever_unpickled(folder: Path, script: Script) -> None:
    assert script(NO_PICKLE, folder) == "[]"


READ_ONLY = """
import logging, os, sys
from pathlib import Path
from phasic.cache import CacheManager

lines = []
class Kept(logging.Handler):
    def emit(self, record):
        lines.append(record)

logging.getLogger("phasic").addHandler(Kept())
folder = Path(sys.argv[1])
try:
    (folder / "probe").touch()
except PermissionError:
    pass
else:
    sys.exit("the folder can be written: the test would show nothing")
manager = CacheManager(folder)
print(manager.get_trace("0" * 64), len(manager.get_trace("1" * 64)), manager.get_trace("2" * 64))
print(manager.put_trace("2" * 64, b"new"), len(manager.entries()), manager.delete("trace", "0" * 64))
print(len(lines))
"""

# Root may write anywhere until it gives up the right to override modes (capabilities 1 and 2).
DROP = (
    "import ctypes, os, sys; c = ctypes.CDLL(None); [c.prctl(24, n, 0, 0, 0) for n in (1, 2)];"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.mark.skipif(sys.platform != "linux", reason="gives up rights of root in the way of Linux")
def test_a_read_only_folder_serves_what_it_has(folder: Path, manager: CacheManager) -> None:
    manager.put_trace("0" * 64, b"small")
    manager.put_trace("1" * 64, bytes(50_000))
    manager.close()
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        printed = run_script(READ_ONLY, folder, prefix=(sys.executable, "-c", DROP))
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o700)
    assert printed.splitlines() == ["b'small' 50000 None", "False 2 False", "1"]


def test_ctrl_c_leaves_the_cache_usable(folder: Path) -> None:
    code = """
import os, signal, sys
from phasic.cache import CacheManager

manager, other = (CacheManager(sys.argv[1], memory_bytes=0) for _ in range(2))
manager.put_trace("0" * 64, b"kept")
swallowed = 0

def interrupt(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, interrupt)
for number in range(200):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.00001 + 0.0000004 * number)
        for step in range(200):
            manager.put_trace(f"{step:064x}", b"x" * (100 if step % 3 else 40_000))
        swallowed += 1
    except KeyboardInterrupt:
        pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert manager.put_trace("1" * 64, b"mine"), number
    assert other.put_trace("2" * 64, b"theirs"), number
print(swallowed, manager.get_trace("1" * 64), other.get_trace("2" * 64))
"""
    assert run_script(code, folder) == "0 b'mine' b'theirs'"


def test_a_transaction_that_was_interrupted_ends_no_later_one(folder: Path) -> None:
    index = open_index(folder, busy_seconds=1)
    abandoned = index.transact()  # an interrupt between this line and the block leaves it open
    abandoned.__enter__()
    index.settle()
    with index.transact():
        index.keep("trace/b", b"kept", 0.0)
        del abandoned
    assert index.lookup("trace/b") == b"kept"
    index.disconnect()


def test_ctrl_c_while_the_index_is_checked_is_not_swallowed(folder: Path) -> None:
    index = open_index(folder, busy_seconds=1)
    row = "INSERT INTO Cache (key, raw, store_time, mode, value) VALUES (?, 1, 1.0, 1, zeroblob(50))"
    with index.transact():
        index._connection.executemany(row, [(f"trace/{number:064x}",) for number in range(60_000)])
    index._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    swallowed = []
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for number in range(20):
            signal.setitimer(signal.ITIMER_REAL, 0.002 * number + 0.001)
            try:
                while True:
                    _quick_check(index._connection)
                    if signal.getitimer(signal.ITIMER_REAL)[0] == 0:
                        swallowed.append(number)
                        break
            except KeyboardInterrupt:
                pass
    finally:
        signal.signal(signal.SIGALRM, previous)
        index.disconnect()
    assert swallowed == []


def test_a_lock_goes_without_running_python_code() -> None:
    lock = ForkSafeLock(after_fork=list)
    called = []
    sys.setprofile(lambda frame, event, _: called.append(frame) if event == "call" else None)
    try:
        del lock  # a Ctrl-C in a callback of a weak reference would be swallowed
    finally:
        sys.setprofile(None)
    assert called == []
