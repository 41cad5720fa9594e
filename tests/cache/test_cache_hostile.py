"""Hostile places: nothing is raised, nothing hangs, nobody is held up, and every number stays the same."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import environment
from .hostile import PLACES, Stage, can_mount

LIMIT_SECONDS = 2.0
ROOT = Path(__file__).parents[2]

SCRIPT = """
import pwd, types
pwd.getpwuid = lambda user: types.SimpleNamespace(pw_dir={home!r})
from tests.cache.use import *
{before}
def between():
{between}
    pass

main(between, {use})
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, {"HOME": str(tmp_path / "home"), "PHASIC_CACHE_DIR": str(tmp_path / "cache")})
    with made.cleanup:
        yield made


def used(stage: Stage, use: str = "use") -> dict[str, Any]:
    """What a process in this place reports."""
    between = "".join(f"    {line}\n" for line in stage.between.splitlines())
    script = SCRIPT.format(home=str(stage.root / "home"), before=stage.before, between=between, use=use)
    inherited = environment()
    path = f"{inherited['PYTHONPATH']}:{ROOT}"
    kept = {name: inherited[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in inherited}
    done = subprocess.run(
        stage.command(script),
        capture_output=True,
        text=True,
        timeout=100,
        cwd=stage.root,
        env={**kept, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **stage.environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The numbers of a process without a cache."""
    off = Stage(tmp_path_factory.mktemp("off"), {"HOME": "/nowhere", "PHASIC_CACHE": "off"})
    numbers: list[str] = used(off)["first"]
    return numbers


def test_there_are_more_places_than_are_asked_for() -> None:
    assert len(PLACES) >= 25


@pytest.mark.skipif(sys.platform != "linux", reason="places of Linux")
@pytest.mark.parametrize("name", PLACES)
def test_a_hostile_place_changes_nothing(name: str, stage: Stage, without: list[str]) -> None:
    PLACES[name](stage)
    if stage.mounts and not can_mount():
        pytest.skip("this system lets no process have mounts of its own")
    report = used(stage)
    assert report["first"] == report["second"] == without
    assert report["held"] < LIMIT_SECONDS
    assert len(set(report["lines"])) == len(report["lines"]) <= 3, "a fault is one line"


@pytest.fixture(scope="module")
def compiled_without(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The numbers of compiled programs of a process without a cache."""
    off = Stage(tmp_path_factory.mktemp("off"), {"HOME": "/nowhere", "PHASIC_CACHE": "off"})
    numbers: list[str] = used(off, "use_jax")["first"]
    return numbers


@pytest.mark.skipif(sys.platform != "linux", reason="places of Linux")
@pytest.mark.parametrize(
    "name",
    [
        *("no_home_and_no_user", "name_with_a_nul", "name_too_long_for_a_folder", "links_in_a_ring"),
        *("folder_of_another_user", "world_writable", "unreadable", "read_only_and_filled"),
        *("files_of_no_length", "vanishes_in_use", "lock_file_of_a_living_process"),
    ],
)
def test_a_hostile_place_changes_no_program(name: str, stage: Stage, compiled_without: list[str]) -> None:
    PLACES[name](stage)
    report = used(stage, "use_jax")
    assert report["first"] == report["second"] == compiled_without
    assert len(set(report["lines"])) == len(report["lines"]) <= 4, "three, and one of compiled programs"
