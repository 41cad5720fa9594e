"""Pictures of graphs, drawn without other programs, and of laws, by matplotlib; see `phasic.Graph.plot`."""

from typing import NoReturn

from phasic._dropped import refuse
from phasic.plot._arguments import set_theme
from phasic.plot._drawing import Drawing

__all__ = ["Drawing", "set_theme"]


def __getattr__(name: str) -> NoReturn:
    refuse(__name__, name)
