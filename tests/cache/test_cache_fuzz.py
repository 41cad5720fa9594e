"""Arbitrary and altered bytes: the readers of entries and archives refuse them, and take little memory."""

import struct
import tempfile
import tracemalloc
import zlib
from collections.abc import Callable
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from phasic import _core
from phasic.cache._archive import ArchiveError, Member, members
from phasic.cache._entry import MAX_METADATA, DamagedError, Entry, Header, parse_entry, read_header, seal

KEYS = [digit * 64 for digit in "0a"]
SEALED = [seal("state", key, b"payload" * 30, {"length": 210}) for key in KEYS]
LIMIT = 1 << 20
#: A reader may hold a few copies of its input. Metadata, at most 64 KiB, become objects of up to 40 bytes
#: for each byte; a buffer of zlib and the frames take the rest.
COPIES, OVERHEAD = 4, 40 * MAX_METADATA + (1 << 19)

fuzzed = settings(max_examples=400, deadline=None, derandomize=True)
Edit = tuple[int, int, bytes]
edits = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 8), st.binary(max_size=8)), min_size=1, max_size=4
)
lengths = st.one_of(st.integers(0, 300), st.sampled_from([2**16, 2**31, 2**32 - 1, 2**63, 2**64 - 1]))


def edited(data: bytes, changes: list[Edit]) -> bytes:
    """``data`` with stretches replaced by others, which may be shorter or longer."""
    for start, length, replacement in changes:
        at = start % (len(data) + 1)
        data = data[:at] + replacement + data[at + length :]
    return data


def archive(packed: list[bytes], lengths: list[tuple[int, int]], count: int, total: int) -> bytes:
    head = struct.pack("<8sHHIQ", b"\x89PHA\r\n\x1a\n", 1, 0, count, total)
    parts = [struct.pack("<QQ", *pair) + data for pair, data in zip(lengths, packed, strict=True)]
    return head + b"".join(parts)


PACKED = [SEALED[0], zlib.compress(SEALED[1])]
LENGTHS = [(len(data), len(entry)) for data, entry in zip(PACKED, SEALED, strict=True)]
ARCHIVE = archive(PACKED, LENGTHS, 2, sum(map(len, SEALED)))


def entry_of(data: bytes) -> tuple[Header, Entry] | None:
    """What an entry reader makes of bytes, or None; any other exception than DamagedError is a failure."""
    try:
        header = read_header(BytesIO(data))
        return header, parse_entry(data, header.kind, header.key)
    except DamagedError:
        return None


def members_of(data: bytes) -> list[Member] | None:
    """What the archive reader makes of bytes, or None; any other exception than ArchiveError is a failure."""
    with tempfile.TemporaryFile() as stream:
        stream.write(data)
        stream.flush()
        try:
            return list(members(stream, LIMIT, LIMIT))
        except ArchiveError:
            return None


def frugal(read: Callable[[bytes], object], data: bytes, held: int) -> object:
    """What ``read`` makes of ``data``, if it takes no more than a few times ``held`` bytes of memory."""
    tracemalloc.start()
    try:
        result = read(data)
        assert tracemalloc.get_traced_memory()[1] <= COPIES * held + OVERHEAD
    finally:
        tracemalloc.stop()
    return result


def test_what_is_altered_here_is_read_unaltered() -> None:
    assert entry_of(SEALED[0]) is not None
    assert [member.key for member in members_of(ARCHIVE) or []] == KEYS


@given(data=st.binary(max_size=1000))
@fuzzed
def test_arbitrary_bytes_are_no_entry(data: bytes) -> None:
    assert frugal(entry_of, data, len(data)) is None


@given(changes=edits)
@fuzzed
def test_an_altered_entry_is_no_entry(changes: list[Edit]) -> None:
    data = edited(SEALED[0], changes)
    assert (frugal(entry_of, data, len(data)) is not None) == (data == SEALED[0])


@given(kind=st.binary(max_size=33), metadata=st.binary(max_size=60), length=lengths, stated=lengths)
@fuzzed
def test_a_header_with_the_right_digest_is_read_or_damaged(
    kind: bytes, metadata: bytes, length: int, stated: int
) -> None:
    data = with_digest(kind, metadata, length, stated)
    frugal(entry_of, data, len(data))


@given(
    opening=st.sampled_from([b"[", b'{"a":', b"[[],", b"1", b'"\\ud800', b"-", b"\xff\xfe", b"[1,"]),
    count=st.sampled_from([1, 1000, 5000, MAX_METADATA // 6]),
)
@settings(deadline=None, derandomize=True)
def test_long_metadata_with_the_right_digest_are_read_or_damaged(opening: bytes, count: int) -> None:
    data = with_digest(b"state", opening * count, 0, None)
    frugal(entry_of, data, len(data))


@given(data=st.binary(max_size=1000))
@fuzzed
def test_arbitrary_bytes_are_no_archive(data: bytes) -> None:
    assert frugal(members_of, data, len(data)) is None


@given(changes=edits)
@fuzzed
def test_an_altered_archive_holds_the_same_or_is_refused(changes: list[Edit]) -> None:
    data = edited(ARCHIVE, changes)
    assert frugal(members_of, data, len(data) + sum(map(len, SEALED))) in (None, members_of(ARCHIVE))


@given(
    packed=st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(PACKED)), max_size=3),
    stated=st.lists(st.tuples(lengths, lengths), min_size=3, max_size=3),
    count=st.one_of(st.integers(0, 4), st.just(2**32 - 1)),
    total=lengths,
)
@fuzzed
def test_an_archive_with_any_lengths_is_read_or_refused(
    packed: list[bytes], stated: list[tuple[int, int]], count: int, total: int
) -> None:
    data = archive(packed, stated[: len(packed)], count, total)
    frugal(members_of, data, len(data) + sum(map(len, SEALED)))


@given(inside=st.binary(max_size=200), repeats=st.sampled_from([1, 100, 4000]), off=st.integers(-2, 2))
@fuzzed
def test_a_compressed_member_takes_what_it_may_become(inside: bytes, repeats: int, off: int) -> None:
    packed = zlib.compress(inside * repeats)
    length = len(inside) * repeats + off
    if length >= 0:
        frugal(
            members_of, archive([packed], [(len(packed), length)], 1, length), min(length, 64 * len(packed))
        )


def with_digest(kind: bytes, metadata: bytes, length: int, stated: int | None) -> bytes:
    """An entry whose digests are right, whatever its fields are; ``stated`` is a length of the payload."""
    payload = bytes(min(length, 300))
    fields = (len(kind), len(metadata), len(payload) if stated is None else stated)
    fixed = struct.pack("<8sHHIQ32s32s", SEALED[0][:8], 2, *fields, bytes(32), _core.blake3(payload))
    rest = kind + metadata + bytes(-(120 + len(kind) + len(metadata)) % 64)
    return fixed + _core.blake3(fixed + rest) + rest + payload
