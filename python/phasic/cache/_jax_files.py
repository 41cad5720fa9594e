"""Files of JAX's compilation cache, looked after without JAX: damage, and their number and size.

JAX writes an entry in place, never repairs one, and its own size limit can block every later write. So
entries that do not decode are removed before JAX sees them, and the oldest ones are removed above a limit.
"""

import functools
import os
import stat
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from ._entry import DamagedError, parse, seal
from ._paths import is_link, jax_files

MAX_FILES = 4000
MAX_BYTES = 4 << 30

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_CHUNK = 1 << 20
_START = 1 << 12
_DIGESTED = 8 << 20
_MANIFEST = ".manifest"
_MANIFEST_KIND = "xla-manifest"

#: Size, time of change in nanoseconds, and digest of a file.
Listed = list[Any]


def folder_name(jaxlib_version: str) -> str:
    """Folder name for executables that only this jaxlib, Python and CPU may load."""
    import sysconfig

    minor = f"py{sys.version_info.major}.{sys.version_info.minor}"
    return f"{jaxlib_version}-{minor}-{sysconfig.get_platform()}-{cpu_digest()}"


@functools.cache
def cpu_digest() -> str:
    """Sixteen hexadecimal digits that name the instruction set extensions of this CPU."""
    import hashlib
    import platform

    features = [platform.machine(), platform.processor()]
    with suppress(OSError), Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name.strip() in {"flags", "Features"}:
                features += sorted(value.split())
                break
    return hashlib.blake2b("\n".join(features).encode(), digest_size=8).hexdigest()


def decodes(path: Path) -> bool:
    """Whether ``path`` is a regular file that holds a complete compressed entry of JAX's cache.

    A zlib entry is decompressed to its end, where its checksum is compared. A zstd entry is decompressed
    where this Python can do so; it has no checksum, so only truncation and a broken frame are noticed.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        return False
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        if start == _ZSTD_MAGIC:
            return _decodes_zstd(file.read())
        if len(start) < 2 or start[0] != 0x78 or int.from_bytes(start[:2], "big") % 31:
            return False
        return _decodes_zlib(functools.partial(file.read, _CHUNK))


def remove_undecodable(folder: Path, seconds: float) -> int:
    """Remove the entries directly in ``folder`` that do not decode, newest first, for at most ``seconds``.

    A manifest lists size, time of change and digest of each entry that decoded. A listed one is not decoded
    again: its digest is compared, or, beyond the newest 8 MiB, its size and time of change. Returns how many
    were removed.
    """
    listed = _read_manifest(folder)
    good, bad = _examined(folder, listed, seconds)
    removed = 0
    for path in bad:
        with suppress(OSError):
            path.unlink()
            removed += 1
    if good != listed:
        _write_manifest(folder, good)
    return removed


def undecodable(folder: Path, seconds: float) -> list[Path]:
    """What ``remove_undecodable`` would remove; nothing is written."""
    return _examined(folder, _read_manifest(folder), seconds)[1]


def _examined(
    folder: Path, listed: dict[str, Listed], seconds: float
) -> tuple[dict[str, Listed], list[Path]]:
    """What to list of the good entries in ``folder``, as far as time allows, and the bad ones."""
    good: dict[str, Listed] = {}
    bad = []
    budget, deadline = _DIGESTED, time.monotonic() + seconds
    for path, status in _by_age(_scan(folder), newest_first=True):
        known = listed.get(path.name)
        same = known is not None and known[:2] == [status.st_size, status.st_mtime_ns]
        budget -= status.st_size
        if known is not None and same and budget < 0:
            good[path.name] = known
        elif time.monotonic() <= deadline:
            with suppress(OSError):
                found = _checked(path, status, known)
                if found is not None:
                    good[path.name] = found
                else:
                    bad.append(path)
        elif known is not None and same:
            good[path.name] = known
    return good, bad


def _checked(path: Path, status: os.stat_result, known: Listed | None) -> Listed | None:
    """What to list of an entry, or None if it is not what was listed, or was not listed and does not decode.

    An entry of another size or time than listed may be a whole one that took its place, so it is decoded.
    """
    digest = _digest(path)
    listed: Listed = [status.st_size, status.st_mtime_ns, digest]
    if known is not None and known[2] == digest:
        return listed
    if known is not None and known[:2] == listed[:2]:
        return None
    return listed if decodes(path) else None


def _digest(path: Path) -> str:
    """BLAKE2b of a regular file; empty for anything else."""
    import hashlib

    if not stat.S_ISREG(path.lstat().st_mode):
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def compile_seconds(path: Path) -> int | None:
    """Whole seconds that the entry at ``path`` took to compile, or None if it is not compressed by zlib.

    They are the first four bytes of what is compressed.
    """
    try:
        with path.open("rb") as file:
            start = zlib.decompressobj().decompress(file.read(_START), 4)
    except (OSError, zlib.error):
        return None
    return int.from_bytes(start, "big") if len(start) == 4 else None


def prune(
    root: Path, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES, changed_before: float = 0.0
) -> int:
    """Remove entries in the sub-folders of ``root`` changed before a time, then the oldest above a limit.

    Returns how many were removed.
    """
    removed = 0
    for path, _ in doomed(root, max_files=max_files, max_bytes=max_bytes, changed_before=changed_before):
        with suppress(OSError):
            path.unlink()
            removed += 1
    return removed


def doomed(
    root: Path, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES, changed_before: float = 0.0
) -> list[tuple[Path, int]]:
    """Files that ``prune`` removes, and their sizes in bytes."""
    files = _by_age(entries(root))
    count, used = len(files), sum(status.st_size for _, status in files)
    found = []
    for path, status in files:
        if count <= max_files and used <= max_bytes and status.st_mtime >= changed_before:
            break
        found.append((path, status.st_size))
        count -= 1
        used -= status.st_size
    return found


def entries(root: Path) -> list[Path]:
    """Files of JAX's cache in the sub-folders of ``root``; links are not followed."""
    return [path for folder in folders(root) for path in _scan(folder)]


def clear(root: Path) -> int:
    """Remove all entries in the sub-folders of ``root`` and what is remembered of them; how many.

    The folders stay, because a running JAX writes into them.
    """
    removed = 0
    for path in entries(root):
        with suppress(OSError):
            path.unlink()
            removed += 1
    for folder in folders(root):
        with suppress(OSError):
            _manifest_path(folder).unlink()
    return removed


def folders(root: Path) -> list[Path]:
    """Sub-folders of ``root``, no links; none where that cannot be told."""
    if is_link(root):
        return []
    try:
        with os.scandir(root) as found:
            return [Path(e.path) for e in found if e.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _scan(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in jax_files(folder)]


def _by_age(paths: list[Path], newest_first: bool = False) -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in paths:
        with suppress(OSError):
            found.append((path, path.lstat()))
    return sorted(found, key=lambda item: item[1].st_mtime_ns, reverse=newest_first)


def _decodes_zlib(read: Callable[[], bytes]) -> bool:
    decoder, length = zlib.decompressobj(), 0
    try:
        while not decoder.eof:
            chunk = decoder.unconsumed_tail or read()
            if not chunk:
                return False
            length += len(decoder.decompress(chunk, _CHUNK))
    except zlib.error:
        return False
    return length > 4 and not decoder.unused_data and not read()


def _decodes_zstd(data: bytes) -> bool:
    module = _zstd()
    if module is None:
        return len(data) > 4
    try:
        return len(module.decompress(data)) > 4
    except (getattr(module, "ZstdError", ValueError), ValueError, EOFError, MemoryError):
        return False


def _zstd() -> ModuleType | None:
    with suppress(ImportError):
        return __import__("compression.zstd", fromlist=["zstd"])
    with suppress(ImportError):
        return __import__("zstandard")
    return None


def _manifest_path(folder: Path) -> Path:
    return folder / _MANIFEST


def _manifest_key(folder: Path) -> str:
    import hashlib

    return hashlib.blake2b(folder.name.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def _read_manifest(folder: Path) -> dict[str, Listed]:
    import json

    path = _manifest_path(folder)
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return {}
        found = json.loads(parse(path.read_bytes(), _MANIFEST_KIND, _manifest_key(folder)))
    except (OSError, ValueError, DamagedError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: each for name, each in found.items() if isinstance(each, list) and len(each) == 3}


def _write_manifest(folder: Path, good: dict[str, Listed]) -> None:
    import json

    data = seal(_MANIFEST_KIND, _manifest_key(folder), json.dumps(good).encode())
    temporary = folder / f"{_MANIFEST}-{os.urandom(4).hex()}"
    with suppress(OSError):
        try:
            temporary.write_bytes(data)
            temporary.replace(_manifest_path(folder))
        except OSError:
            temporary.unlink()
