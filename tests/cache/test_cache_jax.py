"""JAX's compilation cache: whose folder wins, what is removed, and that the next process hits."""

import json
import os
import shutil
import sys
import zlib
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phasic.cache import _jax_files as files

from .conftest import Script
from .hostile import DROP, Stage

NAME = f"jit_step-{'ab' * 32}-cache"

FIT = """
import json, logging, os, sys, warnings
from pathlib import Path

lines = []
class Kept(logging.Handler):
    def emit(self, record):
        lines.append(record)

logging.getLogger("phasic").addHandler(Kept())
used_before = "before" in sys.argv
if used_before:
    import jax
    jax.jit(lambda x: x + 3)(1.0)
from phasic.cache import CacheManager, cache_info, enable_jax_cache

assert used_before or "jax" not in sys.modules
folder = enable_jax_cache()
again = enable_jax_cache()
import jax, jax.numpy as jnp

@jax.jit
def step(x):
    return jnp.sin(x) @ x.T

value = float(step(jnp.ones((3, 3)))[0, 0])
print(json.dumps({
    "folder": str(folder), "again": str(again), "value": value, "lines": [r.getMessage() for r in lines],
    **cache_info()["layers"]["xla"],
    "config": str(jax.config.jax_compilation_cache_dir),
    "caches": jax.config.jax_persistent_cache_enable_xla_caches,
}))
"""


def fit(script: Script, *arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(script(FIT, *arguments))
    assert found["value"] == pytest.approx(2.5244129544236893, rel=1e-6)
    return found


@pytest.mark.parametrize("order", ["after", "before"])
def test_the_second_process_hits(order: str, script: Script, tmp_path: Path) -> None:
    first, second = fit(script, order), fit(script, order)
    folder = Path(str(first["folder"]))
    assert folder.parent == tmp_path / "default" / "xla"
    assert first["folder"] == first["again"] == first["config"] and first["caches"] == "none"
    assert first["hits"] == 0 and int(str(first["misses"])) >= 1
    assert int(str(second["hits"])) >= 1 and second["misses"] == 0
    assert first["lines"] == second["lines"] == []
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_damaged_entry_is_removed_and_made_again(script: Script) -> None:
    folder = Path(str(fit(script)["folder"]))
    entries = sorted(folder.glob("*-cache"))
    for path in entries:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)
    second = fit(script)
    assert second["hits"] == 0 and int(str(second["misses"])) >= 1
    assert len(list(second["lines"])) == 1  # type: ignore[call-overload]
    assert fit(script)["misses"] == 0


def test_read_only_hits_and_writes_nothing(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(str(fit(script)["folder"]))
    gone = sorted(folder.glob("*-cache"))[0]
    gone.unlink()
    before = {path: path.stat().st_mtime_ns for path in [folder, *folder.rglob("*")]}
    monkeypatch.setenv("PHASIC_CACHE", "ro")
    monkeypatch.setenv("JAX_COMPILATION_CACHE_MAX_SIZE", str(1 << 30))
    found = fit(script)
    assert found["folder"] == str(folder) and found["lines"] == []
    assert int(str(found["hits"])) >= 1 and found["misses"] == 1 and found["stores"] == 0
    assert {path: path.stat().st_mtime_ns for path in [folder, *folder.rglob("*")]} == before


def test_read_only_without_a_folder_makes_none(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHASIC_CACHE", "ro")
    found = fit(script)
    assert (found["folder"], found["config"], found["lines"]) == ("None", "None", [])
    assert not (tmp_path / "default").exists()


def test_read_only_does_not_read_among_damage(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(str(fit(script)["folder"]))
    (folder / NAME).write_bytes(b"damaged")
    monkeypatch.setenv("PHASIC_CACHE", "ro")
    found = fit(script)
    assert (found["folder"], found["hits"]) == ("None", 0)
    assert "1 compiled programs" in str(found["lines"]) and (folder / NAME).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="gives up rights of root in the way of Linux")
def test_a_folder_that_cannot_be_written_still_hits(script: Script, tmp_path: Path) -> None:
    folder = Path(str(fit(script)["folder"]))
    with ExitStack() as cleanup:
        Stage(tmp_path, {}, cleanup=cleanup).protect(tmp_path / "default")
        found = json.loads(script(FIT, prefix=(sys.executable, "-c", DROP)))
    assert found["folder"] == str(folder) and found["misses"] == 0 < found["hits"]
    assert len(found["lines"]) == 1 and "none is stored" in found["lines"][0]


def test_a_process_that_must_only_read_stops_writing_among_damage(script: Script) -> None:
    code = """
        import os
        import jax
        from phasic.cache import enable_jax_cache

        folder = enable_jax_cache()
        (folder / f"jit_step-{'ab' * 32}-cache").write_bytes(b"damaged")
        os.environ["PHASIC_CACHE"] = "ro"
        print(enable_jax_cache())
        jax.jit(lambda x: x + 2)(1.0)
        print(len(list(folder.glob("*-cache"))))
    """
    assert script(code).split() == ["None", "1"]


def test_from_reading_to_writing_in_one_process(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
        import os
        import jax
        from phasic.cache import enable_jax_cache

        folder = enable_jax_cache()
        jax.jit(lambda x: x + 1)(1.0)
        os.environ["PHASIC_CACHE"] = "ro"
        enable_jax_cache()
        jax.jit(lambda x: x + 2)(1.0)
        count = len(list(folder.glob("*-cache")))
        os.environ["PHASIC_CACHE"] = "on"
        enable_jax_cache()
        jax.jit(lambda x: x + 3)(1.0)
        print(count, len(list(folder.glob("*-cache"))))
    """
    assert script(code) == "1 2"


def test_a_folder_of_the_user_in_the_environment_wins(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / NAME).write_bytes(b"damaged, and theirs")
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(theirs))
    found = fit(script)
    assert found["folder"] == found["config"] == str(theirs)
    assert found["caches"] != "none", "their settings stay"
    assert (theirs / NAME).read_bytes() == b"damaged, and theirs"
    assert not (tmp_path / "default" / "xla").exists()


def test_a_folder_of_the_user_in_the_configuration_wins(script: Script, tmp_path: Path) -> None:
    code = """
        import sys, jax
        jax.config.update("jax_compilation_cache_dir", sys.argv[1])
        from phasic.cache import enable_jax_cache
        print(enable_jax_cache(), jax.config.jax_compilation_cache_dir)
        jax.config.update("jax_compilation_cache_dir", None)
        ours = enable_jax_cache()
        jax.config.update("jax_compilation_cache_dir", sys.argv[1])
        print(enable_jax_cache(), ours != enable_jax_cache())
    """
    theirs = str(tmp_path / "theirs")
    assert script(code, theirs).splitlines() == [f"{theirs} {theirs}", f"{theirs} True"]


@pytest.mark.parametrize(
    ("name", "value"), [("PHASIC_CACHE", "off"), ("JAX_ENABLE_COMPILATION_CACHE", "false")]
)
def test_off_stays_off(
    name: str, value: str, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    found = fit(script)
    assert (found["folder"], found["config"], found["hits"], found["misses"]) == ("None", "None", 0, 0)
    assert not (tmp_path / "default").exists()


def test_an_unusable_folder_is_one_line_and_the_fit_goes_on(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(tmp_path / "file"))
    found = fit(script)
    assert (found["folder"], found["config"]) == ("None", "None")
    assert len(list(found["lines"])) == 1  # type: ignore[call-overload]


def test_another_cache_folder_takes_effect(script: Script, tmp_path: Path) -> None:
    code = """
        import os, sys
        import jax
        from phasic.cache import enable_jax_cache
        first = enable_jax_cache()
        jax.jit(lambda x: x * 2)(1.0)
        os.environ["PHASIC_CACHE_DIR"] = sys.argv[1]
        second = enable_jax_cache()
        jax.jit(lambda x: x * 5)(1.0)
        print(first != second, len(list(first.glob("*-cache"))) > 0, len(list(second.glob("*-cache"))) > 0)
    """
    assert script(code, tmp_path / "second") == "True True True"


@settings(max_examples=50, deadline=None)
@given(size=st.integers(5, 3 << 20), level=st.integers(0, 9))
def test_what_zlib_made_decodes(size: int, level: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("zlib") / NAME
    path.write_bytes(zlib.compress(bytes(size), level))
    assert files.decodes(path)


COMPRESSED = zlib.compress(b"\x00\x00\x00\x01" + b"executable" * 20)


@pytest.mark.parametrize("length", range(len(COMPRESSED)))
def test_a_truncated_program_does_not_decode(length: int, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(COMPRESSED[:length])
    assert not files.decodes(path)


@pytest.mark.parametrize("position", range(2, len(COMPRESSED)))
def test_a_changed_program_does_not_decode(position: int, tmp_path: Path) -> None:
    path = tmp_path / NAME
    data = bytearray(COMPRESSED)
    data[position] ^= 0x04
    path.write_bytes(data)
    assert not files.decodes(path)


@pytest.mark.parametrize("data", [b"", b"x", b"PK\x03\x04zip", b"\x28\xb5\x2f\xfd", COMPRESSED + b"more"])
def test_what_is_no_program_does_not_decode(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(data)
    assert not files.decodes(path)


def test_a_pipe_or_a_link_does_not_decode(tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(COMPRESSED)
    (tmp_path / NAME).symlink_to(tmp_path / "good")
    os.mkfifo(tmp_path / "pipe")
    assert not files.decodes(tmp_path / NAME) and not files.decodes(tmp_path / "pipe")


def test_removing_spares_good_entries_and_strange_files(tmp_path: Path) -> None:
    good, bad, strange = tmp_path / NAME, tmp_path / NAME.replace("ab", "cd"), tmp_path / "notes.txt"
    good.write_bytes(COMPRESSED)
    bad.write_bytes(COMPRESSED[:-3])
    strange.write_text("mine")
    assert files.remove_undecodable(tmp_path, seconds=10) == 1
    assert good.exists() and not bad.exists() and strange.exists()


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the entries that are decoded from here on."""
    names: list[str] = []
    decodes = files.decodes

    def counted(path: Path) -> bool:
        names.append(path.name)
        return decodes(path)

    monkeypatch.setattr(files, "decodes", counted)
    return names


def test_what_decoded_is_not_decoded_again(tmp_path: Path, decoded: list[str]) -> None:
    (tmp_path / NAME).write_bytes(COMPRESSED)
    for _ in range(3):
        files.remove_undecodable(tmp_path, seconds=10)
    assert decoded == [NAME]


def test_a_copied_folder_keeps_its_manifest(tmp_path: Path, decoded: list[str]) -> None:
    first, second = tmp_path / "a" / "cpu", tmp_path / "b" / "cpu"
    first.mkdir(parents=True)
    (first / NAME).write_bytes(COMPRESSED)
    files.remove_undecodable(first, seconds=10)
    shutil.copytree(first, second, copy_function=shutil.copyfile)
    os.utime(second / NAME, ns=(1, 1))
    assert files.remove_undecodable(second, seconds=10) == 0
    assert decoded == [NAME]


def test_another_program_in_the_place_of_a_listed_one_is_decoded(tmp_path: Path, decoded: list[str]) -> None:
    (tmp_path / NAME).write_bytes(COMPRESSED)
    files.remove_undecodable(tmp_path, seconds=10)
    (tmp_path / NAME).write_bytes(zlib.compress(b"another program"))
    assert files.remove_undecodable(tmp_path, seconds=10) == 0
    assert decoded == [NAME, NAME]


@pytest.mark.parametrize("position", range(0, len(COMPRESSED), 5))
def test_a_bit_that_flips_in_a_listed_program_is_noticed(position: int, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(COMPRESSED)
    files.remove_undecodable(tmp_path, seconds=10)
    status = path.stat()
    data = bytearray(COMPRESSED)
    data[position] ^= 0x10
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert files.remove_undecodable(tmp_path, seconds=10) == 1


def test_a_damaged_manifest_is_ignored(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(COMPRESSED)
    files.remove_undecodable(tmp_path, seconds=10)
    (tmp_path / ".manifest").write_bytes(b"{}")
    (tmp_path / NAME).write_bytes(COMPRESSED[:-1])
    assert files.remove_undecodable(tmp_path, seconds=10) == 1


@pytest.mark.parametrize(
    ("data", "seconds"), [(COMPRESSED, 1), (COMPRESSED[:2], None), (b"", None), (b"\x28\xb5\x2f\xfd", None)]
)
def test_the_seconds_of_compiling_are_in_the_entry(data: bytes, seconds: int | None, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(data)
    assert files.compile_seconds(tmp_path / NAME) == seconds


def test_a_copied_cache_hits(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit(script)
    shutil.copytree(tmp_path / "default", tmp_path / "copy", copy_function=shutil.copyfile)
    shutil.rmtree(tmp_path / "default")
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(tmp_path / "copy"))
    found = fit(script)
    assert int(str(found["hits"])) >= 1 and found["misses"] == 0


@pytest.mark.parametrize(("limits", "kept"), [({"max_files": 2}, [3, 4]), ({"max_bytes": 35}, [2, 3, 4])])
def test_the_oldest_programs_go_above_a_limit(
    limits: dict[str, int], kept: list[int], tmp_path: Path
) -> None:
    paths = [tmp_path / f"version-{n % 2}" / f"jit_f{n}-{n:064x}-cache" for n in range(5)]
    for number, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(10))
        os.utime(path, (1e9 + number, 1e9 + number))
    assert files.prune(tmp_path, **limits) == 5 - len(kept)
    assert [number for number, path in enumerate(paths) if path.exists()] == kept


def test_the_folder_name_names_jaxlib_python_and_cpu() -> None:
    name = files.folder_name("0.10.2")
    assert name.startswith("0.10.2-py3.") and name.endswith(files.cpu_digest())
    assert "/" not in name and len(files.cpu_digest()) == 16


ARCHIVED = """
    import sys
    import jax, jax.numpy as jnp
    from phasic.cache import CacheManager

    def model(theta, times):
        return jax.jit(lambda theta, times: jnp.exp(-theta[0] * times) * theta[0])(theta, times)

    manager = CacheManager(None)
    if sys.argv[1] == "import":
        print(manager.import_cache(sys.argv[2], trust=True)["taken"]["xla"] > 0)
    report = manager.prewarm_model(model, [jnp.ones(1)], [jnp.ones(3), jnp.ones(5)])
    print(report["evaluated"], report["compiled"] > 0)
    if sys.argv[1] == "export":
        print(manager.export_cache(sys.argv[2])["exported"]["xla"] > 0)
"""


def test_an_archive_carries_programs_to_another_folder(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert script(ARCHIVED, "export", tmp_path / "archive").split() == ["2", "True", "True"]
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(tmp_path / "elsewhere"))
    assert script(ARCHIVED, "import", tmp_path / "archive").split() == ["True", "2", "False"]
