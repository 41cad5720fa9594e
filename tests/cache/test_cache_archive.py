"""Archives: what leaves a cache comes back bit for bit; what a stranger made is taken only if it is sound."""

import io
import os
import struct
import tarfile
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import phasic
import pytest
from phasic import _core
from phasic.cache import ArchiveError, CacheManager, _archive, _entry, _programs

from tests.cache.strangers import HEAD, LENGTHS, MAGIC, archive, bomb, of_type, packed, tar, with_pax, zipped
from tests.models import block_counting, rabbits

JAX_FILE = f"jit_step-{'ab' * 32}-cache"
JAX_FOLDER = "0.10.2-py3.11-linux-x86_64-0123456789abcdef"
PROGRAM = zlib.compress(bytes(4) + b"machine code" * 50)


def recorded(**options):
    return phasic.Graph(callback=lambda state: block_counting(state, **options)).trace()


TRACES = [recorded(n=n) for n in (2, 3, 4)]
TRACES.sort(key=lambda trace: trace.key)
METADATA = {"n_vertices": TRACES[0].n_vertices, "param_length": TRACES[0].n_parameters}


def sealed(trace, **changes):
    kept = {"kind": "trace", "key": trace.key, "payload": trace.to_bytes(), "metadata": {}} | changes
    return _entry.seal(kept["kind"], kept["key"], kept["payload"], kept["metadata"])


FIRST, SECOND, THIRD = map(sealed, TRACES)
DEFLATED = zlib.compress(FIRST)


def program_payload(folder=JAX_FOLDER, name=JAX_FILE, data=PROGRAM):
    return struct.pack("<HH", len(folder), len(name)) + folder.encode() + name.encode() + data


def program(folder=JAX_FOLDER, name=JAX_FILE, data=PROGRAM, key=None):
    return _entry.seal("xla", key or _programs.key_of(folder, name), program_payload(folder, name, data))


def fill(manager):
    for trace in TRACES:
        assert manager.put_trace(trace.key, trace.to_bytes(), metadata={"n_vertices": trace.n_vertices})


def fill_other_layers(manager):
    assert manager.put("function", "1" * 64, b"recipe")
    folder = manager.path / "xla" / JAX_FOLDER
    folder.mkdir(parents=True)
    (folder / JAX_FILE).write_bytes(PROGRAM)


def everything(folder):
    return sorted(path for path in folder.rglob("*"))


def held(manager):
    return {(row["layer"], row["key"]): row["size_bytes"] for row in manager.list()}


def flipped(data, position):
    changed = bytearray(data)
    changed[position] ^= 0x10
    return bytes(changed)


def forged(trace, position=-1):
    """A sealed entry whose digests are right and whose trace is not."""
    return sealed(trace, payload=flipped(trace.to_bytes(), position))


def sparse(member):
    member.type, member.size = tarfile.GNUTYPE_SPARSE, 1


#: For each trick the words of its refusal, and the file.
TRICKS = {
    # archives of another sort: nothing in them is looked at
    "empty file": ("this is no archive of phasic$", b""),
    "head cut off": ("truncated", archive(FIRST)[:20]),
    "text": ("this is no archive of phasic$", b"trace\n" * 100),
    "pickle": ("this is no archive of phasic$", b"cposix\nsystem\n(S'touch owned'\ntR."),
    "tar with a way out": ("a tar archive", tar(name="../../owned")),
    "tar with an absolute name": ("a tar archive", tar(name="/tmp/phasic-owned")),
    "tar with a symbolic link": ("a tar archive", tar(of_type(tarfile.SYMTYPE, "/etc"))),
    "tar with a hard link": ("a tar archive", tar(of_type(tarfile.LNKTYPE, "/etc/passwd"))),
    "tar with a character device": ("a tar archive", tar(of_type(tarfile.CHRTYPE))),
    "tar with a block device": ("a tar archive", tar(of_type(tarfile.BLKTYPE))),
    "tar with a pipe": ("a tar archive", tar(of_type(tarfile.FIFOTYPE))),
    "tar with a sparse member": ("a tar archive", tar(sparse, data=b"x")),
    "tar with a long name of GNU": ("a tar archive", tar(name="a/" * 400 + "owned", fmt=tarfile.GNU_FORMAT)),
    "tar with a name in PAX headers": ("a tar archive", tar(with_pax(path="../../owned"))),
    "tar with a size in PAX headers": ("a tar archive", tar(with_pax(size="99999999999"))),
    "tar with a name in Unicode": ("a tar archive", tar(name="trace/\u202e\ufb01\u0130")),
    "tar with sealed entries": ("a tar archive", tar(data=FIRST, name=f"trace/{TRACES[0].key}")),
    "compressed tar": ("a gzip file", tar(compressed=True)),
    "zip with a way out": ("a zip file", zipped("../../owned")),
    "a bare entry": ("this is no archive of phasic$", FIRST),
    "a bare trace": ("this is no archive of phasic$", TRACES[0].to_bytes()),
    "gzip of an archive": ("a gzip file", zlib.compress(archive(FIRST), wbits=31)),
    # heads that lie
    "other magic": ("this is no archive of phasic$", archive(FIRST, magic=MAGIC[:-1] + b"\r")),
    "other version": ("format version 2", archive(FIRST, version=2)),
    "reserved bytes in use": ("reserved", archive(FIRST, zero=1)),
    "more members than stated": ("the archive states", archive(FIRST, SECOND, count=1)),
    "fewer members than stated": ("truncated", archive(FIRST, count=2)),
    "a huge count": ("the limit is 20000", archive(FIRST, count=2**32 - 1)),
    "one member too many": ("the limit is 20000", archive(FIRST, count=20_001)),
    "a count without members": ("too short for them", archive(count=20_000, total=0)),
    "a huge total": ("the limit is", archive(FIRST, total=2**63)),
    "a total too small": ("out of bounds", archive(FIRST, total=len(FIRST) - 1)),
    "a total too large": ("the archive states", archive(FIRST, total=len(FIRST) + 1)),
    "bytes behind the end": ("behind the last", archive(FIRST, tail=b"\0")),
    "an archive behind the end": ("behind the last", archive(FIRST, tail=archive(SECOND))),
    # members that lie about their length
    "a member of no bytes": ("out of bounds", packed(b"", 0)),
    "a member of no bytes that becomes some": ("out of bounds", packed(b"", 10)),
    "a member that ends behind the file": (
        "truncated",
        HEAD.pack(MAGIC, 1, 0, 1, 2**30) + LENGTHS.pack(2**29, 2**29) + FIRST,
    ),
    "lengths of 64 bits": (
        "truncated",
        HEAD.pack(MAGIC, 1, 0, 1, 100) + LENGTHS.pack(2**64 - 1, 2**64 - 1) + FIRST,
    ),
    "a member cut off": ("truncated", archive(FIRST, SECOND)[:-1]),
    "a member longer than the total": ("out of bounds", packed(FIRST, len(FIRST), total=10)),
    "stored longer than itself": ("out of bounds", packed(FIRST + b"\0", len(FIRST))),
    # compression
    "a bomb": ("bomb", bomb(1 << 22)),
    "a bomb within the ratio": ("decompressing", packed(bytes(1000), 64_000)),
    "a small bomb that says it is none": ("stated length", packed(zlib.compress(bytes(1 << 22)), 64 * 4000)),
    "compressed, shorter than stated": ("stated length", packed(DEFLATED, len(FIRST) + 1)),
    "compressed, longer than stated": ("stated length", packed(DEFLATED, len(FIRST) - 1)),
    "compressed, cut off": ("stated length", packed(DEFLATED[:-1], len(FIRST))),
    "compressed, with more behind": ("stated length", packed(DEFLATED + b"\0", len(FIRST))),
    "compressed twice": ("first bytes", packed(zlib.compress(DEFLATED + bytes(99)), len(DEFLATED) + 99)),
    "compressed with a dictionary": ("decompressing", packed(b"\x78\xbb" + DEFLATED[2:], len(FIRST))),
    "gzip inside": ("decompressing", packed(zlib.compress(FIRST, wbits=31), len(FIRST))),
    # entries that are not what they say
    "a wrong digest of the payload": ("digest of the payload", archive(flipped(FIRST, -1))),
    "a wrong digest of the header": ("digest of the header", archive(flipped(FIRST, 100))),
    "an entry of another version": ("format version", archive(flipped(FIRST, 8))),
    "a trace under the key of another": ("it holds the trace", archive(sealed(TRACES[0], key=TRACES[1].key))),
    "two traces with their keys swapped": (
        "it holds the trace",
        archive(
            sealed(TRACES[0], payload=TRACES[1].to_bytes()), sealed(TRACES[1], payload=TRACES[0].to_bytes())
        ),
    ),
    "a sound entry, then a damaged one": ("member 2 of 2: the digest", archive(FIRST, flipped(SECOND, -1))),
    "two sound entries, then a forged one": ("not a valid trace", archive(FIRST, SECOND, forged(TRACES[2]))),
    "the same entry twice": ("occurs twice", archive(FIRST, FIRST)),
    "the same key with other metadata": (
        "occurs twice",
        archive(FIRST, sealed(TRACES[0], metadata={"n_vertices": 1})),
    ),
    "entries out of order": ("out of order", archive(SECOND, FIRST)),
    "a changed byte in a sealed trace": ("not a valid trace", archive(forged(TRACES[0], 520))),
    "an empty trace": ("not a valid trace", archive(sealed(TRACES[0], payload=b""))),
    "a trace with bytes behind it": (
        "too long",
        archive(sealed(TRACES[0], payload=TRACES[0].to_bytes() + b"\0")),
    ),
    "a trace as text": ("not a valid trace", archive(sealed(TRACES[0], payload=b"trace"))),
    "wrong counts in the metadata": (
        "n_vertices",
        archive(sealed(TRACES[0], metadata={"n_vertices": 10**9})),
    ),
    "metadata that steer a terminal": ("metadata", archive(sealed(TRACES[0], metadata={"\x1b[2J": 1}))),
    "metadata in Unicode": ("metadata", archive(sealed(TRACES[0], metadata={"ｎ": 1}))),
    "metadata of more than 64 bits": ("64 bits", archive(sealed(TRACES[0], metadata={"seconds": 2**63}))),
    "metadata by the hundred": (
        "metadata",
        archive(sealed(TRACES[0], metadata={f"m{i}": i for i in range(100)})),
    ),
}


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("trust", [False, True], ids=["untrusted", "trusted"])
def test_a_trick_is_refused_and_nothing_is_taken(trick, trust, manager, tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    file = tmp_path / "archive"
    words, data = TRICKS[trick]
    file.write_bytes(data)
    before = everything(tmp_path)
    with pytest.raises(ArchiveError, match=words):
        manager.import_cache(file, trust=trust)
    assert everything(tmp_path) == before
    assert not Path("/tmp/phasic-owned").exists()


PROGRAM_TRICKS = {
    "a folder on the way out": program(folder=".."),
    "an absolute folder": program(folder="/tmp"),
    "a folder with a way out": program(folder="a/../../b"),
    "a hidden folder": program(folder=".ssh"),
    "an empty folder": program(folder=""),
    "a folder with a drive": program(folder="C:"),
    "a name on the way out": program(name=f"../{JAX_FILE}"),
    "a name of another sort": program(name="sitecustomize.py"),
    "a name with a null": program(name=f"a\0{JAX_FILE}"),
    "a name with a stream": program(name=f"a:{JAX_FILE}"),
    "a long name": program(name="a" * 300 + JAX_FILE),
    "a name in Unicode": program(name=f"jit_ſtep-{'ab' * 32}-cache", key="0" * 64),
    "digits in the other case": program(name=JAX_FILE.replace("ab", "AB")),
    "the key of another program": program(key="0" * 64),
    "a program that does not decode": program(data=PROGRAM[:-4]),
    "a program that is none": program(data=b"\x7fELF"),
    "lengths beyond the payload": _entry.seal("xla", "0" * 64, b"\xff\xff\xff\xff"),
    "no lengths": _entry.seal("xla", "0" * 64, b""),
}


@pytest.mark.parametrize("trick", PROGRAM_TRICKS)
def test_a_trusted_program_still_goes_nowhere_else(trick, manager, tmp_path):
    file = tmp_path / "archive"
    file.write_bytes(archive(FIRST, PROGRAM_TRICKS[trick]))
    before = everything(tmp_path)
    with pytest.raises(ArchiveError, match=r"names of|does not decode|without a name"):
        manager.import_cache(file, trust=True)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("kind", ["function", "xla", "unheard-of", "model", "xla-decoded"])
def test_without_trust_only_traces_are_taken(kind, manager, tmp_path):
    file = tmp_path / "archive"
    other = program() if kind == "xla" else _entry.seal(kind, "1" * 64, b"code")
    file.write_bytes(archive(*sorted((other, FIRST), key=lambda e: _entry.read_header(io.BytesIO(e)).kind)))
    report = manager.import_cache(file)
    assert report["taken"] == {"trace": 1}
    assert [item["name"].split("/")[0] for item in report["refused"]] == [kind]
    assert set(held(manager)) == {("trace", TRACES[0].key)}


@pytest.mark.parametrize("sort", ["folder", "pipe", "device", "missing"])
def test_what_is_no_file_is_no_archive(sort, manager, tmp_path):
    place = {"device": Path("/dev/zero")}.get(sort, tmp_path / sort)
    if sort == "folder":
        place.mkdir()
    elif sort == "pipe":
        os.mkfifo(place)
    with pytest.raises(FileNotFoundError if sort == "missing" else ArchiveError):
        manager.import_cache(place)


@pytest.mark.parametrize("position", [*range(0, 40, 5), *range(40, len(archive(FIRST)), 61)])
def test_a_changed_byte_is_refused(position, manager, tmp_path):
    file = tmp_path / "archive"
    file.write_bytes(flipped(archive(FIRST), position))
    with pytest.raises(ArchiveError):
        manager.import_cache(file)


def test_a_changed_compressed_byte_is_refused_or_harmless(manager, tmp_path):
    fill(manager)
    file = tmp_path / "archive"
    manager.export_cache(file)
    data = file.read_bytes()
    fresh = CacheManager(tmp_path / "fresh", memory_bytes=0)
    for position in range(0, len(data), 5):
        file.write_bytes(flipped(data, position))
        try:
            fresh.import_cache(file)
        except ArchiveError:
            continue
        assert all(fresh.get_trace(trace.key) == trace.to_bytes() for trace in TRACES), position
    fresh.close()


def test_a_bomb_takes_no_memory(tmp_path):
    file = tmp_path / "archive"
    file.write_bytes(packed(zlib.compress(bytes(1 << 26), 9) + bytes(1 << 20), 64 * (1 << 20)))
    with file.open("rb") as stream:
        tracemalloc.start()
        with pytest.raises(ArchiveError):
            list(_archive.members(stream, 1 << 30, 1 << 21))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 1 << 22


def test_an_archive_above_the_limit_of_the_cache_is_refused(tmp_path):
    file = tmp_path / "archive"
    file.write_bytes(archive(FIRST, SECOND))
    small = CacheManager(tmp_path / "small", disk_bytes=len(FIRST) + len(SECOND) - 1)
    with pytest.raises(ArchiveError, match="limit"):
        small.import_cache(file)


@pytest.mark.parametrize("compress", [True, False])
def test_export_and_import_are_the_identity(compress, manager, tmp_path):
    fill(manager)
    fill_other_layers(manager)
    file = tmp_path / "archive"
    report = manager.export_cache(file, compress=compress)
    assert report["exported"] == {"trace": 3, "function": 1, "xla": 1} and report["damaged"] == []
    other = CacheManager(tmp_path / "other")
    taken = other.import_cache(file, trust=True)
    assert taken["taken"] == report["exported"] and taken["refused"] == []
    assert held(other) == held(manager)
    assert {e.key: e.metadata for e in other.entries()} == {e.key: e.metadata for e in manager.entries()}
    assert all(other.get_trace(trace.key) == trace.to_bytes() for trace in TRACES)
    assert other.get("function", "1" * 64) == b"recipe"
    assert (other.path / "xla" / JAX_FOLDER / JAX_FILE).read_bytes() == PROGRAM
    again = tmp_path / "again"
    other.export_cache(again, compress=compress)
    assert again.read_bytes() == file.read_bytes()
    other.close()


def test_compression_makes_an_archive_smaller(manager, tmp_path):
    fill(manager)
    small, large = tmp_path / "small", tmp_path / "large"
    manager.export_cache(small)
    manager.export_cache(large, compress=False)
    assert small.stat().st_size < large.stat().st_size / 2


def test_what_compresses_too_well_is_stored_as_it_is(manager, tmp_path):
    manager.put("function", "1" * 64, bytes(1 << 20))
    manager.export_cache(tmp_path / "archive")
    other = CacheManager(tmp_path / "other")
    assert other.import_cache(tmp_path / "archive", trust=True)["taken"] == {"function": 1}
    other.close()


@pytest.mark.parametrize(
    ("patterns", "exported"),
    [
        (["trace/*"], {"trace": 3}),
        (["jit_step*"], {"xla": 1}),
        (["*-cache"], {"xla": 1}),
        ([f"trace/{TRACES[0].key[:8]}*", "function/*"], {"trace": 1, "function": 1}),
        ("trace/*", {"trace": 3}),
    ],
)
def test_patterns_choose(patterns, exported, manager, tmp_path):
    fill(manager)
    fill_other_layers(manager)
    assert manager.export_cache(tmp_path / "archive", patterns)["exported"] == exported


def test_a_pattern_that_matches_nothing_writes_nothing(manager, tmp_path):
    fill(manager)
    with pytest.raises(ValueError, match="matches"):
        manager.export_cache(tmp_path / "archive", ["graphs/*"])
    assert not (tmp_path / "archive").exists()


def test_export_leaves_out_what_is_damaged(manager, tmp_path):
    fill(manager)
    manager.put_trace("0" * 64, b"no trace")
    report = manager.export_cache(tmp_path / "archive")
    assert [item["name"] for item in report["damaged"]] == [f"trace/{'0' * 64}"]
    other = CacheManager(tmp_path / "other")
    assert other.import_cache(tmp_path / "archive")["taken"] == {"trace": 3}
    other.close()


def test_export_replaces_an_archive_and_no_other_file(manager, tmp_path):
    fill(manager)
    thesis = tmp_path / "thesis.tex"
    thesis.write_text("mine")
    with pytest.raises(ValueError, match="no archive of phasic"):
        manager.export_cache(thesis)
    assert thesis.read_text() == "mine"
    manager.export_cache(tmp_path / "archive", compress=False)
    manager.export_cache(tmp_path / "archive", ["trace/" + TRACES[0].key])
    assert manager.import_cache(tmp_path / "archive")["present"] == 1


def test_an_export_that_fails_leaves_nothing(manager, tmp_path, monkeypatch):
    fill(manager)
    monkeypatch.setattr(_archive, "MAX_MEMBERS", 2)
    with pytest.raises(ValueError, match="at most"):
        manager.export_cache(tmp_path / "archive")
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_what_is_here_stays_unless_told(manager, tmp_path):
    manager.put_trace(TRACES[0].key, TRACES[0].to_bytes())
    file = tmp_path / "archive"
    file.write_bytes(archive(sealed(TRACES[0], metadata=METADATA), SECOND))
    report = manager.import_cache(file)
    assert (report["taken"], report["present"]) == ({"trace": 1}, 1)
    assert manager.entries()[0].metadata == {}
    assert manager.import_cache(file, overwrite=True)["taken"] == {"trace": 2}
    assert METADATA in [entry.metadata for entry in manager.entries()]


def test_a_dry_run_stores_nothing(manager, tmp_path):
    file = tmp_path / "archive"
    file.write_bytes(archive(FIRST, SECOND))
    report = manager.import_cache(file, dry_run=True)
    assert report["taken"] == {"trace": 2} and report["dry_run"] is True
    assert manager.list() == []


def test_an_import_that_cannot_be_stored_says_so(tmp_path, monkeypatch):
    file = tmp_path / "archive"
    file.write_bytes(archive(FIRST, SECOND))
    monkeypatch.setenv("PHASIC_CACHE", "off")
    report = CacheManager(tmp_path / "cache").import_cache(file)
    assert (report["taken"], report["failed"]) == ({}, 2)


def test_an_imported_trace_computes_what_it_computed_before(manager, tmp_path):
    graph = phasic.Graph(callback=lambda state: rabbits(state, n=3))
    trace = graph.trace()
    source = CacheManager(tmp_path / "source")
    source.put_trace(trace.key, trace.to_bytes())
    source.export_cache(tmp_path / "archive")
    source.close()
    manager.import_cache(tmp_path / "archive")
    found = _core.Trace.from_bytes(manager.get_trace(trace.key))
    assert found.moments(np.empty(0), 2).tolist() == trace.moments(np.empty(0), 2).tolist()
