"""Gone; importing it raises ImportError and says what to use instead."""

from phasic._dropped import no_module

no_module(__name__)
