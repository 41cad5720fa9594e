"""Models as files of their own: a sealed entry with the trace in it."""

from __future__ import annotations

import io
import os
import struct
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from phasic import _core
from phasic.cache import _entry

_KIND = "model"
_RTOL = struct.Struct("<d")


class Parts(NamedTuple):
    """What a model is made of."""

    trace: _core.Trace
    rewards: NDArray[np.float64]
    original: NDArray[np.int32]
    discrete: bool
    rtol: float


class ModelFormatError(ValueError):
    """Bytes that are no model or function that phasic wrote, or that this version cannot read.

    `Model.load` and `import_function` raise it. It is a ValueError.

    Example:
        >>> try:
        ...     phasic.import_function(b"some text")
        ... except phasic.ModelFormatError as error:
        ...     print(error)
        these bytes are no function that phasic exported, or they are damaged
    """


def write(path: str | os.PathLike[str], parts: Parts) -> None:
    """Write a file that `read` reads, whole or not at all."""
    rewards = np.asarray(parts.rewards, "<f8")
    original = np.asarray(parts.original, "<i4")
    payload = b"".join(
        [_RTOL.pack(parts.rtol), rewards.tobytes(), original.tobytes(), parts.trace.to_bytes()]
    )
    metadata = {
        "discrete": int(parts.discrete),
        "n_rewards": len(rewards),
        "n_vertices": len(original),
        **dict(zip(("major", "minor", "patch"), _version(), strict=True)),
    }
    target = Path(path)
    data = _entry.seal(_KIND, parts.trace.key, payload, metadata)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read(path: str | os.PathLike[str]) -> Parts:
    """The parts of a model, checked.

    Raises:
        ModelFormatError: The file is no model, is damaged, or is of a version that cannot be read here; both
            versions are named.
    """
    data = Path(path).read_bytes()
    try:
        header = _entry.read_header(io.BytesIO(data))
    except _entry.OtherVersionError as error:
        raise ModelFormatError(
            f"{path} is of another format, this is phasic {_core.__version__}: {error}"
        ) from None
    except _entry.DamagedError as error:
        raise ModelFormatError(f"{path} is no model that phasic saved, or it is damaged: {error}") from None
    try:
        payload = memoryview(_entry.parse(data, _KIND, header.key))
        meta = header.metadata
        n_rewards, n_vertices = meta["n_rewards"], meta["n_vertices"]
        ends = np.cumsum([_RTOL.size, 8 * n_rewards, 4 * n_vertices]).tolist()
        (rtol,) = _RTOL.unpack(payload[: ends[0]])
        rewards = np.frombuffer(payload[ends[0] : ends[1]], "<f8").astype(np.float64)
        original = np.frombuffer(payload[ends[1] : ends[2]], "<i4").astype(np.int32)
        trace = _core.Trace.from_bytes(bytes(payload[ends[2] :]))
        discrete = bool(meta["discrete"])
    except (_entry.DamagedError, KeyError, struct.error, ValueError) as error:
        saved = ".".join(str(header.metadata.get(name, "?")) for name in ("major", "minor", "patch"))
        raise ModelFormatError(
            f"{path} cannot be read: it was saved by phasic {saved}, this is {_core.__version__} ({error}). "
            "Read it with that version, or build its graph again and save that"
        ) from None
    sound = (
        trace.key == header.key
        and trace.n_vertices == n_vertices
        and n_rewards in (0, n_vertices)
        and np.array_equal(np.sort(original), np.arange(n_vertices))
        and 0 < rtol < 1
    )
    if not sound:
        raise ModelFormatError(f"{path} contradicts itself: its parts are not of one model")
    return Parts(trace, rewards, original, discrete, rtol)


def _version() -> list[int]:
    return [int("".join(filter(str.isdigit, part)) or 0) for part in _core.__version__.split(".")[:3]]
