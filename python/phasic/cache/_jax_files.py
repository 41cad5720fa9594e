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

from ._entry import DamagedError, parse, seal
from ._paths import jax_files

MAX_FILES = 4000
MAX_BYTES = 4 << 30

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_CHUNK = 1 << 20
_SEEN = ".decoded"
_SEEN_KIND = "xla-decoded"


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

    Entries that decoded are remembered by size and time of change, so that the next call skips them. Returns
    how many were removed.
    """
    seen = _read_seen(folder)
    decoded: dict[str, list[int]] = {}
    removed = 0
    deadline = time.monotonic() + seconds
    for path, status in _by_age(_scan(folder), newest_first=True):
        mark = [status.st_size, status.st_mtime_ns]
        if seen.get(path.name) == mark:
            decoded[path.name] = mark
        elif time.monotonic() <= deadline:
            with suppress(OSError):
                if decodes(path):
                    decoded[path.name] = mark
                else:
                    path.unlink()
                    removed += 1
    if decoded != seen:
        _write_seen(folder, decoded)
    return removed


def prune(
    root: Path, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES, changed_before: float = 0.0
) -> int:
    """Remove entries in the sub-folders of ``root`` changed before a time, then the oldest above a limit.

    Returns how many were removed.
    """
    files = _by_age(entries(root))
    count, used, removed = len(files), sum(status.st_size for _, status in files), 0
    for path, status in files:
        if count <= max_files and used <= max_bytes and status.st_mtime >= changed_before:
            break
        with suppress(OSError):
            path.unlink()
            removed += 1
        count -= 1
        used -= status.st_size
    return removed


def entries(root: Path) -> list[Path]:
    """Files of JAX's cache in the sub-folders of ``root``; links are not followed."""
    return [path for folder in _folders(root) for path in _scan(folder)]


def clear(root: Path) -> int:
    """Remove all entries in the sub-folders of ``root`` and what is remembered of them; how many.

    The folders stay, because a running JAX writes into them.
    """
    removed = 0
    for path in entries(root):
        with suppress(OSError):
            path.unlink()
            removed += 1
    for folder in _folders(root):
        with suppress(OSError):
            _seen_path(folder).unlink()
    return removed


def _folders(root: Path) -> list[Path]:
    if root.is_symlink():
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


def _seen_path(folder: Path) -> Path:
    return folder / _SEEN


def _seen_key(folder: Path) -> str:
    import hashlib

    return hashlib.blake2b(folder.name.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def _read_seen(folder: Path) -> dict[str, list[int]]:
    import json

    path = _seen_path(folder)
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return {}
        found = json.loads(parse(path.read_bytes(), _SEEN_KIND, _seen_key(folder)))
    except (OSError, ValueError, DamagedError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_seen(folder: Path, decoded: dict[str, list[int]]) -> None:
    import json

    data = seal(_SEEN_KIND, _seen_key(folder), json.dumps(decoded).encode())
    temporary = folder / f"{_SEEN}-{os.urandom(4).hex()}"
    with suppress(OSError):
        try:
            temporary.write_bytes(data)
            temporary.replace(_seen_path(folder))
        except OSError:
            temporary.unlink()
