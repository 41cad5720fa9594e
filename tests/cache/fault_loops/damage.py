"""Fourteen kinds of damage to value files and to the index."""

import fcntl
import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path

from phasic.cache import CacheManager

from .proof import SECONDS, key_of, value_of

ENTRIES = 8
KEYS = [key_of("damage", number) for number in range(ENTRIES)]
VALUES = {key: value_of(key, number) for number, key in enumerate(KEYS)}
Generator = random.Random
#: Value files, of which the first is damaged, and swapped with the second.
Paths = Sequence[Path]
_FOREIGN = b"GIF89a" + bytes(range(256)) * 20


class _HangError(BaseException):
    """The alarm went off."""


def _index(folder: Path) -> Path:
    return folder / "index" / "cache.db"


def _flip(path: Path, generator: Generator, times: int = 1) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(times):
        data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
    path.write_bytes(data)


def flip(paths: Paths, generator: Generator) -> None:
    """Flip one bit of a value file."""
    _flip(paths[0], generator)


def truncate(paths: Paths, generator: Generator) -> None:
    """Cut a value file short."""
    path = paths[0]
    os.truncate(path, generator.randrange(path.stat().st_size))


def extend(paths: Paths, generator: Generator) -> None:
    """Append bytes to a value file."""
    with paths[0].open("ab") as file:
        file.write(generator.randbytes(generator.randint(1, 5000)))


def zero(paths: Paths, generator: Generator) -> None:
    """Overwrite a stretch of a value file with zeros."""
    path = paths[0]
    start = generator.randrange(path.stat().st_size - 64)
    with path.open("r+b") as file:
        file.seek(start)
        file.write(bytes(generator.randint(64, path.stat().st_size - start)))


def swap(paths: Paths, generator: Generator) -> None:
    """Exchange two value files."""
    first, second = paths[:2]
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def empty(paths: Paths, generator: Generator) -> None:
    """Leave nothing in a value file."""
    os.truncate(paths[0], 0)


def symlink(paths: Paths, generator: Generator) -> None:
    """Replace a value file by a link to its bytes."""
    path = paths[0]
    target = path.parents[2] / "elsewhere"
    path.rename(target)
    path.symlink_to(target)


def fifo(paths: Paths, generator: Generator) -> None:
    """Replace a value file by a pipe."""
    paths[0].unlink()
    os.mkfifo(paths[0])


def directory(paths: Paths, generator: Generator) -> None:
    """Replace a value file by a folder."""
    paths[0].unlink()
    paths[0].mkdir()


def foreign(paths: Paths, generator: Generator) -> None:
    """Replace a value file by something of another program."""
    paths[0].write_bytes(_FOREIGN)


def index_flip(folder: Path, generator: Generator) -> None:
    """Flip up to a hundred bits of the index."""
    _flip(_index(folder), generator, generator.choice([1, 3, 100]))


def index_truncate(folder: Path, generator: Generator) -> None:
    """Cut the index short."""
    os.truncate(_index(folder), generator.randrange(_index(folder).stat().st_size))


def index_foreign(folder: Path, generator: Generator) -> None:
    """Replace the index by a file, a database, a pipe, a folder or a link of someone else."""
    path = _index(folder)
    path.unlink()
    match generator.randrange(5):
        case 0:
            path.write_bytes(_FOREIGN)
        case 1:
            connection = sqlite3.connect(path)
            connection.execute("CREATE TABLE Cache (something)")
            connection.close()
        case 2:
            os.mkfifo(path)
        case 3:
            path.mkdir()
        case 4:
            path.symlink_to(folder / "nowhere")


@contextmanager
def index_locked(folder: Path, generator: Generator) -> Iterator[None]:
    """Hold a transaction that never ends, or the lock that guards opening."""
    if generator.random() < 0.5:
        connection = sqlite3.connect(_index(folder), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE Cache SET access_count = 7")
        yield
        connection.close()
    else:
        descriptor = os.open(folder / "index.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.close(descriptor)


VALUE_KINDS: tuple[Callable[[Paths, Generator], None], ...] = (
    flip,
    truncate,
    extend,
    zero,
    swap,
    empty,
    symlink,
    fifo,
    directory,
    foreign,
)
INDEX_KINDS: tuple[Callable[[Path, Generator], AbstractContextManager[None] | None], ...] = (
    index_flip,
    index_truncate,
    index_foreign,
    index_locked,
)
KINDS = len(VALUE_KINDS) + len(INDEX_KINDS)


def run(folder: Path, count: int, seed: int) -> dict[str, int]:
    """At least ``count`` rounds, as many of each kind."""
    generator = random.Random(seed)
    counts = dict.fromkeys(("rounds", "wrong", "raised", "hangs", "lost besides", "unhealed"), 0)
    whole = folder / "whole"
    manager = CacheManager(whole)
    assert all(manager.put("state", key, value) for key, value in VALUES.items())
    manager.close()
    previous = signal.signal(signal.SIGALRM, _alarm)
    try:
        for round_ in range(-(-count // KINDS) * KINDS):
            damaged = folder / "damaged"
            shutil.copytree(whole, damaged)
            _round(damaged, round_ % KINDS, generator, counts)
            shutil.rmtree(damaged)
    finally:
        signal.signal(signal.SIGALRM, previous)
    return counts


def _round(folder: Path, kind: int, generator: Generator, counts: dict[str, int]) -> None:
    counts["rounds"] += 1
    manager, missing = CacheManager(folder, memory_bytes=0), 0
    with _damaged(folder, kind, generator):
        for key in generator.sample(KEYS, ENTRIES):
            found = _timed(lambda key=key: manager.get("state", key), counts)
            missing += found is None
            counts["wrong"] += found not in (None, VALUES[key])
        for key in generator.sample(KEYS, 2):
            _timed(lambda key=key: manager.put("state", key, VALUES[key]), counts)
    if kind < len(VALUE_KINDS):  # damage to the index may cost what only it holds
        counts["lost besides"] += missing > (2 if VALUE_KINDS[kind] is swap else 1)
    manager.close()
    with closing(CacheManager(folder, memory_bytes=0)) as healed:
        for key, value in VALUES.items():
            _timed(lambda key=key, value=value: healed.put("state", key, value), counts)
    with closing(CacheManager(folder, memory_bytes=0)) as later:
        counts["unhealed"] += any(later.get("state", key) != value for key, value in VALUES.items())


def _damaged(folder: Path, kind: int, generator: Generator) -> AbstractContextManager[None]:
    """Do the damage of a number; it lasts, or goes at the end of the block."""
    if kind >= len(VALUE_KINDS):
        return INDEX_KINDS[kind - len(VALUE_KINDS)](folder, generator) or nullcontext()
    paths = sorted((folder / "index").rglob("*.val"))
    VALUE_KINDS[kind](generator.sample(paths, len(paths)), generator)
    return nullcontext()


def _timed(call: Callable[[], object], counts: dict[str, int]) -> object:
    """Result of ``call``; one that raises or takes above two seconds is counted."""
    start = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 5 * SECONDS)
    try:
        with suppress(_HangError):
            return call()
    except Exception:  # what must never happen is counted, whatever it is
        counts["raised"] += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        counts["hangs"] += time.monotonic() - start > SECONDS
    return None


def _alarm(*_: object) -> None:
    raise _HangError
