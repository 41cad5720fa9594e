"""Value files of the index, and the only ways in which diskcache may store and fetch them.

diskcache as installed unpickles what a row of its database says is pickled, and follows any file name that a
row holds. ``ValueDisk`` replaces all of that: keys are strings, values are bytes in the row or a value file
of a fixed name pattern, and nothing else is read, written or removed.
"""

import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import diskcache

from ._entry import DamagedError, Payload
from ._files import NO_LINKS, open_regular, sync_folder

MODE_RAW = 1
MODE_BINARY = 2

_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{30}\.val")
_ATTEMPTS = 3


class ValueFile(NamedTuple):
    """A complete value file, by its name below the folder of the index, and its size in bytes."""

    name: str
    size: int


class ValueDisk(diskcache.Disk):  # type: ignore[misc]
    """Key and value conversion for diskcache that knows strings, bytes and value files, and never pickles."""

    def __init__(self, directory: str, **_settings: Any) -> None:
        self._directory = directory
        self.min_file_size = 0
        self.pickle_protocol = 0

    def put(self, key: object) -> tuple[str, bool]:
        """Column values of ``key``; only strings are keys."""
        if type(key) is not str:
            raise TypeError(f"key must be str, got {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: object) -> str:
        """Key of the column values; a row with a pickled key is damaged."""
        if raw != 1 or type(key) is not str:
            raise DamagedError("a row of the index has no string for a key")
        return key

    def store(
        self, value: object, read: bool, key: object = None
    ) -> tuple[int, int, str | None, bytes | None]:
        """Column values (size, mode, file name, value) of bytes or of a value file."""
        if type(value) is bytes and not read:
            return 0, MODE_RAW, None, value
        if isinstance(value, ValueFile) and not read:
            return value.size, MODE_BINARY, value.name, None
        raise TypeError(f"value must be bytes or a value file, got {type(value).__name__}")

    def fetch(self, mode: object, filename: object, value: object, read: bool) -> bytes | BinaryIO:
        """Bytes of a row, or its value file opened for reading; every other row is damaged."""
        if mode == MODE_RAW and filename is None and type(value) is bytes:
            return value
        if mode == MODE_BINARY and value is None and type(filename) is str:
            return open_value(Path(self._directory), filename)
        raise DamagedError("a row of the index holds neither bytes nor the name of a value file")

    def filename(self, key: object = None, value: object = None) -> tuple[str, str]:
        """Never called: value files are complete before diskcache hears of them."""
        raise NotImplementedError

    def remove(self, file_path: object) -> None:
        """Remove a value file; any other name is left alone."""
        remove_value(Path(self._directory), file_path)


def value_path(folder: Path, name: object) -> Path:
    """Path of the value file ``name``; raises DamagedError for every other name and for a linked folder."""
    if type(name) is not str or _NAME.fullmatch(name) is None:
        raise DamagedError("a row of the index names a file that is no value file")
    path = folder / name
    with suppress(FileNotFoundError):
        if not stat.S_ISDIR(path.parent.lstat().st_mode):
            raise DamagedError(f"{path.parent} is not a folder")
    return path


def open_value(folder: Path, name: object) -> BinaryIO:
    """Open a value file for reading; links, pipes and devices are refused with DamagedError."""
    return open_regular(value_path(folder, name))


def write_value(folder: Path, parts: Iterable[Payload], *, durable: bool = False) -> ValueFile:
    """Write ``parts`` to a value file of a random name; nothing stays behind when that fails.

    A durable one is on the disk itself when this returns.
    """
    digits = secrets.token_hex(16)
    name = f"{digits[:2]}/{digits[2:]}.val"
    path = value_path(folder, name)
    descriptor = _create(path)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            size = sum(_write_all(file, part) for part in parts)
            if durable:
                os.fsync(descriptor)
        if durable:
            sync_folder(path.parent)
            sync_folder(folder)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    return ValueFile(name, size)


def remove_value(folder: Path, name: object) -> None:
    """Remove the value file ``name`` if it is one and exists."""
    with suppress(OSError, DamagedError):
        value_path(folder, name).unlink()


def value_names(folder: Path) -> Iterator[str]:
    """Names of all value files below ``folder``, links and anything of another pattern left out."""
    for parent in _scan(folder):
        if parent.is_dir(follow_symlinks=False):
            for entry in _scan(Path(parent.path)):
                name = f"{parent.name}/{entry.name}"
                if _NAME.fullmatch(name) and entry.is_file(follow_symlinks=False):
                    yield name


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _create(path: Path) -> int:
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINKS, 0o600)
        with suppress(FileExistsError):
            path.parent.mkdir(mode=0o700, parents=True)
    raise FileNotFoundError(f"{path.parent} cannot be created")


def _write_all(file: Any, part: Payload) -> int:
    view, done = memoryview(part), 0
    while done < len(part):
        done += file.write(view[done:])
    return done
