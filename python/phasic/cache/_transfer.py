"""Entries that leave a cache, and strangers' entries that want in.

What comes in is checked as if an enemy had made it. Traces are data: their validator and their content hash
decide. Everything else leads to machine code, and is taken only from who is trusted.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from . import _archive, _paths, _programs
from ._archive import ArchiveError, Member, member_of
from ._bar import watched
from ._entry import DamagedError
from ._store import Store

TRACE = "trace"

_METADATA_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MAX_METADATA = 32
_UNTRUSTED = "it leads to machine code, which is taken only when trusted"


class Source(NamedTuple):
    """A sealed entry that can be read.

    ``label`` is what patterns match and reports name, ``order`` the kind and key by which archives are
    sorted, and ``read`` gives the bytes, or raises OSError or DamagedError.
    """

    label: str
    order: tuple[str, str]
    read: Callable[[], bytes]


def export(
    store: Store, root: Path | None, path: Path, *, patterns: list[str] | None, compress: bool
) -> dict[str, Any]:
    """Write what matches to an archive; see ``CacheManager.export_cache``."""
    exported: dict[str, int] = {}
    damaged: list[dict[str, str]] = []
    chosen = [source for source in sources(store, root) if _matches(source.label, patterns)]

    if not chosen:
        raise ArchiveError("nothing in the cache matches; no archive was written")

    def sealed() -> Iterator[bytes]:
        ordered = sorted(chosen, key=lambda source: source.order)
        for source in watched(ordered, len(chosen), "Export"):
            try:
                data = source.read()
                member = member_of(data)
                refusal(member, trust=True)
            except (OSError, DamagedError) as problem:
                damaged.append({"name": source.label, "reason": str(problem)})
            else:
                exported[member.kind] = exported.get(member.kind, 0) + 1
                yield data

    entries, total = _archive.write(path, sealed(), compress=compress)
    return {
        "path": str(path),
        "entries": entries,
        "total_size_mb": total / (1 << 20),
        "exported": exported,
        "damaged": damaged,
    }


def take_archive(
    store: Store, root: Path | None, path: Path, *, overwrite: bool, trust: bool, dry_run: bool
) -> dict[str, Any]:
    """Take the entries of an archive if all of them are sound; see ``CacheManager.import_cache``."""
    taking = _Taking(store, root, overwrite=overwrite, dry_run=dry_run)
    limit = store.disk_bytes
    with _archive.open_archive(path) as stream:
        sound: dict[str, bytes] = {}
        for member in watched(_archive.members(stream, limit, limit // 2), 0, "Check"):
            try:
                reason = refusal(member, trust)
            except DamagedError as problem:
                raise ArchiveError(f"{member.name[:24]}…: {problem}; nothing was taken") from None
            if reason is None:
                sound[member.name] = _fingerprint(member)
            else:
                taking.refused.append({"name": member.name, "reason": reason})
        for member in watched(_archive.members(stream, limit, limit // 2), len(sound), "Import"):
            if member.name in sound:
                if _fingerprint(member) != sound[member.name]:
                    raise ArchiveError(f"{path} changes while it is read")
                taking.take(member)
    return taking.report()


def take_sources(
    store: Store, root: Path | None, found: Iterable[Source], *, trust: bool, dry_run: bool
) -> dict[str, Any]:
    """Take sealed entries one by one, each for itself; see ``CacheManager.sync_from_remote``."""
    taking = _Taking(store, root, overwrite=False, dry_run=dry_run)
    for source in watched(found, 0, "Synchronize"):
        try:
            member = member_of(source.read())
            reason = refusal(member, trust)
        except (OSError, DamagedError) as problem:
            reason = str(problem)
        if reason is None:
            taking.take(member)
        else:
            taking.refused.append({"name": source.label, "reason": reason})
    return taking.report()


def sources(store: Store, root: Path | None) -> list[Source]:
    """Everything that a cache holds on disk."""
    found = [
        Source(f"{kind}/{key}", (kind, key), partial(_stored, store, kind, key))
        for kind, key in store.names()
    ]
    return found if root is None else found + program_sources(root)


def program_sources(root: Path) -> list[Source]:
    """The compiled programs below the cache folder ``root``, labelled with the path of their file."""
    return [
        Source(
            f"{_programs.KIND}/{path.parent.name}/{path.name}",
            (_programs.KIND, key),
            partial(_programs.sealed, path),
        )
        for key, path in _programs.files(root / _paths.XLA).items()
    ]


def refusal(member: Member, trust: bool) -> str | None:
    """Why a member is not taken, or None; raises DamagedError for one that is not what it says."""
    if len(member.metadata) > _MAX_METADATA or not all(map(_METADATA_NAME.fullmatch, member.metadata)):
        raise DamagedError("its metadata are not those of an entry")
    if any(abs(value) >= 1 << 63 for value in member.metadata.values()):
        raise DamagedError("its metadata hold a number of more than 64 bits")
    if member.kind == TRACE:
        from phasic import _trace_check

        problem = _trace_check.problem(member.key, member.payload, member.metadata)
        if problem is not None:
            raise DamagedError(problem)
        return None
    if not trust:
        return _UNTRUSTED
    if member.kind == _programs.KIND:
        _programs.unpack(member.key, member.payload)
    return None


class _Taking:
    """Members on their way into a cache, and what became of each."""

    def __init__(self, store: Store, root: Path | None, *, overwrite: bool, dry_run: bool) -> None:
        self._store = store
        self._root = root
        self._overwrite = overwrite
        self._dry_run = dry_run
        self._held = {f"{kind}/{key}" for kind, key in store.names()}
        if root is not None:
            self._held |= {f"{_programs.KIND}/{key}" for key in _programs.files(root / _paths.XLA)}
        self._taken: dict[str, int] = {}
        self._kept = self._failed = 0
        self.refused: list[dict[str, str]] = []

    def take(self, member: Member) -> None:
        """Store a sound member, unless it is there already."""
        if member.name in self._held and not self._overwrite:
            self._kept += 1
        elif self._dry_run or self._put(member):
            self._taken[member.kind] = self._taken.get(member.kind, 0) + 1
        else:
            self._failed += 1

    def report(self) -> dict[str, Any]:
        """What was taken, by kind; how many were there already or could not be stored; what was refused."""
        return {
            "taken": self._taken,
            "present": self._kept,
            "failed": self._failed,
            "refused": self.refused,
            "dry_run": self._dry_run,
        }

    def _put(self, member: Member) -> bool:
        if member.kind != _programs.KIND:
            return self._store.put(member.kind, member.key, member.payload, metadata=member.metadata)
        if self._root is None or not _paths.writable():
            return False
        try:
            _programs.store(self._root, _programs.unpack(member.key, member.payload))
        except OSError as problem:
            self.refused.append({"name": member.name, "reason": f"it cannot be stored: {problem}"})
            return False
        return True


def _stored(store: Store, kind: str, key: str) -> bytes:
    sealed = store.sealed(kind, key)
    if sealed is None:
        raise DamagedError("it is gone")
    return sealed


def _matches(label: str, patterns: list[str] | None) -> bool:
    names = (label, label.rpartition("/")[2])
    return patterns is None or any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _fingerprint(member: Member) -> bytes:
    import hashlib

    return hashlib.blake2b(member.payload, digest_size=32).digest()
