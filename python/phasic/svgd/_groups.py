"""Maps of groups of parameters: increasing positive ones, and probabilities that sum to one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Protocol

import numpy as np


class Group(Protocol):
    """A map from coordinates z (..., c) on the whole line to members theta (..., k) of a group.

    `coordinate` is the kind of single transform that each coordinate resembles, `support` the interval of
    each member. `xp` is `numpy` or `jax.numpy`.
    """

    coordinate: str
    support: tuple[float, float]

    def coordinates(self, size: int) -> int:
        """How many coordinates a group of `size` members has."""

    def to_theta(self, xp: ModuleType, z: Any) -> Any:
        """Members at `z`."""

    def to_z(self, xp: ModuleType, theta: Any) -> Any:
        """Coordinates of the members `theta`; NaN or infinite where they are outside the support."""

    def log_jacobian(self, xp: ModuleType, z: Any) -> Any:
        """Log |d theta / d z|, (...); of a simplex, of all members but the last."""


class Ordered:
    """0 < theta_1 < theta_2 < ...: theta_i = exp(z_1) + ... + exp(z_i)."""

    coordinate = "log"
    support = (0.0, math.inf)

    def coordinates(self, size: int) -> int:
        """As many as members."""
        return size

    def to_theta(self, xp: ModuleType, z: Any) -> Any:
        """Sums of positive gaps."""
        return xp.cumsum(xp.exp(z), axis=-1)

    def to_z(self, xp: ModuleType, theta: Any) -> Any:
        """Logarithms of the gaps."""
        gaps = xp.concatenate([theta[..., :1], theta[..., 1:] - theta[..., :-1]], axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return xp.log(gaps)

    def log_jacobian(self, xp: ModuleType, z: Any) -> Any:
        """The Jacobian is triangular with exp(z) on its diagonal."""
        return xp.sum(z, axis=-1)


class Simplex:
    """k positive numbers of sum 1, by breaking a stick (Stan reference manual, "Unit simplex").

    Member i takes the share 1 / (1 + exp(log(k - i) - z_i)) of what the members before it left; z = 0 gives
    equal members. All is computed from logarithms, so that small members keep their digits.
    """

    coordinate = "logit"
    support = (0.0, 1.0)

    def coordinates(self, size: int) -> int:
        """One less than members."""
        return size - 1

    def to_theta(self, xp: ModuleType, z: Any) -> Any:
        """Members, of which the last is what is left."""
        taken, left = self._shares(xp, z)
        before = xp.cumsum(left, axis=-1)
        none = xp.zeros_like(before[..., :1])
        logs = xp.concatenate([taken, none], axis=-1) + xp.concatenate([none, before], axis=-1)
        return xp.exp(logs)

    def to_z(self, xp: ModuleType, theta: Any) -> Any:
        """Log odds of each member against those after it."""
        after = xp.cumsum(theta[..., :0:-1], axis=-1)[..., ::-1]
        with np.errstate(invalid="ignore", divide="ignore"):
            return xp.log(theta[..., :-1]) - xp.log(after) + _offsets(theta.shape[-1])

    def log_jacobian(self, xp: ModuleType, z: Any) -> Any:
        """The Jacobian is triangular; entry i is share (1 - share) times what was left before."""
        taken, left = self._shares(xp, z)
        before = xp.cumsum(left, axis=-1) - left
        return xp.sum(taken + left + before, axis=-1)

    def _shares(self, xp: ModuleType, z: Any) -> tuple[Any, Any]:
        """Logs of the share that each member takes of the rest, and of what it leaves."""
        odds = z - _offsets(z.shape[-1] + 1)
        return -xp.logaddexp(0.0, -odds), -xp.logaddexp(0.0, odds)


def _offsets(size: int) -> Any:
    return np.log(np.arange(size - 1, 0, -1, dtype=np.float64))


GROUPS: Mapping[str, Group] = {"ordered": Ordered(), "simplex": Simplex()}
