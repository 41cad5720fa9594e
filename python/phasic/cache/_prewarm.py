"""Work done before it is waited for: traces brought near, programs compiled for the shapes to come."""

import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any

from . import _jax
from ._bar import watched
from ._entry import check_key
from ._store import Store

TRACE = "trace"


def prewarm(store: Store, keys: Iterable[str] | None) -> dict[str, Any]:
    """Read traces through all tiers; see ``CacheManager.prewarm``."""
    from phasic import _trace_check

    local = [entry.key for entry in store.entries(TRACE)]
    wanted = local if keys is None else [check_key(key) for key in keys]
    found = size = 0
    missing = []
    for key in watched(wanted, len(wanted), "Prewarm"):
        data = store.get(TRACE, key)
        if data is None or _trace_check.problem(key, bytes(data), {}) is not None:
            missing.append(key)
        else:
            found, size = found + 1, size + len(data)
    return {"traces": found, "total_size_mb": size / (1 << 20), "missing": missing}


def prewarm_model(
    model: Callable[..., Any], thetas: Iterable[Any], grids: Iterable[Any], show_progress: bool
) -> dict[str, Any]:
    """Call ``model`` at every pair; see ``CacheManager.prewarm_model``."""
    import jax

    _jax.enable_jax_cache()
    before, start = _jax.jax_counts(), time.perf_counter()
    pairs = list(itertools.product(thetas, grids))
    evaluated, refused = 0, []
    for theta, times in watched(pairs, len(pairs), "Prewarm") if show_progress else pairs:
        try:
            jax.block_until_ready(model(theta, times))  # type: ignore[no-untyped-call]
        except (TypeError, ValueError) as problem:
            shapes = {"theta_shape": jax.numpy.shape(theta), "times_shape": jax.numpy.shape(times)}
            refused.append(shapes | {"reason": str(problem)})
        else:
            evaluated += 1
    return {
        "evaluated": evaluated,
        "seconds": time.perf_counter() - start,
        "compiled": _jax.jax_counts()["stores"] - before["stores"],
        "refused": refused,
    }
