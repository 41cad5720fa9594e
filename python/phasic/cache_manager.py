"""The cache under its older path; `phasic.cache` has it."""

from phasic.cache import CacheManager
from phasic.cache import print_cache_info as print_jax_cache_info

__all__ = ["CacheManager", "print_jax_cache_info"]
