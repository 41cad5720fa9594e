"""Read a `phasic.Graph` through its public methods into the dense oracles."""

import numpy as np

from .continuous import DenseChain
from .discrete import DenseDiscreteChain
from .likelihood import dense_arrays


def vertices_by_kind(graph):
    """Indices of transient and of absorbing vertices; the starting vertex is neither."""
    start = graph.starting_vertex().index()
    others = [v for v in graph.vertices() if v.index() != start]
    transient = tuple(v.index() for v in others if len(v.edges()) > 0)
    absorbing = tuple(v.index() for v in others if len(v.edges()) == 0)
    return transient, absorbing


def initial_distribution(graph):
    """{vertex index: probability}: the edges of the starting vertex, which carry no parameters."""
    initial = {}
    for edge in graph.starting_vertex().edges():
        v = edge.to().index()
        initial[v] = initial.get(v, 0.0) + edge.base()
    return initial


def weighted_edges(graph):
    """(src, dst, weight) of every edge that does not leave the starting vertex."""
    start = graph.starting_vertex().index()
    return [
        (v.index(), e.to().index(), e.weight())
        for v in graph.vertices()
        if v.index() != start
        for e in v.edges()
    ]


def parameterised_edges(graph):
    """(src, dst, base, coefficients) of every edge that does not leave the starting vertex."""
    start = graph.starting_vertex().index()
    return [
        (v.index(), e.to().index(), e.base(), list(e.coefficients()))
        for v in graph.vertices()
        if v.index() != start
        for e in v.edges()
    ]


def from_graph(graph, *, exact=False):
    """`DenseChain` of a graph with known weights; `.transient` and `.absorbing` are vertex indices."""
    transient, absorbing = vertices_by_kind(graph)
    return DenseChain.from_edges(
        initial_distribution(graph), weighted_edges(graph), transient, absorbing, exact=exact
    )


def discrete_from_graph(graph, *, normalized=False, exact=False):
    """`DenseDiscreteChain` of a graph whose weights are probabilities, or become so when `normalized`."""
    transient, absorbing = vertices_by_kind(graph)
    return DenseDiscreteChain.from_edges(
        initial_distribution(graph),
        weighted_edges(graph),
        transient,
        absorbing,
        normalized=normalized,
        exact=exact,
    )


def likelihood_arrays(graph, *, size=None, parameters=None):
    """Base, coefficients, alpha over transient vertices for `reference.likelihood`, and those vertices."""
    transient, absorbing = vertices_by_kind(graph)
    n = len(transient)
    number = {v: i for i, v in enumerate(transient)} | {v: n for v in absorbing}
    edges = [(number[u], number[v], base, c) for u, v, base, c in parameterised_edges(graph)]
    arrays = dense_arrays(edges, n, graph.param_length(), size=size, parameters=parameters)
    alpha = np.zeros(size or n)
    for v, probability in initial_distribution(graph).items():
        if number[v] < n:
            alpha[number[v]] += probability
    return *arrays, alpha, np.array(transient)
