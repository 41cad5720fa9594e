"""JAX's persistent compilation cache, switched on when a fit asks for it and never at import."""

import logging
import math
from pathlib import Path
from typing import Any

from . import _jax_files, _paths
from ._counts import Counts, table
from ._lock import ForkSafeLock

logger = logging.getLogger(__name__)

LAYER = "xla"

_EVENTS = {
    "/jax/compilation_cache/cache_hits": "hits",
    "/jax/compilation_cache/cache_misses": "stores",
    "/jax/compilation_cache/compile_requests_use_cache": "requests",
}
#: Whole seconds that the program took to compile, less what reading it took.
_SAVED = "/jax/compilation_cache/compile_time_saved_sec"
_LEAST_SECONDS = "jax_persistent_cache_min_compile_time_secs"
_CHECK_SECONDS = 1.0
_MIN_FREE_BYTES = 64 << 20
_PROBE_BYTES = 4096
_FAULTS = (ImportError, AttributeError, LookupError, TypeError, ValueError, RuntimeError, OSError)


class _State:
    """What this process has done to JAX: the folder set, whether to write there, and what is counted."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.asked = False
        self.listening = False
        self.counts = Counts()
        self.enabled = False
        self.problems: set[str] = set()
        self.lock = ForkSafeLock(after_fork=lambda: None)


_state = _State()


def enable_jax_cache() -> Path | None:
    """Make JAX keep compiled programs below the cache folder; the folder in use, or None.

    A folder that the user has set, in ``jax.config`` or as ``JAX_COMPILATION_CACHE_DIR``, stays in use and is
    left alone. Entries that do not decode are removed first, and the oldest ones above 4000 files or 4 GiB.
    With ``PHASIC_CACHE=ro``, and in a folder that cannot be written, programs are read and none is stored; a
    folder with damaged ones is not read then. Calling it again does nothing. It works before and after the
    first use of JAX, and it never raises: a fault is one log line, and programs are compiled as without it.

    Example:
        >>> from phasic.cache import enable_jax_cache
        >>> folder = enable_jax_cache()
        >>> jax.config.jax_compilation_cache_dir == str(folder)
        True
    """
    if not _paths.enabled():
        return None
    try:
        with _state.lock.raw:
            folder = _enable()
            _state.enabled = folder is not None
            return folder
    except _FAULTS as problem:
        # A cache that cannot be had must not stop a fit, whatever in JAX or in the file system is the reason.
        _say(f"JAX's compilation cache stays as it is: {problem}")
        return None


def jax_counts() -> dict[str, float]:
    """Programs that JAX has loaded from its cache (hits), compiled (misses), and written to it (stores).

    ``seconds_saved`` is at least what compiling the hits took: JAX keeps whole seconds.
    """
    counts = table(_state.counts.all()).get(LAYER, {})
    return {event: counts.get(event, 0) for event in ("hits", "misses", "stores", "seconds_saved")}


def take_counts() -> dict[str, float]:
    """Events since the last call, for the counters of our folder; none while JAX writes elsewhere."""
    if _state.folder is None:
        return {}
    pending = _state.counts.pending()
    _state.counts.noted(pending)
    return {event: number for (_, event), number in pending.items()}


def is_enabled() -> bool:
    """Whether this process has switched JAX's cache on, or found it on, at its last attempt."""
    return _state.enabled


def compiled() -> int:
    """Programs that JAX has asked its cache for in this process and then compiled, kept or not."""
    return int(jax_counts()["misses"])


def _enable() -> Path | None:
    import jax
    from jaxlib.version import __version__ as jaxlib_version

    config: Any = jax.config
    current = config.jax_compilation_cache_dir
    _listen()
    if not config.jax_enable_compilation_cache:
        return None
    if current is not None and current != str(_state.folder):
        return Path(current)
    if _paths.jax_dir_of_user() is not None:
        return None
    root = _root()
    folder = root / _paths.XLA / _jax_files.folder_name(jaxlib_version)
    asked = _paths.writable()
    if current == str(folder) and _paths.is_folder(folder) and asked == _state.asked:
        return folder
    writing = asked and _can_be_made(root, folder)
    if writing:
        _clean(root, folder)
    else:
        if current == str(folder):
            config.update(_LEAST_SECONDS, math.inf)  # whatever comes, nothing is written from now on
        if not _is_sound(root, folder):
            return None
    _configure(config, folder, writing)
    _state.folder, _state.asked = folder, asked
    return folder


def _root() -> Path:
    requested = _paths.default_dir()
    if requested is None:
        raise _paths.UnusableFolderError("there is no folder for a cache; set PHASIC_CACHE_DIR")
    return _paths.locate(requested)


def _can_be_made(root: Path, folder: Path) -> bool:
    """Make the folder; whether JAX may write to it. Raises OSError for one that cannot be read either."""
    try:
        _make(root, folder)
    except OSError as problem:
        if not _paths.is_ours(root) or not _paths.is_folder(folder):
            raise
        _check(root, folder)
        _say(f"compiled programs are read from {folder}, and none is stored: {problem}")
        return False
    return True


def _say(message: str) -> None:
    """Log a problem once."""
    if message not in _state.problems:
        _state.problems.add(message)
        logger.warning("phasic cache: %s", message)


def _clean(root: Path, folder: Path) -> None:
    removed = _jax_files.remove_undecodable(folder, _CHECK_SECONDS)
    if removed:
        logger.warning("phasic cache: %d damaged compiled programs removed from %s", removed, folder)
    _jax_files.prune(root / _paths.XLA)


def _is_sound(root: Path, folder: Path) -> bool:
    """Whether there is a folder to read, as it is; raises OSError for one that must not be used."""
    if not _paths.is_ours(root) or not _paths.is_folder(folder):
        return False
    _check(root, folder)
    damaged = _jax_files.undecodable(folder, _CHECK_SECONDS)
    if damaged:
        raise _paths.UnusableFolderError(f"{len(damaged)} compiled programs in {folder} are damaged")
    return True


def _check(root: Path, folder: Path) -> None:
    for path in (root / _paths.XLA, folder):
        if _paths.is_link(path):
            raise _paths.UnusableFolderError(f"{path} is a link")
    for path in (root, folder):
        _paths.check_owner(path)


def _make(root: Path, folder: Path) -> None:
    import shutil

    _paths.prepare(root)
    for path in (root / _paths.XLA, folder):
        path.mkdir(mode=0o700, exist_ok=True)
    _check(root, folder)
    if shutil.disk_usage(folder).free < _MIN_FREE_BYTES:
        raise _paths.UnusableFolderError(f"the disk of {folder} is full")
    # JAX warns at every program that it cannot write, so find out once.
    probe = folder / ".probe"
    try:
        probe.write_bytes(bytes(_PROBE_BYTES))
    finally:
        probe.unlink(missing_ok=True)


def _configure(config: Any, folder: Path, writing: bool) -> None:
    from jax.experimental.compilation_cache import compilation_cache

    # What took less than this to compile is not written, and reading does not look at it.
    config.update(_LEAST_SECONDS, 0.0 if writing else math.inf)
    if not writing:
        # With a limit of size JAX writes a file at every hit.
        config.update("jax_compilation_cache_max_size", -1)
    config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    config.update("jax_persistent_cache_enable_xla_caches", "none")
    config.update("jax_compilation_cache_dir", str(folder))
    # JAX opens its cache once; after that a folder takes effect only when the cache is opened again.
    compilation_cache.reset_cache()


def _listen() -> None:
    if not _state.listening:
        import jax.monitoring

        jax.monitoring.register_event_listener(_on_event)
        jax.monitoring.register_event_duration_secs_listener(_on_duration)
        _state.listening = True


def _on_event(event: str, **_details: Any) -> None:
    counter = _EVENTS.get(event)
    if counter is not None:
        _state.counts.add(LAYER, {counter: 1})


def _on_duration(event: str, duration_secs: float, **_details: Any) -> None:
    if event == _SAVED:
        _state.counts.add(LAYER, {"seconds_saved": max(duration_secs, 0.0)})
