"""Listing, verifying, synchronizing and prewarming, and the functions under older names."""

import logging
import sys
import types
import zlib

import numpy as np
import phasic
import phasic.cache as cache
import phasic.cache_manager
import phasic.trace_cache
import pytest
from phasic import _trace_check
from phasic.cache import ArchiveError, CacheManager, _entry, default_manager

from tests.cache.faults import run_sql
from tests.models import block_counting, rabbits_parameterised

JAX_FILE = f"jit_step-{'ab' * 32}-cache"
TRACE = phasic.Graph(callback=lambda state: block_counting(state, n=4)).trace()
LARGE = phasic.Graph(callback=lambda state: block_counting(state, n=14)).trace()


def fill(manager, program=b"program"):
    manager.put_trace(TRACE.key, TRACE.to_bytes(), metadata={"n_vertices": TRACE.n_vertices})
    manager.put("function", "1" * 64, b"recipe")
    file = manager.path / "xla" / "jaxlib" / JAX_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(zlib.compress(program))
    return file


def test_a_list_has_every_layer(manager):
    fill(manager)
    rows = manager.list(sort="key")
    assert [row["layer"] for row in rows] == ["function", "trace", "xla"]
    assert [row["key"] for row in rows] == ["1" * 64, TRACE.key, "ab" * 32]
    assert rows[1]["metadata"] == {"n_vertices": TRACE.n_vertices}
    assert rows[2]["file"] == f"jaxlib/{JAX_FILE}"
    assert {"layer", "key", "size_bytes", "stored_at", "metadata"} <= set(rows[0])


@pytest.mark.parametrize("layer", ["trace", "function", "xla"])
def test_a_list_of_one_layer(layer, manager):
    fill(manager)
    assert [row["layer"] for row in manager.list(layer)] == [layer]


def test_a_list_is_sorted_as_asked(manager):
    fill(manager)
    sizes = [row["size_bytes"] for row in manager.list(sort="size")]
    ages = [row["stored_at"] for row in manager.list()]
    assert sizes == sorted(sizes, reverse=True) and ages == sorted(ages, reverse=True)
    with pytest.raises(ValueError, match="sort"):
        manager.list(sort="name")


def test_a_sound_cache_is_verified(manager):
    fill(manager)
    report = manager.verify(deep=True)
    assert report["checked"] == {"function": 1, "trace": 1, "xla": 1}
    assert report["problems"] == [] and report["healthy"] is True


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("UPDATE Cache SET value = zeroblob(200) WHERE key LIKE 'trace/%'", "first bytes"),
        ("UPDATE Cache SET value = substr(value, 1, 100) WHERE key LIKE 'trace/%'", "too few"),
        ("UPDATE Cache SET value = CAST(value || x'00' AS BLOB) WHERE key LIKE 'trace/%'", "length"),
        (
            "UPDATE Cache SET filename = '../x', value = NULL, mode = 2 WHERE key LIKE 'trace/%'",
            "no value file",
        ),
        ("UPDATE Cache SET mode = 4 WHERE key LIKE 'trace/%'", "neither bytes"),
        ("UPDATE Cache SET value = 'text' WHERE key LIKE 'trace/%'", "neither bytes"),
    ],
)
def test_damage_is_named_and_repaired_when_asked(damage, reason, manager, folder):
    fill(manager)
    manager.close()
    run_sql(folder, damage)
    first = manager.verify()
    assert [problem["reason"] for problem in first["problems"] if reason in problem["reason"]]
    assert first["healthy"] is False and first["problems"][0]["removed"] is False
    second = manager.verify(repair=True)
    assert second["problems"][0]["removed"] is True and second["healthy"] is True
    assert manager.verify()["problems"] == []


def test_an_entry_under_the_key_of_another_is_named(manager, folder):
    fill(manager)
    manager.close()
    run_sql(folder, "UPDATE Cache SET key = ? WHERE key LIKE 'trace/%'", f"trace/{'a' * 64}")
    (problem,) = manager.verify()["problems"]
    assert problem["key"] == "a" * 64 and TRACE.key in problem["reason"]


def test_a_sealed_trace_that_is_none_is_named(manager):
    manager.put_trace("a" * 64, TRACE.to_bytes())
    (problem,) = manager.verify()["problems"]
    assert "it holds the trace" in problem["reason"]


def test_a_missing_file_is_named(manager, folder):
    manager.put_trace("a" * 64, bytes(1 << 17))
    for file in (folder / "index").rglob("*.val"):
        file.unlink()
    (problem,) = manager.verify()["problems"]
    assert "missing" in problem["reason"]


def test_a_damaged_program_is_named_and_removed(manager):
    file = fill(manager)
    file.write_bytes(file.read_bytes()[:-1])
    assert [problem["layer"] for problem in manager.verify()["problems"]] == ["xla"]
    assert file.exists()
    assert manager.verify(repair=True)["problems"][0]["removed"] and not file.exists()


def test_an_entry_of_another_version_is_left_alone(manager, folder):
    fill(manager)
    manager.close()
    sealed = bytearray(_entry.seal("trace", TRACE.key, b""))
    sealed[8] = 99
    run_sql(folder, "UPDATE Cache SET value = ? WHERE key LIKE 'trace/%'", bytes(sealed))
    report = manager.verify(repair=True)
    assert report["other_versions"] == 1 and report["problems"] == []
    assert ("trace", TRACE.key) in manager._store.names()


@pytest.mark.parametrize("n", [2, 6, 12])
def test_the_equations_of_a_sound_trace_hold(n):
    graph = phasic.Graph(callback=lambda state: rabbits_parameterised(state, n=n))
    # Nothing is subtracted: a few roundings in each equation.
    assert _trace_check.residual(graph.trace()) < 1e-14


def test_waiting_times_that_do_not_solve_the_equations_are_noticed():
    class Wrong:
        key, n_vertices, n_parameters = TRACE.key, TRACE.n_vertices, TRACE.n_parameters
        edges = staticmethod(TRACE.edges)

        @staticmethod
        def waiting(theta):
            return TRACE.waiting(theta) * (1 + 1e-9 * np.arange(TRACE.n_vertices))

    assert _trace_check.residual(Wrong) > 1e-10


def test_a_cache_is_synchronized_from_another(manager, tmp_path):
    other = CacheManager(tmp_path / "other")
    fill(other)
    other.put_trace(LARGE.key, LARGE.to_bytes())
    other.close()
    manager.put_trace(TRACE.key, TRACE.to_bytes())
    planned = manager.sync_from_remote(tmp_path / "other", dry_run=True)
    assert planned["taken"] == {"trace": 1} and len(manager.list()) == 1
    report = manager.sync_from_remote(tmp_path / "other")
    assert (report["taken"], report["present"]) == ({"trace": 1}, 1)
    assert sorted(item["name"].split("/")[0] for item in report["refused"]) == ["function", "xla"]
    assert manager.get_trace(LARGE.key) == LARGE.to_bytes()
    assert manager.sync_from_remote(tmp_path / "other", trust=True)["taken"] == {"function": 1, "xla": 1}


def test_a_folder_of_sealed_files_is_a_source(manager, tmp_path):
    folder = tmp_path / "files"
    (folder / "aa").mkdir(parents=True)
    sealed = _entry.seal("trace", TRACE.key, TRACE.to_bytes())
    (folder / "aa" / "good.phx").write_bytes(sealed)
    (folder / "aa" / "bad.phx").write_bytes(sealed[:-1])
    (folder / "notes.txt").write_text("mine")
    (folder / "link.phx").symlink_to(folder / "aa" / "good.phx")
    report = manager.sync_from_remote(folder)
    assert report["taken"] == {"trace": 1}
    assert [item["name"] for item in report["refused"]] == ["aa/bad.phx"]


def test_an_archive_is_a_source(manager, tmp_path):
    manager.put_trace(TRACE.key, TRACE.to_bytes())
    manager.export_cache(tmp_path / "archive")
    other = CacheManager(tmp_path / "other")
    assert other.sync_from_remote(tmp_path / "archive")["taken"] == {"trace": 1}
    other.close()


def test_a_source_that_does_not_exist_is_an_error(manager, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        manager.sync_from_remote(tmp_path / "nowhere")


class Files:
    """A file system as fsspec has them, over a folder."""

    def __init__(self, folder):
        self.folder = folder

    def isfile(self, path):
        return (self.folder / path).is_file()

    def find(self, path):
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file())

    def size(self, path):
        return (self.folder / path).stat().st_size

    def open(self, path, mode):
        return (self.folder / path).open(mode)


@pytest.fixture
def remote(tmp_path, monkeypatch):
    """A folder that the addresses s3://place and http://place lead to."""
    folder = tmp_path / "remote"
    folder.mkdir()
    core = types.ModuleType("fsspec.core")
    core.url_to_fs = lambda url: (Files(folder), url.partition("://place/")[2])
    package = types.ModuleType("fsspec")
    package.core = core
    monkeypatch.setitem(sys.modules, "fsspec", package)
    monkeypatch.setitem(sys.modules, "fsspec.core", core)
    return folder


def test_sealed_files_at_an_address_are_a_source(manager, remote):
    (remote / "a.phx").write_bytes(_entry.seal("trace", TRACE.key, TRACE.to_bytes()))
    (remote / "b.phx").write_bytes(b"<html>not found</html>")
    (remote / "index.html").write_bytes(b"<html></html>")
    report = manager.sync_from_remote("s3://place/")
    assert report["taken"] == {"trace": 1}
    assert [item["name"] for item in report["refused"]] == ["b.phx"]


def test_an_archive_at_an_address_is_a_source(manager, remote, tmp_path):
    other = CacheManager(tmp_path / "other")
    other.put_trace(TRACE.key, TRACE.to_bytes())
    other.export_cache(remote / "archive")
    other.close()
    assert manager.sync_from_remote("s3://place/archive")["taken"] == {"trace": 1}
    (remote / "archive").write_bytes(b"<html></html>")
    with pytest.raises(ArchiveError, match="no archive"):
        manager.sync_from_remote("s3://place/archive")


def test_plain_http_is_not_trusted(manager, remote):
    with pytest.raises(ValueError, match="https"):
        manager.sync_from_remote("http://place/archive", trust=True)


def test_without_fsspec_the_error_says_how_to_get_it(manager, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ImportError, match=r"an address needs fsspec: pip install 'fsspec\[http\]>=2024.2'"):
        manager.sync_from_remote("s3://place/archive")


def test_one_entry_of_a_list_is_checked(manager):
    file = fill(manager)
    assert [manager.entry_problem(row) for row in manager.list()] == [None, None, None]
    file.write_bytes(b"damaged")
    (row,) = manager.list("xla")
    assert "decode" in manager.entry_problem(row)


def test_prewarm_reads_every_sound_trace(manager):
    fill(manager)
    manager.put_trace("a" * 64, b"no trace")
    report = manager.prewarm()
    assert report["traces"] == 1 and report["missing"] == ["a" * 64]
    assert report["total_size_mb"] == len(TRACE.to_bytes()) / 2**20


def test_prewarm_of_a_key_that_is_not_here(manager):
    assert manager.prewarm(["b" * 64])["missing"] == ["b" * 64]


def test_prewarm_model_calls_every_pair(manager):
    seen = []

    def model(theta, times):
        seen.append((theta.shape, times.shape))
        if len(theta) == 3:
            raise ValueError("two parameters, not three")
        return np.outer(theta, times)

    grids = [np.ones(2), np.ones(5)]
    report = manager.prewarm_model(model, [np.ones(2), np.ones(3)], grids, show_progress=False)
    assert list(dict.fromkeys(seen)) == [((2,), (2,)), ((2,), (5,)), ((3,), (2,)), ((3,), (5,))]
    assert report["evaluated"] == 2 and report["seconds"] >= 0
    assert report["refused"][0] == {
        "theta_shape": (3,),
        "times_shape": (2,),
        "reason": "two parameters, not three",
    }


def test_prewarm_model_does_not_hide_other_errors(manager):
    with pytest.raises(ZeroDivisionError):
        manager.prewarm_model(lambda theta, times: 1 / 0, [np.ones(1)], [np.ones(1)])


def test_a_fresh_manager_is_healthy(manager):
    assert manager.healthy and manager.problem() is None


def test_a_fault_shows(manager, folder):
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file in the way")
    assert manager.put_trace(TRACE.key, TRACE.to_bytes()) is False
    assert not manager.healthy and "not a folder" in manager.problem()


@pytest.mark.parametrize("place", ["home", "working folder"])
def test_clear_refuses_a_precious_folder(place, manager, folder, monkeypatch):
    fill(manager)
    if place == "home":
        monkeypatch.setenv("HOME", str(folder))
    else:
        monkeypatch.chdir(folder)
    with pytest.raises(ValueError, match="not a folder to clear"):
        manager.clear(confirm=True)
    assert len(manager.list()) == 3


@pytest.mark.parametrize("layer", ["trace", "function", "xla"])
def test_clear_of_one_layer_leaves_the_others(layer, manager):
    fill(manager)
    manager.clear(confirm=True, layer=layer)
    assert {row["layer"] for row in manager.list()} == {"trace", "function", "xla"} - {layer}


def test_clear_logs_what_it_did_when_asked(manager, caplog):
    fill(manager)
    with caplog.at_level(logging.INFO, "phasic"):
        manager.clear(confirm=True, verbose=True)
    assert "deleted" in caplog.text


def test_clear_jax_cache_leaves_the_rest():
    fill(default_manager())
    cache.clear_jax_cache(verbose=False)
    assert {row["layer"] for row in default_manager().list()} == {"trace", "function"}


def test_clear_jax_cache_clears_the_folder_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "jax"))
    (tmp_path / "jax").mkdir()
    (tmp_path / "jax" / JAX_FILE).write_bytes(b"program")
    cache.clear_jax_cache()
    assert list((tmp_path / "jax").iterdir()) == []


def test_clear_model_cache_leaves_programs():
    fill(default_manager())
    cache.clear_model_cache(verbose=False)
    assert {row["layer"] for row in default_manager().list()} == {"xla"}


def test_clear_caches_leaves_nothing():
    fill(default_manager())
    cache.clear_caches()
    assert default_manager().list() == []


def test_all_cache_stats_have_the_older_keys():
    fill(default_manager())
    stats = cache.get_all_cache_stats()
    assert set(stats) == {"jax", "graph", "trace"}
    assert stats["trace"]["total_files"] == 1 and stats["graph"]["num_graphs"] == 0
    assert stats["jax"]["num_files"] >= 1


def test_print_jax_cache_info_shows_the_folder_of_the_environment(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "jax"))
    cache.print_jax_cache_info()
    assert str(tmp_path / "jax") in capsys.readouterr().out


def test_what_cannot_be_kept_names_its_replacement():
    with pytest.raises(NotImplementedError, match="PHASIC_CACHE_SHARED"):
        cache.configure_layered_cache(local_cache_dir="a", shared_cache_dir="b")


def test_older_modules_lead_to_the_same_objects():
    assert phasic.cache_manager.CacheManager is CacheManager
    assert phasic.trace_cache.list_cached_traces is cache.list_cached_traces
    assert phasic.clear_caches is cache.clear_caches
