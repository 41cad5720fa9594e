"""Reading value files: small ones into memory, large private ones where they lie, by a map.

A map is safe because a value file is never written to once it is complete: it is replaced by another file,
or unlinked, and its bytes stay as long as anyone looks at them. A file that another user could write to is
copied instead.
"""

import errno
import mmap
import os
import stat
import sys
import time
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO

from ._entry import DamagedError, Entry, check_digest, expect, read, read_header

NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
MAP_BYTES = 4 << 20
#: A file may change within one tick of the clock of its file system without a change of its times.
_TICK_NS = 100_000_000
_REMEMBERED = 4096
_POSIX = os.name == "posix"

_Stamp = tuple[int, int, int]
_verified: OrderedDict[tuple[int, int], _Stamp] = OrderedDict()


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading; links, pipes and devices are refused with DamagedError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | NO_LINKS)
    except FileNotFoundError:
        raise
    except OSError as problem:
        if os.path.islink(path) or not os.path.isfile(path):  # noqa: PTH113, PTH114 - Path raises where a folder must not be entered
            raise DamagedError(f"{path} is not a regular file") from problem
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DamagedError(f"{path} is not a regular file")
    return os.fdopen(descriptor, "rb")


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk itself, where the file system does so for folders."""
    if not _POSIX:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        if problem.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def load(file: BinaryIO, kind: str, key: str) -> Entry:
    """The entry in an open file, checked; raises DamagedError and OSError.

    The digest of a mapped payload is computed once in a process for each (device, inode, size, times of
    change); the header is checked every time.
    """
    status = os.fstat(file.fileno())
    if status.st_size < MAP_BYTES or not _private(status):
        return read(file, status.st_size, kind, key)
    header = read_header(file)
    start = file.tell()
    expect(header, kind, key, status.st_size - start)
    payload = memoryview(_map(file))[start:]
    identity = status.st_dev, status.st_ino
    stamp = status.st_size, status.st_mtime_ns, status.st_ctime_ns
    if _verified.get(identity) != stamp:
        check_digest(header, payload)
        if time.time_ns() - max(stamp[1:]) > _TICK_NS:
            _remember(identity, stamp)
    return Entry(payload, header.metadata)


def _private(status: os.stat_result) -> bool:
    """Whether only this user can change the file; not where an open map keeps a file from being removed."""
    return _POSIX and status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _map(file: BinaryIO) -> mmap.mmap:
    if sys.version_info >= (3, 13):
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ, trackfd=False)
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _remember(identity: tuple[int, int], stamp: _Stamp) -> None:
    _verified[identity] = stamp
    while len(_verified) > _REMEMBERED:
        _verified.popitem(last=False)
