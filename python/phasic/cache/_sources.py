"""Places to synchronize from: another cache, a folder of sealed files, or an address read by fsspec."""

import itertools
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from phasic._optional import absent

from . import _paths
from ._archive import MAX_MEMBERS
from ._entry import MAGIC, DamagedError
from ._store import Store
from ._transfer import Source, program_sources, sources, take_archive, take_sources

_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_CHUNK = 1 << 20
_SUFFIX = ".phx"


def synchronize(store: Store, root: Path | None, place: str, *, trust: bool, dry_run: bool) -> dict[str, Any]:
    """Take what is missing from a folder, an archive or an address; see ``CacheManager.sync_from_remote``."""
    limit = store.disk_bytes
    if "://" in place:
        if trust and place.startswith("http://"):
            raise ValueError("whoever sits on the way can change what plain http brings; trust https only")
        with archive_at(place, limit) as archive:
            if archive is not None:
                return take_archive(store, root, archive, overwrite=False, trust=trust, dry_run=dry_run)
        return take_sources(store, root, at_address(place, limit // 2), trust=trust, dry_run=dry_run)
    path = Path(place)
    if not path.exists():
        raise FileNotFoundError(f"there is no folder or file {path}")
    if not path.is_dir():
        return take_archive(store, root, path, overwrite=False, trust=trust, dry_run=dry_run)
    return take_sources(store, root, in_folder(path.absolute(), limit // 2), trust=trust, dry_run=dry_run)


def in_folder(folder: Path, max_bytes: int) -> Iterator[Source]:
    """Sealed entries in a folder: all of a cache that is the user's own, else the sealed files below it.

    No link is followed, and the index of a cache that belongs to somebody else is not opened.
    """
    root = _paths.locate(folder)
    if _paths.is_ours(root) and _paths.is_own(root):
        store = Store(root, memory_bytes=0)
        try:
            yield from sources(store, root)
        finally:
            store.close()
        return
    paths = (Path(parent, name) for parent, _, names in os.walk(folder) for name in sorted(names))
    for path in itertools.islice(paths, MAX_MEMBERS):
        if _starts_as_entry(path):
            label = path.relative_to(folder).as_posix()
            yield Source(label, ("", label), partial(_read, path, max_bytes))
    yield from program_sources(folder)


def at_address(url: str, max_bytes: int) -> Iterator[Source]:
    """Sealed files, ``*.phx``, below an address."""
    files, path = _file_system(url)
    for name in files.find(path)[:MAX_MEMBERS]:
        if name.endswith(_SUFFIX):
            yield Source(name, ("", name), partial(_fetch, files, name, max_bytes))


@contextmanager
def archive_at(url: str, max_bytes: int) -> Iterator[Path | None]:
    """A copy of the file at an address, or None where the address is a folder."""
    files, path = _file_system(url)
    if not files.isfile(path):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="phasic-") as place:
        copy, length = Path(place, "archive"), 0
        with files.open(path, "rb") as remote, copy.open("wb") as local:
            while chunk := remote.read(_CHUNK):
                length += len(chunk)
                if length > max_bytes:
                    raise ValueError(f"{path} is longer than {max_bytes} bytes")
                local.write(chunk)
        yield copy


def _file_system(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as problem:
        raise absent("reading from an address", "fsspec") from problem
    found: tuple[Any, str] = url_to_fs(url)
    return found


def _fetch(files: Any, name: str, max_bytes: int) -> bytes:
    size = files.size(name)
    if size is not None and size > max_bytes:
        raise DamagedError(f"{size} bytes are above the limit of {max_bytes}")
    with files.open(name, "rb") as file:
        data: bytes = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise DamagedError(f"it is longer than the limit of {max_bytes} bytes")
    return data


def _starts_as_entry(path: Path) -> bool:
    try:
        return _read(path, len(MAGIC), whole=False) == MAGIC
    except (OSError, DamagedError):
        return False


def _read(path: Path, max_bytes: int, whole: bool = True) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | _NO_LINKS)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise DamagedError("it is not a regular file")
        if whole and status.st_size > max_bytes:
            raise DamagedError(f"{status.st_size} bytes are above the limit of {max_bytes}")
        return file.read(max_bytes)
