"""Compiling before anyone waits for it: what recipes describe, and functions for given shapes.

This module imports JAX.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from phasic import _ffi
from phasic._recipes import KIND, NoRecipeError, Recipe
from phasic.cache import _jax, enable_jax_cache
from phasic.cache._store import Store

_log = logging.getLogger(__name__)


def replay(store: Store) -> dict[str, int]:
    """Compile what the recipes of a cache describe, or load it, so that the next fits compile nothing.

    Recipes of other versions of phasic or JAX are followed under the present ones.

    Returns:
        ``recipes``, how many there are; of these ``loaded``, which JAX's cache had; ``compiled``; and
        ``skipped``, which are for another platform or not known to this version.
    """
    enable_jax_cache()
    report = {"recipes": 0, "loaded": 0, "compiled": 0, "skipped": 0}
    for entry in store.entries(KIND):
        report["recipes"] += 1
        report[_follow(store, entry.key)] += 1
    return report


def _follow(store: Store, key: str) -> str:
    """Follow one recipe; which of `replay`'s counts it belongs to."""
    data = store.get(KIND, key)
    if data is None:
        return "skipped"
    before = _jax.compiled()
    try:
        recipe = Recipe.read(bytes(data))
        if not recipe.fits():
            return "skipped"
        present = recipe.compile()
    except NoRecipeError as reason:
        _log.info("recipe %s… is left out: %s", key[:12], reason)
        return "skipped"
    if present.key != key:
        store.put(KIND, present.key, present.to_bytes())
    return "loaded" if _jax.compiled() == before else "compiled"


def compile_function(function: Callable[..., Any], theta: ArrayLike, times: ArrayLike) -> None:
    """Compile a function of (theta, times) for these shapes, and its gradient if it gives one number.

    A function that JAX cannot trace, such as one of NumPy, has no program to compile.
    """
    _ffi.register_targets()
    at = jnp.asarray(theta), jnp.asarray(times)
    with suppress(jax.errors.JAXTypeError):
        jax.jit(function).lower(*at).compile()
        if getattr(jax.eval_shape(function, *at), "shape", None) == ():
            jax.jit(jax.value_and_grad(function)).lower(*at).compile()
