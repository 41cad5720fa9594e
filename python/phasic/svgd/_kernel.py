"""Stein kernels: the direction in which SVGD moves each particle, in matrix-product form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

KERNELS = ("imq+bilinear", "imq", "rbf")
_BISECTIONS = 30
_MEDIAN_ROWS = 256


def squared_distances(x: Any) -> Any:
    """Squared distances between all pairs of the rows of `x` (n, d): (n, n)."""
    centred = x - jnp.mean(x, axis=0)
    norms = jnp.sum(centred**2, axis=1)
    return jnp.maximum(norms[:, None] + norms[None, :] - 2.0 * (centred @ centred.T), 0.0)


def median_of_pairs(r2: Any) -> Any:
    """(Upper) median of the off-diagonal entries of `r2` (n, n), to 2^-30 of the largest.

    Found by bisection on the count of smaller entries: 15 times cheaper than XLA's sort on a CPU at n = 128.
    From n = 512 on, evenly spaced rows stand for all.
    """
    n = r2.shape[0]
    r2 = r2[:: max(1, n // _MEDIAN_ROWS)]
    rows = r2.shape[0]
    rank = rows + (rows * n - rows) // 2

    def halve(_: Any, ends: tuple[Any, Any]) -> tuple[Any, Any]:
        low, high = ends
        middle = 0.5 * (low + high)
        short = jnp.sum(r2 <= middle) <= rank
        return jnp.where(short, middle, low), jnp.where(short, high, middle)

    _, high = lax.fori_loop(0, _BISECTIONS, halve, (jnp.zeros_like(r2[0, 0]), jnp.max(r2)))
    return jnp.where(high > 0, high, 1.0)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Kernel:
    """One of "imq+bilinear" (default), "imq" and "rbf", on whitened coordinates.

    With r^2 = |x - y|^2, IMQ is (1 + r^2/h)^(-1/2) (Gorham and Mackey 2017) and RBF is exp(-r^2/h). Bilinear
    adds (1 + x.y)/(1 + d), which makes mean and covariance right at the fixed point (Liu and Wang 2018).
    `bandwidth` is the length scale sqrt(h) in whitened units; None takes the median rule at every step:
    h is the median r^2 over pairs (divided by log(n + 1) for RBF).
    """

    kind: str = field(default="imq+bilinear", metadata={"static": True})
    bandwidth: Any = None

    def direction(self, x: Any, score: Any) -> Any:
        """Stein direction (n, d) for particles `x` (n, d) and their scores, the gradients of the log density.

        phi_i = mean_j [k(x_j, x_i) s_j + grad_{x_j} k(x_j, x_i)] (Liu and Wang 2016, eq. 8): the kernel's
        gradient is with respect to the particle summed over, which pushes x_i away from x_j.
        """
        n, d = x.shape
        r2 = squared_distances(x)
        if self.bandwidth is None:
            h = median_of_pairs(r2)
            h = h / jnp.log(n + 1.0) if self.kind == "rbf" else h
        else:
            h = self.bandwidth**2
        if self.kind == "rbf":
            k = jnp.exp(-r2 / h)
            g = 2.0 * k / h
        else:
            u = 1.0 + r2 / h
            k = lax.rsqrt(u)
            g = k / (h * u)
        phi = (k @ score + x * jnp.sum(g, axis=1, keepdims=True) - g @ x) / n
        if self.kind == "imq+bilinear":
            moments = (jnp.mean(score, axis=0) + x @ (x.T @ score) / n) / (1.0 + d)
            phi = phi + moments + x / (1.0 + d)
        return phi
