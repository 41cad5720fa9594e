"""Linear algebra over floats (NumPy) or exact rationals (Gauss-Jordan elimination)."""

from fractions import Fraction

import numpy as np


def is_exact(array):
    """Say whether the array holds Python objects (`Fraction`) instead of floats."""
    return np.asarray(array).dtype == object


def as_exact(array):
    """Return the same numbers as `Fraction`s: a float stands for exactly one rational."""
    array = np.asarray(array)
    return np.array([Fraction(x) for x in array.ravel().tolist()], dtype=object).reshape(array.shape)


def as_float(array):
    """Return the nearest floats."""
    return np.asarray(array).astype(np.float64)


def zeros(shape, *, exact):
    """Zeros of the wanted kind."""
    return np.full(shape, Fraction(0), dtype=object) if exact else np.zeros(shape)


def identity(n, *, exact):
    """Identity matrix of the wanted kind."""
    matrix = zeros((n, n), exact=exact)
    np.fill_diagonal(matrix, Fraction(1) if exact else 1.0)
    return matrix


def solve(matrix, right):
    """Solve `matrix @ x = right` for a vector or a matrix on the right."""
    if not (is_exact(matrix) or is_exact(right)):
        return np.linalg.solve(matrix, right)
    n = len(matrix)
    right = np.asarray(right, dtype=object)
    if n == 0:
        return right
    rows = np.concatenate([np.asarray(matrix, dtype=object), right.reshape(n, -1)], axis=1)
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i, k] != 0)
        rows[[k, pivot]] = rows[[pivot, k]]
        rows[k] = rows[k] / rows[k, k]
        for i in range(n):
            if i != k and rows[i, k] != 0:
                rows[i] = rows[i] - rows[i, k] * rows[k]
    return rows[:, n:].reshape(right.shape)
