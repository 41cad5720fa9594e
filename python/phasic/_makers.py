"""Functions of JAX under the names and shapes of older code, each of a `Model`. This module imports JAX."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpy.typing import NDArray

from phasic._features import feature_rows
from phasic._graph import Graph
from phasic._initial import relative_initial
from phasic._model import Model

#: A graph, its model, or a graph that older code took apart.
Structure = Graph | Model | dict[str, Any] | str

#: How far the weights of a graph may be from those of an affine function of theta, relative.
_AFFINE = 1e-9


def pmf_from_graph(graph: Graph, discrete: bool = False) -> Callable[..., Array]:
    """`(theta, times) -> densities`, or of a graph without parameters `(times) -> densities`."""
    model = relative_initial(graph).model(discrete=discrete)
    if graph.parameterized():
        return _of(
            model, lambda theta, times: _density(model, jnp.atleast_1d(theta), jnp.atleast_1d(times), None)
        )
    return _of(model, lambda times: _density(model, jnp.zeros(0), jnp.atleast_1d(times), None))


def pmf_from_graph_parameterized(
    builder: Callable[[NDArray[np.float64]], Graph], discrete: bool = False
) -> Callable[..., Array]:
    """`(theta, times) -> densities` of the graphs that a function of theta builds.

    At the first call with so many parameters the builder runs at a few concrete theta, from which the
    weights are found; after that it is not called again.
    """
    models: dict[int, Model] = {}

    def function(theta: ArrayLike, times: ArrayLike) -> Array:
        theta = jnp.atleast_1d(theta)
        if theta.ndim != 1:
            raise ValueError(f"theta has shape {theta.shape}, but one dimension is needed")
        p = theta.shape[0]
        if p not in models:
            models[p] = _affine(builder, p).model(discrete=discrete)
        return _density(models[p], theta, jnp.atleast_1d(times), None)

    return function


def moments_from_graph(graph: Graph, nr_moments: int = 2) -> Callable[..., Array]:
    """`(theta) -> (nr_moments,)`, or of a graph without parameters `() -> (nr_moments,)`."""
    model = relative_initial(graph).model(discrete=graph.is_discrete)
    if graph.parameterized():
        return lambda theta: model.moments(jnp.atleast_1d(theta), nr_moments)
    return lambda theta=(): model.moments(jnp.asarray(theta, float), nr_moments)


def pmf_and_moments_from_graph(
    graph: Graph, nr_moments: int = 2, discrete: bool = False
) -> Callable[..., tuple[Array, Array]]:
    """`(theta, times, rewards=None) -> (densities, moments)`; without parameters `(times, rewards=None)`.

    Without rewards (k,) and (nr_moments,); so with rewards (n_vertices,), for the accumulated reward. With
    rewards (f, n_vertices), a row for each feature, (k, f) and (f, nr_moments), of times (k,) or (k, f), NaN
    where one is missing: its density is NaN, and has no part in derivatives.
    """
    model = relative_initial(graph).model(discrete=discrete)

    def one(theta: Array, times: Array, rewards: ArrayLike | None) -> tuple[Array, Array]:
        return _density(model, theta, times, rewards), model.moments(theta, nr_moments, rewards)

    def function(theta: ArrayLike, times: ArrayLike, rewards: ArrayLike | None = None) -> tuple[Array, Array]:
        theta, at = jnp.atleast_1d(theta), jnp.atleast_1d(times)
        if rewards is None:
            return one(theta, at, None)
        rows = feature_rows(rewards, model.n_vertices, at.shape[1] if at.ndim == 2 else None)
        if rows.ndim == 1:
            return one(theta, at, rows)
        if at.ndim > 1 and at.shape[1:] != rows.shape[:1]:
            raise ValueError(f"times has shape {at.shape}, but rewards has {len(rows)} rows, one per feature")
        columns = [at if at.ndim == 1 else at[:, i] for i in range(len(rows))]
        found = [one(theta, column, row) for column, row in zip(columns, rows, strict=True)]
        return jnp.stack([each[0] for each in found], axis=-1), jnp.stack([each[1] for each in found])

    if graph.parameterized():
        return _of(model, function)
    return _of(model, lambda times, rewards=None: function(jnp.zeros(0), times, rewards))


def pmf_from_graph_joint_index(
    graph: Graph,
    exclude_vertices: Sequence[int] | None = None,
    observed_indices: Sequence[int] | NDArray[np.integer[Any]] | None = None,
) -> Callable[..., tuple[Array, Array]]:
    """`(theta, vertex_indices, rewards=None) -> (probabilities, zeros)` of the last vertex before the end."""
    if not graph.parameterized():
        raise ValueError("this graph has no parameters: give its edges coefficients of theta")
    model, n = graph.model(discrete=False), graph.vertices_length()
    ends = graph.absorbing_state_rewards()
    if exclude_vertices is not None:
        ends[list(exclude_vertices)] = 0.0
    own = None if observed_indices is None else np.unique(np.asarray(observed_indices), return_inverse=True)

    def function(
        theta: ArrayLike, vertex_indices: ArrayLike = 0, rewards: None = None
    ) -> tuple[Array, Array]:
        if rewards is not None:
            raise ValueError("probabilities of the last vertex take no rewards")
        theta = jnp.atleast_1d(theta)
        distinct = jnp.atleast_1d(vertex_indices) if own is None else own[0]
        rows = jnp.asarray(distinct)[:, None] == jnp.arange(n)
        found = model.expectations(theta, jnp.vstack([rows.astype(float), ends]))
        shares = found[:-1] / found[-1]
        return shares if own is None else shares[own[1]], jnp.zeros(2)

    return _of(model, function)


def compute_pmf_ffi(
    structure_json: Structure,
    theta: ArrayLike,
    times: ArrayLike,
    discrete: bool = False,
    granularity: int = 0,
) -> Array:
    """Densities or probabilities at times or counts, in their shape, as a function of JAX.

    For code of older versions: `Graph.model` has them as `Model.pdf` and `Model.pmf`.

    Args:
        structure_json: A graph, a model made from one, or what `Graph.serialize` of older code gave, as a
            dictionary or as JSON.
        theta: (p,).
        times: Any shape; where one is NaN, so is its density, which has no part in derivatives then.
        discrete: Whether probabilities of counts are meant.
        granularity: Means nothing: densities are exact.

    Raises:
        TypeError: `structure_json` is none of these.
        ValueError: Theta has another shape.

    Example:
        >>> graph = phasic.models.kingman(2)
        >>> phasic.compute_pmf_ffi(graph, [2.0], jnp.array([0.0])).tolist()  # theta exp(−theta t)
        [2.0]
    """
    return _density(_model(structure_json, discrete), theta, times, None)


def compute_moments_ffi(structure_json: Structure, theta: ArrayLike, nr_moments: int) -> Array:
    """Raw moments of the absorption time, (nr_moments,), as a function of JAX.

    For code of older versions: `Graph.model` has them as `Model.moments`. Arguments as for `compute_pmf_ffi`.

    Args:
        structure_json: A graph, a model or a serialized graph.
        theta: (p,).
        nr_moments: The highest order.

    Example:
        >>> graph = phasic.models.erlang(2)
        >>> phasic.compute_moments_ffi(graph, [2.0], 2).round(4).tolist()  # mean 1, variance 1/2
        [1.0, 1.5]
    """
    return _model(structure_json, None).moments(theta, nr_moments)


def compute_pmf_and_moments_ffi(
    structure_json: Structure,
    theta: ArrayLike,
    times: ArrayLike,
    nr_moments: int,
    discrete: bool = False,
    granularity: int = 0,
    rewards: ArrayLike | None = None,
) -> tuple[Array, Array]:
    """Densities or probabilities, and moments, of the time or of an accumulated reward.

    For code of older versions: `Graph.model` has them as `Model.pdf`, `Model.pdf_reward`, `Model.pmf` and
    `Model.moments`.

    Args:
        structure_json, theta, times, discrete, granularity: As for `compute_pmf_ffi`.
        nr_moments: The highest order.
        rewards: (n_vertices,); default ones, for the time.

    Returns:
        Densities in the shape of `times`, and moments, (nr_moments,).

    Example:
        >>> graph, length = phasic.models.kingman(2), jnp.array([0.0, 2.0, 0.0])
        >>> densities, moments = phasic.compute_pmf_and_moments_ffi(graph, [1.0], [0.0], 1, rewards=length)
        >>> densities.round(4).tolist(), moments.round(4).tolist()  # of rate 1/2
        ([0.5], [2.0])
    """
    model = _model(structure_json, discrete)
    return _density(model, theta, times, rewards), model.moments(theta, nr_moments, rewards)


def compute_sojourn_times_ffi(structure_json: Structure, theta: ArrayLike, indices: ArrayLike) -> Array:
    """Mean time in each of these vertices until absorption, (k,). Arguments as for `compute_pmf_ffi`.

    Args:
        structure_json, theta: As there.
        indices: (k,).
    """
    model = _model(structure_json, False)
    rows = jnp.atleast_1d(indices)[:, None] == jnp.arange(model.n_vertices)
    return model.expectations(theta, rows.astype(float))


def record_elimination_trace(
    graph: Graph,
    theta_dim: int | None = None,
    reward_length: int | None = None,
    enable_rewards: bool = False,
) -> Model:
    """The graph's model, which knows its recorded elimination by content.

    For code of older versions, whose other functions take it; `Graph.model` gives the same, and `Graph.trace`
    the elimination itself.

    Args:
        graph: The graph.
        theta_dim: The number of parameters, to be checked.
        reward_length, enable_rewards: Mean nothing: every trace serves any rewards.

    Raises:
        ValueError: `theta_dim` is not the number of parameters.

    Example:
        >>> trace = phasic.record_elimination_trace(phasic.models.mm1k_busy_period(3), theta_dim=2)
        >>> round(float(trace.expectation([1.0, 2.0])), 4)  # (1 + 1/2 + 1/4) / 2
        0.875
    """
    if theta_dim is not None and theta_dim != graph.param_length():
        raise ValueError(f"theta_dim is {theta_dim}, but the graph has {graph.param_length()} parameters")
    return graph.model()


def trace_to_log_likelihood(
    trace: Model | Graph,
    observed_data: ArrayLike,
    reward_vector: ArrayLike | None = None,
    granularity: int = 0,
    use_cpp: bool = True,
    use_log: bool = False,
) -> Callable[[ArrayLike], Array]:
    """`(theta) -> log-likelihood` of absorption times, or of accumulated rewards.

    For code of older versions: `Model.log_likelihood` also takes censored data and weights.

    Args:
        trace: What `record_elimination_trace` gave, or a graph.
        observed_data: (m,).
        reward_vector: (n_vertices,); default ones, for the time.
        granularity, use_cpp, use_log: Mean nothing: values are exact.

    Returns:
        A function of JAX.

    Example:
        >>> trace = phasic.record_elimination_trace(phasic.models.kingman(2))
        >>> log_likelihood = phasic.trace_to_log_likelihood(trace, [0.5, 1.0])
        >>> round(float(log_likelihood([2.0])), 4)  # 2 log(2) − 2 · (0.5 + 1)
        -1.6137
    """
    model, data = _model(trace, None), np.asarray(observed_data, np.float64)
    if reward_vector is None:
        return lambda theta: model.log_likelihood(theta, data)
    return lambda theta: model.logpdf_reward(theta, data, reward_vector).sum()


def evaluate_trace_jax(
    trace: Model | Graph, params: ArrayLike | None, rewards: ArrayLike | None = None, use_log: bool = False
) -> dict[str, Any]:
    """The jump chain at theta: mean waits, probabilities of the next vertex, and which vertices these are.

    For code of older versions: `Vertex.rate` and `Vertex.edges` tell a graph's rates, and `Model` its law.

    Args:
        trace: What `record_elimination_trace` gave, or a graph.
        params: (p,); None for a graph without parameters.
        rewards: (n_vertices,), by which waits are multiplied: the rewards that are collected there.
        use_log: Means nothing.

    Returns:
        `vertex_rates`, (n_vertices,): as in older code 1 over the sum of the weights of a vertex, 0 at
        absorbing ones; `edge_probs`, a list with an array for each vertex; `vertex_targets`, a list of the
        indices of the targets for each.

    Raises:
        ValueError: `params` has another shape.

    Example:
        >>> trace = phasic.record_elimination_trace(phasic.models.repairable_system(2))
        >>> found = phasic.evaluate_trace_jax(trace, [1.0, 3.0])
        >>> found["vertex_rates"].tolist()  # one over the rates: 2 and 1 + 3, in the order of the vertices
        [1.0, 0.5, 0.25, 0.0]
        >>> found["edge_probs"][2].tolist(), found["vertex_targets"][2]  # it fails too, or one is repaired
        ([0.25, 0.75], [3, 1])
    """
    model = _model(trace, None)
    theta = jnp.zeros(model.n_parameters) if params is None else jnp.asarray(params)
    if theta.shape != (model.n_parameters,):
        raise ValueError(f"params has shape {theta.shape}, but the trace needs ({model.n_parameters},)")
    source, target, base, coefficients = model.trace().edges()
    original = np.asarray(model.original)
    weights = base + coefficients @ theta
    origin, reached = original[source], original[target]
    total = jnp.zeros(model.n_vertices).at[origin].add(weights)
    some = jnp.where(total == 0, 1, total)
    shares = weights / some[origin]
    waits = jnp.where(total == 0, 0, 1 / some)
    rows = [np.flatnonzero(origin == vertex) for vertex in range(model.n_vertices)]
    return {
        "vertex_rates": waits if rewards is None else waits * jnp.asarray(rewards),
        "edge_probs": [shares[row] for row in rows],
        "vertex_targets": [reached[row].tolist() for row in rows],
    }


def _of(model: Model, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its model as attribute, for fits."""
    function.model = model  # type: ignore[attr-defined]
    return function


def _density(model: Model, theta: ArrayLike, times: ArrayLike, rewards: ArrayLike | None) -> Array:
    """NaN where times are, with derivatives of 0 there."""
    given = jnp.asarray(times)
    missing = jnp.isnan(given)
    at = jnp.where(missing, 1, given)
    if model.discrete:
        row = model.rewards if rewards is None else model._row(rewards)
        found = dataclasses.replace(model, rewards=row).pmf(theta, at)
    else:
        found = model.pdf(theta, at) if rewards is None else model.pdf_reward(theta, at, rewards)
    return jnp.where(missing, jnp.nan, found)


def _model(structure: Structure, discrete: bool | None) -> Model:
    if isinstance(structure, Model):
        if discrete is None or discrete == structure.discrete:
            return structure
        return dataclasses.replace(structure, discrete=discrete, tables=None)
    if isinstance(structure, str | dict):
        structure = _serialized(json.loads(structure) if isinstance(structure, str) else structure)
    if isinstance(structure, Graph):
        structure = relative_initial(structure)
        return structure.model(discrete=structure.is_discrete if discrete is None else discrete)
    raise TypeError(f"a phasic.Graph or phasic.Model is needed, not {type(structure).__name__}")


def _serialized(found: dict[str, Any]) -> Graph:
    """The graph that `Graph.serialize` took apart, of this version or an older one."""
    if found.get("weight_mode", "linear") != "linear":
        raise ValueError(
            f"weights of mode {found['weight_mode']!r} are not linear in theta: build the graph with "
            "Graph(callback=...)"
        )
    return Graph.from_serialized(found)


def _affine(builder: Callable[[NDArray[np.float64]], Graph], p: int) -> Graph:
    """The parameterized graph whose weights are those of graphs that are built at concrete theta."""
    units = np.eye(p)
    checked = 1.5 + 0.25 * np.arange(p)
    points = (np.ones(p), *(1 + units), checked)
    graphs = [builder(np.array(at)) for at in points]
    edges = [_edges(relative_initial(each), at) for each, at in zip(graphs, points, strict=True)]
    first, last = edges[0], edges[-1]
    for other in edges[1:]:
        if other.keys() != first.keys():
            raise ValueError(
                "the graph has other edges at another theta: give rates as coefficients of theta, with "
                "Graph(callback=...) or add_edge_parameterized()"
            )
    graph = Graph(graphs[0].state_length())
    for key in first:
        slopes = np.array([edges[1 + i][key] - first[key] for i in range(p)])
        base = first[key] - slopes.sum()
        base = 0.0 if abs(base) < _AFFINE * (abs(first[key]) + np.abs(slopes).sum()) else base
        if abs(base + slopes @ checked - last[key]) > _AFFINE * abs(last[key]):
            raise ValueError(
                f"the rate from {key[0]} to {key[1]} is no affine function of theta: write the model with "
                "parameters in which it is, with Graph(callback=...), and transform them outside"
            )
        source, target = (_vertex(graph, state) for state in key)
        source.add_edge_parameterized(target, float(base), slopes.tolist())
    return graph


_Key = tuple[tuple[int, ...] | None, tuple[int, ...] | None]


def _edges(graph: Graph, theta: NDArray[np.float64]) -> dict[_Key, float]:
    """Weights at theta by states; None for the starting vertex."""
    if graph.parameterized():
        graph.update_weights(theta)
    start = graph.starting_vertex().index()

    def state(vertex: Any) -> tuple[int, ...] | None:
        return None if vertex.index() == start else tuple(int(x) for x in vertex.state())

    found: dict[_Key, float] = {}
    for vertex in graph.vertices():
        for edge in vertex.edges():
            key = state(vertex), state(edge.to())
            found[key] = found.get(key, 0.0) + float(edge.weight())
    return found


def _vertex(graph: Graph, state: tuple[int, ...] | None) -> Any:
    return graph.starting_vertex() if state is None else graph.find_or_create_vertex(list(state))


__all__ = [
    "compute_moments_ffi",
    "compute_pmf_and_moments_ffi",
    "compute_pmf_ffi",
    "compute_sojourn_times_ffi",
    "evaluate_trace_jax",
    "moments_from_graph",
    "pmf_and_moments_from_graph",
    "pmf_from_graph",
    "pmf_from_graph_joint_index",
    "pmf_from_graph_parameterized",
    "record_elimination_trace",
    "trace_to_log_likelihood",
]
