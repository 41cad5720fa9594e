"""The memory tier: entries by name, the least recently used ones given up above a byte limit."""

from collections import OrderedDict

from ._entry import Entry
from ._lock import ForkSafeLock


class MemoryTier:
    """Least-recently-used map from name to entry; a payload above half the limit is not kept."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._used = 0
        self._lock = ForkSafeLock(after_fork=lambda: None)

    @property
    def used_bytes(self) -> int:
        """Sum of the lengths of all payloads held."""
        return self._used

    def read(self, name: str) -> Entry | None:
        """The entry kept under ``name``, or None."""
        with self._lock.raw:
            entry = self._entries.get(name)
            if entry is not None:
                self._entries.move_to_end(name)
            return entry

    def write(self, name: str, entry: Entry) -> None:
        """Keep ``entry`` under ``name``."""
        with self._lock.raw:
            self._drop(name)
            if len(entry.payload) > self.limit_bytes // 2:
                return
            self._entries[name] = entry
            self._used += len(entry.payload)
            while self._used > self.limit_bytes:
                self._drop(next(iter(self._entries)))

    def delete(self, name: str) -> None:
        """Forget ``name``."""
        with self._lock.raw:
            self._drop(name)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock.raw:
            self._entries.clear()
            self._used = 0

    def _drop(self, name: str) -> None:
        entry = self._entries.pop(name, None)
        if entry is not None:
            self._used -= len(entry.payload)
