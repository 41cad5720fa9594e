"""Named entries of a state under their older path."""

from phasic._state_indexing import Property, PropertySet, StateIndexer

__all__ = ["Property", "PropertySet", "StateIndexer"]
