"""Which entries to give up: those whose loss costs least for the room they take."""

import time
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

_HALF_LIFE = 7 * 86400.0
#: Once below the limit, entries of at most this part of it go on, so that not every store has to look.
_SMALL = 1 / 64
_SLACK = 0.1


class Stored(Protocol):
    """What is known of an entry without opening it."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def seconds(self) -> float:
        """What computing it took."""

    @property
    def hits(self) -> int:
        """How often it was read from disk."""

    @property
    def used_at(self) -> float:
        """When it was last stored or read, in seconds since 1970."""


E = TypeVar("E", bound=Stored)


def worth(entry: Stored, now: float) -> float:
    """Seconds that an entry is expected to save per byte: seconds × 0.5^(age / 7 days) × (1 + hits) / size.

    A time in the future counts as now.
    """
    age = max(now - entry.used_at, 0.0)
    return float(entry.seconds * 0.5 ** (age / _HALF_LIFE) * (1 + entry.hits) / max(entry.size, 1))


def victims(entries: Iterable[E], used: int, limit: int, *, slack: bool = False) -> Iterator[E]:
    """Entries to remove until at most ``limit`` of ``used`` bytes are left, the least worth first.

    Entries of equal worth go in the order given. With ``slack``, small ones go on until 90 % of the limit.
    """
    now, floor = time.time(), (1 - _SLACK if slack else 1) * limit
    for entry in sorted(entries, key=lambda entry: worth(entry, now)):
        if used <= floor:
            return
        if used > limit or entry.size <= _SMALL * limit:
            used -= entry.size
            yield entry
