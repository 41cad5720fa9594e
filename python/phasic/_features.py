"""Rewards in the shapes of older code. This module imports JAX."""

from __future__ import annotations

import warnings

import jax
import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Of JAX where the argument is, and of NumPy otherwise, in the precision given.
Rows = jax.Array | NDArray[np.generic]


def feature_rows(rewards: ArrayLike | jax.Array, n_vertices: int, n_features: int | None = None) -> Rows:
    """Rewards as (n_vertices,), or for several features as (features, n_vertices).

    Older code had them as (features, n_vertices) and, before that, as (n_vertices, features): the axis of
    length n_vertices tells. Where both are, `n_features` does, and else rows are features. Rewards past the
    last vertex are left out with a DeprecationWarning, since older code never read them.

    Args:
        rewards: One reward per vertex, or several.
        n_vertices: The number of vertices, the starting and absorbing ones included.
        n_features: The number of features, where times or data tell it.

    Raises:
        ValueError: Neither shape fits; given and expected ones are named.
    """
    given = rewards if isinstance(rewards, jax.Array) else np.asarray(rewards)
    if given.ndim not in (1, 2):
        raise ValueError(
            f"Rewards must be 1D (n_vertices,) or 2D (features, n_vertices), but their shape is {given.shape}"
        )
    if given.ndim == 1:
        return _cut(given, given.shape, n_vertices)
    several, width = given.shape
    rows_fit, columns_fit = width == n_vertices, several == n_vertices
    if n_features is not None and several != width:
        rows_fit, columns_fit = rows_fit and several == n_features, columns_fit and width == n_features
        if not rows_fit and width == n_features and several >= n_vertices:
            return _cut(given.T, given.shape, n_vertices)
    if width == n_vertices and (rows_fit or not columns_fit):
        return given
    if several >= n_vertices:
        return _cut(given.T, given.shape, n_vertices)
    raise ValueError(
        f"rewards has shape {given.shape}, but the model needs (features, {n_vertices}), one per vertex"
    )


def _cut(rows: Rows, shape: tuple[int, ...], n_vertices: int) -> Rows:
    length = rows.shape[-1]
    if length < n_vertices:
        raise ValueError(
            f"rewards has shape {shape}, but the graph has {n_vertices} vertices (the starting and the "
            f"absorbing ones included): ({n_vertices},)"
        )
    if length > n_vertices:
        warnings.warn(
            f"rewards has shape {shape}, but the graph has {n_vertices} vertices: what lies past the last "
            "vertex is left out, as in older versions; give one reward per vertex",
            DeprecationWarning,
            stacklevel=4,
        )
    return rows[..., :n_vertices]
