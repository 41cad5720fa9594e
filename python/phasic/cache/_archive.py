"""Archives: sealed entries, one behind the other, in a file of which nothing is believed unchecked.

Layout, little endian::

    0   magic (8 bytes)
    8   format version u16, zero u16, number of members u32, length of all sealed entries u64
    24  members, each: stored length u64, length of the sealed entry u64, stored bytes

The stored bytes are the sealed entry, or a zlib stream of it where that is shorter. Members ascend strictly
by kind and key, so none occurs twice. There are no names, no links and no folders: an archive has no way to
speak of a place in the file system.
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ._entry import DamagedError, parse, read_header

MAGIC = b"\x89PHA\r\n\x1a\n"
VERSION = 1
MAX_MEMBERS = 20_000
MAX_RATIO = 64

_HEAD = struct.Struct("<8sHHIQ")
_LENGTHS = struct.Struct("<QQ")
_LEVEL = 6
_CHUNK = 1 << 20
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_OTHERS = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}


class ArchiveError(ValueError):
    """A ValueError: a file is no archive, or one of which nothing was taken; the message says why.

    Example:
        >>> from pathlib import Path
        >>> from phasic.cache import ArchiveError
        >>> size = Path("traces.phasic").write_text("no archive")
        >>> try:
        ...     phasic.CacheManager("cache").import_cache("traces.phasic")
        ... except ArchiveError as error:
        ...     print(error)
        this is no archive of phasic
    """


class Member(NamedTuple):
    """One entry of an archive, whose seal has been checked."""

    kind: str
    key: str
    metadata: dict[str, int]
    payload: bytes

    @property
    def name(self) -> str:
        """Kind and key with a slash between them."""
        return f"{self.kind}/{self.key}"


def member_of(sealed: bytes) -> Member:
    """The entry in sealed bytes; raises DamagedError unless its seal is right."""
    header = read_header(BytesIO(sealed))
    payload = bytes(parse(sealed, header.kind, header.key))
    return Member(header.kind, header.key, header.metadata, payload)


def write(path: Path, sealed: Iterable[bytes], *, compress: bool) -> tuple[int, int]:
    """Write sealed entries, which ascend by kind and key, to ``path``: whole, or not at all.

    Returns:
        Number of members and the length of all sealed entries.

    Raises:
        ValueError: for more than 20,000 entries, or if ``path`` is a file of another sort; it stays.
        OSError: if the file cannot be written.
    """
    _refuse_other_file(path)
    temporary = path.with_name(f".{path.name[:100]}.{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)
    try:
        count = total = 0
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(bytes(_HEAD.size))
            for entry in sealed:
                if count == MAX_MEMBERS:
                    raise ValueError(f"an archive holds at most {MAX_MEMBERS} entries; choose by pattern")
                stored = _packed(entry) if compress else entry
                stream.write(_LENGTHS.pack(len(stored), len(entry)))
                stream.write(stored)
                count, total = count + 1, total + len(entry)
            stream.seek(0)
            stream.write(_HEAD.pack(MAGIC, VERSION, 0, count, total))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return count, total


def open_archive(path: Path) -> BinaryIO:
    """Open a file to read an archive from; raises ArchiveError for a pipe, a device or a folder."""
    if path.is_dir():
        raise ArchiveError(f"{path} is a folder, not an archive")
    descriptor = os.open(path, os.O_RDONLY | _NO_WAIT)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ArchiveError(f"{path} is not a regular file")
    return os.fdopen(descriptor, "rb")


def members(stream: BinaryIO, max_bytes: int, max_member: int) -> Iterator[Member]:
    """The members of the archive at the start of ``stream``, each checked when it is reached.

    Memory stays below a few times the largest member that the file really holds.

    Args:
        stream: a regular file.
        max_bytes: how long all sealed entries may be together.
        max_member: how long one of them may be.

    Raises:
        ArchiveError: for the first thing that is wrong, at the latest behind the last member.
    """
    size = os.fstat(stream.fileno()).st_size
    stream.seek(0)
    count, total = _read_head(stream, size, max_bytes)
    used, previous = 0, ("", "")
    for number in range(1, count + 1):
        try:
            data = _read_member(stream, size, min(max_member, total - used))
            member = member_of(data)
        except (DamagedError, zlib.error) as problem:
            raise ArchiveError(f"member {number} of {count}: {problem}") from None
        if (member.kind, member.key) <= previous:
            raise ArchiveError(f"member {number} of {count} is out of order, or occurs twice")
        used, previous = used + len(data), (member.kind, member.key)
        yield member
    if used != total:
        raise ArchiveError(f"the members take {used} bytes, the archive states {total}")
    if stream.read(1):
        raise ArchiveError("there are bytes behind the last member")


def _read_head(stream: BinaryIO, size: int, max_bytes: int) -> tuple[int, int]:
    start = stream.read(_HEAD.size)
    if start[: len(MAGIC)] != MAGIC:
        raise ArchiveError(f"this is no archive of phasic{_hint(stream, start)}")
    if len(start) != _HEAD.size:
        raise ArchiveError("the archive is truncated")
    _, version, zero, count, total = _HEAD.unpack(start)
    if version != VERSION:
        raise ArchiveError(f"the archive is of format version {version}, this phasic reads {VERSION}")
    if zero:
        raise ArchiveError("reserved bytes of the head are in use")
    if count > MAX_MEMBERS:
        raise ArchiveError(f"the archive states {count} members, the limit is {MAX_MEMBERS}")
    if count * _LENGTHS.size > size - _HEAD.size:
        raise ArchiveError(f"the archive states {count} members and is too short for them")
    if total > max_bytes:
        raise ArchiveError(f"the archive states {total} bytes, the limit is {max_bytes}")
    return count, total


def _read_member(stream: BinaryIO, size: int, max_length: int) -> bytes:
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) != _LENGTHS.size:
        raise DamagedError("the archive is truncated")
    stored, length = _LENGTHS.unpack(lengths)
    if stored > size - stream.tell():
        raise DamagedError("the archive is truncated")
    if not 0 < stored <= length <= max_length:
        raise DamagedError(f"a length of {length} bytes, {stored} of them stored, is out of bounds")
    if length > MAX_RATIO * stored:
        raise DamagedError(f"{stored} bytes that become {length} are a bomb")
    data = stream.read(stored)
    if len(data) != stored:
        raise DamagedError("the archive is truncated")
    return data if stored == length else _unpacked(data, length)


def _packed(entry: bytes) -> bytes:
    """The entry compressed, or as it is where that saves nothing or so much that no reader takes it."""
    packed = zlib.compress(entry, _LEVEL)
    return packed if len(packed) < len(entry) <= MAX_RATIO * len(packed) else entry


def _unpacked(data: bytes, length: int) -> bytes:
    decoder, result = zlib.decompressobj(), bytearray()
    chunk = data
    while chunk and not decoder.eof:
        result += decoder.decompress(chunk, min(_CHUNK, length - len(result)) + 1)
        if len(result) > length:
            break
        chunk = decoder.unconsumed_tail
    if len(result) != length or not decoder.eof or decoder.unused_data:
        raise DamagedError("the compressed bytes are not those of one entry of the stated length")
    return bytes(result)


def _hint(stream: BinaryIO, start: bytes) -> str:
    stream.seek(0)
    if stream.read(262)[257:] == b"ustar":
        return ", but a tar archive; archives of older versions hold programs that phasic compiles again"
    for magic, name in _OTHERS.items():
        if start.startswith(magic):
            return f", but a {name} file; phasic compiles again what older archives hold"
    return ""


def _refuse_other_file(path: Path) -> None:
    try:
        with open_archive(path) as stream:
            start = stream.read(len(MAGIC))
    except FileNotFoundError:
        return
    if start and start != MAGIC:
        raise ValueError(f"{path} exists and is no archive of phasic; nothing was written")
