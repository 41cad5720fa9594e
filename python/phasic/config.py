"""Settings under their older path."""

from typing import NoReturn

from phasic._config import Config as PhasicConfig
from phasic._config import configure, get_available_options, get_config, reset_config
from phasic._dropped import refuse

PTDAlgorithmsConfig = PhasicConfig

__all__ = [
    "PTDAlgorithmsConfig",
    "PhasicConfig",
    "configure",
    "get_available_options",
    "get_config",
    "reset_config",
]


def __getattr__(name: str) -> NoReturn:
    refuse(__name__, name)
