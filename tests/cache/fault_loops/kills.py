"""SIGKILL at random instants while eight processes write and overwrite."""

import os
import random
import struct
import time
from functools import partial
from pathlib import Path

from phasic.cache import CacheManager

from .proof import SECONDS, Child, fork, key_of, pause, sequence_of, value_of

WRITERS = 8
OWN, SHARED = 6, 6
_ACKNOWLEDGED = struct.Struct("<BBI")
_LONGEST = 0.15
_CORRUPT = 255
#: What a cache folder holds besides value files.
_EXPECTED = {
    ".phasic-cache",
    ".looked-at-age",
    "CACHEDIR.TAG",
    "index.lock",
    "cache.db",
    "cache.db-wal",
    "cache.db-shm",
}


def run(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Kill at least ``count`` writers, eight a round; every round is checked when all of it are dead."""
    generator = random.Random(seed)
    counts = dict.fromkeys(("kills", "acknowledged", "corrupt", "lost", "stuck"), 0)
    last: dict[tuple[int, int], int] = {}
    for round_ in range(-(-count // WRITERS)):
        started = [fork(partial(_write, folder, number, round_)) for number in range(WRITERS)]
        records: dict[int, bytes] = dict.fromkeys(range(WRITERS), b"")
        for number in generator.sample(range(WRITERS), WRITERS):
            pause(generator, _LONGEST)
            for other, child in enumerate(started):
                records[other] += child.read(1 << 16, 0)
            started[number].kill()
            counts["kills"] += 1
        for number, child in enumerate(started):
            _note(records[number] + child.rest(), number, last, counts)
        _check(folder, last, counts)
        counts["stuck"] += not _answers(folder, round_)
    counts["left over"] = _left_over(folder)
    return counts


def _write(folder: Path, number: int, round_: int, out: int) -> None:
    manager = CacheManager(folder, memory_bytes=0)
    generator = random.Random(f"{round_} {number}")
    for step in range(1_000_000):
        sequence = round_ * 1_000_000 + step
        own = generator.randrange(OWN)
        key = key_of(number, own)
        if manager.put("state", key, value_of(key, sequence)):
            os.write(out, _ACKNOWLEDGED.pack(number, own, sequence))
        key = key_of("shared", generator.randrange(SHARED))
        manager.put("state", key, value_of(key, sequence))
        key = key_of("shared", generator.randrange(SHARED))
        found = manager.get("state", key)
        if found is not None and sequence_of(key, found) is None:
            os.write(out, _ACKNOWLEDGED.pack(_CORRUPT, 0, 0))


def _note(records: bytes, number: int, last: dict[tuple[int, int], int], counts: dict[str, int]) -> None:
    """Keep the last acknowledged number of each key; a record is written whole or not at all."""
    for writer, own, sequence in _ACKNOWLEDGED.iter_unpack(records):
        if writer == _CORRUPT:
            counts["corrupt"] += 1
        else:
            assert writer == number
            counts["acknowledged"] += 1
            last[number, own] = sequence


def _check(folder: Path, last: dict[tuple[int, int], int], counts: dict[str, int]) -> None:
    """Count keys with a value of no key, and acknowledged values that neither they nor a later one remain."""
    manager = CacheManager(folder, memory_bytes=0)
    for (number, own), acknowledged in last.items():
        key = key_of(number, own)
        found = manager.get("state", key)
        if found is None:
            counts["lost"] += 1
            continue
        sequence = sequence_of(key, found)
        counts["corrupt"] += sequence is None
        counts["lost"] += sequence is not None and sequence < acknowledged
    for shared in range(SHARED):
        key = key_of("shared", shared)
        found = manager.get("state", key)
        counts["corrupt"] += found is not None and sequence_of(key, found) is None
    manager.close()


def _answers(folder: Path, round_: int) -> bool:
    """Whether a fresh process can store within two seconds."""

    def put(out: int) -> None:
        start = time.monotonic()
        stored = CacheManager(folder).put("probe", key_of(round_), value_of(key_of(round_), round_))
        os.write(out, b"%d" % (stored and time.monotonic() - start < SECONDS))

    child: Child = fork(put)
    answer = child.read(1, 5 * SECONDS)
    child.kill()
    child.rest()
    return answer == b"1"


def _left_over(folder: Path) -> int:
    """Files that nothing names after a vacuum, when orphans are two hours old."""
    before = time.time() - 7200
    for path in (folder / "index").rglob("*.val"):
        os.utime(path, (before, before))
    manager = CacheManager(folder)
    manager.vacuum()
    large = sum(entry.size > 32768 for entry in manager.entries())
    manager.close()
    files = [path for path in folder.rglob("*") if path.is_file()]
    values = sum(path.suffix == ".val" for path in files)
    strange = sum(path.suffix != ".val" and path.name not in _EXPECTED for path in files)
    return values - large + strange
