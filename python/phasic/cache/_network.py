"""Whether a folder lies on a network file system, where SQLite and its locks cannot be trusted."""

import hashlib
import os
import tempfile
from pathlib import Path

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
