"""Step sizes of older code: numbers that shrink as a fit goes on."""

from __future__ import annotations

import math
from dataclasses import InitVar, dataclass
from typing import NoReturn

from phasic._check import number
from phasic._dropped import refuse


@dataclass(frozen=True)
class ConstantStepSize:
    """The same step size throughout, as `learning_rate` of a fit. A plain number does the same.

    Attributes:
        step_size: Positive, in posterior standard deviations.

    Raises:
        ValueError: `step_size` is not positive and finite.

    Example:
        >>> rate = phasic.ConstantStepSize(0.1)
        >>> rate(0), rate(1000)
        (0.1, 0.1)
    """

    step_size: float = 0.01

    def __post_init__(self) -> None:
        """Raises ValueError for a step size that is not positive and finite."""
        _positive("step_size", self.step_size)

    def __getattr__(self, name: str) -> NoReturn:
        refuse("phasic.ConstantStepSize", name)

    def __call__(self, iteration: int, particles: object = None) -> float:
        """The step size; it depends on nothing."""
        return self.step_size


@dataclass(frozen=True)
class ExponentialDecayStepSize:
    """Step sizes that fall from `first_step` to `last_step`, as `learning_rate` of a fit.

    In step i the size is `last_step` + (`first_step` - `last_step`) exp(-i / `tau`).

    Until October 2025 the first two were `max_step` and `min_step`, and those are read, too.

    Attributes:
        first_step: Positive, in posterior standard deviations.
        last_step: The same.
        tau: In so many steps the distance from the last size falls by a factor of e.

    Raises:
        ValueError: An argument is not positive and finite.

    Example:
        >>> rate = phasic.ExponentialDecayStepSize(first_step=0.2, last_step=0.01, tau=50.0)
        >>> rate(0), round(rate(10_000), 9)
        (0.2, 0.01)
    """

    first_step: float = 0.01
    last_step: float = 1e-6
    tau: float = 1000.0
    max_step: InitVar[float | None] = None
    min_step: InitVar[float | None] = None

    def __post_init__(self, max_step: float | None, min_step: float | None) -> None:
        """Raises ValueError for an argument that is not positive and finite."""
        for name, older in (("first_step", max_step), ("last_step", min_step)):
            if older is not None:
                object.__setattr__(self, name, older)
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
