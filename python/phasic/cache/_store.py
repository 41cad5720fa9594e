"""The store: named payloads behind a memory tier and a disk tier, with counters of what each of them did."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from . import _paths
from ._entry import check_key, check_kind
from ._lock import ForkSafeLock
from ._memory import MemoryTier
from ._report import Reporter

if TYPE_CHECKING:
    from ._disk import DiskTier, EntryInfo

MEMORY_BYTES = 256 << 20
DISK_BYTES = 10 << 30


class Store:
    """Payloads by kind and key; no method raises for a fault of the disk, which is a miss and one log line.

    Args:
        root: folder of the disk tier, or None for a store in memory only.
        memory_bytes: limit of the memory tier.
        disk_bytes: limit of the disk tier.
    """

    def __init__(
        self, root: Path | None, *, memory_bytes: int = MEMORY_BYTES, disk_bytes: int = DISK_BYTES
    ) -> None:
        self.root = root
        self.disk_bytes = disk_bytes
        self._memory = MemoryTier(memory_bytes)
        self._disk: DiskTier | None = None
        self._report = Reporter()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = ForkSafeLock(after_fork=lambda: None)

    def get(self, kind: str, key: str) -> bytes | None:
        """Payload stored under ``kind`` and ``key``, or None; ValueError for a malformed kind or key."""
        name = f"{check_kind(kind)}/{check_key(key)}"
        if not _paths.enabled():
            return None
        payload = self._memory.read(name)
        if payload is not None:
            self._count(kind, "memory_hits")
            return payload
        disk = self._disk_tier(create=False)
        payload = None if disk is None else disk.read(kind, key)
        self._count(kind, "misses" if payload is None else "disk_hits")
        if payload is not None:
            self._memory.write(name, payload)
        return payload

    def put(self, kind: str, key: str, payload: bytes, *, metadata: Mapping[str, int] | None = None) -> bool:
        """Store ``payload``; whether it is on disk.

        Raises ValueError for a malformed kind, key or metadata, and TypeError for anything but bytes.
        """
        name = f"{check_kind(kind)}/{check_key(key)}"
        if not isinstance(payload, bytes | bytearray | memoryview):
            raise TypeError(f"an entry is bytes, got {type(payload).__name__}")
        payload = bytes(payload)
        if not _paths.enabled():
            return False
        disk = self._disk_tier()
        stored = disk is not None and disk.write(kind, key, payload, dict(metadata or {}))
        self._memory.write(name, payload)
        self._count(kind, "stores")
        return stored

    def delete(self, kind: str, key: str) -> bool:
        """Remove an entry; whether the disk tier had it."""
        self._memory.delete(f"{check_kind(kind)}/{check_key(key)}")
        disk = self._disk_tier(create=False)
        return disk is not None and disk.delete(kind, key)

    def entries(self, kind: str | None = None) -> "list[EntryInfo]":
        """What the disk tier holds of ``kind``, or of every kind, oldest first."""
        disk = self._disk_tier(create=False)
        return [] if disk is None else disk.entries(kind)

    @property
    def faults(self) -> int:
        """How many problems this store has met."""
        return self._report.count

    def names(self) -> list[tuple[str, str]]:
        """Kind and key of everything on disk, of damaged entries too, oldest first."""
        disk = self._disk_tier(create=False)
        return [] if disk is None else disk.names()

    def sealed(self, kind: str, key: str) -> bytes | None:
        """Bytes of an entry as they lie on disk, unchecked, uncounted and not kept in memory, or None.

        Raises DamagedError for a row that names no regular file, and OSError for a file that cannot be read.
        """
        disk = self._disk_tier(create=False)
        return None if disk is None else disk.sealed(check_kind(kind), check_key(key))

    def prune(self, limit_bytes: int, stored_before: float | None = None) -> int:
        """Remove entries stored before a time, then the oldest above ``limit_bytes``; how many went."""
        disk = self._disk_tier(create=False)
        return 0 if disk is None else disk.prune(limit_bytes, stored_before)

    def sweep(self) -> int:
        """Remove what killed writers left behind over an hour ago; how many files."""
        disk = self._disk_tier(create=False)
        return 0 if disk is None else disk.sweep()

    def clear(self) -> None:
        """Remove all entries; raises OSError if the disk refuses."""
        self._memory.clear()
        disk = self._disk_tier(create=False)
        if disk is not None:
            disk.clear()

    def close(self) -> None:
        """Close what is open; the store stays usable."""
        if self._disk is not None:
            self._disk.close()

    def counts(self) -> dict[str, dict[str, int]]:
        """For each kind used in this process: hits, misses, stores, memory_hits, disk_hits."""
        with self._lock.raw:
            counted = dict(self._counts)
        result: dict[str, dict[str, int]] = {}
        for kind in sorted({kind for kind, _ in counted}):
            memory, disk = counted.get((kind, "memory_hits"), 0), counted.get((kind, "disk_hits"), 0)
            result[kind] = {
                "hits": memory + disk,
                "misses": counted.get((kind, "misses"), 0),
                "stores": counted.get((kind, "stores"), 0),
                "memory_hits": memory,
                "disk_hits": disk,
            }
        return result

    def _count(self, kind: str, event: str) -> None:
        with self._lock.raw:
            self._counts[kind, event] += 1

    def _disk_tier(self, create: bool = True) -> "DiskTier | None":
        """The disk tier; with ``create=False`` only if its folder exists, so that asking creates nothing."""
        if self._disk is not None:
            return self._disk
        if self.root is None:
            self._report("homeless", "there is no home folder; set PHASIC_CACHE_DIR to keep entries on disk")
            return None
        if not create and not _paths.is_ours(_paths.locate(self.root)):
            return None
        try:
            from ._disk import DiskTier
        except ImportError as problem:
            self._report("import", f"going on in memory only: {problem}")
            return None
        with self._lock.raw:
            if self._disk is None:
                self._disk = DiskTier(self.root, self.disk_bytes, self._report)
            return self._disk
