"""Functions of the cache under their older path; `phasic.cache` has them.

To ship a model, use `Model.save` and `Model.load`, or `phasic.export_function`.
"""

from typing import Any

from phasic._dropped import refuse
from phasic.cache import cache_info, clear_cache, print_cache_info

__all__ = ["cache_info", "clear_cache", "print_cache_info"]


def __getattr__(name: str) -> Any:
    refuse(__name__, name)
