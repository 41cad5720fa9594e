"""Compiling before anyone waits for it: what recipes describe, and functions for given shapes.

This module imports JAX.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from phasic import _ffi
from phasic._recipes import KIND, NoRecipeError, Recipe
from phasic.cache import CacheManager, _jax, enable_jax_cache

_log = logging.getLogger(__name__)


def replay(manager: CacheManager) -> dict[str, int]:
    """Compile what the recipes of a cache describe, or load it, so that the next fits compile nothing.

    Recipes of other versions of phasic or JAX are followed under the present ones.

    Returns:
        ``recipes``, how many there are; of these ``loaded``, which JAX's cache had; ``compiled``; and
        ``skipped``, which are for another platform or not known to this version.
    """
    enable_jax_cache()
    report = {"recipes": 0, "loaded": 0, "compiled": 0, "skipped": 0}
    for entry in manager.entries(KIND):
        report["recipes"] += 1
        report[_follow(manager, entry.key)] += 1
    return report


def _follow(manager: CacheManager, key: str) -> str:
    """Follow one recipe; which of `replay`'s counts it belongs to."""
    data = manager.get(KIND, key)
    if data is None:
        return "skipped"
    before = _jax.compiled()
    try:
        recipe = Recipe.read(data)
        if not recipe.fits():
            return "skipped"
        present = recipe.compile()
    except NoRecipeError as reason:
        _log.info("recipe %s… is left out: %s", key[:12], reason)
        return "skipped"
    if present.key != key:
        manager.put(KIND, present.key, present.to_bytes())
    return "loaded" if _jax.compiled() == before else "compiled"


def compile_function(
    function: Callable[..., Any], thetas: Iterable[ArrayLike], times: Iterable[ArrayLike], show_progress: bool
) -> dict[str, int]:
    """Compile a function of (theta, times) for each pair of shapes, and its gradient if it is a scalar.

    Returns:
        ``loaded`` and ``compiled``: the programs that JAX's cache had, and those that it has now.
    """
    enable_jax_cache()
    _ffi.register_targets()
    grids = [jnp.asarray(each) for each in times]
    pairs = [(jnp.asarray(theta), grid) for theta in thetas for grid in grids]
    shapes = {(theta.shape, theta.dtype, grid.shape, grid.dtype): (theta, grid) for theta, grid in pairs}
    hits, compiled = _jax.jax_counts()["hits"], _jax.compiled()
    for theta, grid in _with_bar(list(shapes.values()), show_progress):
        jax.jit(function).lower(theta, grid).compile()
        if getattr(jax.eval_shape(function, theta, grid), "shape", None) == ():
            jax.jit(jax.value_and_grad(function)).lower(theta, grid).compile()
    return {"loaded": _jax.jax_counts()["hits"] - hits, "compiled": _jax.compiled() - compiled}


def _with_bar(items: list[Any], show_progress: bool) -> Iterable[Any]:
    import sys

    if not (show_progress and sys.stderr.isatty()):
        return items
    from tqdm import tqdm

    bar: Iterable[Any] = tqdm(items, desc="compiling", unit="shape")
    return bar
