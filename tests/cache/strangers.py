"""Archives written byte by byte, as a stranger would, without the code that they are to fool."""

import io
import struct
import tarfile
import zipfile
import zlib

from phasic.cache import _entry

HEAD = struct.Struct("<8sHHIQ")
LENGTHS = struct.Struct("<QQ")
MAGIC = b"\x89PHA\r\n\x1a\n"


def archive(*sealed, count=None, total=None, version=1, zero=0, magic=MAGIC, tail=b""):
    """An archive of these sealed entries, uncompressed, with as many lies in its head as wanted."""
    count = len(sealed) if count is None else count
    total = sum(map(len, sealed)) if total is None else total
    head = HEAD.pack(magic, version, zero, count, total)
    return head + b"".join(LENGTHS.pack(len(entry), len(entry)) + entry for entry in sealed) + tail


def packed(stored, length, *, total=None):
    """An archive of one member with these stored bytes, said to become ``length`` bytes."""
    head = HEAD.pack(MAGIC, 1, 0, 1, length if total is None else total)
    return head + LENGTHS.pack(len(stored), length) + stored


def bomb(length):
    """One sealed entry of zeros, compressed: about a thousandth of its length."""
    entry = _entry.seal("trace", "0" * 64, bytes(length))
    return packed(zlib.compress(entry, 9), len(entry))


def tar(change=None, *, data=b"payload", name="xla/folder/file", compressed=False, fmt=tarfile.PAX_FORMAT):
    """A tar archive of one file, after ``change`` has had its way with the member."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz" if compressed else "w", format=fmt) as file:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        if change is not None:
            change(member)
        file.addfile(member, io.BytesIO(data) if member.isreg() else None)
    return stream.getvalue()


def of_type(kind, link=""):
    """A change that makes a member of another type."""

    def change(member):
        member.type, member.linkname, member.size = kind, link, 0

    return change


def with_pax(**headers):
    """A change that gives a member extended headers."""

    def change(member):
        member.pax_headers = headers

    return change


def zipped(name):
    """A zip archive of one file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr(name, b"payload")
    return stream.getvalue()
