"""A look at everything around a cache that can go wrong: folder, disk, locks, versions, environment."""

import os
import platform
import shutil
import sqlite3
import stat
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from . import _jax_files, _paths, _programs
from ._aside import set_aside_in
from ._lock import file_lock
from ._manager import CacheManager

OK, NOTE, PROBLEM = "ok", "note", "problem"

_LOCK = "doctor.lock"
_LOCK_SECONDS = 1.0
_FREE_BYTES = 2 << 30
_FREE_SHARE = 0.05
_STALE_SECONDS = 3600.0
_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "afs",
    "9p",
    "glusterfs",
}
_PACKAGES = ("phasic", "jax", "jaxlib", "diskcache", "platformdirs", "fsspec")


class Finding(NamedTuple):
    """What was looked at, how it is (``ok``, ``note`` or ``problem``), and in words."""

    about: str
    state: str
    text: str


def examine(manager: CacheManager) -> list[Finding]:
    """Findings about a cache, in the order in which one would look; only a lock file is ever created."""
    found = list(_environment())
    root, problem = manager.path, manager.problem()
    if root is None or problem is not None:
        return [*found, Finding("folder", PROBLEM, str(problem)), *_around()]
    found += _folder(root)
    found += _disk(root)
    if _paths.is_ours(root):
        for look in (_lock, _stale):
            found.append(look(root))
        found.append(_index(manager))
    found.append(_programs_of(root))
    return [*found, *_around()]


def _environment() -> Iterator[Finding]:
    variables = _paths.variables()
    for name, value in variables.items():
        yield Finding("environment", NOTE, f"{name}={value}")
    if not variables:
        yield Finding("environment", OK, "no variable changes the cache")


def _folder(root: Path) -> Iterator[Finding]:
    if not os.path.exists(root):  # noqa: PTH110 - Path.exists raises where a folder must not be entered
        parent = _nearest(root)
        if os.access(parent, os.W_OK | os.X_OK):
            yield Finding("folder", OK, f"{root} does not exist yet and is made at the first store")
        else:
            yield Finding("folder", PROBLEM, f"{root} does not exist, and {parent} cannot be written")
        return
    status = root.stat()
    mode = stat.S_IMODE(status.st_mode)
    if not _paths.is_ours(root):
        yield Finding("folder", OK, f"{root} is empty")
    elif os.name == "posix" and mode & 0o077:
        yield Finding(
            "folder", NOTE, f"{root} has mode {mode:04o}: others see it; 'chmod 700' keeps it private"
        )
    else:
        yield Finding("folder", OK, f"{root}, owner {status.st_uid}, mode {mode:04o}")
    if not os.access(root, os.W_OK | os.X_OK):
        yield Finding("folder", PROBLEM, "it cannot be written: its entries are read, none are stored")


def _disk(root: Path) -> Iterator[Finding]:
    place = _nearest(root)
    kind = file_system(place)
    if kind in _NETWORK:
        yield Finding(
            "disk", NOTE, f"{kind} is a network file system; a folder on a local disk is faster and surer"
        )
    else:
        yield Finding("disk", OK, f"file system {kind or 'unknown'}")
    usage = shutil.disk_usage(place)
    free = f"{usage.free / (1 << 30):.1f} of {usage.total / (1 << 30):.1f} GiB free"
    scarce = usage.free < min(_FREE_BYTES, _FREE_SHARE * usage.total)
    yield Finding("disk", PROBLEM if scarce else OK, free)


def _nearest(root: Path) -> Path:
    return next(path for path in (root, *root.parents) if os.path.exists(path))  # noqa: PTH110 - Path.exists raises where a folder must not be entered


def file_system(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """Type of the file system that holds ``path``, or None where the system does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    best, kind = -1, None
    resolved = path.resolve()
    for line in lines:
        left, _, right = line.partition(" - ")
        fields, types = left.split(), right.split()
        if len(fields) < 5 or not types:
            continue
        point = Path(fields[4].replace("\\040", " "))
        if len(point.parts) > best and resolved.is_relative_to(point):
            best, kind = len(point.parts), types[0]
    return kind


def _lock(root: Path) -> Finding:
    start = time.monotonic()
    try:
        with file_lock(root / _LOCK, start + _LOCK_SECONDS):
            pass
        (root / _LOCK).unlink(missing_ok=True)
    except OSError as problem:
        return Finding("lock", PROBLEM, f"no lock can be had: {problem}")
    return Finding("lock", OK, f"had after {1e3 * (time.monotonic() - start):.1f} ms")


def _stale(root: Path) -> Finding:
    stale = [path for path in set_aside_in(root) if time.time() - path.lstat().st_mtime > _STALE_SECONDS]
    stale += _programs.leftovers(root / _paths.XLA)
    if stale:
        names = ", ".join(path.name for path in stale[:3])
        text = f"{len(stale)} of killed processes ({names}); 'phasic cache verify --repair' removes them"
        return Finding("leftovers", NOTE, text)
    return Finding("leftovers", OK, "none of killed processes")


def _index(manager: CacheManager) -> Finding:
    count = len(manager.entries())
    if not manager.healthy:
        return Finding("index", PROBLEM, "faults were met and logged; 'phasic cache verify' names them")
    return Finding("index", OK, f"{count} entries can be read")


def _programs_of(root: Path) -> Finding:
    chosen = _paths.jax_dir_of_user()
    if chosen is not None:
        return Finding("jax", NOTE, f"programs go to {chosen}, named by JAX_COMPILATION_CACHE_DIR")
    count = len(_programs.files(root / _paths.XLA))
    folders = {path.parent.name for path in _jax_files.entries(root / _paths.XLA)}
    return Finding("jax", OK, f"{count} programs in {len(folders)} folders below {root / _paths.XLA}")


def _around() -> Iterator[Finding]:
    for folder in _paths.older_folders():
        yield Finding("older", NOTE, f"{folder} is of an older version; it is never read and can be deleted")
    yield Finding(
        "versions", OK, f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {sys.platform}"
    )
    yield Finding("versions", OK, ", ".join(_versions()))


def _versions() -> Iterator[str]:
    for name in _PACKAGES:
        try:
            yield f"{name} {_version_of(name)}"
        except PackageNotFoundError:
            yield f"{name} not installed"


def _version_of(name: str, look_up: Callable[[str], str] = version) -> str:
    if name == "phasic":
        from phasic._core import __version__

        return __version__
    return look_up(name)
