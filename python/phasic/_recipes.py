"""What a compiled function is made of, as plain data: from it, a fresh process makes the function again.

A recipe names the function and the types of its arguments, each out of a closed list in this module, and says
the shapes and types of the arrays among them. It holds no array, so no data, no parameter and no model: one
program serves every model of the same shapes. Nothing in a recipe is ever imported or run by a name it gives.
This module imports JAX.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import jax
import numpy as np
from jaxlib.version import __version__ as jaxlib_version

from phasic import _core
from phasic.cache import _jax, default_manager

_log = logging.getLogger(__name__)

KIND = "function"
FORMAT = 1
_DTYPES = frozenset({"bool", "int32", "int64", "uint32", "float32", "float64"})
_STATICS = (bool, int, float, str)
_DEEPEST = 12
_LARGEST = 1 << 20  # bytes of a recipe

_called: set[tuple[Any, ...]] = set()


class NoRecipeError(ValueError):
    """A call that cannot be described, such as one of a user's function, or bytes that are no recipe."""


@functools.cache
def _functions() -> Mapping[str, Any]:
    """Compiled functions by the names that recipes give them."""
    from phasic import _ffi
    from phasic import _functions as laws
    from phasic.svgd import _step

    return {
        "svgd_block": _step.svgd_block,
        "log_likelihood": _ffi._phasic_log_likelihood,
        "law": laws._compiled,
    }


@functools.cache
def _types() -> Mapping[str, type]:
    """Types of arguments by name: dataclasses and named tuples, whose fields are arrays or plain values."""
    from phasic import _model, _native, _native_functions, _observations
    from phasic.svgd import (
        _dirichlet,
        _joint_prior,
        _kernel,
        _layout,
        _prior,
        _start,
        _step,
        _target,
        _transform,
    )

    known = (
        *(_model.Model, _native.Tables, _native_functions.Function, _observations.Observations),
        *(_joint_prior.Independent, _kernel.Kernel, _start.Whitening, _target.Target, _transform.Transform),
        *(_joint_prior.Placed, _layout.Layout, _dirichlet.Dirichlet),
        *(_step.Adam, _step.Moments, _step.State),
        *(_prior.Beta, _prior.Gamma, _prior.HalfCauchy, _prior.LogNormal, _prior.Normal, _prior.Uniform),
    )
    return {each.__name__: each for each in known}


@dataclass(frozen=True)
class Recipe:
    """A function by name, what it is called with, and for which platform; `content` is plain data.

    Two calls that run the same program of the same versions have equal recipes.
    """

    content: Mapping[str, Any]

    @classmethod
    def of(cls, function: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Recipe:
        """The recipe of one call in this process.

        Args:
            function: One of the names in this module.
            arguments: Positional arguments; arrays, `None`, and the types of this module's list.
            options: Static keyword arguments.

        Raises:
            NoRecipeError: An argument is of another type, for example a user's prior or optimiser.
        """
        if function not in _functions():
            raise NoRecipeError(f"no function is called {function!r}")
        return cls(
            {
                "format": FORMAT,
                "function": function,
                "arguments": [_described(each) for each in arguments],
                "options": {name: _described(each) for name, each in sorted(options.items())},
                **_environment(),
            }
        )

    @classmethod
    def read(cls, data: bytes) -> Recipe:
        """The recipe with these bytes. Raises NoRecipeError for anything that `to_bytes` does not write."""
        if len(data) > _LARGEST:
            raise NoRecipeError(f"{len(data)} bytes are too many for a recipe")
        try:
            content = json.loads(data)
        except (ValueError, RecursionError) as problem:
            raise NoRecipeError(f"not JSON: {problem}") from None
        expected = {"format", "function", "arguments", "options", *_environment()}
        if not isinstance(content, dict) or set(content) != expected or content["format"] != FORMAT:
            raise NoRecipeError("the fields of a recipe are not there")
        types = {"function": str, "arguments": list, "options": dict}
        if any(not isinstance(content[name], each) for name, each in types.items()):
            raise NoRecipeError("the fields of a recipe are of other types")
        return cls(content)

    @property
    def key(self) -> str:
        """64 hexadecimal digits: the hash of the content."""
        return hashlib.blake2b(b"phasic/function\0" + self.to_bytes(), digest_size=32).hexdigest()

    def to_bytes(self) -> bytes:
        """The content as JSON, equal bytes for equal contents."""
        return json.dumps(self.content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

    def fits(self) -> bool:
        """Whether this process has the platform and number of devices that the program was made for."""
        here = _environment()
        return all(self.content[name] == here[name] for name in ("platform", "devices"))

    def compile(self) -> Recipe:
        """Compile the function, or load it from JAX's cache; the recipe under the versions of this process.

        Raises:
            NoRecipeError: This version of phasic does not know what the recipe speaks of.
        """
        content = self.content
        function = _functions().get(content["function"])
        if function is None:
            raise NoRecipeError(f"no function is called {content['function']!r}")
        arguments = [_made(each) for each in content["arguments"]]
        options = {name: _made(each) for name, each in content["options"].items()}
        with jax.enable_x64(content["x64"] is True):
            try:
                function.lower(*arguments, **options).compile()
            except (TypeError, ValueError, AttributeError, LookupError) as problem:
                # Well-formed, but no call of this function: written by another version.
                raise NoRecipeError(f"{content['function']} does not take this: {problem}") from problem
            return Recipe({**content, **_environment()})


def _environment() -> dict[str, Any]:
    return {
        "x64": jax.dtypes.canonicalize_dtype(np.float64) == np.float64,
        "platform": jax.default_backend(),
        "devices": jax.device_count(),
        "phasic": _core.__version__,
        "jax": jax.__version__,
        "jaxlib": jaxlib_version,
    }


def _described(value: Any) -> Any:
    """A value as plain data: arrays as their type and shape."""
    if value is None:
        return None
    if isinstance(value, np.ndarray | np.generic | jax.Array | jax.ShapeDtypeStruct):
        if value.dtype.name not in _DTYPES or getattr(value, "weak_type", False):
            raise NoRecipeError(f"arrays of type {value.dtype} have no recipe")
        return {"array": [value.dtype.name, *value.shape]}
    if type(value) is float:
        return {"static": value + 0.0}  # -0.0 and 0.0 are one value
    if type(value) in _STATICS:
        return {"static": value}
    if type(value) is tuple:
        return {"tuple": [_described(each) for each in value]}
    name = type(value).__name__
    if _types().get(name) is not type(value):
        raise NoRecipeError(f"{type(value).__name__} has no recipe")
    return {"type": name, "fields": {each: _described(getattr(value, each)) for each in _fields(type(value))}}


def _made(description: Any, depth: int = 0) -> Any:
    """The value with this description, with shapes in place of arrays."""
    if description is None:
        return None
    if depth > _DEEPEST or not isinstance(description, dict):
        raise NoRecipeError("not a description")
    match description:
        case {"array": [str(dtype), *shape]} if dtype in _DTYPES and all(type(n) is int for n in shape):
            if min(shape, default=0) < 0:
                raise NoRecipeError(f"an array of shape {shape}")
            return jax.ShapeDtypeStruct(tuple(shape), np.dtype(dtype))  # type: ignore[no-untyped-call]
        case {"static": value} if type(value) in _STATICS:
            return value
        case {"tuple": list(parts)}:
            return tuple(_made(each, depth + 1) for each in parts)
        case {"type": str(name), "fields": dict(given)}:
            return _instance(name, {each: _made(value, depth + 1) for each, value in given.items()})
    raise NoRecipeError("not a description")


def _instance(name: str, values: dict[str, Any]) -> Any:
    cls = _types().get(name)
    if cls is None or sorted(values) != sorted(_fields(cls)):
        raise NoRecipeError(f"{name} with {', '.join(values)} is not known here")
    if not is_dataclass(cls):
        return cls(**values)
    # Shapes stand where a constructor would check numbers.
    made = object.__new__(cls)
    for each, value in values.items():
        object.__setattr__(made, each, value)
    return made


def _fields(cls: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(cls)) if is_dataclass(cls) else cls._fields  # type: ignore[attr-defined]


@contextmanager
def noted(describe: Callable[[], Recipe]) -> Iterator[None]:
    """Keep the recipe of a call that is made inside, and count a hit where nothing was compiled for it.

    A hit of kind ``function`` means that the recipe was in the cache and that JAX compiled nothing; otherwise
    the recipe is stored. Does nothing while JAX's cache is off, and where a call has no recipe.
    """
    before = _jax.compiled()
    yield
    if not _jax.is_enabled():
        return
    try:
        recipe = describe()
    except NoRecipeError as reason:
        _log.debug("no recipe: %s", reason)
        return
    manager = default_manager()
    if _jax.compiled() != before or manager.get(KIND, recipe.key) is None:
        manager.put(KIND, recipe.key, recipe.to_bytes())


def call_noted(name: str, operands: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Call a function of this module's list, and note the first call of each signature in this process."""
    function = _functions()[name]
    leaves = jax.tree.leaves(operands)
    if not _jax.is_enabled() or any(isinstance(each, jax.core.Tracer) for each in leaves):
        return function(*operands, **options)
    signature = (name, tuple((each.dtype, each.shape) for each in leaves), tuple(sorted(options.items())))
    if signature in _called:
        return function(*operands, **options)
    with noted(lambda: Recipe.of(name, operands, options)):
        result = function(*operands, **options)
    _called.add(signature)
    return result
