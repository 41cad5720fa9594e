"""The manager's housekeeping, the module-level functions, and where the cache is."""

import subprocess
import sys
from pathlib import Path

import phasic.cache as cache
import pytest
from phasic.cache import CacheManager, default_manager
from phasic.cache import _paths as paths

from .conftest import Script, environment

KEY = "0123456789abcdef" * 4
OTHER = "f" * 64
JAX_NAME = f"jit_step-{'ab' * 32}-cache"


def test_importing_writes_nothing_and_loads_no_heavy_module(script: Script, tmp_path: Path) -> None:
    code = """
        import os, sys
        import numpy  # it sets a variable of its own
        sys.dont_write_bytecode = True
        changed = []

        def watch(event, arguments):
            writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes or event in {"os.mkdir", "os.rename", "os.putenv", "sqlite3.connect"}:
                changed.append((event, arguments))

        sys.addaudithook(watch)
        import phasic.cache
        print(changed, sorted({"jax", "jaxlib", "diskcache", "sqlite3", "platformdirs"} & set(sys.modules)))
    """
    assert script(code) == "[] []"
    assert list(tmp_path.iterdir()) == []


def test_the_environment_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(tmp_path / "chosen"))
    assert paths.default_dir() == tmp_path / "chosen"


def test_without_it_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    import platformdirs

    monkeypatch.delenv("PHASIC_CACHE_DIR")
    assert paths.default_dir() == platformdirs.user_cache_path("phasic") / "v1"


def test_a_home_that_does_not_exist_is_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PHASIC_CACHE_DIR", "~nobody-of-this-name/cache")
    manager = default_manager()
    assert manager.path is None
    assert manager.put_trace(KEY, b"data") is False and manager.get_trace(KEY) == b"data"
    assert manager.info()["exists"] is False
    assert len(caplog.records) == 1


def test_an_unknown_switch_is_reported_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PHASIC_CACHE", "perhaps")
    assert paths.enabled() and paths.enabled()
    assert len(caplog.records) == 1


def test_the_default_manager_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = default_manager()
    assert default_manager() is first
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(tmp_path / "another"))
    second = default_manager()
    assert second is not first and second.path == tmp_path / "another"


def test_a_folder_in_use_gets_a_subfolder(tmp_path: Path) -> None:
    shared = tmp_path / "scratch"
    shared.mkdir()
    (shared / "thesis.tex").write_text("mine")
    manager = CacheManager(shared)
    assert manager.path == shared / "phasic-v1"
    assert manager.put_trace(KEY, b"data")
    assert sorted(path.name for path in shared.iterdir()) == ["phasic-v1", "thesis.tex"]
    manager.clear(confirm=True)
    assert (shared / "thesis.tex").read_text() == "mine"
    manager.close()


def test_a_folder_that_another_process_marks_meanwhile_is_ours(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = paths.is_empty

    def mark_and_look(path: Path) -> bool:
        paths.prepare(path)
        return look(path)

    monkeypatch.setattr(paths, "is_empty", mark_and_look)
    assert paths.locate(folder) == folder


def test_clear_removes_every_entry(manager: CacheManager, folder: Path) -> None:
    manager.put_trace(KEY, b"small")
    manager.put_trace(OTHER, bytes(1 << 17))
    program = folder / "xla" / "some-jaxlib" / JAX_NAME
    program.parent.mkdir(parents=True)
    program.write_bytes(b"program")
    manager.clear(confirm=True)
    assert manager.get_trace(KEY) is None and manager.entries() == []
    assert manager.info()["num_files"] == len(list((folder / "index").glob("*")))
    assert not program.exists() and program.parent.exists()
    assert not list(folder.rglob("*.val"))
    assert manager.put_trace(KEY, b"again")


@pytest.mark.parametrize("confirm", [False, None, 1, "yes"])
def test_clear_wants_to_be_told(manager: CacheManager, confirm: object) -> None:
    manager.put_trace(KEY, b"data")
    with pytest.raises(ValueError, match="confirm=True"):
        manager.clear(confirm=confirm)  # type: ignore[arg-type]
    assert manager.get_trace(KEY) == b"data"


def test_clear_refuses_a_foreign_folder(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    (foreign / "index").mkdir(parents=True)
    (foreign / "index" / "cache.db").write_text("mine")
    with pytest.raises(ValueError, match="not a cache of phasic"):
        CacheManager(foreign).clear(confirm=True)
    with pytest.raises(ValueError, match="not a cache of phasic"):
        cache.clear_cache(foreign)
    assert (foreign / "index" / "cache.db").read_text() == "mine"


def test_clear_does_not_follow_links(manager: CacheManager, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "sub").mkdir(parents=True)
    for path in (outside / JAX_NAME, outside / "sub" / JAX_NAME):
        path.write_text("mine")
    manager.put_trace(KEY, bytes(1 << 17))
    (folder / "index" / "link").symlink_to(outside)
    (folder / "xla").symlink_to(outside)
    manager.clear(confirm=True)
    assert (outside / JAX_NAME).exists() and (outside / "sub" / JAX_NAME).exists()


def test_clear_of_a_missing_folder_does_nothing(tmp_path: Path) -> None:
    CacheManager(tmp_path / "missing").clear(confirm=True)
    cache.clear_cache(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


def test_clear_cache_empties_a_folder_of_jax(tmp_path: Path) -> None:
    jax_folder = tmp_path / "jax"
    jax_folder.mkdir()
    for name in (JAX_NAME, JAX_NAME.replace("-cache", "-atime"), ".lockfile"):
        (jax_folder / name).write_bytes(b"x")
    assert cache.cache_info(jax_folder)["num_files"] == 3
    cache.clear_cache(jax_folder)
    assert list(jax_folder.iterdir()) == []


@pytest.mark.parametrize("name", ["notes.txt", "jit_f-abc-cache", f"jit_f-{'ab' * 32}-cache.bak"])
def test_clear_cache_refuses_a_mixed_folder(name: str, tmp_path: Path) -> None:
    jax_folder = tmp_path / "jax"
    jax_folder.mkdir()
    (jax_folder / JAX_NAME).write_bytes(b"x")
    (jax_folder / name).write_text("mine")
    with pytest.raises(ValueError, match="not a cache of phasic"):
        cache.clear_cache(jax_folder)
    assert len(list(jax_folder.iterdir())) == 2


def test_clear_leaves_other_processes_working(manager: CacheManager, folder: Path) -> None:
    other = CacheManager(folder, memory_bytes=0)
    other.put_trace(KEY, b"data")
    manager.clear(confirm=True)
    assert other.get_trace(KEY) is None
    assert other.put_trace(KEY, b"again") and other.get_trace(KEY) == b"again"
    assert manager.get_trace(KEY) == b"again"
    other.close()


def test_info_has_the_documented_keys(manager: CacheManager, folder: Path) -> None:
    manager.put_trace(OTHER, bytes(1 << 17))
    info = manager.info()
    assert set(info) == {"exists", "cache_dir", "num_files", "total_size_mb", "files"}
    assert info["exists"] is True and info["cache_dir"] == str(folder)
    assert info["num_files"] == len(info["files"]) > 0 and info["total_size_mb"] > 0.125
    assert all(set(file) == {"path", "size_kb", "modified"} for file in info["files"])


def test_vacuum_removes_what_is_old_or_too_much(manager: CacheManager) -> None:
    for number in range(4):
        manager.put_trace(f"{number:064x}", bytes(1 << 18))
    assert manager.vacuum()["removed"] == 0
    report = manager.vacuum(max_size_gb=(1 << 19) / (1 << 30) + 1e-3 / 8)
    assert report["removed"] == 4 - len(manager.entries()) > 0
    assert manager.entries()[-1].key == f"{3:064x}"
    manager.vacuum(max_age_days=0)
    assert manager.entries() == []


@pytest.mark.parametrize("limits", [(-1, 1.0), (1, -1.0), (float("nan"), 1.0)])
def test_vacuum_refuses_negative_limits(manager: CacheManager, limits: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="negative"):
        manager.vacuum(*limits)


def test_cache_info_has_the_documented_keys() -> None:
    default_manager().put_trace(OTHER, bytes(1 << 17))
    default_manager().get_trace(OTHER)
    default_manager().get_trace(KEY)
    info = cache.cache_info()
    assert set(info) == {
        *("exists", "path", "num_files", "total_size_mb", "files"),
        *("layers", "hits", "misses", "seconds_saved", "limit_mb", "healthy", "lifetime", "tiers"),
    }
    name, size_kb, modified = info["files"][0]
    assert isinstance(name, str) and size_kb >= 0 and "T" in modified
    assert info["layers"]["trace"]["entries"] == 1
    keys = {"entries", "size_mb", "hits", "misses", "stores", "seconds_saved"}
    assert keys == set(info["layers"]["xla"])
    assert info["healthy"] is True and info["limit_mb"] == 10240
    assert info["hits"] >= 1 and info["misses"] >= 1
    assert set(info["lifetime"]["trace"]) == {"hits", "misses", "stores", "seconds_saved"}
    assert [tier["tier"] for tier in info["tiers"]] == ["memory", "disk", "shared", "remote"]


def test_cache_info_of_a_missing_folder(tmp_path: Path) -> None:
    info = cache.cache_info(tmp_path / "missing")
    assert (info["exists"], info["num_files"], info["total_size_mb"], info["files"]) == (False, 0, 0.0, [])


def test_print_cache_info_prints(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        default_manager().put_trace(f"{number:064x}", bytes(1 << 16))
    cache.print_cache_info(max_files=2)
    printed = capsys.readouterr().out
    assert str(default_manager().path) in printed and "trace" in printed and "more" in printed


def test_the_functions_for_traces() -> None:
    manager = default_manager()
    manager.put_trace(KEY, b"1", metadata={"n_vertices": 5, "param_length": 2, "n_operations": 9})
    manager.put_trace(OTHER, bytes(1 << 17))
    listed = cache.list_cached_traces()
    assert [trace["hash"] for trace in listed] == [OTHER, KEY]
    assert (listed[1]["n_vertices"], listed[1]["param_length"], listed[1]["n_operations"]) == (5, 2, 9)
    assert set(listed[0]) == {
        *("hash", "size_bytes", "size_kb", "modified"),
        *("n_vertices", "param_length", "n_operations"),
    }
    stats = cache.get_trace_cache_stats()
    assert stats["total_files"] == 2 and stats["total_bytes"] == sum(trace["size_bytes"] for trace in listed)
    assert stats["total_mb"] == stats["total_bytes"] / 2**20 and stats["cache_dir"] == str(manager.path)
    assert cache.remove_cached_trace(KEY) is True and cache.remove_cached_trace(KEY) is False
    assert cache.clear_trace_cache() == 1 and cache.list_cached_traces() == []


def test_cleanup_old_traces_keeps_the_newest() -> None:
    for number in range(4):
        default_manager().put_trace(f"{number:064x}", bytes(1 << 20))
    assert cache.cleanup_old_traces() == 0
    assert cache.cleanup_old_traces(max_size_mb=2.5) == 2
    assert [trace["hash"][-1] for trace in cache.list_cached_traces()] == ["3", "2"]
    assert cache.cleanup_old_traces(max_age_days=0) == 2


def test_remove_cached_trace_refuses_a_path() -> None:
    with pytest.raises(ValueError, match="64 lower-case"):
        cache.remove_cached_trace("../../x")


def test_the_old_functions_follow_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHASIC_CACHE", "off")
    assert cache.cache_info()["exists"] is False


def test_clear_never_asks(manager: CacheManager, folder: Path) -> None:
    manager.put_trace(KEY, b"data")
    code = f"from phasic.cache import CacheManager; CacheManager({str(folder)!r}).clear(confirm=True)"
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, env=environment(), check=False
    )
    assert done.returncode == 0
    assert not list(folder.rglob("*.val"))
    assert folder.is_dir()
