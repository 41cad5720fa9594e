"""The cache under its older name; `phasic.cache` has all of it."""

from phasic.cache import CacheManager, configure_layered_cache, print_jax_cache_info

__all__ = ["CacheManager", "configure_layered_cache", "print_jax_cache_info"]
