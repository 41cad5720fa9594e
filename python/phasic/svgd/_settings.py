"""How a fit runs, and the sizes of its steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from phasic.svgd._kernel import Kernel
from phasic.svgd._step import BLOCK

if TYPE_CHECKING:
    import optax
    from jax.sharding import Mesh

PEAK_RATE = 0.15
HORIZON = 300
_RATE_FALL = 0.01


@dataclass(frozen=True)
class Settings:
    """How to run: counts, step sizes (`rate`, the cosine's peak or a schedule), kernel, optimiser, seed.

    The cosine falls over `horizon` steps. `mesh` are the devices, None for JAX's default one; `checkpoint` is
    a file from which the run goes on if it is there. `more_for_tails` allows for more particles.
    """

    n_particles: int
    n_iterations: int
    rate: float | Callable[[int], Any]
    optimizer: optax.GradientTransformation | None
    kernel: Kernel
    seed: int
    theta_init: NDArray[np.float64] | None
    names: tuple[str, ...]
    keep_history: bool
    horizon: int
    mesh: Mesh | None = None
    checkpoint: Path | None = None
    more_for_tails: bool = False


def step_sizes(settings: Settings, first: int, count: int = BLOCK) -> NDArray[np.float64]:
    """Sizes of the steps first, first + 1, ..., (count,), by default of one block.

    A number is the peak of a cosine that falls to 1 % of it over the first `horizon` steps and stays there. A
    user's optimiser has its own step size, so these are 1.
    """
    if settings.optimizer is not None:
        return np.ones(count)
    steps = np.arange(first, first + count)
    if callable(settings.rate):
        return np.asarray([float(settings.rate(int(i))) for i in steps])
    share = np.minimum(steps / max(1, settings.horizon - 1), 1.0)
    return np.asarray(settings.rate * (_RATE_FALL + (1.0 - _RATE_FALL) * 0.5 * (1.0 + np.cos(np.pi * share))))
