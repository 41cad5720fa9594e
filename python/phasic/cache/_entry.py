"""Sealed entries: bytes that say what they are and prove that nothing in them changed.

Layout, little endian::

    0    magic (8 bytes)
    8    format version u16, length of the kind u16, length of the metadata u32, length of the payload u64
    24   key (32 bytes)
    56   BLAKE2b-256 of the payload
    88   BLAKE2b-256 of bytes 0 to 88, the kind and the metadata
    120  kind (ASCII), metadata (JSON object of integers), payload

The digest of the header stands apart from that of the payload, so that a listing reads headers only. Digests
guard against accidents, not against someone who can write to the folder: the payload needs a validator of its
own.
"""

import re
import struct
from collections.abc import Mapping
from io import BytesIO
from typing import BinaryIO, NamedTuple

MAGIC = b"\x89PHC\r\n\x1a\n"
VERSION = 1
MAX_METADATA = 65536

_FIXED = struct.Struct("<8sHHIQ32s32s")
_DIGEST_SIZE = 32
_PREFIX = _FIXED.size + _DIGEST_SIZE
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_KEY = re.compile(r"[0-9a-f]{64}")
MAX_HEADER = _PREFIX + 32 + MAX_METADATA


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


def header_of(kind: str, key: str, payload: bytes, metadata: Mapping[str, int] | None = None) -> bytes:
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
        _digest(payload),
    )
    return fixed + _digest(fixed, name_bytes, metadata_bytes) + name_bytes + metadata_bytes


def seal(kind: str, key: str, payload: bytes, metadata: Mapping[str, int] | None = None) -> bytes:
    """Bytes of a sealed entry."""
    return header_of(kind, key, payload, metadata) + payload


def read_header(stream: BinaryIO) -> Header:
    """Read and check the header at the start of ``stream``; raises DamagedError."""
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
    kind, metadata = stream.read(kind_length), stream.read(metadata_length)
    if len(kind) != kind_length or len(metadata) != metadata_length:
        raise DamagedError("the header is truncated")
    if _digest(fixed, kind, metadata) != digest:
        raise DamagedError("the digest of the header does not match")
    return Header(_decode_kind(kind), key.hex(), _decode_metadata(metadata), payload_length, payload_digest)


def read(stream: BinaryIO, size: int, kind: str, key: str) -> bytes:
    """Payload of the entry in ``stream``, ``size`` bytes in all, that must be of ``kind`` and ``key``.

    Raises DamagedError if any field disagrees; nothing is allocated that is larger than ``size``.
    """
    header = read_header(stream)
    if (header.kind, header.key) != (kind, key):
        raise DamagedError(f"this is entry {header.kind}/{header.key}")
    if header.payload_length != size - stream.tell():
        raise DamagedError("the length of the payload does not match")
    payload = stream.read(header.payload_length)
    if len(payload) != header.payload_length or _digest(payload) != header.payload_digest:
        raise DamagedError("the digest of the payload does not match")
    return payload


def parse(data: bytes, kind: str, key: str) -> bytes:
    """Payload of the sealed entry ``data``; raises DamagedError if it is not exactly that entry."""
    return read(BytesIO(data), len(data), kind, key)


def _digest(*parts: bytes) -> bytes:
    import hashlib

    digest = hashlib.blake2b(digest_size=_DIGEST_SIZE)
    for part in parts:
        digest.update(part)
    return digest.digest()


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
