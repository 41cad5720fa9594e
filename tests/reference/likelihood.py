"""Log-likelihoods of parameterised models as dense JAX functions of theta, differentiable by JAX itself.

A model is a list of edges (src, dst, base, coefficients) over transient states 0..n-1; every dst >= n is
absorbing. The rate of an edge is base + coefficients . theta. Use under `jax.enable_x64(True)`.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import expm


def dense_arrays(edges, n, p, *, size=None):
    """Return base (size, size + 1) and coefficients (size, size + 1, p); the last column is absorption.

    `size` > n pads with states that nothing enters, so that models of different sizes share one program.
    """
    size = n if size is None else size
    base, coefficients = np.zeros((size, size + 1)), np.zeros((size, size + 1, p))
    for src, dst, b, c in edges:
        if src != dst:
            column = dst if dst < n else size
            base[src, column] += b
            coefficients[src, column] += np.asarray(c, dtype=float) if len(c) else 0.0
    return base, coefficients


@jax.jit
def log_densities(theta, base, coefficients, alpha, times):
    """Log f(t) at each time of a continuous model."""
    weights = base + coefficients @ theta
    rates = weights[:, :-1]
    S = rates - jnp.diag(weights.sum(axis=1))
    exit = weights[:, -1]
    return jnp.log(jax.vmap(lambda t: alpha @ expm(S * t, max_squarings=40) @ exit)(times))


log_density_jacobian = jax.jit(jax.jacrev(log_densities))


def log_pmf(theta, base, coefficients, alpha, rewards, counts, *, normalized):
    """Log P(N = k) for each count k, the reward being collected at every step out of a state."""
    weights = base + coefficients @ theta
    total = weights.sum(axis=1)
    if normalized:
        weights = weights / jnp.where(total == 0, 1.0, total)[:, None]
    T, exit = weights[:, :-1], weights[:, -1]
    if not normalized:
        T = T + jnp.diag(1 - total)
    n, largest = len(T), int(max(counts))
    rewards = np.asarray(rewards, dtype=int)
    silent = jnp.where((rewards == 0)[:, None], T, 0.0)
    visits = [jnp.zeros(n) for _ in range(largest + 1)]
    pmf = [1 - jnp.sum(alpha)] + [jnp.asarray(0.0)] * largest
    visits[0] = jnp.asarray(alpha)
    for k in range(largest + 1):
        visits[k] = jnp.linalg.solve(jnp.eye(n) - silent.T, visits[k])
        for reward in np.unique(rewards):
            here = jnp.where(rewards == reward, visits[k], 0.0)
            after = k + int(reward)
            if after <= largest:
                pmf[after] = pmf[after] + here @ exit
                if reward:
                    visits[after] = visits[after] + here @ T
    return jnp.log(jnp.stack([pmf[int(k)] for k in counts]))
