"""Moments of the time, and of rewards, until absorption or a time, over epochs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from phasic import _check
from phasic._check import Doubles
from phasic._epoch_list import EpochList


class EpochRewards(EpochList):
    """Expectations over epochs; see `phasic.Epochs`."""

    def expectation(self, rewards: Any = None, *, until: float = math.inf) -> float:
        """Mean of the time, or reward, until absorption or a time. Arguments as for `moments`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> round(law.expectation(), 6), round(law.expectation(until=1.0), 6)  # 1 − 3 / 4e, 1 − 1 / e
            (0.72409, 0.632121)
        """
        return float(self.moments(1, rewards, until=until)[0])

    def expectations(self, rewards: Any, *, until: float = math.inf) -> Doubles:
        """Means of many rewards until absorption or a time, (k,), all from one pass.

        Args:
            rewards: (k, n_vertices), or for epochs with different graphs a list of such, one per epoch.
            until: When the rewards end, if the chain is not absorbed before.

        Raises:
            ValueError: Rewards have another shape or are not finite; given and expected shapes are named.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.expectations([[0, 1, 0, 0], [0, 0, 1, 0]]).round(9).tolist()  # time in each phase
            [1.5, 0.5]
        """
        spent = self._core.residence(_check.time(until))
        checked = [(order, _check.reward_matrix(each, order.n)) for order, each in self._listed(rewards, 2)]
        if len({len(matrix) for _, matrix in checked}) > 1:
            raise ValueError(f"rewards has {[len(matrix) for _, matrix in checked]} rows for the epochs")
        means = [matrix @ order.back(time) for (order, matrix), time in zip(checked, spent, strict=False)]
        total: Doubles = np.sum(means, axis=0)
        return total

    def variance(self, rewards: Any = None) -> float:
        """Variance of the time, or reward ≥ 0, until absorption.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> round(law.variance(), 9)  # of two times of rate 2; the first epoch has none
            0.5
        """
        first, second = self.moments(2, rewards)
        return float(second - first * first)

    def mean(self) -> float:
        """Mean of the absorption time: `expectation()`, under the name of `scipy.stats`.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> round(law.mean(), 9)
            2.0
        """
        return self.expectation()

    def var(self) -> float:
        """Variance of the absorption time: `variance()`, under the name of `scipy.stats`.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> round(law.var(), 9)
            0.5
        """
        return self.variance()

    def std(self) -> float:
        """Standard deviation of the absorption time.

        Example:
            >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> round(law.std(), 9)
            0.5
        """
        return math.sqrt(self.variance())

    def moments(self, power: int, rewards: Any = None, *, until: float = math.inf) -> Doubles:
        """Raw moments of order 1 to `power` of the time, or reward, until absorption or a time, (power,).

        Args:
            power: The highest order.
            rewards: As for the class; at least 0 unless power is 1.
            until: When the reward ends, if the chain is not absorbed before.

        Raises:
            ValueError: Rewards are not what they must be, or absorption is not certain.

        Example:
            >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.moments(2).round(9).tolist()  # mean 1.5, variance 0.25
            [1.5, 2.5]
        """
        checked = self._rewards(rewards)
        return self._core.moments(_check.power(power), checked, _check.time(until), False)

    def truncated_moments(self, time: float, power: int, rewards: Any = None) -> Doubles:
        """E of Yᵏ where the chain is absorbed by a time, else 0, for k from 1 to `power`, (power,).

        Y is the absorption time, or the reward ≥ 0 until then. Divided by `cdf(time)` these are the moments
        given absorption by that time.

        Args:
            time: At least 0.
            power: The highest order.
            rewards: As for the class, at least 0.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> law.truncated_moments(1.0, 1).round(6).tolist()  # 1 − 2 / e
            [0.264241]
        """
        checked = self._rewards(rewards)
        return self._core.moments(_check.power(power), checked, _check.time(time), True)
