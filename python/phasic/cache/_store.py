"""The store: named payloads behind tiers of memory, disk, shared folders and a remote address.

A lookup goes down the tiers until one has the entry, and what it finds is kept in those above. Counters say
what each tier did in this process; nothing is written for them.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from . import _network, _paths
from ._counts import Counts, table
from ._entry import Entry, Payload, check_key, check_kind, with_seconds
from ._entry_info import EntryInfo
from ._flight import WAIT_SECONDS, Flights
from ._lock import ForkSafeLock
from ._memory import MemoryTier
from ._plain import PlainFolder
from ._remote import Remote
from ._report import Reporter

if TYPE_CHECKING:
    from ._disk import DiskTier

MEMORY_BYTES = 512 << 20
DISK_BYTES = 10 << 30
#: A payload that disk has and that is at least this long is mapped when it is read, rather than kept twice.
KEPT_TWICE = 1 << 20
#: What may come from folders and addresses of others: kinds with a validator of their own and no code.
PORTABLE = frozenset({"trace"})

_remotes: dict[str, Remote] = {}


class Store:
    """Payloads by kind and key; no method raises for a fault of the disk, which is a miss and one log line.

    Args:
        root: folder of the disk tier, or None for a store in memory only.
        memory_bytes: limit of the memory tier.
        disk_bytes: limit of the disk tier; without it, what the environment says, or 10 GiB.
        is_network: whether a folder is on a network file system. Such a folder holds plain files, and the
            disk tier lies on this machine.
    """

    def __init__(
        self,
        root: Path | None,
        *,
        memory_bytes: int = MEMORY_BYTES,
        disk_bytes: int | None = None,
        is_network: Callable[[Path], bool] = _network.is_network,
    ) -> None:
        self.root = root
        self.disk_bytes = (_paths.max_size() or DISK_BYTES) if disk_bytes is None else disk_bytes
        self._is_network = is_network
        self._memory = MemoryTier(memory_bytes)
        self._disk: DiskTier | None = None
        self._home: _network.NetworkHome | None = None
        self._settled = False
        self._disk_root: Path | None = None
        self._shared: dict[Path, PlainFolder] = {}
        self._report = Reporter()
        self.counts = Counts()
        self._lock = ForkSafeLock(after_fork=lambda: None)
        self._flights = Flights(self._lock_folder, self._report)

    def get(self, kind: str, key: str, *, counted: bool = True) -> Payload | None:
        """Payload stored under ``kind`` and ``key``, or None; ValueError for a malformed kind or key.

        A large payload is a view of a mapped file. ``counted=False`` leaves a miss out of the statistics.
        """
        name = f"{check_kind(kind)}/{check_key(key)}"
        if not _paths.enabled():
            return None
        entry, tier = self._memory.read(name), "memory"
        if entry is None:
            entry, tier = self._below_memory(kind, key)
            if entry is not None:
                self._memory.write(name, entry)
        if entry is None and not counted:
            return None
        if entry is None:
            self.counts.add(kind, {"misses": 1})
            return None
        length = len(entry.payload)
        self.counts.add(kind, {f"{tier}_hits": 1, "bytes": length, "seconds_saved": entry.seconds})
        return entry.payload

    def put(
        self,
        kind: str,
        key: str,
        payload: Payload | bytearray,
        *,
        metadata: Mapping[str, int] | None = None,
        seconds: float | None = None,
    ) -> bool:
        """Store ``payload``, which took ``seconds`` to compute; whether it is on disk.

        Raises ValueError for a malformed kind, key or metadata, and TypeError for anything but bytes.
        """
        name = f"{check_kind(kind)}/{check_key(key)}"
        if not isinstance(payload, bytes | bytearray | memoryview):
            raise TypeError(f"an entry is bytes, got {type(payload).__name__}")
        entry = Entry(bytes(payload), with_seconds(metadata, seconds))
        if not _paths.enabled():
            return False
        stored = _paths.writable() and self._put_on_disk(kind, key, entry, anew=True)
        if stored and len(entry.payload) >= KEPT_TWICE:
            self._memory.delete(name)
        else:
            self._memory.write(name, entry)
        self.counts.add(kind, {"stores": 1})
        return stored

    def get_or_compute(
        self,
        kind: str,
        key: str,
        compute: Callable[[], bytes],
        *,
        metadata: Mapping[str, int] | None = None,
        wait_seconds: float = WAIT_SECONDS,
    ) -> Payload:
        """Payload under ``kind`` and ``key``, computed and stored by one of all who ask for it at a time.

        Others wait for that one, at most ``wait_seconds``; if it dies, one of them goes on. Raises what
        ``compute`` raises.
        """
        import time

        found = self.get(kind, key)
        if found is not None:
            return found
        with self.turn(kind, key, wait_seconds):
            found = self.get(kind, key, counted=False)
            if found is None:
                start = time.perf_counter()
                found = compute()
                self.put(kind, key, found, metadata=metadata, seconds=time.perf_counter() - start)
        return found

    @contextmanager
    def turn(self, kind: str, key: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
        """Be the only one, among threads and processes, who computes this entry; look for it again inside."""
        if not _paths.enabled():
            yield
            return
        with self._flights.turn(f"{check_kind(kind)}/{check_key(key)}", wait_seconds):
            yield

    def delete(self, kind: str, key: str) -> bool:
        """Remove an entry; whether the disk tier had it."""
        self._memory.delete(f"{check_kind(kind)}/{check_key(key)}")
        if not _paths.writable():
            return False
        disk = self._disk_tier(create=False)
        deleted = disk is not None and disk.delete(kind, key)
        return (self._home is not None and self._home.discard(kind, key)) or deleted

    def entries(self, kind: str | None = None) -> list[EntryInfo]:
        """What the disk tier holds of ``kind``, or of every kind, oldest first."""
        disk = self._disk_tier(create=False)
        found = [] if disk is None else disk.entries(kind)
        if self._home is not None:
            known = {(entry.kind, entry.key) for entry in found}
            others = [EntryInfo(*entry) for entry in self._home.entries()]
            found += [e for e in others if (e.kind, e.key) not in known and kind in (None, e.kind)]
            found.sort(key=lambda entry: entry.stored_at)
        return found

    def publish(self, folder: Path) -> int:
        """Copy the portable entries on disk into a folder of plain files; how many were new there.

        Others may read the files, if the folder lets them. Raises OSError if the folder cannot be written.
        """
        target = PlainFolder(folder, self.disk_bytes // 2, self._report)
        target.root.mkdir(parents=True, exist_ok=True)
        published = 0
        for info in self.entries():
            entry = self._on_disk(info.kind, info.key) if info.kind in PORTABLE else None
            if entry is not None:
                published += target.write(info.kind, info.key, *entry, mode=0o644)
        return published

    @property
    def faults(self) -> int:
        """How many problems this store has met."""
        return self._report.count

    def names(self) -> list[tuple[str, str]]:
        """Kind and key of everything on disk, of damaged entries too, oldest first."""
        disk = self._disk_tier(create=False)
        found = [] if disk is None else disk.names()
        if self._home is not None:
            known = set(found)
            found += [name for name in self._home.names() if name not in known]
        return found

    def sealed(self, kind: str, key: str) -> bytes | None:
        """Bytes of an entry as they lie on disk, unchecked, uncounted and not kept in memory, or None.

        Raises DamagedError for a row that names no regular file, and OSError for a file that cannot be read.
        """
        disk = self._disk_tier(create=False)
        found = None if disk is None else disk.sealed(check_kind(kind), check_key(key))
        if found is None and self._home is not None:
            found = self._home.sealed(check_kind(kind), check_key(key))
        return found

    def doomed(self, limit_bytes: int, stored_before: float | None = None) -> list[tuple[str, str, int]]:
        """Kind, key and size of what ``prune`` removes, once for each copy on disk."""
        disk = self._disk_tier(create=False)
        rows = [] if disk is None else disk.doomed(limit_bytes, stored_before)
        found = [(*row.name.partition("/")[::2], row.size) for row in rows]
        if self._home is not None:
            found += [entry[:3] for entry in self._home.doomed(limit_bytes, stored_before)]
        return found

    def prune(self, limit_bytes: int, stored_before: float | None = None) -> int:
        """Remove entries stored before a time, then those of least worth above a limit; how many went."""
        disk = self._disk_tier(create=False)
        removed = 0 if disk is None else disk.prune(limit_bytes, stored_before)
        return removed + (0 if self._home is None else self._home.prune(limit_bytes, stored_before))

    def leftovers(self) -> int:
        """How many files killed writers left over an hour ago."""
        disk = self._disk_tier(create=False)
        found = 0 if disk is None else len(disk.orphans())
        return found + (0 if self._home is None else len(self._home.orphans()))

    def sweep(self) -> int:
        """Remove what killed writers left behind over an hour ago; how many files."""
        disk = self._disk_tier(create=False)
        removed = 0 if disk is None else disk.sweep()
        return removed + (0 if self._home is None else self._home.sweep())

    def clear(self) -> None:
        """Remove all entries; raises OSError if the disk refuses."""
        self._memory.clear()
        disk = self._disk_tier(create=False)
        if disk is not None:
            disk.clear()
        if self._home is not None:
            self._home.clear()

    def close(self) -> None:
        """Close what is open; the store stays usable."""
        if self._disk is not None:
            self._disk.close()

    def totals(self) -> dict[str, dict[str, float]]:
        """As ``counts_by_kind`` of all processes that ever used this folder, since it was made or cleared."""
        disk = self._disk_tier(create=False)
        found = {} if disk is None else disk.totals()
        for name, number in self.counts.pending().items():
            found[name] = found.get(name, 0) + number
        return table(found)

    def counts_by_kind(self) -> dict[str, dict[str, float]]:
        """For each kind used in this process: hits in all and by tier, misses, stores, bytes, seconds_saved.

        ``bytes`` are those of the payloads of all hits, and ``seconds_saved`` is what computing them took.
        """
        return table(self.counts.all())

    def _on_disk(self, kind: str, key: str) -> Entry | None:
        disk = self._disk_tier(create=False)
        entry = None if disk is None else disk.read(kind, key)
        if entry is None and self._home is not None:
            entry = self._home.read(kind, key)
            if entry is not None:
                self._put_on_disk(kind, key, entry, anew=False)
        return entry

    def _below_memory(self, kind: str, key: str) -> tuple[Entry | None, str]:
        entry = self._on_disk(kind, key)
        if entry is not None or kind not in PORTABLE:
            return entry, "disk"
        for tier, lookup in self._lookups():
            entry = lookup(kind, key)
            if entry is not None:
                self._put_on_disk(kind, key, entry, anew=False)
                return entry, tier
        return None, "disk"

    def _lookups(self) -> Iterator[tuple[str, Callable[[str, str], Entry | None]]]:
        """Tiers of others, in the order in which they are asked."""
        for folder in _paths.shared_dirs():
            if folder not in self._shared:
                self._shared[folder] = PlainFolder(folder, self.disk_bytes // 2, self._report)
            yield "shared", self._shared[folder].read
        url = _paths.remote_url()
        if url is not None:
            yield "remote", self._remote(url).read

    def _remote(self, url: str) -> Remote:
        return _remotes.setdefault(url, Remote(url, self.disk_bytes // 2, self._report))

    def _put_on_disk(self, kind: str, key: str, entry: Entry, *, anew: bool) -> bool:
        """Store in the disk tier, and what is computed anew also in those of others that may be written."""
        if not _paths.writable():
            return False
        disk = self._disk_tier()
        stored = disk is not None and disk.write(kind, key, *entry)
        if anew and self._home is not None:
            stored = self._home.keep(kind, key, entry) or stored
        url = _paths.remote_url()
        if anew and url is not None and kind in PORTABLE and _paths.remote_may_be_written():
            self._remote(url).write(kind, key, *entry)
        return stored

    def _disk_tier(self, create: bool = True) -> "DiskTier | None":
        """The disk tier; with ``create=False`` only if its folder exists, so that asking creates nothing."""
        if self._disk is not None:
            return self._disk
        if self.root is None:
            self._report(
                "homeless", "there is no folder for a cache; set PHASIC_CACHE_DIR to keep entries on disk"
            )
            return None
        root = self._settle(self.root, create)
        if root is None or (not create and not _paths.is_ours(_paths.locate(root))):
            return None
        try:
            from ._disk import DiskTier
        except (ImportError, OSError) as problem:
            self._report("import", f"going on in memory only: {problem}")
            return None
        with self._lock.raw:
            if self._disk is None:
                self._disk = DiskTier(root, self.disk_bytes, self._report, self.counts)
            return self._disk

    def _settle(self, root: Path, create: bool) -> Path | None:
        """Where the disk tier goes: to ``root``, or to this machine if that is on the network."""
        if not self._settled:
            on_network = self._is_network(root)
            self._disk_root = _network.usable_node_folder(root, self._report) if on_network else root
            self._settled = True
        if self._disk_root != root and self._home is None:
            home = _paths.locate(root)
            try:
                if create:
                    _paths.prepare(home)
                elif not _paths.is_ours(home):
                    return None
                else:
                    _paths.check_owner(home)
            except OSError as problem:
                self._report("home", f"{home} cannot be used, going on without it: {problem}")
                return None
            self._home = _network.NetworkHome(home, self.disk_bytes // 2, self._report)
        return self._disk_root

    def _lock_folder(self) -> Path | None:
        """Folder of the lock files of single flight; raises OSError where there can be none."""
        if not _paths.writable() or self._disk_tier() is None or self._disk_root is None:
            return None
        root = _paths.locate(self._disk_root)
        try:
            _paths.prepare(root)
        except OSError:
            return None  # the disk tier says so when it stores
        if not os.access(root, os.W_OK | os.X_OK):
            return None
        folder = root / _paths.LOCKS
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder
