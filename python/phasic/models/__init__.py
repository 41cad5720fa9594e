"""Models to start from: known chains as graphs, each a transition rule that can be read and changed.

Every function returns a `phasic.Graph` whose rates are linear in theta; the docstring has the meaning of a
state and of each parameter. Time is in the unit of the inverse of the rates.
"""

from phasic.models._birth_death import birth_death
from phasic.models._coalescent import kingman
from phasic.models._isolation import isolation_with_migration, join_demes
from phasic.models._phases import coxian, erlang, hyper_erlang
from phasic.models._queues import mm1k_busy_period, tandem_queue
from phasic.models._reliability import repairable_system
from phasic.models._structured import structured_coalescent
from phasic.models._two_loci import two_locus_arg

__all__ = [
    "birth_death",
    "coxian",
    "erlang",
    "hyper_erlang",
    "isolation_with_migration",
    "join_demes",
    "kingman",
    "mm1k_busy_period",
    "repairable_system",
    "structured_coalescent",
    "tandem_queue",
    "two_locus_arg",
]
