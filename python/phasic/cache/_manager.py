"""``CacheManager``: everything a user or another module does with one cache folder."""

import atexit
import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _jax, _jax_files, _paths
from ._counts import no_counts
from ._entry_info import EntryInfo
from ._housekeeping import Housekeeping
from ._store import MEMORY_BYTES, Store
from ._vacuum import doomed, vacuum

if TYPE_CHECKING:
    from ._entry import Payload

logger = logging.getLogger(__name__)

TRACE = "trace"
XLA_LAYER = _jax.LAYER
_MIB = 1 << 20
_DAY = 86400.0


class CacheManager(Housekeeping):
    """The cache in one folder: traces, other sealed entries, and JAX's compiled programs.

    Reading and storing never raise for a fault of the disk or for damage: the entry is missing and one line
    is logged. A key is 64 lower-case hexadecimal digits, the content hash of what the entry was computed
    from; a kind is a lower-case name such as ``"trace"``.

    Args:
        cache_dir: Folder of the cache; without it, ``PHASIC_CACHE_DIR`` or the user's cache folder. It is
            created at the first store. If it holds things that are not phasic's, the cache lives in its
            sub-folder ``phasic-v1``.
        memory_bytes: Limit of the payloads kept in memory.
        disk_bytes: Limit of the entries kept on disk, those of least worth are given up first; without it,
            ``PHASIC_CACHE_MAX_SIZE`` or 10 GiB.

    Example:
        >>> cache = phasic.CacheManager("cache")
        >>> trace = phasic.models.kingman(5).trace()
        >>> cache.put_trace(trace.key, trace.to_bytes())
        True
        >>> phasic.Trace.from_bytes(cache.get_trace(trace.key)).key == trace.key
        True
    """

    def __init__(
        self,
        cache_dir: str | os.PathLike[str] | None = None,
        *,
        memory_bytes: int = MEMORY_BYTES,
        disk_bytes: int | None = None,
    ) -> None:
        self._requested = _paths.default_dir() if cache_dir is None else _paths.absolute(cache_dir)
        self._store = Store(self._requested, memory_bytes=memory_bytes, disk_bytes=disk_bytes)

    @property
    def path(self) -> Path | None:
        """Folder of the cache, or None when there is nowhere to put it.

        Example:
            >>> phasic.CacheManager("cache").path.name
            'cache'
        """
        return None if self._requested is None else _paths.locate(self._requested)

    def get(self, kind: str, key: str) -> bytes | None:
        """Bytes stored under ``kind`` and ``key``, or None.

        Raises:
            ValueError: A malformed kind or key.

        Example:
            >>> cache, key = phasic.CacheManager("cache"), "ab" * 32
            >>> cache.get("note", key)
            >>> cache.put("note", key, b"forty-two"), cache.get("note", key)
            (True, b'forty-two')
        """
        found = self._store.get(kind, key)
        return None if found is None else bytes(found)

    def view(self, kind: str, key: str) -> "Payload | None":
        """As ``get``; a large entry is a read-only view of a mapped file and is not copied.

        Raises:
            ValueError: A malformed kind or key.

        Example:
            >>> cache, key = phasic.CacheManager("cache"), "ab" * 32
            >>> cache.put("note", key, bytes(1_000_000))
            True
            >>> len(cache.view("note", key))
            1000000
        """
        return self._store.get(kind, key)

    def put(
        self,
        kind: str,
        key: str,
        data: bytes,
        *,
        metadata: Mapping[str, int] | None = None,
        seconds: float | None = None,
    ) -> bool:
        """Store ``data`` under ``kind`` and ``key``; whether it is on disk.

        Args:
            kind: Lower-case name of what the bytes are, for example ``"trace"``.
            key: 64 lower-case hexadecimal digits.
            data: The bytes.
            metadata: Integers by name, sealed with the entry and shown by listings.
            seconds: What computing the data took; the dearest entries are given up last.

        Raises:
            ValueError: A malformed kind, key or metadata.
            TypeError: ``data`` is anything but bytes.

        Example:
            >>> cache, key = phasic.CacheManager("cache"), "ab" * 32
            >>> cache.put("note", key, b"forty-two", metadata={"number": 42})
            True
            >>> cache.list("note")[0]["metadata"]
            {'number': 42}
        """
        return self._store.put(kind, key, data, metadata=metadata, seconds=seconds)

    def get_or_compute(
        self, kind: str, key: str, compute: Callable[[], bytes], *, metadata: Mapping[str, int] | None = None
    ) -> bytes:
        """Bytes under ``kind`` and ``key``; one thread or process computes them if nobody has them.

        The others wait for that one and read what it stored; if it dies, one of them goes on. Raises what
        ``compute`` raises.

        Args:
            kind: Lower-case name of what the bytes are.
            key: 64 lower-case hexadecimal digits.
            compute: Gives the bytes.
            metadata: Integers by name, sealed with the entry.

        Raises:
            ValueError: A malformed kind, key or metadata.

        Example:
            >>> cache, key = phasic.CacheManager("cache"), "ab" * 32
            >>> cache.get_or_compute("note", key, lambda: b"first")
            b'first'
            >>> cache.get_or_compute("note", key, lambda: b"never asked")
            b'first'
        """
        return bytes(self._store.get_or_compute(kind, key, compute, metadata=metadata))

    def turn(self, kind: str, key: str) -> AbstractContextManager[None]:
        """Be the only thread and process that computes this entry; look for it again inside.

        Raises:
            ValueError: A malformed kind or key.

        Example:
            >>> cache, key = phasic.CacheManager("cache"), "ab" * 32
            >>> with cache.turn("note", key):
            ...     if cache.get("note", key) is None:
            ...         stored = cache.put("note", key, b"computed once")
            >>> cache.get("note", key)
            b'computed once'
        """
        return self._store.turn(kind, key)

    def publish(self, folder: str | os.PathLike[str]) -> int:
        """Copy the traces on disk into a folder of plain files that others name in ``PHASIC_CACHE_SHARED``.

        Returns:
            How many were new there.

        Raises:
            OSError: The folder cannot be written.

        Example:
            >>> cache, trace = phasic.CacheManager("cache"), phasic.models.kingman(5).trace()
            >>> cache.put_trace(trace.key, trace.to_bytes())
            True
            >>> cache.publish("group"), cache.publish("group")
            (1, 0)
        """
        return self._store.publish(Path(folder))

    def get_trace(self, key: str, *, counted: bool = True) -> "Payload | None":
        """Bytes of the trace with content hash ``key``, or None.

        Those of a large trace are a read-only view of a mapped file. They are checked against their digest;
        ``Trace.from_bytes`` checks what they mean.

        Args:
            key: 64 lower-case hexadecimal digits.
            counted: Whether a miss counts in the statistics.

        Raises:
            ValueError: A malformed key.

        Example:
            >>> cache, trace = phasic.CacheManager("cache"), phasic.models.kingman(5).trace()
            >>> cache.put_trace(trace.key, trace.to_bytes())
            True
            >>> bytes(cache.get_trace(trace.key)) == trace.to_bytes()
            True
        """
        return self._store.get(TRACE, key, counted=counted)

    def put_trace(
        self,
        key: str,
        data: bytes,
        *,
        metadata: Mapping[str, int] | None = None,
        seconds: float | None = None,
    ) -> bool:
        """Store the bytes of a trace; whether they are on disk.

        Args:
            key: 64 lower-case hexadecimal digits, the trace's ``key``.
            data: What ``Trace.to_bytes`` gives.
            metadata: Integers by name. Listings show ``n_vertices``, ``param_length`` and ``n_operations``.
            seconds: What recording took; the dearest entries are given up last.

        Raises:
            ValueError: A malformed key or metadata.
            TypeError: ``data`` is anything but bytes.

        Example:
            >>> cache, trace = phasic.CacheManager("cache"), phasic.models.kingman(5).trace()
            >>> cache.put_trace(trace.key, trace.to_bytes(), metadata={"n_vertices": trace.n_vertices})
            True
            >>> [row["key"] for row in cache.list("trace")] == [trace.key]
            True
        """
        return self._store.put(TRACE, key, data, metadata=metadata, seconds=seconds)

    def delete(self, kind: str, key: str) -> bool:
        """Remove an entry; whether there was one on disk.

        Raises:
            ValueError: A malformed kind or key.

        Example:
            >>> cache, key = phasic.CacheManager("cache"), "ab" * 32
            >>> cache.put("note", key, b"forty-two")
            True
            >>> cache.delete("note", key), cache.delete("note", key)
            (True, False)
        """
        return self._store.delete(kind, key)

    def entries(self, kind: str | None = None) -> list[EntryInfo]:
        """Entries on disk of ``kind``, or of every kind, oldest first; JAX's files are not among them.

        Each is a named tuple of ``kind``, ``key``, ``size`` in bytes with its header, ``stored_at`` in
        seconds since 1970, and ``metadata``, integers by name.

        Example:
            >>> cache = phasic.CacheManager("cache")
            >>> stored = [cache.put("note", digit * 64, b"text") for digit in "ab"]
            >>> [(entry.kind, entry.key[0]) for entry in cache.entries()]
            [('note', 'a'), ('note', 'b')]
        """
        return self._store.entries(kind)

    def info(self) -> dict[str, Any]:
        """Files of the cache, newest first.

        Returns:
            ``exists``, ``cache_dir``, ``num_files``, ``total_size_mb`` and ``files``, a list of dicts with
            ``path`` (relative to the folder), ``size_kb`` and ``modified`` (ISO 8601, local time). In a
            folder that is not phasic's, only files of JAX's compilation cache are counted.

        Example:
            >>> cache = phasic.CacheManager("cache")
            >>> cache.info()["num_files"], cache.put("note", "ab" * 32, b"forty-two")
            (0, True)
            >>> cache.info()["num_files"] > 0
            True
        """
        shown = self._requested if self._holds_jax_files() else self.path
        files = [] if shown is None else _files(shown)
        return {
            "exists": shown is not None and _paths.is_folder(shown),
            "cache_dir": str(shown),
            "num_files": len(files),
            "total_size_mb": sum(status.st_size for _, status in files) / _MIB,
            "files": [
                {
                    "path": path,
                    "size_kb": status.st_size / 1024,
                    "modified": datetime.fromtimestamp(status.st_mtime).isoformat(),
                }
                for path, status in files
            ],
        }

    def clear(self, confirm: bool = False, verbose: bool = False, *, layer: str | None = None) -> None:
        """Delete every entry of this cache, in memory and on disk.

        Args:
            confirm: Must be True; nothing is ever asked.
            verbose: Log at level INFO what was deleted.
            layer: Delete only this kind of entry, or with ``"xla"`` only JAX's compiled programs.

        Raises:
            ValueError: ``confirm`` is not True, or the folder is not a cache of phasic.
            OSError: The folder cannot be changed.

        Example:
            >>> cache = phasic.CacheManager("cache")
            >>> cache.put("note", "ab" * 32, b"forty-two")
            True
            >>> cache.clear(confirm=True)
            >>> cache.entries()
            []
        """
        if confirm is not True:
            raise ValueError(f"this deletes every entry in {self.path}; pass confirm=True to do so")
        path = self.path
        if path is None or self._requested is None or _paths.is_empty(self._requested):
            self._store.clear()
            return
        if not _paths.is_ours(path):
            raise ValueError(f"{self._requested} is not a cache of phasic; nothing was deleted")
        if _paths.is_precious(path):
            raise ValueError(f"{path} is not a folder to clear; nothing was deleted")
        before = self._sizes() if verbose else {}
        if layer is None:
            self._store.clear()
        elif layer != XLA_LAYER:
            for kind, key in self._store.names():
                if kind == layer:
                    self._store.delete(kind, key)
        if layer in (None, XLA_LAYER):
            _jax_files.clear(path / _paths.XLA)
        if verbose:
            freed = self._gone(before) / _MIB
            logger.info("%d files left, %.2f MB deleted from %s", self.info()["num_files"], freed, path)

    def vacuum(
        self, max_age_days: float = 30, max_size_gb: float = 10.0, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Remove what is above an age, then the least worth above a size, and what killed writers left.

        The worth of an entry is the time that it is expected to save for each byte.

        Args:
            max_age_days: Age in days above which entries go.
            max_size_gb: Size in GiB that is left at most.
            dry_run: Report only.

        Returns:
            ``removed``, the number of entries and files that went, or would; ``freed_mb``, the size of the
            entries among them; ``num_files`` and ``total_size_mb`` that are there now. With ``dry_run`` also
            ``entries``, dicts with ``layer``, ``key`` and ``size_bytes`` of what would go, and ``leftovers``,
            the files of killed writers.

        Raises:
            ValueError: A limit is negative or NaN.

        Example:
            >>> cache = phasic.CacheManager("cache")
            >>> stored = [cache.put("note", digit * 64, b"text") for digit in "ab"]
            >>> cache.vacuum(max_size_gb=0, dry_run=True)["removed"], len(cache.entries())
            (2, 2)
            >>> cache.vacuum(max_size_gb=0)["removed"], len(cache.entries())
            (2, 0)
        """
        if not max_age_days >= 0 or not max_size_gb >= 0:
            raise ValueError(f"limits must not be negative, got {max_age_days} days and {max_size_gb} GB")
        path = self.path
        root = path if path is not None and _paths.is_ours(path) else None
        limit, cutoff = int(max_size_gb * (1 << 30)), time.time() - max_age_days * _DAY
        found: dict[str, Any] = {}
        if dry_run:
            found = (
                {"entries": [], "leftovers": 0} if root is None else doomed(self._store, root, limit, cutoff)
            )
            removed = len(found["entries"]) + found["leftovers"]
            freed = sum(entry["size_bytes"] for entry in found["entries"])
        else:
            # The files of the index say nothing: its log grows where entries go.
            before = self._sizes()
            removed = 0 if root is None else vacuum(self._store, root, limit, cutoff)
            freed = self._gone(before)
        after = self.info()
        return {
            "removed": removed,
            "freed_mb": freed / _MIB,
            "num_files": after["num_files"],
            "total_size_mb": after["total_size_mb"],
            **found,
        }

    def _sizes(self) -> dict[tuple[str, str], int]:
        """Sizes in bytes of what `list` has, by layer and key, or the file of a program."""
        return {(row["layer"], row.get("file", row["key"])): row["size_bytes"] for row in self.list()}

    def _gone(self, before: dict[tuple[str, str], int]) -> int:
        """Bytes of what was there and is no more."""
        return sum(before[name] for name in before.keys() - self._sizes().keys())

    def prune_kind(self, kind: str, max_bytes: int, stored_before: float | None = None) -> int:
        """Remove entries of a kind stored before a time, then its oldest above ``max_bytes``; how many.

        Args:
            kind: Lower-case name of the entries.
            max_bytes: Size that is left at most.
            stored_before: In seconds since 1970.

        Example:
            >>> cache = phasic.CacheManager("cache")
            >>> stored = [cache.put("note", digit * 64, b"text") for digit in "ab"]
            >>> cache.prune_kind("note", max_bytes=cache.entries()[0].size)  # there is room for one
            1
            >>> [entry.key[0] for entry in cache.entries()]
            ['b']
        """
        found = self._store.entries(kind)
        used, removed = sum(entry.size for entry in found), 0
        for entry in found:
            old = stored_before is not None and entry.stored_at < stored_before
            if used <= max_bytes and not old:
                break
            removed += self._store.delete(kind, entry.key)
            used -= entry.size
        return removed

    def stats(self) -> dict[str, dict[str, float]]:
        """For each layer used in this process: ``hits``, ``misses`` and ``stores``, in memory only.

        A layer is a kind of entry, or ``xla``, JAX's compiled programs. A kind of entry has besides
        ``memory_hits``, ``disk_hits``, ``shared_hits`` and ``remote_hits``; ``bytes``, those of all hits; and
        ``seconds_saved``, what computing them took.

        Example:
            >>> cache, key = phasic.CacheManager("cache"), "ab" * 32
            >>> cache.put("note", key, b"forty-two"), cache.get("note", key)
            (True, b'forty-two')
            >>> counts = cache.stats()["note"]
            >>> counts["hits"], counts["misses"], counts["stores"], counts["bytes"]
            (1, 0, 1, 9)
        """
        return {TRACE: no_counts()} | {**self._store.counts_by_kind(), XLA_LAYER: _jax.jax_counts()}

    def totals(self) -> dict[str, dict[str, float]]:
        """As ``stats``, of all processes that used this folder since it was made or cleared.

        A process adds what it counted when it stores and when it ends. What one did that was killed since is
        left out.

        Example:
            >>> cache, key = phasic.CacheManager("cache"), "ab" * 32
            >>> cache.put("note", key, b"forty-two")
            True
            >>> cache.close()
            >>> phasic.CacheManager("cache").totals()["note"]["stores"]
            1
        """
        self._take_programs()
        return {layer: no_counts() for layer in (TRACE, XLA_LAYER)} | self._store.totals()

    def close(self) -> None:
        """Close what is open; the manager stays usable.

        Example:
            >>> cache, key = phasic.CacheManager("cache"), "ab" * 32
            >>> cache.put("note", key, b"forty-two")
            True
            >>> cache.close()
            >>> cache.get("note", key)
            b'forty-two'
        """
        self._take_programs()
        self._store.close()

    def __repr__(self) -> str:
        return f"CacheManager({str(self.path)!r})"

    def _repr_html_(self) -> str:
        """Folder, size and counts of each layer, for notebooks."""
        from .._html import table

        found = self.info()
        notes = (
            f"{found['cache_dir']}: {found['num_files']} files, {found['total_size_mb']:.1f} MiB",
            "counts of this process",
        )
        columns = ("hits", "misses", "stores")
        rows = [(layer, *(str(int(counts[c])) for c in columns)) for layer, counts in self.stats().items()]
        return table(rows, ("", *columns), notes)

    def _take_programs(self) -> None:
        """Count what JAX did, which writes to the folder of the default cache."""
        if self._requested == _paths.default_dir():
            self._store.counts.add(XLA_LAYER, _jax.take_counts())

    def _holds_jax_files(self) -> bool:
        path = self._requested
        return path is not None and not _paths.is_ours(path) and bool(_paths.jax_files(path))


def _files(root: Path) -> list[tuple[str, os.stat_result]]:
    """Relative path and status of the files of the cache in ``root``, newest first; no link is followed."""
    found: list[tuple[str, os.stat_result]] = []
    if _paths.is_ours(root):
        for folder in (root / _paths.INDEX, root / _paths.XLA, root / _paths.PLAIN):
            if not _paths.is_link(folder):
                for parent, _, names in os.walk(folder):
                    found += _with_status([Path(parent, name) for name in names], root)
    else:
        found = _with_status([Path(entry.path) for entry in _paths.jax_files(root)], root)
    return sorted(found, key=lambda item: item[1].st_mtime, reverse=True)


def _with_status(paths: list[Path], root: Path) -> list[tuple[str, os.stat_result]]:
    found = []
    for path in paths:
        try:
            found.append((path.relative_to(root).as_posix(), path.lstat()))
        except FileNotFoundError:
            continue
    return found


_current: tuple[Path | None, CacheManager] | None = None


def default_manager() -> CacheManager:
    """The manager that this process shares; another one is made when the environment names another folder.

    Example:
        >>> from phasic.cache import default_manager
        >>> trace = phasic.models.kingman(5).trace()
        >>> default_manager().get_trace(trace.key) is not None
        True
    """
    global _current
    path = _paths.default_dir()
    current = _current
    if current is None or current[0] != path:
        if current is None:
            atexit.register(_close_current)
        else:
            current[1].close()
        _current = current = (path, CacheManager(path))
    return current[1]


def _close_current() -> None:
    """At the end of the process: note what was read, which decides what is given up first."""
    if _current is not None:
        _current[1].close()
