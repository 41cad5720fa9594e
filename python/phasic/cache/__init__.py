"""Cache of phasic: traces on disk and in memory, and JAX's compiled programs.

The cache stores bytes and knows nothing of graphs. It never breaks, holds up or changes a computation:
whatever goes wrong is a missing entry and one log line. Importing this package reads no file and imports
neither JAX nor diskcache.
"""

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

__all__ = [
    "CacheManager",
    "cache_info",
    "cleanup_old_traces",
    "clear_cache",
    "clear_trace_cache",
    "default_manager",
    "enable_jax_cache",
    "get_trace_cache_stats",
    "list_cached_traces",
    "print_cache_info",
    "remove_cached_trace",
]
