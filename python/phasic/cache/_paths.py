"""Where the cache is, whether it is on, and which folders belong to it.

This is the only module of the cache that reads the environment, and it does so when a function is called:

``PHASIC_CACHE_DIR``
    Folder of the cache. Without it, ``platformdirs.user_cache_path("phasic") / "v1"``.
``PHASIC_CACHE``
    ``on`` (the default), ``ro`` or ``off``. With ``ro`` entries are read and none is stored; off means that
    every lookup is a miss and nothing is stored.
``PHASIC_CACHE_MAX_SIZE``
    Limit of the entries on disk, for example ``500MB`` or ``10 GiB``; a number alone is bytes.
``PHASIC_CACHE_SHARED``
    Folders of plain files that are read after the local one, in this order, separated like ``PATH``.
``PHASIC_CACHE_REMOTE``
    Where entries are looked for last: an address that fsspec understands.
``PHASIC_CACHE_REMOTE_WRITE``, ``PHASIC_CACHE_REMOTE_INSECURE``
    ``1`` allows to store entries there, and to use plain ``http``.

A folder is *ours* when it holds the marker file. Only a missing or empty folder is ever marked, so nothing
that was there before can be mistaken for an entry; in a folder that holds other things, the cache lives in a
sub-folder.
"""

import logging
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

MARKER = ".phasic-cache"
SUBFOLDER = "phasic-v1"
INDEX = "index"
XLA = "xla"
PLAIN = "v1"
LOCKS = "locks"

_MARKER_TEXT = "This folder belongs to the cache of phasic. It can be deleted at any time.\n"
_TAG_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder is a cache of phasic; backup programs may skip it. See https://bford.info/cachedir/\n"
)
_JAX_FILE = re.compile(r".+-[0-9a-f]{64}-(?:cache|atime)|\.lockfile")
_JAX_FOLDER = "xla_gpu_per_fusion_autotune_cache_dir"
_PASSWORD = re.compile(r"(://)[^/@]*@")
_MODES = ("on", "ro", "off")
_PREFIXES = ("", "K", "M", "G", "T")
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?(?:([KMGT]?)(i?)B)?", re.IGNORECASE)
_reported: set[tuple[str, str]] = set()


class UnusableFolderError(OSError):
    """A folder that must not be used as a cache; the message says why and what to do."""


def enabled() -> bool:
    """Whether ``PHASIC_CACHE`` leaves the cache on; a value that it does not know is reported once."""
    return _mode() != "off"


def writable() -> bool:
    """Whether ``PHASIC_CACHE`` lets entries be stored."""
    return _mode() == "on"


def _mode() -> str:
    value = os.environ.get("PHASIC_CACHE")
    if value is None or value in _MODES:
        return value or "on"
    _complain("PHASIC_CACHE", value, "is none of 'on', 'ro' and 'off'; the cache stays on")
    return "on"


def max_size() -> int | None:
    """Bytes that ``PHASIC_CACHE_MAX_SIZE`` allows on disk, or None; a bad value is reported once."""
    value = os.environ.get("PHASIC_CACHE_MAX_SIZE")
    if not value:
        return None
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        _complain("PHASIC_CACHE_MAX_SIZE", value, "is no size like '500MB' or '10 GiB'; it is ignored")
        return None
    prefix, binary = (match[2] or "").upper(), bool(match[3])
    return int(float(match[1]) * (1024 if binary else 1000) ** _PREFIXES.index(prefix))


def shared_dirs() -> tuple[Path, ...]:
    """Folders that ``PHASIC_CACHE_SHARED`` names, as absolute paths."""
    value = os.environ.get("PHASIC_CACHE_SHARED")
    if not value:
        return ()
    found = (absolute(part) for part in value.split(os.pathsep) if part)
    return tuple(path for path in found if path is not None)


def remote_url() -> str | None:
    """Value of ``PHASIC_CACHE_REMOTE``, or None when it is not set."""
    return os.environ.get("PHASIC_CACHE_REMOTE") or None


def without_password(address: str) -> str:
    """An address, or several, to show to anyone."""
    return _PASSWORD.sub(r"\1…@", address)


def remote_may_be_written() -> bool:
    """Whether ``PHASIC_CACHE_REMOTE_WRITE`` is 1."""
    return os.environ.get("PHASIC_CACHE_REMOTE_WRITE") == "1"


def remote_may_be_insecure() -> bool:
    """Whether ``PHASIC_CACHE_REMOTE_INSECURE`` is 1."""
    return os.environ.get("PHASIC_CACHE_REMOTE_INSECURE") == "1"


def _complain(name: str, value: str, problem: str) -> None:
    if (name, value) not in _reported:
        _reported.add((name, value))
        logger.warning("phasic cache: %s=%r %s", name, value, problem)


def jax_dir_of_user() -> str | None:
    """Value of ``JAX_COMPILATION_CACHE_DIR``, or None when it is not set."""
    return os.environ.get("JAX_COMPILATION_CACHE_DIR") or None


def variables() -> dict[str, str]:
    """Environment variables in force that concern the cache, without the passwords in addresses."""
    return {
        name: without_password(value)
        for name, value in sorted(os.environ.items())
        if name.startswith(("PHASIC_", "JAX_COMPILATION_CACHE", "JAX_PERSISTENT_CACHE", "XDG_CACHE_HOME"))
        or name == "JAX_ENABLE_COMPILATION_CACHE"
    }


def older_folders() -> list[Path]:
    """Folders that older versions kept in the home folder and that exist; nothing ever reads them."""
    home = absolute("~")
    names = (".phasic_cache", ".phasic_traces", ".jax_cache")
    return [] if home is None else [home / name for name in names if is_folder(home / name)]


def default_dir() -> Path | None:
    """Absolute path of the folder that the environment asks for, or None without a home to put it in."""
    chosen = os.environ.get("PHASIC_CACHE_DIR")
    if chosen:
        return absolute(chosen)
    import platformdirs

    try:
        path = platformdirs.user_cache_path("phasic") / "v1"
    except RuntimeError:  # neither the environment nor the list of users knows a home
        return None
    return path if path.is_absolute() else None


def absolute(path: str | os.PathLike[str]) -> Path | None:
    """Absolute form of ``path`` with ``~`` expanded, or None when it names nothing.

    That is a ``~`` without a home, a relative path when the working folder is gone, and a name with a NUL.
    """
    if "\0" in os.fspath(path):
        return None
    try:
        return Path(path).expanduser().absolute()
    except (RuntimeError, OSError):
        return None


def is_folder(path: Path) -> bool:
    """Whether ``path`` leads to a folder; False where that cannot be told."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where a folder must not be entered


def is_link(path: Path) -> bool:
    """Whether ``path`` is a symbolic link; False where that cannot be told."""
    return os.path.islink(path)  # noqa: PTH114 - Path.is_symlink raises where a folder must not be entered


def is_ours(path: Path) -> bool:
    """Whether ``path`` is a folder that carries the marker file."""
    try:
        return stat.S_ISREG((path / MARKER).lstat().st_mode)
    except (OSError, ValueError):
        return False


def is_empty(path: Path) -> bool:
    """Whether ``path`` is missing, or a folder without entries."""
    try:
        with os.scandir(path) as found:
            return next(found, None) is None
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False


def locate(path: Path) -> Path:
    """Where the cache asked for at ``path`` lives: there, or in a sub-folder if others use ``path``."""
    # The marker is the first file in a folder of ours: who finds such a folder filled finds the marker too.
    return path if is_empty(path) or is_ours(path) or not is_folder(path) else path / SUBFOLDER


def check_owner(path: Path) -> None:
    """Raise UnusableFolderError if another user owns ``path`` or every user may write to it."""
    status = path.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise UnusableFolderError(f"{path} is not a folder")
    if os.name != "posix":
        return
    if status.st_uid != os.geteuid():
        raise UnusableFolderError(f"{path} belongs to another user; set PHASIC_CACHE_DIR to your own folder")
    if status.st_mode & stat.S_IWOTH:
        raise UnusableFolderError(f"every user may write to {path}; take that right away with 'chmod o-w'")


def is_own(path: Path) -> bool:
    """Whether the folder ``path`` belongs to this user and to nobody else."""
    try:
        check_owner(path)
    except OSError:
        return False
    return True


def is_precious(path: Path) -> bool:
    """Whether ``path`` is the root of the file system, the home folder or the working folder."""
    places = [Path(path.anchor), absolute("~")]
    with suppress(OSError):
        places.append(Path.cwd())
    return any(place is not None and place.exists() and place.samefile(path) for place in places)


def prepare(path: Path) -> None:
    """Create ``path`` with mode 0700, the marker and CACHEDIR.TAG; raise OSError where that is impossible."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_owner(path)
    for name, text in ((MARKER, _MARKER_TEXT), ("CACHEDIR.TAG", _TAG_TEXT)):
        try:
            descriptor = os.open(path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)


def is_jax_file(name: str) -> bool:
    """Whether ``name`` is the name of a file that JAX's compilation cache writes."""
    return _JAX_FILE.fullmatch(name) is not None


def jax_files(path: Path) -> list[os.DirEntry[str]]:
    """Regular files directly in ``path`` that JAX's compilation cache wrote; links are left out."""
    try:
        with os.scandir(path) as found:
            return [e for e in found if is_jax_file(e.name) and e.is_file(follow_symlinks=False)]
    except OSError:
        return []


def holds_only_jax_files(path: Path) -> bool:
    """Whether everything directly in the folder ``path`` was written by JAX's compilation cache."""
    try:
        with os.scandir(path) as found:
            return all(
                (is_jax_file(e.name) and e.is_file(follow_symlinks=False))
                or (e.name == _JAX_FOLDER and e.is_dir(follow_symlinks=False))
                for e in found
            )
    except OSError:
        return False
