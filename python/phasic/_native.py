"""The law of a graph as plain operations of JAX, for platforms without custom calls. Imports JAX.

Graphs are tables of edges; vectors run over vertices in the trace's order. Sums over paths are those of
uniformization (Jensen 1953), solves go component by component in the trace's order: what the custom calls do,
in gathers, segment sums and batched dense solves. Programs depend on the shapes of the tables, not on their
contents.

Forward derivatives pass through everything here, reverse ones do not: they are made of forward ones, as those
of the custom calls are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import gammaln

from phasic import _core

#: Jump, vector and the logarithm of its scale, what is absorbed, and the three sums.
_State = tuple[Array, Array, Array, Array, Array, Array, Array]
#: A component of more states has no table: its dense block would be too large.
LARGEST_COMPONENT = 4096
#: Margin of the rate of jumps above the fastest exit.
_MARGIN = 1 + 1 / 32
#: Vectors are scaled up below this mass.
_LOW = 1e-100


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Tables:
    """A graph and the order of its solves, as arrays.

    Attributes:
        source, target: (E,) vertices of each edge; loops are left out.
        base, coefficients: (E,) and (E, p).
        absorbing: (V,) whether a vertex is absorbing.
        members: (L, W, B) the vertices of each component of each level, V for none; a level's components
            wait only for levels before it.
        edges: (L, D) the edges out of each level's members, E for none.
        place: (E + 1,) the row of an edge's source among its level's W · B.
        within: (E + 1,) the column of an edge's target in the same component, or B for another's.
    """

    source: Any
    target: Any
    base: Any
    coefficients: Any
    absorbing: Any
    members: Any
    edges: Any
    place: Any
    within: Any


def tables(trace: _core.Trace) -> Tables:
    """The tables of a trace.

    Raises:
        ValueError: A component is too large for a dense block.
    """
    source, target, base, coefficients = trace.edges()
    kept = source != target
    source, target = source[kept], target[kept]
    base, coefficients = base[kept], coefficients[kept]
    n, n_edges = trace.n_vertices, len(source)
    pivots, blocks = trace.components()
    sizes: Any = np.diff(blocks)
    largest = int(sizes.max(initial=1))
    if largest > LARGEST_COMPONENT:
        raise ValueError(
            f"a component of the graph has {largest} states, but without custom calls at most "
            f"{LARGEST_COMPONENT} can be solved together: evaluate this model on the CPU"
        )
    component: Any = np.full(n, -1, np.int32)
    component[pivots] = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    level: Any = _levels(component, source, target, len(sizes))
    n_levels = int(level.max(initial=0)) + 1
    slot = np.zeros(len(sizes), np.int32)
    width = np.zeros(n_levels, np.int32)
    for index, at in enumerate(level):
        slot[index] = width[at]
        width[at] += 1
    members = np.full((n_levels, int(width.max(initial=1)), largest), n, np.int32)
    column = np.zeros(n, np.int32)
    for index, at in enumerate(level):
        own = pivots[blocks[index] : blocks[index + 1]]
        members[at, slot[index], : len(own)] = own
        column[own] = np.arange(len(own))
    transient = component[source] >= 0
    of_edge = component[source]
    place = np.zeros(n_edges + 1, np.int32)
    place[:-1] = slot[of_edge] * largest + column[source]
    within = np.full(n_edges + 1, largest, np.int32)
    inner = np.flatnonzero(transient & (component[target] == of_edge))
    within[inner] = column[target[inner]]
    edge_level = np.where(transient, level[of_edge], -1)
    counts = np.bincount(edge_level[transient], minlength=n_levels)
    out = np.full((n_levels, int(counts.max(initial=1))), n_edges, np.int32)
    for at in range(n_levels):
        leaving = np.flatnonzero(edge_level == at)
        out[at, : len(leaving)] = leaving
    absorbing = component < 0
    absorbing[0] = False
    ends = source.astype(np.int32), target.astype(np.int32)
    return Tables(*ends, base, coefficients, absorbing, members, out, place, within)


def _levels(component: Any, source: Any, target: Any, n_components: int) -> Any:
    """The level of each component: one more than the highest of those that it leads to."""
    level = np.zeros(n_components, np.int64)
    leads = (component[source] >= 0) & (component[target] >= 0) & (component[source] != component[target])
    pairs = np.unique(np.stack([component[source[leads]], component[target[leads]]]), axis=1)
    # Components are numbered so that edges lead to later ones.
    for start, end in pairs.T[::-1]:
        level[start] = max(level[start], level[end] + 1)
    return level


def weights(graph: Tables, theta: Array) -> Array:
    """The weight of each edge; NaN, all of them, where one is negative."""
    each = jnp.asarray(graph.base) + jnp.asarray(graph.coefficients) @ theta
    return jnp.where(jnp.any(each < 0), jnp.nan, each)


def solve(graph: Tables, weight: Array, killing: Array, b: Array) -> Array:
    """x of `(R + killing) x - W x = b` over transient vertices, R the exit rates: (V,), 0 elsewhere.

    Args:
        graph: The tables.
        weight: (E,) of the edges.
        killing: (V,) added to the exit rates.
        b: (V,).
    """
    graph = jax.tree.map(jnp.asarray, graph)
    n, width = len(b), graph.members.shape[1] * graph.members.shape[2]
    exits = jax.ops.segment_sum(weight, graph.source, n) + killing
    padded = jnp.append(weight, 0)
    targets = jnp.append(graph.target, n)
    size = graph.members.shape[2]
    unit = jnp.eye(size, dtype=weight.dtype)

    def level(x: Array, step: tuple[Array, Array]) -> tuple[Array, None]:
        members, edges = step
        moving, place, within = padded[edges], graph.place[edges], graph.within[edges]
        outside = jnp.where(within < size, 0, moving * x[targets[edges]])
        rhs = jnp.append(b, 0)[members].ravel() + jax.ops.segment_sum(outside, place, width)
        inside = jnp.where(within < size, moving, 0)
        flat = jnp.zeros((width, size + 1), weight.dtype).at[place, within].add(inside)
        used = (members < n)[..., None]
        rates = jnp.append(exits, 1)[members]
        rates = jnp.where(members < n, rates, 1)
        matrix = jnp.where(used, -flat[:, :size].reshape(-1, size, size), 0) + rates[..., None] * unit
        found = jnp.linalg.solve(matrix, rhs.reshape(-1, size, 1))[..., 0]
        return x.at[members.ravel()].set(found.ravel(), mode="drop"), None

    zero = jnp.zeros(n + 1, weight.dtype)
    x, _ = jax.lax.scan(level, zero, (graph.members, graph.edges))
    return x[:n]


def start(graph: Tables, weight: Array, values: Array) -> Array:
    """The mean of values over the initial distribution."""
    return jnp.sum(jnp.where(jnp.asarray(graph.source) == 0, weight * values[graph.target], 0))


def moments(graph: Tables, theta: Array, rewards: Array, power: int) -> Array:
    """E[Y] to E[Y^power], (power,)."""
    weight = weights(graph, theta)
    values, found, factorial = jnp.ones_like(rewards), [], 1.0
    for order in range(1, power + 1):
        factorial *= order
        values = solve(graph, weight, jnp.zeros_like(rewards), rewards * values)
        found.append(factorial * start(graph, weight, values))
    return jnp.stack(found)


def covariance(graph: Tables, theta: Array, rewards1: Array, rewards2: Array) -> Array:
    """Cov[Y1, Y2]."""
    weight = weights(graph, theta)
    nothing = jnp.zeros_like(rewards1)
    first, second = solve(graph, weight, nothing, rewards1), solve(graph, weight, nothing, rewards2)
    both = solve(graph, weight, nothing, rewards1 * second + rewards2 * first)
    means = start(graph, weight, first), start(graph, weight, second)
    found: Array = start(graph, weight, both) - means[0] * means[1]
    return found


def laplace(graph: Tables, theta: Array, s: Array, rewards: Array) -> Array:
    """E of exp(-s Y), at each s."""
    graph = jax.tree.map(jnp.asarray, graph)
    weight = weights(graph, theta)
    absorbed = graph.absorbing[graph.target] & (graph.source > 0)
    rates = jax.ops.segment_sum(jnp.where(absorbed, weight, 0), graph.source, len(rewards))

    def one(s: Array) -> Array:
        values = solve(graph, weight, s * rewards, rates)
        return defect(graph, weight) + start(graph, weight, values)

    found: Array = jax.lax.map(one, s)
    return found


def defect(graph: Tables, weight: Array) -> Array:
    """Probability of starting absorbed."""
    ones = jnp.where(graph.absorbing, 0.0, 1.0).astype(weight.dtype)
    return 1 - start(graph, weight, ones)


def log_curves(graph: Tables, theta: Array, times: Array) -> tuple[Array, Array, Array]:
    """Logarithms of density, survival function and distribution function at times, (m,) each.

    All times share one sequence of vectors; sums stay in logarithms, so that tails are right.
    """
    graph = jax.tree.map(jnp.asarray, graph)
    weight = weights(graph, theta)
    q, v, rates, jump = _uniformized(graph, weight)
    mean = q * times
    steps = _enough_jumps(mean)
    atom = defect(graph, weight)
    low = jnp.full(times.shape, -jnp.inf, weight.dtype)

    def more(state: _State) -> Array:
        return state[0] <= steps

    def step(state: _State) -> _State:
        k, v, scale, gone, density, mass, distribution = state
        poisson = _log_poisson(k, mean)
        density = _log_sum(density, poisson + _log(jnp.sum(v * rates)) + scale)
        mass = _log_sum(mass, poisson + _log(jnp.sum(v)) + scale)
        distribution = _log_sum(distribution, poisson + _log(gone))
        gone = gone + jnp.sum(v * rates) / q * jnp.exp(scale)
        v = jump(v)
        small = jax.lax.stop_gradient(jnp.sum(v)) < _LOW
        v, scale = jnp.where(small, v / _LOW, v), jnp.where(small, scale + np.log(_LOW), scale)
        return k + 1, v, scale, gone, density, mass, distribution

    zero = jnp.zeros((), weight.dtype)
    state = jax.lax.while_loop(more, step, (zero, v, zero, atom, low, low, low))
    forever = jnp.isinf(times)
    density = jnp.where(forever, -jnp.inf, state[4])
    survival = jnp.where(forever, -jnp.inf, state[5])
    # Near 1 from what is left, near 0 from what is gone.
    late = survival < np.log(0.5)
    distribution = jnp.where(late, jnp.log1p(-jnp.exp(jnp.where(late, survival, -1))), state[6])
    return density, survival, distribution


def occupancy(graph: Tables, theta: Array, time: Array) -> Array:
    """Probability of each vertex at a time, (n_vertices,)."""
    graph = jax.tree.map(jnp.asarray, graph)
    q, v, _, jump = _uniformized(graph, weights(graph, theta))
    mean = q * time
    steps = _enough_jumps(mean)

    def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        k, v, sum_ = state
        return k + 1, jump(v), sum_ + jnp.exp(_log_poisson(k, mean)) * v

    zero = jnp.zeros((), v.dtype)
    found = jax.lax.while_loop(lambda state: state[0] <= steps, step, (zero, v, jnp.zeros_like(v)))[2]
    return jnp.where(jnp.isinf(time), 0, found)


def _uniformized(graph: Tables, weight: Array) -> tuple[Array, Array, Array, Callable[[Array], Array]]:
    """Rate of the jumps, where the chain starts, rates of absorption, and the jump."""
    n = graph.absorbing.shape[0]
    moving = jnp.where(graph.source > 0, weight, 0)
    exits = jax.ops.segment_sum(moving, graph.source, n)
    absorbed = graph.absorbing[graph.target]
    rates = jax.ops.segment_sum(jnp.where(absorbed, moving, 0), graph.source, n)
    q = jax.lax.stop_gradient(_MARGIN * jnp.max(exits))
    q = jnp.where(q > 0, q, 1)
    starting = jnp.where((graph.source == 0) & ~absorbed, weight, 0)

    def jump(v: Array) -> Array:
        arriving = jax.ops.segment_sum(jnp.where(absorbed, 0, moving * v[graph.source]), graph.target, n)
        return v + (arriving - exits * v) / q

    return q, jax.ops.segment_sum(starting, graph.target, n), rates, jump


def _enough_jumps(mean: Array) -> Array:
    """How many jumps all of these means need; infinite ones need none."""
    largest = jnp.max(jnp.where(jnp.isfinite(mean), jax.lax.stop_gradient(mean), 0), initial=0)
    return jnp.where(largest == largest, largest + 9 * jnp.sqrt(largest) + 30, 0)


def _log_poisson(k: Array, mean: Array) -> Array:
    safe = jnp.where(mean > 0, mean, 1)
    return jnp.where(mean > 0, k * jnp.log(safe) - mean - gammaln(k + 1), jnp.where(k == 0, 0.0, -jnp.inf))


def _log_sum(a: Array, b: Array) -> Array:
    """log(exp(a) + exp(b)), with a derivative where both are 0."""
    larger = jax.lax.stop_gradient(jnp.maximum(a, b))
    larger = jnp.where(larger > -jnp.inf, larger, 0)
    return larger + _log(jnp.exp(a - larger) + jnp.exp(b - larger))


def _log(x: Array) -> Array:
    """Logarithm with a derivative of 0 at 0, where its logarithm counts for nothing."""
    return jnp.where(x > 0, jnp.log(jnp.where(x > 0, x, 1)), -jnp.inf)


def log_likelihood(graph: Tables, theta: Array, lower: Array, upper: Array, weights_of_rows: Array) -> Array:
    """Sum of weight · log density where both bounds are one, else of weight · log P(lower < T <= upper)."""
    times = jnp.concatenate([jnp.maximum(lower, 0), jnp.maximum(upper, 0)])
    density, survival, distribution = (jnp.split(each, 2) for each in log_curves(graph, theta, times))
    # P(T > lower) is 1 where T = 0 is included.
    above = jnp.where(lower < 0, 0.0, survival[0])
    below = jnp.where(lower < 0, -jnp.inf, distribution[0])
    late, early = above < np.log(0.5), lower < 0
    event = jnp.where(late, _log_difference(above, survival[1]), _log_difference(distribution[1], below))
    event = jnp.where(jnp.isinf(upper), above, jnp.where(early, distribution[1], event))
    each = jnp.where(lower == upper, density[0], event)
    counted = weights_of_rows != 0
    return jnp.sum(jnp.where(counted, weights_of_rows * jnp.where(counted, each, 0), 0))


def _log_difference(larger: Array, smaller: Array) -> Array:
    """log(exp(larger) - exp(smaller))."""
    ratio = jnp.where(larger > -jnp.inf, smaller - jnp.where(larger > -jnp.inf, larger, 0), -jnp.inf)
    return larger + jnp.log1p(-jnp.exp(jnp.minimum(ratio, 0)))
