"""Counters that outlive a process: what is noted, when, and at what cost."""

import json
import os
import sqlite3
from pathlib import Path

import pytest
from phasic.cache import CacheManager, _disk
from phasic.cache._counts import Counts
from phasic.cache._index import Index

from .conftest import Script
from .faults import KEY, LARGE, OTHER, SMALL, run_sql

READER = """
    import sys
    from phasic.cache import CacheManager

    manager = CacheManager(sys.argv[1])
    for _ in range(3):
        assert manager.get_trace("0123456789abcdef" * 4) is not None
    assert manager.get_trace("a" * 64) is None
    manager.close()
"""


def test_processes_add_up(script: Script, manager: CacheManager, folder: Path) -> None:
    manager.put_trace(KEY, SMALL, seconds=2.5)
    manager.close()
    for _ in range(2):
        script(READER, folder)
    totals = CacheManager(folder).totals()["trace"]
    expected = {"stores": 1, "misses": 2, "hits": 6, "disk_hits": 2, "memory_hits": 4, "seconds_saved": 15.0}
    assert {event: totals[event] for event in expected} == expected


def test_the_end_of_a_process_is_enough(script: Script) -> None:
    code = """
        from phasic.cache import default_manager

        default_manager().put_trace("a" * 64, b"data")
        default_manager().get_trace("a" * 64)
    """
    script(code)
    script(code)
    totals = CacheManager(os.environ["PHASIC_CACHE_DIR"]).totals()["trace"]
    assert (totals["stores"], totals["hits"]) == (2, 2)


def test_compiled_programs_are_counted_too(script: Script) -> None:
    code = """
        import jax
        from phasic.cache import default_manager, enable_jax_cache

        enable_jax_cache()
        default_manager().put_trace("a" * 64, b"data")
        jax.jit(lambda x: x + 1)(1.0)
    """
    for _ in range(3):
        script(code)
    totals = CacheManager(os.environ["PHASIC_CACHE_DIR"]).totals()["xla"]
    assert (totals["misses"], totals["stores"], totals["hits"]) == (1, 1, 2)


def test_seconds_that_a_compiled_program_saved_are_counted(script: Script) -> None:
    code = """
        import json, sys
        import jax.monitoring
        from phasic.cache import cache_info, enable_jax_cache

        enable_jax_cache()
        for seconds in (-0.01, 2.5):
            event = "/jax/compilation_cache/compile_time_saved_sec"
            jax.monitoring.record_event_duration_secs(event, seconds)
        print(json.dumps(cache_info()["lifetime"]["xla"]))
    """
    assert json.loads(script(code))["seconds_saved"] == 2.5


def test_a_hit_writes_nothing(manager: CacheManager, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manager.put_trace(KEY, SMALL)
    noted = []
    monkeypatch.setattr(Index, "note", lambda index, *given: noted.append(given) or True)
    reader = CacheManager(folder, memory_bytes=0)
    for _ in range(100):
        reader.get_trace(KEY)
    assert noted == []
    reader.close()
    ((hits, counts),) = noted
    assert hits == {f"trace/{KEY}": 100} and counts[("trace", "disk_hits")] == 100


def test_many_stores_note_the_counters_once(manager: CacheManager, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = []
    monkeypatch.setattr(Index, "note", lambda index, *given: noted.append(given) or True)
    monkeypatch.setattr(_disk, "_NOTE_SECONDS", 3600.0)
    for number in range(50):
        manager.put_trace(f"{number:064x}", SMALL)
    assert len(noted) <= 1


def test_what_cannot_be_noted_is_noted_later(
    manager: CacheManager, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.put_trace(KEY, SMALL)

    def full(*_: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Index, "note", full)
        manager.close()
    assert manager.put_trace(OTHER, LARGE)
    manager.close()
    assert CacheManager(folder).totals()["trace"]["stores"] == 2


def test_the_child_of_a_fork_does_not_count_its_parent_again(script: Script, folder: Path) -> None:
    code = """
        import os, sys
        from phasic.cache import CacheManager

        manager = CacheManager(sys.argv[1])
        manager.put_trace("a" * 64, b"data")
        child = os.fork()
        if child == 0:
            manager.put_trace("b" * 64, b"data")
            manager.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        manager.close()
    """
    script(code, folder)
    assert CacheManager(folder).totals()["trace"]["stores"] == 2


def test_counters_are_no_entries(manager: CacheManager) -> None:
    manager.put_trace(KEY, SMALL)
    manager.close()
    assert manager.totals()["trace"]["stores"] == 1
    assert [row["key"] for row in manager.list()] == [KEY]
    assert manager.verify()["checked"] == {"trace": 1}
    assert manager.vacuum(max_age_days=0)["removed"] == 1
    assert manager.totals()["trace"]["stores"] == 1


def test_clearing_starts_to_count_anew(manager: CacheManager, folder: Path) -> None:
    manager.put_trace(KEY, SMALL)
    manager.close()
    CacheManager(folder).clear(confirm=True)
    assert CacheManager(folder).totals()["trace"]["stores"] == 0


@pytest.mark.parametrize("tag", ["many", b"bytes", None, -5.0, 9e999])
def test_hostile_counters_stay_numbers(tag: object, manager: CacheManager, folder: Path) -> None:
    manager.put_trace(KEY, SMALL)
    manager.close()
    run_sql(folder, "UPDATE Cache SET tag = ? WHERE key GLOB '#*'", tag)
    assert 0 <= CacheManager(folder).totals()["trace"]["stores"] <= 1e12
    other = CacheManager(folder)
    other.put_trace(OTHER, SMALL)
    other.close()
    assert 0 <= CacheManager(folder).totals()["trace"]["stores"] <= 1e12


def test_what_is_pending_is_what_was_not_noted() -> None:
    counts = Counts()
    counts.add("trace", {"stores": 2, "misses": 1})
    noted = counts.pending()
    counts.add("trace", {"stores": 1})
    counts.noted(noted)
    assert counts.pending() == {("trace", "stores"): 1}
    assert counts.all() == {("trace", "stores"): 3, ("trace", "misses"): 1}
