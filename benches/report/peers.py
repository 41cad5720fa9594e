"""The environments of the peers: each a virtual environment with pinned packages, made once.

phasic 0.32.1 is installed without what it declares, since some of those names are other packages on the
index; what it imports is named here. BlackJAX, NumPyro, SciPy and JAX are where the report runs.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Peer:
    """What is installed: first `bare` without its dependencies, then `packages` with them."""

    packages: tuple[str, ...]
    bare: tuple[str, ...] = ()


PEERS = {
    "phasic-0.32.1": Peer(
        packages=(
            "numpy==2.4.6",
            "jax==0.10.2",
            "pandas==3.1.1",
            "matplotlib==3.11.2",
            "seaborn==0.13.2",
            "tqdm==4.70.1",
            "requests==2.34.2",
            "pyyaml==6.0.4",
            "mpmath==1.4.1",  # for the models of the tests
        ),
        bare=("phasic==0.32.1",),
    ),
    "phasegen": Peer(("phasegen==2.2.0",)),
    "phasedist": Peer(("phasedist==0.2.1", "numpy==2.4.6")),
    "stormpy": Peer(("stormpy==2.0.0", "numpy==2.4.6")),
}


class NotInstalledError(Exception):
    """Where a way should run is not there; the message says why."""


def install(folder: Path, progress: Callable[[str], None]) -> dict[str, str]:
    """Make the environments that are missing or have other versions; why some cannot be had."""
    failures = {}
    for name, peer in PEERS.items():
        home, wanted = folder / name, "\n".join(peer.bare + peer.packages)
        stamp = home / "installed"
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        progress(f"environment of {name}")
        venv.create(home, clear=True, with_pip=True)
        bare = pip(home, "--no-deps", *peer.bare) if peer.bare else None
        failure = bare or pip(home, *peer.packages)
        if failure:
            failures[name] = failure
        else:
            stamp.write_text(wanted)
    return failures


def pip(home: Path, *arguments: str) -> str | None:
    """Install into an environment; the last thing that pip says if it fails."""
    command = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["pip failed"])[-1]


def command(name: str, folder: Path | None, failures: dict[str, str]) -> list[str]:
    """How to start Python where a way runs.

    Raises:
        NotInstalledError: There are no peers, or this one could not be installed.
    """
    if name == "here" or (name == "index" and folder):
        return [sys.executable]
    if folder is None:
        raise NotInstalledError("no peers were asked for")
    if name in failures:
        raise NotInstalledError(f"not installed: {failures[name]}")
    # Isolated: PYTHONPATH may lead to this phasic.
    return [str(folder / name / "bin" / "python"), "-I"]
