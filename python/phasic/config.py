"""Settings under their older path."""

from phasic._config import Config as PhasicConfig
from phasic._config import configure, get_available_options, get_config, reset_config

PTDAlgorithmsConfig = PhasicConfig

__all__ = [
    "PTDAlgorithmsConfig",
    "PhasicConfig",
    "configure",
    "get_available_options",
    "get_config",
    "reset_config",
]
