"""`CompilationConfig`: how older code told JAX to compile and to keep what it compiled."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from phasic.exceptions import PTDConfigError


@dataclass(frozen=True)
class CompilationConfig:
    """Settings of JAX's compiler, for code of older versions; `apply` hands them on to `jax.config`.

    New code sets `jax.config` itself: phasic keeps compiled programs in its own cache without being told.

    Attributes:
        cache_dir: Where JAX keeps compiled programs; None for phasic's cache.
        optimization_level: 0 to 3; means nothing, since XLA gains nothing on these programs.
        parallel_compile: Means nothing.
        min_cache_time: Seconds that a compilation must take to be kept.
        enable_x64: Whether JAX computes in double precision.
        platform: JAX's platform; None for its own choice.
        cpu_threads, shared_cache_dir, cache_strategy: Mean nothing.

    Raises:
        PTDConfigError: A value is not what it must be; field and value are named.

    Example:
        >>> config = phasic.CompilationConfig(min_cache_time=0.5)
        >>> config.enable_x64, config.min_cache_time
        (True, 0.5)
    """

    cache_dir: str | os.PathLike[str] | None = None
    shared_cache_dir: str | os.PathLike[str] | None = None
    optimization_level: int = 2
    parallel_compile: bool = True
    min_cache_time: float = 1.0
    enable_x64: bool = True
    platform: str | None = None
    cpu_threads: int | None = None
    cache_strategy: str = "local"

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            PTDConfigError: A value is not what it must be; field and value are named.
        """
        if self.optimization_level not in (0, 1, 2, 3):
            raise PTDConfigError(
                f"optimization_level is {self.optimization_level!r}: it must be 0, 1, 2 or 3"
            )
        if not self.min_cache_time >= 0:
            raise PTDConfigError(f"min_cache_time is {self.min_cache_time!r}: it must be at least 0 seconds")

    @classmethod
    def fast_compile(cls) -> Self:
        """Keep whatever takes 0.1 s to compile.

        Example:
            >>> phasic.CompilationConfig.fast_compile().min_cache_time
            0.1
        """
        return cls(optimization_level=0, min_cache_time=0.1)

    @classmethod
    def balanced(cls) -> Self:
        """The defaults.

        Example:
            >>> phasic.CompilationConfig.balanced() == phasic.CompilationConfig()
            True
        """
        return cls()

    @classmethod
    def max_performance(cls) -> Self:
        """As `balanced`: XLA optimizes as far as it can in any case.

        Example:
            >>> phasic.CompilationConfig.max_performance().min_cache_time
            1.0
        """
        return cls(optimization_level=3)

    def apply(self, force: bool = False) -> None:
        """Set JAX's flags `jax_enable_x64`, its compilation cache and, if given, its platform.

        Args:
            force: Means nothing: flags are always set.

        Example:
            >>> phasic.CompilationConfig(cache_dir="programs", enable_x64=True).apply()
            >>> jax.config.jax_enable_x64, jax.config.jax_compilation_cache_dir
            (True, 'programs')
        """
        from jax import config

        from phasic.cache import enable_jax_cache

        flags: Any = config
        flags.update("jax_enable_x64", self.enable_x64)
        if self.platform is not None:
            flags.update("jax_platforms", self.platform)
        if self.cache_dir is None:
            enable_jax_cache()
        else:
            flags.update("jax_compilation_cache_dir", os.fspath(self.cache_dir))
        flags.update("jax_persistent_cache_min_compile_time_secs", self.min_cache_time)

    def as_dict(self) -> dict[str, Any]:
        """The fields by name, folders as text.

        Example:
            >>> phasic.CompilationConfig(platform="cpu").as_dict()["platform"]
            'cpu'
        """
        return {
            name: os.fspath(value) if isinstance(value, os.PathLike) else value
            for name, value in asdict(self).items()
        }

    def save_to_file(self, path: str | os.PathLike[str]) -> None:
        """Write the fields as JSON; `load_from_file` reads them.

        Args:
            path: Where to write; a file that is there is replaced.

        Example:
            >>> config = phasic.CompilationConfig(min_cache_time=0.5)
            >>> config.save_to_file("compilation.json")
            >>> phasic.CompilationConfig.load_from_file("compilation.json") == config
            True
        """
        Path(path).write_text(json.dumps(self.as_dict(), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load_from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save_to_file` wrote.

        Raises:
            PTDConfigError: A field does not exist or has a bad value.

        Example:
            >>> phasic.CompilationConfig.fast_compile().save_to_file("compilation.json")
            >>> phasic.CompilationConfig.load_from_file("compilation.json").min_cache_time
            0.1
        """
        read = json.loads(Path(path).read_text(encoding="utf-8"))
        unknown = sorted(set(read) - {field.name for field in fields(cls)})
        if unknown:
            raise PTDConfigError(f"{path} has the field {unknown[0]!r}, which does not exist")
        return replace(cls(), **read)


_default = [CompilationConfig()]


def get_default_config() -> CompilationConfig:
    """The configuration last set by `set_default_config`; for code of older versions.

    Example:
        >>> phasic.get_default_config().optimization_level
        2
    """
    return _default[0]


def set_default_config(config: CompilationConfig) -> None:
    """Keep a configuration for `get_default_config`; for code of older versions.

    It is not applied: `CompilationConfig.apply` does that.

    Raises:
        TypeError: It is no `CompilationConfig`.

    Example:
        >>> phasic.set_default_config(phasic.CompilationConfig.balanced())
        >>> phasic.get_default_config().min_cache_time
        1.0
    """
    if not isinstance(config, CompilationConfig):
        raise TypeError(f"config is {config!r}: it must be a CompilationConfig")
    _default[0] = config
