"""What a run was made on: processor, versions, and how busy others kept it."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib import metadata
from pathlib import Path

VERSIONS = ("numpy", "scipy", "jax", "blackjax", "numpyro")


def processor() -> str:
    """Model and number of cores."""
    described = subprocess.run(["lscpu"], capture_output=True, text=True, check=False).stdout
    fields = dict(line.split(":", 1) for line in described.splitlines() if ":" in line)
    name = fields.get("Model name", platform.processor() or platform.machine()).strip()
    model = fields.get("Model", "").strip()
    return f"{os.cpu_count()} cores of {name}{f' (model {model})' if model else ''}, {platform.system()}"


def versions() -> str:
    """Of Python and of what the report uses beside the peers' environments."""
    found = []
    for name in VERSIONS:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join([f"Python {platform.python_version()}", *found])


def busy(interval: float = 1.0) -> float | None:
    """Share of the cores that others use, while this process sleeps; None where Linux does not tell."""
    try:
        before = _ticks()
        time.sleep(interval)
        after = _ticks()
    except OSError:
        return None
    all_, idle = (now - then for now, then in zip(after, before, strict=True))
    return 1 - idle / all_ if all_ else None


def _ticks() -> tuple[int, int]:
    """All, and idle or waiting for the disk."""
    fields = [int(x) for x in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(fields), fields[3] + fields[4]
