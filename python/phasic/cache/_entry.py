"""Sealed entries: bytes that say what they are and prove that nothing in them changed.

Layout, little endian::

    0    magic (8 bytes)
    8    format version u16, length of the kind u16, length of the metadata u32, length of the payload u64
    24   key (32 bytes)
    56   BLAKE3-256 of the payload
    88   BLAKE3-256 of bytes 0 to 88 followed by bytes 120 to the payload
    120  kind (ASCII), metadata (JSON object of integers), zeros up to a multiple of 64
    64 k payload, to the end

The digest of the header stands apart from that of the payload, so that a listing reads headers only, and the
payload is aligned, so that a mapped file is used where it lies. Digests guard against accidents, not against
someone who can write to the folder: the payload needs a validator of its own.
"""

import re
import struct
from collections.abc import Mapping
from io import BytesIO
from typing import BinaryIO, NamedTuple

from phasic import _core

MAGIC = b"\x89PHC\r\n\x1a\n"
VERSION = 2
ALIGNMENT = 64
#: What computing the payload took, in the metadata of entries that say so.
MICROSECONDS = "compute_microseconds"
#: What took at least this long to compute is written to the disk itself before it counts as stored.
DEAR_SECONDS = 1.0
MAX_METADATA = 65536

_FIXED = struct.Struct("<8sHHIQ32s32s")
_DIGEST_SIZE = 32
_PREFIX = _FIXED.size + _DIGEST_SIZE
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_KEY = re.compile(r"[0-9a-f]{64}")
MAX_HEADER = _PREFIX + 32 + MAX_METADATA + ALIGNMENT

#: Bytes of a payload: a copy, or a view of a mapped file.
Payload = bytes | memoryview


class DamagedError(Exception):
    """Bytes that are no entry, or not the entry that was asked for."""


class OtherVersionError(DamagedError):
    """An entry of another format version: unreadable here, and not ours to delete."""


class Header(NamedTuple):
    """What an entry says about itself, checked against the digest of the header."""

    kind: str
    key: str
    metadata: dict[str, int]
    payload_length: int
    payload_digest: bytes


class Entry(NamedTuple):
    """A payload that has been checked, and its metadata."""

    payload: Payload
    metadata: dict[str, int]

    @property
    def seconds(self) -> float:
        """What computing the payload took, 0 if the entry does not say."""
        return seconds_of(self.metadata)


def check_key(key: str) -> str:
    """Return ``key`` if it is 64 lower-case hexadecimal digits, else raise ValueError."""
    if not isinstance(key, str) or _KEY.fullmatch(key) is None:
        raise ValueError(f"key must be 64 lower-case hexadecimal digits, got {key!r}")
    return key


def check_kind(kind: str) -> str:
    """Return ``kind`` if it is a lower-case name of at most 32 characters, else raise ValueError."""
    if not isinstance(kind, str) or _KIND.fullmatch(kind) is None:
        raise ValueError(f"kind must be a lower-case name of at most 32 characters, got {kind!r}")
    return kind


def with_seconds(metadata: Mapping[str, int] | None, seconds: float | None) -> dict[str, int]:
    """Metadata that also say what computing the payload took; raises ValueError for a bad number."""
    pairs = dict(metadata or {})
    if seconds is not None:
        if not 0 <= seconds < 1e12:
            raise ValueError(f"seconds must be a number of seconds, got {seconds!r}")
        pairs[MICROSECONDS] = round(seconds * 1e6)
    return pairs


def seconds_of(metadata: Mapping[str, int]) -> float:
    """What computing the payload took, from metadata, 0 if they do not say."""
    return min(max(metadata.get(MICROSECONDS, 0), 0), 10**18) / 1e6


def header_of(kind: str, key: str, payload: Payload, metadata: Mapping[str, int] | None = None) -> bytes:
    """Header that makes a sealed entry of ``payload``; raises ValueError for metadata that do not fit."""
    import json

    pairs = dict(metadata or {})
    for name, value in pairs.items():
        if not isinstance(name, str) or type(value) is not int:
            raise ValueError(f"metadata must map names to integers, got {name!r}: {value!r}")
    name_bytes = check_kind(kind).encode("ascii")
    metadata_bytes = json.dumps(pairs, sort_keys=True, separators=(",", ":")).encode("utf-8")
    if len(metadata_bytes) > MAX_METADATA:
        raise ValueError(f"metadata take {len(metadata_bytes)} bytes, the limit is {MAX_METADATA}")
    fixed = _FIXED.pack(
        MAGIC,
        VERSION,
        len(name_bytes),
        len(metadata_bytes),
        len(payload),
        bytes.fromhex(check_key(key)),
        _core.blake3(payload),
    )
    rest = name_bytes + metadata_bytes + bytes(_padding(len(name_bytes) + len(metadata_bytes)))
    return fixed + _core.blake3(fixed + rest) + rest


def seal(kind: str, key: str, payload: Payload, metadata: Mapping[str, int] | None = None) -> bytes:
    """Bytes of a sealed entry."""
    return b"".join((header_of(kind, key, payload, metadata), payload))


def read_header(stream: BinaryIO) -> Header:
    """Read and check the header at the start of ``stream``, up to the payload; raises DamagedError."""
    prefix = stream.read(_PREFIX)
    if len(prefix) != _PREFIX:
        raise DamagedError(f"{len(prefix)} bytes are too few for a header")
    fixed, digest = prefix[: _FIXED.size], prefix[_FIXED.size :]
    magic, version, kind_length, metadata_length, payload_length, key, payload_digest = _FIXED.unpack(fixed)
    if magic != MAGIC:
        raise DamagedError("the first bytes are not those of an entry")
    if version != VERSION:
        raise OtherVersionError(f"format version {version}, this is {VERSION}")
    if kind_length > 32 or metadata_length > MAX_METADATA:
        raise DamagedError("a length in the header is out of bounds")
    length = kind_length + metadata_length
    rest = stream.read(length + _padding(length))
    if len(rest) != length + _padding(length):
        raise DamagedError("the header is truncated")
    if _core.blake3(fixed + rest) != digest:
        raise DamagedError("the digest of the header does not match")
    if any(rest[length:]):
        raise DamagedError("the header is not padded with zeros")
    kind, metadata = _decode_kind(rest[:kind_length]), _decode_metadata(rest[kind_length:length])
    return Header(kind, key.hex(), metadata, payload_length, payload_digest)


def expect(header: Header, kind: str, key: str, payload_length: int) -> None:
    """Raise DamagedError unless the header is that of the entry asked for, with that much after it."""
    if (header.kind, header.key) != (kind, key):
        raise DamagedError(f"this is entry {header.kind}/{header.key}")
    if header.payload_length != payload_length:
        raise DamagedError("the length of the payload does not match")


def check_digest(header: Header, payload: Payload) -> None:
    """Raise DamagedError unless the payload is the one that was sealed."""
    if len(payload) != header.payload_length or _core.blake3(payload) != header.payload_digest:
        raise DamagedError("the digest of the payload does not match")


def read(stream: BinaryIO, size: int, kind: str, key: str) -> Entry:
    """The entry in ``stream``, ``size`` bytes in all, that must be of ``kind`` and ``key``.

    Raises DamagedError if any field disagrees; nothing is allocated that is larger than ``size``.
    """
    header = read_header(stream)
    expect(header, kind, key, size - stream.tell())
    payload = stream.read(header.payload_length)
    check_digest(header, payload)
    return Entry(payload, header.metadata)


def parse_entry(data: bytes, kind: str, key: str) -> Entry:
    """The sealed entry ``data``; raises DamagedError if it is not exactly that entry."""
    return read(BytesIO(data), len(data), kind, key)


def parse(data: bytes, kind: str, key: str) -> bytes:
    """Payload of the sealed entry ``data``; raises DamagedError if it is not exactly that entry."""
    return bytes(parse_entry(data, kind, key).payload)


def _padding(length: int) -> int:
    """Zeros between a kind and metadata of this length and the payload."""
    return -(_PREFIX + length) % ALIGNMENT


def _decode_kind(data: bytes) -> str:
    try:
        return check_kind(data.decode("ascii"))
    except ValueError as problem:
        raise DamagedError(str(problem)) from None


def _decode_metadata(data: bytes) -> dict[str, int]:
    import json

    try:
        pairs = json.loads(data)
    except (ValueError, RecursionError) as problem:
        raise DamagedError(f"the metadata cannot be read: {problem}") from None
    if not isinstance(pairs, dict) or any(type(value) is not int for value in pairs.values()):
        raise DamagedError("the metadata are not integers by name")
    return pairs
