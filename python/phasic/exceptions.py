"""Exceptions under their older names, for code that catches them.

`configure` raises `PTDConfigError`. Everything else raises Python's own: ValueError for bad values, TypeError
for bad types, KeyError and IndexError for what is not there.
"""


class PTDAlgorithmsError(Exception):
    """Base of the older exceptions."""


class PTDConfigError(PTDAlgorithmsError, ValueError):
    """A setting that does not exist or cannot be met."""


class PTDBackendError(PTDAlgorithmsError, RuntimeError):
    """Never raised: there is one backend."""


class PTDFeatureError(PTDAlgorithmsError, RuntimeError):
    """Never raised: nothing is left out of a build."""


class PTDJAXError(PTDAlgorithmsError, RuntimeError):
    """Never raised: JAX is a dependency."""
