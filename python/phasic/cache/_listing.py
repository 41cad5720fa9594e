"""What a cache holds, one row for each entry and each compiled program, and where it looks."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import _jax_files, _paths, _programs
from ._store import Store

ORDERS = ("age", "size", "key")


def rows(store: Store, root: Path | None, layer: str | None, sort: str) -> list[dict[str, Any]]:
    """One dict for each entry of a layer, or of all of them; see ``CacheManager.list``."""
    if sort not in ORDERS:
        raise ValueError(f"sort must be one of {', '.join(ORDERS)}, got {sort!r}")
    found = []
    if layer != _programs.KIND:
        found = [
            {
                "layer": entry.kind,
                "key": entry.key,
                "size_bytes": entry.size,
                "stored_at": entry.stored_at,
                "metadata": dict(entry.metadata),
            }
            for entry in store.entries(layer)
        ]
    if root is not None and layer in (None, _programs.KIND):
        found += _program_rows(root / _paths.XLA)
    if sort == "size":
        return sorted(found, key=lambda row: (-row["size_bytes"], row["key"]))
    if sort == "key":
        return sorted(found, key=lambda row: (row["layer"], row["key"]))
    return sorted(found, key=lambda row: -row["stored_at"])


def tiers(root: Path | None, totals: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """One dict for each tier, in the order in which they are asked; see ``CacheManager.tiers``."""
    shared = os.pathsep.join(str(folder) for folder in _paths.shared_dirs())
    url = _paths.remote_url()
    places = {
        "memory": "this process",
        "disk": None if root is None else str(root),
        "shared": shared or None,
        "remote": None if url is None else _paths.without_password(url),
    }
    return [
        {
            "tier": tier,
            "place": place if _paths.enabled() else None,
            "hits": sum(counts[f"{tier}_hits"] for counts in totals.values()),
        }
        for tier, place in places.items()
    ]


def _program_rows(root: Path) -> list[dict[str, Any]]:
    found = []
    for path in _jax_files.entries(root):
        key = _programs.jax_key(path.name)
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        if key is not None:
            found.append(
                {
                    "layer": _programs.KIND,
                    "key": key,
                    "size_bytes": status.st_size,
                    "stored_at": status.st_mtime,
                    "metadata": {},
                    "file": f"{path.parent.name}/{path.name}",
                }
            )
    return found
