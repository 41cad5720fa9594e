"""Step sizes of older code: numbers that shrink as a fit goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from phasic._check import number


@dataclass(frozen=True)
class ConstantStepSize:
    """The same step size throughout, > 0. A plain number does the same."""

    step_size: float = 0.01

    def __post_init__(self) -> None:
        """Raises ValueError for a step size that is not positive and finite."""
        _positive("step_size", self.step_size)

    def __call__(self, iteration: int, particles: object = None) -> float:
        """The step size; it depends on nothing."""
        return self.step_size


@dataclass(frozen=True)
class ExponentialDecayStepSize:
    """From `first_step` to `last_step`, the difference divided by e every `tau` steps; all > 0."""

    first_step: float = 0.01
    last_step: float = 1e-6
    tau: float = 1000.0

    def __post_init__(self) -> None:
        """Raises ValueError for an argument that is not positive and finite."""
        for name in ("first_step", "last_step", "tau"):
            _positive(name, getattr(self, name))

    def __call__(self, iteration: int, particles: object = None) -> float:
        """The size of the step with this number, from 0 on."""
        share = math.exp(-iteration / self.tau)
        return self.first_step * share + self.last_step * (1.0 - share)


def _positive(name: str, given: float) -> None:
    value = number(name, given)
    if not 0 < value < math.inf:
        raise ValueError(f"{name} is {given}: it must be positive and finite")
