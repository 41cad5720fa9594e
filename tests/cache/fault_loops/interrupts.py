"""Ctrl-C at random instants in a process that stores and looks up, beside one that is left alone."""

import os
import random
import signal
from pathlib import Path

from phasic.cache import CacheManager

from .proof import SECONDS, fork, key_of, pause, sequence_of, value_of

_LONGEST = 0.03
_READY, _USABLE, _BROKEN = b"r", b"u", b"b"
_ENTRIES = 20


def run(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Interrupt one child ``count`` times; each time it must notice, and be able to store and look up."""
    generator = random.Random(seed)
    counts = dict.fromkeys(("interrupts", "swallowed", "unusable", "others' faults", "others' calls"), 0)
    other = fork(lambda out: _beside(folder, out))
    child = fork(lambda out: _interrupted(folder, out))
    assert child.read(1, 30) == _READY
    for _ in range(count):
        pause(generator, _LONGEST)
        os.kill(child.pid, signal.SIGINT)
        counts["interrupts"] += 1
        answer = child.read(1, 5 * SECONDS)
        if answer == b"":  # it goes on as if nothing had been pressed
            counts["swallowed"] += 1
            continue
        counts["unusable"] += answer != _USABLE
        assert child.read(1, 30) == _READY
    child.kill()
    child.rest()
    os.kill(other.pid, signal.SIGTERM)
    os.waitpid(other.pid, 0)
    report = other.rest()
    counts["others' faults"] = report.count(_BROKEN)
    counts["others' calls"] = len(report)
    return counts


def _interrupted(folder: Path, out: int) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    manager = CacheManager(folder, memory_bytes=0)
    number = 0
    while True:
        try:
            os.write(out, _READY)
            while True:
                number += 1
                if number % 50 == 0:  # opening is interrupted too
                    manager = CacheManager(folder, memory_bytes=0)
                key = key_of("mine", number % _ENTRIES)
                manager.put("state", key, value_of(key, number))
                manager.get("state", key)
        except KeyboardInterrupt:
            key = key_of("mine", "after")
            usable = manager.put("state", key, value_of(key, number))
            usable = usable and manager.get("state", key) == value_of(key, number)
            os.write(out, _USABLE if usable else _BROKEN)


def _beside(folder: Path, out: int) -> None:
    """Store and look up until told to end; a call that fails is a fault."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(1))
    manager = CacheManager(folder, memory_bytes=0)
    number = faults = 0
    while not told:
        number += 1
        key = key_of("other", number % _ENTRIES)
        stored = manager.put("state", key, value_of(key, number))
        found = manager.get("state", key)
        faults += not (stored and found is not None and sequence_of(key, found) == number)
    os.write(out, _BROKEN * min(faults, 1000) + _USABLE * min(number, 10_000))
