"""The memory tier: payloads by name, the least recently used ones given up above a byte limit."""

from collections import OrderedDict

from ._lock import ForkSafeLock


class MemoryTier:
    """Least-recently-used map from name to bytes; an entry above a quarter of the limit is not kept."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._entries: OrderedDict[str, bytes] = OrderedDict()
        self._used = 0
        self._lock = ForkSafeLock(after_fork=lambda: None)

    @property
    def used_bytes(self) -> int:
        """Sum of the lengths of all payloads held."""
        return self._used

    def read(self, name: str) -> bytes | None:
        """Payload stored under ``name``, or None."""
        with self._lock.raw:
            payload = self._entries.get(name)
            if payload is not None:
                self._entries.move_to_end(name)
            return payload

    def write(self, name: str, payload: bytes) -> None:
        """Keep ``payload`` under ``name``."""
        with self._lock.raw:
            self._drop(name)
            if len(payload) > self.limit_bytes // 4:
                return
            self._entries[name] = payload
            self._used += len(payload)
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
        payload = self._entries.pop(name, None)
        if payload is not None:
            self._used -= len(payload)
