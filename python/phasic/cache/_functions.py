"""Functions over the default cache, under the names and with the keys that users of phasic know."""

import logging
import os
import time
from pathlib import Path
from typing import Any

from . import _paths
from ._entry import check_key
from ._manager import TRACE, CacheManager, default_manager

logger = logging.getLogger(__name__)

_MIB = 1 << 20
_DAY = 86400.0
_EVENTS = ("hits", "misses", "stores", "seconds_saved")
_EMPTY: dict[str, float] = {
    "entries": 0,
    "size_mb": 0.0,
    "hits": 0,
    "misses": 0,
    "stores": 0,
    "seconds_saved": 0.0,
}


def cache_info(cache_dir: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """What the cache holds.

    Args:
        cache_dir: Folder to look at; without it, the default cache. A folder of JAX's compilation cache will
            do too.

    Returns:
        ``exists``, ``path``, ``num_files``, ``total_size_mb``, ``files`` as a list of (name, size in KB, time
        of change in ISO 8601), newest first; ``layers``, which maps each layer to ``entries``, ``size_mb``,
        ``hits``, ``misses``, ``stores`` and ``seconds_saved``; ``hits``, ``misses`` and ``seconds_saved`` of
        all layers in this process; ``limit_mb`` of the entries, without JAX's programs; ``healthy``;
        ``lifetime``, which maps each layer to ``hits``, ``misses``, ``stores`` and ``seconds_saved`` of all
        processes, as ``CacheManager.totals``; and ``tiers``, as ``CacheManager.tiers``.

    Example:
        >>> trace = phasic.models.kingman(5).trace()
        >>> phasic.cache_info()["layers"]["trace"]["entries"]
        1
    """
    manager = _manager(cache_dir)
    info = manager.info()
    layers: dict[str, dict[str, float]] = {}
    for name, counts in manager.stats().items():
        layers[name] = _EMPTY | {key: counts[key] for key in _EMPTY.keys() & counts.keys()}
    for row in manager.list():
        layer = layers.setdefault(row["layer"], dict(_EMPTY))
        layer["entries"] += 1
        layer["size_mb"] += row["size_bytes"] / _MIB
    return {
        "exists": info["exists"],
        "path": info["cache_dir"],
        "num_files": info["num_files"],
        "total_size_mb": info["total_size_mb"],
        "files": [(file["path"], file["size_kb"], file["modified"]) for file in info["files"]],
        "layers": layers,
        "hits": sum(int(layer["hits"]) for layer in layers.values()),
        "misses": sum(int(layer["misses"]) for layer in layers.values()),
        "seconds_saved": sum(layer["seconds_saved"] for layer in layers.values()),
        "limit_mb": manager.limit_bytes / _MIB,
        "healthy": manager.healthy,
        "lifetime": {
            name: {event: counts[event] for event in _EVENTS} for name, counts in manager.totals().items()
        },
        "tiers": manager.tiers(),
    }


def print_cache_info(cache_dir: str | os.PathLike[str] | None = None, max_files: int = 10) -> None:
    """Print what ``cache_info`` returns, with the ``max_files`` newest files.

    Args:
        cache_dir: As for ``cache_info``.
        max_files: How many files to name.

    Example:
        >>> trace = phasic.models.kingman(5).trace()
        >>> phasic.print_cache_info(max_files=0)
        cache  ...
        layer         entries        MB     hits   misses
        trace               1      0.00        ...
    """
    info = cache_info(cache_dir)
    lines = [
        f"cache  {info['path']}" + ("" if info["exists"] else "  (does not exist)"),
        f"{info['num_files']} files, {info['total_size_mb']:.2f} MB",
        f"{'layer':<12}{'entries':>9}{'MB':>10}{'hits':>9}{'misses':>9}",
    ]
    for name, layer in info["layers"].items():
        entries, megabytes = layer["entries"], layer["size_mb"]
        lines.append(f"{name:<12}{entries:>9}{megabytes:>10.2f}{layer['hits']:>9}{layer['misses']:>9}")
    for name, size_kb, modified in info["files"][:max_files]:
        lines.append(f"  {modified[:19]}  {size_kb:>10.1f} KB  {name}")
    if info["num_files"] > max_files:
        lines.append(f"  and {info['num_files'] - max_files} more")
    print("\n".join(lines))  # noqa: T201 - one of the functions whose purpose is to print


def clear_cache(cache_dir: str | os.PathLike[str] | None = None, verbose: bool = True) -> None:
    """Delete every entry of the cache.

    Args:
        cache_dir: Folder to clear; without it, the default cache. It must be a cache of phasic, or hold
            nothing but files of JAX's compilation cache.
        verbose: Log at level INFO what was deleted.

    Raises:
        ValueError: The folder holds anything else; nothing is deleted then.
        OSError: The folder cannot be changed.

    Example:
        >>> cache = phasic.CacheManager("cache")
        >>> cache.put("note", "ab" * 32, b"forty-two")
        True
        >>> phasic.clear_cache("cache")
        >>> cache.entries()
        []
    """
    manager = _manager(cache_dir)
    info = manager.info()
    folder = None if cache_dir is None else _paths.absolute(cache_dir)
    if folder is not None and not _paths.is_empty(folder) and _paths.holds_only_jax_files(folder):
        for entry in _paths.jax_files(folder):
            Path(entry.path).unlink(missing_ok=True)
    else:
        manager.clear(confirm=True)
    if verbose:
        logger.info(
            "%d files, %.2f MB deleted from %s", info["num_files"], info["total_size_mb"], info["cache_dir"]
        )


def get_trace_cache_stats() -> dict[str, Any]:
    """Number and size of the traces in the default cache.

    Returns:
        ``total_files``, ``total_bytes``, ``total_mb`` and ``cache_dir``.

    Example:
        >>> trace = phasic.models.kingman(5).trace()
        >>> phasic.get_trace_cache_stats()["total_files"]
        1
    """
    manager = default_manager()
    sizes = [entry.size for entry in manager.entries(TRACE)]
    return {
        "total_files": len(sizes),
        "total_bytes": sum(sizes),
        "total_mb": sum(sizes) / _MIB,
        "cache_dir": str(manager.path),
    }


def clear_trace_cache() -> int:
    """Remove all traces of the default cache; how many there were.

    Example:
        >>> trace = phasic.models.kingman(5).trace()
        >>> phasic.clear_trace_cache(), phasic.list_cached_traces()
        (1, [])
    """
    manager = default_manager()
    return sum(manager.delete(TRACE, entry.key) for entry in manager.entries(TRACE))


def list_cached_traces() -> list[dict[str, Any]]:
    """The traces of the default cache, newest first.

    Returns:
        For each trace ``hash``, ``size_bytes``, ``size_kb``, ``modified`` (seconds since 1970),
        ``n_vertices``, ``param_length`` and ``n_operations``; the last three are None if they were not stored
        with the trace.

    Example:
        >>> trace = phasic.models.kingman(5).trace()
        >>> row, = phasic.list_cached_traces()
        >>> row["hash"] == trace.key, row["n_vertices"], row["param_length"]  # the starting vertex, 5 to 1
        (True, 6, 1)
    """
    return [
        {
            "hash": entry.key,
            "size_bytes": entry.size,
            "size_kb": entry.size / 1024,
            "modified": entry.stored_at,
            "n_vertices": entry.metadata.get("n_vertices"),
            "param_length": entry.metadata.get("param_length"),
            "n_operations": entry.metadata.get("n_operations"),
        }
        for entry in reversed(default_manager().entries(TRACE))
    ]


def remove_cached_trace(hash_key: str) -> bool:
    """Remove the trace with the content hash ``hash_key`` from the default cache; whether there was one.

    Raises:
        ValueError: A malformed key.

    Example:
        >>> from phasic.cache import remove_cached_trace
        >>> trace = phasic.models.kingman(5).trace()
        >>> remove_cached_trace(trace.key), remove_cached_trace(trace.key)
        (True, False)
    """
    return default_manager().delete(TRACE, check_key(hash_key))


def cleanup_old_traces(max_size_mb: float = 100.0, max_age_days: float | None = None) -> int:
    """Remove traces older than ``max_age_days``, then the oldest above ``max_size_mb``; how many went.

    Args:
        max_size_mb: Size in MiB that is left at most.
        max_age_days: Age in days; without it, age does not matter.

    Example:
        >>> trace = phasic.models.kingman(5).trace()
        >>> phasic.cleanup_old_traces(max_size_mb=0)
        1
    """
    before = None if max_age_days is None else time.time() - max_age_days * _DAY
    return default_manager().prune_kind(TRACE, int(max_size_mb * _MIB), before)


def _manager(cache_dir: str | os.PathLike[str] | None) -> CacheManager:
    return default_manager() if cache_dir is None else CacheManager(cache_dir)
