"""Sealed entries and archives read by the pages of the documentation alone: the standard library, no phasic.

    python tests/reference/entry_reader.py FILE...

Prints what each entry says about itself; ends with an error for anything that a page forbids.
"""

import hashlib
import json
import struct
import sys
import zlib
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]
from blake3 import blake3  # noqa: E402 - beside this file, wherever it is run

ENTRY_MAGIC = b"\x89PHC\r\n\x1a\n"
ARCHIVE_MAGIC = b"\x89PHA\r\n\x1a\n"


class FormatError(Exception):
    """Bytes that are not what the documentation describes."""


def require(condition, reason):
    """Raise FormatError unless the condition holds."""
    if not condition:
        raise FormatError(reason)


def blake2b(*parts):
    """BLAKE2b-256 of the parts, one behind the other."""
    return hashlib.blake2b(b"".join(parts), digest_size=32).digest()


def read_entry(data):
    """(kind, key, metadata, payload) of a sealed entry."""
    require(len(data) >= 120, "too short for a header")
    magic, version, kind_length, metadata_length, payload_length = struct.unpack("<8sHHIQ", data[:24])
    require(magic == ENTRY_MAGIC, "magic")
    require(version == 2, "version")
    key, of_payload, of_header = data[24:56], data[56:88], data[88:120]
    names_end = 120 + kind_length + metadata_length
    start = -(-names_end // 64) * 64
    require(len(data) == start + payload_length, "length")
    kind, metadata, payload = data[120 : 120 + kind_length], data[120 + kind_length : names_end], data[start:]
    require(not any(data[names_end:start]), "gap")
    require(blake3(data[:88], data[120:start]) == of_header, "digest of the header")
    require(blake3(payload) == of_payload, "digest of the payload")
    pairs = json.loads(metadata)
    require(all(type(value) is int for value in pairs.values()), "metadata")
    return kind.decode("ascii"), key.hex(), pairs, payload


def read_archive(data):
    """The sealed entries of an archive."""
    require(len(data) >= 24, "too short for a head")
    magic, version, zero, count, total = struct.unpack("<8sHHIQ", data[:24])
    require(magic == ARCHIVE_MAGIC, "magic")
    require(version == 1 and zero == 0, "version")
    require(count <= 20_000, "number of members")
    at, entries = 24, []
    for _ in range(count):
        stored, length = struct.unpack("<QQ", data[at : at + 16])
        require(0 < stored <= length <= 64 * stored, "lengths")
        packed = data[at + 16 : at + 16 + stored]
        require(len(packed) == stored, "truncated")
        entries.append(packed if stored == length else zlib.decompress(packed))
        require(len(entries[-1]) == length, "length of a member")
        at += 16 + stored
    require(at == len(data), "bytes behind the end")
    require(sum(map(len, entries)) == total, "total")
    names = [read_entry(entry)[:2] for entry in entries]
    require(names == sorted(set(names)), "order")
    return entries


def main(paths):
    """Print kind, key, metadata and length of the payload of every entry."""
    for path in paths:
        data = Path(path).read_bytes()
        for entry in read_archive(data) if data.startswith(ARCHIVE_MAGIC) else [data]:
            kind, key, metadata, payload = read_entry(entry)
            sys.stdout.write(f"{kind}/{key} {json.dumps(metadata)} {len(payload)} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
