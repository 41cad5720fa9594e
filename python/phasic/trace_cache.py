"""Cached traces under their older name; `phasic.cache` has all of it."""

from typing import NoReturn

from phasic._dropped import refuse
from phasic.cache import (
    cleanup_old_traces,
    clear_trace_cache,
    get_trace_cache_stats,
    list_cached_traces,
    remove_cached_trace,
)

__all__ = [
    "cleanup_old_traces",
    "clear_trace_cache",
    "get_trace_cache_stats",
    "list_cached_traces",
    "remove_cached_trace",
]


def __getattr__(name: str) -> NoReturn:
    refuse(__name__, name)
