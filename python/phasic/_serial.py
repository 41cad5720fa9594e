"""Graphs as plain arrays: for files, other languages, `pickle` and `copy`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from phasic import _check, _core
from phasic._structure import Structure

_NEEDED = ("states", "edges", "start_edges")


class Serial(Structure):
    """A graph as a dictionary of arrays; see `phasic.Graph`."""

    def serialize(self, theta_dim: int | None = None, *, param_length: int | None = None) -> dict[str, Any]:
        """The graph as plain arrays and numbers, from which `from_serialized` makes an equal one.

        Vertices are numbered as in `vertices()`. Edges out of the starting vertex are apart.

        Args:
            theta_dim, param_length: The number of parameters, which must be the graph's.

        Returns:
            A dictionary with

            - `states`: (n_vertices, state_length) int32.
            - `edges`: (m, 3): from, to, weight.
            - `start_edges`: (m, 2): to, weight.
            - `param_edges`: (m, 3 + p): from, to, base, coefficients.
            - `start_param_edges`: (m, 2 + p): to, base, coefficients.
            - `auxiliary`: (n_vertices,) bool, True at the auxiliary vertices of `discretize`.
            - `vertex_indices`: 0 to n_vertices − 1.
            - `param_length`, `state_length` (also as `state_dim`), `n_vertices`, `normalized`, `is_discrete`.
            - `in_rewards`: whether it comes from `reward_transform` or `reward_transform_discrete`.
            - `theta`, (p,), `rewards`, (n_vertices,), and `outcomes`, names and vertices of
              `joint_prob_graph`, if the graph has them.

        Raises:
            ValueError: `theta_dim` or `param_length` is not the number of parameters.

        Example:
            >>> arrays = phasic.models.kingman(3).serialize()
            >>> arrays["param_edges"].tolist()  # from, to, base, pairs
            [[1.0, 2.0, 0.0, 3.0], [2.0, 3.0, 0.0, 1.0]]
        """
        p = self.param_length()
        for name, given in (("theta_dim", theta_dim), ("param_length", param_length)):
            if given is not None and given != p:
                raise ValueError(f"{name} is {given}, but the graph has {p} parameters")
        n = self.vertices_length()
        constant: list[tuple[float, ...]] = []
        dependent: list[tuple[float, ...]] = []
        for source in range(n):
            for target, base, row in self._builder.edges(source):
                (dependent if row else constant).append((source, target, base, *row))
        edges = np.array(constant, dtype=np.float64).reshape(-1, 3)
        param_edges = np.array(dependent, dtype=np.float64).reshape(-1, 3 + p)
        serialized = {
            "states": self.states(),
            "vertex_indices": np.arange(n, dtype=np.int32),
            "edges": edges[edges[:, 0] > 0],
            "start_edges": edges[edges[:, 0] == 0, 1:],
            "param_edges": param_edges[param_edges[:, 0] > 0],
            "start_param_edges": param_edges[param_edges[:, 0] == 0, 1:],
            "auxiliary": np.array([self._builder.is_auxiliary(v) for v in range(n)]),
            "param_length": p,
            "state_length": self.state_length(),
            "state_dim": self.state_length(),
            "n_vertices": n,
            "normalized": self._builder.normalized,
            "is_discrete": self.is_discrete,
            "in_rewards": self._in_rewards,
        }
        if self._theta is not None:
            serialized["theta"] = self._theta.copy()
        if self._rewards_of_events is not None:
            serialized["rewards"] = self._rewards_of_events.copy()
        if self._outcomes is not None:
            serialized["outcomes"] = self._outcomes
        return serialized

    @classmethod
    def from_serialized(cls, data: Mapping[str, Any]) -> Self:
        """The graph that `serialize` described.

        Dictionaries of phasic 0.32 are read too; their `param_edges` have no column of bases.

        Args:
            data: The dictionary.

        Raises:
            ValueError: An array is missing, or is not what it must be; it is named.

        Example:
            >>> graph = phasic.models.kingman(3)
            >>> again = phasic.Graph.from_serialized(graph.serialize())
            >>> again.content_hash() == graph.content_hash()
            True
        """
        missing = [name for name in _NEEDED if name not in data]
        if missing:
            raise ValueError(f"the dictionary has no {missing[0]!r}: give what Graph.serialize() returned")
        states = np.asarray(data["states"])
        if states.ndim != 2 or not states.size:
            raise ValueError(f"states has shape {states.shape}, but (n_vertices, state_length) is needed")
        n, width = states.shape
        auxiliary = np.asarray(data.get("auxiliary", np.zeros(n, dtype=bool)), dtype=bool)
        if auxiliary.shape != (n,):
            raise ValueError(f"auxiliary has shape {auxiliary.shape}, but there are {n} states: ({n},)")
        builder = _core.GraphBuilder(width)
        for index in range(1, n):
            if builder.find_or_create(states[index], auxiliary=bool(auxiliary[index])) != index:
                raise ValueError(f"states[{index}] is the state of an earlier vertex: they must differ")
        p = int(data.get("param_length", 0))
        for name, bases in (("edges", True), ("constant_edges", True), ("param_edges", False)):
            _add(builder, name, data.get(name), 0 if bases else p, sources=True)
            start = f"start_{name}"
            _add(builder, start, data.get(start), 0 if bases else p, sources=False)
        graph = cls._from_builder(builder)
        builder.normalized = bool(data.get("normalized", False))
        graph.is_discrete = bool(data.get("is_discrete", False))
        graph._in_rewards = bool(data.get("in_rewards", False))
        if data.get("theta") is not None:
            graph._theta = _check.theta_vector(data["theta"], p)
        if data.get("rewards") is not None:
            graph._rewards_of_events = np.asarray(data["rewards"], dtype=np.int64)
        if data.get("outcomes") is not None:
            names, vertices = data["outcomes"]
            graph._outcomes = list(names), np.asarray(vertices, dtype=np.int64)
        return graph

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[dict[str, Any]]]:
        return type(self).from_serialized, (self.serialize(),)


def _add(builder: _core.GraphBuilder, name: str, given: Any, p: int, *, sources: bool) -> None:
    """Add the edges of one array; p is 0 for constant weights."""
    if given is None or not np.size(given):
        return
    rows, first = _check.doubles(name, given), int(sources)
    wanted = first + (2 + p if p else 2)
    if rows.ndim == 2 and p and rows.shape[1] == wanted - 1:
        rows = np.insert(rows, 1 + first, 0.0, axis=1)
    if rows.ndim != 2 or rows.shape[1] != wanted:
        raise ValueError(f"{name} has shape {rows.shape}, but {wanted} columns are needed")
    ends: NDArray[np.float64] = rows[:, : 1 + first]
    _check.first(name, ends, (ends >= 0) & (ends == np.floor(ends)), "the index of a vertex")
    for row in rows:
        source, target = (int(row[0]) if sources else 0), int(row[first])
        base, coefficients = float(row[1 + first]), row[2 + first :]
        builder.add_edge(source, target, base, coefficients if p else None)
