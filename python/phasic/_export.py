"""Functions of JAX that contain models, as bytes for other processes. This module imports JAX."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jax
import jax.export
from jax import Array

from phasic import _core, _ffi
from phasic._optional import absent
from phasic._saved import ModelFormatError

_MAGIC = b"phasic function 1\n"


def export_function(function: Callable[..., Any], *examples: Any) -> bytes:
    """A function that contains models, as bytes that `import_function` makes a function of again.

    The bytes hold the program (StableHLO), not the traces: the process that runs it needs them in its cache,
    or loaded by `Model.load` or built by `Graph.model`. Derivatives to the first order go with it. Needs
    flatbuffers (extra `export`).

    Args:
        function: A function of JAX. Models that are closed over are named by their content hash.
        *examples: Arguments, or a `jax.ShapeDtypeStruct` of the shape and type of each.

    Raises:
        ImportError: flatbuffers is not there.

    Example:
        >>> model = phasic.models.kingman(4).model()
        >>> data = phasic.export_function(model.expectation, jnp.array([1.0]))
        >>> mean = phasic.import_function(data)
        >>> round(float(mean(jnp.array([2.0]))), 4)  # 2 (1 − 1/4) / theta
        0.75
    """
    _require_flatbuffers("export_function")
    names = sorted(_core.xla_targets())
    checks = [jax.export.DisabledSafetyCheck.custom_call(name) for name in names]
    exported = jax.export.export(jax.jit(function), disabled_checks=checks)(*examples)
    program = exported.serialize(vjp_order=1)
    calls = [name for name in names if name.encode() in exported.mlir_module_serialized]
    header = {"phasic": _core.__version__, "jax": jax.__version__, "calls": calls}
    return _MAGIC + json.dumps(header).encode() + b"\n" + bytes(program)


def import_function(data: bytes) -> Callable[..., Any]:
    """The function that `export_function` made bytes of, ready to call, compile and differentiate.

    Only bytes from a source you trust: a program may call anything that is registered with XLA.

    Args:
        data: The bytes.

    Raises:
        ModelFormatError: The bytes are of no function that phasic exported, or of a version whose programs
            this one cannot run; both versions are named.
        ImportError: flatbuffers is not there.

    Example:
        >>> model = phasic.models.erlang(1).model()
        >>> data = phasic.export_function(lambda theta: model.expectation(theta), jnp.array([1.0]))
        >>> slope = jax.grad(phasic.import_function(data))(jnp.array([2.0]))
        >>> slope.tolist()  # −1 / rate²
        [-0.25]
    """
    _require_flatbuffers("import_function")
    header, program = _parts(bytes(data))
    versions = (
        f"it was exported by phasic {header['phasic']} with JAX {header['jax']}, "
        f"this is phasic {_core.__version__} with JAX {jax.__version__}"
    )
    missing = sorted(set(header["calls"]) - set(_core.xla_targets()))
    if missing:
        raise ModelFormatError(
            f"the function calls {', '.join(missing)}, which this version does not have: {versions}. "
            "Export it again with this version"
        )
    _ffi.register_targets()
    try:
        exported = jax.export.deserialize(bytearray(program))
    except ValueError as error:
        raise ModelFormatError(f"the function cannot be read: {versions} ({error})") from None

    def call(*arguments: Any) -> Array:
        result: Array = exported.call(*arguments)  # type: ignore[no-untyped-call]
        return result

    return call


def _require_flatbuffers(wanted: str) -> None:
    try:
        import flatbuffers  # noqa: F401
    except ImportError as error:
        raise absent(wanted, "flatbuffers") from error


def _parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and program."""
    line, found, program = data.removeprefix(_MAGIC).partition(b"\n")
    if data.startswith(_MAGIC) and found:
        try:
            header = json.loads(line)
        except ValueError:
            header = None
        if isinstance(header, dict) and {"phasic", "jax", "calls"} <= header.keys():
            return header, program
    raise ModelFormatError("these bytes are no function that phasic exported, or they are damaged")
