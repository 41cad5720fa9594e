"""Settings of older code: read, checked and kept, without effect on any answer."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from phasic.exceptions import PTDConfigError

_CHOICES: dict[str, tuple[str, ...]] = {
    "platform": ("cpu", "gpu", "tpu"),
    "backend": ("jax", "cpp", "ffi"),
}

#: Settings of version 0.32 that are read, and neither checked nor kept.
_READ = (
    "cache_dir",
    "compute",
    "cpu_threads",
    "graph_cache",
    "high_precision_bits",
    "high_precision_mode",
    "ill_condition_threshold",
    "parallel_elimination",
    "parallel_elimination_max_concurrent",
    "parallel_elimination_min_subgraph",
    "reward_compute_cache",
    "svgd_strategy",
    "warn_on_ill_conditioning",
)


@dataclass(frozen=True)
class Config:
    """What `configure` was told. Nothing depends on it: answers are exact, and JAX picks its own platform.

    Attributes:
        jax, jit, ffi, openmp: Always used where they serve.
        strict: Bad input always raises.
        platform: JAX's is set by JAX_PLATFORMS or `jax.config`.
        backend: There is one.
        verbose: Logging is set by `logging.getLogger("phasic")`.
    """

    jax: bool = True
    jit: bool = True
    ffi: bool = True
    openmp: bool = True
    strict: bool = True
    platform: str = "cpu"
    backend: str = "jax"
    verbose: bool = False

    def validate(self) -> None:
        """Check every field.

        Raises:
            PTDConfigError: A value is not what it must be; field and value are named.
        """
        for name, value in asdict(self).items():
            if name in _CHOICES:
                if value not in _CHOICES[name]:
                    raise PTDConfigError(
                        f"{name} is {value!r}: it must be one of {', '.join(_CHOICES[name])}"
                    )
            elif not isinstance(value, bool):
                raise PTDConfigError(f"{name} is {value!r}: it must be True or False")


_DEFAULT = Config()
_current = [_DEFAULT]


def configure(**settings: Any) -> None:
    """Keep settings of older code, with a DeprecationWarning for those that ask for something else.

    New code needs none: all of it is always on. JAX's platform is set by JAX_PLATFORMS or `jax.config`, and
    messages by `logging.getLogger("phasic")`.

    Args:
        **settings: Fields of the object that `get_config` gives, by name.

    Raises:
        PTDConfigError: There is no such setting, or its value is not what it must be.

    Example:
        >>> phasic.configure(jax=True, jit=True)
        >>> phasic.get_config().jit
        True
    """
    known = {field.name for field in fields(Config)}
    read = [name for name in settings if name in _READ]
    unknown = sorted(set(settings) - known - set(read))
    if unknown:
        raise PTDConfigError(f"there is no setting {unknown[0]!r}: there are {', '.join(sorted(known))}")
    kept = {name: value for name, value in settings.items() if name in known}
    config = replace(_current[0], **kept)
    config.validate()
    idle = [name for name in kept if getattr(config, name) != getattr(_DEFAULT, name)] + read
    if idle:
        warnings.warn(f"settings without effect: {', '.join(idle)}", DeprecationWarning, stacklevel=2)
    _current[0] = config


def get_config() -> Config:
    """The settings that `configure` has kept; nothing depends on them.

    Its fields are `jax`, `jit`, `ffi`, `openmp`, `strict` and `verbose`, True or False, and `platform` and
    `backend`.

    Example:
        >>> phasic.get_config().backend
        'jax'
    """
    return _current[0]


def reset_config() -> None:
    """Back to the settings before any `configure`.

    Example:
        >>> phasic.reset_config()
        >>> phasic.get_config().verbose
        False
    """
    _current[0] = _DEFAULT


def get_available_options() -> dict[str, Any]:
    """What this process can use: `jax`, `cpp`, `ffi` and `openmp`, `backends` and `platforms`.

    Imports JAX, which is the one to know its platforms; new code asks `jax.devices()`.

    Example:
        >>> options = phasic.get_available_options()
        >>> options["ffi"], options["backends"]
        (True, ['jax'])
    """
    import jax

    platforms = sorted({device.platform for device in jax.devices()})
    return {
        "jax": True,
        "cpp": False,
        "ffi": True,
        "openmp": False,
        "backends": ["jax"],
        "platforms": platforms,
    }
