"""JAX's compiled programs as payloads of entries, so that archives carry one sort of thing only.

A payload is: length of the folder's name u16, length of the file's name u16, both names in ASCII, the file.
The folder names the jaxlib, Python and CPU that may load it; names of any other form are refused.
"""

import os
import re
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from . import _jax_files, _paths
from ._entry import DamagedError, seal

KIND = "xla"

_TEMPORARY = ".import-"
_STALE_SECONDS = 3600.0
_LENGTHS = struct.Struct("<HH")
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.<>()+-]{0,127}-([0-9a-f]{64})-cache")


class Program(NamedTuple):
    """A file of JAX's compilation cache; ``data`` are its bytes."""

    folder: str
    name: str
    data: bytes


def key_of(folder: str, name: str) -> str:
    """Key of the program in the file ``name`` of the folder ``folder``: 64 hexadecimal digits."""
    import hashlib

    return hashlib.blake2b(f"phasic/xla\0{folder}\0{name}".encode(), digest_size=32).hexdigest()


def jax_key(name: str) -> str | None:
    """The 64 hexadecimal digits by which JAX knows a program, or None for any other file."""
    match = _FILE.fullmatch(name)
    return None if match is None else match[1]


def files(root: Path) -> dict[str, Path]:
    """Files of compiled programs in the sub-folders of ``root``, by the key of their entry."""
    return {
        key_of(path.parent.name, path.name): path
        for path in _jax_files.entries(root)
        if _FOLDER.fullmatch(path.parent.name) and _FILE.fullmatch(path.name)
    }


def sealed(path: Path) -> bytes:
    """Sealed entry of the compiled program in the file ``path``; raises OSError if it cannot be read."""
    folder, name = path.parent.name, path.name
    lengths = _LENGTHS.pack(len(folder), len(name))
    payload = b"".join([lengths, folder.encode("ascii"), name.encode("ascii"), path.read_bytes()])
    return seal(KIND, key_of(folder, name), payload)


def unpack(key: str, payload: bytes) -> Program:
    """The program in a payload; raises DamagedError unless names and key are right and its bytes decode."""
    import tempfile

    if len(payload) < _LENGTHS.size:
        raise DamagedError("a program without a name")
    folder_length, name_length = _LENGTHS.unpack_from(payload)
    start = _LENGTHS.size
    names = payload[start : start + folder_length + name_length].decode("latin-1")
    folder, name = names[:folder_length], names[folder_length:]
    if not _FOLDER.fullmatch(folder) or not _FILE.fullmatch(name) or key_of(folder, name) != key:
        raise DamagedError("the names of a compiled program are not those that its key stands for")
    data = payload[start + folder_length + name_length :]
    with tempfile.TemporaryDirectory(prefix="phasic-") as place:
        file = Path(place, name)
        file.write_bytes(data)
        if not _jax_files.decodes(file):
            raise DamagedError("a compiled program does not decode")
    return Program(folder, name, data)


def store(root: Path, program: Program) -> None:
    """Put a program where JAX finds it, below the cache folder ``root``.

    Raises OSError if the folder cannot be written or must not be used.
    """
    _paths.prepare(root)
    folder = root / _paths.XLA / program.folder
    for path in (folder.parent, folder):
        path.mkdir(mode=0o700, exist_ok=True)
        if _paths.is_link(path):
            raise _paths.UnusableFolderError(f"{path} is a link")
    temporary = folder / f"{_TEMPORARY}{os.urandom(8).hex()}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(program.data)
        temporary.replace(folder / program.name)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def leftovers(root: Path) -> list[Path]:
    """Files below ``root`` that killed imports left over an hour ago."""
    found = []
    for folder in _jax_files.folders(root):
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                if entry.name.startswith(_TEMPORARY) and age > _STALE_SECONDS:
                    found.append(Path(entry.path))
    return found


def sweep(root: Path) -> int:
    """Remove what killed imports left; how many files."""
    removed = 0
    for path in leftovers(root):
        with suppress(OSError):
            path.unlink()
            removed += 1
    return removed
