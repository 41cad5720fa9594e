"""Fixtures of the cache tests: a folder of their own, and scripts in fresh processes."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import phasic.cache
import pytest
from phasic.cache import CacheManager

SOURCE = Path(phasic.cache.__file__).parents[2]
Script = Callable[..., str]


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(tmp_path / "default"))
    for name in ("PHASIC_CACHE", "JAX_COMPILATION_CACHE_DIR", "JAX_ENABLE_COMPILATION_CACHE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for a cache that does not exist yet."""
    return tmp_path / "cache"


@pytest.fixture
def manager(folder: Path) -> Iterator[CacheManager]:
    """A manager of an empty cache, closed at the end."""
    made = CacheManager(folder)
    yield made
    made.close()


@pytest.fixture
def script() -> Script:
    """Run Python code in a fresh process and return what it prints."""
    return run_script


def run_script(code: str, *arguments: object, prefix: tuple[str, ...] = (), timeout: float = 100) -> str:
    """Standard output of ``code`` run by a fresh Python that turns warnings into errors."""
    command = [
        *prefix,
        sys.executable,
        "-W",
        "error",
        "-W",
        "ignore:not converged",
        "-c",
        textwrap.dedent(code),
        *map(str, arguments),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, env=environment(), check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def environment() -> dict[str, str]:
    """Environment in which a child process imports the same phasic."""
    path = os.pathsep.join(filter(None, [str(SOURCE), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"}
