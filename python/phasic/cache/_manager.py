"""``CacheManager``: everything a user or another module does with one cache folder."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _jax, _jax_files, _paths
from ._store import DISK_BYTES, MEMORY_BYTES, Store

if TYPE_CHECKING:
    from ._disk import EntryInfo

TRACE = "trace"
XLA_LAYER = "xla"
_MIB = 1 << 20
_DAY = 86400.0


class CacheManager:
    """The cache in one folder: traces, other sealed entries, and JAX's compiled programs.

    Reading and storing never raise for a fault of the disk or for damage: the entry is missing and one line
    is logged. A key is 64 lower-case hexadecimal digits, the content hash of what the entry was computed
    from.

    Args:
        cache_dir: folder of the cache; without it, ``PHASIC_CACHE_DIR`` or the user's cache folder. It is
        created
            at the first store. If it holds things that are not phasic's, the cache lives in its sub-folder
            ``phasic-v1``.
        memory_bytes: limit of the payloads kept in memory.
        disk_bytes: limit of the entries kept on disk; the oldest are given up first.
    """

    def __init__(
        self,
        cache_dir: str | os.PathLike[str] | None = None,
        *,
        memory_bytes: int = MEMORY_BYTES,
        disk_bytes: int = DISK_BYTES,
    ) -> None:
        self._requested = _paths.default_dir() if cache_dir is None else _paths.absolute(cache_dir)
        self._store = Store(self._requested, memory_bytes=memory_bytes, disk_bytes=disk_bytes)

    @property
    def path(self) -> Path | None:
        """Folder of the cache, or None when there is no home folder to put it in."""
        return None if self._requested is None else _paths.locate(self._requested)

    def get(self, kind: str, key: str) -> bytes | None:
        """Bytes stored under ``kind`` and ``key``, or None; raises ValueError for a malformed kind or key."""
        return self._store.get(kind, key)

    def put(self, kind: str, key: str, data: bytes, *, metadata: Mapping[str, int] | None = None) -> bool:
        """Store ``data`` under ``kind`` and ``key``; whether it is on disk.

        Args:
            kind: lower-case name of what the bytes are, for example ``"trace"``.
            key: 64 lower-case hexadecimal digits.
            data: the bytes.
            metadata: integers by name, sealed with the entry and shown by listings.

        Raises:
            ValueError: for a malformed kind, key or metadata.
            TypeError: if ``data`` is anything but bytes.
        """
        return self._store.put(kind, key, data, metadata=metadata)

    def get_trace(self, key: str) -> bytes | None:
        """Bytes of the trace with content hash ``key``, or None; raises ValueError for a malformed key."""
        return self._store.get(TRACE, key)

    def put_trace(self, key: str, data: bytes, *, metadata: Mapping[str, int] | None = None) -> bool:
        """Store the bytes of a trace; whether they are on disk.

        Listings show the metadata ``n_vertices``, ``param_length`` and ``n_operations``.
        """
        return self._store.put(TRACE, key, data, metadata=metadata)

    def delete(self, kind: str, key: str) -> bool:
        """Remove an entry; whether there was one on disk."""
        return self._store.delete(kind, key)

    def entries(self, kind: str | None = None) -> "list[EntryInfo]":
        """Entries on disk of ``kind``, or of every kind, oldest first; JAX's files are not among them."""
        return self._store.entries(kind)

    def info(self) -> dict[str, Any]:
        """Files of the cache, newest first.

        Returns:
            ``exists``, ``cache_dir``, ``num_files``, ``total_size_mb`` and ``files``, a list of dicts with
            ``path`` (relative to the folder), ``size_kb`` and ``modified`` (ISO 8601, local time). In a
            folder that is not phasic's, only files of JAX's compilation cache are counted.
        """
        shown = self._requested if self._holds_jax_files() else self.path
        files = [] if shown is None else _files(shown)
        return {
            "exists": shown is not None and shown.is_dir(),
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

    def clear(self, confirm: bool = False) -> None:
        """Delete every entry of this cache, in memory and on disk.

        Args:
            confirm: must be True; nothing is ever asked.

        Raises:
            ValueError: if ``confirm`` is not True, or the folder is not a cache of phasic.
            OSError: if the folder cannot be changed.
        """
        if confirm is not True:
            raise ValueError(f"this deletes every entry in {self.path}; pass confirm=True to do so")
        path = self.path
        if path is None or self._requested is None or _paths.is_empty(self._requested):
            self._store.clear()
            return
        if not _paths.is_ours(path):
            raise ValueError(f"{self._requested} is not a cache of phasic; nothing was deleted")
        if path in (Path(path.anchor), Path.home()):
            raise ValueError(f"{path} is not a folder to clear; nothing was deleted")
        self._store.clear()
        _jax_files.clear(path / _paths.XLA)

    def vacuum(self, max_age_days: float = 30, max_size_gb: float = 10.0) -> dict[str, float]:
        """Remove what is above an age, then the oldest above a size, and what killed writers left.

        Returns:
            ``removed``, the number of entries and files that went, ``freed_mb``, ``num_files`` and
            ``total_size_mb``.
        """
        if not max_age_days >= 0 or not max_size_gb >= 0:
            raise ValueError(f"limits must not be negative, got {max_age_days} days and {max_size_gb} GB")
        before = self.info()
        removed = 0
        path = self.path
        if path is not None and _paths.is_ours(path):
            limit, cutoff = int(max_size_gb * (1 << 30)), time.time() - max_age_days * _DAY
            removed += self._store.sweep()
            removed += _jax_files.prune(path / _paths.XLA, max_bytes=limit, changed_before=cutoff)
            programs = sum(_size(file) for file in _jax_files.entries(path / _paths.XLA))
            removed += self._store.prune(max(limit - programs, 0), stored_before=cutoff)
        after = self.info()
        return {
            "removed": removed,
            "freed_mb": before["total_size_mb"] - after["total_size_mb"],
            "num_files": after["num_files"],
            "total_size_mb": after["total_size_mb"],
        }

    def prune_kind(self, kind: str, max_bytes: int, stored_before: float | None = None) -> int:
        """Remove entries of a kind stored before a time, then its oldest above ``max_bytes``; how many."""
        found = self._store.entries(kind)
        used, removed = sum(entry.size for entry in found), 0
        for entry in found:
            old = stored_before is not None and entry.stored_at < stored_before
            if used <= max_bytes and not old:
                break
            removed += self._store.delete(kind, entry.key)
            used -= entry.size
        return removed

    def prewarm(self) -> dict[str, int]:
        """Compile what the recipes of this cache describe, or load it, so that the next fits compile nothing.

        The programs go where fits look for them: into JAX's cache in the folder of the default cache. Imports
        JAX.

        Returns:
            ``recipes``, how many there are; of these ``loaded``, already compiled; ``compiled`` now; and
            ``skipped``, for another platform or of a version that is not understood.
        """
        from phasic import _prewarm

        return _prewarm.replay(self)

    def prewarm_model(
        self,
        model_fn: Callable[..., Any],
        theta_samples: Iterable[Any],
        time_grids: Iterable[Any],
        show_progress: bool = True,
    ) -> dict[str, int]:
        """Compile a function of (theta, times) for the shapes of every theta with every grid of times.

        A function that returns one number, such as ``model.log_likelihood``, is compiled with its gradient
        too. The programs serve fresh processes that compile ``jax.jit`` of it, under the same name, or of
        ``jax.value_and_grad`` of it.

        Returns:
            ``loaded`` and ``compiled``: how many programs there were, and how many were made.
        """
        from phasic import _prewarm

        return _prewarm.compile_function(model_fn, theta_samples, time_grids, show_progress)

    def stats(self) -> dict[str, dict[str, int]]:
        """For each layer used in this process: ``hits``, ``misses`` and ``stores``, in memory only.

        A layer is a kind of entry (with ``memory_hits`` and ``disk_hits`` besides), or ``xla``, JAX's
        compiled programs.
        """
        return {TRACE: dict.fromkeys(("hits", "misses", "stores", "memory_hits", "disk_hits"), 0)} | {
            **self._store.counts(),
            XLA_LAYER: _jax.jax_counts(),
        }

    def close(self) -> None:
        """Close what is open; the manager stays usable."""
        self._store.close()

    def _holds_jax_files(self) -> bool:
        path = self._requested
        return path is not None and not _paths.is_ours(path) and bool(_paths.jax_files(path))


def _files(root: Path) -> list[tuple[str, os.stat_result]]:
    """Relative path and status of the files of the cache in ``root``, newest first; no link is followed."""
    found: list[tuple[str, os.stat_result]] = []
    if _paths.is_ours(root):
        for folder in (root / _paths.INDEX, root / _paths.XLA):
            if not folder.is_symlink():
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


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


_current: tuple[Path | None, CacheManager] | None = None


def default_manager() -> CacheManager:
    """The manager that this process shares; another one is made when the environment names another folder."""
    global _current
    path = _paths.default_dir()
    current = _current
    if current is None or current[0] != path:
        if current is not None:
            current[1].close()
        _current = current = (path, CacheManager(path))
    return current[1]
