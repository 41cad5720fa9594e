"""Log-likelihoods of parameterised models as dense JAX functions of theta, differentiable by JAX itself.

A model is a list of edges (src, dst, base, coefficients) over transient states 0..n-1; every dst >= n is
absorbing. The rate of an edge is base + coefficients . theta. Use under `jax.enable_x64(True)`.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import expm


def dense_arrays(edges, n, p, *, size=None, parameters=None):
    """Return base (size, size + 1) and coefficients (size, size + 1, p); the last column is absorption.

    `size` > n pads with states that nothing enters, `parameters` > p with parameters that nothing depends on,
    so that models of different shapes share one program.
    """
    size, p = size or n, parameters or p
    base, coefficients = np.zeros((size, size + 1)), np.zeros((size, size + 1, p))
    for src, dst, b, c in edges:
        column = dst if dst < n else size
        base[src, column] += b
        coefficients[src, column, : len(c)] += c
    return base, coefficients


@jax.jit
def log_densities(theta, base, coefficients, alpha, times):
    """Log f(t) at each time of a continuous model."""
    weights = base + coefficients @ theta
    rates = weights[:, :-1]
    S = rates - jnp.diag(weights.sum(axis=1))  # loops cancel
    exit = weights[:, -1]
    return jnp.log(jax.vmap(lambda t: alpha @ expm(S * t, max_squarings=40) @ exit)(times))


log_density_jacobian = jax.jit(jax.jacrev(log_densities))


@partial(jax.jit, static_argnames=("largest", "normalized"))
def log_pmf(theta, base, coefficients, alpha, rewards, counts, *, largest, normalized):
    """Log P(N = k) for each count k <= largest, the reward being collected at every step out of a state."""
    weights = base + coefficients @ theta
    total = weights.sum(axis=1)
    if normalized:
        weights = weights / jnp.where(total == 0, 1.0, total)[:, None]
    T, exit = weights[:, :-1], weights[:, -1]
    if not normalized:
        T = T + jnp.diag(1 - total)
    n = len(T)
    silent = jnp.where((rewards == 0)[:, None], T, 0.0)
    through = jnp.linalg.inv(jnp.eye(n) - silent)  # any number of steps that collect nothing
    visits = [jnp.asarray(alpha)] + [jnp.zeros(n)] * largest
    pmf = [1 - jnp.sum(alpha)] + [jnp.asarray(0.0)] * largest
    for k in range(largest + 1):
        visits[k] = visits[k] @ through
        for reward in range(largest - k + 1):
            here = jnp.where(rewards == reward, visits[k], 0.0)
            pmf[k + reward] += here @ exit
            if reward:
                visits[k + reward] += here @ T
    return jnp.log(jnp.stack(pmf)[counts])


log_pmf_jacobian = jax.jit(jax.jacrev(log_pmf), static_argnames=("largest", "normalized"))
