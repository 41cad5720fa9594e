"""Bit flips in traces and in sealed entries."""

import random
from pathlib import Path

import numpy as np
import phasic
from phasic import _core
from phasic.cache._entry import DamagedError, parse, seal

from tests.models import block_counting


def run(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Flip one bit ``count`` times in the bytes of a trace, and as often in a sealed entry.

    A flip is detected if reading refuses the bytes. One in a trace is harmless if the trace has its old key
    and gives its old waiting times bit for bit; a sealed entry may not differ at all.
    """
    del folder
    generator = random.Random(seed)
    counts = dict.fromkeys(("flips", "detected", "harmless", "wrong"), 0)
    trace = phasic.Graph(callback=lambda state: block_counting(state, n=5)).trace()
    data = trace.to_bytes()
    sealed = seal("trace", trace.key, data, {"n_vertices": trace.n_vertices})
    theta = np.full(trace.n_parameters, 0.7)
    expected = trace.waiting(theta).tobytes()
    for _ in range(count):
        counts["flips"] += 2
        try:
            changed = _core.Trace.from_bytes(_flipped(data, generator))
        except _core.TraceFormatError:
            counts["detected"] += 1
        else:
            same = changed.key == trace.key and _waiting(changed, theta) == expected
            counts["harmless" if same else "wrong"] += 1
        try:
            parse(_flipped(sealed, generator), "trace", trace.key)
            counts["wrong"] += 1
        except DamagedError:
            counts["detected"] += 1
    return counts


def _flipped(data: bytes, generator: random.Random) -> bytes:
    changed = bytearray(data)
    changed[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
    return bytes(changed)


def _waiting(trace: _core.Trace, theta: np.ndarray) -> bytes | None:
    try:
        return bytes(trace.waiting(theta[: trace.n_parameters]).tobytes())
    except ValueError:
        return None
