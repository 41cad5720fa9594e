"""Lookups under names that differ a little from those that are stored."""

import random
from pathlib import Path

from phasic.cache import CacheManager

from .proof import key_of

_STORED = 40
_KINDS = ("a", "aa", "a-", "a_", "a0", "trace", "trac", "tracea")


def run(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Ask ``count`` times for a neighbour of a stored entry; what was stored under another name is wrong."""
    generator = random.Random(seed)
    counts = dict.fromkeys(("lookups", "hits", "wrong"), 0)
    first, second = CacheManager(folder), CacheManager(folder, memory_bytes=0)
    stored: dict[tuple[str, str], bytes] = {}
    for number in range(_STORED):
        name = (generator.choice(_KINDS), key_of(number))
        stored[name] = b"%d" % number
        assert first.put(*name, stored[name], metadata={"number": number})
    names = list(stored)
    for step in range(count):
        kind, key = _neighbour(*generator.choice(names), generator)
        found = (first, second)[step % 2].get(kind, key)
        counts["lookups"] += 1
        counts["hits"] += found is not None
        counts["wrong"] += found != stored.get((kind, key))
    first.close()
    second.close()
    return counts


def _neighbour(kind: str, key: str, generator: random.Random) -> tuple[str, str]:
    match generator.randrange(4):
        case 0:
            return generator.choice(_KINDS), key
        case 1:
            at = generator.randrange(64)
            return kind, f"{key[:at]}{generator.choice('0123456789abcdef')}{key[at + 1 :]}"
        case 2:
            return kind, key[::-1]
        case _:
            return kind, key
