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
RECIPE = "function"


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
    report = {"traces": found, "total_size_mb": size / (1 << 20), "missing": missing}
    programs = {"recipes": 0, "loaded": 0, "compiled": 0, "skipped": 0}
    if keys is None and store.entries(RECIPE):
        from phasic import _prewarm

        programs = _prewarm.replay(store)
    return report | programs


def prewarm_model(
    model: Callable[..., Any], thetas: Iterable[Any], grids: Iterable[Any], show_progress: bool
) -> dict[str, Any]:
    """Call ``model`` at every pair; see ``CacheManager.prewarm_model``."""
    import jax

    from phasic import _prewarm

    _jax.enable_jax_cache()
    hits, made, start = _jax.jax_counts()["hits"], _jax.compiled(), time.perf_counter()
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
            _prewarm.compile_function(model, theta, times)
    return {
        "evaluated": evaluated,
        "seconds": time.perf_counter() - start,
        "loaded": _jax.jax_counts()["hits"] - hits,
        "compiled": _jax.compiled() - made,
        "refused": refused,
    }
