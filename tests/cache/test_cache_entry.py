"""Laws of sealed entries: what is sealed is read back, and nothing else is."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phasic.cache._entry import (
    MAX_METADATA,
    VERSION,
    DamagedError,
    OtherVersionError,
    check_key,
    check_kind,
    parse,
    read_header,
    seal,
)

KEY = "0123456789abcdef" * 4
keys = st.binary(min_size=32, max_size=32).map(bytes.hex)
kinds = st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True)
metadata = st.dictionaries(st.text(max_size=20), st.integers(-(2**70), 2**70), max_size=5)


@given(kind=kinds, key=keys, payload=st.binary(max_size=300), pairs=metadata)
def test_parse_is_the_inverse_of_seal(kind: str, key: str, payload: bytes, pairs: dict[str, int]) -> None:
    sealed = seal(kind, key, payload, pairs)
    assert parse(sealed, kind, key) == payload
    header = read_header(BytesIO(sealed))
    assert (header.kind, header.key, header.metadata) == (kind, key, pairs)


@given(kind=kinds, key=keys, payload=st.binary(max_size=300), pairs=metadata)
def test_sealing_is_deterministic(kind: str, key: str, payload: bytes, pairs: dict[str, int]) -> None:
    assert seal(kind, key, payload, pairs) == seal(kind, key, payload, dict(reversed(pairs.items())))


SMALL = seal("trace", KEY, b"payload", {"n_vertices": 3})


@pytest.mark.parametrize("position", range(len(SMALL)))
def test_every_changed_byte_is_noticed(position: int) -> None:
    for flip in (0x01, 0x80, 0xFF):
        changed = bytearray(SMALL)
        changed[position] ^= flip
        with pytest.raises(DamagedError):
            parse(bytes(changed), "trace", KEY)


@pytest.mark.parametrize("length", range(len(SMALL)))
def test_every_truncation_is_noticed(length: int) -> None:
    with pytest.raises(DamagedError):
        parse(SMALL[:length], "trace", KEY)


@given(extra=st.binary(min_size=1, max_size=20))
def test_bytes_after_the_entry_are_noticed(extra: bytes) -> None:
    with pytest.raises(DamagedError):
        parse(SMALL + extra, "trace", KEY)


@given(data=st.binary(max_size=400))
@settings(max_examples=300)
def test_other_bytes_are_damaged(data: bytes) -> None:
    with pytest.raises(DamagedError):
        parse(data, "trace", KEY)


@given(tail=st.binary(max_size=200))
@settings(max_examples=300)
def test_bytes_after_a_valid_start_are_damaged(tail: bytes) -> None:
    with pytest.raises(DamagedError):
        parse(SMALL[:10] + tail, "trace", KEY)


def test_an_entry_under_another_key_is_damaged() -> None:
    with pytest.raises(DamagedError, match="this is entry"):
        parse(SMALL, "trace", "f" * 64)


def test_an_entry_of_another_kind_is_damaged() -> None:
    with pytest.raises(DamagedError, match="this is entry"):
        parse(SMALL, "graph", KEY)


def test_another_version_is_told_apart() -> None:
    other = bytearray(SMALL)
    other[8] = VERSION + 1
    with pytest.raises(OtherVersionError):
        parse(bytes(other), "trace", KEY)


@pytest.mark.parametrize(
    "key", ["", "A" * 64, "a" * 63, "a" * 65, "../" + "a" * 61, "g" * 64, "a" * 64 + "\n", None, b"a" * 64]
)
def test_malformed_keys_are_refused(key: object) -> None:
    with pytest.raises(ValueError, match="64 lower-case"):
        check_key(key)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["", "Trace", "a/b", "..", "a" * 33, "1a", "trace\n", None])
def test_malformed_kinds_are_refused(kind: object) -> None:
    with pytest.raises(ValueError, match="lower-case name"):
        check_kind(kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("pairs", [{"a": 1.5}, {"a": True}, {"a": "1"}, {1: 1}])
def test_metadata_other_than_integers_are_refused(pairs: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="integers"):
        seal("trace", KEY, b"", pairs)


def test_large_metadata_are_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        seal("trace", KEY, b"", {"a" * MAX_METADATA: 1})
