"""Functions of JAX that contain models, as bytes for other processes. This module imports JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.export
from jax import Array

from phasic import _core, _ffi


def export_function(function: Callable[..., Any], *examples: Any) -> bytes:
    """A function that contains models, as bytes that `import_function` makes a function of again.

    The bytes hold the program (StableHLO), not the traces: the process that runs it needs them in its cache,
    or loaded by `Model.load` or built by `Graph.model`. Derivatives to the first order go with it.

    Args:
        function: A function of JAX. Models that are closed over are named by their content hash.
        examples: Arguments, or `jax.ShapeDtypeStruct`s of their shapes and types.
    """
    checks = [jax.export.DisabledSafetyCheck.custom_call(name) for name in _core.xla_targets()]
    exported = jax.export.export(jax.jit(function), disabled_checks=checks)(*examples)
    return bytes(exported.serialize(vjp_order=1))


def import_function(data: bytes) -> Callable[..., Any]:
    """The function that `export_function` made bytes of, ready to call, compile and differentiate.

    Only bytes from a source you trust: a program may call anything that is registered with XLA.
    """
    _ffi.register_targets()
    exported = jax.export.deserialize(bytearray(data))

    def call(*arguments: Any) -> Array:
        result: Array = exported.call(*arguments)  # type: ignore[no-untyped-call]
        return result

    return call
