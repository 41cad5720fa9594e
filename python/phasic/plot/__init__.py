"""Pictures of graphs, drawn without other programs, and of laws, by matplotlib; see `phasic.Graph.plot`."""

from phasic.plot._drawing import Drawing

__all__ = ["Drawing"]
