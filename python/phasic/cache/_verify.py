"""A look at every entry of a cache: what is damaged, and if asked, its removal."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import _jax_files, _paths, _programs
from ._archive import member_of
from ._bar import watched
from ._entry import DamagedError, OtherVersionError
from ._store import Store
from ._transfer import TRACE


def verify(store: Store, root: Path | None, *, deep: bool, repair: bool) -> dict[str, Any]:
    """Check every entry; see ``CacheManager.verify``."""
    problems: list[dict[str, Any]] = []
    checked: dict[str, int] = {}
    others = 0
    names = store.names()
    for kind, key in watched(names, len(names), "Verify"):
        checked[kind] = checked.get(kind, 0) + 1
        try:
            reason = _entry_problem(store, kind, key, deep)
        except OtherVersionError:
            others += 1
            continue
        if reason is not None:
            gone = repair and store.delete(kind, key)
            problems.append({"layer": kind, "key": key, "reason": reason, "removed": gone})
    programs = [] if root is None else _jax_files.entries(root / _paths.XLA)
    for path in watched(programs, len(programs), "Verify programs"):
        jax_key = _programs.jax_key(path.name)
        if jax_key is None:
            continue
        checked[_programs.KIND] = checked.get(_programs.KIND, 0) + 1
        damage = _program_problem(path)
        if damage is not None:
            gone = repair and _unlink(path)
            problems.append({"layer": _programs.KIND, "key": jax_key, "reason": damage, "removed": gone})
    swept = 0
    if repair and root is not None:
        swept = store.sweep() + _programs.sweep(root / _paths.XLA)
    return {
        "checked": checked,
        "other_versions": others,
        "problems": problems,
        "swept": swept,
        "healthy": all(problem["removed"] for problem in problems),
    }


def _entry_problem(store: Store, kind: str, key: str, deep: bool) -> str | None:
    """What is wrong with a stored entry, or None; raises OtherVersionError for one of another format."""
    try:
        sealed = store.sealed(kind, key)
        if sealed is None:
            return "its file is missing"
        member = member_of(sealed)
    except OtherVersionError:
        raise
    except (OSError, DamagedError) as problem:
        return str(problem)
    if (member.kind, member.key) != (kind, key):
        return f"this is entry {member.name}"
    if kind != TRACE:
        return None
    from phasic import _trace_check

    return _trace_check.problem(key, member.payload, member.metadata, deep)


def row_problem(store: Store, root: Path | None, row: Mapping[str, Any]) -> str | None:
    """What is wrong with one entry of a listing, or None; see ``CacheManager.entry_problem``."""
    if row["layer"] == _programs.KIND:
        return "it is gone" if root is None else _program_problem(root / _paths.XLA / row["file"])
    try:
        return _entry_problem(store, row["layer"], row["key"], deep=True)
    except OtherVersionError as problem:
        return str(problem)


def _program_problem(path: Path) -> str | None:
    try:
        return None if _jax_files.decodes(path) else "it does not decode"
    except OSError as problem:
        return str(problem)


def _unlink(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True
