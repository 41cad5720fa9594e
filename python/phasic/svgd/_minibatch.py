"""Fits of many observations, a batch at a step: unbiased likelihoods with a control variate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from phasic._observations import Observations
from phasic.svgd._evaluate import Evaluator
from phasic.svgd._exposure import ExposedModel
from phasic.svgd._rewarded import RewardedModel
from phasic.svgd._target import Target, float_type, total_weights

Floats = NDArray[np.float64]

_IN_PARTS = (ExposedModel, RewardedModel)
_LAST_RATE = 1e-3  # of the first
_DECAY = 0.1  # what a user's schedule must fall to


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class BatchModel:
    """One batch's likelihood, scaled to all data, and a term linear in theta, whose mean over batches is 0.

    With `slope` (p,) the gradient of all data minus that of the scaled batch, both at `anchor` (p,), batches
    agree there exactly, and nearby almost: what differs is their curvature times the distance (control
    variates; Baker, Fearnhead, Fox and Nemeth 2019, section 3.1).
    """

    model: Any
    anchor: Any
    slope: Any

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        """Of the batch, whose weights are scaled already."""
        return self.model.log_likelihood(theta, values, weights) + jnp.dot(self.slope, theta - self.anchor)


def split(target: Target, batch: int, rng: np.random.Generator) -> list[Target]:
    """Targets of batches of about `batch` distinct observations, of one size; their mean is `target`.

    Each observation is in one batch, with its weight times the number of batches. The last batch is filled up
    with observations of weight 0.

    Raises:
        ValueError: The data are of several kinds of rewards or have exposures.
    """
    if isinstance(target.model, _IN_PARTS):
        raise ValueError("batch goes with plain observations, not with rewards= or exposure=")
    censored = isinstance(target.values, Observations)
    arrays = jax.tree.map(np.asarray, (target.values, target.weights))
    weights = total_weights(target)
    used = rng.permutation(np.flatnonzero(weights))
    count = math.ceil(len(used) / batch)
    size = math.ceil(len(used) / count)
    room = count * size - len(used)
    rows = np.concatenate([used, used[:1].repeat(room)]).reshape(count, size)
    scale = count * (np.arange(count * size) < len(used)).reshape(count, size)
    dtype = float_type()
    nothing = np.zeros(len(target.transform.support[0]), dtype)
    model = BatchModel(target.model, nothing, nothing)

    def part(row: NDArray[np.intp], factor: NDArray[np.intp]) -> Target:
        values, each = jax.tree.map(lambda a: a[row], arrays)
        if censored:
            values = Observations(values.lower, values.upper, values.weights * factor)
        else:
            each = each * factor
        values, each = jax.tree.map(lambda a: jax.device_put(np.asarray(a, dtype)), (values, each))
        return Target(model, values, each, target.prior, target.transform)

    return [part(row, factor) for row, factor in zip(rows, scale, strict=True)]


@jax.jit
def batch_gradient(theta: Any, batch: Target) -> Any:
    """Gradient (p,) of one batch's log likelihood at `theta` (p,)."""
    return jax.grad(batch.model.model.log_likelihood)(theta, batch.values, batch.weights)


def anchored(parts: list[Target], anchor: Floats) -> list[Target]:
    """The same batches with control variates at the parameters `anchor` (p,)."""
    dtype = float_type()
    at = jnp.asarray(anchor, dtype)
    each = np.stack([np.asarray(batch_gradient(at, p)) for p in parts])
    slopes = each.mean(axis=0) - each
    return [
        replace(part, model=BatchModel(part.model.model, at, jax.device_put(slope.astype(dtype))))
        for part, slope in zip(parts, slopes, strict=True)
    ]


class MeanEvaluator:
    """Values and gradients of all data: the means of those of the batches, an `Evaluator` each.

    `evaluations` counts points, each on one batch; `largest` is the largest |theta| among them.
    """

    def __init__(self, parts: Sequence[Evaluator]) -> None:
        self.parts = parts
        self.evaluations = 0
        self.largest = 0.0

    def __call__(self, z: Floats) -> tuple[Floats, Floats]:
        """Log densities (m,) and gradients (m, d) at `z` (m, d); not finite where one batch is not."""
        value, gradient = np.zeros(len(z)), np.zeros(z.shape)
        for evaluate in self.parts:
            one, slope = evaluate(z)
            value, gradient = value + one, gradient + slope
        self.evaluations = sum(part.evaluations for part in self.parts)
        self.largest = max(part.largest for part in self.parts)
        return value / len(self.parts), gradient / len(self.parts)


def order(count: int, rng: np.random.Generator) -> Iterator[int]:
    """Batches without end: each pass through all of them in an order of its own."""
    while True:
        yield from rng.permutation(count).tolist()


def decaying(rate: float | Callable[[int], Any], steps: int) -> Callable[[int], float]:
    """Step sizes that fall: from a number along a cosine to 1/1000 of it, or a user's own.

    Raises ValueError if a user's schedule does not fall to a tenth of its first size by the last step.
    """
    if callable(rate):
        first, last = float(rate(0)), float(rate(steps - 1))
        if not last <= _DECAY * first:
            raise ValueError(
                f"learning_rate falls from {first:g} to {last:g} in {steps} steps; with batch it must fall "
                "to a tenth or less, or the noise of the batches stays in the particles"
            )
        return lambda step: float(rate(step))
    last_step = max(1, steps - 1)

    def cosine(step: int) -> float:
        share = 0.5 * (1.0 + math.cos(math.pi * min(1.0, step / last_step)))
        return rate * (_LAST_RATE + (1.0 - _LAST_RATE) * share)

    return cosine
