"""An independent reader, written from the documentation, agrees with the code."""

import subprocess
import sys
import zlib
from pathlib import Path

import phasic
import pytest
from phasic.cache import _entry

from tests.models import block_counting
from tests.reference import entry_reader

READER = Path(entry_reader.__file__)
TRACE = phasic.Graph(callback=lambda state: block_counting(state, n=4)).trace()


@pytest.mark.parametrize("size", [0, 1, 50])
@pytest.mark.parametrize("metadata", [{}, {"n_vertices": 5, "seconds": -1}])
def test_the_reader_reads_a_sealed_entry(size, metadata):
    payload = bytes(range(256)) * size
    sealed = _entry.seal("function", "a1" * 32, payload, metadata)
    assert entry_reader.read_entry(sealed) == ("function", "a1" * 32, metadata, payload)


@pytest.mark.parametrize("position", range(0, 200, 3))
def test_the_reader_notices_a_changed_byte(position):
    changed = bytearray(_entry.seal("trace", "b2" * 32, bytes(200), {"n": 1}))
    changed[position] ^= 1
    with pytest.raises(entry_reader.FormatError):
        entry_reader.read_entry(bytes(changed))


def test_the_reader_reads_a_value_file(manager, folder):
    manager.put_trace(TRACE.key, TRACE.to_bytes() + bytes(1 << 16), metadata={"n_vertices": 5})
    (file,) = (folder / "index").rglob("*.val")
    kind, key, metadata, payload = entry_reader.read_entry(file.read_bytes())
    assert (kind, key, metadata) == ("trace", TRACE.key, {"n_vertices": 5})
    assert payload == TRACE.to_bytes() + bytes(1 << 16)


@pytest.mark.parametrize("compress", [True, False])
def test_the_reader_reads_an_archive(compress, manager, tmp_path):
    manager.put_trace(TRACE.key, TRACE.to_bytes())
    manager.put("function", "0" * 64, b"recipe")
    manager.export_cache(tmp_path / "archive", compress=compress)
    entries = entry_reader.read_archive((tmp_path / "archive").read_bytes())
    assert entries == [
        _entry.seal("function", "0" * 64, b"recipe"),
        _entry.seal("trace", TRACE.key, TRACE.to_bytes()),
    ]


def test_the_reader_reads_a_program(manager, folder, tmp_path):
    program = folder / "xla" / "jaxlib" / f"jit_f-{'ab' * 32}-cache"
    manager.put_trace(TRACE.key, TRACE.to_bytes())
    program.parent.mkdir(parents=True)
    program.write_bytes(zlib.compress(b"program"))
    manager.export_cache(tmp_path / "archive", ["xla/*"])
    (entry,) = entry_reader.read_archive((tmp_path / "archive").read_bytes())
    kind, key, _, payload = entry_reader.read_entry(entry)
    assert (kind, key) == ("xla", entry_reader.blake2b(b"phasic/xla\0jaxlib\0", program.name.encode()).hex())
    names = b"jaxlib" + program.name.encode()
    assert payload == b"\x06\x00" + bytes([len(program.name), 0]) + names + program.read_bytes()


def test_the_reader_needs_no_phasic(manager, tmp_path):
    manager.put_trace(TRACE.key, TRACE.to_bytes())
    manager.export_cache(tmp_path / "archive")
    command = [sys.executable, "-I", "-W", "error", str(READER), str(tmp_path / "archive")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"trace/{TRACE.key} {{}} {len(TRACE.to_bytes())} bytes\n", "")
