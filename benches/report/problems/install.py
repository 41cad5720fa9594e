"""How long pip takes, and what is there afterwards, in a new virtual environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benches.report.problem import Case, Problem, Task, Way

ROOT = Path(__file__).parents[3]
JAX = "jax==0.10.2"
MAKERS = {"pip", "setuptools", "wheel"}


def pip(folder: str, package: str) -> Task:
    """All files are downloaded before, so that the network does not count."""
    wheels, here = f"{folder}/{package.split('=')[0].strip('.') or 'here'}", package == "."
    get = [sys.executable, "-m", "pip", "download", "-q", "-d", wheels]
    own = [str(ROOT), "maturin"] if here else [package]
    subprocess.run([*get, *own], check=True)
    if here:
        subprocess.run(["cargo", "fetch", "-q", "--locked"], check=True, cwd=ROOT)
    subprocess.run([*get, JAX], check=True)
    of_jax = brought(wheels, JAX)

    def timed() -> tuple[int, set[str]]:
        return install(wheels, str(ROOT) if here else package)

    def told(result: tuple[int, set[str]]) -> str:
        size, names = result
        others = sorted(names - of_jax - {package.split("=")[0], "phasic"})
        beside = f"{len(others)} beside JAX's: {', '.join(others)}" if others else "none beside JAX's"
        return f"{beside}; {size / 2**20:,.0f} MiB"

    return Task(timed, answer=told)


def brought(wheels: str, package: str) -> set[str]:
    """Names of all that pip would install."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--find-links", wheels]
    report = [*command, "--dry-run", "--ignore-installed", "--report", "-", package]
    told = json.loads(subprocess.check_output(report))
    return {plain(each["metadata"]["name"]) for each in told["install"]}


def plain(name: str) -> str:
    """A name as the index compares it."""
    return name.lower().replace("_", "-")


def install(wheels: str, package: str) -> tuple[int, set[str]]:
    """Bytes and names of what pip puts into an environment that is thrown away."""
    with tempfile.TemporaryDirectory() as home:
        venv.create(home, with_pip=True)
        python = f"{home}/bin/python"
        command = [python, "-m", "pip", "install", "-q", "--no-index", "--find-links", wheels, package]
        # What an earlier build has compiled does not count either.
        subprocess.run(command, check=True, env=os.environ | {"CARGO_TARGET_DIR": f"{home}/target"})
        listed = json.loads(subprocess.check_output([python, "-m", "pip", "list", "--format", "json"]))
        (packages,) = Path(home).glob("lib/python*/site-packages")
        size = sum(each.stat().st_size for each in packages.rglob("*") if each.is_file())
    return size, {plain(each["name"]) for each in listed} - MAKERS


PROBLEM = Problem(
    name="install",
    title="Installation",
    text=(
        "`pip install` into a new virtual environment, whose making is included, once; everything is "
        "downloaded before. Ours is compiled from this tree by `pip install .`, the others are wheels. "
        "phasic 0.32.1 is left out: some of the names that it declares are other packages on the index."
    ),
    module=__name__,
    error="shown",
    last="packages, and size on disk",
    rounds=1,
    limit=900.0,
    cases=(Case("a new environment", {}, {}),),
    ways=(
        Way("phasic, `pip install .`", "pip", "index", {"package": "."}, quick=False),
        Way("JAX 0.10.2 alone", "pip", "index", {"package": JAX}, quick=False),
        Way("phasegen 2.2.0", "pip", "index", {"package": "phasegen==2.2.0"}, quick=False),
        Way("PhaseDist 0.2.1", "pip", "index", {"package": "phasedist==0.2.1"}, quick=False),
        Way("stormpy 2.0.0", "pip", "index", {"package": "stormpy==2.0.0"}, quick=False),
    ),
)
