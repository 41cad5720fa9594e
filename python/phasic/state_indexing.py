"""Named entries of a state under their older path."""

from typing import NoReturn

from phasic._dropped import refuse
from phasic._state_indexing import Property, PropertySet, Slot, StateIndexer

__all__ = ["Property", "PropertySet", "Slot", "StateIndexer"]


def __getattr__(name: str) -> NoReturn:
    refuse(__name__, name)
