"""Functions over the cache under the names of older code."""

import os
from pathlib import Path
from typing import Any, NoReturn

from . import _paths
from ._functions import cache_info, clear_cache, get_trace_cache_stats, print_cache_info
from ._manager import XLA_LAYER, default_manager


def clear_caches(verbose: bool = False) -> None:
    """Delete every entry of the default cache; as ``clear_cache``.

    Args:
        verbose: Log at level INFO what was deleted.

    Example:
        >>> trace = phasic.models.kingman(5).trace()
        >>> phasic.clear_caches()
        >>> phasic.list_cached_traces()
        []
    """
    clear_cache(verbose=verbose)


def clear_jax_cache(verbose: bool = True) -> None:
    """Delete JAX's compiled programs: those in the default cache, and in a folder set by the environment.

    Args:
        verbose: Log at level INFO what was deleted.

    Raises:
        ValueError: ``JAX_COMPILATION_CACHE_DIR`` names a folder that holds anything else.

    Example:
        >>> trace = phasic.models.kingman(5).trace()
        >>> phasic.clear_jax_cache()
        >>> len(phasic.list_cached_traces())  # traces stay
        1
    """
    default_manager().clear(confirm=True, verbose=verbose, layer=XLA_LAYER)
    chosen = _paths.jax_dir_of_user()
    if chosen is not None and _paths.is_folder(Path(chosen)):
        clear_cache(chosen, verbose=verbose)


def clear_model_cache(verbose: bool = True) -> None:
    """Delete every entry of the default cache but JAX's compiled programs.

    Args:
        verbose: Log at level INFO what was deleted.

    Example:
        >>> trace = phasic.models.kingman(5).trace()
        >>> phasic.clear_model_cache()
        >>> phasic.list_cached_traces()
        []
    """
    manager = default_manager()
    for kind in sorted({row["layer"] for row in manager.list()} - {XLA_LAYER}):
        manager.clear(confirm=True, verbose=verbose, layer=kind)


def get_all_cache_stats() -> dict[str, dict[str, Any]]:
    """What the default cache holds.

    Returns:
        ``jax`` as ``cache_info``; ``trace`` as ``get_trace_cache_stats``; and ``graph`` with ``num_graphs``
        and ``total_size_mb``, both 0: graphs are built anew, their traces are kept.

    Example:
        >>> trace = phasic.models.kingman(5).trace()
        >>> stats = phasic.get_all_cache_stats()
        >>> stats["trace"]["total_files"], stats["graph"]["num_graphs"]
        (1, 0)
    """
    graphs = {"num_graphs": 0, "total_size_mb": 0.0}
    return {"jax": cache_info(), "graph": graphs, "trace": get_trace_cache_stats()}


def print_jax_cache_info(cache_dir: str | os.PathLike[str] | None = None) -> None:
    """Print what a folder of JAX's compilation cache, or without one the default cache, holds.

    Args:
        cache_dir: The folder; without it, ``JAX_COMPILATION_CACHE_DIR`` or the default cache.

    Example:
        >>> phasic.print_jax_cache_info("programs")
        cache  ...programs  (does not exist)
        0 files, 0.00 MB
        layer         entries        MB     hits   misses
        ...
    """
    print_cache_info(_paths.jax_dir_of_user() if cache_dir is None else cache_dir)


def configure_layered_cache(*_arguments: Any, **_options: Any) -> NoReturn:
    """Refuse: the environment names local and shared folders.

    Set ``PHASIC_CACHE_DIR`` and ``PHASIC_CACHE_SHARED``, or copy once by ``CacheManager.sync_from_remote``.
    An older version set ``JAX_COMPILATION_CACHE_DIR`` here and read no shared folder.

    Raises:
        NotImplementedError: Always, with what to do instead.

    Example:
        >>> phasic.configure_layered_cache()
        Traceback (most recent call last):
        NotImplementedError: set PHASIC_CACHE_DIR to the local folder and PHASIC_CACHE_SHARED to ...
    """
    raise NotImplementedError(
        "set PHASIC_CACHE_DIR to the local folder and PHASIC_CACHE_SHARED to the shared ones, "
        "or copy once with CacheManager().sync_from_remote(folder)"
    )
