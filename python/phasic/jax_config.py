"""Settings of JAX's compiler under their older path."""

from phasic._compilation import CompilationConfig, get_default_config, set_default_config

__all__ = ["CompilationConfig", "get_default_config", "set_default_config"]
