"""Homes on a network file system, whose locks SQLite cannot trust: plain files there, the index here."""

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from ._entry import DEAR_SECONDS, Entry
from ._paths import writable
from ._plain import TEMPORARY, PlainEntry, PlainFolder
from ._report import Reporter

_STALE_SECONDS = 3600.0
_MOUNTS = Path("/proc/self/mountinfo")
_TYPES = {
    *("9p", "afs", "beegfs", "ceph", "cifs", "fhgfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"),
    *("orangefs", "panfs", "pvfs2", "smb3", "smbfs", "wekafs"),
    *("fuse.glusterfs", "fuse.juicefs", "fuse.s3fs", "fuse.sshfs", "fuse.weka"),
}


def is_network(path: Path) -> bool:
    """Whether ``path``, or what exists of it, is on a network file system; False where nobody can tell."""
    return file_system(path) in _TYPES


def file_system(path: Path) -> str | None:
    """Name of the type of the file system that holds ``path``, by the list of mounts that Linux keeps."""
    for existing in (path, *path.parents):
        try:
            device = existing.stat().st_dev
        except OSError:
            continue
        return _type_of(f"{os.major(device)}:{os.minor(device)}") if hasattr(os, "major") else None
    return None


def node_folder(path: Path) -> Path:
    """Private folder on this machine that stands in for the network folder ``path``."""
    user = os.geteuid() if hasattr(os, "geteuid") else 0
    name = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"phasic-{user}-{name}"


def usable_node_folder(path: Path, report: Reporter) -> Path | None:
    """As ``node_folder``, or None on a machine that has no place for it; either is said once."""
    try:
        found = node_folder(path)
    except OSError as problem:
        report("network", f"{path} is on the network: plain files there, no index: {problem}")
        return None
    report("network", f"{path} is on the network: plain files there, the index on this machine")
    return found


class NetworkHome(PlainFolder):
    """The plain files of a home on the network; no method but ``clear`` raises for a fault of the disk."""

    def keep(self, kind: str, key: str, entry: Entry) -> bool:
        """Write an entry; whether it is there now."""
        try:
            dear = entry.seconds >= DEAR_SECONDS
            self.write(kind, key, *entry, mode=0o600, durable=dear)
        except OSError as problem:
            self._report(f"home {problem.errno}", f"{self.root} cannot be written: {problem}")
            return False
        return True

    def discard(self, kind: str, key: str) -> bool:
        """Remove an entry; whether there was one."""
        try:
            return self.delete(kind, key)
        except OSError as problem:
            self._report(f"home {problem.errno}", f"{self.root} cannot be changed: {problem}")
            return False

    def doomed(self, limit_bytes: int, stored_before: float | None = None) -> list[PlainEntry]:
        """What ``prune`` removes: entries stored before a time, then the oldest above a limit."""
        if not writable():
            return []
        found = sorted(self.entries(), key=lambda entry: entry.stored_at)
        used = sum(entry.size for entry in found)
        for count, entry in enumerate(found):
            if used <= limit_bytes and (stored_before is None or entry.stored_at >= stored_before):
                return found[:count]
            used -= entry.size
        return found

    def prune(self, limit_bytes: int, stored_before: float | None = None) -> int:
        """Remove entries stored before a time, then the oldest above a limit; how many went."""
        return sum(self.discard(entry.kind, entry.key) for entry in self.doomed(limit_bytes, stored_before))

    def orphans(self) -> list[Path]:
        """Files that killed writers left over an hour ago."""
        found = []
        for path in self._files() if writable() else []:
            with suppress(OSError):
                if path.suffix == TEMPORARY and time.time() - path.lstat().st_mtime > _STALE_SECONDS:
                    found.append(path)
        return found

    def sweep(self) -> int:
        """Remove the orphans; how many."""
        removed = 0
        for path in self.orphans():
            with suppress(OSError):
                path.unlink()
                removed += 1
        return removed


def _type_of(device: str) -> str | None:
    """Type of the mount with these numbers; a line is ``id parent major:minor ... - type source options``."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        fields, _, rest = line.partition(" - ")
        if rest and fields.split(" ", 3)[2] == device:
            return rest.split(" ", 1)[0]
    return None
