"""The step interface of older code: the law of a graph, one step after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phasic import _check
from phasic._check import Doubles
from phasic._steps import Chain

if TYPE_CHECKING:
    from phasic._graph import Graph

#: Steps per unit of time unless `granularity` says otherwise.
GRANULARITY = 1024.0

#: Relative truncation error of a step: thousands of them stay below rounding.
TOLERANCE = 1e-17


class DistributionContext:
    """The law of a graph's absorption time, one step of length 1 / granularity after the other.

    Made by `Graph.distribution_context`, for code of older versions: `Graph.epochs` answers the same without
    steps, and `Graph.pdf` and `Graph.cdf` where rates do not change.

    Every step is exact, whatever its length, with the parameters that the graph has when the step is taken;
    set others between steps for rates that change in time.

    Example:
        >>> graph = phasic.models.kingman(2)
        >>> graph.update_weights([1.0])
        >>> context = graph.distribution_context(granularity=4)
        >>> for _ in range(4):
        ...     context.step()
        >>> context.time(), round(context.cdf(), 6)  # 1 − exp(−1)
        (1.0, 0.632121)
    """

    def __init__(self, graph: Graph, granularity: float = 0) -> None:
        _check.granularity(granularity)
        given = _check.number("granularity", granularity)
        if not 0 <= given < np.inf:
            raise ValueError(f"granularity is {granularity}: it must be a number of steps per unit of time")
        self._graph = graph
        self._granularity = given or GRANULARITY
        self._steps = 0
        self._cdf = graph.defect()
        self._probability = graph.state_probability(0.0)
        self._exponent = 0
        self._spent = np.zeros(graph.vertices_length())

    def step(self) -> None:
        """Go on by 1 / granularity.

        Raises:
            ValueError: The graph has got vertices since the context was made.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_weights([1.0])
            >>> context = graph.distribution_context(granularity=1)
            >>> context.step()
            >>> graph.update_weights([4.0])
            >>> context.step()
            >>> round(context.cdf(), 6)  # 1 − exp(−1 − 4)
            0.993262
        """
        self._probability, self._exponent, spent, _, absorbed = self._propagated(1 / self._granularity)
        self._spent = self._spent + spent
        self._cdf = min(1.0, self._cdf + absorbed)
        self._steps += 1

    def time(self) -> float:
        """The time now.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_weights([1.0])
            >>> context = graph.distribution_context(granularity=4)
            >>> context.step()
            >>> context.time()
            0.25
        """
        return self._steps / self._granularity

    def pdf(self) -> float:
        """Density of the absorption time now, at the graph's present parameters.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_weights([2.0])
            >>> round(graph.distribution_context().pdf(), 9)  # at time 0
            2.0
        """
        return self._propagated(0.0)[3]

    def cdf(self) -> float:
        """Probability of being absorbed by now, the atom at 0 included.

        Example:
            >>> graph = phasic.Graph.from_matrices([0.75], [[-2.0]])
            >>> graph.distribution_context().cdf()  # a quarter starts absorbed
            0.25
        """
        return self._cdf

    def state_probability(self) -> Doubles:
        """Probability of each vertex now, (n_vertices,); 0 at absorbing ones.

        `stop_probability` is another name of it.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_weights([2.0])
            >>> context = graph.distribution_context(granularity=2)
            >>> context.step()
            >>> context.state_probability().round(6).tolist()  # exp(−1) in either phase
            [0.0, 0.367879, 0.367879, 0.0]
        """
        return np.ldexp(self._probability, self._exponent)

    stop_probability = state_probability

    def accumulated_visiting_time(self) -> Doubles:
        """Mean time spent in each vertex until now, (n_vertices,); 0 at absorbing ones.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_weights([2.0])
            >>> context = graph.distribution_context(granularity=2)
            >>> context.step()
            >>> context.accumulated_visiting_time().round(6).tolist()  # (1 − exp(−1)) / 2
            [0.0, 0.31606, 0.0]
        """
        return self._spent.copy()

    def _propagated(self, duration: float) -> tuple[Doubles, int, Doubles, float, float]:
        graph = self._graph
        if graph.vertices_length() != len(self._probability):
            raise ValueError("the graph has got vertices since this context was made: make another")
        initial = graph._in_canonical_order(self._probability)
        assert initial is not None
        end, exponent, spent, density, absorbed = graph._recorded().propagate(
            graph._current_theta(), initial, self._exponent, duration, TOLERANCE
        )
        return graph._in_creation_order(end), exponent, graph._in_creation_order(spent), density, absorbed


class DiscreteDistributionContext:
    """The law of a graph's number of steps, one step of the discrete chain after the other.

    Made by `Graph.distribution_context_discrete`, at the parameters that the graph has then. For code of
    older versions: `Graph.pmf_discrete` and `Graph.cdf_discrete` answer the same at once.

    Example:
        >>> graph = phasic.models.erlang(2)
        >>> graph.update_weights([0.5])  # go on with probability 1/2, otherwise stay
        >>> context = graph.distribution_context_discrete()
        >>> for _ in range(3):
        ...     context.step()
        >>> round(context.pmf(), 9), round(context.cdf(), 9)  # 2 / 8, and 1 / 4 before
        (0.25, 0.5)
    """

    def __init__(self, graph: Graph) -> None:
        self._chain = Chain(graph)
        self._probability = self._chain.initial
        self._visits = self._chain.initial
        self._pmf = self._cdf = self._chain.absorbed
        self._jumps = 0

    def step(self) -> None:
        """Go on by one step.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_weights([0.25])
            >>> context = graph.distribution_context_discrete()
            >>> context.step()
            >>> context.cdf()
            0.25
        """
        self._pmf = self._chain.absorbed_by(self._probability)
        self._cdf = min(1.0, self._cdf + self._pmf)
        self._probability = self._chain.step(self._probability)
        self._visits = self._visits + self._probability
        self._jumps += 1

    def jumps(self) -> int:
        """The number of steps taken; `time` is another name of it.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_weights([0.25])
            >>> context = graph.distribution_context_discrete()
            >>> context.step()
            >>> context.jumps()
            1
        """
        return self._jumps

    time = jumps

    def pmf(self) -> float:
        """Probability of being absorbed by the last step; before the first, of starting absorbed.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_weights([0.25])
            >>> context = graph.distribution_context_discrete()
            >>> context.step()
            >>> context.step()
            >>> context.pmf()  # 3/4 · 1/4
            0.1875
        """
        return self._pmf

    def cdf(self) -> float:
        """Probability of being absorbed by now.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_weights([0.25])
            >>> context = graph.distribution_context_discrete()
            >>> context.step()
            >>> context.step()
            >>> context.cdf()  # 1/4 + 3/4 · 1/4
            0.4375
        """
        return self._cdf

    def state_probability(self) -> Doubles:
        """Probability of each vertex now, (n_vertices,); 0 at absorbing ones.

        `stop_probability` is another name of it.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_weights([0.25])
            >>> context = graph.distribution_context_discrete()
            >>> context.step()
            >>> context.state_probability().tolist()
            [0.0, 0.75, 0.25, 0.0]
        """
        return self._probability.copy()

    stop_probability = state_probability

    def accumulated_visits(self) -> Doubles:
        """Mean number of steps at which each vertex was held until now, (n_vertices,).

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_weights([0.25])
            >>> context = graph.distribution_context_discrete()
            >>> context.step()
            >>> context.accumulated_visits().tolist()  # the start counts 1
            [0.0, 1.75, 0.25, 0.0]
        """
        return self._visits.copy()
