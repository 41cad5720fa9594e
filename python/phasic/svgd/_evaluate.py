"""The log posterior's value and gradient for the host, from the program that moves the particles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from jax.sharding import Mesh
from numpy.typing import NDArray

from phasic._recipes import NoRecipeError, Recipe
from phasic.svgd._kernel import Kernel
from phasic.svgd._start import Whitening
from phasic.svgd._step import ADAM, BLOCK, Optimizer, State, init, run_block
from phasic.svgd._target import Target, float_type, largest_entry


class Measured(Protocol):
    """Log densities (m,) and gradients (m, d) at points (m, d), with a count of them."""

    evaluations: int
    largest: float

    def __call__(self, z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """As `Evaluator`."""


class Evaluator:
    """`Target.value_and_gradient` for the host: any number of points, sent in batches of one fixed size.

    A batch is a block of no steps without whitening, so that a fit consists of one compiled program, which
    a new process traces and loads once. Batches are filled up with copies of the point of the smallest
    parameters: a likelihood of phasic evaluates equal neighbours once, and for others it is the cheapest
    where the cost is in proportion to the parameters.

    `evaluations` counts points, `largest` is the largest |theta| among them; `nowhere` is a state of a batch.
    """

    def __init__(
        self,
        target: Target,
        batch: int,
        kernel: Kernel | None = None,
        optimizer: Optimizer = ADAM,
        mesh: Mesh | None = None,
    ) -> None:
        self._target = target
        self._kernel = Kernel() if kernel is None else kernel
        self._optimizer = optimizer
        self._mesh = mesh
        dtype, dim = float_type(), target.dim
        self.nowhere = init(
            np.zeros((batch, dim), dtype),
            np.zeros((batch, dim), dtype),
            np.full(batch, -np.inf, dtype),
            optimizer,
        )
        self._whitening = Whitening(np.zeros(dim, dtype), np.eye(dim, dtype=dtype))
        self.evaluations = 0
        self.largest = 0.0

    def __call__(self, z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log densities (m,) and gradients (m, d) at `z` (m, d); -inf and NaN where one is not finite."""
        values, gradients = [], []
        size = largest_entry(self._target.transform, z)
        cheapest = z[[int(np.argmin(size))]]
        self.largest = max(self.largest, float(size.max()))
        batch = len(self.nowhere.x)
        for start in range(0, len(z), batch):
            block = z[start : start + batch]
            padded = np.concatenate([block, np.repeat(cheapest, batch - len(block), axis=0)])
            state = self._evaluated(padded.astype(float_type()))
            bad = np.asarray(state.stuck)
            values.append(np.where(bad, -np.inf, state.log_density)[: len(block)])
            gradients.append(np.where(bad[:, None], np.nan, state.score)[: len(block)])
            self.evaluations += batch
        return np.concatenate(values).astype(np.float64), np.concatenate(gradients).astype(np.float64)

    def recipe(self) -> Recipe:
        """What the program is made of.

        Raises NoRecipeError where the user's own code is part of it, or several devices run it.
        """
        if self._mesh is not None:
            raise NoRecipeError("devices have no recipe")
        return Recipe.of("svgd_block", self._arguments(self.nowhere.x), {"optimizer": self._optimizer})

    def _evaluated(self, z: NDArray[np.floating]) -> State:
        return run_block(*self._arguments(z), optimizer=self._optimizer, mesh=self._mesh)[0]

    def _arguments(self, z: NDArray[np.floating]) -> tuple[Any, ...]:
        state = replace(self.nowhere, x=z)
        return self._target, self._whitening, self._kernel, state, np.zeros(BLOCK, z.dtype), np.int32(0)
