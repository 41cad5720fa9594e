"""Graphs in the forms of other software, in memory and in files."""

from __future__ import annotations

from phasic._interchange_drn import Drn
from phasic._interchange_networkx import Networks
from phasic._interchange_scipy import SparseMatrices


class Interchange(SparseMatrices, Networks, Drn):
    """SciPy's sparse matrices, Matrix Market, networkx and Storm's DRN; see `phasic.Graph`."""
