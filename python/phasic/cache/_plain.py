"""Folders of plain files: one sealed entry a file, found by its name alone, without an index or a lock.

Layout: ``v1/<2 digits>/<2 digits>/<kind>-<key>.phx`` with the first four digits of the key. A file is written
under another name and renamed, so that a reader sees all of it or nothing; the last writer wins, and all
writers of a key write the same.
"""

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ._entry import DamagedError, Entry, OtherVersionError, Payload, header_of, read, read_header
from ._files import open_regular, sync_folder
from ._paths import PLAIN, is_link
from ._report import Reporter

_FILE = re.compile(r"([a-z][a-z0-9_-]{0,31})-([0-9a-f]{64})\.phx")
TEMPORARY = ".tmp"
_DIGITS = re.compile("[0-9a-f]{2}")


class PlainEntry(NamedTuple):
    """An entry in a folder of plain files; ``size`` in bytes, ``stored_at`` in seconds since 1970."""

    kind: str
    key: str
    size: int
    stored_at: float
    metadata: dict[str, int]


def plain_name(kind: str, key: str) -> str:
    """Name of an entry below a folder or an address."""
    return f"{PLAIN}/{key[:2]}/{key[2:4]}/{kind}-{key}.phx"


class PlainFolder:
    """Sealed entries in a folder that others may write to: everything is checked and copied.

    Args:
        root: the folder.
        limit_bytes: larger files are left alone.
        report: where faults are logged.
    """

    def __init__(self, root: Path, limit_bytes: int, report: Reporter) -> None:
        self.root = root
        self.limit_bytes = limit_bytes
        self._report = report

    def read(self, kind: str, key: str) -> Entry | None:
        """The entry, checked, or None; a damaged file is left to who owns the folder."""
        path = self._path(kind, key)
        try:
            if self._is_open_to_all():
                return None
            with open_regular(path) as stream:
                size = os.fstat(stream.fileno()).st_size
                if size > self.limit_bytes:
                    self._report(f"large {path}", f"{path} has {size} bytes, more than is used")
                    return None
                return read(stream, size, kind, key)
        except (FileNotFoundError, NotADirectoryError, OtherVersionError):
            return None
        except DamagedError as problem:
            self._report(f"damaged {path}", f"{path} is damaged and is not used: {problem}")
        except OSError as problem:
            self._report(f"{self.root} {problem.errno}", f"{self.root} cannot be read: {problem}")
        return None

    def write(
        self,
        kind: str,
        key: str,
        payload: Payload,
        metadata: dict[str, int],
        mode: int,
        *,
        durable: bool = False,
    ) -> bool:
        """Write an entry unless it is there already; whether it had to be. Raises OSError.

        A durable one is on the disk itself when this returns.
        """
        path = self._path(kind, key)
        header = header_of(kind, key, payload, metadata)
        with suppress(FileNotFoundError):
            if path.lstat().st_size == len(header) + len(payload):
                return False
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{secrets.token_hex(8)}{TEMPORARY}")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as file:
                file.write(header)
                file.write(payload)
                if durable:
                    file.flush()
                    os.fsync(descriptor)
            temporary.replace(path)
            if durable:
                for parent in path.parents[:4]:
                    sync_folder(parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return True

    def delete(self, kind: str, key: str) -> bool:
        """Remove an entry; whether there was one. Raises OSError."""
        try:
            self._path(kind, key).unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def entries(self) -> Iterator[PlainEntry]:
        """Entries with a sound header, in the order of their keys."""
        for kind, key in self.names():
            with suppress(OSError, DamagedError), open_regular(self._path(kind, key)) as stream:
                status = os.fstat(stream.fileno())
                metadata = read_header(stream).metadata
                yield PlainEntry(kind, key, status.st_size, status.st_mtime, metadata)

    def names(self) -> list[tuple[str, str]]:
        """Kind and key of every file, those of damaged entries too, in the order of their keys."""
        found = [match for path in self._files() if (match := _FILE.fullmatch(path.name))]
        return sorted(((match[1], match[2]) for match in found), key=lambda name: (name[1], name[0]))

    def sealed(self, kind: str, key: str) -> bytes | None:
        """Bytes of the entry as they lie on disk, unchecked, or None.

        Raises DamagedError for anything but a regular file, and OSError for a file that cannot be read.
        """
        try:
            with open_regular(self._path(kind, key)) as stream:
                return stream.read(self.limit_bytes + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def clear(self) -> None:
        """Remove all entries. Raises OSError."""
        for path in self._files():
            if _FILE.fullmatch(path.name) or path.suffix == TEMPORARY:
                path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        """Whatever lies where entries would, links not followed; nothing where that cannot be told."""
        found = [self.root / PLAIN]
        for _ in range(2):
            found = [path for folder in found for path in _in(folder) if _DIGITS.fullmatch(path.name)]
            found = [path for path in found if not is_link(path)]
        return [path for folder in found for path in _in(folder)]

    def _path(self, kind: str, key: str) -> Path:
        return self.root / plain_name(kind, key)

    def _is_open_to_all(self) -> bool:
        mode = self.root.stat().st_mode
        if os.name == "posix" and mode & stat.S_IWOTH:
            self._report(f"open {self.root}", f"every user may write to {self.root}; it is not used")
            return True
        return False


def _in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as found:
            return sorted(Path(entry.path) for entry in found)
    except OSError:
        return []
