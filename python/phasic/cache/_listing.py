"""What a cache holds, one row for each entry and each compiled program."""

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
