"""Counters of what a cache did in this process, by kind of entry and event, and what is noted on disk."""

from collections.abc import Mapping

from ._lock import ForkSafeLock

SECONDS_SAVED = "seconds_saved"
TIERS = ("memory", "disk", "shared", "remote")

#: Numbers by (kind of entry, event).
Numbers = Mapping[tuple[str, str], float]


def no_counts() -> dict[str, float]:
    """The counters of a kind that was never used."""
    events = ("hits", "misses", "stores", "bytes", *(f"{tier}_hits" for tier in TIERS))
    return dict.fromkeys(events, 0) | {SECONDS_SAVED: 0.0}


def table(numbers: Numbers) -> dict[str, dict[str, float]]:
    """Counters by kind, then by event; ``hits`` are those of all tiers.

    Where requests are counted, those without a hit are the misses.
    """
    result: dict[str, dict[str, float]] = {}
    for (kind, event), number in sorted(numbers.items()):
        counts = result.setdefault(kind, no_counts())
        counts[event] = counts.get(event, 0) + number
        if event.endswith("_hits"):
            counts["hits"] += number
    for counts in result.values():
        if "requests" in counts:
            counts["misses"] = counts.pop("requests") - counts["hits"]
    return result


class Counts:
    """Counters in memory. The child of a fork counts on, and leaves to its parent what that has not noted."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, str], float] = {}
        self._noted: dict[tuple[str, str], float] = {}
        self._lock = ForkSafeLock(after_fork=self._leave)

    def add(self, kind: str, events: Mapping[str, float]) -> None:
        """Count events of a kind of entry."""
        with self._lock.raw:
            for event, number in events.items():
                name = kind, event
                self._all[name] = self._all.get(name, 0) + number

    def all(self) -> dict[tuple[str, str], float]:
        """Everything counted in this process."""
        with self._lock.raw:
            return dict(self._all)

    def pending(self) -> dict[tuple[str, str], float]:
        """What was counted since it was last noted."""
        with self._lock.raw:
            return {
                name: number - self._noted.get(name, 0)
                for name, number in self._all.items()
                if number != self._noted.get(name, 0)
            }

    def noted(self, numbers: Numbers) -> None:
        """Take these numbers off what is pending: they are on disk."""
        with self._lock.raw:
            for name, number in numbers.items():
                self._noted[name] = self._noted.get(name, 0) + number

    def _leave(self) -> None:
        self._noted = dict(self._all)
