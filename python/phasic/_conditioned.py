"""Which vertices a chain reaches, and its paths given that it reaches them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check, _core
from phasic._check import Doubles
from phasic._numbers import Numbers
from phasic._rewards import Rewards
from phasic._samples import Path, Samples, Seed
from phasic._steps import Steps

#: Of source and target.
_Factor = Callable[[int, int], float]


class Conditioned(Rewards, Numbers, Samples, Steps):
    """Events at vertices, and paths conditioned on them; see `phasic.Graph`."""

    def absorbing_state_rewards(self) -> Doubles:
        """1 for every vertex from which an edge leads to an absorbing vertex, else 0, (n_vertices,).

        Example:
            >>> phasic.models.kingman(3).absorbing_state_rewards().tolist()
            [0.0, 0.0, 1.0, 0.0]
        """
        edges = self._builder.edges
        n = self.vertices_length()
        ends = [not edges(vertex) for vertex in range(n)]
        return np.array([float(any(ends[to] for to, _, _ in edges(vertex))) for vertex in range(n)])

    def accumulated_occupancy(self, time: float) -> Doubles:
        """Mean time in each vertex until a time, or of a discrete graph mean visits until a step.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.accumulated_occupancy(1.0).round(6).tolist()  # 1 - exp(-1)
            [0.0, 0.632121, 0.0]
        """
        if self.is_discrete:
            return self.accumulated_visits(int(_check.counts("time", time)))
        return self.accumulated_visiting_time(time)

    def reward_visit_probability(self, rewards: ArrayLike, theta: ArrayLike | None = None) -> float:
        """Probability that a reward is collected at all: 1 minus its atom at zero.

        Args:
            rewards: (n_vertices,), ≥ 0.
            theta: (param_length,); default the graph's.

        Example:
            >>> graph = phasic.models.birth_death(2)
            >>> graph.reward_visit_probability([0.0, 0.0, 1.0, 0.0], [1.0, 1.0])
            0.5
        """
        graph = self
        if theta is not None:
            graph = self.copy()
            graph.update_weights(theta)
        return float(graph.atoms(rewards)[1])

    def backward_probabilities(self, target_vertices: Sequence[int]) -> Doubles:
        """Probability that some of the vertices is visited, from each vertex, (n_vertices,).

        Args:
            target_vertices: Indices of vertices, not of the starting vertex.

        Raises:
            ValueError: There is none, or one is the starting vertex.
            IndexError: One does not exist.

        Example:
            >>> graph = phasic.models.birth_death(2)
            >>> graph.update_parameterized_weights([1.0, 1.0])
            >>> graph.states().ravel().tolist(), graph.backward_probabilities([2]).tolist()
            ([0, 1, 2, 0], [0.5, 0.5, 1.0, 0.0])
        """
        wanted = sorted({self.vertex_at(index).index() for index in target_vertices})
        if not wanted or wanted[0] == 0:
            raise ValueError(
                f"target_vertices is {list(target_vertices)}: indices of vertices after the starting one "
                "are needed"
            )
        stopped = self._reweighted(lambda source, _: 0.0 if source in wanted else 1.0)
        each = [stopped.absorption_probability(stopped.vertex_at(at)) for at in wanted]
        return np.asarray(np.sum(each, axis=0))

    def sample_path_conditioned(
        self, target_vertices: Sequence[int], n: int = 1, *, seed: Seed = None
    ) -> Path | list[Path]:
        """Paths given that they end in some of the vertices.

        The chain given its end is one whose rates are multiplied by the ratio of the probabilities of that
        end (Doob's transform), so that no path is thrown away.

        Args:
            target_vertices: Indices of absorbing vertices.
            n: As for `sample_path`.
            seed: See `Samples`.

        Raises:
            ValueError: A vertex is not absorbing, or none can be reached.

        Example:
            >>> graph = phasic.models.kingman(3)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.sample_path_conditioned([3], seed=1).vertices.tolist()
            [0, 1, 2, 3]
        """
        for index in target_vertices:
            self._absorbing(self.vertex_at(index))
        h = self.backward_probabilities(target_vertices)
        if not h[0]:
            raise ValueError(f"no path ends in any of the vertices {list(target_vertices)}")
        given = self._reweighted(lambda source, target: h[target] / h[source] if h[source] else 0.0)
        return given.sample_path(n, seed=seed)

    def _reweighted(self, factor: _Factor) -> Conditioned:
        """The graph at its parameters with weights times a factor; edges of factor 0 are left out."""
        theta, builder = self._current_theta(), _core.GraphBuilder(self.state_length())
        for vertex in range(1, self.vertices_length()):
            auxiliary = self._builder.is_auxiliary(vertex)
            builder.find_or_create(self._builder.state(vertex), auxiliary=auxiliary)
        for source in range(self.vertices_length()):
            for target, base, row in self._builder.edges(source):
                times = factor(source, target)
                if times:
                    weight = base + (float(np.array(row) @ theta) if row else 0.0)
                    builder.add_edge(source, target, weight * times)
        builder.normalized = self._builder.normalized
        graph = type(self)._from_builder(builder)
        graph.is_discrete = self.is_discrete
        return graph
