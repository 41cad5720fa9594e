"""A graph of ours as edges, for those who have no rule: source, target and rate; vertex 0 is the start."""

from __future__ import annotations

from typing import Any

import numpy as np


def edges(graph: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Source, target and rate of each edge, in the order of sources."""
    all_ = [(v.index(), e.to().index(), e.weight()) for v in graph.vertices() for e in v.edges()]
    source, target, rate = np.array(all_).T
    return source.astype(int), target.astype(int), rate


def write(graph: Any, folder: str) -> None:
    """Leave the edges of a graph for `read`."""
    np.savez(f"{folder}/edges.npz", *edges(graph))


def read(folder: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What `edges` has told of the graph."""
    with np.load(f"{folder}/edges.npz") as file:
        return file["arr_0"], file["arr_1"], file["arr_2"]


def matrices(source: np.ndarray, target: np.ndarray, rate: np.ndarray) -> tuple[np.ndarray, Any, Any]:
    """alpha, and of S over the transient vertices the jumps and the exit rates: (n,), (n, n) sparse, (n,)."""
    import scipy.sparse as sparse

    initial = source == 0
    transient, row = np.unique(source[~initial], return_inverse=True)
    n, to, rates = len(transient), target[~initial], rate[~initial]
    alpha = np.zeros(n)
    alpha[np.searchsorted(transient, target[initial])] = rate[initial]
    stays = np.isin(to, transient)
    column = np.searchsorted(transient, to[stays])
    jumps = sparse.csr_matrix((rates[stays], (row[stays], column)), shape=(n, n))
    return alpha, jumps, np.bincount(row, rates, n)


def older(folder: str) -> Any:
    """The same graph in phasic 0.32.1."""
    import phasic

    source, target, rate = read(folder)
    graph = phasic.Graph(1)
    vertices = [graph.starting_vertex()]
    vertices += [graph.find_or_create_vertex([i + 1]) for i in range(max(source.max(), target.max()))]
    for i, j, x in zip(source.tolist(), target.tolist(), rate.tolist(), strict=True):
        vertices[i].add_edge(vertices[j], x)
    return graph
