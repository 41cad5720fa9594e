"""Exceptions under their older names, for code that catches them.

`configure` raises `PTDConfigError`. Everything else raises Python's own: ValueError for bad values, TypeError
for bad types, KeyError and IndexError for what is not there.
"""

from typing import NoReturn

from phasic._dropped import refuse


class PTDAlgorithmsError(Exception):
    """Base of the exceptions of older versions, for code that catches it.

    Only `configure` and `CompilationConfig` raise one, `PTDConfigError`. New code catches ValueError for bad
    values, TypeError for bad types, and KeyError and IndexError for what is not there.

    Example:
        >>> issubclass(phasic.PTDConfigError, phasic.PTDAlgorithmsError)
        True
    """


class PTDConfigError(PTDAlgorithmsError, ValueError):
    """A setting that does not exist or cannot be met; a ValueError.

    Example:
        >>> try:
        ...     phasic.configure(platform="abacus")
        ... except phasic.PTDConfigError as error:
        ...     print(error)
        platform is 'abacus': it must be one of cpu, gpu, tpu
    """


class PTDBackendError(PTDAlgorithmsError, RuntimeError):
    """Never raised, since there is one backend; for code of older versions that catches it.

    Example:
        >>> issubclass(phasic.PTDBackendError, RuntimeError)
        True
    """


class PTDFeatureError(PTDAlgorithmsError, RuntimeError):
    """Never raised, since nothing is left out of a build; for code of older versions that catches it.

    Example:
        >>> issubclass(phasic.PTDFeatureError, RuntimeError)
        True
    """


class PTDJAXError(PTDAlgorithmsError, RuntimeError):
    """Never raised, since JAX is a dependency; for code of older versions that catches it.

    Example:
        >>> issubclass(phasic.PTDJAXError, RuntimeError)
        True
    """


def __getattr__(name: str) -> NoReturn:
    refuse(__name__, name)
