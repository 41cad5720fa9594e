"""Posteriors as files: an npz archive of arrays, and a JSON document for the rest. Never a pickle."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phasic import _core

_FORMAT = "phasic posterior"
_VERSION = 1
_DOCUMENT = "document"
_LEFT_OUT = ("target",)
_PLAIN_NAME = re.compile(r"[\w.]+", re.ASCII)
#: What NumPy and zipfile raise on damaged archives; NotImplementedError and RuntimeError for bits of a
#: member's header that claim compression or encryption, MemoryError for a shape that no memory holds.
_DAMAGE = (
    ValueError,
    KeyError,
    EOFError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)


class PosteriorFormatError(ValueError):
    """A ValueError: a file is no posterior, is damaged, or is of a version that cannot be read here.

    Its message names the file and says what to do.

    Example:
        >>> from pathlib import Path
        >>> from phasic.svgd import PosteriorFormatError
        >>> size = Path("fit.npz").write_text("no posterior")
        >>> try:
        ...     phasic.Posterior.load("fit.npz")
        ... except PosteriorFormatError as error:
        ...     print(error)
        fit.npz is no posterior that phasic saved, or it is damaged ...
    """


def write(path: str | os.PathLike[str], posterior: Any) -> None:
    """Write all fields of a posterior but its target, whole or not at all.

    Raises:
        TypeError: A field or diagnostic is neither numbers, text nor lists and mappings of them; it is named.
    """
    arrays: dict[str, NDArray[Any]] = {}
    fields = {
        field.name: _plain(getattr(posterior, field.name), field.name, arrays)
        for field in dataclasses.fields(posterior)
        if field.name not in _LEFT_OUT
    }
    head = {"format": _FORMAT, "version": _VERSION, "phasic": _core.__version__, "fields": fields}
    document = np.frombuffer(json.dumps(head).encode(), np.uint8)
    target = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, allow_pickle=False, **{_DOCUMENT: document}, **arrays)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The fields that `write` wrote.

    Raises:
        PosteriorFormatError: The file is no posterior, is damaged, or is of another version.
        OSError: There is no such file, or it cannot be read.
    """
    with Path(path).open("rb") as stream:
        try:
            # Not np.load, which takes other files for pickles.
            with np.lib.npyio.NpzFile(stream, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            head = json.loads(bytes(arrays.pop(_DOCUMENT)))
            if head["format"] != _FORMAT:
                raise ValueError(f"it is {head['format']!r}")
            version = head["version"]
        except (*_DAMAGE, TypeError) as error:
            raise PosteriorFormatError(
                f"{os.fspath(path)} is no posterior that phasic saved, or it is damaged ({error}): fit "
                "again, or take the file from a backup"
            ) from None
    if version != _VERSION:
        raise PosteriorFormatError(
            f"{os.fspath(path)} is of format {version}, saved by phasic {head.get('phasic')}; this is phasic "
            f"{_core.__version__}, which reads format {_VERSION}: read it with that version"
        )
    try:
        return {str(name): _restored(value, arrays) for name, value in head["fields"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise PosteriorFormatError(
            f"{os.fspath(path)} contradicts itself ({error!r}): fit again, or take the file from a backup"
        ) from None


def _plain(value: Any, name: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """`value` as JSON; arrays go into `arrays` under `name`, and leave a note of that."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return value.item()
    if isinstance(value, tuple | list):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_plain(each, f"{name}.{i}", arrays) for i, each in enumerate(value)]}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {"mapping": {key: _plain(each, f"{name}.{key}", arrays) for key, each in value.items()}}
    # An array of NumPy or JAX.
    if hasattr(value, "__array__") and np.asarray(value).dtype.kind in "biuf":
        # Archives cut names at a NUL, and two paths can read the same.
        plain = _PLAIN_NAME.fullmatch(name) and name not in (*arrays, _DOCUMENT)
        member = name if plain else f"array-{len(arrays)}"
        arrays[member] = np.asarray(value)
        return {"array": member}
    raise TypeError(
        f"{name} is a {type(value).__name__}, which cannot be saved: only numbers, text, arrays of numbers, "
        "and lists and mappings of them can"
    )


def _restored(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        return arrays[content]
    if kind == "mapping":
        return {key: _restored(each, arrays) for key, each in content.items()}
    return {"tuple": tuple, "list": list}[kind](_restored(each, arrays) for each in content)
