"""Where a chain with epochs is at a time, and how long it has been there."""

from __future__ import annotations

import math

import numpy as np

from phasic import _check, _core, _incidence
from phasic._check import Doubles
from phasic._epoch_list import EpochList


class EpochPlaces(EpochList):
    """Probabilities of vertices, and times spent in them; see `phasic.Epochs`."""

    def epoch_at(self, time: float) -> int:
        """The epoch that a time lies in, counted from 0.

        Raises:
            ValueError: The time is negative or NaN.

        Example:
            >>> law = phasic.models.kingman(4).epochs([(0.0, [1.0]), (0.5, [8.0])])
            >>> law.epoch_at(0.4), law.epoch_at(0.5)
            (0, 1)
        """
        return int(np.searchsorted(self.starts, _check.time(time), side="right")) - 1

    def state_probability(self, time: float) -> Doubles:
        """Probability of each vertex at a time, (n_vertices,) of that epoch's graph; 0 at absorbing ones.

        `stop_probability` is the same under the name of older code.

        `cumulative_incidence` has the probabilities of absorbing vertices.

        Raises:
            ValueError: The time is negative or NaN, or it is infinite and absorption is not certain.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.state_probability(1.5).round(6).tolist()  # exp(−1) in either phase
            [0.0, 0.367879, 0.367879, 0.0]
        """
        at = _check.time(time)
        if math.isinf(at):
            left = self._core.curve("sf", np.array([at]), False)  # refuses where absorption is not certain
            return np.full(self._orders[-1].n, left[0])
        epoch, values = self._core.occupancy(at)
        return self._orders[epoch].back(values)

    stop_probability = state_probability

    def accumulated_visiting_time(self, time: float, epoch: int | None = None) -> Doubles:
        """Mean time spent in each vertex up to a time, (n_vertices,); 0 at absorbing ones.

        Args:
            time: Up to when; infinity for all time until absorption.
            epoch: Only what is spent in this epoch, in the vertices of its graph; None: in all epochs, which
                must then have the same graph.

        Raises:
            ValueError: The epochs have different graphs and none is chosen; or the time is infinite, and
                absorption is not certain.
            IndexError: There is no such epoch.

        Example:
            >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.accumulated_visiting_time(1.5).round(6).tolist()  # 1 + (1 − exp(−1)) / 2
            [0.0, 1.31606, 0.0]
        """
        return self._over_epochs(self._core.residence(_check.time(time)), epoch)

    def expected_residence_time(self, epoch: int | None = None) -> Doubles:
        """Mean time spent in each vertex until absorption; `epoch` as for `accumulated_visiting_time`.

        `expected_sojourn_time` is another name of it.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.expected_residence_time().round(9).tolist()
            [0.0, 1.5, 0.5, 0.0]
        """
        return self.accumulated_visiting_time(math.inf, epoch)

    expected_sojourn_time = expected_residence_time

    def cumulative_incidence(self, time: float, epoch: int | None = None) -> Doubles:
        """Probability of having been absorbed in each vertex by a time, (n_vertices,): the cumulative
        incidence functions of competing risks.

        As `Graph.cumulative_incidence`: 0 at transient vertices, and the starting vertex has the probability
        of never starting. They sum to `cdf(time)`.

        Args:
            time: Up to when; infinity for the probabilities of ending in each vertex.
            epoch: Only what is absorbed in this epoch, also by the map at its start, in the vertices of its
                graph; None: in all epochs, which must then have the same graph.

        Raises:
            ValueError: The epochs have different graphs and none is chosen; or the time is infinite, and
                absorption is not certain.
            IndexError: There is no such epoch.

        Example:
            >>> def risks(state):  # cured, or dead
            ...     if len(state) == 0:
            ...         return [([1], 1.0)]
            ...     return [([2], [1.0, 0.0]), ([3], [0.0, 1.0])] if state[0] == 1 else []
            >>> law = phasic.Graph(callback=risks).epochs([(0.0, [0.0, 1.0]), (1.0, [3.0, 0.0])])
            >>> law.cumulative_incidence(np.inf).round(6).tolist()  # exp(−1) live to see the cure
            [0.0, 0.0, 0.367879, 0.632121]
        """
        spent = self._core.residence(_check.time(time))
        return self._over_epochs([self._absorbed(e, each) for e, each in enumerate(spent)], epoch)

    def _absorbed(self, epoch: int, spent: Doubles) -> Doubles:
        """What is absorbed in an epoch during these times, and by the map at its start."""
        start, trace, theta, mapped = self._rows[epoch]
        found = _incidence.absorbed(trace, theta, spent, from_start=epoch == 0)
        if epoch and mapped is not None:
            sources, targets, probabilities = mapped
            ends = _incidence.is_absorbing(trace)[targets]
            if ends.any():
                before = _core.Epochs(self._rows[:epoch], self._rtol).occupancy(start)[1]
                moved = before[sources[ends]] * probabilities[ends]
                found += np.bincount(targets[ends], moved, len(found))
        return found

    def _over_epochs(self, found: list[Doubles], epoch: int | None) -> Doubles:
        """Numbers per vertex of the epochs that have begun: of one epoch, or their sum."""
        if epoch is not None:
            chosen = _check.position("epoch", epoch)
            if not -len(self) <= chosen < len(self):
                raise IndexError(f"epoch is {epoch}, but there are {len(self)} epochs, counted from 0")
            chosen %= len(self)
            values = found[chosen] if chosen < len(found) else np.zeros(self._orders[chosen].n)
            return self._orders[chosen].back(values)
        if not self._one_graph():
            raise ValueError("the epochs have different graphs: say which one, with epoch=")
        return self._orders[0].back(np.sum(found, axis=0))
