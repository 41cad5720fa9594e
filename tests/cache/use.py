"""What a person does who never thinks of the cache, and all it offers besides; run in fresh processes."""

import contextlib
import io
import json
import logging
import os
import sys
import time
from collections.abc import Callable

import phasic
from phasic.cache import _cli, cache_info, default_manager

KEY = "0123456789abcdef" * 4
PAYLOADS = {KEY: b"small again", "f" * 64: bytes(50_000)}
TIMES = [0.0, 0.25, 1.0, 4.0]
RATE = 1.5
_QUEUED = "/proc/thread-self/schedstat"
_queue = os.open(_QUEUED, os.O_RDONLY) if os.path.exists(_QUEUED) else None  # noqa: PTH110


def clock() -> float:
    """Seconds that passed, less those in which this thread waited for a processor, if Linux counts them."""
    queued = 0 if _queue is None else int(os.pread(_queue, 100, 0).split()[1])
    return time.perf_counter() - queued * 1e-9


def merger() -> phasic.Graph:
    """Five lineages that merge pairwise at one rate, a parameter."""

    def merge(state: "tuple[int, ...]") -> "list[tuple[object, ...]]":
        if len(state) == 0:
            return [((5,), 1.0)]
        (lineages,) = map(int, state)
        return [((lineages - 1,), 0.0, [lineages * (lineages - 1) / 2])] if lineages > 1 else []

    graph = phasic.Graph(callback=merge)
    graph.update_weights([RATE])
    return graph


def numbers() -> list[str]:
    """Density and moments of a model through its trace, to the last bit."""
    graph = merger()
    graph.trace()
    found = [*graph.pdf(TIMES), *graph.moments(3)]
    return [float(each).hex() for each in found]


def use() -> list[str]:
    """Compute, and call what the cache offers; the numbers. Raises for a wrong answer of the cache."""
    found = numbers()
    manager = default_manager()
    for key, payload in PAYLOADS.items():
        stored = manager.put("other", key, payload)
        assert manager.get("other", key) in ((payload,) if stored else (payload, None))
    assert manager.get("other", "a" * 64) is None
    assert manager.get_or_compute("other", "b" * 64, lambda: b"computed") == b"computed"
    information = cache_info()
    assert information["num_files"] >= 0 and manager.stats()["trace"]["hits"] >= 0
    manager.list(), manager.verify(), manager.vacuum()
    for command in ("status", "list", "doctor"):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(sys.stdout):
            _cli.main([command])
    manager.delete("other", KEY)
    return found


def use_jax() -> list[str]:
    """Compile and call the model and its gradient with JAX's cache on; the numbers."""
    import jax
    from phasic.cache import enable_jax_cache

    enable_jax_cache()
    # Another program at each call, so that JAX reads and writes at each.
    scale = 2.0 ** len(_programs)
    _programs.append(scale)
    model = merger().model()
    function = jax.jit(jax.value_and_grad(lambda theta: scale * model.log_likelihood(theta, TIMES[1:])))
    value, gradient = function(jax.numpy.asarray([RATE]))
    return [float(each).hex() for each in (value / scale, gradient[0] / scale)]


_programs: list[float] = []


def clear() -> None:
    """Clear the cache; it may refuse, with the errors that it documents."""
    with contextlib.suppress(ValueError, OSError):
        default_manager().clear(confirm=True)


def main(between: Callable[[], None], use: Callable[[], list[str]] = use) -> None:
    """Use the cache twice, with something in between, and report."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("phasic").addHandler(handler)
    start = clock()
    first = use()
    between()
    second = use()
    clear()
    default_manager().close()
    held = clock() - start
    sys.stdout.write(json.dumps({"first": first, "second": second, "held": held, "lines": lines}))
