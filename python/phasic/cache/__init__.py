"""Cache of phasic: traces on disk and in memory, and JAX's compiled programs.

The cache stores bytes and knows nothing of graphs. It never breaks, holds up or changes a computation:
whatever goes wrong is a missing entry and one log line. Importing this package reads no file and imports
neither JAX nor diskcache.
"""

from typing import NoReturn

from phasic._dropped import refuse

from ._archive import ArchiveError
from ._entry_info import EntryInfo
from ._functions import (
    cache_info,
    cleanup_old_traces,
    clear_cache,
    clear_trace_cache,
    get_trace_cache_stats,
    list_cached_traces,
    print_cache_info,
    remove_cached_trace,
)
from ._jax import enable_jax_cache
from ._manager import CacheManager, default_manager
from ._older import (
    clear_caches,
    clear_jax_cache,
    clear_model_cache,
    configure_layered_cache,
    get_all_cache_stats,
    print_jax_cache_info,
)

__all__ = [
    "ArchiveError",
    "CacheManager",
    "EntryInfo",
    "cache_info",
    "cleanup_old_traces",
    "clear_cache",
    "clear_caches",
    "clear_jax_cache",
    "clear_model_cache",
    "clear_trace_cache",
    "configure_layered_cache",
    "default_manager",
    "enable_jax_cache",
    "get_all_cache_stats",
    "get_trace_cache_stats",
    "list_cached_traces",
    "print_cache_info",
    "print_jax_cache_info",
    "remove_cached_trace",
]


def __getattr__(name: str) -> NoReturn:
    refuse(__name__, name)
