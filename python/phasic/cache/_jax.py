"""JAX's persistent compilation cache, switched on when a fit asks for it and never at import."""

import logging
from pathlib import Path
from typing import Any

from . import _jax_files, _paths
from ._lock import ForkSafeLock

logger = logging.getLogger(__name__)

_EVENTS = {
    "/jax/compilation_cache/cache_hits": "hits",
    "/jax/compilation_cache/cache_misses": "misses",
    "/jax/compilation_cache/compile_requests_use_cache": "requests",
}
_CHECK_SECONDS = 1.0
_MIN_FREE_BYTES = 64 << 20
_FAULTS = (ImportError, AttributeError, LookupError, TypeError, ValueError, RuntimeError, OSError)


class _State:
    """What this process has done to JAX: the folder set, whether events are counted, and the counts."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.listening = False
        self.counts = dict.fromkeys(_EVENTS.values(), 0)
        self.enabled = False
        self.problems: set[str] = set()
        self.lock = ForkSafeLock(after_fork=lambda: None)
        self.counting = ForkSafeLock(after_fork=lambda: None)


_state = _State()


def enable_jax_cache() -> Path | None:
    """Make JAX keep compiled programs below the cache folder; the folder in use, or None.

    A folder that the user has set, in ``jax.config`` or as ``JAX_COMPILATION_CACHE_DIR``, stays in use and is
    left alone. Entries that do not decode are removed first, and the oldest ones above 4000 files or 4 GiB.
    Calling it again does nothing. It works before and after the first use of JAX, and it never raises: a
    fault is one log line, and programs are compiled as without it.
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
        if str(problem) not in _state.problems:
            _state.problems.add(str(problem))
            logger.warning("phasic cache: JAX's compilation cache stays as it is: %s", problem)
        return None


def jax_counts() -> dict[str, int]:
    """Programs that JAX has loaded from its cache (hits) and written to it (misses, stores)."""
    hits, misses = _state.counts["hits"], _state.counts["misses"]
    return {"hits": hits, "misses": misses, "stores": misses}


def is_enabled() -> bool:
    """Whether this process has switched JAX's cache on, or found it on, at its last attempt."""
    return _state.enabled


def compiled() -> int:
    """Programs that JAX has asked its cache for in this process and then compiled, kept or not."""
    return _state.counts["requests"] - _state.counts["hits"]


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
    if current == str(folder) and _paths.is_folder(folder):
        return folder
    _make(root, folder)
    removed = _jax_files.remove_undecodable(folder, _CHECK_SECONDS)
    if removed:
        logger.warning("phasic cache: %d damaged compiled programs removed from %s", removed, folder)
    _jax_files.prune(root / _paths.XLA)
    _configure(config, folder)
    _state.folder = folder
    return folder


def _root() -> Path:
    requested = _paths.default_dir()
    if requested is None:
        raise _paths.UnusableFolderError("there is no folder for a cache; set PHASIC_CACHE_DIR")
    return _paths.locate(requested)


def _make(root: Path, folder: Path) -> None:
    import shutil

    _paths.prepare(root)
    for path in (root / _paths.XLA, folder):
        path.mkdir(mode=0o700, exist_ok=True)
        if _paths.is_link(path):
            raise _paths.UnusableFolderError(f"{path} is a link")
    _paths.check_owner(folder)
    if shutil.disk_usage(folder).free < _MIN_FREE_BYTES:
        raise _paths.UnusableFolderError(f"the disk of {folder} is full")
    # JAX warns at every program that it cannot write, so find out once.
    probe = folder / ".probe"
    probe.write_bytes(b"")
    probe.unlink()


def _configure(config: Any, folder: Path) -> None:
    from jax.experimental.compilation_cache import compilation_cache

    config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    config.update("jax_persistent_cache_enable_xla_caches", "none")
    config.update("jax_compilation_cache_dir", str(folder))
    # JAX opens its cache once; after that a folder takes effect only when the cache is opened again.
    compilation_cache.reset_cache()


def _listen() -> None:
    if not _state.listening:
        import jax.monitoring

        jax.monitoring.register_event_listener(_on_event)
        _state.listening = True


def _on_event(event: str, **_details: Any) -> None:
    counter = _EVENTS.get(event)
    if counter is not None:
        with _state.counting.raw:
            _state.counts[counter] += 1
