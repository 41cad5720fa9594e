"""Room made in a cache: by age, then above a size, compiled programs first; or a look at what would go."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from . import _jax_files, _paths, _programs
from ._store import Store


def vacuum(store: Store, root: Path, limit_bytes: int, stored_before: float) -> int:
    """Remove what is too old, then what is too much, and what killed writers left; how many went."""
    programs = root / _paths.XLA
    removed = store.sweep() + _programs.sweep(programs)
    removed += _jax_files.prune(programs, max_bytes=limit_bytes, changed_before=stored_before)
    left = sum(_size(file) for file in _jax_files.entries(programs))
    return removed + store.prune(max(limit_bytes - left, 0), stored_before)


def doomed(store: Store, root: Path, limit_bytes: int, stored_before: float) -> dict[str, Any]:
    """What ``vacuum`` removes: ``entries``, dicts with layer, key and size, and how many ``leftovers``."""
    programs = root / _paths.XLA
    files = _jax_files.doomed(programs, max_bytes=limit_bytes, changed_before=stored_before)
    going = {path for path, _ in files}
    left = sum(_size(file) for file in _jax_files.entries(programs) if file not in going)
    rows = [(_programs.KIND, _programs.jax_key(path.name) or path.name, size) for path, size in files]
    rows += store.doomed(max(limit_bytes - left, 0), stored_before)
    return {
        "entries": [{"layer": layer, "key": key, "size_bytes": size} for layer, key, size in rows],
        "leftovers": store.leftovers() + len(_programs.leftovers(programs)),
    }


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.lstat().st_size
    return 0
