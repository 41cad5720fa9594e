"""Where a chain with epochs is at a time, and how long it has been there."""

from __future__ import annotations

import math

import numpy as np

from phasic import _check
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

        Raises:
            ValueError: The time is negative, NaN or infinite.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.state_probability(1.5).round(6).tolist()  # exp(−1) in either phase
            [0.0, 0.367879, 0.367879, 0.0]
        """
        epoch, values = self._core.occupancy(_check.time(time))
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
        spent = self._core.residence(_check.time(time))
        if epoch is not None:
            chosen = _check.position("epoch", epoch)
            if not -len(self) <= chosen < len(self):
                raise IndexError(f"epoch is {epoch}, but there are {len(self)} epochs, counted from 0")
            chosen %= len(self)
            found = spent[chosen] if chosen < len(spent) else np.zeros(self._orders[chosen].n)
            return self._orders[chosen].back(found)
        if not self._one_graph():
            raise ValueError("the epochs have different graphs: say which one, with epoch=")
        return self._orders[0].back(np.sum(spent, axis=0))

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
